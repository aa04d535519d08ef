"""How far probabilities are from what happens: expected calibration error and calibration slope, with intervals.

Built-in metrics call these through `lifecycle_tui.api`; estimates without labels judge their calibrator by them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from lifecycle_tui.stats.intervals import Estimate, around, normal_quantile, nothing, spread

MOST_SLOPE = 200
"""Newton steps for the slope: it needs about six, thirty where the classes hardly overlap."""


def top_label_error(
    target: np.ndarray,
    score: np.ndarray,
    classes: Sequence[str],
    bins: int = 15,
    weight: np.ndarray | None = None,
    day: np.ndarray | None = None,
) -> Estimate:
    """`calibration_error` of the most likely class of several: its probability against whether it is the true one.

    Args:
        target: (n,) labels.
        score: (n, k) in the order of `classes`; rows must sum to 1 within 1 %.
    """
    if len(score) and not float(np.abs(score.sum(axis=1) - 1).max()) <= 0.01:
        return nothing(len(target), "the scores are not probabilities: rows do not sum to 1")
    said = np.array(classes)[score.argmax(axis=1)]
    return calibration_error(np.asarray(target == said), score.max(axis=1), bins, weight, day)


class _Bins(NamedTuple):
    """Bins of equal counts: share of rows, outcome minus probability, and its standard error."""

    share: np.ndarray
    gap: np.ndarray
    error: np.ndarray


def calibration_error(
    outcome: np.ndarray,
    chance: np.ndarray,
    bins: int = 15,
    weight: np.ndarray | None = None,
    day: np.ndarray | None = None,
) -> Estimate:
    """Expected calibration error: Σ share_b |mean outcome_b - mean probability_b| over bins of equally many rows.

    Chance alone makes each |…| larger; its mean excess (of a folded normal with the bin's standard error) is taken off,
    never below 0: Kumar, A., Liang, P. and Ma, T. (2019), Verified uncertainty calibration, NeurIPS 32 (there by
    resampling, here in closed form). Rows with equal probabilities are in one bin.

    The interval inverts the statistic's own law: all true errors under which what was seen is within 1.96 standard
    errors of its mean. How the true error lies over the bins is not known and matters: for the upper end it is taken as
    the same in each (the least excess), for the lower as it was seen.

    Args:
        outcome: (n,) 0 or 1.
        chance: (n,) in 0..1.
        bins: at most so many.
    """
    n = len(outcome)
    if n == 0:
        return nothing(0, "no rows")
    if not bool(((chance >= 0) & (chance <= 1)).all()):
        return nothing(n, "the scores are not probabilities: some lie outside 0..1")
    found = _binned(outcome.astype(np.float64), chance.astype(np.float64), bins, weight, day)
    if found is None:
        return nothing(n, "no rows")
    seen = float(np.dot(found.share, np.abs(found.gap)))
    value = max(0.0, 2 * seen - _mean_of(found, np.abs(found.gap)))
    definition = f"{len(found.share)} bins of equal counts, debiased"
    if n == 1:
        return Estimate(value, None, None, n, "one row gives no interval", definition)
    lower = 0.0 if seen <= 0 else _inverted(found, seen, lambda t: np.abs(found.gap) * (t / seen), -1)
    upper = _inverted(found, seen, lambda t: np.full_like(found.gap, t), +1)
    return Estimate(value, min(lower, value), max(upper, value), n, None, definition)


def _binned(
    outcome: np.ndarray, chance: np.ndarray, bins: int, weight: np.ndarray | None, day: np.ndarray | None
) -> _Bins | None:
    n = len(outcome)
    w = np.ones(n) if weight is None else weight.astype(np.float64)
    total = float(w.sum())
    if total <= 0:
        return None
    _, level = np.unique(chance, return_inverse=True)
    mass = np.bincount(level, weights=w)
    # A level goes to the bin that holds the middle of its rows: ties are never split.
    middle = (np.cumsum(mass) - mass / 2) / total
    place = np.minimum((middle * bins).astype(np.int64), bins - 1)[level]
    _, place = np.unique(place, return_inverse=True)
    size = np.bincount(place, weights=w)
    gap = np.bincount(place, weights=w * (outcome - chance)) / size
    rows = size**2 / np.bincount(place, weights=w * w)
    # One hit and one miss more: a bin that has seen none of either is not sure (Agresti and Coull 1998).
    shrunk = (np.bincount(place, weights=w * outcome) / size * rows + 1) / (rows + 2)
    variance = shrunk * (1 - shrunk) / rows
    share = size / total
    along = np.sign(gap)[place] * (outcome - chance - gap[place]) * w / total
    return _Bins(share, gap, np.sqrt(variance * spread(along, day).design))


def _mean_of(found: _Bins, true: np.ndarray) -> float:
    """The mean of Σ share |gap + noise| (folded normals: Leone, Nelson and Nottingham 1961, Technometrics 3)."""
    means, _ = _folded(true, found.error)
    return float(np.dot(found.share, means))


def _folded(centre: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of |N(centre, error²)|."""
    z = np.divide(centre, error, out=np.full_like(centre, 40.0), where=error > 0)
    tail = np.array([math.erf(float(x) / math.sqrt(2)) for x in z])
    mean = error * math.sqrt(2 / math.pi) * np.exp(-np.minimum(700.0, z * z / 2)) + centre * tail
    return mean, np.maximum(0.0, centre**2 + error**2 - mean**2)


def _inverted(found: _Bins, seen: float, true: Callable[[float], np.ndarray], side: int) -> float:
    """The last error in 0..1 on that side under which `seen` is not too surprising, by bisection."""
    quantile = normal_quantile()

    def outside(t: float) -> bool:
        mean, variance = _folded(true(t), found.error)
        reach = quantile * math.sqrt(float(np.dot(found.share**2, variance)))
        away = seen - float(np.dot(found.share, mean))
        return away > reach if side < 0 else -away > reach

    low, high = 0.0, 1.0
    if side < 0 and not outside(0.0):
        return 0.0
    if side > 0 and not outside(1.0):
        return 1.0
    for _ in range(50):
        middle = (low + high) / 2
        # Towards larger errors the surprise falls on the lower side and grows on the upper one.
        if outside(middle) == (side < 0):
            low = middle
        else:
            high = middle
    return (low + high) / 2


def calibration_slope(
    outcome: np.ndarray, chance: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Slope of the outcome's log-odds on the probability's: 1 if calibrated, below 1 if too sure, above if too timid.

    Cox, D. R. (1958), Two further applications of a model for binary regression, Biometrika 45, 562-565. Logistic
    regression with an intercept, its likelihood penalised as in Firth, D. (1993), Bias reduction of maximum likelihood
    estimates, Biometrika 80, 27-38, so that classes that do not overlap give a number too; probabilities are cut at
    1e-6. The interval is the sandwich one (White 1982), rows of a day together, no narrower than the information's.
    """
    n = len(outcome)
    if n == 0:
        return nothing(0, "no rows")
    if not bool(((chance >= 0) & (chance <= 1)).all()):
        return nothing(n, "the scores are not probabilities: some lie outside 0..1")
    y = outcome.astype(np.float64)
    p = np.clip(chance.astype(np.float64), 1e-6, 1 - 1e-6)
    x = np.log(p / (1 - p))
    w = np.ones(n) if weight is None else weight.astype(np.float64)
    if float(w[y > 0].sum()) <= 0 or float(w[y == 0].sum()) <= 0:
        return nothing(n, "only one class is there: a slope needs both")
    if bool((x == x[0]).all()):
        return nothing(n, "every probability is the same: there is no slope")
    design = np.column_stack([np.ones(n), x])
    beta = np.zeros(2)
    for _ in range(MOST_SLOPE):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta, -700, 700)))
        mass = w * fitted * (1 - fitted)
        inverse = np.linalg.pinv((design * mass[:, None]).T @ design)
        hat = mass * np.einsum("ij,jk,ik->i", design, inverse, design)
        step = inverse @ (design.T @ (w * (y - fitted) + hat * (0.5 - fitted)))
        beta = beta + np.clip(step, -2, 2)
        if float(np.abs(step).max()) < 1e-9:
            break
    else:
        return nothing(n, "the slope has no end that Newton's method finds")
    contributions = (design * (w * (y - fitted))[:, None]) @ inverse[:, 1]
    found = spread(contributions, day, df=max(1, n - 2))
    # Where the classes hardly overlap the residuals say nothing of the slope's error; the curvature does.
    found = found._replace(error=max(found.error, math.sqrt(max(0.0, float(inverse[1, 1])))))
    lower, upper = around(float(beta[1]), found)
    return Estimate(float(beta[1]), lower, upper, n)
