"""What of a window's profile adds up over windows: a few sums a column, in the reference's own ranks or labels.

Numbers: each value's rank u in the reference (between 0 and 1, ties at the middle) is scored by itself and by tent
maps of it, t(u) = 1 − |1 − 2u|, t(t(u)), t(t(t(u))): location, spread, and two finer shapes. For a continuous
column that has not changed each of these is uniform, and no two are correlated, so a mean of them has a normal law
with light tails from some thirty rows on, whatever the column's own law is. Categories: counts of the reference's
most frequent labels and of all others. Rows without a value are a score of their own. All are sums over rows:
rolling sums over windows are exact, and a few bytes a window and column keep them. Called by `agent.work.variation`
and `agent.work.windows`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.numeric import NumericProfile

SCORES = ("location", "spread", "shape", "fine shape")
"""What the scores of a number are called, coarsest first."""

MOST_LABELS = 30
"""So many labels are counted one by one; all others together."""


@dataclass(frozen=True, slots=True)
class ColumnSums:
    """Sums over the rows of one column in one window.

    Attributes:
        rows, n: rows of the window; those with a value.
        values: numbers: sums of the four scores; categories: counts by label, all others last; else empty.
    """

    rows: int
    n: int
    values: tuple[float, ...] = ()

    def plain(self) -> list[float]:
        """As JSON keeps it."""
        return [self.rows, self.n, *self.values]

    @classmethod
    def of(cls, plain: list[float]) -> ColumnSums:
        """From what `plain` gave."""
        return cls(int(plain[0]), int(plain[1]), tuple(plain[2:]))


@dataclass(frozen=True)
class Moments:
    """The law of one score in the reference: of one row, exact.

    Attributes:
        low, high: what the score could be at least and at most.
        skew, kurtosis: standardised; kurtosis is 0 for the normal law. atom: the largest share of one value of it.
    """

    n: int
    mean: float
    variance: float
    skew: float
    kurtosis: float
    low: float
    high: float
    atom: float


class RankScores:
    """Scores of a numeric column (or of text lengths) by the ranks of its reference."""

    def __init__(self, reference: NumericProfile) -> None:
        self._grid = reference.grid
        self._cells, self._counts = reference.sparse()
        self._before = np.concatenate([[0], np.cumsum(self._counts)])
        self.n, self.rows = reference.n, reference.rows

    def sums(self, window: NumericProfile) -> ColumnSums:
        """The window's sums; a float sum in the order of cells, so the same whatever the order of rows.

        Raises:
            ValueError: if the window is on another grid, a coarser one too: its ranks would be others.
        """
        if window.grid != self._grid:
            raise ValueError("only a window on the reference's own grid has ranks in it")
        if not self.n:
            return ColumnSums(window.rows, window.n)
        cells, counts = window.sparse()
        scores = _scores(self._ranks(cells))
        return ColumnSums(window.rows, window.n, tuple((scores * counts).sum(axis=1).tolist()))

    def moments(self) -> tuple[Moments, ...]:
        """The law of each score in the reference itself."""
        if not self.n:
            return ()
        scores, share = _scores(self._ranks(self._cells)), self._counts / self.n
        return tuple(_moments(row, share, self.n) for row in scores)

    def _ranks(self, cells: np.ndarray) -> np.ndarray:
        at = np.searchsorted(self._cells, cells)
        inside = np.minimum(at, len(self._cells) - 1)
        equal = np.where(self._cells[inside] == cells, self._counts[inside], 0)
        return (self._before[at] + equal / 2) / self.n


class LabelScores:
    """Counts of a categorical column by the reference's most frequent labels, all others together."""

    def __init__(self, reference: CategoricalProfile, labels: tuple[str, ...] | None = None) -> None:
        """Args: labels: those to count, where they are not to be the most frequent of this reference."""
        self.n, self.rows = reference.n, reference.rows
        # Beyond the horizon labels are not counted one by one: such a column (ids) has nothing to compare here.
        top = [] if reference.horizon is not None else [label for label, _ in reference.top(MOST_LABELS)]
        self.labels = tuple(top) if labels is None else labels
        counted = [reference.counts.get(label, 0) for label in self.labels]
        self.counts = np.array([*counted, reference.n - sum(counted)] if counted else [], dtype=np.int64)

    def sums(self, window: CategoricalProfile) -> ColumnSums:
        """The window's counts."""
        if not self.labels or window.horizon is not None:
            return ColumnSums(window.rows, window.n)
        counts = [window.counts.get(label, 0) for label in self.labels]
        return ColumnSums(window.rows, window.n, (*counts, window.n - sum(counts)))


ColumnScores = RankScores | LabelScores


def column_scores(reference: NumericProfile | CategoricalProfile) -> ColumnScores:
    """What scores the windows of a column, from the profile of its reference."""
    return LabelScores(reference) if isinstance(reference, CategoricalProfile) else RankScores(reference)


def missing_moments(rows: int, missing: int) -> Moments:
    """The law of "has no value" in the reference; a share of 0 or 1 is taken as half a row from it."""
    share = min(max(missing, 0.5), rows - 0.5) / rows if rows else 0.5
    return _moments(np.array([0.0, 1.0]), np.array([1 - share, share]), rows)


def _scores(ranks: np.ndarray) -> np.ndarray:
    """Shape (4, n)."""
    rows = [ranks]
    for _ in range(len(SCORES) - 1):
        rows.append(1 - np.abs(1 - 2 * rows[-1]))
    return np.stack(rows)


def _moments(values: np.ndarray, share: np.ndarray, n: int) -> Moments:
    mean = float((values * share).sum())
    away = values - mean
    variance = float((away**2 * share).sum())
    unit = away / math.sqrt(variance) if variance > 0 else np.zeros_like(away)
    skew = float((unit**3 * share).sum())
    kurtosis = float((unit**4 * share).sum()) - 3
    return Moments(n, mean, variance, skew, kurtosis, 0.0, 1.0, _largest(values, share))


def _largest(values: np.ndarray, share: np.ndarray) -> float:
    """The largest share that falls on one value of the score (a fold brings two ranks together)."""
    order = np.argsort(values, kind="stable")
    ends = np.flatnonzero(np.diff(values[order], append=np.inf) > 1e-12)
    return float(np.diff(np.cumsum(share[order])[ends], prepend=0.0).max())
