"""Durations, windows, rates, dates, zones and cron: what they mean, and what is said of what is none."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.config import units
from lifecycle_tui.domain.specs import Rate
from lifecycle_tui.domain.windows import CountWindow, FileWindow, PartitionWindow, TimeWindow


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30d", 30 * 86400),
        ("2h", 7200),
        ("10m", 600),
        ("90s", 90),
        ("1w", 7 * 86400),
        ("1 day", 86400),
        ("3 hours", 10800),
        ("1h 30m", 5400),
        ("1.5h", 5400),
        ("0d", 0),
        (" 5 MIN ", 300),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert units.duration(text) == timedelta(seconds=seconds)


@given(st.integers(0, 10**5), st.sampled_from(["s", "m", "h", "d"]))
def test_durations_are_exact(count: int, unit: str) -> None:
    assert units.duration(f"{count}{unit}") == count * timedelta(seconds={"s": 1, "m": 60, "h": 3600, "d": 86400}[unit])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1d", TimeWindow(1, "day")),
        ("1 month", TimeWindow(1, "month")),
        ("2 weeks", TimeWindow(2, "week")),
        ("1 quarter", TimeWindow(1, "quarter")),
        ("1 year", TimeWindow(1, "year")),
        ("15 minutes", TimeWindow(15, "minute")),
        ("6h", TimeWindow(6, "hour")),
        ("15m", TimeWindow(15, "minute")),
        ("5000 rows", CountWindow(5000)),
        ("partition", PartitionWindow()),
        ("file", FileWindow()),
    ],
)
def test_windows(text: str, expected: object) -> None:
    assert units.window(text) == expected


@pytest.mark.parametrize(
    ("parse", "value", "message", "hint"),
    [
        ("duration", 30, "unit", '"30d"'),
        ("duration", True, "unit", '"90s"'),
        ("duration", "30", "not a duration", '"30d"'),
        ("duration", "-1d", "not a duration", '"30d"'),
        ("duration", "1 dyas", "'dyas'", '"1 days"'),
        ("duration", "30 dayz", "'dayz'", '"30 days"'),
        ("duration", "1M", "'M'", '"10m"'),
        ("duration", "1d x", "not a duration", ""),
        ("duration", "999999999999w", "thousand years", ""),
        ("positive_duration", "0d", "longer than zero", ""),
        ("window", 1, "in quotes", '"1 month"'),
        ("window", "month", "not a window", '"1 month"'),
        ("window", "1M", "'M'", '"1 month"'),
        ("window", "30s", "minutes or longer", ""),
        ("window", "0d", "at least one", ""),
        ("window", "1 moth", "'moth'", '"1 month"'),
        ("window", "99999 years", "too long", ""),
        ("rate", "1", "so many per so long", "1 per 7d"),
        ("rate", "0 per 7d", "more than zero", ""),
        ("rate", "1 per fortnight", "not a duration", ""),
        ("rate", 3, "so many per so long", ""),
        ("moment", "yesterday", "not a date", "2025-01-31"),
        ("moment", 2011, "must be a date", ""),
        ("zone", "Europe/Pariss", "no known time zone", '"Europe/Paris"'),
        ("zone", "../etc/passwd", "no known time zone", ""),
        ("zone", 1, "name of a time zone", ""),
        ("cron", "61 * * * *", "Bad minute", "day of week"),
        ("cron", "0 0 * *", "Wrong number of fields", ""),
        ("cron", 5, "in quotes", ""),
    ],
)
def test_what_is_none_says_so(parse: str, value: object, message: str, hint: str) -> None:
    with pytest.raises(units.BadValueError) as caught:
        getattr(units, parse)(value)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@given(st.one_of(st.text(max_size=20), st.integers(), st.floats(), st.booleans(), st.none()))
def test_nothing_else_is_raised(value: object) -> None:
    for parse in (units.duration, units.window, units.rate, units.moment, units.zone, units.cron):
        with contextlib.suppress(units.BadValueError):
            parse(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 per 7d", Rate(1.0, timedelta(days=7))),
        ("2 per day", Rate(2.0, timedelta(days=1))),
        ("0.5 per 2 weeks", Rate(0.5, timedelta(days=14))),
    ],
)
def test_rates(text: str, expected: Rate) -> None:
    assert units.rate(text) == expected


@pytest.mark.parametrize(
    ("value", "zone", "through", "expected"),
    [
        (date(2011, 12, 31), "UTC", False, datetime(2011, 12, 31, tzinfo=UTC)),
        (date(2011, 12, 31), "UTC", True, datetime(2012, 1, 1, tzinfo=UTC)),
        (date(2025, 3, 30), "Europe/Paris", True, datetime(2025, 3, 30, 22, tzinfo=UTC)),
        (date(2025, 3, 30), "Europe/Paris", False, datetime(2025, 3, 29, 23, tzinfo=UTC)),
        (datetime(2025, 7, 1, 12), "Europe/Paris", True, datetime(2025, 7, 1, 10, tzinfo=UTC)),
        (datetime(2025, 7, 1, 12, tzinfo=UTC), "Europe/Paris", True, datetime(2025, 7, 1, 12, tzinfo=UTC)),
        (datetime(2025, 7, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo")), "UTC", False, datetime(2025, 7, 1, 3, tzinfo=UTC)),
    ],
)
def test_dates_become_instants_in_the_zone(value: date, zone: str, through: bool, expected: datetime) -> None:
    found = units.instant(value, zone, through=through)
    assert found == expected
    assert found.tzinfo is UTC


def test_a_date_beyond_the_calendar_is_said_to_be() -> None:
    with pytest.raises(units.BadValueError, match="too far"):
        units.instant(date(9999, 12, 31), "UTC", through=True)
