"""The Parquet source and the finding of files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lifecycle_tui.builtin.sources.parquet import ParquetSource
from lifecycle_tui.data.files import find_fragments
from lifecycle_tui.data.opening import open_source
from lifecycle_tui.domain.errors import DataError

from data_tables import CLASSES  # isort: skip


def save(path: Path, **columns: list) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def test_reads_asked_columns_of_a_hive_folder(tmp_path: Path) -> None:
    save(tmp_path / "dt=2025-01-02" / "b.parquet", x=[3], y=["c"])
    save(tmp_path / "dt=2025-01-01" / "a.parquet", x=[1, 2], y=["a", "b"])
    (tmp_path / "dt=2025-01-01" / "_SUCCESS").write_text("")
    (tmp_path / "dt=2025-01-01" / ".hidden.parquet").write_text("")
    source = ParquetSource(str(tmp_path))
    found = source.fragments()
    assert [f.id for f in found] == ["dt=2025-01-01/a.parquet", "dt=2025-01-02/b.parquet"]
    assert {k: str(v) for k, v in source.schema().items()} == {"x": "int64", "y": "string", "dt": "string"}
    rows = [row for f in found for b in source.read(f, ["x", "dt", "none"]) for row in b.data.to_pylist()]
    assert rows == [{"x": 1, "dt": "2025-01-01"}, {"x": 2, "dt": "2025-01-01"}, {"x": 3, "dt": "2025-01-02"}]


def test_categories_arrive_dictionary_encoded(tmp_path: Path) -> None:
    source = ParquetSource(str(save(tmp_path / "a.parquet", y=["a", "b", "a"])))
    (batch,) = source.read(source.fragments()[0], ["y"], {"y": "categorical"})
    assert pa.types.is_dictionary(batch.data.schema.field("y").type)


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_row_groups_outside_the_time_are_skipped(tmp_path: Path, zone: str | None) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    times = [start + timedelta(days=i) for i in range(100)]
    table = pa.table({"ts": pa.array(times, pa.timestamp("us", "UTC")).cast(pa.timestamp("us", zone)), "x": range(100)})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=10)
    source = ParquetSource(str(tmp_path / "a.parquet"))
    batches = list(source.read(source.fragments()[0], ["x"], None, ("ts", times[50], times[55])))
    assert [b.first_row for b in batches] in ([50], [40, 50])  # naive times may be a day off
    assert {50, 51, 52, 53, 54} <= {x for b in batches for x in b.data.column("x").to_pylist()}


def test_no_columns_still_has_rows(tmp_path: Path) -> None:
    source = ParquetSource(str(save(tmp_path / "a.parquet", x=[1, 2, 3])))
    assert sum(b.data.num_rows for b in source.read(source.fragments()[0], [])) == 3


def test_broken_file_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nonsense")
    source = ParquetSource(str(tmp_path / "a.parquet"))
    with pytest.raises(DataError, match="not a readable Parquet file"):
        list(source.read(source.fragments()[0]))
    with pytest.raises(DataError):
        source.schema()


def test_a_rewritten_file_is_read_anew(tmp_path: Path) -> None:
    path = save(tmp_path / "a.parquet", x=[1])
    source = ParquetSource(str(path))
    assert [b.data.num_rows for b in source.read(source.fragments()[0])] == [1]
    save(path, x=[1, 2])
    assert [b.data.num_rows for b in source.read(source.fragments()[0])] == [2]


@pytest.mark.parametrize(
    ("location", "ids"),
    [
        ("one.csv", ["one.csv"]),
        ("*.csv", ["one.csv", "two.csv"]),
        ("**/*.csv", ["one.csv", "sub/three.csv", "two.csv"]),
        ("sub", ["three.csv"]),
        (".", ["one.csv", "sub/three.csv", "two.csv"]),
    ],
)
def test_finds_files(tmp_path: Path, location: str, ids: list[str]) -> None:
    for name in ("two.csv", "one.csv", "sub/three.csv", "sub/other.json", ".x.csv", "_y.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a\n1\n")
    assert [f.id for f in find_fragments(str(tmp_path / location), (".csv",))] == ids


@pytest.mark.parametrize(
    ("location", "message"), [("none.csv", "does not exist"), ("*.csv", "holds no file"), (".", "holds no file")]
)
def test_nothing_there_is_an_error(tmp_path: Path, location: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        find_fragments(str(tmp_path / location), (".csv",))


def test_partition_values_are_unquoted(tmp_path: Path) -> None:
    save(tmp_path / "city=S%C3%A3o%20Paulo" / "a.parquet", x=[1])
    (fragment,) = ParquetSource(str(tmp_path)).fragments()
    assert fragment.partitions == {"city": "São Paulo"}


def test_source_is_picked_by_name_or_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_text("")
    (tmp_path / "mixed").mkdir()
    for name in ("1.parquet", "2.parquet", "3.csv"):
        (tmp_path / "mixed" / name).write_text("")
    assert open_source(str(tmp_path / "a.csv.gz"), CLASSES).name == "csv"
    assert open_source(str(tmp_path / "mixed"), CLASSES).name == "parquet"
    assert open_source(str(tmp_path / "mixed" / "*.csv"), CLASSES).name == "csv"
    assert open_source(str(tmp_path / "a.csv.gz"), CLASSES, use="parquet").name == "parquet"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.xyz", {}, "no source reads"),
        ("none.csv", {}, "does not exist"),
        ("a.csv", {"use": "nope"}, "no source 'nope'"),
        ("a.csv", {"options": {"nope": 1}}, "cannot be made"),
    ],
)
def test_source_that_cannot_be_opened(tmp_path: Path, name: str, options: dict, message: str) -> None:
    for existing in ("a.xyz", "a.csv"):
        (tmp_path / existing).write_text("a\n")
    with pytest.raises(DataError, match=message):
        open_source(str(tmp_path / name), CLASSES, **options)
