"""A table, view or query of a SQLite file, read in blocks by rowid while others go on writing.

Connections are read-only and no read transaction outlives one batch, so that a writer never waits for a window to be
measured. What has no rowid (views, queries, WITHOUT ROWID) is first copied to a temporary table outside the file.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lifecycle_tui.api import (
    FORMS,
    Batch,
    ColumnKind,
    DataError,
    Form,
    Fragment,
    around,
    arrow_type,
    as_batch,
    block_named,
    common_type,
    find_blocks,
    find_fragments,
    form_of,
    hookimpl,
    meant,
    with_partitions,
)

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 65_536
_SAMPLE = 20_000
_WAIT = 10.0
"""Seconds that a read waits for a writer's lock."""
_COPY = "lifecycle rows"
_DATE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*"


@dataclass(frozen=True)
class _Shape:
    """What is read of one file: its columns with their forms; `rowid` is a name of the rowid that no column hides, None
    where there is none; `rows` is the SQL that stands behind FROM."""

    forms: Mapping[str, Form]
    rowid: str | None
    rows: str


class SqliteSource:
    """A table, view or query of a SQLite file. Fragments are blocks of 262,144 rowids; writers are never locked out.

    Args:
        table: the table or view; not needed where the file has one only.
        query: a SELECT to read instead of a table.
        append_only: rows are only ever added at the end, or deleted at the beginning, and never changed: then a check
            reads the blocks that have new rows, and no others. Else any write to the file makes it read all of them.
    """

    name = "sqlite"
    suffixes = (".db", ".sqlite", ".sqlite3")

    def __init__(self, location: str, *, table: str = "", query: str = "", append_only: bool = False) -> None:
        self.location, self.table, self.append_only = location, table, append_only
        self.query = query.strip().rstrip(";")
        self._shapes: dict[tuple[str, str], _Shape] = {}

    def fragments(self) -> Sequence[Fragment]:
        """Blocks of all files, sorted by id."""
        if self.table and self.query:
            raise DataError("a SQLite table has table = or query =, not both")
        found = [piece for file in find_fragments(self.location, self.suffixes) for piece in self._pieces(file)]
        return tuple(sorted(found, key=lambda piece: piece.id))

    def schema(self) -> Mapping[str, pa.DataType]:
        """Columns and the types that their first 20,000 values have (any cell of SQLite may be of any)."""
        import pyarrow as pa

        found: dict[str, Any] = {}
        for file in find_fragments(self.location, self.suffixes):
            for name, form in self._shape(file.path, _state(file.path)).forms.items():
                found[name] = common_type(found.get(name, arrow_type(form)), arrow_type(form))
            found |= dict.fromkeys((p for p in file.partitions if p not in found), pa.string())
        return found

    def names(self, fragment: Fragment) -> tuple[str, ...]:
        """Columns of one file's table."""
        own = tuple(self._shape(fragment.path, _state(fragment.path)).forms)
        return (*own, *(name for name in fragment.partitions if name not in own))

    def read(
        self,
        fragment: Fragment,
        columns: Sequence[str] | None = None,
        kinds: Mapping[str, ColumnKind] | None = None,
        time: tuple[str, datetime, datetime] | None = None,
    ) -> Iterator[Batch]:
        """Batches of at most 65,536 rows in order of rowid. Rows whose time is surely outside `time` never leave
        SQLite; `first_row` counts those that do."""
        shape = self._shape(fragment.path, _state(fragment.path))
        forms = {name: form for name, form in shape.forms.items() if columns is None or name in columns}
        forms |= {name: FORMS[kind] for name, kind in (kinds or {}).items() if name in forms}
        extra = [p for p in fragment.partitions if p not in shape.forms and (columns is None or p in columns)]
        where, bound = _outside(time) if time is not None and time[0] in shape.forms else ("", ())
        row = 0
        with _opened(fragment.path) as connection:
            for rows in _batches(connection, shape, tuple(forms), fragment.id, where, bound):
                lists = dict(zip(forms, list(zip(*rows, strict=True))[1:], strict=True))
                batch = as_batch(lists, forms, row) if lists else None
                data = with_partitions(batch.data if batch else None, fragment, extra, len(rows))
                yield replace(batch, data=data) if batch else Batch(data, row)
                row += len(rows)

    # ── what there is ──

    def _pieces(self, file: Fragment) -> list[Fragment]:
        state = _state(file.path)
        shape = self._shape(file.path, state)
        whole = replace(file, version=state, modified=_modified(file.path))
        if shape.rowid is None:
            return [whole]
        key = shape.rowid
        with _opened(file.path) as connection:

            def one(sql: str, *bound: int) -> Any:
                return connection.execute(f"SELECT {sql}", bound).fetchone()[0]

            first = one(f"min({key}) FROM {shape.rows}")
            if first is None:
                return [whole]
            last = one(f"max({key}) FROM {shape.rows}")
            blocks = find_blocks(first, last, lambda low: one(f"min({key}) FROM {shape.rows} WHERE {key} >= ?", low))
            pieces = []
            for block in blocks:
                version = state
                if self.append_only:
                    inside = f"FROM {shape.rows} WHERE {key} BETWEEN ? AND ?"
                    version = f"{one(f'min({key}) {inside}', block.low, block.high)}:"
                    version += f"{one(f'max({key}) {inside}', block.low, block.high)}"
                name, size = f"{file.id}#{block.name}", max(1, file.size // len(blocks))
                pieces.append(replace(whole, id=name, size=size, version=version))
        return pieces

    def _shape(self, path: str, state: str) -> _Shape:
        if (path, state) not in self._shapes:
            with _opened(path) as connection:
                self._shapes[path, state] = self._look(connection, path)
        return self._shapes[path, state]

    def _look(self, connection: sqlite3.Connection, path: str) -> _Shape:
        if self.query:
            rows, declared, rowid = f"({self.query})", {}, None
        else:
            name, kind = self._named(connection, path)
            rows = f"main.{_quoted(name)}"
            described = connection.execute(f"PRAGMA main.table_xinfo({_quoted(name)})").fetchall()
            declared = {row[1]: str(row[2]).upper() for row in described if row[6] != 1}
            rowid = _rowid(connection, rows, declared) if kind == "table" else None
        names = [column[0] for column in connection.execute(f"SELECT * FROM {rows} LIMIT 0").description]
        sample = connection.execute(f"SELECT * FROM {rows} LIMIT {_SAMPLE}").fetchall()
        values = list(zip(*sample, strict=True)) or [()] * len(names)
        forms = {n: _form(declared.get(n, ""), seen) for n, seen in zip(names, values, strict=True)}
        return _Shape(forms, rowid, rows)

    def _named(self, connection: sqlite3.Connection, path: str) -> tuple[str, str]:
        """The table's name as the file has it, and whether it is a table or a view."""
        known = dict(
            connection.execute(
                "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%'"
                " ESCAPE '!' ORDER BY name"
            ).fetchall()
        )
        listed = ", ".join(list(known)[:8]) or "none"
        if not self.table:
            if len(known) != 1:
                raise DataError(f"{path} has {len(known)} tables", hint=f'name one with table = "…" ({listed})')
            return next(iter(known.items()))
        for name, kind in known.items():
            if name.lower() == self.table.lower():
                return name, kind
        hint = meant(self.table, list(known)) or f"its tables: {listed}"
        raise DataError(f"{path} has no table {self.table!r}", hint=hint)


# ── reading ──


def _batches(
    connection: sqlite3.Connection, shape: _Shape, names: Sequence[str], id_: str, where: str, bound: Sequence[Any]
) -> Iterator[list[tuple[Any, ...]]]:
    """Rows (rowid, values of `names` …), each list from a read transaction of its own."""
    rows, rowid, low, high = shape.rows, shape.rowid, -(2**63), 2**63 - 1
    if rowid is None:
        rows, rowid = f"temp.{_quoted(_COPY)}", "rowid"
        picked = ", ".join(map(_quoted, names)) or "1"
        connection.execute(f"CREATE TEMP TABLE {_quoted(_COPY)} AS SELECT {picked} FROM {shape.rows} {where}", bound)
        connection.commit()
        described = connection.execute(f"SELECT * FROM {rows} LIMIT 0").description
        names = [column[0] for column in described][: len(names)]
        where, bound = "", ()
    elif "#" in id_:
        block = block_named(id_.rpartition("#")[2])
        low, high = max(low, block.low), min(high, block.high)
    picked = ", ".join([rowid, *map(_quoted, names)])
    limits = f"{rowid} BETWEEN ? AND ?"
    sql = f"SELECT {picked} FROM {rows} {f'{where} AND' if where else 'WHERE'} {limits} ORDER BY 1 LIMIT {_ROWS}"
    while True:
        found = connection.execute(sql, (*bound, low, high)).fetchall()
        if found:
            yield found
        if len(found) < _ROWS or found[-1][0] >= high:
            return
        low = found[-1][0] + 1


def _outside(time: tuple[str, datetime, datetime]) -> tuple[str, tuple[Any, ...]]:
    """A WHERE that leaves out what is surely not in the half-open time: ISO text and numbers since 1970 (with a margin
    for zones); everything else stays."""
    low, high = around(*time[1:])
    column = _quoted(time[0])
    spans, bound = [], list[Any]()
    for factor in (1, 10**3, 10**6, 10**9):  # s, ms, µs, ns
        spans.append(f"{column} BETWEEN ? AND ?")
        bound += [t.replace(tzinfo=UTC).timestamp() * factor for t in (low, high)]
    # A number that writes a date (20250304) may be that date.
    spans.append(f"{column} BETWEEN 19000101 AND 21001231")
    dates = (low.date().isoformat(), high.date().isoformat())
    where = (
        f"WHERE (CASE WHEN typeof({column}) = 'text' AND {column} GLOB '{_DATE}'"
        f" THEN {column} >= ? AND {column} < ?"
        f" WHEN typeof({column}) IN ('integer', 'real') THEN {' OR '.join(spans)} ELSE 1 END)"
    )
    return where, (*dates, *bound)


@contextmanager
def _opened(path: str) -> Iterator[sqlite3.Connection]:
    """A read-only connection; whatever SQLite says is the data's fault."""
    try:
        with closing(_connect(path)) as connection:
            connection.text_factory = _text
            yield connection
    except sqlite3.Error as exc:
        said, hint = str(exc), None
        if "locked" in said:
            hint = f"a writer has held it for {_WAIT:.0f} s; it is read again at the next check"
        raise DataError(f"{path} cannot be read: {said}", hint=hint) from exc


def _connect(path: str) -> sqlite3.Connection:
    if not os.path.isfile(path):
        raise DataError(f"{path} does not exist", hint="check the path in lifecycle.toml")
    address = f"file:{quote(os.path.abspath(path))}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=_WAIT, check_same_thread=False)
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError as exc:
        connection.close()
        # A WAL file in a folder that we may not write to; without a log it can be read as it lies.
        if "unable to open" not in str(exc) or os.path.exists(f"{path}-wal"):
            raise
        connection = sqlite3.connect(f"{address}&immutable=1", uri=True, check_same_thread=False)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _text(cell: bytes) -> str:
    return cell.decode("utf-8", "replace")


def _state(path: str) -> str:
    """Changes with every committed write: size, time and change counter of the file, size and time of its log."""
    try:
        with open(path, "rb") as file:
            counter = int.from_bytes(file.read(28)[24:28], "big")
        parts = [counter]
        for name in (path, f"{path}-wal"):
            if os.path.exists(name):
                stat = os.stat(name)
                # An empty log comes and goes with the connections of others.
                parts += [stat.st_size, stat.st_mtime_ns] if stat.st_size else []
    except OSError as exc:
        raise DataError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    return "-".join(map(str, parts))


def _modified(path: str) -> int:
    log = f"{path}-wal"
    times = [os.stat(name).st_mtime_ns for name in (path, log) if os.path.exists(name) and os.path.getsize(name)]
    return max(times, default=0)


# ── columns ──


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _rowid(connection: sqlite3.Connection, rows: str, columns: Mapping[str, str]) -> str | None:
    taken = {name.lower() for name in columns}
    for name in ("rowid", "_rowid_", "oid"):
        if name not in taken:
            try:
                connection.execute(f"SELECT {name} FROM {rows} LIMIT 0")  # unquoted: a quoted one might be a string
                return name
            except sqlite3.OperationalError:
                return None
    return None


def _form(declared: str, seen: Sequence[Any]) -> Form:
    if "BOOL" in declared and all(v in (None, 0, 1) for v in seen):
        return "truth"
    found = form_of(seen)
    if found is not None:
        return found
    if "INT" in declared:
        return "whole"
    return "text" if any(word in declared for word in ("CHAR", "CLOB", "TEXT", "DATE", "TIME")) else "number"


@hookimpl
def register_sources(register: Any) -> None:
    register(SqliteSource)
