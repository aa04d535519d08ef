"""Values of protected and segment columns: the same text whichever table they are in and whatever else is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.data.model import ModelData
from lifecycle_tui.domain.specs import ColumnsSpec, LabelSpec, ReferenceSpec, TableSpec, TimestampSpec
from lifecycle_tui.domain.windows import Window

from data_tables import NOW, day, model, open_model, write  # isort: skip

COLUMNS = ColumnsSpec(id="id", timestamp=TimestampSpec(("ts",)), version="v", target="y", prediction="p")


def rows(first: int, last: int) -> list[dict[str, Any]]:
    """A row a day; every third city and every fourth age is missing."""
    return [
        {
            "id": f"k{i}", "ts": day(i), "v": "ab"[i % 2], "city": None if i % 3 == 0 else ["Gent", "Ulm"][i % 2],
            "age": None if i % 4 == 0 else 20.0 + i / 2, "p": 0.5, "y": 1.0,
        }
        for i in range(first, last)
    ]  # fmt: skip


def of_window(data: ModelData, window: Window, **options: Any) -> dict[str, dict[str | None, str]]:
    """Column → id → text."""
    found: dict[str, dict[str | None, str]] = {}
    for batch in data.scan(window, NOW, groups=True, **options):
        assert batch.id is not None
        for name, values in batch.groups.items():
            assert values.shape == (batch.rows,) and values.dtype == object
            found.setdefault(name, {}).update(zip(batch.id.to_pylist(), values.tolist(), strict=True))
    return found


def february(data: ModelData) -> Window:
    return next(state.window for state in data.survey({}, NOW).windows if state.window.key == "2025-02")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_groups_are_text_and_missing_is_empty(tmp_path: Path, suffix: str) -> None:
    columns = replace(COLUMNS, protected=("age",), segments=("city", "v", "age"))
    data = open_model(model(write(tmp_path / f"t.{suffix}", rows(0, 60)), columns=columns))
    assert "v" not in data.features
    window = february(data)
    found = of_window(data, window)
    assert list(found) == ["age", "city", "v"]
    assert [found["age"][f"k{i}"] for i in (32, 33, 34)] == ["", "36.5", "37"]
    assert [found["city"][f"k{i}"] for i in (33, 34, 35)] == ["", "Gent", "Ulm"]
    assert [found["v"][f"k{i}"] for i in (33, 34)] == ["b", "a"]
    for columns_read in ((), ("age",), ("city",)):
        assert of_window(data, window, columns=columns_read) == found
    assert all(not batch.groups for batch in data.scan(window, NOW))
    assert set(of_window(data, data.survey({}, NOW).reference)) == {"age", "city", "v"}


def test_groups_of_a_joined_table_are_there_when_ids_and_labels_alone_are_read(tmp_path: Path) -> None:
    people = [{"id": r["id"], "city": r["city"], "age": r["age"]} for r in rows(0, 60) if r["id"] != "k40"]
    for name, some in (("eu", people[::2]), ("us", people[1::2])):
        write(tmp_path / "people" / f"region={name}" / "1.parquet", some)
    kept = ("id", "ts", "v", "p")
    base = write(tmp_path / "scored" / "1.csv", [{k: r[k] for k in kept} for r in rows(0, 60)])
    labels = write(tmp_path / "labels" / "1.csv", [{"id": r["id"], "y": r["y"]} for r in rows(0, 60)])
    spec = model(
        base,
        columns=replace(COLUMNS, protected=("region",), segments=("city",)),
        predictions=TableSpec(str(base.parent), on="id"),
        features=TableSpec(str(tmp_path / "people"), on="id", partition="region"),
        labels=LabelSpec(table=TableSpec(str(labels.parent), on="id")),
    )
    data = open_model(spec)
    assert data.features == ("age", "city")
    window = february(data)
    found = of_window(data, window)
    assert [found["city"][f"k{i}"] for i in (33, 34, 35, 40)] == ["", "Gent", "Ulm", ""]
    assert [found["region"][f"k{i}"] for i in (33, 34, 40)] == ["us", "eu", ""]
    assert of_window(data, window, columns=()) == found
    plain = open_model(replace(spec, columns=COLUMNS))
    assert all(not batch.groups for batch in plain.scan(window, NOW, columns=(), groups=True))


def test_a_change_of_a_group_that_is_no_feature_changes_the_window(tmp_path: Path) -> None:
    table = [{**r, "branch": "north" if r["ts"] > day(40) else None} for r in rows(0, 59)]
    columns = replace(COLUMNS, kinds={"city": "categorical", "age": "numeric"}, segments=("branch",))

    def survey(change: str, known: Any) -> Any:
        old = [{k: v for k, v in r.items() if k != "branch"} for r in table[:31]]
        write(tmp_path / "t" / "1.parquet", old)
        new = [{**r, "branch": r["branch"] and change} for r in table[31:]]
        path = write(tmp_path / "t" / "2.parquet", new)
        path.touch()
        data = open_model(model(tmp_path / "t", columns=columns))
        assert data.features == ("age", "city")
        return data, data.survey(known, NOW)

    data, first = survey("north", {})
    window = first.windows[0].window
    assert of_window(data, window)["branch"]["k45"] == "north"
    parts = {window.key: data.scan(window, NOW, groups=True).run().parts}
    assert [state.change for state in survey("north", parts)[1].windows] == ["unchanged"]
    data, second = survey("south", parts)
    assert [state.change for state in second.windows] == ["changed"]
    assert not any(f.code == "extra-column" for f in second.findings)


@pytest.mark.parametrize("flip", [False, True])
def test_of_rows_with_one_id_and_time_the_same_one_counts_however_it_is_read(tmp_path: Path, flip: bool) -> None:
    twins = [{**r, "city": c, "age": a} for r in rows(31, 59) for c, a in (("Gent", 1.0), ("Ulm", 7.0), ("Lyon", 3.0))]
    table = [*rows(0, 31), *(twins[::-1] if flip else twins)]
    columns = replace(COLUMNS, segments=("city",))
    data = open_model(model(write(tmp_path / "t.csv", table), columns=columns))
    found = of_window(data, february(data))
    assert len(found["city"]) == 28
    assert of_window(data, february(data), columns=()) == found
    other = open_model(model(write(tmp_path / "u.csv", [*table[:31], *table[31:][::-1]]), columns=columns))
    assert of_window(other, february(other)) == found


def test_of_features_with_one_id_the_same_one_counts_however_it_is_read(tmp_path: Path) -> None:
    twins = (("Gent", 9.0), ("Ulm", 5.0), ("Lyon", 2.0))
    people = [{"id": f"k{i}", "city": c, "age": a + i} for i in range(60) for c, a in twins]
    write(tmp_path / "people" / "1.csv", people)
    base = write(tmp_path / "t.csv", [{k: r[k] for k in ("id", "ts", "v", "p", "y")} for r in rows(0, 60)])
    spec = model(
        base,
        columns=replace(COLUMNS, segments=("city",)),
        predictions=TableSpec(str(base), on="id"),
        features=TableSpec(str(tmp_path / "people"), on="id"),
    )
    data = open_model(spec)
    assert of_window(data, february(data), columns=()) == of_window(data, february(data))


def test_a_reference_of_its_own_brings_its_groups(tmp_path: Path) -> None:
    own = write(tmp_path / "old.csv", [{**r, "branch": "north"} for r in rows(0, 31)])
    now = write(tmp_path / "t.csv", [{**r, "branch": None if r["id"] == "k40" else "south"} for r in rows(31, 60)])
    spec = model(
        now,
        columns=replace(COLUMNS, segments=("branch",)),
        reference=ReferenceSpec(table=TableSpec(str(own))),
    )
    data = open_model(spec)
    assert set(of_window(data, data.survey({}, NOW).reference)["branch"].values()) == {"north"}
    found = of_window(data, february(data), columns=())["branch"]
    assert (found["k40"], found["k41"]) == ("", "south")


def test_a_declared_group_that_no_table_has_is_left_out(tmp_path: Path) -> None:
    columns = replace(COLUMNS, segments=("nowhere", "city"))
    data = open_model(model(write(tmp_path / "t.csv", rows(0, 60)), columns=columns))
    assert list(of_window(data, february(data), columns=())) == ["city"]


def test_times_are_groups_too(tmp_path: Path) -> None:
    table = [{**r, "since": datetime(2020, 1, 1 + i % 3, tzinfo=UTC)} for i, r in enumerate(rows(0, 60))]
    columns = replace(COLUMNS, kinds={"since": "time"}, segments=("since",))
    data = open_model(model(write(tmp_path / "t.parquet", table), columns=columns))
    found = of_window(data, february(data))["since"]
    assert found["k33"] == "2020-01-01 00:00:00+00:00"
    assert of_window(data, february(data), columns=())["since"] == found
