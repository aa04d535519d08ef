"""Exact intervals for how often something happens, from few events: what a handful of windows can say about a year.

Nothing in twelve windows is "at most so many", never "none". Called by `policy.expected`; standard library only,
because commands and the terminal ask it that never look at an array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

LEVEL = 0.95


class RateInterval(NamedTuple):
    """An expected number of events with its central 95 % interval."""

    value: float
    lower: float
    upper: float


def gamma_quantile(probability: float, shape: float) -> float:
    """x with P(X <= x) = `probability` for X of the gamma law with this shape and scale 1; relative error 1e-9.

    Raises:
        ValueError: for a shape that is not positive, or a probability outside (0, 1).
    """
    if not shape > 0 or not 0 < probability < 1:
        raise ValueError(f"no gamma quantile for probability {probability} and shape {shape}")
    low, high = 0.0, max(1.0, shape)
    while gamma_cdf(high, shape) < probability:
        low, high = high, 2 * high
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if gamma_cdf(middle, shape) < probability else (low, middle)
    return (low + high) / 2


def gamma_cdf(x: float, shape: float) -> float:
    """P(X <= x) of the gamma law with this shape and scale 1, by its series (Abramowitz and Stegun 6.5.29): all terms
    are positive, so nothing cancels."""
    if x <= 0:
        return 0.0
    front = shape * math.log(x) - x - math.lgamma(shape + 1)
    if front < -745 and x < shape:
        return 0.0
    term = total = 1.0
    n = shape
    while term > total * 1e-16:
        n += 1
        term *= x / n
        total += term
        if total > 1e280:  # far above the mean
            return 1.0
    return min(1.0, math.exp(front + math.log(total)))


def poisson_interval(events: int, exposure: float, level: float = LEVEL) -> RateInterval:
    """Events per unit of exposure: Garwood, F. (1936), Fiducial limits for the Poisson distribution, Biometrika 28.

    The exact central interval: with k events it goes from the gamma quantile of shape k to that of shape k + 1; with
    none its upper end is -ln(tail) / exposure, 3.7 events where the level is 95 %.

    Raises:
        ValueError: for an exposure that is not positive.
    """
    if not exposure > 0 or events < 0:
        raise ValueError(f"no rate from {events} events in {exposure}")
    tail = (1 - level) / 2
    lower = gamma_quantile(tail, events) if events else 0.0
    upper = gamma_quantile(1 - tail, events + 1)
    return RateInterval(events / exposure, lower / exposure, upper / exposure)


def weighted_sum_interval(weights: Sequence[float], heaviest: float, level: float = LEVEL) -> RateInterval:
    """The expected sum of what independent Poisson processes send, each event counting for its weight.

    Fay, M. P. and Feuer, E. J. (1997), Confidence intervals for directly standardized rates, Statistics in Medicine
    16, 791-801: the gamma law that has the sum's mean and variance, the upper end as if one more event of the largest
    weight had been seen. With equal weights it is Garwood's interval.

    Args:
        weights: of each event that was seen: for a process watched for so many years, 1 / years.
        heaviest: the largest weight that any event could have had, seen or not; 0 where nothing can happen.
    """
    total, squares = math.fsum(weights), math.fsum(w * w for w in weights)
    if heaviest <= 0 and total <= 0:
        return RateInterval(0.0, 0.0, 0.0)
    tail = (1 - level) / 2
    lower = squares / total * gamma_quantile(tail, total * total / squares) if total > 0 else 0.0
    more, spread = total + heaviest, squares + heaviest * heaviest
    upper = spread / more * gamma_quantile(1 - tail, more * more / spread)
    return RateInterval(total, lower, upper)


def at_least(events: int, trials: int, probability: float) -> float:
    """P(X >= events) for X of the binomial law."""
    if events <= 0:
        return 1.0
    if events > trials or probability <= 0:
        return 0.0
    if probability >= 1:
        return 1.0
    logs = [
        math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        + k * math.log(probability) + (trials - k) * math.log1p(-probability)
        for k in range(events, trials + 1)
    ]  # fmt: skip
    return min(1.0, math.fsum(map(math.exp, logs)))
