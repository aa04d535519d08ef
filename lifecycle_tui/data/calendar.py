"""Calendar windows as whole numbers: which one an instant falls into, what it is called, when it begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lifecycle_tui.data.zones import DAY, SECOND, to_local, to_micros
from lifecycle_tui.domain.windows import TimeUnit

if TYPE_CHECKING:
    import numpy as np

_FIXED = {"minute": 60 * SECOND, "hour": 3600 * SECOND}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_MONDAY = 3
"""1970-01-01 was a Thursday: days + 3 count from a Monday."""
_YEAR_ZERO = 1970 * 12
_EPOCH_DATE = datetime(1970, 1, 1).toordinal()


def slots(time: np.ndarray, count: int, unit: TimeUnit, timezone: str) -> np.ndarray:
    """(n,) int64 numbers of the windows that UTC microseconds fall into; consecutive windows have consecutive numbers.

    Minutes and hours are cut in UTC (a wall clock repeats an hour in autumn), longer units by the zone's calendar.
    """
    import numpy as np

    if unit in _FIXED:
        return time // (_FIXED[unit] * count)
    days = to_local(time, timezone) // DAY
    if unit == "day":
        return days // count
    if unit == "week":
        return (days + _MONDAY) // (7 * count)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return (months + _YEAR_ZERO) // (_MONTHS[unit] * count)


def start_of(slot: int, count: int, unit: TimeUnit, timezone: str) -> datetime:
    """When window `slot` begins, in UTC. Its end is the start of `slot + 1`."""
    if unit in _FIXED:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=slot * _FIXED[unit] * count)
    year, month, day = _first_day(slot, count, unit)
    local = datetime(year, month, day, tzinfo=ZoneInfo(timezone))
    return local.astimezone(UTC)


def key_of(slot: int, count: int, unit: TimeUnit) -> str:
    """The sortable name of window `slot`: its start, as precise as its unit."""
    if unit in _FIXED:
        start = start_of(slot, count, unit, "UTC")
        return start.strftime("%Y-%m-%dT%H" if unit == "hour" else "%Y-%m-%dT%H:%M")
    year, month, day = _first_day(slot, count, unit)
    if unit == "year":
        return f"{year:04d}"
    if unit == "quarter":
        return f"{year:04d}-Q{(month + 2) // 3}"
    return f"{year:04d}-{month:02d}" if unit == "month" else f"{year:04d}-{month:02d}-{day:02d}"


def _first_day(slot: int, count: int, unit: TimeUnit) -> tuple[int, int, int]:
    if unit in _MONTHS:
        months = slot * _MONTHS[unit] * count
        return months // 12, months % 12 + 1, 1
    days = slot * count if unit == "day" else slot * 7 * count - _MONDAY
    date = datetime.fromordinal(_EPOCH_DATE + days)
    return date.year, date.month, date.day


def slot_of(instant: datetime, count: int, unit: TimeUnit, timezone: str) -> int:
    """The number of the window that `instant` falls into."""
    import numpy as np

    return int(slots(np.array([to_micros(instant)], dtype=np.int64), count, unit, timezone)[0])
