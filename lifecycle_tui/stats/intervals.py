"""Estimates with intervals that cover: proportions, means, and anything whose error is a sum over rows.

The metric modules beside this one use it, plugins reach it through `lifecycle_tui.api`. NumPy and the standard
library only.

One method serves all statistics that are smooth functions of means: each row's contribution to the error (its
influence divided by n) is known in closed form, so the variance is the sum of their squares, and with days the sum of
the squares of the days' sums times G / (G - 1) over G days. This is the linearisation (delta, infinitesimal jackknife)
variance and its cluster-robust form: Efron, B. and Tibshirani, R. (1993), An Introduction to the Bootstrap, ch. 21;
Cameron, A. C. and Miller, D. L. (2015), A practitioner's guide to cluster-robust inference, J. Human Resources 50,
317-372. To first order it equals what resampling rows or days gives; it needs no seed and costs one pass.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np

LEVEL = 0.95
MIN_DAYS = 8
"""Fewer days than this give no variance between days worth having: rows then count as independent."""

Scale = Literal["plain", "log", "logit", "log-above"]
"""Where the error is taken as symmetric: the value itself, its logarithm (positive values), its log-odds (shares of
1), or the logarithm of 1 - value (values up to 1, as R²)."""


class Estimate(NamedTuple):
    """A value with an interval; the fields are those of `Measurement`, so `Measurement(**estimate._asdict())` holds it.

    `value` is None where the data cannot give one; `message` then says why, or else what to know about it.
    """

    value: float | None
    lower: float | None = None
    upper: float | None = None
    n: int | None = None
    message: str | None = None
    definition: str | None = None


class Spread(NamedTuple):
    """How far a statistic may be off.

    Attributes:
        error: its standard error.
        quantile: multiply the error by this for half an interval (normal, or Student's t for few days or rows).
        design: variance with days over variance without, at least 1.
    """

    error: float
    quantile: float
    design: float = 1.0


def nothing(n: int, message: str) -> Estimate:
    """An estimate without a value."""
    return Estimate(None, None, None, n, message)


def normal_quantile(level: float = LEVEL) -> float:
    """Half-width of a central interval in standard errors, e.g. 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + level) / 2)


def t_quantile(df: float, level: float = LEVEL) -> float:
    """The same for Student's t: Cornish-Fisher expansion in 1/df (Abramowitz and Stegun 26.7.5), off by less than 0.5 %
    from 4 degrees of freedom on; exact for 1 and 2."""
    p = (1 + level) / 2
    if df <= 1:
        return math.tan(math.pi * (p - 0.5))
    if df <= 2:
        a = 2 * p - 1
        return a * math.sqrt(2 / (1 - a * a))
    z = NormalDist().inv_cdf(p)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / df**power for power, term in enumerate(terms, 1))


def wilson(share: float, n: float, quantile: float | None = None) -> tuple[float, float]:
    """Wilson's (1927) score interval for a proportion; keeps its level near 0 and 1, where a normal one collapses.

    Args:
        share: observed proportion.
        n: sample size; an effective one where rows are weighted or clustered (Korn and Graubard 1998).
        quantile: standard errors; 1.96 unless given.

    Returns:
        Lower and upper bound within [0, 1].
    """
    z = normal_quantile() if quantile is None else quantile
    if n <= 0:
        return 0.0, 1.0
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(max(0.0, share * (1 - share) / n + z * z / (4 * n * n)))
    scale = 1 + z * z / n
    # At the ends the formula gives 0 or 1 up to rounding: say it exactly.
    lower = 0.0 if share <= 0 else max(0.0, (centre - half) / scale)
    upper = 1.0 if share >= 1 else min(1.0, (centre + half) / scale)
    return lower, upper


def effective_size(weight: np.ndarray | None, n: int) -> float:
    """Kish's (1965) effective sample size of weighted rows: as many equal ones would vary like them."""
    if weight is None:
        return float(n)
    squares = float(np.dot(weight, weight))
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0


def spread(contributions: np.ndarray, day: np.ndarray | None = None, *, df: float = math.inf) -> Spread:
    """The spread of a statistic from its rows' contributions to the error.

    Args:
        contributions: (n,) summing to about 0; their squares sum to the variance if rows are independent.
        day: (n,) whole numbers; with at least 8 different ones, rows of a day may go together. The larger of
            both variances is taken: that days would make rows vary less is chance.
        df: degrees of freedom of the variance between rows.
    """
    rows = float(np.dot(contributions, contributions))
    if day is not None:
        days, place = np.unique(day, return_inverse=True)
        if len(days) >= MIN_DAYS:
            sums = np.bincount(place, weights=contributions, minlength=len(days))
            between = float(np.dot(sums, sums)) * len(days) / (len(days) - 1)
            design = max(1.0, between / rows) if rows > 0 else 1.0
            return Spread(math.sqrt(max(rows, between)), t_quantile(len(days) - 1), design)
    quantile = normal_quantile() if math.isinf(df) else t_quantile(max(1.0, df))
    return Spread(math.sqrt(rows), quantile)


def satterthwaite(contributions: np.ndarray, group: np.ndarray) -> float:
    """Degrees of freedom of a variance that is a sum over independent groups of rows (Satterthwaite 1946).

    Args:
        group: (n,) small whole numbers from 0.
    """
    rows = np.bincount(group)
    parts = np.bincount(group, weights=np.square(contributions))
    several = (rows > 1) & (parts > 0)
    if not several.any():
        return math.inf
    return float(parts[several].sum() ** 2 / (np.square(parts[several]) / (rows[several] - 1)).sum())


def around(value: float, found: Spread, scale: Scale = "plain") -> tuple[float, float] | tuple[None, None]:
    """The interval on a scale where the error is nearly symmetric, carried back.

    (None, None) where that scale gives none: a value at the end of its range, an error that is not finite.
    """
    half = found.quantile * found.error
    if not math.isfinite(half) or not math.isfinite(value):
        return None, None
    if scale == "plain":
        return value - half, value + half
    if scale == "log":
        if value <= 0:
            return None, None
        factor = math.exp(min(700.0, half / value))
        return value / factor, value * factor
    if scale == "log-above":
        if value >= 1:
            return None, None
        factor = math.exp(min(700.0, half / (1 - value)))
        return 1 - (1 - value) * factor, 1 - (1 - value) / factor
    if not 0 < value < 1:
        return None, None
    middle, reach = math.log(value / (1 - value)), half / (value * (1 - value))
    return _expit(middle - reach), _expit(middle + reach)


def _expit(x: float) -> float:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(max(x, -745.0)) / (1 + math.exp(max(x, -745.0)))


def proportion(
    hits: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None, *, what: str = "rows"
) -> Estimate:
    """The share of rows that hit, with Wilson's interval; days and weights make the sample count for less.

    Args:
        hits: (n,) bool.
        what: the rows' name in messages.
    """
    n = len(hits)
    total = float(n) if weight is None else float(weight.sum())
    if n == 0 or total <= 0:
        return nothing(n, f"no {what}")
    counted = hits.astype(np.float64)
    share = float(counted.sum() / total) if weight is None else float(np.dot(weight, counted) / total)
    share = min(1.0, share)
    contributions = (counted - share) * (1.0 if weight is None else weight) / total
    found = spread(contributions, day)
    lower, upper = wilson(share, effective_size(weight, n) / found.design, found.quantile)
    return Estimate(share, lower, upper, n)


def mean_estimate(values: np.ndarray, weight: np.ndarray | None = None, day: np.ndarray | None = None) -> Estimate:
    """The mean of a column; of zeros and ones it is a proportion, else Student's t interval.

    Args:
        values: (n,) float64, no missing.
    """
    if len(values) and bool(((values == 0) | (values == 1)).all()):
        return proportion(values == 1, weight, day)
    return mean_of(values, weight, day, "plain", what="rows")


def mean_of(
    values: np.ndarray, weight: np.ndarray | None, day: np.ndarray | None, scale: Scale, *, what: str = "rows"
) -> Estimate:
    """A mean of one number a row, with its interval on `scale`."""
    n = len(values)
    total = float(n) if weight is None else float(weight.sum())
    if n == 0 or total <= 0:
        return nothing(n, f"no {what}")
    with np.errstate(invalid="ignore", over="ignore"):
        value = float(values.sum() / total) if weight is None else float(np.dot(weight, values) / total)
        if not math.isfinite(value):
            return nothing(n, "the value is not finite: there are infinite numbers")
        if n == 1:
            return Estimate(value, None, None, n, "one row gives no interval")
        if not values.any():
            return Estimate(value, None, None, n, "every row is exact: no interval" if scale == "log" else None)
        contributions = (values - value) * (1.0 if weight is None else weight) / total * math.sqrt(n / (n - 1))
        lower, upper = around(value, spread(contributions, day, df=n - 1), scale)
    return Estimate(value, lower, upper, n)
