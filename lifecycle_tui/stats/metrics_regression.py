"""Errors of numeric predictions: RMSE, RMSLE, MAE, R², MAPE, equal to scikit-learn's, with intervals.

Built-in metrics call these through `lifecycle_tui.api`. All take (n,) float64 arrays without missing values, optional
weights, and optional day numbers: with at least 8 days the interval allows for rows of one day going together.
"""

from __future__ import annotations

import math

import numpy as np

from lifecycle_tui.stats.intervals import Estimate, around, mean_of, nothing, spread


def rmse(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Root mean squared error, in the target's unit. The interval is the mean square's on the log scale, its root."""
    with np.errstate(invalid="ignore", over="ignore"):
        squares = np.square(target - prediction)
    found = mean_of(squares, weight, day, "log")
    return found._replace(value=_root(found.value), lower=_root(found.lower), upper=_root(found.upper))


def rmsle(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Root mean squared difference of log(1 + value): the relative error of amounts that span orders of magnitude.

    None where a target is below 0; predictions below 0 count as 0, and are counted in the message (scikit-learn refuses
    both).
    """
    n = len(target)
    if bool((target < 0).any()):
        return nothing(n, "some targets are below 0: their logarithm is not defined")
    below = int((prediction < 0).sum())
    found = rmse(np.log1p(target), np.log1p(np.maximum(prediction, 0.0)), weight, day)
    if below and found.message is None:
        found = found._replace(message=f"{below:,} {'prediction' if below == 1 else 'predictions'} below 0 taken as 0")
    return found


def mae(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Mean absolute error, in the target's unit."""
    with np.errstate(invalid="ignore", over="ignore"):
        return mean_of(np.abs(target - prediction), weight, day, "log")


def r2(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Coefficient of determination: 1 minus squared error over the target's squared deviation from its mean.

    None for fewer than two rows and for a constant target (scikit-learn reports 0 or 1 there by convention). The
    interval is that of the ratio on the log scale.
    """
    n = len(target)
    if n < 2:
        return nothing(n, "R² needs two rows")
    w = np.ones(n) if weight is None else weight
    total = float(w.sum())
    if total <= 0:
        return nothing(n, "no rows")
    with np.errstate(invalid="ignore", over="ignore"):
        errors = np.square(target - prediction)
        around_mean = np.square(target - np.average(target, weights=w))
        error, deviation = float(np.dot(w, errors)), float(np.dot(w, around_mean))
    if not (math.isfinite(error) and math.isfinite(deviation)):
        return nothing(n, "the value is not finite: there are infinite numbers")
    if deviation == 0 or bool((target == target[0]).all()):
        return nothing(n, "the target is constant: there is nothing to explain")
    ratio = error / deviation
    # The mean inside `deviation` adds nothing to first order: it minimises it.
    contributions = w * (errors - ratio * around_mean) / deviation * math.sqrt(n / (n - 1))
    lower, upper = around(1 - ratio, spread(contributions, day, df=n - 1), "log-above")
    return Estimate(1 - ratio, lower, upper, n)


def mape(
    target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None
) -> Estimate:
    """Mean absolute percentage error, as a share (0.1 is 10 %).

    Rows whose target is 0 have none and are left out, counted in the message; scikit-learn divides by 2e-16 there.
    """
    n = len(target)
    nonzero = target != 0
    left_out = n - int(nonzero.sum())
    if left_out == n:
        return nothing(n, "no rows" if n == 0 else "every target is 0: a percentage of nothing")
    if left_out:
        target, prediction = target[nonzero], prediction[nonzero]
        weight = None if weight is None else weight[nonzero]
        day = None if day is None else day[nonzero]
    with np.errstate(invalid="ignore", over="ignore"):
        found = mean_of(np.abs((target - prediction) / target), weight, day, "log")
    if left_out and found.message is None:
        rows = "1 row" if left_out == 1 else f"{left_out:,} rows"
        found = found._replace(message=f"{rows} with target 0 left out")
    return found


def _root(value: float | None) -> float | None:
    return None if value is None else math.sqrt(value)
