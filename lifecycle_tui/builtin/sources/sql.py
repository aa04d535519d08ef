"""A table or query of a database that SQLAlchemy reaches (extra `[sql]`, and the database's own driver).

Rows come through a server-side cursor, never all at once; columns and time are left to the database. It is cut into
pieces by ranges of a key, each with a stamp that is true: by what the team declares about changes, else by the content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

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
    content_of,
    find_blocks,
    form_of,
    hookimpl,
    meant,
    period_ends,
    period_of,
    with_partitions,
)

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 65_536
_SAMPLE = 10_000
_ALL = "all"
_NONE = "none"
_FIRST, _LAST = datetime(1, 1, 3), datetime(9999, 12, 29)
"""Times that Python can hold in any zone; PostgreSQL's infinities and dates before Christ are missing."""


@dataclass(frozen=True)
class _Shape:
    """`forms` by column; `rows` stands behind FROM; `key` cuts it into pieces ("" for none); `times` are the columns
    whose type is a time: True with a zone, False without, None for dates."""

    forms: Mapping[str, Form]
    rows: Any
    key: str
    times: Mapping[str, bool | None]


class SqlSource:
    """A table or query of a database that SQLAlchemy reaches. Fragments are ranges of a key; rows are streamed.

    Args:
        url: SQLAlchemy's address of the database, which is a secret: { env = "DATABASE_URL" }. Without it, the path is
            the address; a path holds no password.
        table: the table or view, with its schema where it needs one: "risk.payments".
        query: a SELECT to read instead of a table.
        key: the column that the rows are cut into pieces by, with an index: whole numbers (262,144 a piece), or a time
            (see `piece`). By default the primary key, where that is one column of whole numbers.
        piece: how long a piece by time is.
        changed: a column that grows whenever a row is written, as updated_at: it tells which pieces changed.
        append_only: rows are only ever added or deleted, never changed. With neither, PostgreSQL is asked for a
            checksum of each piece, and from other databases all rows are read to see whether they changed.
    """

    name = "sql"
    suffixes = ()

    def __init__(
        self,
        location: str,
        *,
        url: str = "",
        table: str = "",
        query: str = "",
        key: str = "",
        piece: Literal["day", "month", "year"] = "month",
        changed: str = "",
        append_only: bool = False,
    ) -> None:
        self.location, self.url, self.table, self.query = location, url, table, query.strip().rstrip(";")
        self.key, self.piece, self.changed, self.append_only = key, piece, changed, append_only
        self.place = f"the table {table!r}" if table else "the query"
        self._known: _Shape | None = None

    def fragments(self) -> Sequence[Fragment]:
        """Ranges of the key that have rows, in its order; rows without a key are one of their own."""
        with self._opened() as connection:
            shape = self._shape(connection)
            found = [self._fragment(connection, shape, name) for name in self._pieces(connection, shape)]
        return tuple(sorted(found, key=lambda piece: piece.id))

    def schema(self) -> Mapping[str, pa.DataType]:
        """Columns and types: as declared in the database, else as the first 10,000 values have them."""
        import pyarrow as pa

        shape = self._known or self._looked()
        times = {True: pa.timestamp("us", "UTC"), False: pa.timestamp("us"), None: pa.date32()}
        return {
            name: times[shape.times[name]] if name in shape.times else arrow_type(form)
            for name, form in shape.forms.items()
        }

    def names(self, fragment: Fragment) -> tuple[str, ...]:
        """Columns, in order."""
        return tuple((self._known or self._looked()).forms)

    def read(
        self,
        fragment: Fragment,
        columns: Sequence[str] | None = None,
        kinds: Mapping[str, ColumnKind] | None = None,
        time: tuple[str, datetime, datetime] | None = None,
    ) -> Iterator[Batch]:
        """Batches of at most 65,536 rows from a server-side cursor, in order of the key. Where the column's type is a
        time, rows outside `time` stay in the database; `first_row` counts those that come."""
        with self._opened() as connection:
            shape = self._shape(connection)
            forms = {name: form for name, form in shape.forms.items() if columns is None or name in columns}
            picked = self._picked(shape, tuple(forms)).where(*self._inside(shape, fragment.id), *_during(shape, time))
            forms |= {name: FORMS[kind] for name, kind in (kinds or {}).items() if name in forms}
            if shape.key:
                picked = picked.order_by(_column(shape.key))
            row = 0
            for rows in connection.execution_options(yield_per=_ROWS).execute(picked).partitions():
                if forms:
                    lists = dict(zip(forms, zip(*rows, strict=True), strict=True))
                    yield as_batch(lists, forms, row)
                else:
                    yield Batch(with_partitions(None, fragment, (), len(rows)), row)
                row += len(rows)

    # ── what there is ──

    @cached_property
    def _engine(self) -> Any:
        if bool(self.table) == bool(self.query):
            raise DataError("a sql table has either table = or query =", hint='table = "schema.name"')
        engine, address = _engine(self.location, self.url)
        self.place = f"{address} {self.table or 'query'}"
        return engine

    def _looked(self) -> _Shape:
        with self._opened() as connection:
            return self._shape(connection)

    def _shape(self, connection: Any) -> _Shape:
        if self._known is None:
            self._known = self._look(connection)
        return self._known

    def _look(self, connection: Any) -> _Shape:
        import sqlalchemy as sa

        types: dict[str, Any] = {}
        key = self.key
        if self.query:
            rows: Any = sa.text("({}) lifecycle_query".format(self.query.replace(":", r"\:")))
        else:
            schema, name = _named(connection, self.table, self.place)
            inspector = sa.inspect(connection)
            types = {str(c["name"]): c["type"] for c in inspector.get_columns(name, schema=schema)}
            quoted = sa.sql.quoted_name(name, quote=True)
            rows = sa.table(quoted, schema=sa.sql.quoted_name(schema, quote=True) if schema else None)
            own = inspector.get_pk_constraint(name, schema=schema).get("constrained_columns") or []
            if not key and len(own) == 1 and isinstance(types[own[0]], sa.Integer):
                key = str(own[0])
        times = _times(types) if connection.dialect.name != "sqlite" else {}
        listed = [_safe(connection, c, times) for c in types] or [sa.literal_column("*")]
        sample = connection.execute(sa.select(*listed).select_from(rows).limit(_SAMPLE))
        names = tuple(map(str, sample.keys()))
        if twice := [name for name in names if names.count(name) > 1]:
            raise DataError(f"{self.place} gives the column {twice[0]!r} twice", hint="name it anew with AS")
        values = list(zip(*sample.fetchall(), strict=True)) or [()] * len(names)
        seen = dict(zip(names, values, strict=True))
        # Rows of a query say what their times are; SQLite has none.
        times |= {n: _zoned(v) for n, v in seen.items() if n not in types and form_of(v) == "time"}
        for role in (key, self.changed):
            if role and role not in names:
                raise DataError(
                    f"{self.place} has no column {role!r}", hint=meant(role, names) or f"it has {', '.join(names[:8])}"
                )
        forms = {n: _form(types.get(n), seen[n], connection.dialect.name) for n in names}
        if key and forms[key] != "whole" and key not in times:
            raise DataError(f"{self.place}: the key {key!r} is neither whole numbers nor a time")
        return _Shape(forms, rows, key, times)

    def _pieces(self, connection: Any, shape: _Shape) -> list[str]:
        """Names of the pieces that have rows, one search of the key's index for each."""
        import sqlalchemy as sa

        if not shape.key:
            return [_ALL]
        key, sound = _column(shape.key), self._sound(shape)

        def one(what: Any, *where: Any) -> Any:
            return connection.execute(sa.select(what).select_from(shape.rows).where(*where)).scalar()

        first, last = one(sa.func.min(key), sound), one(sa.func.max(key), sound)
        names = [_NONE] if one(sa.func.count(), sa.or_(key.is_(None), sa.not_(sound))) else []
        if first is None:
            return names or [_ALL]
        if shape.key in shape.times:
            at: Any = first
            while at is not None:
                names.append(period_of(at, self.piece))
                end = _as(period_ends(names[-1])[1], shape.times[shape.key])
                at = one(sa.func.min(key), sound, key >= end) if end <= last else None
            return names
        blocks = find_blocks(int(first), int(last), lambda low: one(sa.func.min(key), key >= low))
        return [*names, *(block.name for block in blocks)]

    def _sound(self, shape: _Shape) -> Any:
        """Whether a row's key is one that it can be cut by: not missing, and a time that Python can hold."""
        low, high = (_as(time, shape.times.get(shape.key)) for time in (_FIRST, _LAST))
        key = _column(shape.key)
        return key.between(low, high) if shape.key in shape.times else key.is_not(None)

    def _fragment(self, connection: Any, shape: _Shape, name: str) -> Fragment:
        import sqlalchemy as sa

        id_ = f"{self.table or 'query'}#{name}"
        where = self._inside(shape, id_)
        if self.changed or self.append_only:
            watched = self.changed or shape.key
            ends = [f(_safe(self._engine, watched, shape.times)) for f in (sa.func.min, sa.func.max) if watched]
            asked = sa.select(sa.func.count(), *ends).select_from(shape.rows).where(*where)
            rows, *rest = connection.execute(asked).one()
        elif connection.dialect.name == "postgresql":
            inner = self._picked(shape, tuple(shape.forms)).where(*where).subquery("whole_row")
            content = sa.func.hashtextextended(sa.literal_column("CAST(whole_row AS text)"), 0)
            rows, *rest = connection.execute(sa.select(sa.func.count(), sa.func.sum(content)).select_from(inner)).one()
        else:
            picked = self._picked(shape, tuple(shape.forms)).where(*where)
            rows, *rest = content_of(connection.execution_options(yield_per=_ROWS).execute(picked).partitions())
        version = ":".join(map(str, (rows, *rest)))
        # When a row was written is not known: a label without a time of its own is there from the beginning.
        return Fragment(id_, self.place, rows * len(shape.forms) * 8, 0, rows, version=version)

    def _picked(self, shape: _Shape, names: Sequence[str]) -> Any:
        import sqlalchemy as sa

        columns = [_safe(self._engine, name, shape.times) for name in names]
        return sa.select(*(columns or [sa.literal_column("1")])).select_from(shape.rows)

    def _inside(self, shape: _Shape, id_: str) -> list[Any]:
        name = id_.rpartition("#")[2]
        if name == _ALL:
            return []
        import sqlalchemy as sa

        key, sound = _column(shape.key), self._sound(shape)
        if name == _NONE:
            return [sa.or_(key.is_(None), sa.not_(sound))]
        if shape.key in shape.times:
            low, high = (_as(end, shape.times[shape.key]) for end in period_ends(name))
            return [key >= low, key < high, sound]
        block = block_named(name)
        return [key >= block.low, key <= block.high]

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """A connection that only reads, in one transaction; whatever the database says is the data's fault."""
        engine = self._engine  # first: it says where SQLAlchemy is missing
        import sqlalchemy as sa

        try:
            with engine.connect() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                    connection.execute(sa.text("SET TIME ZONE 'UTC'"))
                elif connection.dialect.name == "sqlite":
                    connection.execute(sa.text("PRAGMA query_only = ON"))
                yield connection
        except sa.exc.DBAPIError as exc:
            said = (str(exc.orig).strip().splitlines() or [type(exc.orig).__name__])[0]
            lost = exc.connection_invalidated or isinstance(exc, sa.exc.OperationalError)
            hint = "is the server there? It is read again at the next check" if lost else None
            raise DataError(f"{self.place} cannot be read: {said}", hint=hint) from exc
        except sa.exc.SQLAlchemyError as exc:
            said = (str(exc).splitlines() or [type(exc).__name__])[0]
            raise DataError(f"{self.place} cannot be read: {said}") from exc


def _engine(location: str, url: str) -> tuple[Any, str]:
    """An engine without a pool, and the address without its password."""
    try:
        import sqlalchemy as sa
    except ModuleNotFoundError as exc:
        hint = "pip install 'lifecycle-tui[sql]', and your database's driver"
        raise DataError("the source sql needs SQLAlchemy, which is not installed", hint=hint) from exc
    address = url or location
    if "://" not in address:
        raise DataError("a sql table needs the address of its database", hint='url = { env = "DATABASE_URL" }')
    try:
        parsed = sa.make_url(address)
        if not url and parsed.password:
            raise DataError("a path holds a password", hint='url = { env = "DATABASE_URL" } keeps it out of the file')
        return sa.create_engine(parsed, poolclass=sa.pool.NullPool), parsed.render_as_string(hide_password=True)
    except sa.exc.NoSuchModuleError as exc:
        raise DataError(f"SQLAlchemy knows no database {sa.make_url(address).drivername!r}") from exc
    except (sa.exc.ArgumentError, ValueError) as exc:
        raise DataError("the url is no address for SQLAlchemy", hint="dialect+driver://user@host/database") from exc
    except ModuleNotFoundError as exc:
        driver = exc.name or "of the database"
        raise DataError(f"the driver {driver} is not installed", hint=f"pip install {driver}") from exc


def _named(connection: Any, table: str, place: str) -> tuple[str | None, str]:
    """Schema and name of the table as declared: a dot parts them, unless there is a table of that whole name."""
    import sqlalchemy as sa

    inspector = sa.inspect(connection)
    schema, _, name = table.rpartition(".")
    for one, other in ((None, table), (schema or None, name)):
        if inspector.has_table(other, schema=one):
            return one, other
    known = [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]
    hint = meant(name, known) or f"there are {', '.join(sorted(known)[:8]) or 'none'}"
    raise DataError(f"{place}: there is no table {table!r}", hint=hint)


def _column(name: str) -> Any:
    import sqlalchemy as sa

    return sa.column(sa.sql.quoted_name(name, quote=True))


def _safe(connection: Any, name: str, times: Mapping[str, bool | None]) -> Any:
    """A column; of a time in PostgreSQL, what Python can hold."""
    import sqlalchemy as sa

    column = _column(name)
    if name not in times or connection.dialect.name != "postgresql":
        return column
    low, high = (_as(time, times[name]) for time in (_FIRST, _LAST))
    return sa.case((column.between(low, high), column)).label(sa.sql.quoted_name(name, quote=True))


def _times(types: Mapping[str, Any]) -> dict[str, bool | None]:
    import sqlalchemy as sa

    found: dict[str, bool | None] = {}
    for name, kind in types.items():
        if isinstance(kind, sa.DateTime):
            found[name] = bool(kind.timezone)
        elif isinstance(kind, sa.Date):
            found[name] = None
    return found


def _zoned(values: Sequence[Any]) -> bool | None:
    value = next(v for v in values if v is not None)
    return value.tzinfo is not None if isinstance(value, datetime) else None


def _as(time: datetime, zoned: bool | None) -> Any:
    """An instant (UTC clock, without a zone) as a value of a time column."""
    return time.date() if zoned is None else time.replace(tzinfo=UTC) if zoned else time


def _form(kind: Any, seen: Sequence[Any], dialect: str) -> Form:
    import sqlalchemy as sa

    if isinstance(kind, sa.Boolean) and all(v in (None, 0, 1) for v in seen):
        return "truth"
    if dialect != "sqlite":  # its types are wishes
        for known, form in ((sa.Integer, "whole"), (sa.Numeric, "number"), (sa.DateTime, "time"), (sa.Date, "time")):
            if isinstance(kind, known):
                return form  # type: ignore[return-value]
        if isinstance(kind, sa.String | sa.Uuid | sa.JSON | sa.LargeBinary):
            return "text"
    return form_of(seen) or "text"


def _during(shape: _Shape, time: tuple[str, datetime, datetime] | None) -> list[Any]:
    """The half-open time, with a margin for zones; rows without a time stay, to be counted."""
    if time is None or time[0] not in shape.times:
        return []
    import sqlalchemy as sa

    low, high = around(*time[1:])
    column, zoned = _column(time[0]), shape.times[time[0]]
    return [sa.or_(column.is_(None), sa.and_(column >= _as(low, zoned), column < _as(high, zoned)))]


@hookimpl
def register_sources(register: Any) -> None:
    register(SqlSource)
