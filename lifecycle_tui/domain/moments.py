"""A moment as a person writes it: `2026-03-14 09:00`, `yesterday`, `3 days ago`, `last friday`. Pure.

Called by `lifecycle history`, `lifecycle audit` and the terminal's "as of" line; `now` is the clock of the workspace,
which may be a simulated one. A day, week, month or year without a time of day means through its end, but never beyond
now: "yesterday" is all of yesterday, "today" is up to this moment.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from lifecycle_tui.domain.errors import UsageError

FORMS = "2026-03-14 09:00, 2026-03-14, 2026-03, 09:00, now, today, yesterday 18:00, 3 days ago, last friday, last month"
"""What is understood, an example of each."""
HINT = f"understood: {FORMS}; in UTC unless an offset (+02:00) says otherwise"

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {
    "s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600, "hr": 3600, "hour": 3600,
    "d": 86_400, "day": 86_400, "w": 604_800, "week": 604_800,
}  # fmt: skip
"""Seconds; months and years are counted on the calendar."""
_MONTHS = {"mo": 1, "month": 1, "y": 12, "yr": 12, "year": 12}
_AGO = re.compile(r"(\d{1,6}|an?|one|two|three)\s*([a-z]+?)s?\s+ago", re.ASCII)
_FEW = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3}
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_TIME = re.compile(r"(?:(.*?)[ ,]+)?(?:at )?(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)


def understood(text: str, now: datetime) -> datetime:
    """The instant, in UTC.

    Raises:
        UsageError: it is none of the forms, or out of reach; the hint names the forms.
    """
    words = " ".join(text.casefold().split())
    try:
        found = _relative(words, now.astimezone(UTC))
        return _absolute(" ".join(text.split())) if found is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{text.strip()!r} is no instant", hint=HINT) from None


def days(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """The span that a word for a day, week or month means, [from, until); None where it is no such word.

    So `yesterday` can be asked for as a whole.
    """
    words = " ".join(text.casefold().split())
    now = now.astimezone(UTC)
    if (month := _MONTH.fullmatch(words)) is not None:
        return _months(int(month[1]), int(month[2]))
    if words in ("this month", "last month"):
        back = 0 if words.startswith("this") else 1
        return _months(*_counted(now.year, now.month, -back))
    if words in ("this week", "last week"):
        monday = now.date() - timedelta(days=now.weekday() + (7 if words.startswith("last") else 0))
        return _midnight(monday), _midnight(monday + timedelta(days=7))
    day = _day(words, now)
    return None if day is None else (_midnight(day), _midnight(day + timedelta(days=1)))


def _relative(words: str, now: datetime) -> datetime | None:
    if words in ("now", "today"):
        return now
    if (ago := _AGO.fullmatch(words)) is not None:
        return _ago(_FEW.get(ago[1]) or int(ago[1]), ago[2], now)
    if (span := days(words, now)) is not None:
        return min(span[1] - timedelta(microseconds=1), now) if span[0] <= now else span[1] - timedelta(microseconds=1)
    at = _TIME.fullmatch(words)
    if at is None:
        return None
    clock = time(int(at[2]), int(at[3]), int(at[4] or 0))
    if not at[1]:
        found = datetime.combine(now.date(), clock, UTC)
        return found if found <= now else found - timedelta(days=1)  # the last time that it was so late
    day = _day(at[1], now)
    return None if day is None else datetime.combine(day, clock, UTC)


def _day(words: str, now: datetime) -> date | None:
    """A single day: a date, today, yesterday, a weekday (the last one before today)."""
    if words in ("today", "yesterday"):
        return now.date() - timedelta(days=words == "yesterday")
    name = words.removeprefix("last ").removeprefix("on ")
    named = [n for n, day in enumerate(_DAYS) if name == day or (len(name) == 3 and day.startswith(name))]
    if named:
        return now.date() - timedelta(days=(now.weekday() - named[0] - 1) % 7 + 1)
    try:
        return date.fromisoformat(words) if len(words) == 10 else None
    except ValueError:
        return None


def _ago(many: int, unit: str, now: datetime) -> datetime:
    if unit in _UNITS:
        return now - timedelta(seconds=many * _UNITS[unit])
    if unit not in _MONTHS:
        raise ValueError(unit)
    year, month = _counted(now.year, now.month, -many * _MONTHS[unit])
    for day in range(now.day, 27, -1):  # 31 March, a month ago, is the last of February
        try:
            return now.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    return now.replace(year=year, month=month)


def _counted(year: int, month: int, more: int) -> tuple[int, int]:
    whole = year * 12 + month - 1 + more
    return whole // 12, whole % 12 + 1


def _months(year: int, month: int) -> tuple[datetime, datetime]:
    return datetime(year, month, 1, tzinfo=UTC), datetime(*_counted(year, month, 1), 1, tzinfo=UTC)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _absolute(text: str) -> datetime:
    """An ISO date or time; a date means through its end, without an offset it is UTC."""
    found = datetime.fromisoformat(text)
    if len(text) <= 10:
        found = datetime.combine(found, time.max)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
