"""Wall clocks and UTC, for whole arrays at once. Used by `times` (reading naive times) and `calendar` (windows).

The offsets come from `zoneinfo`; a zone's changes are found once for each year and kept.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import numpy as np

SECOND = 1_000_000
DAY = 86_400 * SECOND
MISSING = -(2**63)
"""The time of a row that has none."""

EARLIEST = -62_135_596_800 * SECOND + 2 * DAY
LATEST = 253_402_300_800 * SECOND - 2 * DAY
"""Times that Python's calendar can hold in any zone (years 1 to 9999)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970 UTC of an aware datetime."""
    delta = instant - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds


def from_micros(micros: int) -> datetime:
    """The inverse of `to_micros`."""
    return _EPOCH + timedelta(microseconds=int(micros))


def to_local(utc: np.ndarray, timezone: str) -> np.ndarray:
    """Wall-clock microseconds in `timezone` for UTC microseconds. Shapes (n,); MISSING stays MISSING."""
    import numpy as np

    if timezone == "UTC" or not len(utc):
        return utc
    known = utc != MISSING
    if not known.any():
        return utc
    instants, offsets = _changes_over(utc[known], timezone)
    local = utc + offsets[np.searchsorted(instants, utc, side="right")]
    return np.where(known, local, MISSING)


def to_utc(local: np.ndarray, timezone: str) -> tuple[np.ndarray, int, int]:
    """UTC microseconds of wall-clock microseconds, how many fell into a gap, how many were ambiguous.

    As in PEP 495 with fold=0: an ambiguous time is its first occurrence, a time that the clocks skipped is moved
    on by the length of the gap.
    """
    import numpy as np

    if timezone == "UTC" or not len(local):
        return local, 0, 0
    known = local != MISSING
    if not known.any():
        return local, 0, 0
    instants, offsets = _changes_over(local[known], timezone)
    before, after = offsets[:-1], offsets[1:]
    # Until this wall-clock time the old offset holds (through the whole gap, and for the first pass of a fold).
    until = instants + np.maximum(before, after)
    position = np.searchsorted(until, local, side="right")
    utc = np.where(known, local - offsets[position], MISSING)
    gaps = folds = 0
    if len(instants):
        nearest = np.minimum(position, len(instants) - 1)
        begins = instants[nearest] + np.minimum(before, after)[nearest]
        inside = known & (local >= begins) & (local < until[nearest])
        forward = (after > before)[nearest]
        gaps, folds = int((inside & forward).sum()), int((inside & ~forward).sum())
    return utc, gaps, folds


def _changes_over(micros: np.ndarray, timezone: str) -> tuple[np.ndarray, np.ndarray]:
    """Instants (UTC µs) of the zone's changes around `micros`, and the offsets before, between and after them."""
    import numpy as np

    first = max(from_micros(int(micros.min())).year - 1, 1)
    last = min(from_micros(int(micros.max())).year + 1, 9998)
    # Beyond this, rules repeat and no data is real: an absurd date must not cost a loop over millennia.
    years = range(max(first, 1900), min(last, 2200) + 1)
    instants: list[int] = []
    offsets = [_offset(max(_year_start(years[0] if len(years) else first), EARLIEST), timezone)]
    for year in years:
        for instant, offset in _changes(timezone, year):
            instants.append(instant)
            offsets.append(offset)
    return np.array(instants, dtype=np.int64), np.array(offsets, dtype=np.int64)


def _year_start(year: int) -> int:
    return to_micros(datetime(year, 1, 1, tzinfo=UTC))


@lru_cache(maxsize=64)
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)


def _offset(micros: int, timezone: str) -> int:
    offset = from_micros(micros).astimezone(_zone(timezone)).utcoffset()
    assert offset is not None
    return (offset.days * 86_400 + offset.seconds) * SECOND


@lru_cache(maxsize=4096)
def _changes(timezone: str, year: int) -> tuple[tuple[int, int], ...]:
    """(instant, new offset) of each change within a UTC year, to the second."""
    found = []
    step = DAY
    end = _year_start(year + 1)
    at = _year_start(year)
    offset = _offset(at - SECOND, timezone)
    at -= SECOND
    while at < end - SECOND:
        following = min(at + step, end - SECOND)
        new = _offset(following, timezone)
        if new != offset:
            low, high = at // SECOND, following // SECOND
            while high - low > 1:
                middle = (low + high) // 2
                if _offset(middle * SECOND, timezone) == offset:
                    low = middle
                else:
                    high = middle
            found.append((high * SECOND, new))
            offset = new
        at = following
    return tuple(found)
