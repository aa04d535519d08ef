"""The scores of all columns at once, over rolling sums of windows: how far from the reference, and by what chance.

Arrays have the shape (columns, parts) or (columns, parts, scales). Called by `evidence`, and by what draws sums
at random.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecycle_tui.monitoring.alarms.labels import KEPT, ONE_SIDED, SURER
from lifecycle_tui.monitoring.alarms.laws import Law
from lifecycle_tui.monitoring.alarms.yardstick import EFFECT, MISSING, PARTS, WEIGHT, Table
from lifecycle_tui.stats.openings import bennett, student_openings

LOUD = 2.5
"""What is closer to the reference than so many standard errors is no evidence at any budget, and not computed."""


@dataclass(frozen=True, slots=True)
class Strongest:
    """The strongest sum of one column."""

    p_value: float
    what: str
    says: str
    effect: float
    error: float
    n: int
    windows: int
    reference_n: int


@dataclass(frozen=True)
class Found:
    """Results of all parts: arrays (columns, parts, scales).

    Attributes:
        p: chance of an opening, divided by the part's weight: times the sum of weights it is that of any of them.
        away, error: distance of the mean score from the reference's, and its standard error.
        slope: how fast the sum forgets, from window to window.
    """

    p: np.ndarray
    away: np.ndarray
    error: np.ndarray
    slope: np.ndarray
    n: np.ndarray
    scales: tuple[int, ...]
    table: Table

    def row(self, i: int, share: float) -> Strongest | None:
        """The column's strongest part and scale, of the fewest windows that are evidence; None with nothing to compare.

        Args:
            share: what one sum may take of the budget: a chance up to it is evidence.
        """
        p = self.p[i]
        if not np.isfinite(p).any():
            return None
        enough = np.flatnonzero((np.nan_to_num(p, nan=1.0) <= share).any(axis=0))
        if len(enough):
            at = int(enough[0])
            # Of all that is evidence the largest: a shift of half a range shows in every score, and is none of shape.
            some = np.flatnonzero(np.nan_to_num(p[:, at], nan=1.0) <= share).tolist()
            part = max(some, key=lambda one: self._effect(i, one, at))
        else:
            part, at = (int(x) for x in np.unravel_index(int(np.nanargmin(p)), p.shape))
        away, error = float(self.away[i, part, at]), float(self.error[i, part, at])
        unit, factor = self._scale(i, part)
        return Strongest(
            float(p[part, at]), PARTS[part], _words(int(part), away), self._effect(i, part, at),
            error / unit * factor, int(self.n[i, part, at]), self.scales[at], int(self.table.n[i, part]),
        )  # fmt: skip

    def _effect(self, i: int, part: int, at: int) -> float:
        unit, factor = self._scale(i, part)
        return min(1.0, abs(float(self.away[i, part, at])) / unit * factor)

    def _scale(self, i: int, part: int) -> tuple[float, float]:
        """(what a part's mean is divided by, what it is then multiplied with) to be a distance.

        A lumpy score (a constant that moves) is taken as it is: twice the distance of mean ranks is the KS distance
        where two samples lie wholly apart, as for 1 - 2 P(X < Y) of Mann and Whitney.
        """
        if part == MISSING:
            return 1.0, 1.0
        if self.table.lumpy[i, part]:
            return 1.0, 2.0
        return math.sqrt(self.table.variance[i, part]) or 1.0, float(EFFECT[part])


def judge_parts(
    table: Table, sums: np.ndarray, n: np.ndarray, scales: Sequence[int], min_rows: int, law: Law | None = None,
    squares: np.ndarray | None = None,
) -> Found:  # fmt: skip
    """Chances of openings of all parts and scales.

    Args:
        law: where it is not the table's on every scale.
        squares: sums of the squares of the windows' rows, where they have unlike numbers of them.
    """
    law = law or Law.of(table)
    k = np.asarray(scales, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        # A sum of unlike windows varies between windows as one of fewer, equal ones would.
        k = k if squares is None else np.where(squares > 0, n * n / squares, 1.0)
        away = sums / n - law.mean
        own, of_reference = _variances(law, n, k)
        error = np.sqrt(own + of_reference)
        z = np.abs(away) / error
        slope = np.clip(own / (own + of_reference) / k, 1e-6, 1.0)
        present = _present(away, own, n)
    # A window without a value of its own says nothing, whatever those before it hold.
    z = np.where((n >= min_rows) & (n[..., :1] > 0) & (law.n >= min_rows), z, np.nan)
    p = np.ones_like(z)
    loud = np.nan_to_num(z) > LOUD
    slope, df = np.broadcast_to(slope, z.shape), np.broadcast_to(law.df, z.shape)
    p[loud] = student_openings(z[loud], np.round(slope[loud], 6), df[loud])
    bound = loud & _unlike_normal(law, n, z)
    if bound.any():
        p[bound] = np.maximum(p[bound], _bounded(law, away, n)[bound])
    p[~present] = 1.0
    p = np.where(np.isfinite(z), p, np.nan) / WEIGHT[None, :, None]
    return Found(p, away, error, slope, n, tuple(scales), table)


def _present(away: np.ndarray, own: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Which sums tell of a change that is still there, and is not one incident that they still hold.

    The newest window contradicts a sum where it lies so much nearer to the reference than half of the sum's distance,
    or than the windows before it in the sum, that chance explains it in one of twenty cases; the newest two, four,
    eight do where it does in one of a hundred. And a sum that keeps less than half of its evidence without its
    weightiest part (the newest window, the one before, the two, four, eight before those) is that part's own affair: a
    change that lasts keeps about seven tenths.
    """
    side, newest, error = np.sign(away), away[..., :1], np.sqrt(own[..., :1])
    with np.errstate(divide="ignore", invalid="ignore"):
        contradicted = side * newest < np.abs(away) / 2 - ONE_SIDED * error
        for j in range(away.shape[-1] - 1):
            recent, rows = away[..., j : j + 1], n[..., j : j + 1]
            others = n - rows
            before = side * (away * n - recent * rows) / others
            limit = (ONE_SIDED if j == 0 else SURER) * np.sqrt(own[..., j : j + 1] * (1 + rows / others))
            contradicted |= (others > 0) & (before - side * recent > limit)
        return ~(contradicted | _one_incident(side, away * n, n))


def _one_incident(side: np.ndarray, total: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Whether a sum of several parts loses more than half of its evidence without the weightiest of them."""
    parts, rows = np.diff(total, axis=-1, prepend=0.0), np.diff(n, axis=-1, prepend=0.0)
    found = np.zeros(total.shape, bool)
    for at in range(1, total.shape[-1]):
        weights = side[..., at, None] * parts[..., : at + 1]
        most = np.nan_to_num(weights, nan=-np.inf).argmax(axis=-1)[..., None]
        rest = side[..., at] * total[..., at] - np.take_along_axis(weights, most, -1)[..., 0]
        left = n[..., at] - np.take_along_axis(rows[..., : at + 1], most, -1)[..., 0]
        found[..., at] = rest / np.sqrt(left) < KEPT * side[..., at] * total[..., at] / np.sqrt(n[..., at])
    return found


def _variances(law: Law, n: np.ndarray, k: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(of the mean of a sum of k windows with n rows in all, of the reference's mean)."""
    sampling, total = law.variance, law.n
    own, of_reference = sampling / n, sampling / total
    between, rows = law.between, law.between_rows
    a_window = n / k
    # Fewer rows than the reference's windows had: their sampling error comes on top. More: it is less, down to the
    # share that would be left if it were all sampling error.
    of_window = between + sampling * (1 / a_window - 1 / rows)
    of_window = np.maximum(of_window, between * np.minimum(1.0, rows / a_window))
    varied = np.isfinite(between)
    together = law.together[..., : n.shape[-1]]
    own = np.where(varied, of_window / k * together, own)
    of_windows = np.maximum(between, sampling / rows + (between - sampling / rows) * law.uneven) * rows / total
    of_reference = np.where(varied, np.maximum(of_windows, of_reference), of_reference)
    return own, of_reference


def _unlike_normal(law: Law, n: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Where the tail at z of a mean of n rows is not the normal one: lumps, or Cramér's correction above a tenth."""
    with np.errstate(invalid="ignore"):
        z3 = z**3 * np.abs(law.skew) / (6 * np.sqrt(n))
        z4 = z**4 * np.maximum(0.0, law.kurtosis) / (24 * n)
        return law.lumpy | (z3 + z4 > 0.1)


def _bounded(law: Law, away: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Bennett's bound, two-sided, for the window's rows drawn from the pool of them and the reference's."""
    weight = n / (n + law.n)
    mean = law.mean + away * weight  # of the pool; the window lies away (1 − weight) from it
    most = np.maximum(mean, 1 - mean)
    # The pool's variance: the reference's, and what the rows that moved the mean bring at most.
    variance = law.variance + weight * most * np.abs(away)
    variance = np.where((np.arange(len(PARTS)) == MISSING)[None, :, None], mean * (1 - mean), variance)
    most = np.where(away > 0, 1 - mean, mean)
    return np.minimum(1.0, 2 * bennett(n, np.abs(away) * (1 - weight), variance, np.maximum(most, 1e-9)))


def _words(part: int, away: float) -> str:
    if part == MISSING:
        return "more rows have no value" if away > 0 else "fewer rows have no value"
    if part == 0:
        return "values are higher" if away > 0 else "values are lower"
    if part == 1:
        return "values lie closer to the middle" if away > 0 else "values lie further out"
    return "values are distributed differently"
