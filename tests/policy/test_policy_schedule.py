"""When a schedule is due: once for all that was missed, right where clocks change, and cheap after years."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.policy.schedule import due, next_after

PARIS = "Europe/Paris"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def brute(expression, zone, served, now):
    """Every instant in (served, now], minute by minute: what the clock shows is held against the calendar alone."""
    from cronsim import CronSim

    place, minute = ZoneInfo(zone), timedelta(minutes=1)
    at = served.replace(second=0) + minute
    shown = set()
    for match in CronSim(expression, (served - timedelta(days=2)).replace(tzinfo=None)):
        if match > now.replace(tzinfo=None) + timedelta(days=2):
            break
        shown.add(match)
    fixed = "*" not in [part[0] for part in expression.split()[:2]]
    found = []
    while at <= now:
        local = at.astimezone(place)
        clock, last = local.replace(tzinfo=None), (at - minute).astimezone(place).replace(tzinfo=None)
        hit = clock in shown and not (fixed and local.fold)
        skipped = [last + minute * n for n in range(1, int((clock - last) / minute))]
        if hit or (fixed and shown.intersection(skipped)):
            found.append(at)
        at += minute
    return found


@pytest.mark.parametrize(
    ("expression", "zone", "served", "now", "expected"),
    [
        ("0 3 * * *", "UTC", "2026-03-01 03:00", "2026-03-02 02:59:59.999999", None),
        ("0 3 * * *", "UTC", "2026-03-01 03:00", "2026-03-02 03:00", "2026-03-02 03:00"),  # now itself counts
        ("0 3 * * *", "UTC", "2026-03-02 03:00", "2026-03-02 03:00", None),  # what is served does not
        ("0 3 * * *", "UTC", "2026-03-01 03:00", "2026-03-09 12:00", "2026-03-09 03:00"),  # eight missed, one due
        ("0 3 * * *", PARIS, "2026-03-01 00:00", "2026-03-01 12:00", "2026-03-01 02:00"),
        ("* * * * *", "UTC", "1990-01-01 00:00", "2026-03-01 12:00:30.5", "2026-03-01 12:00"),
        ("*/7 * * * * *", "UTC", "1990-01-01 00:00", "2026-03-01 12:00:30.5", "2026-03-01 12:00:28"),  # seconds first
        ("0 3 1 * *", "UTC", "2026-03-01 03:00", "2026-03-31 23:59", None),
        # A clock set back.
        ("* * * * *", "UTC", "2026-03-01 12:00", "2026-02-01 00:00", None),
        # Spring in Paris: 02:00 to 03:00 is skipped on 29 March 2026. What lies in it comes right after.
        ("30 2 * * *", PARIS, "2026-03-28 12:00", "2026-03-29 00:59:59", None),
        ("30 2 * * *", PARIS, "2026-03-28 12:00", "2026-03-29 01:00", "2026-03-29 01:00"),
        ("30 2 * * *", PARIS, "2026-03-29 01:00", "2026-03-29 12:00", None),
        ("30 2 * * *", PARIS, "2026-03-29 01:00", "2026-03-30 12:00", "2026-03-30 00:30"),
        ("*/30 2 * * *", PARIS, "2026-03-28 12:00", "2026-03-29 12:00", None),  # a star follows the clock
        # Autumn: 02:00 to 03:00 comes twice on 25 October 2026 (00:00 to 02:00 UTC). What lies in it comes once.
        ("30 2 * * *", PARIS, "2026-10-24 12:00", "2026-10-25 00:29", None),
        ("30 2 * * *", PARIS, "2026-10-24 12:00", "2026-10-25 00:30", "2026-10-25 00:30"),
        ("30 2 * * *", PARIS, "2026-10-24 12:00", "2026-10-25 01:10", "2026-10-25 00:30"),  # in the second 02:10
        ("30 2 * * *", PARIS, "2026-10-25 00:30", "2026-10-25 12:00", None),
        ("30 * * * *", PARIS, "2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 01:30"),
        # The leap day.
        ("0 0 29 2 *", "UTC", "2021-01-01 00:00", "2024-02-28 23:59", None),
        ("0 0 29 2 *", "UTC", "2021-01-01 00:00", "2024-02-29 00:00", "2024-02-29 00:00"),
        ("0 0 29 2 *", "UTC", "2021-01-01 00:00", "2027-12-31 00:00", "2024-02-29 00:00"),
        ("0 0 L * *", PARIS, "2026-02-01 00:00", "2026-03-01 12:00", "2026-02-27 23:00"),
    ],
)
def test_the_newest_that_was_not_served(expression, zone, served, now, expected):
    found = due(expression, zone, utc(served), utc(now))
    assert found == (None if expected is None else utc(expected))
    assert found is None or found.tzinfo is UTC


FIELD = {
    "minute": st.sampled_from(["0", "30", "59", "*/20", "*", "5,45"]),
    "hour": st.sampled_from(["0", "1", "2", "3", "23", "*", "*/6", "1-3"]),
    "day": st.sampled_from(["*", "*", "1", "29", "L", "*/10"]),
    "month": st.sampled_from(["*", "*", "3", "2,10"]),
    "weekday": st.sampled_from(["*", "*", "SUN", "MON-FRI"]),
}
# Days on which clocks change: an hour, half an hour, at midnight, two hours, a whole day (Apia skipped 2011-12-30).
CHANGES = [
    (PARIS, utc("2026-03-29 01:00")),
    (PARIS, utc("2026-10-25 01:00")),
    ("Australia/Lord_Howe", utc("2026-04-04 15:00")),
    ("Australia/Lord_Howe", utc("2026-10-03 15:30")),
    ("America/Sao_Paulo", utc("2018-11-04 03:00")),
    ("America/Sao_Paulo", utc("2018-02-18 02:00")),
    ("Antarctica/Troll", utc("2026-03-29 01:00")),
    ("Antarctica/Troll", utc("2026-10-25 01:00")),
    ("Pacific/Apia", utc("2011-12-30 10:00")),
    ("UTC", utc("2024-02-29 00:00")),
]


@settings(max_examples=150, deadline=None)
@given(
    st.builds(lambda *parts: " ".join(parts), *FIELD.values()),
    st.sampled_from(CHANGES),
    st.integers(-36 * 60, 36 * 60),
    st.integers(0, 72 * 60),
)
@example("30 2 * * *", CHANGES[1], 10, 1440)
@example("30 2 * * *", CHANGES[0], 0, 1440)
@example("0 0 * * *", CHANGES[4], 0, 1440)
def test_it_is_the_last_of_all_one_by_one(expression, change, offset, back):
    zone, moment = change
    now = moment + timedelta(minutes=offset)
    served = now - timedelta(minutes=back)
    everything = brute(expression, zone, served, now)
    assert due(expression, zone, served, now) == (everything[-1] if everything else None)


@settings(max_examples=150, deadline=None)
@given(
    st.builds(lambda *parts: " ".join(parts), *FIELD.values()),
    st.sampled_from(CHANGES),
    st.integers(-36 * 60, 36 * 60),
)
@example("0 2 * * *", CHANGES[7], 0)
def test_the_next_one_is_after_now_and_is_due_when_it_comes(expression, change, offset):
    zone, moment = change
    now = moment + timedelta(minutes=offset)
    coming = next_after(expression, zone, now)
    assert coming > now
    assert due(expression, zone, now, coming) == coming
    assert due(expression, zone, now, coming - timedelta(microseconds=1)) is None


@pytest.mark.parametrize("expression", ["* * * * *", "* * * * * *", "0 3 1 * *", "0 0 29 2 *", "30 2 * * SUN"])
def test_years_cost_no_more_than_minutes(expression):
    now = utc("2026-10-25 12:00:00.25")
    began = time.process_time()
    for _ in range(20):
        due(expression, PARIS, utc("1980-01-01 00:00"), now)
        next_after(expression, PARIS, now)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("expression", ["", "61 * * * *", "x", "0 0 31 2 *", "0 0 30 2 * *"])
def test_what_is_no_schedule_is_refused_in_words(expression):
    for call in (
        lambda: due(expression, "UTC", utc("2026-01-01"), utc("2026-02-01")),
        lambda: next_after(expression, "UTC", utc("2026-01-01")),
    ):
        with pytest.raises(ConfigError) as caught:
            call()
        assert repr(expression) in caught.value.message and caught.value.hint


def test_a_schedule_that_never_comes_ends():
    with pytest.raises(ConfigError, match="never comes"):
        next_after("0 0 */31 * MON#5", "UTC", utc("2026-01-01"))
    assert due("0 0 */31 * MON#5", "UTC", utc("1990-01-01"), utc("2026-01-01")) is None
