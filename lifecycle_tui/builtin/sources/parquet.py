"""Parquet: a file, a glob, or a folder with Hive partitions. Only the asked columns are decoded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lifecycle_tui.api import (
    Batch,
    ColumnKind,
    DataError,
    Fragment,
    find_fragments,
    hookimpl,
    is_address,
    open_stored,
    with_partitions,
)

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 65_536
_BUFFER = 1 << 20
"""Bytes of a column that are read ahead. A mapped file would count as this process's memory, page by page."""


class ParquetSource:
    """Fragments are files. Row groups whose statistics lie outside the asked time are not decoded."""

    name = "parquet"
    suffixes = (".parquet", ".pq", ".parq")

    def __init__(self, location: str) -> None:
        self.location = location

    def fragments(self) -> Sequence[Fragment]:
        """All files, sorted by id."""
        return find_fragments(self.location, self.suffixes)

    def schema(self) -> Mapping[str, pa.DataType]:
        """Union of the files' columns; where files differ in a type, the first in order of id counts."""
        found: dict[str, Any] = {}
        readable, problem = 0, None
        for fragment in self.fragments():
            try:
                found = {**self.fragment_schema(fragment), **found}
                readable += 1
            except DataError as exc:
                problem = exc
        if problem is not None and not readable:
            raise problem
        return found

    def names(self, fragment: Fragment) -> tuple[str, ...]:
        """Columns of one file, from its footer."""
        return tuple(self.fragment_schema(fragment))

    def fragment_schema(self, fragment: Fragment) -> Mapping[str, pa.DataType]:
        """Columns and types of one file, partition columns included."""
        import pyarrow as pa

        schema = _footer(fragment.path, fragment.stamp).schema.to_arrow_schema()
        return {**{field.name: field.type for field in schema}, **dict.fromkeys(fragment.partitions, pa.string())}

    def read(
        self,
        fragment: Fragment,
        columns: Sequence[str] | None = None,
        kinds: Mapping[str, ColumnKind] | None = None,
        time: tuple[str, datetime, datetime] | None = None,
    ) -> Iterator[Batch]:
        """Batches of at most 65,536 rows with the types of the file; text columns that are categories arrive
        dictionary-encoded."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        footer = _footer(fragment.path, fragment.stamp)
        schema = footer.schema.to_arrow_schema()
        wanted = [
            name for name in dict.fromkeys(columns if columns is not None else schema.names) if name in schema.names
        ]
        extra = [
            name for name in fragment.partitions if name not in schema.names and (columns is None or name in columns)
        ]
        coded = [
            name
            for name in wanted
            if (kinds or {}).get(name) == "categorical" and pa.types.is_string(schema.field(name).type)
        ]
        groups, starts = _groups(footer, time, schema)
        try:
            away = is_address(fragment.path)
            place = open_stored(fragment.path) if away else fragment.path
            with pq.ParquetFile(
                place, metadata=footer, read_dictionary=coded, buffer_size=0 if away else _BUFFER, pre_buffer=away
            ) as file:
                for group, start in zip(groups, starts, strict=True):
                    row = start
                    if not wanted:
                        yield Batch(with_partitions(None, fragment, extra, footer.row_group(group).num_rows), row)
                        continue
                    for batch in file.iter_batches(batch_size=_ROWS, row_groups=[group], columns=wanted):
                        yield Batch(with_partitions(batch, fragment, extra, batch.num_rows), row)
                        row += batch.num_rows
        except (pa.ArrowException, OSError) as exc:
            raise DataError(f"{fragment.path} cannot be read: {_first_line(exc)}") from exc


@lru_cache(maxsize=256)
def _footer(path: str, stamp: str) -> Any:
    """The file's metadata; `stamp` makes a rewritten file another entry."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(open_stored(path) if is_address(path) else path)
    except (pa.ArrowException, OSError) as exc:
        raise DataError(f"{path} is not a readable Parquet file: {_first_line(exc)}") from exc


def _first_line(exc: BaseException) -> str:
    return (str(exc).splitlines() or [type(exc).__name__])[0]


def _groups(footer: Any, time: tuple[str, datetime, datetime] | None, schema: Any) -> tuple[list[int], list[int]]:
    """Row groups that may hold rows of `time`, and the number of each one's first row."""
    groups, starts, row = [], [], 0
    for group in range(footer.num_row_groups):
        meta = footer.row_group(group)
        if time is None or not _outside(meta, time, schema):
            groups.append(group)
            starts.append(row)
        row += meta.num_rows
    return groups, starts


def _outside(meta: Any, time: tuple[str, datetime, datetime], schema: Any) -> bool:
    """Whether the statistics prove that no row of this group lies in the half-open time. Naive times may be in any
    zone, so a day is allowed on both sides."""
    from datetime import timedelta

    name, start, end = time
    for i in range(meta.num_columns):
        column = meta.column(i)
        if column.path_in_schema != name:
            continue
        stats = column.statistics
        if stats is None or not stats.has_min_max:
            return False
        low, high = _instant(stats.min), _instant(stats.max)
        if low is None or high is None:
            return False
        margin = timedelta(days=1)
        return high + margin < start or low - margin >= end
    return False


def _instant(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return None


@hookimpl
def register_sources(register: Any) -> None:
    register(ParquetSource)
