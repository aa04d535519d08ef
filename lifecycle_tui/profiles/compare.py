"""The statistics of two profiles of one column: what the shipped detectors return and what a team's detector may use.

Every function takes (reference, window) and returns a `Measurement`; where one side is empty its value is None and the
message says why. Called by `builtin/detectors` through `lifecycle_tui.api`, and by `monitoring.files`. Formulae and the
treatment of every edge case: docs/statistics.md.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.profiles.categorical import CategoricalProfile, lower_horizon
from lifecycle_tui.profiles.kolmogorov import Bounds, Look, ks_bounds, ks_by_looks, ks_refine
from lifecycle_tui.profiles.nested import together
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.stats.contingency import chi_square
from lifecycle_tui.stats.two_sample import ks_pvalue, two_proportions

Profile = NumericProfile | CategoricalProfile


def ks(
    reference: NumericProfile,
    window: NumericProfile,
    *,
    exact: bool = True,
    looks: tuple[Look, Look] | None = None,
) -> Measurement:
    """Two-sample Kolmogorov–Smirnov distance: sup |F − G|, in [0, 1].

    Exact where the grid allows it (see `grids`), both profiles still have their `values`, or both can be looked at
    again; else `value` is the distance reached at cell ends and [lower, upper] holds the true one for certain. The
    p-value belongs to `value`, so an interval errs on the quiet side.

    Args:
        exact: False leaves the values alone even where they are at hand.
        looks: how to read the values of both again, for profiles that hold none.

    Raises:
        ValueError: if the profiles are on different grids, or a look gives other values than were profiled.
        TypeError: if one of them is categorical.
    """
    reference, window = on_one_grid("ks", reference, window)
    empty = _empty(reference, window)
    if empty:
        return empty
    counts = reference.dense(), window.dense()
    bounds = ks_bounds(*counts, reference.grid.single())
    how = "exact"
    if bounds.open_cells is not None:
        if exact and reference.values is not None and window.values is not None:
            d = ks_refine(bounds, _placed(reference, counts[0]), _placed(window, counts[1]))
            bounds = Bounds(d, d, None)
        elif exact and looks is not None:
            d = ks_by_looks(reference.grid, *counts, looks)
            bounds = Bounds(d, d, None)
        else:
            how = "certified interval from profiles"
    p = ks_pvalue(bounds.lower, reference.n, window.n)
    return Measurement(
        bounds.lower,
        lower=bounds.lower,
        upper=bounds.upper,
        n=min(reference.n, window.n),
        p_value=p.value,
        effect=bounds.lower,
        definition=f"two-sample Kolmogorov-Smirnov, {how}{_of_lengths(reference)}",
        detail={"p_method": p.method},
    )


def psi(
    reference: Profile, window: Profile, *, bins: int = 10, floor: float = 1e-4, missing: bool = False
) -> Measurement:
    """Population stability index: Σ (q − p) ln(q / p) over bins, p and q the shares of reference and window.

    Numbers: bins end at the reference's quantiles i/bins, on its grid; a value that fills whole bins gets one of its
    own. Categories: a bin for each label of the reference, and one for all labels that it lacks. Shares below
    `floor` are raised to it, and not rescaled. No p-value: PSI only names a size. `detail.by_chance` is what
    unchanged data of these sizes gives on average, (k − 1)(1/n + 1/m).

    Args:
        bins: how many quantile bins (numbers only), at least 2.
        floor: smallest share, in (0, 0.5).
        missing: whether rows without a value are a further bin.

    Raises:
        ValueError: for options out of range, or profiles on different grids.
    """
    if bins < 2 or not 0 < floor < 0.5:
        raise ValueError(f"psi needs at least 2 bins and a floor between 0 and 0.5, not {bins} and {floor}")
    empty = _empty(reference, window, rows=missing)
    if empty:
        return empty
    p, q, name = _binned(reference, window, bins)
    if missing:
        p, q = np.append(p, reference.missing), np.append(q, window.missing)
        name += ", one for missing"
    n, m = int(p.sum()), int(q.sum())
    share_p, share_q = np.maximum(p / n, floor), np.maximum(q / m, floor)
    value = float(((share_q - share_p) * np.log(share_q / share_p)).sum())
    used = int(((p > 0) | (q > 0)).sum())
    return Measurement(
        value,
        n=min(n, m),
        definition=f"{name}, shares at least {floor:g}{_of_lengths(reference)}",
        detail={"bins": used, "by_chance": (used - 1) * (1 / n + 1 / m)},
    )


def chi2(reference: CategoricalProfile, window: CategoricalProfile, *, correction: bool = True) -> Measurement:
    """Pearson's chi-square of the 2 × labels table: do both samples follow one law? The effect is total variation.

    A contingency test: the reference's own sampling noise counts. How p was found is in `detail.p_method`; see
    `stats.contingency`.

    Args:
        correction: Yates' continuity correction when there are exactly two labels.

    Raises:
        TypeError: if a profile is numeric.
    """
    _categorical("chi2", reference, window)
    empty = _empty(reference, window)
    if empty:
        return empty
    _, p, q = _by_label(reference, window)
    test = chi_square(p, q, correction=correction)
    return Measurement(
        test.statistic,
        n=min(reference.n, window.n),
        p_value=test.p_value,
        effect=_distance(p, q),
        definition=f"contingency chi-square{', Yates' if test.yates else ''}, p {test.method}",
        detail={"categories": len(p), "df": test.df, "p_method": test.method, "smallest_expected": test.smallest},
    )


def total_variation(reference: Profile, window: Profile, *, bins: int = 10) -> Measurement:
    """Half the sum of |p − q|: the largest difference of probability over any set of labels (of bins, for numbers).

    Raises:
        ValueError: for fewer than 2 bins, or profiles on different grids.
    """
    if bins < 2:
        raise ValueError(f"total_variation needs at least 2 bins, not {bins}")
    empty = _empty(reference, window)
    if empty:
        return empty
    if isinstance(reference, CategoricalProfile) and isinstance(window, CategoricalProfile):
        _, p, q = _by_label(reference, window)
        name = "over labels"
    else:
        p, q, name = _binned(reference, window, bins)
    value = _distance(p, q)
    return Measurement(value, n=min(reference.n, window.n), effect=value, definition=f"total variation, {name}")


def missing_test(reference: Profile, window: Profile) -> Measurement:
    """Share of the window's rows without a value, tested against the reference's (two proportions, two-sided).

    The effect is the absolute difference of the shares. None without rows on a side.
    """
    if not reference.rows or not window.rows:
        return _nothing("the reference" if not reference.rows else "the window", "rows")
    p = two_proportions(window.missing, window.rows, reference.missing, reference.rows)
    effect = abs(window.missing_share - reference.missing_share)
    return Measurement(
        window.missing_share,
        n=min(reference.rows, window.rows),
        p_value=p.value,
        effect=effect,
        definition="share of rows without a value; two-proportion test",
        detail={"reference": reference.missing_share, "p_method": p.method},
    )


def unseen(reference: CategoricalProfile, window: CategoricalProfile) -> Measurement:
    """Share of the window's rows (with a label) whose label the reference does not have.

    The p-value bounds the chance that so many rows, if all rows of both samples were dealt out at random, would
    carry labels that happen to be in the window alone: Chernoff's bound over labels, valid because the counts of a
    sample without replacement are negatively associated (Joag-Dev & Proschan 1983). It is conservative.

    Raises:
        TypeError: if a profile is numeric.
    """
    _categorical("unseen", reference, window)
    empty = _empty(reference, window)
    if empty:
        return empty
    names, p, q = _by_label(reference, window)
    alone = p == 0
    rows = int(q[alone].sum())
    share = rows / window.n
    new = [(int(q[i]), names[i]) for i in np.flatnonzero(alone[: len(names)]).tolist() if q[i]]
    new.sort(key=lambda item: (-item[0], item[1]))
    return Measurement(
        share,
        n=min(reference.n, window.n),
        p_value=_alone_by_chance(p + q, window.n, reference.n, rows),
        effect=share,
        definition="share of rows with a label that the reference lacks; p at most (Chernoff)",
        message=f"new: {', '.join(label[:60] for _, label in new[:3])}" if new else None,
        detail={"labels": len(new), "top": [label[:200] for _, label in new[:10]]},
    )


# ---- parts


def _placed(profile: NumericProfile, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    assert profile.values is not None
    index = profile.index if profile.index is not None else profile.grid.index(profile.values)
    return counts, profile.values, index


def _binned(reference: Profile, window: Profile, bins: int) -> tuple[np.ndarray, np.ndarray, str]:
    """Counts of both sides in the reference's bins, and what the bins are called."""
    if isinstance(reference, CategoricalProfile) and isinstance(window, CategoricalProfile):
        _, p, q = _by_label(reference, window)
        known = p > 0
        return np.append(p[known], 0), np.append(q[known], q[~known].sum()), "a bin a reference label, one for others"
    reference, window = on_one_grid("psi", reference, window)
    p, q = reference.dense(), window.dense()
    cuts = quantile_cuts(p, bins)
    name = "reference deciles" if bins == 10 else f"{bins} reference quantiles"
    return np.add.reduceat(p, cuts), np.add.reduceat(q, cuts), name


def quantile_cuts(counts: np.ndarray, bins: int) -> np.ndarray:
    """First cells of the bins that end at the quantiles i/bins of a histogram; a cell that holds two ends is alone."""
    through = np.cumsum(counts)
    n = int(through[-1])
    ends = np.searchsorted(through * bins, np.arange(1, bins) * n)  # whole numbers: no quantile is off by rounding
    alone = ends[:-1][ends[1:] == ends[:-1]]
    cuts = np.unique(np.concatenate([[0], ends + 1, alone]))
    return cuts[cuts < len(counts)]


def _by_label(reference: CategoricalProfile, window: CategoricalProfile) -> tuple[list[str], np.ndarray, np.ndarray]:
    """(labels, reference's counts, window's): what is beyond a horizon is pooled in a last, nameless place."""
    horizon = lower_horizon(reference, window)
    (first, rest), (second, more) = reference.below(horizon), window.below(horizon)
    names = list(first) + [label for label in second if label not in first]
    p = [first.get(label, 0) for label in names]
    q = [second.get(label, 0) for label in names]
    if horizon is not None:
        p.append(rest)
        q.append(more)
    return names, np.array(p, dtype=np.int64), np.array(q, dtype=np.int64)


def _distance(p: np.ndarray, q: np.ndarray) -> float:
    # Without common labels rounding can end a bit above 1, which no share is.
    return min(1.0, float(0.5 * np.abs(p / p.sum() - q / q.sum()).sum()))


def _alone_by_chance(pooled: np.ndarray, drawn: int, left: int, rows: int) -> float:
    """Bound on P(rows carrying labels wholly within `drawn` rows ≥ rows), all rows dealt out at random."""
    sizes, labels = np.unique(pooled[pooled > 0], return_counts=True)
    steps = np.log(np.arange(drawn, max(0, drawn - int(sizes[-1])), -1)) - np.log(
        np.arange(drawn + left, drawn + left - min(int(sizes[-1]), drawn), -1)
    )
    within = np.full(int(sizes[-1]) + 1, -math.inf)  # log P(all c rows of a label are drawn)
    within[0], within[1 : len(steps) + 1] = 0.0, np.cumsum(steps)
    log_all = within[sizes]
    if rows <= float((labels * sizes * np.exp(log_all)).sum()):
        return 1.0

    def bound(t: float) -> float:
        return float((labels * np.logaddexp(_log1m(log_all), log_all + t * sizes)).sum()) - t * rows

    low, high = 0.0, 1.0
    while high < 1e3 and bound(2 * high) < bound(high):
        high *= 2
    high *= 2
    for _ in range(60):  # the exponent is convex in t: golden sections would do, thirds are plainer
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if bound(a) < bound(b) else (a, high)
    return math.exp(min(0.0, bound((low + high) / 2)))


def _log1m(logs: np.ndarray) -> np.ndarray:
    """log(1 − exp(logs)) for logs ≤ 0."""
    with np.errstate(divide="ignore"):
        return np.log(-np.expm1(logs))


def _empty(reference: Profile, window: Profile, *, rows: bool = False) -> Measurement | None:
    for side, profile in (("the reference", reference), ("the window", window)):
        if not (profile.rows if rows else profile.n):
            return _nothing(side, "rows" if not profile.rows else "values")
    return None


def _nothing(side: str, what: str) -> Measurement:
    return Measurement(None, n=0, message=f"{side} has no {what}")


def _of_lengths(profile: Profile) -> str:
    return ", of text lengths" if profile.kind == "text" else ""


def on_one_grid(name: str, reference: Any, window: Any) -> tuple[NumericProfile, NumericProfile]:
    """Both, on the coarser of their grids where one of them was stored on it: what follows is as certain as that.

    Raises:
        ValueError: if neither grid is a coarser one of the other.
        TypeError: if one of them is categorical; `name` says of what.
    """
    if not (isinstance(reference, NumericProfile) and isinstance(window, NumericProfile)):
        raise TypeError(f"{name} compares numeric profiles")
    both = together(reference, window)
    if both is None:
        raise ValueError("profiles on different grids cannot be compared")
    return both


def _categorical(name: str, *profiles: Any) -> None:
    if not all(isinstance(p, CategoricalProfile) for p in profiles):
        raise TypeError(f"{name} compares categorical profiles")
