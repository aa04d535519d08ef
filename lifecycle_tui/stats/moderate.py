"""Variances of many columns, each estimated from few windows, judged in the light of each other.

Where hundreds of columns vary between windows by about the same multiple of their sampling error, thirty windows of
each say together what thirty windows of one cannot: the tails get nearly normal, and a small shift is seen sooner.
The empirical Bayes model of Smyth, G. K. (2004), *Linear models and empirical Bayes methods*, Stat. Appl. Genet.
Mol. Biol. 3(1): variances follow a scaled inverse chi-square law whose degrees of freedom come from how much the
estimates differ. Called by `monitoring.alarms.yardstick`.
"""

from __future__ import annotations

import math

import numpy as np

MOST_DF = 1e4
"""Beyond so many degrees of freedom a Student law is a normal one."""


def moderate(estimates: np.ndarray, df: float) -> tuple[np.ndarray, float]:
    """(estimates none of which is below what the others make likely, their degrees of freedom).

    Smyth's posterior mean (d0 φ0 + d φ) / (d0 + d) where that is larger than the column's own estimate φ, and φ
    where it is not: a column that varies more than the others is never taken for one that does not.

    Args:
        estimates: positive, shape (columns,): variances over what sampling alone makes of them.
        df: of each estimate.
    """
    usable = estimates[np.isfinite(estimates) & (estimates > 0)]
    if len(usable) < 3:
        return estimates, df
    e = np.log(usable) - _digamma(df / 2) + math.log(df / 2)
    extra = float(e.var(ddof=1)) - _trigamma(df / 2)
    if extra <= 0:
        prior_df, prior = math.inf, math.exp(float(e.mean()))
    else:
        prior_df = 2 * _trigamma_inverse(extra)
        prior = math.exp(float(e.mean()) + _digamma(prior_df / 2) - math.log(prior_df / 2))
    # All columns together have no more to say than their windows have.
    prior_df = min(prior_df, df * (len(usable) - 1), MOST_DF)
    posterior = (prior_df * prior + df * estimates) / (prior_df + df)
    return np.maximum(estimates, posterior), df + prior_df


def _digamma(x: float) -> float:
    """ψ(x), x > 0: recurrence to 8, then the asymptotic series (Abramowitz & Stegun 6.3.18)."""
    found = 0.0
    while x < 8:
        found -= 1 / x
        x += 1
    y = 1 / (x * x)
    return found + math.log(x) - 0.5 / x - y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y / 240)))


def _trigamma(x: float) -> float:
    """ψ'(x), x > 0 (Abramowitz & Stegun 6.4.12)."""
    found = 0.0
    while x < 8:
        found += 1 / (x * x)
        x += 1
    y = 1 / (x * x)
    return found + 1 / x + y / 2 + y / x * (1 / 6 - y * (1 / 30 - y * (1 / 42 - y / 30)))


def _trigamma_inverse(value: float) -> float:
    """x with ψ'(x) = value > 0, by bisection in the logarithm: ψ' falls."""
    low, high = -20.0, 20.0
    for _ in range(80):
        middle = (low + high) / 2
        if _trigamma(math.exp(middle)) > value:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)
