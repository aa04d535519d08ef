"""Which windows there are, and what happened to them: a file touched, appended, split, rewritten, gone."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle_tui.data.cache import MemoryCache
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.specs import ColumnsSpec, ReferenceSpec, TableSpec, TimestampSpec
from lifecycle_tui.domain.windows import CountWindow, FileWindow, PartitionWindow, TimeWindow, WindowSpec

from data_tables import (  # isort: skip
    DAY, MONTH, NOW, changes, counts, dated, day, known_of, model, open_model, rows_of, write,
)  # fmt: skip


def rows(first: int, last: int, step: float = 1, **more: object) -> list[dict]:
    """A row a step from day `first` up to `last`."""
    n = int((last - first) / step)
    return [
        {"ts": day(first + i * step), "x": (first + i * step) * 1.5, "c": "ab"[i % 2], "y": float(i)} | more
        for i in range(n)
    ]


def test_months_outside_the_reference(tmp_path: Path) -> None:
    data = open_model(model(write(tmp_path / "t.csv", rows(0, 120))))
    survey = data.survey({}, NOW)
    assert [(s.window.key, s.window.rows, s.window.order, s.change) for s in survey.windows] == [
        ("2025-02", 28, 0, "new"), ("2025-03", 31, 1, "new"), ("2025-04", 30, 2, "new"),
    ]  # fmt: skip
    assert (survey.reference.rows, survey.reference.key, survey.reference.start) == (31, "reference", day(0))
    assert survey.windows[0].window.start == day(31)
    assert survey.windows[0].window.end == day(59)
    assert survey.newest == day(119)
    assert not survey.findings
    assert data.features == ("c", "x")
    assert data.kinds() == {"c": "categorical", "x": "numeric"}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_scan_gives_each_row_once(tmp_path: Path, suffix: str) -> None:
    data = open_model(model(write(tmp_path / f"t.{suffix}", rows(0, 60, 0.25))))
    survey = data.survey({}, NOW)
    windows = [survey.reference, *(s.window for s in survey.windows)]
    found = [row for w in windows for row in rows_of(data, w)]
    assert sorted(r["x"] for r in found) == [r["x"] for r in rows(0, 60, 0.25)]
    scan = data.scan(windows[1], NOW).run()
    assert (scan.rows, scan.labels, scan.mature, scan.report.rows) == (112, 112, True, 112)


def test_csv_and_parquet_have_the_same_digests(tmp_path: Path) -> None:
    table = [r | {"flag": bool(i % 3), "n": i % 5 if i % 7 else None, "f": i / 3} for i, r in enumerate(rows(0, 90))]
    surveys = [open_model(model(write(tmp_path / f"t.{s}", table))).survey({}, NOW) for s in ("csv", "parquet")]
    assert surveys[0].reference_digest == surveys[1].reference_digest
    parts = []
    for suffix in ("csv", "parquet"):
        data = open_model(model(tmp_path / f"t.{suffix}"))
        parts.append({k: [(p.rows, p.digest) for p in v if ":" not in p.fragment] for k, v in known_of(data).items()})
    assert parts[0] == parts[1]


def test_stored_windows_are_unchanged_until_rows_change(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", rows(0, 120))
    spec, cache = model(path), MemoryCache()
    known = known_of(open_model(spec, cache))
    assert changes(open_model(spec, cache), known) == dict.fromkeys(known, "unchanged")
    dated(path, 1_600_000_000)
    assert changes(open_model(spec, cache), known) == dict.fromkeys(known, "unchanged"), "touched"
    assert changes(open_model(spec), known) == dict.fromkeys(known, "unchanged"), "without a cache"
    write(path, rows(0, 120)[::-1])
    assert changes(open_model(spec, cache), known) == dict.fromkeys(known, "unchanged"), "other order"
    write(path, [*rows(0, 120), *rows(70, 72, 0.5), *rows(125, 128)])
    after = changes(open_model(spec, cache), known)
    assert after == {"2025-02": "unchanged", "2025-03": "changed", "2025-04": "unchanged", "2025-05": "new"}
    states = {s.window.key: s for s in open_model(spec, cache).survey(known, NOW).windows}
    assert counts(states["2025-03"].findings) == {"late-row": 4}


def test_a_changed_value_is_seen_and_an_ignored_one_is_not(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", rows(0, 90, note="a"))
    spec = model(path, columns=ColumnsSpec(timestamp=TimestampSpec(("ts",)), target="y", ignore=("note",)))
    known = known_of(open_model(spec))
    table = rows(0, 90, note="b")
    write(path, table)
    assert set(changes(open_model(spec), known).values()) == {"unchanged"}
    table[40]["x"] = 0.0
    write(path, table)
    assert changes(open_model(spec), known) == {"2025-02": "changed", "2025-03": "unchanged"}


def test_new_files_make_a_window_grow(tmp_path: Path) -> None:
    write(tmp_path / "t" / "1.parquet", rows(0, 75))
    spec, cache = model(tmp_path / "t"), MemoryCache()
    known = known_of(open_model(spec, cache))
    write(tmp_path / "t" / "2.parquet", rows(75, 100))
    write(tmp_path / "t" / "3.parquet", rows(70, 72))
    data = open_model(spec, cache)
    states = {s.window.key: s for s in data.survey(known, NOW).windows}
    assert {k: (s.change, s.added) for k, s in states.items()} == {
        "2025-02": ("unchanged", ()), "2025-03": ("grown", ("2.parquet", "3.parquet")), "2025-04": ("new", ()),
    }  # fmt: skip
    march = states["2025-03"].window
    added = data.scan(march, NOW, fragments=states["2025-03"].added).run()
    assert added.rows == 15 + 2
    whole = data.scan(march, NOW).run()
    stored = {p.fragment: p for p in (*known["2025-03"], *added.parts) if ":" not in p.fragment}
    assert stored == {p.fragment: p for p in whole.parts if ":" not in p.fragment}


def test_files_may_be_split_merged_and_renamed(tmp_path: Path) -> None:
    write(tmp_path / "t" / "1.parquet", rows(0, 100))
    spec, cache = model(tmp_path / "t"), MemoryCache()
    known = known_of(open_model(spec, cache))
    (tmp_path / "t" / "1.parquet").unlink()
    write(tmp_path / "t" / "a.csv", rows(0, 100)[:40])
    with pytest.raises(DataError):  # two formats in one folder need two tables: nothing is guessed
        open_model(replace(spec, data=replace(spec.data, table=TableSpec(str(tmp_path / "none"))))).survey({}, NOW)
    (tmp_path / "t" / "a.csv").unlink()
    write(tmp_path / "t" / "a.parquet", rows(0, 100)[:70])
    write(tmp_path / "t" / "b.parquet", rows(0, 100)[70:])
    assert set(changes(open_model(spec, cache), known).values()) == {"unchanged"}


def test_a_lost_file_changes_its_windows_and_empties_others(tmp_path: Path) -> None:
    write(tmp_path / "t" / "1.parquet", rows(0, 75))
    write(tmp_path / "t" / "2.parquet", rows(75, 100))
    spec = model(tmp_path / "t")
    known = known_of(open_model(spec))
    (tmp_path / "t" / "2.parquet").unlink()
    data = open_model(spec)
    assert changes(data, known) == {"2025-02": "unchanged", "2025-03": "changed"}
    assert data.survey(known, NOW).gone == ("2025-04",)


def test_the_same_id_in_an_added_file_forbids_merging(tmp_path: Path) -> None:
    def numbered(table: list[dict], first: int) -> list[dict]:
        return [{"id": f"k{first + i}"} | r for i, r in enumerate(table)]

    write(tmp_path / "t" / "1.parquet", numbered(rows(0, 75), 0))
    columns = ColumnsSpec(id="id", timestamp=TimestampSpec(("ts",)), target="y")
    spec = model(tmp_path / "t", columns=columns)
    known = known_of(open_model(spec))
    write(tmp_path / "t" / "2.parquet", numbered(rows(75, 80), 1000))
    assert changes(open_model(spec), known)["2025-03"] == "grown"
    write(tmp_path / "t" / "3.parquet", numbered(rows(80, 82), 70))
    assert changes(open_model(spec), known)["2025-03"] == "changed"


def test_reference_digest_follows_the_reference_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", rows(0, 60))
    first = open_model(model(path)).survey({}, NOW).reference_digest
    write(path, rows(0, 80))
    assert open_model(model(path)).survey({}, NOW).reference_digest == first
    write(path, [{"ts": day(3), "x": 1.0, "c": "a", "y": 1.0}, *rows(0, 80)])
    assert open_model(model(path)).survey({}, NOW).reference_digest != first


def test_completeness_gaps_and_the_future(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", [*rows(0, 40), *rows(121, 130), *rows(400, 401)])
    data = open_model(model(path, window=TimeWindow(1, "month", timedelta(days=2))))
    now = datetime(2025, 6, 2, tzinfo=UTC)
    survey = data.survey({}, now)
    assert [(s.window.key, s.window.complete) for s in survey.windows] == [("2025-02", True), ("2025-05", False)]
    assert [f.message for f in survey.windows[1].findings] == [
        "2 windows before this one without a row (2025-03 to 2025-04)"
    ]
    assert counts(survey.findings) == {"future-row": 1}
    assert survey.newest == day(129)
    assert data.survey({}, now + timedelta(days=1)).windows[1].window.complete


def test_a_gap_right_after_the_reference(tmp_path: Path) -> None:
    data = open_model(model(write(tmp_path / "t.csv", [*rows(0, 31), *rows(62, 65)])))
    assert counts(data.survey({}, NOW).windows[0].findings) == {"gap": 1}


def test_windows_follow_the_zone(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.csv",
        [{"ts": f"2025-03-{d:02d} {h:02d}:00", "x": 1.0, "y": 1.0} for d in (29, 30, 31) for h in range(24)],
    )
    spec = model(path, window=DAY, reference=ReferenceSpec(end=datetime(2025, 3, 29, 23, tzinfo=UTC)))
    spec = replace(spec, data=replace(spec.data, timezone="Europe/Paris"))
    windows = open_model(spec).survey({}, NOW).windows
    assert [(s.window.key, s.window.rows) for s in windows] == [("2025-03-30", 24), ("2025-03-31", 24)]
    assert windows[0].window.end - windows[0].window.start == timedelta(hours=23)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("reference", "first", "ref_rows", "findings"),
    [
        (ReferenceSpec(start=day(10), end=day(20)), "2025-01", 10, {"before-reference": 10}),
        (ReferenceSpec(end=day(20)), "2025-01", 20, {}),
        (ReferenceSpec(rows=20), "2025-01", 20, {}),
        (ReferenceSpec(rows=500), None, 90, {}),
        (ReferenceSpec(start=day(10)), None, 80, {"before-reference": 10}),
    ],
)
def test_kinds_of_reference(
    tmp_path: Path, reference: ReferenceSpec, first: str | None, ref_rows: int, findings: dict
) -> None:
    data = open_model(model(write(tmp_path / "t.csv", rows(0, 90)), reference=reference))
    survey = data.survey({}, NOW)
    assert survey.reference.rows == ref_rows == data.scan(survey.reference, NOW).run().rows
    assert (survey.windows[0].window.key if survey.windows else None) == first
    assert counts(survey.findings) == findings
    total = sum(s.window.rows for s in survey.windows) + ref_rows + findings.get("before-reference", 0)
    assert total == 90
    for state in survey.windows:
        assert data.scan(state.window, NOW).run().rows == state.window.rows


def test_reference_table_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", rows(0, 60))
    normal = write(tmp_path / "normal.csv", [{k: v for k, v in r.items() if k != "ts"} for r in rows(0, 25)])
    data = open_model(model(path, reference=ReferenceSpec(table=TableSpec(str(normal)))))
    survey = data.survey({}, NOW)
    assert survey.reference.rows == 25
    assert [s.window.key for s in survey.windows] == ["2025-01", "2025-02", "2025-03"]
    scan = data.scan(survey.reference, NOW).run()
    assert (scan.rows, scan.labels, scan.mature) == (25, 25, True)
    assert scan.parts[0].digest == survey.reference.parts[0].digest
    assert len(rows_of(data, survey.reference)) == 25


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_windows_by_count_in_time_order(tmp_path: Path, suffix: str) -> None:
    table = rows(0, 100)
    for i in range(4):
        write(tmp_path / "t" / f"{3 - i}.{suffix}", table[i::4])
    spec, cache = model(tmp_path / "t", window=CountWindow(20)), MemoryCache()
    data = open_model(spec, cache)
    states = data.survey({}, NOW).windows
    assert [(s.window.key, s.window.rows, s.window.complete) for s in states] == [
        ("rows-000000000", 20, True),
        ("rows-000000020", 20, True),
        ("rows-000000040", 20, True),
        ("rows-000000060", 9, False),
    ]
    assert states[1].window.start == day(51)
    assert sorted(r["x"] for r in rows_of(data, states[0].window)) == sorted(r["x"] for r in table[31:51])
    known = known_of(data)
    write(tmp_path / "t" / f"9.{suffix}", rows(100, 120))
    assert changes(open_model(spec, cache), known) == {
        "rows-000000000": "unchanged", "rows-000000020": "unchanged", "rows-000000040": "unchanged",
        "rows-000000060": "grown", "rows-000000080": "new",
    }  # fmt: skip


def test_rows_of_one_instant_stay_together(tmp_path: Path) -> None:
    table = [{"ts": day(i // 6), "x": float(i), "y": 0.0} for i in range(120)]
    data = open_model(model(write(tmp_path / "t.csv", table), window=CountWindow(10), reference=ReferenceSpec(rows=20)))
    survey = data.survey({}, NOW)
    assert survey.reference.rows == 24
    assert [s.window.rows for s in survey.windows] == [12] * 8


@pytest.mark.parametrize(
    ("window", "keys"),
    [
        (CountWindow(25), ["rows-000000000", "rows-000000025", "rows-000000050"]),
        (FileWindow(), ["2.csv", "3.csv"]),
    ],
)
def test_tables_without_time(tmp_path: Path, window: WindowSpec, keys: list[str]) -> None:
    for i in range(3):
        write(tmp_path / "t" / f"{i + 1}.csv", [{"x": float(i * 30 + j), "y": 1.0} for j in range(30)])
    reference = ReferenceSpec(rows=30)
    spec, cache = (
        model(tmp_path / "t", window=window, reference=reference, columns=ColumnsSpec(target="y")),
        MemoryCache(),
    )
    data = open_model(spec, cache)
    survey = data.survey({}, NOW)
    assert [s.window.key for s in survey.windows] == keys
    assert (survey.reference.rows, survey.newest, survey.windows[0].window.start) == (30, None, None)
    found = [r["x"] for w in (survey.reference, *(s.window for s in survey.windows)) for r in rows_of(data, w)]
    assert sorted(found) == [float(i) for i in range(90)]
    known = known_of(data)
    assert set(changes(open_model(spec, cache), known).values()) == {"unchanged"}
    write(tmp_path / "t" / "4.csv", [{"x": 1.0, "y": 1.0}] * 30)
    after = changes(open_model(spec, cache), known)
    assert list(after.values())[:2] == ["unchanged", "unchanged"]
    assert list(after.values())[-1] == "new"


def test_windows_by_partition(tmp_path: Path) -> None:
    for i in range(5):
        write(tmp_path / "t" / f"dt=2025-01-0{i + 1}" / "a.parquet", [{"x": float(j), "y": 1.0} for j in range(10 + i)])
    table = TableSpec(str(tmp_path / "t"), partition="dt")
    spec = model(
        tmp_path,
        window=PartitionWindow(),
        reference=ReferenceSpec(partitions=("2025-01-02",)),
        columns=ColumnsSpec(target="y"),
    )
    spec = replace(spec, data=replace(spec.data, table=table))
    data = open_model(spec)
    survey = data.survey({}, datetime(2025, 1, 5, 12, tzinfo=UTC))
    assert [(s.window.key, s.window.rows, s.window.complete) for s in survey.windows] == [
        ("2025-01-03", 12, True), ("2025-01-04", 13, True), ("2025-01-05", 14, False),
    ]  # fmt: skip
    assert counts(survey.findings) == {"before-reference": 10}
    assert data.features == ("x",)
    assert survey.reference.rows == 11 == data.scan(survey.reference, NOW).run().rows
    assert data.scan(survey.windows[1].window, NOW).run().rows == 13


def test_large_fragments_are_streamed(tmp_path: Path) -> None:
    """With almost no memory nothing is kept, and the numbers are the same; also where no scratch file can be made."""
    table = rows(0, 90, 0.01)
    random.Random(1).shuffle(table)
    path = write(tmp_path / "t.parquet", table)
    spec = model(path, window=TimeWindow(1, "week"))
    roomy = open_model(spec)
    for options in ({}, {"scratch": str(tmp_path)}, {"scratch": str(tmp_path / "none")}):
        tight = open_model(spec, memory=1000, **options)
        assert known_of(tight) == known_of(roomy)
        assert tight.survey({}, NOW) == roomy.survey({}, NOW)
        windows = [s.window for s in roomy.survey({}, NOW).windows]
        assert [repr(rows_of(tight, w)) for w in windows] == [repr(rows_of(roomy, w)) for w in windows]
    assert list(tmp_path.iterdir()) == [path]


def test_a_lost_cache_costs_no_result(tmp_path: Path) -> None:
    class Forgetful(MemoryCache):
        def get(self, source: str, fragment: str, stamp: str) -> None:
            return None

    path = write(tmp_path / "t.csv", rows(0, 90))
    known = known_of(open_model(model(path), Forgetful()))
    assert changes(open_model(model(path), Forgetful()), known) == changes(open_model(model(path)), known)


def test_unchanged_fragments_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lifecycle_tui.builtin.sources.csv import CsvSource

    for i in range(3):
        write(tmp_path / "t" / f"{i}.csv", rows(i * 40, i * 40 + 40))
    spec, cache = model(tmp_path / "t"), MemoryCache()
    known = known_of(open_model(spec, cache))
    opened: list[str] = []
    plain = CsvSource.read

    def watched(self, fragment, *args, **kwargs):
        opened.append(fragment.id)
        return plain(self, fragment, *args, **kwargs)

    monkeypatch.setattr(CsvSource, "read", watched)
    assert set(changes(open_model(spec, cache), known).values()) == {"unchanged"}
    assert opened == []
    write(tmp_path / "t" / "3.csv", rows(118, 130))
    survey = open_model(spec, cache).survey(known, NOW)
    assert {s.window.key: s.change for s in survey.windows}["2025-04"] == "grown"
    assert set(opened) == {"3.csv"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": ColumnsSpec(target="y")}, "no timestamp"),
        ({"columns": ColumnsSpec(timestamp=TimestampSpec(("when",)), target="y")}, "no column 'when'"),
        ({"columns": ColumnsSpec(id="key", timestamp=TimestampSpec(("ts",)))}, "no column 'key'"),
        ({"reference": ReferenceSpec()}, "says nothing about its reference"),
        ({"reference": ReferenceSpec(end=day(-5))}, "no row lies in its reference"),
        ({"window": PartitionWindow()}, "outside the partition"),
    ],
)
def test_what_cannot_serve_is_said(tmp_path: Path, change: dict, message: str) -> None:
    path = write(tmp_path / "t.csv", rows(0, 60))
    with pytest.raises(DataError, match=message):
        data = open_model(model(path, **change))
        data.survey({}, NOW)


def test_month_is_the_default_of_these_tests() -> None:
    assert model(Path("x.csv")).data.window == MONTH
