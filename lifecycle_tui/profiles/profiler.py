"""Profiles one column of one window as its batches come. Called by `monitoring`, once a column and window.

    profiler = Profiler("numeric", grid)          # a window: the grid is the column's
    for column in batches:
        profiler.update(column)
    profile = profiler.result()

A reference has no grid yet: its values are kept until `result`, which decides one. Beyond `MOST_KEPT` values it is
surveyed; if the survey finds many distinct ones a second pass is needed; `profile_column` does both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.profiles import arrow
from lifecycle_tui.profiles.categorical import MOST_LABELS, CategoricalProfile
from lifecycle_tui.profiles.choose import MOST_KEPT, choose_and_count
from lifecycle_tui.profiles.grids import Grid
from lifecycle_tui.profiles.moments import Sums
from lifecycle_tui.profiles.numeric import NumericProfile, _extremes
from lifecycle_tui.profiles.survey import Survey
from lifecycle_tui.profiles.text import TextCounter, TextCounts

Profile = NumericProfile | CategoricalProfile

_TOGETHER = 131_072  # values that are counted together, as a rule: 1 MB


class Profiler:
    """Turns Arrow columns into a profile.

    Args:
        kind: "categorical" counts labels; "numeric" values; "text" lengths in characters; "time" instants.
        grid: the column's grid; None for a reference whose grid is to be decided (or for categories).
        keep: up to how many values the profile holds in `values`, for an exact KS distance; more are dropped.
        hold: up to how many values are held until a grid is decided (`MOST_KEPT` unless given); it decides the grid.
        moments: whether to form exact sums for `mean` and `std` (about 45 ns a value).
        text: of a text column, whether to count characters and tokens too (about 25 ns a character).
    """

    def __init__(
        self,
        kind: ColumnKind,
        grid: Grid | None = None,
        *,
        keep: int = MOST_KEPT,
        hold: int | None = None,
        moments: bool = True,
        text: bool = True,
    ) -> None:
        self.kind = kind
        self.grid = grid
        self._keep, self._moments = keep, moments
        self._hold = MOST_KEPT if hold is None else hold
        self._rows = 0
        self._labels = CategoricalProfile(0, {})
        self._pending: dict[str, int] = {}
        self._kept: list[np.ndarray] | None = []
        self._cells: list[np.ndarray] = []  # of the values kept, where their grid gives no exact distance by itself
        self._n = 0
        self._waiting: list[np.ndarray] = []
        self._waiting_n = 0
        self._survey: Survey | None = None
        self._counts = np.zeros(grid.cells if grid else 0, dtype=np.int64)
        self._sums = Sums()
        self._extremes = (math.nan, math.nan)
        self._infinite = (0, 0)
        self._text = TextCounter() if kind == "text" and text else None

    def update(self, column: arrow.Column) -> None:
        """Take in an Arrow array or chunked array.

        Raises:
            TypeError: if it cannot be read as this kind.
        """
        if self.kind == "categorical":
            self.add_labels(arrow.labels(column))
            return
        read = {"numeric": arrow.numbers, "text": arrow.text_lengths, "time": arrow.times}[self.kind]
        values, rows = read(column)
        self.resume(values, rows)
        if self._text is not None and (self._survey is None or self._survey.counted):  # else a second pass tells all
            self._text.update(column)

    def add_labels(self, found: arrow.Labels) -> None:
        """Take in counts of labels; for categories only."""
        self._rows += found.rows
        for label, count in found.counts.items():
            self._pending[label] = self._pending.get(label, 0) + count
        if len(self._pending) > MOST_LABELS:
            self._settle_labels()

    def second_pass(self) -> Profiler | None:
        """None if `result` can be asked for; else the profiler to which everything must be fed once more."""
        self._settle()
        if self._survey is None or self._survey.counted:
            return None
        return Profiler(
            self.kind, self._survey.grid(), keep=self._keep, moments=self._moments, text=self._text is not None
        )

    def result(self) -> Profile:
        """The profile of all rows so far.

        Raises:
            RuntimeError: if a second pass is needed (see `second_pass`).
        """
        if self.kind == "categorical":
            self._settle_labels()
            return self._labels
        self._settle()
        kept = index = None
        if self._kept is not None:  # joined, the parts are let go
            kept = _joined(self._kept)
            self._kept = [kept]
            if self._cells:
                index = _joined(self._cells)
                self._cells = [index]
        if self._survey is not None:
            if not self._survey.counted:
                raise RuntimeError("this reference is too large to keep: feed it again to second_pass()")
            self.grid, self._counts = self._survey.grid(), self._survey.histogram()
        elif self.grid is None:
            assert kept is not None  # without a grid, values are dropped only for a survey
            self.grid, self._counts, index = choose_and_count(kept, self._hold)
            self._describe(kept)
            kept, index = (kept, index) if self._n <= self._keep else (None, None)
        return NumericProfile(
            self.grid,
            self._rows,
            self._counts,
            kind=self.kind,
            extremes=self._extremes,
            infinite=self._infinite,
            sums=self._sums if self._moments else None,
            values=kept,
            index=index,
            text=self.text,
        )

    @property
    def rows(self) -> int:
        """Rows seen so far."""
        return self._rows

    @property
    def text(self) -> TextCounts | None:
        """Characters and tokens of the texts so far; None where they are not counted."""
        return None if self._text is None else self._text.result()

    def awaiting(self) -> tuple[np.ndarray | None, Survey | None]:
        """Without a grid: the values so far, or the survey of them where they are too many to keep (see `pending`)."""
        self._settle()
        return (None if self._kept is None else _joined(self._kept)), self._survey

    def resume(self, values: np.ndarray, rows: int) -> None:
        """Take in values that have been read already, out of `rows` rows."""
        self._rows += rows
        self._n += len(values)
        if self.grid is None and self._survey is None:
            self._await_grid(values)
            return
        self._waiting.append(values)
        self._waiting_n += len(values)
        if self._waiting_n >= _TOGETHER:
            self._settle()

    def _settle(self) -> None:
        """Count the values that wait: each time costs a pass over all cells, so small batches are counted together."""
        if not self._waiting:
            return
        values, self._waiting, self._waiting_n = _joined(self._waiting), [], 0
        if self.grid is None:
            self._await_grid(values)
        else:
            self._count(values)

    def _await_grid(self, values: np.ndarray) -> None:
        if self._survey is None:
            assert self._kept is not None
            self._kept.append(values)
            if self._n <= self._hold:
                return
            self._survey, parts, self._kept = Survey(), self._kept, None
        else:
            parts = [values]
        for part in parts:
            self._survey.update(part)
            if self._survey.counted:  # else a second pass will tell all
                self._describe(part)

    def _count(self, values: np.ndarray) -> None:
        assert self.grid is not None
        self._describe(values)
        if self._kept is not None and self._n > self._keep:
            self._kept = None
            self._cells.clear()
        if self.grid.single() is not None:
            self._counts += self.grid.histogram(values)
        else:
            cells = self.grid.index(values)
            self._counts += np.bincount(cells, minlength=self.grid.cells)
            if self._kept is not None:
                self._cells.append(cells)
        if self._kept is not None:
            self._kept.append(values)

    def _describe(self, values: np.ndarray) -> None:
        low, high, finite, infinite = _extremes(values)
        self._extremes = (float(np.fmin(self._extremes[0], low)), float(np.fmax(self._extremes[1], high)))
        self._infinite = (self._infinite[0] + infinite[0], self._infinite[1] + infinite[1])
        if self._moments:
            self._sums += Sums.of(finite)

    def _settle_labels(self) -> None:
        rows = self._rows - self._labels.rows
        self._labels = self._labels + CategoricalProfile(rows, self._pending)
        self._pending = {}


def profile_column(
    kind: ColumnKind,
    read: Callable[[], Iterable[arrow.Column]],
    grid: Grid | None = None,
    *,
    keep: int = MOST_KEPT,
    moments: bool = True,
) -> Profile:
    """The profile of everything that `read()` yields; `read` is called twice for a very large reference."""
    profiler: Profiler | None = Profiler(kind, grid, keep=keep, moments=moments)
    while profiler is not None:
        for column in read():
            profiler.update(column)
        done, profiler = profiler, profiler.second_pass()
    return done.result()


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    filled = [part for part in parts if len(part)]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        return parts[0] if parts else np.empty(0)
    return np.concatenate(filled)
