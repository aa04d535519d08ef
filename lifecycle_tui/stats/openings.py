"""How often an alert opens by chance when a statistic is looked at window after window: computed, not bounded.

A drift verdict is passed on every window, on rolling sums of 1, 2, 4, … of them. Neighbouring sums share rows, so what
counts is not how often a sum lies beyond a threshold but how often it gets there anew. Called by
`monitoring.alarms.parts`, once a window for all columns together.

For a stationary Gaussian sequence whose correlation falls as 1 − β|h| near h = 0, excursions above a high level u
begin at the rate β u φ(u) ν(u √(2β)) (Siegmund, *Sequential Analysis*, 1985; Aldous, *Probability Approximations
via the Poisson Clumping Heuristic*, 1989, C10), where ν corrects for looking at whole steps only. β = 1 are
independent values, for which this is φ(u)/u. A rolling mean of k windows has β = 1/k, times the share of its
variance that the windows (not the reference, which stays what it is) bring. Where the spread is itself estimated
from few windows, the rate is that of the Student process: the same, averaged over the law of the estimate.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

_NODES = 160
_ERFC = np.vectorize(math.erfc, otypes=[float])


def exceedance(u: np.ndarray) -> np.ndarray:
    """P(|Z| ≥ u) of the standard normal law, elementwise."""
    return _ERFC(np.asarray(u, dtype=np.float64) / math.sqrt(2.0))


def normal_openings(u: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Excursions of |Z| above u that begin in one step; never more than the chance to be above u in it.

    Args:
        u: levels, positive. beta: slopes of the correlation, in (0, 1]. They broadcast.
    """
    u, beta = np.broadcast_arrays(np.asarray(u, np.float64), np.asarray(beta, np.float64))
    density = np.exp(-0.5 * u * u) / math.sqrt(2 * math.pi)
    begin = 2 * beta * u * density * _overshoot(u * np.sqrt(2 * beta))
    return np.minimum(begin, exceedance(u))


def student_openings(u: np.ndarray, beta: np.ndarray, df: np.ndarray) -> np.ndarray:
    """The same of |Z| / s, where s² is an estimate of the variance with `df` degrees of freedom.

    The mean of `normal_openings(u s, beta)` over s² ~ χ²(df) / df, by the trapezoid rule in log s; relative error about
    1e-4 for df of 10 and more, which is far below that of the formula. Infinite `df` is the normal law.
    """
    u, beta, df = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in (u, beta, df)))
    found = np.array(normal_openings(u, beta))
    some = np.isfinite(df)
    if some.any():
        pairs, back = np.unique(np.stack([u[some], beta[some], df[some]]), axis=1, return_inverse=True)
        level, slope, freedom = pairs
        # ln s has a spread of about 1 / sqrt(2 df); far below it the law of s is gone, whatever the level.
        spread = 1 / np.sqrt(2 * freedom)
        log_s = np.linspace(-14, 7, _NODES)[:, None] * spread
        weight = np.exp(freedom * log_s - 0.5 * freedom * np.expm1(2 * log_s))
        weight /= weight.sum(axis=0)
        mean = (weight * normal_openings(level * np.exp(log_s), slope)).sum(axis=0)
        found[some] = mean[back.ravel()]
    return found


@lru_cache(maxsize=1024)
def opening_level(target: float, beta: float, df: float = math.inf) -> float:
    """The level whose excursions begin at the rate `target` a step; at least 1, at most 200.

    Remembered: windows of one model ask for the same few again and again.
    """
    low, high = 1.0, 200.0
    for _ in range(50):
        middle = (low + high) / 2
        if float(student_openings(np.array(middle), np.array(beta), np.array(df))) > target:
            low = middle
        else:
            high = middle
    return high


def bennett(n: np.ndarray, deviation: np.ndarray, variance: np.ndarray, most: np.ndarray) -> np.ndarray:
    """A bound on P(mean of n bounded values exceeds its expectation by `deviation`): Bennett's inequality.

    exp(−n v/b² h(b d/v)), h(x) = (1 + x) ln(1 + x) − x (Bennett, *JASA* 57, 1962). It holds as well for values drawn
    without replacement (Hoeffding, *JASA* 58, 1963), so it judges a window against the pool of its own and the
    reference's rows without taking either as exact; and for any discrete or skewed law, where a normal tail is wrong.

    Args:
        n: how many values. deviation: of the mean, at least 0. variance: of one value.
        most: how far a value can lie above its expectation, positive.
    """
    n, d, v, b = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in (n, deviation, variance, most)))
    ratio = b * d / np.maximum(v, 1e-300)
    exponent = n * np.maximum(v, 1e-300) / (b * b) * ((1 + ratio) * np.log1p(ratio) - ratio)
    return np.exp(-exponent)


def _overshoot(x: np.ndarray) -> np.ndarray:
    """Siegmund's ν(x), by the approximation of Siegmund and Yakir (*The Statistics of Gene Mapping*, 2007, p. 112)."""
    half = np.maximum(x, 1e-8) / 2
    below = 1 - 0.5 * exceedance(half)  # Φ(x/2)
    density = np.exp(-0.5 * half * half) / math.sqrt(2 * math.pi)
    return ((below - 0.5) / half) / (half * below + density)
