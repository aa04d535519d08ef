"""How `lifecycle init` tells times, windows and references from the values of columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_tui.data.guess_times import (
    calendar_part,
    guess_counts,
    guess_reference,
    guess_window,
    time_guesses,
    window_starts,
)
from lifecycle_tui.domain.specs import TimestampSpec


def hourly(days: int, start: datetime = datetime(2011, 1, 1)) -> list[datetime]:
    return [start + timedelta(hours=i) for i in range(24 * days)]


# --- times --------------------------------------------------------------------------------------------------

MOMENTS = [datetime(2024, 2, 27, 22, 30, 5) + timedelta(hours=7 * i) for i in range(200)]


@pytest.mark.parametrize(
    "form",
    [
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%d.%m.%Y",
        "%Y/%m/%d %H:%M:%S",
        "%d-%m-%Y %H:%M",
        "%d %b %Y",
        "%b %d, %Y",
        "%m/%d/%y %H:%M",
        "%Y%m%d",
        "%m/%d/%Y %I:%M %p",
    ],
)
def test_formats_of_text(form: str) -> None:
    table = pa.table({"when": [m.strftime(form) for m in MOMENTS]})
    (found,) = time_guesses(table)
    assert found.spec == TimestampSpec(("when",), form)
    assert found.doubt is None


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S+02:00"])
def test_iso_needs_no_format(form: str) -> None:
    (found,) = time_guesses(pa.table({"d": [m.strftime(form) for m in MOMENTS]}))
    assert found.spec == TimestampSpec(("d",))


def test_a_day_and_month_that_nothing_tells_apart() -> None:
    (found,) = time_guesses(pa.table({"d": ["01/01/2024", "02/02/2024", "03/03/2024"] * 20}))
    assert found.doubt is not None and "could also be" in found.doubt


def test_day_or_month_is_told_by_the_order_of_rows() -> None:
    days = [
        date(2024, 1, 1) + timedelta(days=i) for i in range(360) if (date(2024, 1, 1) + timedelta(days=i)).day <= 12
    ]
    for form in ("%d/%m/%Y", "%m/%d/%Y"):
        (found,) = time_guesses(pa.table({"d": [d.strftime(form) for d in days]}))
        assert (found.spec.format, found.doubt) == (form, None)


@pytest.mark.parametrize(("factor", "unit"), [(1, "s"), (10**3, "ms"), (10**6, "us"), (10**9, "ns")])
def test_numbers_since_1970(factor: int, unit: str) -> None:
    (found,) = time_guesses(pa.table({"event_ts": [(1_700_000_000 + 60 * i) * factor for i in range(100)]}))
    assert found.spec == TimestampSpec(("event_ts",), unit=unit)


def test_a_large_number_is_no_time_without_a_name() -> None:
    assert time_guesses(pa.table({"amount": [1_700_000_000 + i for i in range(100)]})) == []


def test_year_month_day_columns() -> None:
    table = pa.table({"year": [2024] * 12, "month": list(range(1, 13)), "day": [3] * 12, "hour": list(range(12))})
    (found,) = time_guesses(table)
    assert found.spec == TimestampSpec(("year", "month", "day", "hour"), "%Y %m %d %H")


def test_a_date_with_the_time_beside_it() -> None:
    table = pa.table({"date": ["2024-01-01", "2024-01-02"] * 5, "time": ["08:30:00", "17:05:59"] * 5})
    (found,) = time_guesses(table)
    assert found.spec == TimestampSpec(("date", "time"), "%Y-%m-%d %H:%M:%S")


def test_text_that_is_no_time() -> None:
    table = pa.table(
        {"zip": ["12345", "99999"] * 9, "word": ["date", "time"] * 9, "phone": ["01/23-45", "02/34-56"] * 9}
    )
    assert time_guesses(table) == []


def test_the_event_comes_before_other_times() -> None:
    days = [date(2024, 1, 1), date(2024, 1, 2)]
    table = pa.table({"birth_date": days, "updated_at": days, "order_date": days, "delivery_date": days})
    assert [g.spec.columns[0] for g in time_guesses(table)][:1] == ["order_date"]


@pytest.mark.parametrize(
    ("part", "of"),
    [
        ("year", lambda t: t.year - 2000),
        ("month", lambda t: 13 - t.month),
        ("day of the week", lambda t: (t.weekday() + 3) % 7),
    ],
)
def test_columns_that_repeat_the_calendar(part: str, of: Callable[[datetime], int]) -> None:
    times = hourly(800)
    instants = np.array(times, dtype="datetime64[us]")
    codes = np.array([of(t) for t in times], dtype=np.int64)
    assert calendar_part(codes, instants) == part
    codes[5] += 1
    assert calendar_part(codes, instants) is None


# --- windows ------------------------------------------------------------------------------------------------


def spread(days: float, rows: int, start: str = "2025-01-01") -> np.ndarray:
    step = np.linspace(0, days * 86_400_000_000 - 1, rows).astype(np.int64)
    return np.datetime64(start, "us") + step.astype("timedelta64[us]")


@pytest.mark.parametrize(
    ("days", "rows", "window"),
    [
        (731, 17_379, "1 month"),
        (30, 10_000, "1d"),
        (200, 16_000, "1 week"),
        (365, 3_650, "1 month"),
        (2, 100_000, "1 hour"),
        (1 / 12, 50_000, "15 minutes"),
        (30, 200, "1 week"),
        (3650, 3_000, "1 quarter"),
        (3650, 100, "1 year"),
        (60, 10_000_00, "1d"),
    ],
)
def test_windows_follow_span_and_density(days: float, rows: int, window: str) -> None:
    found = guess_window(spread(days, rows))
    assert found is not None
    assert found[0] == window


def test_one_instant_gives_no_window() -> None:
    assert guess_window(spread(0.001, 50)) is None


@pytest.mark.parametrize(
    ("days", "start", "window", "until"),
    [
        (731, "2011-01-01", "1 month", date(2011, 12, 31)),
        (760, "2011-03-20", "1 month", date(2012, 2, 29)),
        (365, "2025-01-01", "1 month", date(2025, 6, 30)),
        (30, "2025-01-01", "1d", date(2025, 1, 15)),
        (28, "2025-01-06", "1 week", date(2025, 1, 19)),
        (2, "2025-01-01", "1 hour", date(2025, 1, 1)),
        (0.25, "2025-01-01", "1 hour", datetime(2025, 1, 1, 3)),
    ],
)
def test_references_end_with_a_window(days: float, start: str, window: str, until: date) -> None:
    reference, why = guess_reference(spread(days, 20_000, start), window)
    assert reference.until == until
    assert why


@settings(max_examples=200)
@given(
    st.lists(st.datetimes(datetime(1980, 1, 1), datetime(2060, 1, 1)), min_size=1, max_size=20),
    st.sampled_from(["15 minutes", "2h", "1d", "1 week", "1 month", "1 quarter", "1 year", "3 months"]),
)
def test_a_window_begins_before_its_rows(times: list[datetime], window: str) -> None:
    instants = np.array(times, dtype="datetime64[us]")
    starts = window_starts(instants, window)
    assert (starts <= instants).all()
    assert (window_starts(starts, window) == starts).all()
    longest = {
        "15": 900,
        "2h": 7200,
        "1d": 86400,
        "1 w": 7 * 86400,
        "1 m": 31 * 86400,
        "1 q": 92 * 86400,
        "3 m": 92 * 86400,
    }
    seconds = next((s for begin, s in longest.items() if window.startswith(begin)), 366 * 86400)
    assert (instants - starts < np.timedelta64(seconds, "s")).all()
    if window == "1 week":
        assert all(start.astype(datetime).weekday() == 0 for start in starts)


@given(st.integers(2, 10**8))
def test_counts_leave_something_to_watch(rows: int) -> None:
    window, reference, _ = guess_counts(rows)
    assert reference.rows is not None and 1 <= reference.rows <= rows // 2
    assert int(window.split()[0]) >= 100 and window.endswith(" rows")
