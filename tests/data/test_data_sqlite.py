"""The SQLite source: blocks of rows, true stamps, and writers that go on writing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.builtin.sources import sqlite
from lifecycle_tui.builtin.sources.sqlite import SqliteSource
from lifecycle_tui.data import blocks
from lifecycle_tui.domain.errors import DataError

from data_tables import day, into_sqlite, model, open_model, rows_of  # isort: skip


@contextmanager
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        yield connection
        connection.commit()


def table(path: Path, columns: str, *rows: Any, name: str = "t") -> Path:
    with writer(path) as connection:
        connection.execute(f"CREATE TABLE {name} ({columns})")
        for row in rows:
            connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
    return path


def read(source: SqliteSource, columns: Any = None, kinds: Any = None, time: Any = None) -> tuple[list, list]:
    batches = [b for f in source.fragments() for b in source.read(f, columns, kinds, time)]
    return [row for b in batches for row in b.data.to_pylist()], [p for b in batches for p in b.problems]


def test_any_cell_may_be_of_any_type(tmp_path: Path) -> None:
    path = table(
        tmp_path / "a.db", "n, c, b BOOLEAN, x BLOB", (1, 7, 1, b"\0\1"), ("2.5", "7", 0, None), ("abc", 7.0, None, 1)
    )
    source = SqliteSource(str(path))
    assert {k: str(v) for k, v in source.schema().items()} == {
        "n": "string",
        "c": "string",
        "b": "bool",
        "x": "string",
    }
    found, problems = read(source, None, {"n": "numeric", "c": "categorical", "x": "numeric"})
    assert [list(row.values()) for row in found] == [
        [1.0, "7", True, None],
        [2.5, "7", False, None],
        [None, "7", None, 1.0],
    ]
    assert [(p.column, p.code, p.count, p.rows) for p in problems] == [
        ("n", "bad-cell", 1, (2,)),
        ("x", "bad-cell", 1, (0,)),
    ]
    assert [p.example for p in problems] == ["row 3: 'abc'", "row 1: 2 bytes"]
    assert read(source, ["none"]) == ([{}, {}, {}], [])


def test_names_that_sql_would_take_for_something_else(tmp_path: Path) -> None:
    odd = 'a"; DROP TABLE t; --'
    path = tmp_path / "a.db"
    with writer(path) as connection:
        quoted = odd.replace('"', '""')
        connection.execute(f'CREATE TABLE "{quoted}" ("{quoted}", "rowid", "select")')
        connection.execute(f'INSERT INTO "{quoted}" VALUES (1, 5, 2), (3, 4, 4)')
    rows, _ = read(SqliteSource(str(path), table=odd))
    assert rows == [{odd: 1, "rowid": 5, "select": 2}, {odd: 3, "rowid": 4, "select": 4}]
    with pytest.raises(DataError, match="has no table"):
        SqliteSource(str(path), table='x" UNION SELECT 1 --').schema()


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({}, "has 2 tables", "scored, people"),
        ({"table": "scord"}, "has no table 'scord'", 'did you mean "scored"'),
        ({"table": "zzz"}, "has no table 'zzz'", "its tables: people, scored"),
        ({"query": "SELECT nought FROM scored"}, "no such column: nought", ""),
        ({"query": "DELETE FROM scored"}, "syntax error", ""),
    ],
)
def test_a_table_that_is_not_there(tmp_path: Path, options: dict, message: str, hint: str) -> None:
    path = table(tmp_path / "a.db", "x", (1,), name="scored")
    table(path, "y", (1,), name="people")
    with pytest.raises(DataError, match=message) as caught:
        SqliteSource(str(path), **options).schema()
    assert all(word in (caught.value.hint or "") for word in hint.split(", "))
    assert read(SqliteSource(str(path), table="scored"))[0] == [{"x": 1}]


def test_table_and_query_are_one_too_many() -> None:
    with pytest.raises(DataError, match="not both"):
        SqliteSource("a.db", table="t", query="SELECT 1").fragments()


def test_what_has_no_rowid_is_read_whole(tmp_path: Path) -> None:
    path = table(tmp_path / "a.db", "k PRIMARY KEY, x", ("b", 2), ("a", 1), name="t")
    with writer(path) as connection:
        connection.execute("CREATE TABLE w (k PRIMARY KEY, x) WITHOUT ROWID")
        connection.execute("INSERT INTO w SELECT * FROM t")
        connection.execute("CREATE VIEW v AS SELECT x AS y FROM t WHERE x > 1")
    assert read(SqliteSource(str(path), table="W"))[0] == [{"k": "a", "x": 1}, {"k": "b", "x": 2}]
    assert read(SqliteSource(str(path), table="v"))[0] == [{"y": 2}]
    assert read(SqliteSource(str(path), query="SELECT sum(x) AS s, k FROM t;"), ["s"])[0] == [{"s": 3}]
    assert [f.id for f in SqliteSource(str(path), table="v").fragments()] == ["a.db"]


def test_an_empty_table_has_columns_and_no_rows(tmp_path: Path) -> None:
    source = SqliteSource(str(table(tmp_path / "a.db", "n INTEGER, t TEXT, d DATETIME, x REAL")))
    assert [str(v) for v in source.schema().values()] == ["int64", "string", "string", "double"]
    assert read(source) == ([], [])


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_what_is_no_database_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.db").write_bytes(content)
    with pytest.raises(DataError):
        SqliteSource(str(tmp_path / "a.db")).fragments()
    with pytest.raises(DataError, match="does not exist"):
        SqliteSource(str(tmp_path / "b.db")).fragments()


def test_only_blocks_with_new_rows_change_where_rows_are_only_added(tmp_path: Path) -> None:
    path = table(tmp_path / "a.db", "id INTEGER PRIMARY KEY, x", (-5, 0), (1, 1), (blocks.ROWS + 1, 2))
    added, careful = SqliteSource(str(path), append_only=True), SqliteSource(str(path))

    def stamps(source: SqliteSource) -> list[str]:
        return [f.stamp for f in source.fragments()]

    before, all_before = stamps(added), stamps(careful)
    assert [row["x"] for row in read(added)[0]] == [0, 1, 2], "blocks are in the keys' order, negative ones first"
    assert stamps(added) == before and stamps(careful) == all_before
    with writer(path) as connection:
        connection.execute("INSERT INTO t (x) VALUES (3)")
    assert [a == b for a, b in zip(before, stamps(added), strict=True)] == [True, True, False]
    assert not set(all_before) & set(stamps(careful))
    now = stamps(careful)
    with writer(path) as connection:
        connection.execute("UPDATE t SET x = 9 WHERE id = 1")
    assert not set(now) & set(stamps(careful)), "an update in place is noticed"
    with writer(path) as connection:
        connection.execute("DELETE FROM t WHERE id = -5")
    assert len(stamps(added)) == 2


def test_keys_with_wide_gaps_have_few_blocks(tmp_path: Path) -> None:
    rows = [(i << 52, i) for i in range(1000)]
    source = SqliteSource(str(table(tmp_path / "a.db", "id INTEGER PRIMARY KEY, x", *rows)))
    assert len(source.fragments()) <= blocks.MOST + 1
    assert [row["x"] for row in read(source)[0]] == list(range(1000))
    ends = table(tmp_path / "b.db", "id INTEGER PRIMARY KEY, x", (-(2**63), 1), (2**63 - 1, 2))
    assert [row["x"] for row in read(SqliteSource(str(ends)))[0]] == [1, 2]


def test_batches_of_a_block_follow_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_ROWS", 10)
    path = table(tmp_path / "a.db", "x", *[(i,) for i in range(25)])
    source = SqliteSource(str(path))
    batches = list(source.read(source.fragments()[0]))
    assert [(b.first_row, b.data.num_rows) for b in batches] == [(0, 10), (10, 10), (20, 5)]


TIMES: dict[str, Any] = {
    "text": lambda t: t.strftime("%Y-%m-%d %H:%M:%S"),
    "seconds": lambda t: int(t.timestamp()),
    "fractions": lambda t: t.timestamp() + 0.5,
    "milliseconds": lambda t: int(t.timestamp() * 1000),
    "dates": lambda t: int(t.strftime("%Y%m%d")),
    "other": lambda t: t.strftime("%d.%m.%Y"),
}


@pytest.mark.parametrize("form", TIMES)
def test_rows_outside_the_time_stay_in_the_file(tmp_path: Path, form: str) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    rows = [(TIMES[form](start + timedelta(days=i)), i) for i in range(100)]
    source = SqliteSource(str(table(tmp_path / "a.db", "ts, x", *rows, (None, 100), ("?", 101))))
    found, _ = read(source, ["x"], None, ("ts", start + timedelta(days=50), start + timedelta(days=55)))
    kept = {row["x"] for row in found}
    assert {50, 51, 52, 53, 54, 101} <= kept
    assert len(kept) <= 12 or form in ("dates", "other"), "those prove nothing"


def test_a_time_in_a_format_of_its_own_proves_nothing(tmp_path: Path) -> None:
    """Days before months look like ISO dates."""
    from lifecycle_tui.domain.specs import ColumnsSpec, TimestampSpec

    rows = [{"ts": day(i).strftime("%Y-%d-%m"), "y": i, "x": "v" * 2000} for i in range(12_000 // 200)] * 200
    spec = model(
        into_sqlite(tmp_path / "a.db", rows),
        columns=ColumnsSpec(timestamp=TimestampSpec(("ts",), format="%Y-%d-%m"), target="y"),
    )
    data = open_model(spec, memory=1000)
    (february, _) = data.survey({}, datetime(2030, 1, 1, tzinfo=UTC)).windows
    assert len(rows_of(data, february.window)) == february.window.rows == 28 * 200


def test_a_reader_holds_no_writer_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between batches no lock is held: neither with a rollback journal nor with a log, which can be truncated."""
    monkeypatch.setattr(sqlite, "_ROWS", 10)
    path = table(tmp_path / "a.db", "x", *[(i,) for i in range(30)])
    for options in ({}, {"query": "SELECT x FROM t"}):
        for mode in ("delete", "wal"):
            with writer(path) as connection:
                assert connection.execute(f"PRAGMA journal_mode = {mode}").fetchone() == (mode,)
            source = SqliteSource(str(path), **options)
            reading = source.read(source.fragments()[0])
            next(reading)
            with writer(path) as connection:  # waits for nobody: its timeout is 0
                connection.execute("INSERT INTO t VALUES (1)")
                connection.commit()
                if mode == "wal":
                    assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
            assert sum(b.data.num_rows for b in reading) >= 20


def test_what_is_in_the_log_alone_is_read_and_noticed(tmp_path: Path) -> None:
    path = table(tmp_path / "a.db", "x", (1,))
    source = SqliteSource(str(path))
    with writer(path) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        before = source.fragments()[0].stamp
        connection.execute("INSERT INTO t VALUES (2)")
        connection.commit()
        assert source.fragments()[0].stamp != before
        assert read(source)[0] == [{"x": 1}, {"x": 2}]


def test_a_locked_file_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_WAIT", 0.01)
    path = table(tmp_path / "a.db", "x", (1,))
    with writer(path) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DataError, match="locked") as caught:
            SqliteSource(str(path)).fragments()
        assert "a writer has held it" in (caught.value.hint or "")
    assert len(SqliteSource(str(path)).fragments()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_log_in_a_folder_that_is_not_ours(tmp_path: Path) -> None:
    path = table(tmp_path / "sub.db", "x", (1,))
    with writer(path) as connection:
        connection.execute("PRAGMA journal_mode = wal")
    tmp_path.chmod(0o500)
    try:
        assert read(SqliteSource(str(path)))[0] == [{"x": 1}]
    finally:
        tmp_path.chmod(0o700)


def test_text_that_is_no_utf_8(tmp_path: Path) -> None:
    path = table(tmp_path / "a.db", "x TEXT")
    with writer(path) as connection:
        connection.execute("INSERT INTO t VALUES (CAST(x'41ff' AS TEXT))")
    assert read(SqliteSource(str(path)))[0] == [{"x": "A\ufffd"}]


def test_a_folder_of_files_is_one_table(tmp_path: Path) -> None:
    for name, x in (("a", 1), ("b", 2.5)):
        (tmp_path / f"dt={name}").mkdir()
        table(tmp_path / f"dt={name}" / "t.sqlite", "x", (x,))
    source = SqliteSource(str(tmp_path))
    assert {k: str(v) for k, v in source.schema().items()} == {"x": "double", "dt": "string"}
    assert read(source, ["dt", "x"], {"x": "numeric"})[0] == [{"x": 1.0, "dt": "a"}, {"x": 2.5, "dt": "b"}]
