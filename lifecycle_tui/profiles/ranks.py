"""Tests of two numeric profiles by the order of values: Cramér–von Mises, Anderson–Darling, rows out of range.

Called by `builtin/detectors` through `lifecycle_tui.api`. Both samples' sampling error counts in every p-value.
Formulae and edges: docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.profiles.compare import _empty, _of_lengths, on_one_grid
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.stats.largest import beyond_pvalue
from lifecycle_tui.stats.rank_tests import RankTest, anderson_darling, cramer_von_mises, rank_statistic


def cvm(reference: NumericProfile, window: NumericProfile) -> Measurement:
    """Two-sample Cramér–von Mises: nm/N · ∫(F − G)² dH, H the distribution function of all values.

    Values that share a cell of an affine or log grid count as tied, on other grids equal values do. The effect is the
    largest |F − G| at the ends of cells. `detail.rank_statistic` is SciPy's statistic from mid-ranks; without ties the
    two are equal (see `stats.rank_tests`).

    Raises:
        ValueError: if the profiles are on different grids.
        TypeError: if one of them is categorical.
    """
    return _ranked("cvm", "two-sample Cramer-von Mises", reference, window, cramer_von_mises, rank_statistic)


def anderson(reference: NumericProfile, window: NumericProfile) -> Measurement:
    """Two-sample Anderson–Darling, mid-rank version: differences in the tails count more than in `cvm`.

    The p-value is computed, not read off a table that ends at 0.001 and 0.25. Ties and effect as in `cvm`.

    Raises:
        ValueError: if the profiles are on different grids.
        TypeError: if one of them is categorical.
    """
    return _ranked("anderson", "two-sample Anderson-Darling, mid-ranks", reference, window, anderson_darling, None)


def beyond_range(reference: NumericProfile, window: NumericProfile) -> Measurement:
    """Share of the window's values below the reference's minimum or above its maximum; also the effect.

    The p-value is exact where all values are exchangeable: some values of any window lie beyond (2/(n + 1) of them on
    average), and ties make it smaller. Infinite values take part. Where the minimum's or maximum's cell holds values of
    both kinds and the rows are not at hand, `[lower, upper]` holds the share for certain and `value` is its lower end.

    Raises:
        ValueError: if the profiles are on different grids.
        TypeError: if one of them is categorical.
    """
    reference, window = on_one_grid("range", reference, window)
    empty = _empty(reference, window)
    if empty:
        return empty
    below, above = _beyond(reference, window)
    least, most = below[0] + above[0], below[1] + above[1]
    share = least / window.n
    how = "exact" if least == most else "certified interval from profiles"
    return Measurement(
        share,
        lower=share,
        upper=most / window.n,
        n=min(reference.n, window.n),
        p_value=beyond_pvalue(least, reference.n, window.n),
        effect=share,
        definition=f"share of values beyond the reference's range, {how}{_of_lengths(reference)}",
        detail={
            "below": below[0],
            "above": above[0],
            "by_chance": min(1.0, 2 / (reference.n + 1)),
            "p_method": "exact",
        },
    )


# ---- parts


def _ranked(
    name: str,
    called: str,
    reference: NumericProfile,
    window: NumericProfile,
    test: Callable[[np.ndarray, np.ndarray], RankTest],
    other: Callable[[np.ndarray, np.ndarray], float] | None,
) -> Measurement:
    reference, window = on_one_grid(name, reference, window)
    empty = _empty(reference, window)
    if empty:
        return empty
    a, b = _groups(reference, window)
    found = test(a, b)
    gap = float(np.abs(np.cumsum(a) / reference.n - np.cumsum(b) / window.n).max())
    single = reference.grid.single()
    tied = "" if single is not None else ", values of one cell tied"
    detail: dict[str, object] = {"p_method": found.method}
    if other is not None:
        detail["rank_statistic"] = other(a, b)
    return Measurement(
        found.statistic,
        n=min(reference.n, window.n),
        p_value=found.p_value,
        effect=min(1.0, gap),
        definition=f"{called}{tied}, p {found.method}{_of_lengths(reference)}",
        detail=detail,
    )


def _groups(reference: NumericProfile, window: NumericProfile) -> tuple[np.ndarray, np.ndarray]:
    """Counts of both sides by ascending group of ties.

    The cells between the points of a point grid hold many values of one sample: they are taken as distinct, which those
    of a continuous column are.
    """
    a, b = reference.dense(), window.dense()
    seen = np.flatnonzero((a > 0) | (b > 0))
    single = reference.grid.single()
    a, b = a[seen], b[seen]
    if single is None:
        return a, b
    loose = ~single[seen] & ((a == 0) | (b == 0))
    times = np.where(loose, a + b, 1)
    if int(times.max(initial=0)) <= 1:
        return a, b
    a, b = (np.repeat(np.where(loose, np.minimum(side, 1), side), times) for side in (a, b))
    return a, b


def _beyond(reference: NumericProfile, window: NumericProfile) -> tuple[tuple[int, int], tuple[int, int]]:
    """((least, most) values below the reference's minimum, the same above its maximum)."""
    low = -math.inf if reference.negative_inf or not reference.finite else reference.minimum
    high = math.inf if reference.positive_inf or not reference.finite else reference.maximum
    if not reference.finite:  # infinities alone: the range is between them, or the one of them
        low = math.inf if not reference.negative_inf else low
        high = -math.inf if not reference.positive_inf else high
    if window.values is not None:
        below, above = (int(np.count_nonzero(x)) for x in (window.values < low, window.values > high))
        return (below, below), (above, above)
    cells, counts = window.sparse()
    ends = reference.grid.index(np.array([low, high])).astype(np.int64)
    lowest = -math.inf if window.negative_inf else window.minimum
    highest = math.inf if window.positive_inf else window.maximum
    outside = int(counts[cells < ends[0]].sum()), int(counts[cells > ends[1]].sum())
    at_ends = int(counts[cells == ends[0]].sum()), int(counts[cells == ends[1]].sum())
    single = reference.grid.single()
    found = []
    for side, beyond, infinite in (
        (0, lowest < low, window.negative_inf if low > -math.inf else 0),
        (1, highest > high, window.positive_inf if high < math.inf else 0),
    ):
        if not beyond:
            found.append((0, 0))
        elif single is not None and bool(single[ends[side]]):
            found.append((outside[side], outside[side]))
        else:  # some of this cell's values are beyond: the extreme one and the infinite ones surely
            least = max(outside[side], infinite, 1)
            found.append((least, outside[side] + at_ends[side]))
    return found[0], found[1]
