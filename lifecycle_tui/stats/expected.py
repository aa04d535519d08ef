"""What a metric of unlabelled rows will turn out to be: expectation and 99 % interval, from calibrated chances.

Given the chances p of its rows, a window's labels are independent draws, so the confusion cells are Poisson-binomial
(arXiv:2505.05295). The interval is of what will be realised: the draws' own spread and the calibration's error
together. Called by `monitoring.estimates`; `expected_classes` does the same for several classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from lifecycle_tui.stats.calibration import Calibration, Places

LEVEL = 0.99
"""Share of windows whose realised value lies within the interval."""

CELLS = ("accuracy", "precision", "recall", "specificity", "f1", "balanced_accuracy")
"""Metrics of the confusion cells that `expect_cells` knows."""


class Expected(NamedTuple):
    """What is expected of a metric; `value` is None where it has none, and `message` says why.

    Attributes:
        error: standard error of realised - expected: `drawn` (chance of the labels) and `fitted` (the calibration's own
            error) squared and added.
    """

    value: float | None
    lower: float | None = None
    upper: float | None = None
    error: float | None = None
    drawn: float = 0.0
    fitted: float = 0.0
    message: str | None = None


class Rows(NamedTuple):
    """Unlabelled rows with what the calibration says of them.

    Attributes:
        score: (n,) as the model gave it.
        chance: (n,) calibrated probability of a positive.
        position: (n,) on the curve's axis.
        said: (n,) 0 or 1; None without predictions.
        places: of `position` among the curve's knots, where they are known.
    """

    score: np.ndarray
    chance: np.ndarray
    position: np.ndarray
    said: np.ndarray | None
    places: Places | None = None

    def hats(self, curve: Calibration, weight: np.ndarray) -> np.ndarray:
        """As `Calibration.hats`."""
        return curve.hats(self.position, weight) if self.places is None else curve.hats_at(self.places, weight)


def rows_of(curve: Calibration, score: np.ndarray, said: np.ndarray | None) -> Rows:
    """The rows as the expectations take them, in the order of their scores: what comes out depends on values alone."""
    given = np.asarray(score, np.float64)
    order = np.argsort(given)
    score = given[order]
    tied = score[1:] == score[:-1]
    if said is not None and tied.any():
        # Among equal scores predictions decide; few rows have equals, where scores are continuous.
        at = np.flatnonzero(np.append(tied, False) | np.concatenate([[False], tied]))
        order[at] = order[at][np.lexsort((said[order[at]], score[at]))]
    position = curve.position(score)
    chance, places = curve.placed(position)
    return Rows(score, chance, position, None if said is None else said[order].astype(np.float64), places)


class _Cells(NamedTuple):
    """Positives among rows predicted positive (1) and negative (0): rows, mean, variance and third cumulant of their
    number, and the calibration's covariance of the two means (of the first, of both, of the second)."""

    rows: tuple[float, float]
    mean: tuple[float, float]
    variance: tuple[float, float]
    third: tuple[float, float]
    shared: tuple[float, float, float]


# T(m) = a(m) · positives predicted so + b(m) · other positives + c(m) falls in m and is 0 where m is the metric's
# value: so P(metric <= m) = P(T(m) <= 0), and T is linear in the labels (Fieller 1954, JRSS B 16, for a ratio).
_Line = tuple[float, float, float]
_LINES: dict[str, Callable[[float, float, float], _Line]] = {
    "accuracy": lambda m, n1, n0: (1.0, -1.0, n0 - m * (n1 + n0)),
    "precision": lambda m, n1, n0: (1.0, 0.0, -m * n1),
    "recall": lambda m, n1, n0: (1.0 - m, -m, 0.0),
    "specificity": lambda m, n1, n0: (m, m - 1.0, n0 - m * (n1 + n0)),
    "f1": lambda m, n1, n0: (2.0 - m, -m, -m * n1),
}


def expect_cells(curve: Calibration, rows: Rows, metrics: tuple[str, ...] = CELLS) -> dict[str, Expected]:
    """Accuracy, precision, recall, specificity, F1, balanced accuracy: each from the same few sums.

    The value is the ratio of expected cells (as NannyML's CBPE has it). Ends of the interval solve
    P(metric <= end) = 0.005 and 0.995, by the Cornish-Fisher expansion of T(m) with the labels' third cumulant.
    """
    if rows.said is None:
        return {name: Expected(None, message="there are no predictions") for name in metrics}
    if not len(rows.score):
        return {name: Expected(None, message="no rows") for name in metrics}
    cells = _cells(curve, rows)
    found = {}
    for name in metrics:
        if name == "balanced_accuracy":
            found[name] = _balanced(cells)
        elif name == "precision" and cells.rows[0] == 0:
            found[name] = Expected(None, message="no row is predicted positive")
        else:
            found[name] = _solved(_LINES[name], cells)
    return found


def _cells(curve: Calibration, rows: Rows) -> _Cells:
    assert rows.said is not None
    spread = rows.chance * (1 - rows.chance)
    skew = spread * (1 - 2 * rows.chance)
    yes = rows.said
    no = 1 - yes
    slopes = np.vstack([rows.hats(curve, spread * yes), rows.hats(curve, spread * no)])

    def both(values: np.ndarray) -> tuple[float, float]:
        return float(np.dot(values, yes)), float(np.dot(values, no))

    shared = (slopes @ curve.covariance @ slopes.T).tolist()
    return _Cells(
        (float(yes.sum()), float(no.sum())), both(rows.chance), both(spread), both(skew),
        (shared[0][0], shared[0][1], shared[1][1]),
    )  # fmt: skip


def _moments(line: _Line, cells: _Cells) -> tuple[float, float, float, float]:
    """Mean, labels' variance, calibration's variance and third cumulant of T."""
    a, b, c = line
    mean = a * cells.mean[0] + b * cells.mean[1] + c
    drawn = a * a * cells.variance[0] + b * b * cells.variance[1]
    s = cells.shared
    fitted = a * a * s[0] + 2 * a * b * s[1] + b * b * s[2]
    return mean, drawn, max(0.0, fitted), a**3 * cells.third[0] + b**3 * cells.third[1]


def _solved(lines: Callable[[float, float, float], _Line], cells: _Cells) -> Expected:
    n1, n0 = cells.rows
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    # The mean of T is linear in the metric.
    at_0, at_1 = (_moments(lines(m, n1, n0), cells)[0] for m in (0.0, 1.0))
    slope = at_0 - at_1
    if slope <= 0:
        return Expected(0.0, 0.0, 0.0, 0.0)
    value = min(1.0, max(0.0, at_0 / slope))
    _, drawn, fitted, _ = _moments(lines(value, n1, n0), cells)
    error = math.sqrt(drawn + fitted) / slope

    def excess(m: float, quantile: float) -> float:
        # P(M <= m) = P(T(m) <= 0), so m is an end of the interval where this quantile of T(m) is 0.
        centre, drawn, fitted, third = _moments(lines(m, n1, n0), cells)
        return centre + _bent(quantile, math.sqrt(drawn + fitted), third)

    lower = _root(lambda m: excess(m, -z), max(0.0, value - 6 * error), value)
    upper = _root(lambda m: excess(m, z), value, min(1.0, value + 6 * error))
    return Expected(value, lower, upper, error, math.sqrt(drawn) / slope, math.sqrt(fitted) / slope)


def _bent(z: float, deviation: float, third: float) -> float:
    """A quantile of a nearly normal variable around 0 (Cornish and Fisher 1938, first term), the correction kept
    small enough to stay a quantile function."""
    if deviation <= 0:
        return 0.0
    skew = max(-1.0, min(1.0, third / deviation**3))
    return deviation * (z + skew * (z * z - 1) / 6)


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses 0 (false position, Illinois's way); the end beyond which it would."""
    at_low, at_high = falling(low), falling(high)
    if at_low <= 0 or high <= low:
        return low
    if at_high >= 0:
        return high
    scale = at_low - at_high
    for _ in range(60):
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        now = falling(middle)
        if now > 0:
            low, at_low, at_high = middle, now, at_high / 2 if at_high < 0 else at_high
            at_high = at_high if at_high != 0 else -1e-300
        else:
            high, at_high, at_low = middle, now, at_low / 2
        if high - low < 1e-9 or abs(now) < 1e-9 * scale:
            return middle
    return (low + high) / 2


def _balanced(cells: _Cells) -> Expected:
    """Mean of recall and specificity, by the delta method: both are ratios of the same draws."""
    recall, specificity = _solved(_LINES["recall"], cells), _solved(_LINES["specificity"], cells)
    assert recall.value is not None and specificity.value is not None
    positives = sum(cells.mean)
    negatives = sum(cells.rows) - positives
    if positives <= 0 or negatives <= 0:
        return Expected(None, message="only one class is expected")
    a = 0.5 * ((1 - recall.value) / positives + specificity.value / negatives)
    b = 0.5 * (-recall.value / positives - (1 - specificity.value) / negatives)
    _, drawn, fitted, _ = _moments((a, b, 0.0), cells)
    return of_ratio((recall.value + specificity.value) / 2, drawn, fitted, min(positives, negatives))


def of_sum(value: float, drawn: float, fitted: float, third: float, top: float | None = 1.0) -> Expected:
    """A sum that is linear in the labels: variances and the labels' third cumulant give the ends, within 0..`top`."""
    error = math.sqrt(drawn + fitted)
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    lower = max(0.0, min(value, value + _bent(-z, error, third)))
    upper = max(value, value + _bent(z, error, third))
    return Expected(value, lower, upper if top is None else min(top, upper), error, math.sqrt(drawn), math.sqrt(fitted))


def of_ratio(value: float, drawn: float, fitted: float, rarer: float) -> Expected:
    """A smooth share of the labels (AUC, a macro mean): symmetric on the log-odds scale, as DeLong's interval is.

    Args:
        rarer: expected rows of the rarer class; their number is itself drawn, and E[1/k] exceeds 1/E[k].
    """
    value = min(1.0, max(0.0, value))
    error = math.sqrt(drawn + fitted)
    z = NormalDist().inv_cdf((1 + LEVEL) / 2) * (1 + 1 / max(1.0, rarer))
    lower, upper = max(0.0, value - z * error), min(1.0, value + z * error)
    if 0 < value < 1:
        middle, reach = math.log(value / (1 - value)), z * error / (value * (1 - value))
        lower, upper = (1 / (1 + math.exp(-max(-700.0, min(700.0, x)))) for x in (middle - reach, middle + reach))
    return Expected(value, min(lower, value), max(upper, value), error, math.sqrt(drawn), math.sqrt(fitted))


def expect_auc(curve: Calibration, rows: Rows) -> Expected:
    """Area under the ROC curve: expected pairs in order over expected pairs.

    The error's gradient in a row's label is what it gains as a positive less what it costs as a negative, so both
    classes' spread is in it and a window's own mix of scores, not the reference's.
    """
    p, n = rows.chance, len(rows.chance)
    if n < 2:
        return Expected(None, message="AUC needs two rows")
    starts = np.flatnonzero(np.concatenate([[True], rows.score[1:] != rows.score[:-1]]))
    sizes = np.diff(np.append(starts, n))
    above = np.add.reduceat(p, starts)
    below = sizes - above
    positives, negatives = float(above.sum()), float(below.sum())
    # Rows are not paired with themselves: p (1 - p) of each goes out of both sums.
    spread = p * (1 - p)
    pairs = positives * negatives - float(spread.sum())
    if pairs <= 0:
        return Expected(None, message="only one class is expected: AUC needs both")
    lower_negatives = np.repeat(np.cumsum(below) - below / 2, sizes) - (1 - p) / 2
    higher_positives = np.repeat(positives - np.cumsum(above) + above / 2, sizes) - p / 2
    ordered = float(np.dot(p, lower_negatives))
    value = ordered / pairs
    slope = (lower_negatives - higher_positives - value * (negatives - positives)) / pairs
    slope += value * (1 - 2 * p) / pairs
    drawn = float(np.dot(np.square(slope), spread))
    hats = rows.hats(curve, slope * spread)
    fitted = float(hats @ curve.covariance @ hats)
    return of_ratio(value, drawn, max(0.0, fitted), min(positives, negatives))


def expect_mean(
    curve: Calibration, rows: Rows, if_positive: np.ndarray, if_negative: np.ndarray, top: float | None = 1.0
) -> Expected:
    """The mean of a number that a row gets if it is positive, or if it is negative: Brier, log loss, expected value."""
    n = len(rows.chance)
    if not n:
        return Expected(None, message="no rows")
    p = rows.chance
    slope = (if_positive - if_negative) / n
    value = float(np.mean(if_negative + p * (if_positive - if_negative)))
    spread = p * (1 - p)
    drawn = float(np.dot(np.square(slope), spread))
    third = float(np.dot(slope**3, spread * (1 - 2 * p)))
    hats = rows.hats(curve, slope * spread)
    return of_sum(value, drawn, max(0.0, float(hats @ curve.covariance @ hats)), third, top)


def expect_brier(curve: Calibration, rows: Rows) -> Expected:
    """Mean squared difference of the model's own probability and the outcome."""
    return expect_mean(curve, rows, np.square(1 - rows.score), np.square(rows.score))


def expect_log_loss(curve: Calibration, rows: Rows) -> Expected:
    """Mean negative log likelihood of the model's own probabilities."""
    s = np.clip(rows.score, np.finfo(np.float64).eps, 1 - np.finfo(np.float64).eps)
    return expect_mean(curve, rows, -np.log(s), -np.log1p(-s), None)


def expect_rate(curve: Calibration, rows: Rows) -> Expected:
    """Share of positives (`mean_target`)."""
    return expect_mean(curve, rows, np.ones(len(rows.chance)), np.zeros(len(rows.chance)))
