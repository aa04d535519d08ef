"""Looking more than once: intervals for a comparison that is made again on growing rows until it is settled.

Each look at 95 % would be one more chance for a challenger that is no better to pass by luck: one in ten after ten
looks. So the first look spends 2.5 % on passing wrongly, each further one half of the one before, 5 % in all however
many there are (Bonferroni's inequality; spending over looks as in Lan and DeMets 1983, Biometrika 70, 659-663). The
judge widens its intervals so.
"""

from __future__ import annotations

from lifecycle_tui.stats.intervals import LEVEL, t_quantile

MOST = 30
"""Looks after which intervals grow no wider: what is left to spend is below 1e-10."""


def level(looks: int) -> float:
    """The level of intervals after so many earlier looks: 0.95, 0.975, 0.9875 …"""
    return 1 - (1 - LEVEL) / 2 ** min(looks, MOST)


def widening(looks: int, units: int) -> float:
    """How much wider than at the first look: the ratio of Student's quantiles.

    Args:
        units: what was resampled, e.g. days.
    """
    degrees = max(1, units - 1)
    return t_quantile(degrees, level(looks)) / t_quantile(degrees)
