"""Can a model tell two samples apart: folds and test of the domain classifiers, which call it by `lifecycle_tui.api`.

Lopez-Paz, D. and Oquab, M. (2017), Revisiting classifier two-sample tests, ICLR; here by ranks and over several folds.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lifecycle_tui.stats.tails import normal_sf

_Z = 1.959963984540054
FIRST = 0.3
"""Share of the rows that the first model learns from; they are never scored."""
FOLDS = 4
"""Parts that are scored, each by a model that has learnt from all rows before it."""


def forward_folds(n: int, m: int) -> np.ndarray:
    """Deal n rows of the reference and then m of the window to fold 0, which is learnt from alone, and `FOLDS` more.

    Fold k is scored by a model of folds 0..k-1. Its rows have not been learnt from by anything that was scored before,
    so each fold's statistic is fair given all before it, and their sum has the variance of independent ones (a
    martingale). Of ordinary cross-validation this is not true: every fold's rows shape the other folds' models, and in
    simulations the sum's standard deviation was 1.25 to 1.45 times that of independent folds.
    """
    rng = np.random.default_rng(0)
    ends = FIRST + (1 - FIRST) * np.arange(FOLDS) / FOLDS
    sides = [np.searchsorted(ends, (rng.permutation(size) + 0.5) / max(1, size), side="right") for size in (n, m)]
    return np.concatenate(sides)


class Separation(NamedTuple):
    """How well scores tell the window's rows from the reference's.

    Attributes:
        auc: how often a row of the window scores above one of the reference within a fold, ties half; 0.5: not at all.
        lower, upper: its 95 % interval (DeLong's variance, log-odds scale).
        p_value: one-sided, that it is at least this large where the scores cannot tell.
    """

    auc: float
    lower: float
    upper: float
    p_value: float


def separation(score: np.ndarray, window: np.ndarray, fold: np.ndarray) -> Separation | None:
    """Compare scores within folds, because models of different folds are on different scales.

    The sum of the folds' Mann-Whitney statistics over its standard deviation (with ties: Lehmann, E. L. (1975),
    Nonparametrics, 1.4; over strata van Elteren, 1960), whose law is normal. Interval: DeLong et al. (1988).

    Args:
        score: (n,) of rows by models that have not seen them. window: (n,) bool. fold: (n,) whole numbers.

    Returns:
        None where no fold has rows of both.
    """
    wins = pairs = variance = spread = 0.0
    for one in np.unique(fold):
        here = fold == one
        inside, values = window[here], score[here]
        a, b = int(inside.sum()), int((~inside).sum())
        if not a or not b:
            continue
        _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
        below = np.cumsum(np.bincount(place[~inside], minlength=len(counts)))
        above = np.bincount(place[inside], minlength=len(counts))
        beats = (below - np.bincount(place[~inside], minlength=len(counts)) / 2) / b
        beaten = 1 - (np.cumsum(above) - above / 2) / a
        total = a + b
        ties = float((counts.astype(np.float64) ** 3 - counts).sum()) / (total * (total - 1)) if total > 1 else 0.0
        wins += float((above * beats).sum()) * b
        pairs += a * b
        variance += a * b / 12 * (total + 1 - ties)
        s10 = float(beats[place[inside]].var(ddof=1)) / a if a > 1 else 0.25
        s01 = float(beaten[place[~inside]].var(ddof=1)) / b if b > 1 else 0.25
        spread += (a * b) ** 2 * (s10 + s01)
    if not pairs:
        return None
    auc = wins / pairs
    p_value = normal_sf((wins - pairs / 2) / math.sqrt(variance)) if variance > 0 else 1.0
    lower, upper = _around(auc, math.sqrt(spread) / pairs)
    return Separation(auc, lower, upper, p_value)


def _around(auc: float, error: float) -> tuple[float, float]:
    if not 0 < auc < 1:
        return (auc, auc) if error == 0 else (max(0.0, auc - _Z * error), min(1.0, auc + _Z * error))
    centre, half = math.log(auc / (1 - auc)), _Z * error / (auc * (1 - auc))
    return tuple(1 / (1 + math.exp(-min(700.0, max(-700.0, centre + side * half)))) for side in (-1, 1))  # type: ignore[return-value]
