"""The data report: every irregularity counted in the window it is in, none stops the run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lifecycle_tui.domain.specs import ColumnsSpec, TableSpec, TimestampSpec

from data_tables import NOW, counts, dated, day, model, open_model, rows_of, write  # isort: skip

KINDS: dict[str, Any] = {"x": "numeric", "c": "categorical"}
COLUMNS = ColumnsSpec(timestamp=TimestampSpec(("ts",)), target="y", kinds=KINDS)


def lines(first: int, last: int) -> list[str]:
    return [f"{day(i):%Y-%m-%d},{i}.5,{'ab'[i % 2]},1" for i in range(first, last)]


def report(tmp_path: Path, text: list[str], header: str = "ts,x,c,y") -> dict[str, dict[str, int]]:
    """Window key → findings, of a CSV with these lines."""
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *text]) + "\n", encoding="utf-8")
    return reports(dated(path))


def reports(path: Path, columns: ColumnsSpec = COLUMNS) -> dict[str, dict[str, int]]:
    data = open_model(model(path, columns=columns))
    survey = data.survey({}, NOW)
    windows = [survey.reference, *(s.window for s in survey.windows)]
    found = {w.key: counts(data.scan(w, NOW).run().report.findings) for w in windows}
    return {key: value for key, value in (found | {"": counts(survey.findings)}).items() if value}


@pytest.mark.parametrize(
    ("at", "line", "expected"),
    [
        (40, f"{day(40):%Y-%m-%d},oops,a,1", {"2025-02": {"bad-cell:x": 1}}),
        (40, f"{day(40):%Y-%m-%d},inf,a,1", {"2025-02": {"infinite:x": 1}}),
        (40, f"{day(40):%Y-%m-%d},1,a,", {"2025-02": {"missing-label:y": 1}}),
        (40, f"{day(40):%Y-%m-%d},1,a,bad", {"2025-02": {"bad-cell:y": 1, "missing-label:y": 1}}),
        (40, "never,1,a,1", {"2025-02": {"bad-timestamp:ts": 1}, "": {"bad-timestamp": 1}}),
        (40, ",1,a,1", {"2025-02": {"bad-timestamp:ts": 1}, "": {"bad-timestamp": 1}}),
        (40, "ts,x,c,y", {"2025-02": {"repeated-header": 1}}),
        (40, f"{day(20):%Y-%m-%d},1,a,1", {"reference": {"backwards-clock": 1}}),
        (10, f"{day(10):%Y-%m-%d},oops,a,1", {"reference": {"bad-cell:x": 1}}),
        (40, "2025-02-30,1,a,1", {"2025-02": {"bad-timestamp:ts": 1}, "": {"bad-timestamp": 1}}),
    ],
)
def test_one_odd_line_is_charged_to_its_window(tmp_path: Path, at: int, line: str, expected: dict) -> None:
    text = lines(0, 90)
    text[at] = line
    assert report(tmp_path, text) == expected


def test_clean_data_has_no_findings(tmp_path: Path) -> None:
    assert report(tmp_path, lines(0, 90)) == {}


def test_messages_say_what_where_and_what_was_done(tmp_path: Path) -> None:
    text = lines(0, 60)
    text[40] = f"{day(40):%Y-%m-%d},oops,a,1"
    report(tmp_path, text)
    data = open_model(model(tmp_path / "t.csv", columns=COLUMNS))
    (finding,) = data.scan(data.survey({}, NOW).windows[0].window, NOW).run().report.findings
    assert finding.message == "1 cells of x that are no value of its kind (t.csv row 41: 'oops')"
    assert (finding.effect, finding.column) == ("counted as missing", "x")


def test_a_ragged_line_and_an_odd_file_are_counted(tmp_path: Path) -> None:
    text = [line.replace(",", ";") for line in lines(0, 60)]
    text[40] = "2025-02-10;1"
    found = report(tmp_path, text, header="ts;x;c;y")
    total: dict[str, int] = {}
    for codes in found.values():
        for code, n in codes.items():
            total[code] = total.get(code, 0) + n
    # The separator is said for each window of the file (three: reference, February, March).
    assert total == {"separator": 3, "ragged-row": 1}


def test_columns_that_come_go_or_change_their_type(tmp_path: Path) -> None:
    def save(name: str, first: int, last: int, **more: Any) -> None:
        n = last - first
        base: dict[str, Any] = {
            "ts": [day(i) for i in range(first, last)],
            "x": [float(i) for i in range(n)],
            "c": ["a"] * n,
            "y": [1.0] * n,
        }
        base |= more
        (tmp_path / "t").mkdir(exist_ok=True)
        pq.write_table(pa.table({k: v for k, v in base.items() if v is not None}), tmp_path / "t" / name)
        dated(tmp_path / "t" / name)

    save("1.parquet", 0, 31)
    save("2.parquet", 31, 59, x=None)
    save("3.parquet", 59, 90, x=["1.5"] * 30 + ["x"])
    save("4.parquet", 90, 120, new=[1] * 30)
    save("5.parquet", 120, 151, c=[7] * 31)
    assert reports(tmp_path / "t") == {
        "2025-02": {"missing-column:x": 28},
        "2025-03": {"retyped-column:x": 31, "bad-cell:x": 1},
        "2025-04": {"extra-column:new": 30},
        "": {"extra-column:new": 1},
    }
    data = open_model(model(tmp_path / "t", columns=COLUMNS))
    keys = {s.window.key: s.window for s in data.survey({}, NOW).windows}
    assert all(r["x"] != r["x"] for r in rows_of(data, keys["2025-02"]))
    assert sum(r["x"] == 1.5 for r in rows_of(data, keys["2025-03"])) == 30
    assert {r["c"] for r in rows_of(data, keys["2025-05"])} == {"7"}


def test_unreadable_and_empty_files_do_not_stop_the_rest(tmp_path: Path) -> None:
    for name, text in (("1.csv", lines(0, 40)), ("4.csv", lines(40, 60))):
        (tmp_path / name).write_text("\n".join(["ts,x,c,y", *text]))
        dated(tmp_path / name)
    (tmp_path / "2.csv").write_text("")
    (tmp_path / "3.csv").write_bytes(b"\x00\x00binary")
    (tmp_path / "5.csv").write_text("ts,x,c,y\n")
    found = reports(tmp_path)
    assert found[""] == {"unreadable-file": 2}
    assert found["2025-02"] == {"unreadable-file": 2}


def test_a_file_without_the_time_column_is_left_out_and_counted(tmp_path: Path) -> None:
    write(tmp_path / "t" / "1.parquet", [{"ts": day(i), "x": 1.0, "y": 1.0} for i in range(60)])
    write(tmp_path / "t" / "2.parquet", [{"x": 1.0, "y": 1.0} for _ in range(7)])
    data = open_model(model(tmp_path / "t"))
    survey = data.survey({}, NOW)
    assert counts(survey.findings) == {"bad-timestamp": 7}
    assert survey.reference.rows + sum(s.window.rows for s in survey.windows) == 60


def test_repeated_ids_keep_the_last_by_time(tmp_path: Path) -> None:
    table = [{"id": f"k{i}", "ts": day(i), "x": float(i), "y": 1.0} for i in range(60)]
    table += [{"id": "k40", "ts": day(45), "x": 99.0, "y": 1.0}, {"id": "k41", "ts": day(33), "x": 98.0, "y": 1.0}]
    columns = ColumnsSpec(id="id", timestamp=TimestampSpec(("ts",)), target="y")
    for order in (table, table[::-1]):
        data = open_model(model(write(tmp_path / "t.csv", order), columns=columns))
        window = data.survey({}, NOW).windows[0].window
        found = {r["_id"]: r["x"] for r in rows_of(data, window)}
        assert len(found) == 28
        assert (found["k40"], found["k41"]) == (99.0, 41.0)
        scan = data.scan(window, NOW).run()
        assert (scan.rows, window.rows) == (28, 30)
        assert counts(scan.report.findings)["duplicate-id:id"] == 2


def test_versions_that_score_the_same_row_are_kept_apart(tmp_path: Path) -> None:
    table = [{"id": f"k{i}", "ts": day(i), "v": v, "p": 0.5, "y": 1} for i in range(60) for v in ("v1", "2.0")]
    columns = ColumnsSpec(id="id", timestamp=TimestampSpec(("ts",)), target="y", version="v", score="p")
    data = open_model(model(write(tmp_path / "t.csv", table), columns=columns, task="binary"))
    rows = rows_of(data, data.survey({}, NOW).windows[0].window)
    assert len(rows) == 56
    assert {r["_version"] for r in rows} == {"v1", "2.0"}


def test_missing_ids_are_not_repeated_ids(tmp_path: Path) -> None:
    table = [{"id": None if i % 2 else f"k{i}", "ts": day(i), "x": 1.0, "y": 1.0} for i in range(60)]
    columns = ColumnsSpec(id="id", timestamp=TimestampSpec(("ts",)), target="y")
    data = open_model(model(write(tmp_path / "t.csv", table), columns=columns))
    scan = data.scan(data.survey({}, NOW).windows[0].window, NOW).run()
    assert (scan.rows, counts(scan.report.findings)) == (28, {})


def features_model(tmp_path: Path, features: list[dict], **more: Any) -> Any:
    """Predictions of 60 days with a features table beside them."""
    scored = [{"id": f"k{i}", "ts": day(i), "p": i / 100, "y": i % 2} for i in range(60)]
    write(tmp_path / "p" / "1.parquet", scored)
    write(tmp_path / "f" / "1.parquet", features)
    columns = ColumnsSpec(id="id", timestamp=TimestampSpec(("ts",)), target="y", score="p", kinds=more.pop("kinds", {}))
    return model(
        tmp_path,
        task="binary",
        columns=columns,
        predictions=TableSpec(str(tmp_path / "p")),
        features=TableSpec(str(tmp_path / "f"), on="key"),
    )


def test_features_are_joined_by_key(tmp_path: Path) -> None:
    table = [{"key": f"k{i}", "x": float(i), "c": "ab"[i % 2]} for i in range(100) if i != 50]
    data = open_model(features_model(tmp_path, table))
    assert data.kinds() == {"c": "categorical", "x": "numeric"}
    window = data.survey({}, NOW).windows[0].window
    found = {r["_id"]: (r["x"], r["c"], r["_score"]) for r in rows_of(data, window)}
    assert len(found) == 28
    assert found["k40"] == (40.0, "a", 0.40)
    assert found["k50"][0] != found["k50"][0]
    assert found["k50"][1:] == (None, 0.5)
    scan = data.scan(window, NOW).run()
    assert counts(scan.report.findings) == {"orphan-prediction:id": 1}
    assert [(p.fragment, p.rows) for p in scan.parts][:3] == [
        ("1.parquet", 28),
        ("features:1.parquet", 27),
        ("features:", 0),
    ]


def test_roles_alone_need_no_features(tmp_path: Path) -> None:
    data = open_model(features_model(tmp_path, [{"key": f"k{i}", "x": float(i)} for i in range(60)]))
    window = data.survey({}, NOW).windows[0].window
    rows = rows_of(data, window, columns=())
    assert len(rows) == 28
    assert "x" not in rows[0]
    assert [p.digest for p in data.scan(window, NOW, columns=()).run().parts if ":" not in p.fragment] == [""]


def test_changed_features_change_their_windows(tmp_path: Path) -> None:
    table = [{"key": f"k{i}", "x": float(i)} for i in range(60)]
    spec = features_model(tmp_path, table)
    data = open_model(spec)
    known = {s.window.key: data.scan(s.window, NOW).run().parts for s in data.survey({}, NOW).windows}
    assert {s.change for s in open_model(spec).survey(known, NOW).windows} == {"unchanged"}
    write(tmp_path / "f" / "2.parquet", [{"key": f"k{i}", "x": 1.0} for i in range(100, 110)])
    assert {s.change for s in open_model(spec).survey(known, NOW).windows} == {"unchanged"}
    write(tmp_path / "f" / "3.parquet", [{"key": "k40", "x": 1.0}])
    assert {s.window.key: s.change for s in open_model(spec).survey(known, NOW).windows} == {
        "2025-02": "changed", "2025-03": "unchanged",
    }  # fmt: skip


def test_repeated_features_keep_one_whatever_the_order(tmp_path: Path) -> None:
    table = [{"key": f"k{i}", "x": float(i)} for i in range(60)] + [{"key": "k40", "x": 7.0}]
    results = []
    for order in (table, table[::-1]):
        data = open_model(features_model(tmp_path, order))
        window = data.survey({}, NOW).windows[0].window
        results.append({r["_id"]: r["x"] for r in rows_of(data, window)})
        assert counts(data.scan(window, NOW).run().report.findings) == {"duplicate-id:key": 1}
    assert results[0] == results[1]


def test_tables_with_partitions_are_joined_partition_by_partition(tmp_path: Path) -> None:
    for d in (1, 2, 3):
        scored = [{"id": f"k{d}-{i}", "ts": day(d * 20 + i), "p": 0.5} for i in range(10)]
        write(tmp_path / "p" / f"dt=2025-{d:02d}-01" / "a.parquet", scored)
        write(tmp_path / "f" / f"dt=2025-{d:02d}-01" / "a.parquet", [{"id": r["id"], "x": float(d)} for r in scored])
    spec = model(
        tmp_path,
        columns=ColumnsSpec(id="id", timestamp=TimestampSpec(("ts",)), score="p"),
        predictions=TableSpec(str(tmp_path / "p"), partition="dt"),
        features=TableSpec(str(tmp_path / "f"), on="id", partition="dt"),
    )
    data = open_model(replace(spec, task="binary"))
    assert data.features == ("x",)
    windows = {s.window.key: s.window for s in data.survey({}, NOW).windows}
    scan = data.scan(windows["2025-03"], NOW).run()
    assert [p.fragment for p in scan.parts] == [
        "dt=2025-03-01/a.parquet",
        "features:dt=2025-03-01/a.parquet",
        "features:",
    ]


def test_a_source_that_raises_costs_its_file_only(tmp_path: Path) -> None:
    from lifecycle_tui.builtin.sources.csv import CsvSource
    from lifecycle_tui.data.model import ModelData

    class Broken(CsvSource):
        def read(self, fragment, *args, **kwargs):
            if fragment.id == "2.csv":
                raise RuntimeError("the lake is dry")
            yield from super().read(fragment, *args, **kwargs)

    for i, (a, b) in enumerate(((0, 40), (40, 50), (50, 60))):
        write(tmp_path / f"{i + 1}.csv", [{"ts": day(d), "x": 1.0, "y": 1.0} for d in range(a, b)])
    data = ModelData(model(tmp_path), {"table": Broken(str(tmp_path))})
    survey = data.survey({}, NOW)
    assert counts(survey.findings) == {"unreadable-file": 1}
    assert "the lake is dry" in survey.findings[0].message
    scan = data.scan(survey.windows[0].window, NOW).run()
    assert (scan.rows, counts(scan.report.findings)) == (18, {"unreadable-file": 1})
