"""How the reference's windows vary, measured from them: what `yardstick.Spread` holds, and detectors' p-values by it.

Called by `agent.work.variation` once a reference; `calibrated` by `monitoring.adding` for each test. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np

from lifecycle_tui.monitoring.alarms.labels import apart, overdispersed_tail, overdispersion
from lifecycle_tui.monitoring.alarms.sizes import crowd, overdispersed
from lifecycle_tui.monitoring.alarms.yardstick import ENOUGH, MISSING, PARTS, SCALES, Spread, Sums, Yardstick
from lifecycle_tui.policy.verdicts import ColumnTest
from lifecycle_tui.profiles.scores import SCORES, LabelScores
from lifecycle_tui.stats.openings import student_openings

NORMAL = NormalDist()


def spreads(yardstick: Yardstick, windows: Sequence[Sums], *, neighbours: bool) -> dict[str, Spread]:
    """How each column's windows vary.

    Args:
        windows: of the reference, in order.
        neighbours: whether they follow each other without gaps, so that it can be seen whether they hang together.
    """
    found = {}
    for name in yardstick.scores:
        rows = [w[name] for w in windows if name in w and w[name].rows]
        if not rows:
            continue
        variance, size = np.full(len(PARTS), np.nan), np.full(len(PARTS), np.nan)
        missing = np.array([(s.rows - s.n) / s.rows for s in rows])
        variance[MISSING], size[MISSING] = _variance(missing), _harmonic([s.rows for s in rows])
        hang = np.ones(len(SCALES))
        scored = [s for s in rows if len(s.values) == len(SCORES) and s.n]
        if scored and len(yardstick.moments[name]) > 1:
            means = np.array([[v / s.n for v in s.values] for s in scored])
            variance[:MISSING] = [_variance(column) for column in means.T]
            size[:MISSING] = _harmonic([s.n for s in scored])
            if neighbours and len(scored) == len(rows):
                hang = together(means)
        over = over_sampling(yardstick, name, variance, size)
        labels, freedom = _overdispersion(yardstick, name, windows)
        sizes = [float(s.n) for s in rows if s.n] or [float(s.rows) for s in rows]
        found[name] = Spread(
            len(rows),
            variance,
            size,
            labels,
            tuple(hang.tolist()),
            over,
            sum(sizes) / len(sizes),
            crowd(sizes),
            freedom,
        )
    return found


def calibrated(test: ColumnTest, spread: Spread | None) -> float | None:
    """A detector's p-value in the light of how the reference's windows vary, never a smaller one.

    What sampling alone explains stands as it is. Where windows vary more, a chi-square of labels is divided by their
    overdispersion (McCullagh & Nelder, *Generalized Linear Models*, 1989, 4.5); of any other statistic z = Φ⁻¹(1 − p)
    is divided by the root of the largest one among the column's scores (for the KS distance that errs on the quiet
    side); both with Student's tails, for it is an estimate.
    """
    p = test.p_value
    if p is None or not 0 <= p <= 1 or spread is None or spread.windows < ENOUGH:
        return p
    df = spread.windows - 1
    if test.categories is not None and test.categories > 1:
        degrees, over = test.categories - 1, _at(test, spread, spread.labels, spread.mean_rows)
        return p if over <= 1 else max(p, overdispersed_tail(_chi2_of(p, degrees), degrees, over, df, spread.freedom))
    part = MISSING if test.detector == "missing" else int(spread.over[:MISSING].argmax())
    over = _at(test, spread, float(spread.over[part]), float(spread.rows[part]))
    if over <= 1:
        return p
    z = -NORMAL.inv_cdf(min(max(p, 1e-300), 1 - 1e-12)) / math.sqrt(over)
    if z <= 0:
        return p
    return max(p, min(1.0, float(student_openings(np.array(z), np.array(1.0), np.array(float(df)))) / 2))


def calibrated_together(test: ColumnTest, spreads: Mapping[str, Spread]) -> float | None:
    """The same of a detector that compares whole rows, never a smaller p-value.

    What such a statistic is made of is not known; it is taken as a chi-square with one degree of freedom a column, each
    of which varies between windows as the column does (the largest of its scores, or its labels).
    """
    p, known = test.p_value, [spread for spread in spreads.values() if spread.windows >= ENOUGH]
    if p is None or not 0 <= p <= 1 or not known:
        return p
    over = np.array([_largest(test, spread) for spread in known])
    degrees, df = len(known), min(spread.windows for spread in known) - 1
    if over.max() <= 1:
        return p
    freedom = float(over.sum() ** 2 / (degrees * (over**2).sum()))
    return max(p, overdispersed_tail(_chi2_of(p, degrees), degrees, float(over.mean()), df, freedom))


def _largest(test: ColumnTest, spread: Spread) -> float:
    part = int(spread.over.argmax())
    of_labels = _at(test, spread, spread.labels, spread.mean_rows)
    return max(of_labels, _at(test, spread, float(spread.over[part]), float(spread.rows[part])))


def _at(test: ColumnTest, spread: Spread, over: float, rows: float) -> float:
    """An overdispersion of windows of `rows` rows at the size of the one that is tested."""
    return overdispersed(over, rows, spread.crowd, float(test.n), float(test.n), float(test.reference_n))


def _chi2_of(p: float, df: int) -> float:
    """The chi-square that has this p-value, by Wilson and Hilferty (1931)."""
    z = -NORMAL.inv_cdf(min(max(p, 1e-300), 1 - 1e-12))
    return float(df * max(0.0, 1 - 2 / (9 * df) + z * math.sqrt(2 / (9 * df))) ** 3)


def over_sampling(yardstick: Yardstick, name: str, variance: np.ndarray, size: np.ndarray) -> np.ndarray:
    """How many times more each part varies than by sampling, at least 1."""
    moments = yardstick.moments[name]
    over = np.ones(len(PARTS))
    for place, law in zip([*range(len(moments) - 1), MISSING], moments, strict=True):
        if law.variance > 0 and np.isfinite(variance[place]):
            over[place] = max(1.0, variance[place] * size[place] / law.variance)
    return over


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else math.nan


def _harmonic(rows: Sequence[int]) -> float:
    return len(rows) / sum(1 / r for r in rows)


def _overdispersion(yardstick: Yardstick, name: str, windows: Sequence[Sums]) -> tuple[float, float]:
    """`overdispersion` of each window's labels against the other windows'."""
    scores = yardstick.scores[name]
    if not isinstance(scores, LabelScores) or not scores.labels:
        return 1.0, 1.0
    found = []
    for window in windows:
        own = window.get(name)
        if own is None or not own.values:
            continue
        found.append(apart(scores.counts, np.asarray(own.values)))
    return overdispersion([one for one in found if one is not None])


def together(means: np.ndarray) -> np.ndarray:
    """How many times more sums of k neighbours vary than if windows were independent, by scale; 1 where that is chance.

    1 + 2 Σ (1 − h/k) ρ_h, the autocorrelations ρ averaged over a column's scores; counted where it is beyond two of its
    standard errors when all ρ are 0 (Bartlett 1946: each has a variance of 1/R).
    """
    count = len(means)
    away = means - means.mean(axis=0)
    power = (away**2).sum(axis=0)
    factors = np.ones(len(SCALES))
    if count < ENOUGH or not (power > 0).all():
        return factors
    for at, k in enumerate(SCALES):
        if k == 1 or 2 * k > count:
            continue
        lags = np.arange(1, k)
        rho = np.array([((away[h:] * away[:-h]).sum(axis=0) / power).mean() for h in lags])
        weight = 2 * (1 - lags / k)
        excess, error = float((weight * rho).sum()), math.sqrt(float((weight**2).sum()) / (count * means.shape[1]))
        if excess > 2 * error:
            factors[at] = 1 + excess
    return factors
