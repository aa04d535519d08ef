"""The upper tail of Student's t, far out. Called by tests of means whose p-values face a small budget."""

from __future__ import annotations

import math


def student_sf(t: float, df: float) -> float:
    """P(T ≥ t) for Student's t with `df` degrees of freedom (any positive number); relative error below 1e-10.

    Half the incomplete beta function I_x(df/2, 1/2) at x = df / (df + t²) (Abramowitz and Stegun 26.5.27 and 26.7.1),
    by its continued fraction (26.5.8, Lentz's method).

    Raises:
        ValueError: df is not above 0, or t not a number.
    """
    if not df > 0 or math.isnan(t):
        raise ValueError(f"no Student law with t={t}, df={df}")
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    tail = _incomplete_beta(df / (df + t * t), df / 2, 0.5) / 2
    return tail if t >= 0 else 1.0 - tail


def _incomplete_beta(x: float, a: float, b: float) -> float:
    if x >= 1.0:
        return 1.0
    if x <= 0.0:
        return 0.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    # The fraction converges fast on one side of the mean; the other side is its mirror image.
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _fraction(x, a, b) / a
    return 1.0 - math.exp(log_front) * _fraction(1.0 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 10_000):
        for step in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                     -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):  # fmt: skip
            d = 1.0 + step * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + step / c
            c = c if abs(c) > tiny else tiny
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value
