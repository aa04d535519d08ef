"""How rows are told apart into reference, history and windows.

A slicer numbers the windows ("slots", ascending in window order) and says for each row, fragment by fragment, which
slot it is in. Made by `ModelData`; pure except for the numbers it is given.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data import calendar
from lifecycle_tui.data.zones import MISSING, to_micros
from lifecycle_tui.domain.windows import TimeWindow

if TYPE_CHECKING:
    import numpy as np

NONE, REF, HISTORY = MISSING, MISSING + 1, MISSING + 2
"""Slots that are no windows: rows without a time, rows of the reference, rows older than the reference."""

_OPEN = 2**62


@dataclass(frozen=True, slots=True)
class Selector:
    """The rows of one slice: a half-open time range, a half-open range of row numbers, some fragments, or a mixture.

    `rows` counts over all fragments in order of id; `offsets` gives each fragment's first.
    """

    low: int = -_OPEN
    high: int = _OPEN
    timed: bool = False
    rows: tuple[int, int] | None = None
    offsets: Mapping[str, int] | None = None
    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()

    def takes(self, fragment: str) -> bool:
        """Whether the fragment can contribute at all."""
        return (self.only is None or fragment in self.only) and fragment not in self.without

    def mask(self, fragment: str, first_row: int, rows: int, time: np.ndarray | None) -> np.ndarray:
        """(rows,) bool: which rows of a stretch of the fragment are in the slice."""
        import numpy as np

        mask = np.full(rows, self.takes(fragment))
        if self.timed:
            assert time is not None
            mask &= (time >= self.low) & (time < self.high)
        elif time is not None:
            mask &= time != MISSING
        if self.rows is not None and self.offsets is not None:
            number = self.offsets.get(fragment, 0) + first_row + np.arange(rows)
            mask &= (number >= self.rows[0]) & (number < self.rows[1])
        return mask

    def name(self, fragment: str) -> str:
        """What identifies the slice's share of this fragment as long as the fragment does not change."""
        if self.rows is not None and self.offsets is not None:
            offset = self.offsets.get(fragment, 0)
            return f"r{max(0, self.rows[0] - offset)}:{self.rows[1] - offset}"
        return f"t{self.low}:{self.high}" if self.timed else "all"


@dataclass(frozen=True)
class Slicer(ABC):
    """Base of the four ways to cut. `reference` selects the reference's rows of the base table (None: a table of its
    own); `begin` is the time before which rows are history."""

    reference: Selector | None
    begin: int | None

    @property
    def fingerprint(self) -> str:
        """Changes when rows may be assigned differently."""
        return repr(self)

    def assign(self, fragment: str, first_row: int, rows: int, time: np.ndarray | None) -> np.ndarray:
        """(rows,) int64 slot of each row of a stretch of a fragment."""
        import numpy as np

        slots = self._slots(fragment, first_row, rows, time)
        if self.begin is not None and time is not None:
            slots = np.where(time < self.begin, HISTORY, slots)
        if self.reference is not None:
            slots = np.where(self.reference.mask(fragment, first_row, rows, time), REF, slots)
        return np.where(time == MISSING, NONE, slots) if time is not None else slots

    @abstractmethod
    def _slots(self, fragment: str, first_row: int, rows: int, time: np.ndarray | None) -> np.ndarray:
        """(rows,) int64 slot of each row, the reference and history aside."""

    @abstractmethod
    def select(self, slot: int) -> Selector:
        """The rows of a slot."""

    @abstractmethod
    def key(self, slot: int) -> str:
        """The window's key."""

    def bounds(self, slot: int) -> tuple[datetime, datetime] | None:
        """The declared interval, where the cut is by calendar."""
        return None

    def _after_reference(self) -> tuple[int, frozenset[str]]:
        """Where production begins in time, and fragments that are the reference's."""
        r = self.reference
        if r is None:
            return -_OPEN, frozenset()
        if r.timed:
            return (r.high if r.high < _OPEN else -_OPEN), frozenset()
        return -_OPEN, r.only or frozenset()


@dataclass(frozen=True)
class CalendarSlicer(Slicer):
    """Windows by time."""

    window: TimeWindow
    timezone: str

    def _slots(self, fragment: str, first_row: int, rows: int, time: np.ndarray | None) -> np.ndarray:
        import numpy as np

        assert time is not None
        known = time != MISSING
        if known.all():
            return calendar.slots(time, self.window.count, self.window.unit, self.timezone)
        slots = np.full(rows, NONE, dtype=np.int64)
        slots[known] = calendar.slots(time[known], self.window.count, self.window.unit, self.timezone)
        return slots

    def select(self, slot: int) -> Selector:
        start, end = self.bounds(slot)
        begin, without = self._after_reference()
        return Selector(max(to_micros(start), begin, self.begin or -_OPEN), to_micros(end), timed=True, without=without)

    def key(self, slot: int) -> str:
        return calendar.key_of(slot, self.window.count, self.window.unit)

    def bounds(self, slot: int) -> tuple[datetime, datetime]:
        w = self.window
        return (
            calendar.start_of(slot, w.count, w.unit, self.timezone),
            calendar.start_of(slot + 1, w.count, w.unit, self.timezone),
        )


@dataclass(frozen=True)
class CountSlicer(Slicer):
    """Windows of so many rows in time order. `starts` are the windows' first instants, `numbers` their first rows'
    numbers; rows of one instant stay together, so that the order of files cannot matter."""

    starts: tuple[int, ...]
    numbers: tuple[int, ...]

    def _slots(self, fragment: str, first_row: int, rows: int, time: np.ndarray | None) -> np.ndarray:
        import numpy as np

        assert time is not None
        return np.searchsorted(np.array(self.starts, dtype=np.int64), time, side="right").astype(np.int64) - 1

    def select(self, slot: int) -> Selector:
        _, without = self._after_reference()
        high = self.starts[slot + 1] if slot + 1 < len(self.starts) else _OPEN
        return Selector(self.starts[slot], high, timed=True, without=without)

    def key(self, slot: int) -> str:
        return f"rows-{self.numbers[slot]:09d}"


@dataclass(frozen=True)
class RowSlicer(Slicer):
    """Windows of so many rows in order of file and row, for tables without time. `offsets`: each fragment's first row's
    number; `skip`: rows of the reference, which are numbered first (or left out by fragment)."""

    size: int
    offsets: Mapping[str, int]
    skip: int

    def _slots(self, fragment: str, first_row: int, rows: int, time: np.ndarray | None) -> np.ndarray:
        import numpy as np

        return (self.offsets.get(fragment, 0) + first_row + np.arange(rows) - self.skip) // self.size

    def select(self, slot: int) -> Selector:
        _, without = self._after_reference()
        first = self.skip + slot * self.size
        return Selector(rows=(first, first + self.size), offsets=self.offsets, without=without)

    def key(self, slot: int) -> str:
        return f"rows-{slot * self.size:09d}"


@dataclass(frozen=True)
class FragmentSlicer(Slicer):
    """A window for each file or partition value. `names` are the keys in order, `members` the fragments of each."""

    names: tuple[str, ...]
    members: Mapping[str, int]

    def _slots(self, fragment: str, first_row: int, rows: int, time: np.ndarray | None) -> np.ndarray:
        import numpy as np

        return np.full(rows, self.members.get(fragment, HISTORY), dtype=np.int64)

    def select(self, slot: int) -> Selector:
        begin, without = self._after_reference()
        low = max(begin, self.begin or -_OPEN)
        only = frozenset(name for name, member in self.members.items() if member == slot)
        return Selector(low, timed=low > -_OPEN, only=only, without=without)

    def key(self, slot: int) -> str:
        return self.names[slot]


def count_starts(times: Sequence[Any] | np.ndarray, size: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """First instants and first row numbers of windows of `size` rows over the sorted `times`; a window goes on until
    the instant changes."""
    import numpy as np

    times = np.asarray(times, dtype=np.int64)
    starts, numbers, at = [], [], 0
    while at < len(times):
        starts.append(int(times[at]))
        numbers.append(at)
        last = min(at + size, len(times)) - 1
        at = int(np.searchsorted(times, times[last], side="right"))
    return tuple(starts), tuple(numbers)
