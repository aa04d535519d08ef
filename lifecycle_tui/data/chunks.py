"""Some normalised rows of a fragment, and what is done with such chunks: select, concatenate. Used all over here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.signals import ColumnKind

if TYPE_CHECKING:
    import numpy as np

CHUNK = 65_536


@dataclass(frozen=True)
class Flaw:
    """Something found while reading a chunk. `rows` are positions in the chunk; None means it concerns the chunk (or
    file) as a whole and `count` says how much."""

    code: str
    column: str | None
    count: int
    example: str
    rows: np.ndarray | None = None


@dataclass(frozen=True)
class Chunk:
    """Some rows of a fragment, normalised.

    Attributes:
        time: (n,) int64 µs UTC, MISSING where there is none; None without timestamps.
        columns: name → array: float64 numbers with NaN for missing, dictionary labels, strings, timestamps.
        role_hash: (n,) uint64 over key, time and roles; None if only times were read.
        row_hash: (n,) uint64 over the features too; None if not all of them were read.
        lacks: asked columns that the fragment does not have.
        modified: when the file was written (ns).
    """

    fragment: str
    first_row: int
    rows: int
    time: np.ndarray | None
    columns: Mapping[str, Any]
    role_hash: np.ndarray | None = None
    row_hash: np.ndarray | None = None
    lacks: tuple[str, ...] = ()
    flaws: tuple[Flaw, ...] = ()
    modified: int = 0

    def nbytes(self) -> int:
        """Roughly what it holds."""
        arrays = [self.time, self.role_hash, self.row_hash, *self.columns.values()]
        return sum(a.nbytes for a in arrays if a is not None)


@dataclass(frozen=True)
class Need:
    """What to read of a table.

    Attributes:
        roles: columns mixed into the role hash, with their kinds (the time columns are not among them).
        features: columns mixed into the row hash, with their kinds; None: not read.
        others: further columns (target, arrival), with their kinds; in no hash.
        ids: those of the roles and others that identify rows; they are read as text and made canonical.
        hashed: whether hashes are wanted at all.
        whole: `features` are all features, so that a row hash makes sense.
    """

    roles: Mapping[str, ColumnKind] = field(default_factory=dict)
    features: Mapping[str, ColumnKind] = field(default_factory=dict)
    others: Mapping[str, ColumnKind] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()
    hashed: bool = True
    whole: bool = True

    @property
    def kinds(self) -> dict[str, ColumnKind]:
        return {**self.others, **self.features, **self.roles}

    def key(self) -> tuple:
        return (tuple(self.kinds.items()), tuple(sorted(self.ids)), self.hashed, self.whole)


def empty_column(kind: ColumnKind, rows: int) -> Any:
    """A column of that kind without a value."""
    import numpy as np
    import pyarrow as pa

    if kind == "numeric":
        return np.full(rows, np.nan)
    if kind == "categorical":
        return pa.nulls(rows, pa.string()).dictionary_encode()
    return pa.nulls(rows, pa.timestamp("us", "UTC") if kind == "time" else pa.string())


def take(column: Any, rows: Any) -> Any:
    """The rows (positions or mask) of a column of either form."""
    import numpy as np
    import pyarrow as pa

    if isinstance(column, np.ndarray):
        return column[rows]
    rows = np.asarray(rows)
    return column.filter(pa.array(rows)) if rows.dtype == bool else column.take(pa.array(rows))


def subset(chunk: Chunk, rows: np.ndarray) -> Chunk:
    """The masked rows of a chunk; flaws are left behind."""
    return replace(
        chunk,
        rows=int(rows.sum()),
        time=None if chunk.time is None else chunk.time[rows],
        columns={name: take(column, rows) for name, column in chunk.columns.items()},
        role_hash=None if chunk.role_hash is None else chunk.role_hash[rows],
        row_hash=None if chunk.row_hash is None else chunk.row_hash[rows],
        flaws=(),
    )


def join_chunks(columns: Sequence[Any]) -> Any:
    """One column from the same column of several chunks."""
    import numpy as np
    import pyarrow as pa

    if isinstance(columns[0], np.ndarray):
        return np.concatenate(columns)
    joined = pa.chunked_array(columns)
    if pa.types.is_dictionary(joined.type):
        joined = joined.unify_dictionaries()
    return joined.combine_chunks() if joined.num_chunks != 1 else joined.chunk(0)
