"""Dates below a chart or a map: which windows get a label, and how an instant is written there. Called by the panes.

Labels stand at the calendar's own boundaries (midnight, the first of a month), so that one more window leaves them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

APART = 10
"""Cells from the beginning of one label to that of the next, at least."""
DAY = timedelta(days=1)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Tick(NamedTuple):
    """A label, and the number of the window at which it begins."""

    at: int
    text: str


class _Level(NamedTuple):
    """Boundaries of the calendar: `of` numbers the span that an instant lies in, `text` writes a boundary."""

    length: timedelta
    of: Callable[[datetime], int]
    text: Callable[[datetime], str]


def _hours(n: int) -> _Level:
    return _Level(timedelta(hours=n), lambda t: (t.toordinal() * 24 + t.hour) // n, _hour)


def _months(n: int) -> _Level:
    return _Level(28 * n * DAY, lambda t: (t.year * 12 + t.month - 1) // n, _month)


def _hour(t: datetime) -> str:
    return day(t) if t.hour == 0 and t.minute == 0 else f"{t:%H:%M}"


def _month(t: datetime) -> str:
    return f"{t.year}" if t.month == 1 else MONTHS[t.month - 1]


def day(t: datetime) -> str:
    """`Jan 26`."""
    return f"{MONTHS[t.month - 1]} {t.day}"


_LEVELS = (
    *(_hours(n) for n in (1, 2, 3, 6, 12)),
    _Level(DAY, datetime.toordinal, day),
    _Level(2 * DAY, lambda t: t.toordinal() // 2, day),
    # Ordinal 1 was a Monday: weeks begin there.
    _Level(7 * DAY, lambda t: (t.toordinal() - 1) // 7, day),
    _Level(14 * DAY, lambda t: (t.toordinal() - 1) // 14, day),
    *(_months(n) for n in (1, 3, 6)),
    *(_Level(360 * n * DAY, lambda t, n=n: t.year // n, lambda t: f"{t.year}") for n in (1, 2, 5, 10)),  # type: ignore[misc]
)
"""From the finest to the coarsest."""


def spacing(starts: Sequence[datetime]) -> timedelta:
    """How far apart windows usually begin: the median; a day where there is one window."""
    steps = sorted(b - a for a, b in pairwise(starts))
    return steps[len(steps) // 2] if steps else DAY


def named(start: datetime, step: timedelta, *, year: bool = False) -> str:
    """One window's own label: `Jan 26 14:00`, `Jan 26` or `Jan 2026`, as fine as windows `step` apart need it."""
    if step >= 27 * DAY:
        return f"{MONTHS[start.month - 1]} {start.year}"
    date = f"{day(start)} {start.year}" if year else day(start)
    return date if step >= DAY and start.hour == 0 else f"{date} {start:%H:%M}"


def ticks(starts: Sequence[datetime], at: Sequence[int]) -> tuple[Tick, ...]:
    """The windows that get a label: the first of each span of the finest calendar unit whose labels have room.

    Args:
        starts: of the windows, oldest first; at: their cells, equally long.
    """
    step = spacing(starts)
    for level in _LEVELS:
        if level.length < step * 0.9:
            continue
        first = [n for n in range(1, len(starts)) if level.of(starts[n]) != level.of(starts[n - 1])]
        if all(at[b] - at[a] >= APART for a, b in pairwise(first)):
            return tuple(Tick(n, level.text(starts[n])) for n in first)
    return ()
