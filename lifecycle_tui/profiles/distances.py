"""Distances of two profiles beside those of `compare`: Wasserstein, Jensen–Shannon, Hellinger, L-infinity.

Called by `builtin/detectors` through `lifecycle_tui.api`. They name sizes; only L-infinity has a p-value. What
unchanged data of these sizes gives by chance is in `detail.by_chance`. Formulae and edges: docs/statistics.md.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.compare import (
    Profile,
    _binned,
    _by_label,
    _categorical,
    _empty,
    _nothing,
    _of_lengths,
    on_one_grid,
)
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.stats.largest import largest_difference_pvalue

Scale = Literal["none", "reference-std", "range"]


def wasserstein(reference: NumericProfile, window: NumericProfile, *, scale: Scale = "none") -> Measurement:
    """First Wasserstein distance ∫ |F − G| dx of the finite values: how far a value moved, on average.

    F and G are known at the ends of the grid's cells. `[lower, upper]` holds the distance of the values themselves for
    certain; `value` takes them as spread evenly within each cell. They are equal where cells hold single values.

    Args:
        scale: "none" (the column's unit), or divided by the reference's standard deviation ("reference-std") or
            range ("range").

    Raises:
        ValueError: for another scale, or profiles on different grids.
        TypeError: if one of them is categorical.
    """
    if scale not in ("none", "reference-std", "range"):
        raise ValueError(f'scale is "none", "reference-std" or "range", not {scale!r}')
    reference, window = on_one_grid("wasserstein", reference, window)
    for side, profile in (("the reference", reference), ("the window", window)):
        if not profile.finite:
            return _nothing(side, "finite values" if profile.n else "values" if profile.rows else "rows")
    found = _transport(reference, window)
    unit = {"none": 1.0, "reference-std": reference.std, "range": reference.maximum - reference.minimum}[scale]
    if found[0] == found[2] == 0:
        unit = 1.0  # nothing moved, whatever the unit
    with np.errstate(all="ignore"):
        lower, value, upper, by_chance = (np.float64(x) / unit for x in found)
    if not np.isfinite([lower, value, upper]).all():
        says = "the reference has no spread to measure by" if unit == 0 else "the distance is beyond floats"
        return Measurement(None, n=min(reference.finite, window.finite), message=says)
    infinite = sum(p.n - p.finite for p in (reference, window))
    how = "exact" if lower == upper else "certified interval from profiles"
    by = {"none": "", "reference-std": ", in reference standard deviations", "range": ", in reference ranges"}[scale]
    return Measurement(
        float(value),
        lower=float(lower),
        upper=float(upper),
        n=min(reference.finite, window.finite),
        definition=f"first Wasserstein distance{by}, {how}{_of_lengths(reference)}",
        detail={"by_chance": float(by_chance)} | ({"infinite": infinite} if infinite else {}),
    )


def js(
    reference: Profile,
    window: Profile,
    *,
    bins: int = 10,
    base: Literal["2", "e"] = "2",
    form: Literal["distance", "divergence"] = "distance",
) -> Measurement:
    """Jensen–Shannon distance (the root) or divergence ½ KL(p ‖ r) + ½ KL(q ‖ r), r = (p + q)/2 (Lin 1991).

    Bins as in `compare.psi`: the reference's quantiles, or a bin a label; empty bins need no floor here. The effect is
    the distance in base 2, which is at most 1.

    Args:
        bins: quantile bins for numbers, at least 2.
        base: of the logarithm: "2" (at most 1) or "e" (divergence at most ln 2, distance at most 0.8326).
        form: "distance" or "divergence".

    Raises:
        ValueError: for options out of range, or profiles on different grids.
    """
    if base not in ("2", "e") or form not in ("distance", "divergence"):
        raise ValueError(f'base is "2" or "e" and form "distance" or "divergence", not {base!r} and {form!r}')
    found = _shares("js", reference, window, bins)
    if isinstance(found, Measurement):
        return found
    p, q, name, by_chance = found
    bits = _js_bits(p, q)
    per_bit = 1.0 if base == "2" else math.log(2)
    value = math.sqrt(bits * per_bit) if form == "distance" else bits * per_bit
    expected = by_chance / 8 / math.log(2) * per_bit
    return Measurement(
        value,
        n=min(reference.n, window.n),
        effect=math.sqrt(bits),
        definition=f"Jensen-Shannon {form}, base {base}, {name}{_of_lengths(reference)}",
        detail={"bins": len(p), "by_chance": math.sqrt(expected) if form == "distance" else expected},
    )


def hellinger(reference: Profile, window: Profile, *, bins: int = 10) -> Measurement:
    """Hellinger distance √(1 − Σ √(p q)), 0..1. Bins as in `compare.psi`.

    Args:
        bins: quantile bins for numbers, at least 2.

    Raises:
        ValueError: for fewer than 2 bins, or profiles on different grids.
    """
    found = _shares("hellinger", reference, window, bins)
    if isinstance(found, Measurement):
        return found
    p, q, name, by_chance = found
    # ½ Σ (√p − √q)² is 1 − Σ √(pq) without its cancellation.
    value = min(1.0, math.sqrt(0.5 * float(((np.sqrt(p) - np.sqrt(q)) ** 2).sum())))
    return Measurement(
        value,
        n=min(reference.n, window.n),
        effect=value,
        definition=f"Hellinger distance, {name}{_of_lengths(reference)}",
        detail={"bins": len(p), "by_chance": math.sqrt(by_chance / 8)},
    )


def linf(reference: CategoricalProfile, window: CategoricalProfile) -> Measurement:
    """L-infinity distance of categories: the largest difference of a label's shares, with the label named.

    The p-value adds up each label's exact chance of differing as much (both samples' noise counts; see
    `stats.largest`), so it errs towards silence. Labels beyond a profile's horizon count as one.

    Raises:
        TypeError: if a profile is numeric.
    """
    _categorical("linf", reference, window)
    empty = _empty(reference, window)
    if empty:
        return empty
    names, a, b = _by_label(reference, window)
    n, m = reference.n, window.n
    gaps = np.abs(a / n - b / m)
    at = int(gaps.argmax())
    label = names[at] if at < len(names) else None
    p = largest_difference_pvalue(float(gaps[at]), a + b, n, m)
    return Measurement(
        float(gaps[at]),
        n=min(n, m),
        p_value=p.value,
        effect=float(gaps[at]),
        definition="largest difference of a label's share; p at most (sum over labels)",
        detail={
            "categories": len(a),
            "label": None if label is None else label[:200],
            "reference": float(a[at] / n),
            "window": float(b[at] / m),
            "p_method": p.method,
        },
    )


# ---- parts


def _shares(
    name: str, reference: Profile, window: Profile, bins: int
) -> tuple[np.ndarray, np.ndarray, str, float] | Measurement:
    """(shares of both sides in the bins that hold something, what the bins are called, (k − 1)(1/n + 1/m))."""
    if bins < 2:
        raise ValueError(f"{name} needs at least 2 bins, not {bins}")
    empty = _empty(reference, window)
    if empty:
        return empty
    a, b, called = _binned(reference, window, bins)
    used = (a > 0) | (b > 0)
    a, b = a[used], b[used]
    return a / a.sum(), b / b.sum(), called, (len(a) - 1) * (1 / reference.n + 1 / window.n)


def _js_bits(p: np.ndarray, q: np.ndarray) -> float:
    """Jensen–Shannon divergence in base 2, within [0, 1]."""
    middle = (p + q) / 2
    total = 0.0
    for side in (p, q):
        some = side > 0
        total += 0.5 * float((side[some] * np.log2(side[some] / middle[some])).sum())
    return min(1.0, max(0.0, total))


def finite_cells(profile: NumericProfile) -> tuple[np.ndarray, np.ndarray]:
    """(cells that hold finite values, how many each), ascending."""
    cells, counts = profile.sparse()
    if profile.negative_inf or profile.positive_inf:
        counts = counts.copy()
        counts[0] -= profile.negative_inf  # infinities are always in the outermost cells that are filled
        counts[-1] -= profile.positive_inf
        cells, counts = cells[counts > 0], counts[counts > 0]
    return cells, counts


def _transport(reference: NumericProfile, window: NumericProfile) -> tuple[float, float, float, float]:
    """(lower, value, upper, by chance) of the Wasserstein distance in the column's unit; inf beyond floats.

    In a cell of width w that begins with F − G = d and holds shares a and b, F − G stays within [d − b, d + a] and can
    be either all the way; taking values as spread evenly it goes in a straight line from d to d + a − b.
    """
    sides = (reference, window)
    sparse = [finite_cells(side) for side in sides]
    cells = np.union1d(sparse[0][0], sparse[1][0])
    masses = []
    for (its, counts), side in zip(sparse, sides, strict=True):
        mass = np.zeros(len(cells), dtype=np.int64)
        mass[np.searchsorted(cells, its)] = counts
        masses.append((mass, np.cumsum(mass), side.finite))
    (a, f, n), (b, g, m) = masses
    # The cell's values lie between the extremes of the sides that have some there.
    low = np.minimum(*(np.where(mass[0] > 0, side.minimum, np.inf) for mass, side in zip(masses, sides, strict=True)))
    high = np.maximum(*(np.where(mass[0] > 0, side.maximum, -np.inf) for mass, side in zip(masses, sides, strict=True)))
    begin, end = (np.clip(x, low, high) for x in reference.grid.bounds(cells))
    end = np.maximum(begin, end)
    after = f / n - g / m
    before = np.concatenate([[0.0], after[:-1]])
    top, bottom = before + a / n, before - b / m
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        inside, between = end - begin, np.maximum(begin[1:] - end[:-1], 0.0)
        sure = float((between * np.abs(after[:-1])).sum())
        least = np.where((bottom < 0) & (top > 0), 0.0, np.minimum(np.abs(top), np.abs(bottom)))
        most = np.maximum(np.abs(top), np.abs(bottom))
        sizes = np.abs(before) + np.abs(after)
        crossed = np.where(sizes > 0, (before**2 + after**2) / np.where(sizes > 0, 2 * sizes, 1), 0.0)
        even = np.where(before * after >= 0, sizes / 2, crossed)
        h = (f + g) / (n + m)
        noise = float((between * np.sqrt(h[:-1] * (1 - h[:-1]))).sum())
        h_middle = h - (a + b) / (n + m) / 2
        noise += float((inside * np.sqrt(np.maximum(h_middle * (1 - h_middle), 0))).sum())
        by_chance = math.sqrt(2 / math.pi * (1 / n + 1 / m)) * noise
        lower, value, upper = (sure + float((inside * x).sum()) for x in (least, even, most))
    return lower, min(max(value, lower), upper), upper, by_chance
