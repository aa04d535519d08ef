"""Windows held against those of the reference that share their season: yardsticks, and how windows vary within seasons.

Numbers are scored by their ranks within their own season's reference, so that what a score says (how far a value lies
from what is usual at this time of year) is the same in every season. Labels are those of the whole reference in every
season, so that their counts add up over windows. Called by `agent.work.seasons`; pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lifecycle_tui.monitoring.alarms.calibrated import over_sampling, together
from lifecycle_tui.monitoring.alarms.labels import apart, overdispersion
from lifecycle_tui.monitoring.alarms.sizes import crowd
from lifecycle_tui.monitoring.alarms.yardstick import MISSING, PARTS, SCALES, Spread, Sums, Yardstick, column_law
from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.scores import SCORES, LabelScores


@dataclass(frozen=True)
class Scored:
    """One of the reference's windows: its season's yardstick, and its own sums by it."""

    yardstick: Yardstick
    sums: Sums


def seasonal(plain: Yardstick, reference: Mapping[str, NumericProfile | CategoricalProfile], season: str) -> Yardstick:
    """What windows of a season are held against.

    Args:
        plain: of the whole reference; a column that the season lacks is held against that.
        reference: profiles of the season's windows of the reference together.
    """
    scores, moments, spreads = dict(plain.scores), dict(plain.moments), dict(plain.spreads)
    for name in plain.scores:
        if name not in reference:
            continue
        whole = plain.scores[name]
        labels = whole.labels if isinstance(whole, LabelScores) else None
        scores[name], moments[name] = column_law(reference[name], labels)
        if name in spreads:
            spreads[name] = _in_units_of(spreads[name], plain.moments[name], moments[name])
    return Yardstick(scores, moments, spreads, season)


def seasonal_spreads(plain: Yardstick, windows: Sequence[Scored], *, neighbours: bool) -> dict[str, Spread]:
    """How each column's windows vary within their seasons, in the units of the whole reference's scores.

    A window's mean is taken from its season's, in standard deviations of the season's own rows. With R windows in K
    seasons that is an estimate with R − K degrees of freedom; a season of one window says nothing. `Spread.windows` is
    R − K + 1: as many windows without season would say as much.

    Args:
        windows: of the reference, in order.
        neighbours: whether they follow each other without gaps.
    """
    counts: dict[str, int] = {}
    for window in windows:
        counts[window.yardstick.season] = counts.get(window.yardstick.season, 0) + 1
    several = [w for w in windows if counts[w.yardstick.season] > 1]
    found: dict[str, Spread] = {}
    for name in plain.scores:
        rows = [w for w in several if name in w.sums and w.sums[name].rows]
        seasons = sorted({w.yardstick.season for w in rows})
        df = len(rows) - len(seasons)
        if df < 1:
            continue
        away = np.array([_away(plain, w, name) for w in rows])
        for season in seasons:
            same = np.array([w.yardstick.season == season for w in rows])
            away[same] -= away[same].mean(axis=0)
        variance = (away**2).sum(axis=0) / df
        size = np.full(len(PARTS), np.nan)
        size[MISSING] = _harmonic([w.sums[name].rows for w in rows])
        scored = [w.sums[name].n for w in rows if w.sums[name].n]
        if len(scored) == len(rows):
            size[:MISSING] = _harmonic(scored)
        else:
            variance[:MISSING] = np.nan
        variance = np.where(np.isfinite(variance), variance, np.nan)
        hang = np.ones(len(SCALES))
        if neighbours and len(rows) == len(windows) and np.isfinite(away[:, :MISSING]).all():
            hang = together(away[:, :MISSING])
        over = over_sampling(plain, name, variance, size)
        labels, freedom = _labels(name, rows)
        sizes = [float(n) for n in scored] or [float(w.sums[name].rows) for w in rows]
        found[name] = Spread(
            df + 1, variance, size, labels, tuple(hang.tolist()), over, sum(sizes) / len(sizes), crowd(sizes), freedom
        )
    return found


def _away(plain: Yardstick, window: Scored, name: str) -> np.ndarray:
    """A window's means less its season's, by part, scaled to the whole reference's standard deviations."""
    own, sums = window.yardstick.moments[name], window.sums[name]
    law = plain.moments[name]
    out = np.full(len(PARTS), np.nan)
    out[MISSING] = ((sums.rows - sums.n) / sums.rows - own[-1].mean) * _ratio(law[-1].variance, own[-1].variance)
    if len(own) == len(law) == len(SCORES) + 1 == len(sums.values) + 1 and sums.n:
        for part in range(len(SCORES)):
            mean = sums.values[part] / sums.n - own[part].mean
            out[part] = mean * _ratio(law[part].variance, own[part].variance)
    return out


def _ratio(whole: float, own: float) -> float:
    """Of standard deviations; a season in which the score never varies says nothing of how it does elsewhere."""
    return math.sqrt(whole / own) if own > 0 else 0.0


def _in_units_of(spread: Spread, whole: Sequence, own: Sequence) -> Spread:
    """The same spread in a season's units."""
    factor = np.ones(len(PARTS))
    factor[MISSING] = own[-1].variance / max(whole[-1].variance, 1e-300)
    if len(own) == len(whole) == len(SCORES) + 1:
        factor[:MISSING] = [o.variance / max(w.variance, 1e-300) for o, w in zip(own[:-1], whole[:-1], strict=True)]
    return replace(spread, variance=spread.variance * factor)


def _labels(name: str, windows: Sequence[Scored]) -> tuple[float, float]:
    """`overdispersion` of each window's labels against its season's other windows'."""
    found = []
    for window in windows:
        scores, own = window.yardstick.scores[name], window.sums[name]
        if not isinstance(scores, LabelScores) or not own.values:
            continue
        found.append(apart(scores.counts, np.asarray(own.values)))
    return overdispersion([one for one in found if one is not None])


def _harmonic(rows: Sequence[int]) -> float:
    return len(rows) / sum(1 / r for r in rows)
