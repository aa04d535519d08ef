"""Honest alarms (DESIGN §7): a declared number of false alarms, shared out to windows, and what they can show.

The budget of the fleet becomes a probability for one window of one model; `verdicts.judge` holds to it. Called by
monitoring once a window, and by what says how often something happens by chance.
"""

from __future__ import annotations

import math
from datetime import timedelta
from statistics import NormalDist

from lifecycle_tui.domain.specs import ModelSpec, Rate, WorkspaceSpec

LOOSEST = 0.05
"""No window is judged at a looser level, however large the budget: it is a ceiling, not a quota."""

UNTIMED = timedelta(days=1)
"""How long a window without any timestamps is taken to last."""

POWER = 0.8

FILLING = 100.0
"""A window that is still filling is looked at again and again: each look may take so small a part of its level. (Looks
at a sum that grows a thousandfold cost less than a hundred looks: u² / 2 · ln 1000 at u = 5, Siegmund 1985.)"""


def window_alpha(rate: Rate, window_length: timedelta | None, models: int) -> float:
    """The probability of a false alarm that one window of one model may take.

    The declared rate times the window's length is the false alarms that the fleet may raise in that time; the models
    share it equally. Each window spends its share at once, so the expected number keeps to the rate whatever
    dependence there is between windows, columns or models.

    Args:
        rate: of the fleet (or, with `models=1`, of the model's own).
        window_length: of a window by time; for windows by count or partition their mean spacing so far; None where
            the data has no time: each window then counts as a day.
        models: how many share the rate.

    Returns:
        At most 0.05.
    """
    length = UNTIMED if window_length is None or window_length <= timedelta(0) else window_length
    if rate.per <= timedelta(0):
        return LOOSEST
    return min(LOOSEST, max(0.0, rate.count) * (length / rate.per) / max(1, models))


def model_alpha(fleet: WorkspaceSpec, model: ModelSpec, window_length: timedelta | None) -> float:
    """`window_alpha` of a model's windows: by the budget of its own, else by its share of the fleet's."""
    own = model.monitor.false_alarms
    if own is not None:
        return window_alpha(own, window_length, 1)
    sharing = sum(m.monitor.false_alarms is None for m in fleet.models)
    return window_alpha(fleet.false_alarms, window_length, sharing)


def detectable_ks(n: int, reference_n: int, alpha: float, power: float = POWER) -> float:
    """The smallest Kolmogorov-Smirnov distance that two samples show at level alpha with this power, at most 1.

    With m = n·n_ref / (n + n_ref): (sqrt(-ln(alpha/2) / 2) + z_power / 2) / sqrt(m). The first term is Smirnov's (1948)
    asymptotic critical value; the second bounds the power from below by the largest difference alone, whose standard
    error is at most 1 / (2 sqrt(m)): Massey, F. J. (1951), The Kolmogorov-Smirnov test for goodness of fit,
    JASA 46, 68-78.
    """
    if n <= 0 or reference_n <= 0 or not 0 < alpha < 1:
        return 1.0
    m = n * reference_n / (n + reference_n)
    return min(1.0, (math.sqrt(-math.log(alpha / 2) / 2) + NormalDist().inv_cdf(power) / 2) / math.sqrt(m))


def detectable_tv(n: int, reference_n: int, alpha: float, categories: int, power: float = POWER) -> float:
    """The smallest total variation that a chi-square test of homogeneity shows for certain with this power, at most 1.

    A total variation d makes the statistic's noncentrality at least 4 m d² (Cauchy-Schwarz), m as in
    `detectable_ks`. The critical value is Wilson and Hilferty's (1931); the noncentral law is taken as normal with
    spread sqrt(2 (k - 1 + 2 λ)).
    """
    if n <= 0 or reference_n <= 0 or not 0 < alpha < 1 or categories < 2:
        return 1.0
    m = n * reference_n / (n + reference_n)
    df = categories - 1
    z, z_power = NormalDist().inv_cdf(1 - alpha), NormalDist().inv_cdf(power)
    critical = df * (1 - 2 / (9 * df) + z * math.sqrt(2 / (9 * df))) ** 3
    # df + λ - z_power sqrt(2 (df + 2 λ)) = critical, a quadratic in s = sqrt(df + 2 λ).
    s = math.sqrt(2) * z_power + math.sqrt(2 * z_power**2 + 2 * critical - df)
    noncentrality = max(0.0, (s * s - df) / 2)
    return min(1.0, math.sqrt(noncentrality / (4 * m)))
