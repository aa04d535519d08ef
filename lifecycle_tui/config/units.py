"""The little languages inside values: durations, windows, rates, dates, zones, cron. Called by `values`.

Each parser takes what TOML gave and returns a value, or raises `BadValueError` with a sentence and a hint.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from lifecycle_tui.domain.nearest import meant, nearest
from lifecycle_tui.domain.specs import Rate
from lifecycle_tui.domain.windows import CountWindow, FileWindow, PartitionWindow, TimeUnit, TimeWindow, WindowSpec


class BadValueError(Exception):
    """A value that cannot be meant: what is wrong, and what to write."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


_DURATION_UNITS = {
    name: seconds
    for names, seconds in (
        ("s sec secs second seconds", 1),
        ("m min mins minute minutes", 60),
        ("h hr hrs hour hours", 3600),
        ("d day days", 86400),
        ("w week weeks", 7 * 86400),
    )
    for name in names.split()
}
_WINDOW_UNITS: dict[str, TimeUnit] = {
    **dict.fromkeys(("m", "min", "minute", "minutes"), "minute"),
    **dict.fromkeys(("h", "hour", "hours"), "hour"),
    **dict.fromkeys(("d", "day", "days"), "day"),
    **dict.fromkeys(("w", "week", "weeks"), "week"),
    **dict.fromkeys(("month", "months"), "month"),
    **dict.fromkeys(("quarter", "quarters"), "quarter"),
    **dict.fromkeys(("y", "year", "years"), "year"),
}
_AMOUNT = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,12})?)\s*([A-Za-z]+)")
_WINDOW = re.compile(r"([0-9]{1,12})\s*([A-Za-z]+)\Z")
_RATE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)\s+per\s+(.+)\Z")
_LONGEST = timedelta(days=365_000)
_MOST_UNITS = 10_000

_DURATION_HINT = 'write a number and a unit: "90s", "10m", "2h", "30d", "1w"'
_WINDOW_HINT = 'write "1d", "15 minutes", "1 month", "5000 rows", "partition" or "file"'


def _near(amount: str, word: str, units: dict[str, Any]) -> str:
    """The hint for an unknown unit: the amount with the unit that was probably meant."""
    found = nearest(word, [unit for unit in units if len(unit) > 2])
    if found and amount != "1" and f"{found}s" in units:
        found += "s"
    return f'did you mean "{amount} {found}"?' if found else ""


def duration(value: Any) -> timedelta:
    """`"30d"`, `"2h"`, `"1 day"`, `"1h 30m"` as a span of time; days are 24 hours."""
    if not isinstance(value, str):
        what = f'"{value}d"' if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
        raise BadValueError(
            "must be a duration in quotes, with a unit", f"did you mean {what}?" if what else _DURATION_HINT
        )
    seconds, position = 0.0, 0
    while match := _AMOUNT.match(value, position):
        unit = match.group(2)
        # "M" is not "m": it means months to many, and a month has no fixed length.
        known = _DURATION_UNITS.get(unit if len(unit) == 1 else unit.lower())
        if known is None:
            raise BadValueError(
                f"{unit!r} is no unit of duration",
                _near(match.group(1), unit, _DURATION_UNITS) or _DURATION_HINT,
            )
        seconds += float(match.group(1)) * known
        position = match.end()
    if not value.strip() or value[position:].strip():
        raise BadValueError(f"{value!r} is not a duration", _DURATION_HINT)
    if seconds > _LONGEST.total_seconds():
        raise BadValueError("is longer than a thousand years", _DURATION_HINT)
    return timedelta(seconds=seconds)


def positive_duration(value: Any) -> timedelta:
    """As `duration`, and more than nothing."""
    found = duration(value)
    if found <= timedelta(0):
        raise BadValueError("must be longer than zero", _DURATION_HINT)
    return found


def history(value: Any) -> timedelta | date | datetime | None:
    """What training looks back on: a span, the date that it begins at, or None for `"all"`."""
    if value == "all":
        return None
    if isinstance(value, date):
        return value
    try:
        return positive_duration(value)
    except BadValueError as exc:
        raise BadValueError(exc.message, 'write a span ("180d"), a date (2025-01-01) or "all"') from None


def window(value: Any) -> WindowSpec:
    """A window as written; `grace` is added by the caller."""
    if not isinstance(value, str):
        raise BadValueError("must be a window in quotes", _WINDOW_HINT)
    text = value.strip()
    if text == "partition":
        return PartitionWindow()
    if text == "file":
        return FileWindow()
    match = _WINDOW.match(text)
    if match is None:
        again = f'did you mean "1 {text}"?' if text in _WINDOW_UNITS else meant(text, ("partition", "file"))
        raise BadValueError(f"{value!r} is not a window", again or _WINDOW_HINT)
    count, unit = int(match.group(1)), match.group(2)
    if count < 1:
        raise BadValueError("a window has at least one of its unit", _WINDOW_HINT)
    if unit.lower() in ("row", "rows"):
        return CountWindow(count)
    return TimeWindow(count, _window_unit(unit, count))


def _window_unit(unit: str, count: int) -> TimeUnit:
    known = _WINDOW_UNITS.get(unit if len(unit) == 1 else unit.lower())
    if known is None:
        if _DURATION_UNITS.get(unit.lower()) == 1:
            raise BadValueError("windows are minutes or longer", 'write "1 minute" or more')
        if unit in ("M", "mo", "mon"):
            raise BadValueError(
                f"{unit!r} is no unit of time here", f'write "{count} month" for months, "{count}m" for minutes'
            )
        raise BadValueError(f"{unit!r} is no unit of windows", _near(str(count), unit, _WINDOW_UNITS) or _WINDOW_HINT)
    if count > _MOST_UNITS:
        raise BadValueError(f"a window of {count} {known}s is too long", _WINDOW_HINT)
    return known


def rate(value: Any) -> Rate:
    """`"1 per 7d"`, `"2 per day"`: so many per so long."""
    hint = 'write "1 per 7d"'
    if not isinstance(value, str) or not (match := _RATE.match(value.strip())):
        raise BadValueError("must be so many per so long, in quotes", hint)
    per = match.group(2)
    if per.lower() in _DURATION_UNITS:
        per = f"1 {per}"
    try:
        span = positive_duration(per)
    except BadValueError as exc:
        raise BadValueError(f"{per!r} is not a duration", hint) from exc
    if float(match.group(1)) <= 0:
        raise BadValueError("must be more than zero", hint)
    return Rate(float(match.group(1)), span)


def moment(value: Any) -> date | datetime:
    """A date or a date with a time, as TOML's own or as text in ISO form."""
    hint = "write a date without quotes: 2025-01-31, or 2025-01-31T12:00:00"
    if isinstance(value, str):
        for parse in (date.fromisoformat, datetime.fromisoformat):
            try:
                return parse(value.strip())
            except ValueError:
                continue
        raise BadValueError(f"{value!r} is not a date", hint)
    if isinstance(value, date):  # datetime is one too
        return value
    raise BadValueError("must be a date", hint)


def instant(value: date | datetime, zone: str, *, through: bool = False) -> datetime:
    """A date or time as an instant in UTC. One without an offset is in `zone`.

    Args:
        through: a plain date then means the end of that day, that is, the start of the next.

    Raises:
        BadValueError: if the calendar does not reach that far.
    """
    try:
        if not isinstance(value, datetime):
            if through:
                value = value + timedelta(days=1)
            value = datetime.combine(value, time.min)
        if value.tzinfo is None:
            value = value.replace(tzinfo=ZoneInfo(zone))
        return value.astimezone(UTC)
    except OverflowError:
        raise BadValueError("is too far from now") from None


def zone(value: Any) -> str:
    """A time zone's IANA name."""
    if not isinstance(value, str):
        raise BadValueError('must be the name of a time zone, e.g. "Europe/Paris"')
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        names = {name.lower(): name for name in available_timezones()}
        close = nearest(value.replace(" ", "_"), names.values())
        hint = f'did you mean "{close}"?' if close else 'names are like "Europe/Paris" or "UTC"'
        raise BadValueError(f"{value!r} is no known time zone", hint) from None
    return value


def cron(value: Any) -> str:
    """A cron expression that has a next time."""
    hint = 'minute, hour, day of month, month, day of week: "0 3 1 * *" is 03:00 on the first of each month'
    if not isinstance(value, str):
        raise BadValueError("must be a cron schedule in quotes", hint)
    from cronsim import CronSim, CronSimError

    try:
        next(CronSim(value, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as exc:
        raise BadValueError(f"{value!r} is no cron schedule: {exc}", hint) from None
    except StopIteration:
        raise BadValueError(f"{value!r} never comes", hint) from None
    return value
