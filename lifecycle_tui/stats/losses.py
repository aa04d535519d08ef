"""What the mean loss of unlabelled rows will be, from a model of the loss ("direct loss estimation"); for regression.

A model learned on the reference says how large a row's loss is to be expected. What it says of rows it has not seen is
recalibrated by a straight line with its own error, so that the interval widens where a window's expected losses lie
away from the reference's. Called by `monitoring.estimates`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from lifecycle_tui.stats.expected import LEVEL, Expected


@dataclass(frozen=True)
class LossLine:
    """True loss = intercept + slope · said loss.

    Attributes:
        covariance: (2, 2) of intercept and slope (White's, heteroscedastic).
        ratio: variance of a row's loss around the line, over the line squared.
        low, high: range of the said losses.
    """

    intercept: float
    slope: float
    covariance: np.ndarray
    ratio: float
    low: float
    high: float
    rows: int


def loss_line(said: np.ndarray, loss: np.ndarray) -> LossLine:
    """Fit the line by weighted least squares, weights 1 / (said + its mean)², as a loss spreads like its size.

    Args:
        said: (n,) what a model that had not seen the row expected.
        loss: (n,) what it was; not negative.

    Raises:
        ValueError: fewer than 30 rows.
    """
    n = len(loss)
    if n < 30:
        raise ValueError("a model of the loss needs 30 rows")
    mean = max(float(np.mean(said)), 1e-300)
    constant = float(np.ptp(said)) <= 1e-12 * mean
    x = np.column_stack([np.ones(n), np.zeros(n) if constant else said / mean])
    w = 1 / np.square(said / mean + 1)
    gram = (x * w[:, None]).T @ x + np.diag([0.0, 1e-6 * n])
    inverse = np.linalg.inv(gram)
    beta = inverse @ (x.T @ (w * loss))
    residual = loss - x @ beta
    meat = (x * (w * residual)[:, None]).T @ (x * (w * residual)[:, None])
    covariance = inverse @ meat @ inverse * n / max(1, n - 2)
    line = np.maximum(x @ beta, 0.0)
    size = float(np.square(line).sum())
    ratio = float(np.square(residual).sum()) / size if size > 0 else 0.0
    scale = np.diag([1.0, 1 / mean])
    return LossLine(
        float(beta[0]), float(beta[1] / mean), scale @ covariance @ scale, ratio, float(said.min()), float(said.max()),
        n,
    )  # fmt: skip


def expect_loss_mean(line: LossLine, said: np.ndarray, rows: int, *, root: bool = False) -> Expected:
    """The mean loss of a window of `rows` rows, `said` being the expected losses of all of them or of a sample.

    Args:
        root: the square root of the mean (RMSE from squared errors).
    """
    m = len(said)
    if not m or not rows:
        return Expected(None, message="no rows")
    losses = np.maximum(line.intercept + line.slope * said, 0.0)
    mean = float(losses.mean())
    if mean <= 0:
        return Expected(None, message="no loss is expected at all: there is nothing to estimate")
    at = np.array([1.0, float(said.mean())])
    fitted = float(at @ line.covariance @ at)
    drawn = line.ratio * float(np.square(losses).mean()) / rows
    sampled = float(losses.var()) / m * (1 - m / rows) if rows > m else 0.0
    error = math.sqrt(max(0.0, drawn + fitted + sampled))
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * error / mean
    # A mean of positive, skewed numbers: symmetric on the log scale, as `stats.metrics_regression` has it.
    lower, upper = mean * math.exp(-min(700.0, reach)), mean * math.exp(min(700.0, reach))
    if root:
        scale = 1 / (2 * math.sqrt(mean))
        return Expected(
            math.sqrt(mean), math.sqrt(lower), math.sqrt(upper), error * scale, math.sqrt(drawn + sampled) * scale,
            math.sqrt(max(0.0, fitted)) * scale,
        )  # fmt: skip
    return Expected(mean, lower, upper, error, math.sqrt(drawn + sampled), math.sqrt(max(0.0, fitted)))


@dataclass(frozen=True)
class Trees:
    """A sum of regression trees as plain arrays, nodes of all trees one after the other.

    Attributes:
        start: (t,) first node of each tree.
        feature, left, right: (k,) int32; `left` and `right` are numbers of nodes; -1 in leaves.
        threshold: (k,) rows with a value up to it go left; `missing_left`: rows without one do.
        value: (k,) of leaves.
        base: what is added to the sum of the trees.
    """

    start: np.ndarray
    feature: np.ndarray
    left: np.ndarray
    right: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray
    base: float

    def predict(self, x: np.ndarray) -> np.ndarray:
        """(n,) of rows (n, d); NaN is missing."""
        found = np.full(len(x), self.base)
        for first in self.start.tolist():
            node = np.full(len(x), first, np.int64)
            rows = np.arange(len(x))
            while len(rows):
                at = node[rows]
                inner = self.left[at] >= 0
                rows, at = rows[inner], at[inner]
                value = x[rows, self.feature[at]]
                goes = np.where(np.isnan(value), self.missing_left[at], value <= self.threshold[at])
                node[rows] = np.where(goes, self.left[at], self.right[at])
            found += self.value[node]
        return found
