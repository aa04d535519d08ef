"""When a schedule is due: the newest instant that was not served, so that a machine that was off catches up once.

`step` asks on every turn of the loop. cronsim searches the calendar on clocks that never change; between two changes of
a zone's clock that is all there is to it, so the search goes from change to change. At a change we do as Debian's cron
does: a time of day that the clock skips comes right after the gap, one that it repeats comes once; a schedule with a
star in minute or hour (or with seconds) just follows the clock. (What cronsim itself finds near a change depends on
where and in which direction it begins.)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from lifecycle_tui.domain.errors import ConfigError

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_LONGEST = timedelta(days=366 * 50)
"""As long as cronsim looks."""


def due(expression: str, zone: str, served: datetime, now: datetime) -> datetime | None:
    """The newest instant of the schedule in (served, now], in UTC; None if there is none.

    However many were missed, it is one instant. A minute and years cost about the same. A clock that was set back (now
    before `served`) makes nothing due.

    Args:
        expression: five fields, as cron has them, or six with seconds first.
        zone: IANA name.
        served, now: aware.

    Raises:
        ConfigError: if the expression is none.
    """
    served, until = served.astimezone(UTC), now.astimezone(UTC).replace(microsecond=0)
    place = ZoneInfo(zone)
    fixed = _fixed(expression)
    while until > served:
        offset = _offset(place, until)
        clock = _find(expression, until + offset, reverse=True)
        if clock is None:
            return None
        found = clock - offset
        change = _change_before(place, until, max(served, found) - _DAY)
        if change is None:
            return found if found > served else None
        before = _offset(place, change - _SECOND)
        # Times of day that came before the change already do not come again.
        if found >= (max(change, change + before - offset) if fixed else change):
            return found if found > served else None
        if change <= served:
            return None
        if fixed and before < offset:
            skipped = _find(expression, change + offset - _SECOND, reverse=True)
            if skipped is not None and skipped >= change + before:
                return change
        until = change - _SECOND
    return None


def next_after(expression: str, zone: str, now: datetime) -> datetime:
    """The first instant of the schedule after `now`, in UTC.

    Raises:
        ConfigError: if the expression is none, or never comes within 50 years.
    """
    since = now.astimezone(UTC).replace(microsecond=0)
    place, end = ZoneInfo(zone), since + _LONGEST
    fixed = _fixed(expression)
    clock = since + _offset(place, since)
    if fixed and (change := _change_before(place, since, since - _DAY)):
        # The time of day may be one that came before that change already.
        clock = max(clock, change + _offset(place, change - _SECOND) - _SECOND)
    while since < end:
        offset = _offset(place, since)
        wall = _find(expression, clock, reverse=False)
        if wall is None:
            break
        change = _change_after(place, since, wall - offset)
        if change is None or wall - offset < change:
            return wall - offset
        after = _offset(place, change)
        if fixed and wall < change + after:
            return change
        # Go on just before the change; repeated times of day come once.
        since, clock = change, (max(change + offset, change + after) if fixed else change + after) - _SECOND
    raise ConfigError(f"the schedule {expression!r} never comes", hint="change schedule in the model's [training]")


def _fixed(expression: str) -> bool:
    """Whether it names times of day (Debian's cron: neither minute nor hour begins with a star)."""
    parts = expression.split()
    return len(parts) == 5 and not parts[0].startswith("*") and not parts[1].startswith("*")


def _find(expression: str, clock: datetime, *, reverse: bool) -> datetime | None:
    """The first match after, or the last one at or before, what a clock shows (in UTC: it never changes)."""
    from cronsim import CronSim, CronSimError

    try:
        # Backward, cronsim takes a time with a fraction of a second as after the whole second.
        search = CronSim(expression, clock.replace(microsecond=1 if reverse else 0), reverse)
        return next(search, None)
    except CronSimError as exc:
        says = f"{expression!r} is no cron schedule: {exc}"
        raise ConfigError(says, hint="change schedule in the model's [training]") from None


def _offset(place: ZoneInfo, instant: datetime) -> timedelta:
    found = instant.astimezone(place).utcoffset()
    assert found is not None
    return found


def _change_before(place: ZoneInfo, last: datetime, first: datetime) -> datetime | None:
    """The newest instant in (first, last] from which on the zone's clock was another than before."""
    later = last
    while later > first:
        earlier = max(first, later - _DAY)
        if _offset(place, earlier) != _offset(place, later):
            return _change(place, earlier, later)
        later = earlier
    return None


def _change_after(place: ZoneInfo, first: datetime, last: datetime) -> datetime | None:
    """The first such instant in (first, last]."""
    earlier = first
    while earlier < last:
        later = min(last, earlier + _DAY)
        if _offset(place, earlier) != _offset(place, later):
            return _change(place, earlier, later)
        earlier = later
    return None


def _change(place: ZoneInfo, earlier: datetime, later: datetime) -> datetime:
    """The second at which the clock changed, given a time before and one after."""
    before = _offset(place, earlier)
    while later - earlier > _SECOND:
        middle = earlier + timedelta(seconds=(later - earlier) // _SECOND // 2)
        earlier, later = (middle, later) if _offset(place, middle) == before else (earlier, middle)
    return later
