"""A moment as people write it: what each form means, and that anything else is refused with the forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.moments import FORMS, days, understood

NOW = datetime(2026, 3, 31, 14, 30, tzinfo=UTC)
"""A Tuesday."""
END = {"hour": 23, "minute": 59, "second": 59, "microsecond": 999_999}


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2026-03-14 09:00", datetime(2026, 3, 14, 9)),
        ("2026-03-14T09:00", datetime(2026, 3, 14, 9)),
        ("2026-03-14T09:00+02:00", datetime(2026, 3, 14, 7)),
        ("2026-03-14 09:00:30", datetime(2026, 3, 14, 9, 0, 30)),
        ("2026-03-14T09:00Z", datetime(2026, 3, 14, 9)),
        ("2026-03-14", datetime(2026, 3, 14, **END)),
        ("2026-02", datetime(2026, 2, 28, **END)),
        ("2026-03", datetime(2026, 3, 31, 14, 30)),
        ("2027-01-01", datetime(2027, 1, 1, **END)),
        ("now", datetime(2026, 3, 31, 14, 30)),
        ("today", datetime(2026, 3, 31, 14, 30)),
        ("2026-03-31", datetime(2026, 3, 31, 14, 30)),
        ("  YESTERDAY ", datetime(2026, 3, 30, **END)),
        ("yesterday 18:00", datetime(2026, 3, 30, 18)),
        ("yesterday at 18:00", datetime(2026, 3, 30, 18)),
        ("today 09:15", datetime(2026, 3, 31, 9, 15)),
        ("09:00", datetime(2026, 3, 31, 9)),
        ("20:00", datetime(2026, 3, 30, 20)),
        ("3 days ago", datetime(2026, 3, 28, 14, 30)),
        ("1 day ago", datetime(2026, 3, 30, 14, 30)),
        ("3d ago", datetime(2026, 3, 28, 14, 30)),
        ("90 min ago", datetime(2026, 3, 31, 13)),
        ("an hour ago", datetime(2026, 3, 31, 13, 30)),
        ("two weeks ago", datetime(2026, 3, 17, 14, 30)),
        ("a month ago", datetime(2026, 2, 28, 14, 30)),
        ("2 years ago", datetime(2024, 3, 31, 14, 30)),
        ("friday", datetime(2026, 3, 27, **END)),
        ("last friday", datetime(2026, 3, 27, **END)),
        ("last fri 17:00", datetime(2026, 3, 27, 17)),
        ("tuesday", datetime(2026, 3, 24, **END)),
        ("monday", datetime(2026, 3, 30, **END)),
        ("last week", datetime(2026, 3, 29, **END)),
        ("last month", datetime(2026, 2, 28, **END)),
        ("this month", datetime(2026, 3, 31, 14, 30)),
    ],
)
def test_what_a_moment_means(text: str, means: datetime) -> None:
    assert understood(text, NOW) == means.replace(tzinfo=UTC)


def test_every_form_that_is_named_is_understood() -> None:
    for form in FORMS.split(", "):
        assert understood(form, NOW).tzinfo is UTC, form
        assert understood(form, NOW) <= NOW, form


@pytest.mark.parametrize(
    "text",
    ["", "soon", "last", "3 fortnights ago", "25:00", "2026-13", "2026-02-30", "999999 years ago", "-3 days ago",
     "0001-01-01T00:00+14:00", "yesterday 25:00", "12", "tomorrow", "three", "[b]", "\x1b[2J"],
)  # fmt: skip
def test_what_is_not_understood_says_what_is(text: str) -> None:
    with pytest.raises(UsageError, match="is no instant") as found:
        understood(text, NOW)
    assert FORMS in (found.value.hint or "")


def test_now_in_another_zone_and_the_turn_of_the_year() -> None:
    there = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert understood("yesterday", there) == datetime(2025, 12, 30, **END, tzinfo=UTC)
    assert understood("last month", datetime(2026, 1, 5, tzinfo=UTC)) == datetime(2025, 12, 31, **END, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("yesterday", datetime(2026, 3, 30), datetime(2026, 3, 31)),
        ("today", datetime(2026, 3, 31), datetime(2026, 4, 1)),
        ("last friday", datetime(2026, 3, 27), datetime(2026, 3, 28)),
        ("2026-03-14", datetime(2026, 3, 14), datetime(2026, 3, 15)),
        ("2026-12", datetime(2026, 12, 1), datetime(2027, 1, 1)),
        ("last week", datetime(2026, 3, 23), datetime(2026, 3, 30)),
        ("this week", datetime(2026, 3, 30), datetime(2026, 4, 6)),
        ("last month", datetime(2026, 2, 1), datetime(2026, 3, 1)),
    ],
)
def test_a_day_as_a_whole(text: str, since: datetime, until: datetime) -> None:
    assert days(text, NOW) == (since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))


@pytest.mark.parametrize("text", ["3 days ago", "09:00", "now", "", "psi"])
def test_what_is_no_day(text: str) -> None:
    assert days(text, NOW) is None
