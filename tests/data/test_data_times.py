"""Event times: formats, zones, clock changes, and what cannot be read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_tui.data import calendar
from lifecycle_tui.data.times import parse_times
from lifecycle_tui.data.zones import MISSING, from_micros, to_local, to_micros, to_utc
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.specs import TimestampSpec

UNITS = ["minute", "hour", "day", "week", "month", "quarter", "year"]
ZONES = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo"]


def parsed(
    values: list, fmt: str | None = None, unit: str | None = None, zone: str = "UTC", kind: pa.DataType | None = None
) -> list:
    found = parse_times([pa.array(values, kind)], TimestampSpec(("t",), fmt, unit), zone)  # type: ignore[arg-type]
    assert found.bad == int((found.values == MISSING).sum())
    return [None if v == MISSING else from_micros(v).replace(tzinfo=None).isoformat(" ") for v in found.values]


@pytest.mark.parametrize(
    ("text", "fmt", "expected"),
    [
        ("2025-03-04", None, "2025-03-04 00:00:00"),
        ("2025-03-04 05:06", None, "2025-03-04 05:06:00"),
        ("2025-03-04T05:06:07.123456Z", None, "2025-03-04 05:06:07.123456"),
        ("2025-03-04T05:06:07.123456789", None, "2025-03-04 05:06:07.123456"),
        ("2025-03-04 05:06:07+02:00", None, "2025-03-04 03:06:07"),
        ("2025-03-04 05:06:07 -0330", None, "2025-03-04 08:36:07"),
        ("2025-02-29", None, None),
        ("2025-13-01", None, None),
        ("yesterday", None, None),
        ("", None, None),
        ("3/4/2025 5", "%m/%d/%Y %H", "2025-03-04 05:00:00"),
        ("03/04/2025  05", "%m/%d/%Y %H", "2025-03-04 05:00:00"),
        ("3/4/2025 24", "%m/%d/%Y %H", None),
        ("2/30/2025 1", "%m/%d/%Y %H", None),
        ("2/29/2024 1", "%m/%d/%Y %H", "2024-02-29 01:00:00"),
        ("3/4/2025 5x", "%m/%d/%Y %H", None),
        ("4 Mar 2025 11:05 PM", "%d %b %Y %I:%M %p", "2025-03-04 23:05:00"),
        ("4 march 2025 12:05 am", "%d %B %Y %I:%M %p", "2025-03-04 00:05:00"),
        ("Tue 04 Mar 25", "%a %d %b %y", "2025-03-04 00:00:00"),
        ("20250304", "%Y%m%d", "2025-03-04 00:00:00"),
        ("2025-063", "%Y-%j", "2025-03-04 00:00:00"),
        ("2025-366", "%Y-%j", None),
        ("04.03.2025 05:06:07.5", "%d.%m.%Y %H:%M:%S.%f", "2025-03-04 05:06:07.500000"),
        ("04/03/25 05:06:07 +0100", "%d/%m/%y %T %z", "2025-03-04 04:06:07"),
        ("100% 2025", "100%% %Y", "2025-01-01 00:00:00"),
    ],
)
def test_text(text: str, fmt: str | None, expected: str | None) -> None:
    assert parsed([text], fmt) == [expected]


def test_one_bad_cell_does_not_spoil_the_others() -> None:
    found = parse_times([pa.array(["2025-01-01", "x", None, "2025-01-02 03:00"])], TimestampSpec(("t",)))
    assert [v == MISSING for v in found.values] == [False, True, True, False]
    assert (found.bad, found.example) == (2, "x")


@pytest.mark.parametrize(
    ("values", "kind", "unit", "expected"),
    [
        ([1_300_000_000, None], pa.int64(), None, ["2011-03-13 07:06:40", None]),
        ([1_300_000_000_000], pa.int64(), None, ["2011-03-13 07:06:40"]),
        ([1_300_000_000_000_000], pa.int64(), None, ["2011-03-13 07:06:40"]),
        ([1_300_000_000_000_000_000], pa.int64(), None, ["2011-03-13 07:06:40"]),
        ([1_300_000_000.25], pa.float64(), "s", ["2011-03-13 07:06:40.250000"]),
        (["1300000000", "x"], pa.string(), "s", ["2011-03-13 07:06:40", None]),
        ([-1], pa.int64(), "s", ["1969-12-31 23:59:59"]),
        ([2**62], pa.int64(), "s", [None]),
        ([float("inf"), float("nan")], pa.float64(), "ms", [None, None]),
        ([date(2025, 3, 4)], pa.date32(), None, ["2025-03-04 00:00:00"]),
        ([datetime(2025, 3, 4, 5)], pa.timestamp("ns"), None, ["2025-03-04 05:00:00"]),
        ([datetime(2025, 3, 4, 5)], pa.timestamp("s"), None, ["2025-03-04 05:00:00"]),
        ([datetime(2025, 3, 4, 5, tzinfo=UTC)], pa.timestamp("ms", "Asia/Tokyo"), None, ["2025-03-04 05:00:00"]),
        ([20250304, 20250230], pa.int64(), None, ["2025-03-04 00:00:00", None]),
        ([20250304.0], pa.float64(), None, ["2025-03-04 00:00:00"]),
        (
            ["20250304", "1300000000", "1300000000.5"],
            pa.string(),
            None,
            ["2025-03-04 00:00:00", "2011-03-13 07:06:40", "2011-03-13 07:06:40.500000"],
        ),
        ([None, None], pa.null(), None, [None, None]),
    ],
)
def test_numbers_and_typed_columns(values: list, kind: pa.DataType, unit: str | None, expected: list) -> None:
    assert parsed(values, unit=unit, kind=kind) == expected


def test_several_columns_are_joined_whatever_their_types() -> None:
    spec = TimestampSpec(("d", "h"), "%m/%d/%Y %H")
    days = pa.array(["1/2/2011", "1/3/2011"])
    texts = pa.array(["7", "8"])
    expected = [datetime(2011, 1, 2, 7, tzinfo=UTC), datetime(2011, 1, 3, 8, tzinfo=UTC)]
    for hours in (texts, pa.array([7, 8]), pa.array([7.0, 8.0]), texts.dictionary_encode()):
        found = parse_times([days, hours], spec)
        assert [from_micros(v) for v in found.values] == expected


def test_naive_times_follow_the_zone_and_clock_changes_are_counted() -> None:
    text = pa.array(["2025-03-30 02:30", "2025-10-26 02:30", "2025-07-01 12:00", "2025-07-01 12:00Z"])
    found = parse_times([text], TimestampSpec(("t",)), "Europe/Paris")
    assert [from_micros(v).isoformat() for v in found.values] == [
        "2025-03-30T01:30:00+00:00",
        "2025-10-26T00:30:00+00:00",
        "2025-07-01T10:00:00+00:00",
        "2025-07-01T12:00:00+00:00",
    ]
    assert (found.gaps, found.folds) == (1, 1)


@pytest.mark.parametrize("fmt", ["%Q", "%Y %Y", "%m/%d", "%c"])
def test_formats_that_cannot_be_read_are_refused(fmt: str) -> None:
    with pytest.raises(DataError):
        parse_times([pa.array(["x"])], TimestampSpec(("t",), fmt))


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 28)),
    st.sampled_from(["%Y-%m-%d %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S.%f", "%b %d %Y %I:%M:%S.%f %p", "%Y %j %H%M%S%f"]),
)
def test_reads_what_strftime_writes(when: datetime, fmt: str) -> None:
    text = when.strftime(fmt.replace("%Y", f"{when.year:04d}"))
    if fmt.endswith("%H%M%S%f"):
        text = f"{when.year:04d} {when:%j} {when:%H%M%S%f}"
    assert parsed([text], fmt) == [when.isoformat(" ")]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2100, 1, 1)), min_size=1, max_size=20),
    st.sampled_from(ZONES),
)
def test_zones_agree_with_zoneinfo(walls: list[datetime], zone: str) -> None:
    local = np.array([to_micros(w.replace(tzinfo=UTC)) for w in walls])
    utc, gaps, folds = to_utc(local, zone)
    aware = [w.replace(tzinfo=ZoneInfo(zone)) for w in walls]
    assert [from_micros(v) for v in utc] == [a.astimezone(UTC) for a in aware]
    changed = [a.replace(fold=0).utcoffset() != a.replace(fold=1).utcoffset() for a in aware]
    assert gaps + folds == sum(changed)
    back = to_local(utc, zone)
    expected = [to_micros(from_micros(v).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)) for v in utc]
    assert back.tolist() == expected


@settings(max_examples=150, deadline=None)
@given(
    st.datetimes(min_value=datetime(1960, 1, 1), max_value=datetime(2090, 1, 1), timezones=st.just(UTC)),
    st.tuples(st.sampled_from([1, 2, 3, 5, 7, 15]), st.sampled_from(UNITS)),
    st.sampled_from(ZONES),
)
def test_every_instant_lies_in_its_window(when: datetime, window: tuple, zone: str) -> None:
    slot = calendar.slot_of(when, *window, zone)
    start, end = calendar.start_of(slot, *window, zone), calendar.start_of(slot + 1, *window, zone)
    assert start <= when < end
    assert calendar.slot_of(start, *window, zone) == slot
    assert calendar.slot_of(end - timedelta(microseconds=1), *window, zone) == slot
    assert calendar.key_of(slot, *window) < calendar.key_of(slot + 1, *window)


@pytest.mark.parametrize(
    ("window", "key", "start"),
    [
        ((1, "minute"), "2025-03-30T23:05", "2025-03-30T23:05:00+00:00"),
        ((1, "hour"), "2025-03-30T23", "2025-03-30T23:00:00+00:00"),
        ((1, "day"), "2025-03-31", "2025-03-30T22:00:00+00:00"),
        ((1, "week"), "2025-03-31", "2025-03-30T22:00:00+00:00"),
        ((1, "month"), "2025-03", "2025-02-28T23:00:00+00:00"),
        ((1, "quarter"), "2025-Q1", "2024-12-31T23:00:00+00:00"),
        ((1, "year"), "2025", "2024-12-31T23:00:00+00:00"),
    ],
)
def test_keys_and_starts_in_paris(window: tuple, key: str, start: str) -> None:
    slot = calendar.slot_of(datetime(2025, 3, 30, 23, 5, 30, tzinfo=UTC), *window, "Europe/Paris")
    assert calendar.key_of(slot, *window) == key
    assert calendar.start_of(slot, *window, "Europe/Paris").isoformat() == start
