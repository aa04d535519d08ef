"""The SQL source, on SQLite through SQLAlchemy and on a PostgreSQL that these tests start and stop."""

from __future__ import annotations

import builtins
import math
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.builtin.sources import sql
from lifecycle_tui.builtin.sources.sql import SqlSource
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.specs import ColumnsSpec, ReferenceSpec, TableSpec, TimestampSpec

from data_tables import DAY, day, into_sqlite, model, open_model, rows_of, write  # isort: skip

pytestmark = pytest.mark.slow
sa = pytest.importorskip("sqlalchemy")


def read(source: SqlSource, columns: Any = None, kinds: Any = None, time: Any = None) -> list[dict[str, Any]]:
    found = []
    for fragment in source.fragments():
        rows = [row for b in source.read(fragment, columns, kinds, time) for row in b.data.to_pylist()]
        assert time is not None or fragment.rows == len(rows)
        found += rows
    return found


# ── without a server ──


@pytest.mark.parametrize(
    ("location", "options", "message", "hint"),
    [
        ("sql:t", {"table": "t"}, "needs the address", "url = { env"),
        ("sql:t", {"table": "t", "url": "no address"}, "needs the address", "url"),
        ("sql:t", {"table": "t", "url": "::://x"}, "no address for SQLAlchemy|knows no database", ""),
        ("sql:t", {"table": "t", "url": "martian://u:secret@h/d"}, "knows no database 'martian'", ""),
        (
            "sql:t",
            {"table": "t", "url": "mysql+pymysql://u:secret@h/d"},
            "driver pymysql is not installed",
            "pip install",
        ),
        ("sqlite:///x.db", {}, "either table = or query =", ""),
        ("sqlite:///x.db", {"table": "t", "query": "SELECT 1"}, "either table = or query =", ""),
        ("postgresql+psycopg://u:secret@h/d", {"table": "t"}, "a path holds a password", "url = { env"),
    ],
)
def test_what_cannot_be_opened(location: str, options: dict, message: str, hint: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        SqlSource(location, **options).schema()
    assert hint in (caught.value.hint or "")
    assert "secret" not in caught.value.said


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name == "sqlalchemy":
            raise ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy")
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError, match="needs SQLAlchemy") as caught:
        SqlSource("sqlite:///x.db", table="t").schema()
    assert "lifecycle-tui[sql]" in (caught.value.hint or "")


def test_sqlite_through_sqlalchemy(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x REAL, b BOOLEAN, ts DATETIME, n)")
        rows = [(1, 0.1, 1, "2025-01-01", 1), (2, None, 0, "x", "a"), (1 << 40, 7.0, None, None, 2.5)]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
    source = SqlSource("-", url=f"sqlite:///{path}", table="t")
    schema = {k: str(v) for k, v in source.schema().items()}
    assert schema == {"id": "int64", "x": "double", "b": "bool", "ts": "string", "n": "string"}
    assert len(source.fragments()) == 2
    assert [list(row.values()) for row in read(source, None, {"x": "categorical", "n": "numeric"})] == [
        [1, "0.1", True, "2025-01-01", 1.0],
        [2, None, False, "x", None],
        [1 << 40, "7", None, None, 2.5],
    ]
    before = [f.stamp for f in source.fragments()]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE t SET x = 0.2 WHERE id = 1")
    after = [f.stamp for f in source.fragments()]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True], "all rows were read to see it"
    with pytest.raises(DataError, match="syntax error"):
        SqlSource("-", url=f"sqlite:///{path}", query="DELETE FROM t RETURNING id").schema()


def test_the_same_windows_as_from_files(tmp_path: Path) -> None:
    rows = [
        {"id": f"k{i}", "ts": day(i / 8), "x": None if i % 11 == 0 else i / 3, "c": "ab"[i % 2], "y": i % 2}
        for i in range(400)
    ]
    into_sqlite(tmp_path / "a.db", rows)
    places = {
        "csv": TableSpec(str(write(tmp_path / "a.csv", rows))),
        "parquet": TableSpec(str(write(tmp_path / "a.parquet", rows))),
        "sql": TableSpec("-", use="sql", options={"url": f"sqlite:///{tmp_path / 'a.db'}", "table": "rows"}),
    }
    columns = ColumnsSpec(id="id", timestamp=TimestampSpec(("ts",)), target="y")
    found = {}
    for name, place in places.items():
        spec = model(Path("-"), window=DAY, reference=ReferenceSpec(end=day(31)), columns=columns, predictions=place)
        data = open_model(spec)
        survey = data.survey({}, day(100))
        windows = [(s.window.key, s.window.rows, rows_of(data, s.window)) for s in survey.windows]
        found[name] = repr((survey.reference_digest, windows))
    assert found["sql"] == found["csv"] == found["parquet"]


# ── PostgreSQL ──


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    pgserver = pytest.importorskip("pgserver")
    pytest.importorskip("psycopg")
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="pg") as folder:
        warnings.simplefilter("ignore")
        running = pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield running
        finally:
            running.cleanup()


@pytest.fixture
def url(server: Any) -> str:
    return server.get_uri().replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def run(url: str) -> Iterator[Any]:
    """Runs SQL as the team's own program would, on a clean schema."""
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)

    def execute(*statements: str) -> list[tuple]:
        found: list[tuple] = []
        with engine.begin() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                found = [tuple(row) for row in result] if result.returns_rows else []
        return found

    execute("DROP SCHEMA IF EXISTS public CASCADE", "DROP SCHEMA IF EXISTS risk CASCADE", "CREATE SCHEMA public")
    yield execute


TYPES = """CREATE TABLE t (
    i bigint, s smallint, f double precision, r real, n numeric, b boolean, t text, c varchar(9), u uuid,
    z timestamptz, p timestamp, d date, j jsonb, y bytea, a int[], h time, v interval)"""


def test_types(url: str, run: Any) -> None:
    run(
        TYPES,
        """INSERT INTO t VALUES (9007199254740993, 1, 0.1, 0.5, 123456789.5, true, 'é', 'x',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2025-01-01 12:00+02', '2025-01-01 12:00', '2025-01-01',
        '{"k": [1]}', '\\x00ff', '{1,2}', '12:00', '1 day')""",
        "INSERT INTO t VALUES (NULL)",
        "INSERT INTO t (f, n, z, p, d) VALUES ('NaN', 'NaN', 'infinity', '-infinity', 'infinity')",
        "INSERT INTO t (f, n, p, d) VALUES ('-Infinity', 'Infinity', '0044-03-15 BC', '0044-03-15 BC')",
    )
    source = SqlSource("-", url=url, table="t")
    schema = {k: str(v) for k, v in source.schema().items()}
    assert [schema[k] for k in "isfrnbtcuzpdj"] == [
        "int64", "int64", "double", "double", "double", "bool", "string", "string", "string",
        "timestamp[us, tz=UTC]", "timestamp[us]", "date32[day]", "string",
    ]  # fmt: skip
    one, nothing, odd, older = read(source)
    assert one["i"] == 9007199254740993 and one["n"] == 123456789.5 and one["f"] == 0.1 and one["b"] is True
    assert one["z"] == datetime(2025, 1, 1, 10, tzinfo=UTC) and one["p"] == datetime(2025, 1, 1, 12)
    assert (one["u"], one["j"], one["a"]) == ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", '{"k": [1]}', "[1, 2]")
    assert one["y"] is None and one["h"] == "12:00:00"
    assert set(nothing.values()) == {None}
    assert [odd[k] for k in "fnzpd"] == [None] * 5, "neither a number nor a time"
    assert (older["f"], older["n"], older["p"], older["d"]) == (-math.inf, math.inf, None, None)
    (fragment,) = source.fragments()
    (batch,) = source.read(fragment, ["y"])
    assert [(p.column, p.code, p.count, p.example) for p in batch.problems] == [("y", "bad-cell", 1, "row 1: 2 bytes")]
    kinds: Any = {"n": "categorical", "i": "categorical", "b": "categorical", "z": "time"}
    labels = read(source, list(kinds), kinds)[0]
    assert [labels[k] for k in "nib"] == ["123456789.5", "9007199254740993", "true"]
    assert read(source, [])[:1] == [{}]


def test_pieces_by_number_and_their_stamps(url: str, run: Any) -> None:
    run(
        "CREATE TABLE t (id bigint PRIMARY KEY, x int, at timestamptz DEFAULT now())",
        "INSERT INTO t SELECT g, g FROM generate_series(1, 600000, 100) g",
    )
    sources = {
        "content": SqlSource("-", url=url, table="t"),
        "changed": SqlSource("-", url=url, table="t", changed="at"),
        "added": SqlSource("-", url=url, table="t", append_only=True),
    }

    def stamps() -> dict[str, list[str]]:
        return {name: [f.stamp for f in source.fragments()] for name, source in sources.items()}

    def moved(one: dict, two: dict) -> dict[str, list[int]]:
        return {n: [i for i, (a, b) in enumerate(zip(one[n], two[n], strict=True)) if a != b] for n in one}

    first = stamps()
    assert {len(found) for found in first.values()} == {3}
    assert stamps() == first
    run("UPDATE t SET x = -1, at = now() + interval '1 s' WHERE id = 300001")
    second = stamps()
    assert moved(first, second) == {"content": [1], "changed": [1], "added": []}
    run("INSERT INTO t VALUES (600001, 1, '2000-01-01')")
    third = stamps()
    assert moved(second, third) == {"content": [2], "changed": [2], "added": [2]}
    run("UPDATE t SET x = 601 - x WHERE id IN (1, 601)")  # the sum stays the same
    assert moved(third, stamps())["content"] == [0]
    assert [row["x"] for row in read(sources["content"])][1] == 101


@pytest.mark.parametrize(("kind", "piece", "ids"), [
    ("timestamptz", "month", ["2024-12", "2025-01", "2025-03", "none"]),
    ("timestamp", "year", ["2024", "2025", "none"]),
    ("date", "day", ["2024-12-31", "2025-01-01", "2025-03-31", "none"]),
])  # fmt: skip
def test_pieces_by_time(url: str, run: Any, kind: str, piece: Any, ids: list[str]) -> None:
    run(
        f"CREATE TABLE t (at {kind}, x int)",
        "INSERT INTO t VALUES ('2024-12-31', 1), ('2025-01-01', 2), ('2025-03-31', 3), (NULL, 4), ('infinity', 5)",
    )
    source = SqlSource("-", url=url, table="t", key="at", piece=piece, append_only=True)
    assert [f.id for f in source.fragments()] == [f"t#{name}" for name in ids]
    assert sorted(row["x"] for row in read(source)) == [1, 2, 3, 4, 5]


def test_a_window_asks_for_its_own_columns_and_time(url: str, run: Any) -> None:
    run(
        "CREATE TABLE t (ts timestamptz, x int, secret text)",
        "INSERT INTO t SELECT timestamptz '2025-01-01' + g * interval '1 day', g, 's' FROM generate_series(0, 99) g",
        "INSERT INTO t VALUES (NULL, 100)",
    )
    source = SqlSource("-", url=url, table="t")
    asked: list[str] = []

    @sa.event.listens_for(source._engine, "before_cursor_execute")
    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: Any) -> None:
        asked.append(statement)

    start = datetime(2025, 1, 1, tzinfo=UTC)
    (fragment,) = source.fragments()
    asked.clear()
    batches = source.read(
        fragment, ["x"], {"x": "numeric"}, ("ts", start + timedelta(days=50), start + timedelta(days=55))
    )
    found = {row["x"] for b in batches for row in b.data.to_pylist()}
    assert {50, 51, 52, 53, 54, 100} <= found and len(found) <= 10
    assert "secret" not in asked[-1]


def test_rows_are_streamed_and_a_reader_that_stops_frees_the_server(
    url: str, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "_ROWS", 100)
    run("CREATE TABLE t (x int)", "INSERT INTO t SELECT g FROM generate_series(1, 5000) g")
    source = SqlSource("-", url=url, table="t")
    reading = source.read(source.fragments()[0])
    assert next(reading).data.num_rows == 100
    open_ones = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    (cursors,) = run("SELECT state FROM pg_stat_activity WHERE query LIKE 'FETCH FORWARD%%'")
    assert cursors == ("idle in transaction",), "a cursor of the server: rows wait there"
    reading.close()
    for _ in range(1000):  # the server notices by and by
        if run(open_ones) == [(0,)]:
            break
    assert run(open_ones) == [(0,)]


def test_a_connection_that_breaks_is_said_in_words(url: str, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "_ROWS", 100)
    run("CREATE TABLE t (x int)", "INSERT INTO t SELECT g FROM generate_series(1, 5000) g")
    source = SqlSource("-", url=url, table="t")
    reading = source.read(source.fragments()[0])
    next(reading)
    run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL")
    with pytest.raises(DataError, match="cannot be read") as caught:
        list(reading)
    assert "is the server there" in (caught.value.hint or "")
    assert len(read(source)) == 5000, "the next one connects anew"


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    source = SqlSource("-", url=f"postgresql+psycopg://u:secret@/db?host={tmp_path}", table="t")
    with pytest.raises(DataError, match="cannot be read") as caught:
        source.fragments()
    assert "secret" not in caught.value.said and "is the server there" in (caught.value.hint or "")


def test_names_and_queries_are_only_read(url: str, run: Any) -> None:
    odd = 'a"b; DROP TABLE t; --'
    quoted = odd.replace('"', '""')
    run(
        "CREATE SCHEMA risk",
        f'CREATE TABLE risk."{quoted}" ("{quoted.replace("%", "%%")}" int, "select" int, "x:y" int)',
        f'INSERT INTO risk."{quoted}" VALUES (1, 2, 3)',
        "CREATE TABLE t (x int)",
        "CREATE VIEW w AS SELECT 7 AS x",
    )
    assert read(SqlSource("-", url=url, table=f"risk.{odd}")) == [{odd: 1, "select": 2, "x:y": 3}]
    assert read(SqlSource("-", url=url, table="w")) == [{"x": 7}]
    with pytest.raises(DataError, match="there is no table 'tt'") as caught:
        SqlSource("-", url=url, table="tt").schema()
    assert caught.value.hint == 'did you mean "t"?'
    with pytest.raises(DataError, match="there is no table"):
        SqlSource("-", url=url, table="nowhere.t").schema()
    with pytest.raises(DataError, match=r"syntax error|read-only"):
        SqlSource("-", url=url, query="SELECT 1) q; DROP TABLE t; --").schema()
    with pytest.raises(DataError, match="has no column 'idd'"):
        SqlSource("-", url=url, table="t", key="idd").schema()
    query = "SELECT 'a:b'::text AS t, 5 % 3 AS m, CAST('2025-01-01' AS timestamptz) AS at -- :nothing\n;"
    source = SqlSource("-", url=url, query=query)
    assert read(source) == [{"t": "a:b", "m": 2, "at": datetime(2025, 1, 1, tzinfo=UTC)}]
    with pytest.raises(DataError, match="gives the column 'x' twice"):
        SqlSource("-", url=url, query="SELECT 1 AS x, 2 AS x").schema()
    with pytest.raises(DataError, match="read-only"):
        SqlSource("-", url=url, query="SELECT lo_create(0)").schema()
    assert run("SELECT count(*) FROM t") == [(0,)]


def test_no_row_and_one(url: str, run: Any) -> None:
    run("CREATE TABLE t (id int PRIMARY KEY, ts timestamp, x text)")
    source = SqlSource("-", url=url, table="t")
    assert read(source) == [] and len(source.fragments()) == 1
    run("INSERT INTO t (id) VALUES (5)")
    assert read(SqlSource("-", url=url, table="t")) == [{"id": 5, "ts": None, "x": None}]


def test_the_same_windows_as_from_parquet(url: str, run: Any, tmp_path: Path) -> None:
    rows = [
        {"id": i, "ts": day(i / 8), "x": None if i % 11 == 0 else i / 3, "c": "ab"[i % 2], "b": i % 3 == 0, "y": i % 2}
        for i in range(400)
    ]
    run("CREATE TABLE t (id int PRIMARY KEY, ts timestamptz, x double precision, c text, b boolean, y int)")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO t VALUES (:id, :ts, :x, :c, :b, :y)"), rows)
    engine.dispose()
    options = {"url": url, "table": "t"}
    columns = ColumnsSpec(id="id", timestamp=TimestampSpec(("ts",)), target="y")
    found = []
    for place in (TableSpec(str(write(tmp_path / "a.parquet", rows))), TableSpec("-", use="sql", options=options)):
        spec = model(Path("-"), window=DAY, reference=ReferenceSpec(end=day(31)), columns=columns, predictions=place)
        data = open_model(spec, memory=1000)
        survey = data.survey({}, day(100))
        windows = [(s.window.key, s.window.rows, rows_of(data, s.window)) for s in survey.windows]
        found.append(repr((data.kinds(), survey.reference_digest, windows)))
    assert found[0] == found[1]


def test_a_server_that_restarts_between_two_checks(server: Any, url: str, run: Any) -> None:
    from pgserver import pg_ctl

    run("CREATE TABLE t (x int)", "INSERT INTO t VALUES (1)")
    source = SqlSource("-", url=url, table="t")
    (before,) = source.fragments()
    user = None if os.geteuid() else "pgserver"
    pg_ctl(["-w", "-m", "fast", "stop"], pgdata=server.pgdata, user=user)
    with pytest.raises(DataError, match="cannot be read"):
        source.fragments()
    server.ensure_postgres_running()
    assert source.fragments() == (before,)


def test_it_passes_the_checks_of_a_plugin(tmp_path: Path) -> None:
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.conformance.base import Trial
    from lifecycle_tui.plugin_host.conformance.suite import Suite

    into_sqlite(tmp_path / "a.db", [{"id": i, "x": i / 3} for i in range(9)])
    options = {"url": f"sqlite:///{tmp_path / 'a.db'}", "table": "rows"}
    with Suite(Trial(options=tuple(options.items()), location="-")) as running:
        found = list(running.run(PluginCatalog.open(None, enabled=False).find("source", "sql")))
    # The address is an option: a location that holds nothing does not matter to it, and it is not its default.
    assert [r.check for r in found if r.state == "failed"] == ["options", "nothing-there"]
    assert sum(r.state == "passed" for r in found) >= 12
