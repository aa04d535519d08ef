"""The reference cut into windows of the model's own kind, so that what production's windows go through can be tried on
data that is normal by declaration. Called by `ModelData.reference_parts`.

Only whole windows count: a calendar window that the reference's end cuts through, or that its data begins late in, and
a last count of fewer rows, are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle_tui.data import calendar
from lifecycle_tui.data.cutting import partition_of
from lifecycle_tui.data.facts import LIGHT
from lifecycle_tui.data.rows import Table
from lifecycle_tui.data.slices import Selector, count_starts
from lifecycle_tui.data.zones import MISSING, from_micros, to_micros
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.specs import DataSpec
from lifecycle_tui.domain.windows import CountWindow, PartitionWindow, TimeWindow, Window

if TYPE_CHECKING:
    import numpy as np

_OPEN = 2**62

LATE = 0.1
"""Where the reference has no declared bound, its data may begin (or end) this share of a window inside one."""


@dataclass(frozen=True, slots=True)
class ReferencePart:
    """One window's worth of the reference.

    Attributes:
        window: key, order among the parts, start and end (of a calendar window its bounds, else of its rows), rows.
        selector: which rows of the reference's table.
    """

    window: Window
    selector: Selector


def cut(
    spec: DataSpec, table: Table, fragments: Sequence[Fragment], selector: Selector, partition: str | None
) -> tuple[ReferencePart, ...]:
    """The parts of a reference, in window order; none where it cannot be cut (windows by time, and no time).

    Args:
        table, fragments, selector: the reference's rows.
        partition: name of the table's partition column, where it is declared.
    """
    kind = spec.window
    if isinstance(kind, TimeWindow):
        return _by_calendar(kind, spec.timezone, table, fragments, selector) if table.timestamp is not None else ()
    if isinstance(kind, CountWindow):
        if table.timestamp is not None:
            return _by_count(kind.rows, table, fragments, selector)
        return _by_row(kind.rows, table, fragments, selector)
    names: dict[str, list[str]] = {}
    for fragment in fragments:
        name = partition_of(fragment, partition) if isinstance(kind, PartitionWindow) else fragment.id
        if name is not None:
            names.setdefault(name, []).append(fragment.id)
    return _by_fragment({name: frozenset(names[name]) for name in sorted(names)}, table, fragments, selector)


def _by_calendar(
    kind: TimeWindow, zone: str, table: Table, fragments: Sequence[Fragment], selector: Selector
) -> tuple[ReferencePart, ...]:
    import numpy as np

    rows: dict[int, int] = {}
    low, high = _OPEN, -_OPEN
    for fragment in fragments:
        for times, _ in _times(table, fragment, selector):
            if not len(times):
                continue
            slots, counts = np.unique(calendar.slots(times, kind.count, kind.unit, zone), return_counts=True)
            for slot, count in zip(slots.tolist(), counts.tolist(), strict=True):
                rows[slot] = rows.get(slot, 0) + count
            low, high = min(low, int(times.min())), max(high, int(times.max()))
    found: list[ReferencePart] = []
    for slot in sorted(rows):
        begin = calendar.start_of(slot, kind.count, kind.unit, zone)
        end = calendar.start_of(slot + 1, kind.count, kind.unit, zone)
        a, b = to_micros(begin), to_micros(end)
        slack = (b - a) * LATE
        cut_low = a < selector.low if selector.timed and selector.low > -_OPEN else low > a + slack
        cut_high = b > selector.high if selector.timed and selector.high < _OPEN else high < b - slack
        if cut_low or cut_high:
            continue
        key = calendar.key_of(slot, kind.count, kind.unit)
        window = Window(key, len(found), begin, end, rows[slot])
        found.append(ReferencePart(window, Selector(a, b, timed=True, only=selector.only)))
    return tuple(found)


def _by_count(size: int, table: Table, fragments: Sequence[Fragment], selector: Selector) -> tuple[ReferencePart, ...]:
    import numpy as np

    times = [times for fragment in fragments for times, _ in _times(table, fragment, selector)]
    ordered = np.sort(np.concatenate([np.empty(0, np.int64), *times]))
    starts, numbers = count_starts(ordered, size)
    ends = [*starts[1:], int(ordered[-1]) + 1] if len(ordered) else []
    found: list[ReferencePart] = []
    for start, end, number, after in zip(starts, ends, numbers, [*numbers[1:], len(ordered)], strict=True):
        if after - number < size:
            continue
        window = Window(f"rows-{number:09d}", len(found), from_micros(start), from_micros(end), after - number)
        found.append(ReferencePart(window, Selector(start, end, timed=True, only=selector.only)))
    return tuple(found)


def _by_row(size: int, table: Table, fragments: Sequence[Fragment], selector: Selector) -> tuple[ReferencePart, ...]:
    """Windows by count of rows without a time: in order of file and row."""
    offsets: dict[str, int] = {}
    total = 0
    for fragment in fragments:
        offsets[fragment.id] = total
        total += sum(chunk.rows for chunk in table.chunks(fragment, LIGHT))
    first, last = (0, total) if selector.rows is None else (selector.rows[0], min(total, selector.rows[1]))
    found = []
    for order, number in enumerate(range(first, last - size + 1, size)):
        window = Window(f"rows-{number - first:09d}", order, None, None, size)
        rows = Selector(rows=(number, number + size), offsets=offsets, only=selector.only)
        found.append(ReferencePart(window, rows))
    return tuple(found)


def _by_fragment(
    names: Mapping[str, frozenset[str]], table: Table, fragments: Sequence[Fragment], selector: Selector
) -> tuple[ReferencePart, ...]:
    """A window for each file or partition value that has rows of the reference."""
    by_id = {fragment.id: fragment for fragment in fragments}
    found: list[ReferencePart] = []
    for name, members in names.items():
        rows, low, high = 0, _OPEN, -_OPEN
        for member in sorted(members):
            for times, count in _times(table, by_id[member], selector):
                rows += count
                if len(times):
                    low, high = min(low, int(times.min())), max(high, int(times.max()))
        if not rows:
            continue
        bounds: tuple[datetime | None, datetime | None] = (None, None)
        if low <= high:
            bounds = from_micros(low), from_micros(high + 1)
        window = Window(name, len(found), *bounds, rows)
        only = Selector(selector.low, selector.high, selector.timed, selector.rows, selector.offsets, members)
        found.append(ReferencePart(window, only))
    return tuple(found)


def _times(table: Table, fragment: Fragment, selector: Selector) -> list[tuple[np.ndarray, int]]:
    """(known times of the reference's rows, number of its rows), chunk by chunk; a file that cannot be read has none:
    the scan of the reference has said so."""
    import numpy as np

    found = []
    try:
        for chunk in table.chunks(fragment, LIGHT):
            mask = selector.mask(fragment.id, chunk.first_row, chunk.rows, chunk.time)
            times = np.empty(0, np.int64)
            if chunk.time is not None:
                times = chunk.time[mask & (chunk.time != MISSING)]
            if mask.any():
                found.append((times, int(mask.sum())))
    except Exception:
        return found
    return found
