"""What the names of Hive partitions say about time, so that whole folders need not be opened. Used by `rows`.

A partition is pruned only where its name proves that its rows are older than what is asked: `dt=2025-01-01`, or
`year=2025/month=1/day=1`. In a lake that is partitioned by the day of loading that holds too: rows are loaded after
they happened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

_DAYS = ("dt", "ds", "date", "day")
_DATE = re.compile(r"(\d{4})(?:-?(\d{2})(?:-?(\d{2})(?:[T _-]?\d{2}.*)?)?)?")
_MARGIN = timedelta(days=2)
"""Zones differ by up to 26 hours."""


def before(partitions: Mapping[str, str], declared: str | None, begin: datetime) -> bool:
    """Whether the names prove that all rows are older than `begin`.

    Args:
        declared: the column that the model's table names as its partition; else columns that are called for a day.
    """
    end = _end(partitions, declared)
    return end is not None and end + _MARGIN <= begin


def _end(partitions: Mapping[str, str], declared: str | None) -> datetime | None:
    """The first instant (UTC) after the days that the names speak of."""
    names = {name.lower(): value for name, value in partitions.items()}
    own = partitions.get(declared) if declared is not None else None
    if own is not None and (found := _after(*_parts(own))) is not None:
        return found
    for name in _DAYS:
        parts = _parts(names.get(name, ""))
        if parts[2] and (found := _after(*parts)) is not None:
            return found
    if "year" in names:
        year, month, day = names["year"], names.get("month", ""), names.get("day", "")
        return _after(year, month, day if month else "")
    return None


def _parts(text: str) -> tuple[str, str, str]:
    match = _DATE.fullmatch(text)
    return (match[1], match[2] or "", match[3] or "") if match else ("", "", "")


def _after(year: str, month: str, day: str) -> datetime | None:
    try:
        if day:
            return datetime(int(year), int(month), int(day), tzinfo=UTC) + timedelta(days=1)
        if month:
            return datetime(int(year) + int(month) // 12, int(month) % 12 + 1, 1, tzinfo=UTC)
        return datetime(int(year) + 1, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
