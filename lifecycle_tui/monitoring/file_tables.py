"""Two kinds of file that `lifecycle drift` reads fast: Parquet column by column, plain CSV whole. Called by `files`.

Parquet is read without mapping it, a row group (of a large one, a part) at a time: what is held does not grow with the
file. Whatever is not plain (separators, encodings, bad cells) goes to the tolerant reader that the caller passes in.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.monitoring.file_sides import FileColumn, Side, reference_side

if TYPE_CHECKING:
    import pyarrow.parquet as pq

Reader: TypeAlias = "Callable[[Path], pa.Table]"

_SNIFF = 65_536
_WHOLE = 524_288  # row groups are read together up to so many rows; larger ones in parts
_PART = 262_144


class Table:
    """A table that is in memory.

    Attributes:
        path: where it came from.
        names: its columns in order; a name that occurs twice is listed twice.
        rows: how many rows it has.
    """

    def __init__(self, path: Path, table: pa.Table) -> None:
        self.path, self._table = path, table
        self.names: tuple[str, ...] = tuple(table.column_names)
        self.rows: int = table.num_rows

    def column(self, name: str) -> FileColumn:
        """One column. May be called from several threads.

        Raises:
            KeyError: if the name occurs twice.
        """
        return _InMemory(self._table.column(name))

    def reference(self, name: str, kind: ColumnKind | None = None) -> Side:
        """The profile of a column that defines normal.

        Raises:
            KeyError: if the name occurs twice.
            TypeError: if it cannot be read as that kind.
        """
        return reference_side(self.column(name), kind)


class ParquetTable(Table):
    """A Parquet file whose columns are read when asked for; text comes as dictionaries, so no row becomes a string."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.path = path
        footer = pq.read_metadata(path)
        self._schema = footer.schema.to_arrow_schema()
        self.names = tuple(self._schema.names)
        self.rows = footer.num_rows
        self._text = [f.name for f in self._schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
        self._footer = footer
        self._mine = threading.local()
        self.types = dict(zip(self.names, self.reader().schema_arrow.types, strict=True))
        self.reads = _reads([footer.row_group(group).num_rows for group in range(footer.num_row_groups)])

    def column(self, name: str) -> FileColumn:
        if self.names.count(name) > 1:
            raise KeyError(f"the file has {self.names.count(name)} columns of this name")
        return _InParquet(self, name)

    def reader(self) -> pq.ParquetFile:
        """This thread's own reader: one is not to be shared by threads."""
        import pyarrow.parquet as pq

        if not hasattr(self._mine, "file"):
            self._mine.file = pq.ParquetFile(self.path, metadata=self._footer, read_dictionary=self._text)
        return self._mine.file


@dataclass(frozen=True)
class _InMemory:
    values: pa.ChunkedArray

    @property
    def type(self) -> pa.DataType:
        return self.values.type

    @property
    def rows(self) -> int:
        return len(self.values)

    def arrays(self) -> Iterator[pa.Array]:
        yield from self.values.chunks


@dataclass(frozen=True)
class _InParquet:
    table: ParquetTable
    name: str

    @property
    def type(self) -> pa.DataType:
        return self.table.types[self.name]

    @property
    def rows(self) -> int:
        return self.table.rows

    def arrays(self) -> Iterator[pa.Array]:
        file, one = self.table.reader(), [self.name]
        for groups, rows in self.table.reads:
            if rows <= _WHOLE:
                yield from file.read_row_groups(groups, columns=one, use_threads=False).column(self.name).chunks
            else:
                parts = file.iter_batches(_PART, row_groups=groups, columns=one, use_threads=False)
                yield from (part.column(self.name) for part in parts)


def _reads(sizes: list[int]) -> list[tuple[list[int], int]]:
    """Row groups that are read together, and their rows."""
    found: list[tuple[list[int], int]] = []
    for group, rows in enumerate(sizes):
        if found and found[-1][1] + rows <= _WHOLE:
            found[-1] = ([*found[-1][0], group], found[-1][1] + rows)
        else:
            found.append(([group], rows))
    return found


def lean_memory() -> None:
    """Let this process's Arrow buffers come from jemalloc where it is built in: it hands the buffers of one part to the
    next, which halves what is held and saves a tenth of the time. For processes that do nothing else; whoever has
    chosen an allocator (ARROW_DEFAULT_MEMORY_POOL) keeps it.
    """
    if "jemalloc" in pa.supported_memory_backends() and "ARROW_DEFAULT_MEMORY_POOL" not in os.environ:
        pa.set_memory_pool(pa.jemalloc_memory_pool())


def open_table(path: Path, reader: Reader | None = None) -> Table:
    """The table in a file: Parquet by its suffix or magic, else CSV.

    Raises:
        DataError: if there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise DataError(f"{path} is not a file" if path.exists() else f"no file {path}")
    try:
        if _is_parquet(path):
            return ParquetTable(path)
        plain = _plain_csv(path)
        if plain is not None:
            return Table(path, plain)
        if reader is not None:
            return Table(path, reader(path))
    except DataError:
        raise
    except (OSError, ValueError, pa.ArrowException) as exc:
        raise DataError(f"{path} cannot be read: {exc}") from exc
    raise DataError(f"{path} is neither Parquet nor plain CSV")


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(4) == b"PAR1"


def _plain_csv(path: Path) -> pa.Table | None:
    """The file as UTF-8 text with commas and one cell a column in every row, or None if it is not that."""
    with path.open("rb") as handle:
        head = handle.read(_SNIFF)
    first = head.split(b"\n", 1)[0]
    if head.lstrip()[:1] == b"{":
        return None  # JSON lines
    if b"\0" in head or head[:2] == b"\x1f\x8b" or any(first.count(c) > first.count(b",") for c in (b";", b"\t", b"|")):
        return None
    import pyarrow.csv as pc

    from lifecycle_tui.data.values import NO_NUMBER

    missing = sorted({form for s in NO_NUMBER for form in (s, s.upper(), s.capitalize(), "NaN", "-NaN")})
    # Labels keep such spellings here ("NA" is Namibia); `file_columns` knows which of them mean "missing".
    convert = pc.ConvertOptions(null_values=missing, strings_can_be_null=False)
    try:
        table = pc.read_csv(path, convert_options=convert)
        once = len(set(table.column_names)) == table.num_columns
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    utf8 = not any(pa.types.is_binary(form) for form in table.schema.types)
    return table if once and utf8 else None
