"""Makes the slicer of a model: what is reference, what is history, where windows begin. Used by `ModelData`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle_tui.data.cache import FragmentCache
from lifecycle_tui.data.facts import LIGHT, fingerprint, set_stamp
from lifecycle_tui.data.rows import Table
from lifecycle_tui.data.slices import (
    CalendarSlicer,
    CountSlicer,
    FragmentSlicer,
    RowSlicer,
    Selector,
    Slicer,
    count_starts,
)
from lifecycle_tui.data.zones import MISSING, to_micros
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.specs import ModelSpec, TableSpec
from lifecycle_tui.domain.windows import CountWindow, FileWindow, PartitionWindow, TimeWindow

if TYPE_CHECKING:
    import numpy as np

_OPEN = 2**62


def make_slicer(spec: ModelSpec, declared: TableSpec, table: Table, cache: FragmentCache) -> Slicer:
    """The slicer of the base table `table`.

    Raises:
        DataError: if the declared reference or window needs times or partitions that the table does not have.
    """
    return _Cutter(spec, declared, table, cache).slicer()


def partition_of(fragment: Fragment, name: str | None) -> str | None:
    """The value of the declared partition, or of the only one."""
    if name is not None:
        return fragment.partitions.get(name)
    return next(iter(fragment.partitions.values())) if len(fragment.partitions) == 1 else None


class _Cutter:
    def __init__(self, spec: ModelSpec, declared: TableSpec, table: Table, cache: FragmentCache) -> None:
        self.spec, self.declared, self.table, self.cache = spec, declared, table, cache
        self.fragments = table.fragments()
        self.timed = table.timestamp is not None

    def slicer(self) -> Slicer:
        reference, begin = self._reference()
        window = self.spec.data.window
        if isinstance(window, TimeWindow):
            if not self.timed:
                raise DataError(
                    f"model {self.spec.name} has windows by time but no timestamp", hint="add columns.timestamp"
                )
            return CalendarSlicer(reference, begin, window, self.spec.data.timezone)
        if isinstance(window, CountWindow):
            return self._by_count(window, reference, begin)
        if isinstance(window, PartitionWindow):
            values = {f.id: partition_of(f, self.declared.partition) for f in self.fragments}
            if None in values.values():
                raise DataError(
                    f"{self.declared.location} has files outside the partition that its windows follow",
                    hint='name the partition column: partition = "dt"',
                )
            return self._by_fragment({f: str(v) for f, v in values.items()}, reference, begin)
        assert isinstance(window, FileWindow)
        return self._by_fragment({f.id: f.id for f in self.fragments}, reference, begin)

    def _reference(self) -> tuple[Selector | None, int | None]:
        """What selects the reference, and the time before which rows are history."""
        ref = self.spec.data.reference
        if ref.table is not None:
            return None, None
        if ref.partitions:
            ids = [f.id for f in self.fragments if partition_of(f, self.declared.partition) in ref.partitions]
            return Selector(only=frozenset(ids)), None
        if ref.rows is not None:
            if not self.timed:
                return Selector(rows=(0, ref.rows), offsets=self._offsets(self.fragments)), None
            last = self._nth_time(ref.rows)
            return Selector(-_OPEN, last + 1, timed=True), None
        if ref.start is None and ref.end is None:
            raise DataError(f"model {self.spec.name} says nothing about its reference", hint="add data.reference")
        if not self.timed:
            raise DataError(f"model {self.spec.name} has a reference by time but no timestamp")
        start = -_OPEN if ref.start is None else to_micros(ref.start)
        end = _OPEN if ref.end is None else to_micros(ref.end)
        return Selector(start, end, timed=True), None if ref.start is None else start

    def _nth_time(self, n: int) -> int:
        """The time of the n-th row in time order."""
        import numpy as np

        name = f"{self.spec.name}/reference:{fingerprint(self.table.timestamp, self.table.timezone, n)}"
        stamp = set_stamp(self.fragments)
        stored = self.cache.get(name, "", stamp)
        if stored is not None:
            return int(stored["time"])
        times = self._times(self.fragments)
        at = int(np.partition(times, min(n, len(times)) - 1)[min(n, len(times)) - 1]) if len(times) else -_OPEN
        self.cache.put(name, "", stamp, {"time": at})
        return at

    def _times(self, fragments: Sequence[Fragment], since: int = -_OPEN) -> np.ndarray:
        """All known times, unsorted; files that cannot be read have none (the survey says so)."""
        import numpy as np

        found = [np.empty(0, dtype=np.int64)]
        for fragment in fragments:
            try:
                for chunk in self.table.chunks(fragment, LIGHT):
                    assert chunk.time is not None
                    found.append(chunk.time[(chunk.time != MISSING) & (chunk.time >= since)])
            except Exception:  # reported where the fragment's facts are taken
                continue
        return np.concatenate(found)

    def _offsets(self, fragments: Sequence[Fragment]) -> dict[str, int]:
        """Number of each fragment's first row."""
        name = f"{self.spec.name}/rows"
        offsets, at = {}, 0
        for fragment in fragments:
            offsets[fragment.id] = at
            stored = self.cache.get(name, fragment.id, fragment.stamp)
            if stored is None:
                try:
                    stored = {"rows": sum(c.rows for c in self.table.chunks(fragment, LIGHT))}
                except Exception:  # reported where the fragment's facts are taken
                    continue
                self.cache.put(name, fragment.id, fragment.stamp, stored)
            at += int(stored["rows"])
        return offsets

    def _by_count(self, window: CountWindow, reference: Selector | None, begin: int | None) -> Slicer:
        import numpy as np

        theirs = reference.only if reference is not None and not reference.timed else None
        ours = [f for f in self.fragments if theirs is None or f.id not in theirs]
        if not self.timed:
            skip = reference.rows[1] if reference is not None and reference.rows is not None else 0
            return RowSlicer(reference, begin, window.rows, self._offsets(ours), skip)
        low = max(begin or -_OPEN, reference.high if reference is not None and reference.timed else -_OPEN)
        if reference is not None and reference.timed and reference.high >= _OPEN:
            return CountSlicer(reference, begin, (), ())
        recipe = fingerprint(self.table.timestamp, self.table.timezone, window.rows, low)
        name, stamp = f"{self.spec.name}/count:{recipe}", set_stamp(ours)
        stored = self.cache.get(name, "", stamp)
        if stored is None:
            starts, numbers = count_starts(np.sort(self._times(ours, low)), window.rows)
            stored = {"starts": list(starts), "numbers": list(numbers)}
            self.cache.put(name, "", stamp, stored)
        return CountSlicer(reference, begin, tuple(stored["starts"]), tuple(stored["numbers"]))

    def _by_fragment(self, keys: dict[str, str], reference: Selector | None, begin: int | None) -> Slicer:
        theirs = reference.only if reference is not None and reference.only is not None else frozenset()
        # As with time: what sorts before the reference is history.
        first = min((keys[f] for f in theirs), default="") if isinstance(self.spec.data.window, PartitionWindow) else ""
        names = sorted({key for f, key in keys.items() if f not in theirs and key >= first})
        place = {name: i for i, name in enumerate(names)}
        members = {f: place[key] for f, key in keys.items() if f not in theirs and key in place}
        return FragmentSlicer(reference, begin, tuple(names), members)
