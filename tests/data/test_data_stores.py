"""Tables in object stores, through pyarrow's file systems; and lakes of which few files are opened."""

from __future__ import annotations

import bz2
import gzip
import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest

from lifecycle_tui.builtin.sources import parquet
from lifecycle_tui.builtin.sources.csv import CsvSource
from lifecycle_tui.builtin.sources.jsonl import JsonLinesSource
from lifecycle_tui.builtin.sources.parquet import ParquetSource
from lifecycle_tui.data import partitions, stores
from lifecycle_tui.data.cache import MemoryCache
from lifecycle_tui.data.files import find_fragments
from lifecycle_tui.data.opening import open_source
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.specs import ReferenceSpec, TableSpec

from data_tables import CLASSES, DAY, day, model, open_model, rows_of, write  # isort: skip

CONTENT = b"x,y\n1,a\n2,b\n"


@pytest.fixture
def lake() -> Iterator[Any]:
    """A store that lies in memory; what is put there is read by everybody in this process."""
    stores._system.cache_clear()
    system = stores.spot("mock://lake").system

    def put(path: str, content: bytes) -> str:
        system.create_dir(path.rpartition("/")[0], recursive=True)
        with system.open_output_stream(path, compression=None) as out:
            out.write(content)
        return f"mock://lake/{path}"

    yield put
    stores._system.cache_clear()


def as_parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("location", "ids"),
    [
        ("scored", ["dt=2025-01-01/a.csv", "dt=2025-01-02/b.csv.gz"]),
        ("scored/", ["dt=2025-01-01/a.csv", "dt=2025-01-02/b.csv.gz"]),
        ("scored/dt=2025-01-01", ["a.csv"]),
        ("scored/dt=2025-01-01/a.csv", ["a.csv"]),
        ("scored/dt=*/*.csv", ["dt=2025-01-01/a.csv"]),
        ("scored/dt=2025-01-0[2-9]", ["dt=2025-01-02/b.csv.gz"]),
        ("**/b.csv.gz", ["other/b.csv.gz", "scored/dt=2025-01-02/b.csv.gz"]),
        ("scored/**", ["dt=2025-01-01/a.csv", "dt=2025-01-02/b.csv.gz"]),
    ],
)
def test_finds_what_it_would_find_in_folders(lake: Any, tmp_path: Path, location: str, ids: list[str]) -> None:
    files = {
        "scored/dt=2025-01-01/a.csv": CONTENT,
        "scored/dt=2025-01-02/b.csv.gz": gzip.compress(CONTENT),
        "scored/dt=2025-01-02/_SUCCESS": b"",
        "scored/_temporary/c.csv": CONTENT,
        "other/b.csv.gz": gzip.compress(CONTENT),
    }
    for path, content in files.items():
        lake(path, content)
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    there = find_fragments(f"mock://lake/{location}", CsvSource.suffixes)
    here = find_fragments(str(tmp_path / location), CsvSource.suffixes)
    uri = find_fragments(f"{tmp_path.as_uri()}/{location}", CsvSource.suffixes)
    assert [f.id for f in there] == [f.id for f in here] == [f.id for f in uri] == ids
    assert [f.size for f in there] == [f.size for f in here]
    assert [f.stamp for f in uri] == [f.stamp for f in here]
    assert [f.partitions for f in there] == [f.partitions for f in here]


def test_each_format_is_read_from_a_store(lake: Any) -> None:
    rows = [{"x": 1, "y": "a"}, {"x": 2, "y": "b"}]
    lines = b'{"x": 1, "y": "a"}\n{"x": 2, "y": "b"}\n'
    for name, content, kind in (
        ("t.csv", CONTENT, CsvSource),
        ("t.csv.gz", gzip.compress(CONTENT), CsvSource),
        ("t.csv.bz2", bz2.compress(CONTENT), CsvSource),
        ("t.jsonl", lines, JsonLinesSource),
        ("t.ndjson.gz", gzip.compress(lines), JsonLinesSource),
        ("t.parquet", as_parquet(x=[1, 2], y=["a", "b"]), ParquetSource),
    ):
        source = open_source(lake(f"{name}-folder/dt=1/{name}", content).rpartition("/dt=")[0], CLASSES)
        assert isinstance(source, kind)
        (fragment,) = source.fragments()
        assert fragment.path == f"mock://lake/{name}-folder/dt=1/{name}"
        found = [row for b in source.read(fragment, ["x", "y", "dt"]) for row in b.data.to_pylist()]
        assert found == [{**row, "dt": "1"} for row in rows], name


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("mock://lake/nowhere", "does not exist"),
        ("mock://lake/nowhere/*.csv", "no source reads|holds no file"),
        ("mock://lake/empty", "no source reads"),
        ("zz://bucket/x", "zz://bucket cannot be opened: Unrecognized filesystem"),
        ("s3://key:secret@bucket/x.csv", "holds a password"),
    ],
)
def test_what_is_not_there_is_said_in_words(lake: Any, location: str, message: str) -> None:
    lake("empty/readme.md", b"x")
    with pytest.raises(DataError, match=message) as caught:
        open_source(location, CLASSES).fragments()
    assert "secret" not in caught.value.said


def test_what_a_store_refuses_is_said_with_where_credentials_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    address = (
        "s3://lake/scored.parquet?region=eu-west-3&scheme=http&endpoint_override=127.0.0.1:1&allow_delayed_open=true"
    )
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    exc = OSError("AWS Error ACCESS_DENIED during HeadObject operation\nmore")
    said = stores.unreadable(address, exc)
    assert said.message.endswith("cannot be read: AWS Error ACCESS_DENIED during HeadObject operation")
    assert "AWS_ACCESS_KEY_ID" in (said.hint or "")


def test_a_rewritten_file_of_a_store_is_read_anew(lake: Any) -> None:
    address = lake("t.parquet", as_parquet(x=[1]))
    source = ParquetSource(address)
    (one,) = source.fragments()
    lake("t.parquet", as_parquet(x=[2, 3]))
    (two,) = source.fragments()
    assert one.stamp != two.stamp
    assert [b.data.to_pydict() for b in source.read(two)] == [{"x": [2, 3]}]


def test_row_groups_are_pruned_in_a_store_too(lake: Any) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    times = [start + timedelta(days=i) for i in range(100)]
    out = io.BytesIO()
    pq.write_table(pa.table({"ts": times, "x": range(100)}), out, row_group_size=10)
    source = ParquetSource(lake("t.parquet", out.getvalue()))
    batches = list(source.read(source.fragments()[0], ["x"], None, ("ts", times[50], times[55])))
    assert [b.first_row for b in batches] in ([50], [40, 50])


def test_a_sub_tree_file_system_serves_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a store that is mounted: paths in it begin at its root."""
    write(tmp_path / "in" / "t.csv", [{"x": 1}])
    system = pafs.SubTreeFileSystem(str(tmp_path), pafs.LocalFileSystem())
    monkeypatch.setattr(stores, "_system", lambda root, query: (system, ""))
    (fragment,) = find_fragments("sub://mount/in", CsvSource.suffixes)
    assert (fragment.id, fragment.path) == ("t.csv", "sub://mount/in/t.csv")
    assert next(CsvSource("sub://mount/in").read(fragment)).data.to_pylist() == [{"x": 1}]


# ── few files are opened ──


@pytest.mark.parametrize(
    ("names", "declared", "pruned"),
    [
        ({"dt": "2025-01-31"}, None, False),
        ({"dt": "2025-01-27"}, None, True),
        ({"dt": "20250127"}, None, True),
        ({"dt": "2025-01-27T05"}, None, True),
        ({"dt": "2025-01"}, None, False),
        ({"load": "2024-12"}, "load", True),
        ({"load": "2025-01"}, "load", False),
        ({"load": "2024-12"}, None, False),
        ({"year": "2024"}, None, True),
        ({"year": "2025"}, None, False),
        ({"year": "2024", "month": "12"}, None, True),
        ({"Year": "2025", "month": "1", "day": "27"}, None, True),
        ({"year": "2025", "day": "1"}, None, False),
        ({"year": "2025", "month": "13"}, None, False),
        ({"year": "9999"}, None, False),
        ({"dt": "__HIVE_DEFAULT_PARTITION__"}, "dt", False),
        ({"dt": "2025-02-30"}, None, False),
        ({"month": "1"}, None, False),
        ({}, "dt", False),
    ],
)
def test_what_a_partition_proves(names: dict[str, str], declared: str | None, pruned: bool) -> None:
    assert partitions.before(names, declared, datetime(2025, 2, 1, tzinfo=UTC)) is pruned


@pytest.mark.parametrize("place", ["folder", "store"])
def test_a_lake_of_days_opens_few_files(lake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """60 days; the reference begins on day 30: the days long before are never opened, a day that is known not again."""

    def add(n: int) -> None:
        rows = [{"ts": day(n + i / 10), "y": float(i), "x": n + i / 10} for i in range(10)]
        path = f"dt={day(n):%Y-%m-%d}/a.parquet"
        if place == "store":
            lake(f"scored/{path}", as_parquet(**{name: [row[name] for row in rows] for name in rows[0]}))
        else:
            write(tmp_path / path, rows)

    opened: Counter[str] = Counter()
    footer, reader = pq.read_metadata, pq.ParquetFile

    def name(file: Any) -> str:
        return day_of[file] if file in day_of else str(file)

    day_of: dict[Any, str] = {}
    monkeypatch.setattr(pq, "read_metadata", lambda file: (opened.update([name(file)]), footer(file))[1])
    monkeypatch.setattr(pq, "ParquetFile", lambda file, **o: (opened.update([name(file)]), reader(file, **o))[1])
    taken = stores.open_stored

    def open_stored(address: str) -> Any:
        file = taken(address)
        day_of[file] = address
        return file

    monkeypatch.setattr(parquet, "open_stored", open_stored)
    for n in range(60):
        add(n)
    location = "mock://lake/scored" if place == "store" else str(tmp_path)
    spec = model(
        Path("-"), window=DAY, reference=ReferenceSpec(start=day(30), end=day(40)), predictions=TableSpec(location)
    )
    cache = MemoryCache()

    def survey() -> Any:
        parquet._footer.cache_clear()
        opened.clear()
        data = open_model(spec, cache)
        found = data.survey({}, day(100))
        return data, found

    data, found = survey()
    days = {key.partition("dt=")[2][:10] for key in opened}
    assert len(found.windows) == 20
    assert min(days) == "2025-01-29", "two days are allowed for zones"
    data, found = survey()
    seen = sum(opened.values())
    assert seen <= 2 * 12, f"only the reference is looked at again: {opened}"
    rows = rows_of(data, found.windows[-1].window)
    assert len(rows) == 10
    add(60)
    data, found = survey()
    assert len(found.windows) == 21
    assert sum(opened.values()) <= seen + 3, "and the day that is new"
