"""Labels as of their arrival: delays, corrections, absence, and which windows they touch."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.data.cache import MemoryCache
from lifecycle_tui.domain.specs import ColumnsSpec, LabelSpec, ModelSpec, TableSpec, TimestampSpec

from data_tables import NOW, counts, dated, day, known_of, model, open_model, rows_of, write  # isort: skip

TIME = TimestampSpec(("ts",))


def scored(first: int, last: int) -> list[dict[str, Any]]:
    """A scored row a day."""
    return [{"id": f"k{i}", "ts": day(i), "x": float(i % 9), "p": i / 100} for i in range(first, last)]


def joined(tmp_path: Path, labels: list[dict[str, Any]], **spec: Any) -> ModelSpec:
    """Predictions of 90 days, with labels in a table of their own."""
    predictions = write(tmp_path / "scored" / "1.csv", scored(0, 90))
    if labels:
        write(tmp_path / "labels" / "1.csv", labels)
    return model(
        predictions,
        task="binary",
        predictions=TableSpec(str(tmp_path / "scored"), on="id"),
        columns=ColumnsSpec(id="id", timestamp=TIME, target="y", score="p", positive=1),
        labels=LabelSpec(table=TableSpec(str(tmp_path / "labels"), on="id"), **spec),
    )


def targets(spec: ModelSpec, key: str, as_of: datetime) -> dict[str, str | None]:
    """Id → target of the rows whose target is known."""
    data = open_model(spec)
    window = next(s.window for s in data.survey({}, NOW).windows if s.window.key == key)
    return {r["_id"]: r["_target"] for r in rows_of(data, window, as_of) if r["_known"]}


def test_labels_are_seen_when_they_have_arrived(tmp_path: Path) -> None:
    spec = joined(tmp_path, [{"id": "k40", "y": 1, "at": day(60)}, {"id": "k41", "y": 0, "at": day(70)}], arrived="at")
    assert targets(spec, "2025-02", day(59)) == {}
    assert targets(spec, "2025-02", day(60)) == {"k40": "1"}
    assert targets(spec, "2025-02", day(75)) == {"k40": "1", "k41": "0"}


def test_a_later_row_is_a_correction_seen_only_from_then_on(tmp_path: Path) -> None:
    table = [{"id": "k40", "y": y, "at": day(d)} for y, d in ((1, 60), (0, 65), (0, 66), (1, 80))]
    spec = joined(tmp_path, table, arrived="at")
    seen = [targets(spec, "2025-02", day(d)).get("k40") for d in (59, 60, 64, 65, 70, 80)]
    assert seen == [None, "1", "1", "0", "0", "1"]
    data = open_model(spec)
    window = data.survey({}, NOW).windows[0].window
    assert counts(data.scan(window, day(70)).run().report.findings) == {"correction:y": 1, "duplicate-label:y": 1}
    assert counts(data.scan(window, day(61)).run().report.findings) == {}


def test_absent_fills_when_the_delay_has_passed(tmp_path: Path) -> None:
    table = [{"id": "k40", "y": 1, "at": day(45)}, {"id": "k31", "y": 1, "at": day(80)}]
    spec = joined(tmp_path, table, arrived="at", delay=timedelta(days=10), absent=0)
    assert targets(spec, "2025-02", day(44)) == {"k31": "0", "k32": "0", "k33": "0", "k34": "0"}
    at_48 = targets(spec, "2025-02", day(48))
    assert (len(at_48), at_48["k40"], at_48["k38"]) == (9, "1", "0")
    late = targets(spec, "2025-02", day(85))
    assert (late["k31"], len(late)) == ("1", 28)
    data = open_model(spec)
    window = data.survey({}, NOW).windows[0].window
    assert not data.scan(window, day(67)).run().mature
    scan = data.scan(window, day(68)).run()
    assert (scan.mature, scan.labels) == (True, 28)


def test_without_an_arrival_labels_follow_the_delay(tmp_path: Path) -> None:
    spec = joined(tmp_path, [{"id": f"k{i}", "y": i % 2} for i in range(31, 50)], delay=timedelta(days=10))
    assert sorted(targets(spec, "2025-02", day(43.5))) == ["k31", "k32", "k33"]
    data = open_model(spec)
    window = data.survey({}, NOW).windows[0].window
    scan = data.scan(window, NOW).run()
    assert (scan.labels, scan.mature) == (19, True)
    assert counts(scan.report.findings) == {"missing-label:y": 9}


def test_without_arrival_and_delay_labels_arrive_with_their_file(tmp_path: Path) -> None:
    spec = joined(tmp_path, [{"id": "k40", "y": 1}])
    dated(tmp_path / "labels" / "1.csv", int(day(50).timestamp()))
    assert targets(spec, "2025-02", day(49)) == {}
    assert targets(spec, "2025-02", day(51)) == {"k40": "1"}


def test_an_empty_arrival_falls_back_and_an_empty_label_is_none(tmp_path: Path) -> None:
    table = [{"id": "k40", "y": 1, "at": None}, {"id": "k41", "y": None, "at": day(42)}]
    spec = joined(tmp_path, table, arrived="at", delay=timedelta(days=5))
    assert targets(spec, "2025-02", day(44)) == {}
    assert targets(spec, "2025-02", day(45)) == {"k40": "1"}


def test_labels_without_a_row_are_counted(tmp_path: Path) -> None:
    spec = joined(tmp_path, [{"id": "k40", "y": 1, "at": day(60)}, {"id": "zz", "y": 1, "at": day(61)}], arrived="at")
    assert counts(open_model(spec).survey({}, day(60)).findings) == {}
    assert counts(open_model(spec).survey({}, day(61)).findings) == {"orphan-label:y": 1}
    cache = MemoryCache()
    for n, as_of in ((0, day(60)), (1, day(61)), (0, day(60))):
        found = counts(open_model(spec, cache).survey({}, as_of).findings)
        assert found.get("orphan-label:y", 0) == n


def test_ids_of_any_type_meet(tmp_path: Path) -> None:
    predictions = write(tmp_path / "p.parquet", [{"id": i, "ts": day(i), "p": 0.5} for i in range(60)])
    labels = write(tmp_path / "l.csv", [{"key": f"{i}.0", "y": i % 2} for i in range(60)])
    spec = model(
        predictions,
        task="binary",
        predictions=TableSpec(str(predictions), on="id"),
        columns=ColumnsSpec(id="id", timestamp=TIME, target="y", score="p"),
        labels=LabelSpec(table=TableSpec(str(labels), on="key")),
    )
    assert len(targets(spec, "2025-02", NOW)) == 28


def wide(tmp_path: Path, table: list[dict[str, Any]], **labels: Any) -> ModelSpec:
    path = write(tmp_path / "t.csv", table)
    return model(path, columns=ColumnsSpec(timestamp=TIME, target="y"), labels=LabelSpec(**labels))


def test_labels_in_the_wide_table(tmp_path: Path) -> None:
    table = [{"ts": day(i), "x": float(i), "y": float(i) if i != 40 else None, "at": day(i + 5)} for i in range(60)]
    spec = wide(tmp_path, table, arrived="at")
    data = open_model(spec)
    assert data.features == ("x",)
    window = data.survey({}, NOW).windows[0].window
    assert [data.scan(window, day(d)).run().labels for d in (30, 36, 50, 70)] == [0, 1, 14, 27]
    rows = rows_of(data, window, day(36))
    assert [(r["x"], r["_target"]) for r in rows if r["_known"]] == [(31.0, 31.0)]


def test_a_new_file_of_the_wide_table_is_not_seen_before_it_was_written(tmp_path: Path) -> None:
    spec = wide(tmp_path, [{"ts": day(i), "x": 1.0, "y": 1.0} for i in range(60)])
    dated(tmp_path / "t.csv", int(day(100).timestamp()))
    data = open_model(spec)
    window = data.survey({}, NOW).windows[0].window
    scans = [data.scan(window, day(d)).run() for d in (99, 101)]
    assert [(s.labels, s.mature) for s in scans] == [(0, False), (28, True)]
    assert counts(scans[0].report.findings) == {}


def touched(spec: ModelSpec, known: dict, measured: datetime, as_of: datetime) -> tuple[str, ...]:
    return open_model(spec).touched_by_labels(known, dict.fromkeys(known, measured), as_of)


def test_only_windows_whose_labels_differ_are_touched(tmp_path: Path) -> None:
    first = [{"id": f"k{i}", "y": 0, "at": day(i + 3)} for i in range(60)]
    spec = joined(tmp_path, first, arrived="at")
    known = known_of(open_model(spec), day(62))
    assert touched(spec, known, day(62), day(62)) == ()
    assert touched(spec, known, day(62), day(100)) == ()
    write(tmp_path / "labels" / "2.csv", [{"id": "k65", "y": 1, "at": day(70)}, {"id": "zz", "y": 1, "at": day(60)}])
    assert touched(spec, known, day(62), day(69)) == ()
    assert touched(spec, known, day(62), day(70)) == ("2025-03",)
    write(tmp_path / "labels" / "3.csv", [{"id": "k40", "y": 1, "at": day(70)}])
    assert touched(spec, known, day(62), day(71)) == ("2025-02", "2025-03")
    again = known_of(open_model(spec), day(71))
    assert touched(spec, again, day(71), day(71)) == ()
    dated(tmp_path / "labels" / "3.csv", 1_700_000_000)
    assert touched(spec, again, day(71), day(72)) == ()
    (tmp_path / "labels" / "3.csv").unlink()
    assert touched(spec, again, day(71), day(72)) == ("2025-02",)


def test_a_label_arriving_from_a_known_file_touches(tmp_path: Path) -> None:
    spec = joined(tmp_path, [{"id": "k40", "y": 1, "at": day(70)}, {"id": "k65", "y": 1, "at": day(90)}], arrived="at")
    known = known_of(open_model(spec), day(69))
    assert touched(spec, known, day(69), day(69.5)) == ()
    assert touched(spec, known, day(69), day(70)) == ("2025-02",)
    assert touched(spec, known, day(69), day(95)) == ("2025-02", "2025-03")


def test_a_passing_delay_touches(tmp_path: Path) -> None:
    spec = joined(tmp_path, [{"id": "zz", "y": 1, "at": day(1)}], arrived="at", delay=timedelta(days=30), absent=0)
    known = known_of(open_model(spec), day(60))
    assert touched(spec, known, day(60), day(60.5)) == ()
    assert touched(spec, known, day(60), day(61)) == ("2025-02",)
    assert touched(spec, known, day(60), day(200)) == ("2025-02", "2025-03")
    mature = known_of(open_model(spec), day(200))
    assert touched(spec, mature, day(200), day(300)) == ()


@pytest.mark.parametrize("filled", [[40], [40, 70]])
def test_targets_filled_in_later_touch_and_do_not_change_inputs(tmp_path: Path, filled: list[int]) -> None:
    table = [{"ts": day(i), "x": float(i), "y": float(i) if i < 32 else None} for i in range(90)]
    spec = wide(tmp_path, table)
    known = known_of(open_model(spec))
    for i in filled:
        table[i]["y"] = 5.0
    write(tmp_path / "t.csv", table)
    data = open_model(spec)
    assert {s.change for s in data.survey(known, NOW).windows} == {"unchanged"}
    assert len(data.touched_by_labels(known, dict.fromkeys(known, NOW), NOW)) == len(filled)


def test_the_first_of_two_equal_runs_has_nothing_left_for_the_second(tmp_path: Path) -> None:
    """With a clock that stands still a label file that came in between is still noticed."""
    spec = joined(tmp_path, [{"id": "k40", "y": 1, "at": day(50)}], arrived="at")
    known = known_of(open_model(spec), day(80))
    write(tmp_path / "labels" / "2.csv", [{"id": "k41", "y": 1, "at": day(51)}])
    assert touched(spec, known, day(80), day(80)) == ("2025-02",)


def test_an_unreadable_labels_file_is_named(tmp_path: Path) -> None:
    spec = joined(tmp_path, [{"id": "k40", "y": 1, "at": day(50)}], arrived="at")
    (tmp_path / "labels" / "2.csv").write_bytes(b"\x00\x01")
    data = open_model(spec)
    scan = data.scan(data.survey({}, NOW).windows[0].window, NOW).run()
    assert scan.labels == 1
    assert counts(scan.report.findings)["unreadable-file"] == 1
