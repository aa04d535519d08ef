"""Rows for the detectors that take a sample: the same ones from any file format, in any order, in any batches.

A row's key is the hash of its content (with its time and id, where there are any), so that "the k rows of the smallest
keys" (a bottom-k sample; Cohen and Kaplan 2007, Summarizing data using bottom-k sketches) depends on nothing but the
rows. The j-th of several equal rows has a key of its own, made of the hash and j: equal rows are taken as often as a
simple random sample would take them. Called by the reader of windows; memory holds k rows and a count for each
different row, of which at most `MOST_DIFFERENT` are counted: beyond that, equal rows are taken once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.hashing import RowHash, mix

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

MOST_DIFFERENT = 1 << 22
"""Different rows whose repetitions are counted (12 bytes each)."""

_REPEAT = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Sample:
    """Some rows of a window or of the reference, in order of their time, then of their keys.

    Attributes:
        table: columns as a scan normalises them; numbers float64, NaN for missing.
        keys: (n,) uint64, aligned.
        time: (n,) int64, microseconds since 1970 UTC, aligned; None where the rows have no times.
        rows: how many they were chosen from.
    """

    table: pa.Table
    keys: np.ndarray
    time: np.ndarray | None
    rows: int

    def __len__(self) -> int:
        return len(self.keys)

    def first(self, size: int) -> Sample:
        """The sample of at most `size` rows: a smaller one is part of a larger one."""
        import numpy as np

        if len(self) <= size:
            return self
        return self._taken(np.sort(np.argsort(self.keys, kind="stable")[:size]), self.rows)

    def without(self, part: Sample) -> Sample:
        """The sample of the rows that are not in `part`, itself at least as large a sample of some of these rows: the
        part's rows below this sample's largest key are all among the part's."""
        import numpy as np

        return self._taken(np.flatnonzero(~np.isin(self.keys, part.keys)), max(0, self.rows - part.rows))

    def during(self, spans: Sequence[tuple[int, int]]) -> Sample | None:
        """Of these the rows between the first and (that one excluded) the second microsecond of any span: a sample of
        all such rows; None where the rows have no times, or there are none. `rows` is then what they stand for."""
        import numpy as np

        if self.time is None:
            return None
        inside = np.zeros(len(self), bool)
        for start, end in spans:
            inside |= (self.time >= start) & (self.time < end)
        at = np.flatnonzero(inside)
        return self._taken(at, round(self.rows * len(at) / len(self))) if len(at) else None

    def _taken(self, at: np.ndarray, rows: int) -> Sample:
        return Sample(self.table.take(at), self.keys[at], None if self.time is None else self.time[at], rows)


@dataclass(frozen=True)
class Samples:
    """What detectors of samples and tables are handed.

    Attributes:
        reference, window: the rows; None where nobody asked for a sample, or there are none.
        features: the columns that make the table; None for all.
    """

    reference: Sample | None = None
    window: Sample | None = None
    features: Collection[str] | None = None


NO_SAMPLES = Samples()


class Sampler:
    """Takes at most `size` rows of what it is given batch by batch."""

    def __init__(self, size: int, *, most_different: int = MOST_DIFFERENT) -> None:
        self._numbered, self._different = _Lowest(size), _Lowest(size, once=True)
        self._repeats: _Repeats | None = _Repeats(most_different)
        self._rows = 0

    def add(self, columns: Mapping[str, Any], rows: int, time: np.ndarray | None, ids: Any = None) -> None:
        """Take in a batch: columns as Arrow, aligned with `time` (n,) and `ids`."""
        import numpy as np
        import pyarrow as pa

        if not rows:
            return
        hashes = RowHash(rows)
        names = sorted(columns)
        for name in names:
            hashes.add(f"column {name}", _hashable(columns[name]))
        if time is not None:
            hashes.add("time", np.asarray(time, np.int64))
        if ids is not None:
            hashes.add("id", _hashable(ids))
        keys = hashes.values
        batch = _Batch(pa.table([columns[n] for n in names], names=names) if names else None, time)
        numbers = None if self._repeats is None else self._repeats.numbers(keys)
        # Of rows that have come before one is there already.
        self._different.add(keys, batch, None if numbers is None else np.flatnonzero(numbers == 0))
        if self._repeats is not None:
            if numbers is None:
                self._repeats, self._numbered = None, self._different
            else:
                again = numbers > 0
                own = keys.copy()
                own[again] = mix(keys[again] + numbers[again].astype(np.uint64) * np.uint64(_REPEAT))
                self._numbered.add(own, batch)
        self._rows += rows

    def result(self) -> Sample | None:
        """The sample; None where there was no row."""
        return self._numbered.result(self._rows)


def _hashable(column: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):  # no chunk at all
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], whole.type)
    if pa.types.is_floating(whole.type):
        return np.asarray(whole.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    if pa.types.is_integer(whole.type) and not whole.null_count:
        return np.asarray(whole.to_numpy(zero_copy_only=False), np.int64)
    if pa.types.is_timestamp(whole.type) or pa.types.is_dictionary(whole.type) or pa.types.is_string(whole.type):
        return whole
    return whole.cast(pa.string())


@dataclass(frozen=True)
class _Batch:
    table: pa.Table | None
    time: np.ndarray | None


@dataclass
class _Lowest:
    """The rows of the smallest keys; of equal keys all, or (`once`) one."""

    size: int
    once: bool = False
    keys: list[np.ndarray] = field(default_factory=list)
    tables: list[Any] = field(default_factory=list)
    times: list[np.ndarray] = field(default_factory=list)
    limit: int = 2**64 - 1
    waiting: int = 0

    def add(self, keys: np.ndarray, batch: _Batch, different: np.ndarray | None = None) -> None:
        """Take in a batch, or of it the rows at `different`, which are known to differ from each other."""
        import numpy as np

        if different is None:
            at = np.flatnonzero(keys <= np.uint64(self.limit))
        else:
            at = different[keys[different] <= np.uint64(self.limit)]
        if self.once and different is None and len(at):
            at = at[np.unique(keys[at], return_index=True)[1]]
        if len(at) > self.size:
            at = at[np.argpartition(keys[at], self.size - 1)[: self.size]]
        if not len(at):
            return
        self.keys.append(keys[at])
        self.times += [] if batch.time is None else [batch.time[at]]
        self.tables += [] if batch.table is None else [_plain(batch.table.take(at))]
        self.waiting += len(at)
        if self.waiting > 3 * self.size:
            self._settle()

    def _settle(self) -> None:
        import numpy as np
        import pyarrow as pa

        keys = np.concatenate(self.keys)
        if self.once:
            keys, at = np.unique(keys, return_index=True)
            at = at[: self.size]
            keys = keys[: self.size]
        else:
            at = np.argsort(keys, kind="stable")[: self.size]
            keys = keys[at]
        self.keys = [keys]
        self.times = [np.concatenate(self.times)[at]] if self.times else []
        self.tables = [pa.concat_tables(self.tables).take(at).combine_chunks()] if self.tables else []
        self.waiting = len(at)
        if len(at) == self.size:
            self.limit = int(keys[-1])

    def result(self, rows: int) -> Sample | None:
        import numpy as np
        import pyarrow as pa

        if not self.keys:
            return None
        self._settle()
        (keys,) = self.keys
        time = self.times[0] if self.times else None
        at = np.lexsort((keys,) if time is None else (keys, time))
        table = self.tables[0].take(at) if self.tables else pa.table({})
        return Sample(coded(table), keys[at], None if time is None else time[at], rows)


def _plain(table: pa.Table) -> pa.Table:
    """Labels as text: batches have dictionaries of their own."""
    import pyarrow as pa

    columns = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in table.columns]
    kinds = [pa.field(n, c.type, metadata={"coded": "1"} if pa.types.is_dictionary(o.type) else None)
             for n, c, o in zip(table.column_names, columns, table.columns, strict=True)]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=pa.schema(kinds))


def coded(table: pa.Table) -> pa.Table:
    """Text that came as labels, as labels again: one dictionary, in order of first occurrence."""
    import pyarrow as pa

    columns = []
    for field_, column in zip(table.schema, table.columns, strict=True):
        labels = bool(field_.metadata) and b"coded" in field_.metadata
        columns.append(pa.chunked_array([_one(column).dictionary_encode()]) if labels else column)
    return pa.table(columns, names=table.column_names)


def _one(column: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


class _Repeats:
    """How often each row has come before, by its hash: sorted runs that are merged as they grow alike."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._runs: list[tuple[np.ndarray, np.ndarray]] = []

    def numbers(self, hashes: np.ndarray) -> np.ndarray | None:
        """For each row how many equal ones came before; None when there are too many different rows to count."""
        import numpy as np

        # Which of several equal rows gets which number is all the same: they are equal.
        order = np.argsort(hashes)
        sorted_ = hashes[order]
        starts = np.flatnonzero(np.concatenate([[True], sorted_[1:] != sorted_[:-1]])) if len(order) else order
        different, counts = sorted_[starts], np.diff(np.append(starts, len(order)))
        before = np.zeros(len(different), np.int64)
        for known, seen in self._runs:
            at = np.minimum(np.searchsorted(known, different), len(known) - 1)
            hit = known[at] == different
            before[hit] += seen[at[hit]].astype(np.int64)
        numbers = np.empty(len(hashes), np.int64)
        numbers[order] = np.arange(len(hashes)) + np.repeat(before - starts, counts)
        self._runs.append((different, counts.astype(np.uint32)))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            self._merge()
        if sum(len(known) for known, _ in self._runs) > self._most:
            while len(self._runs) > 1:
                self._merge()
            if len(self._runs[0][0]) > self._most:
                return None
        return numbers

    def _merge(self) -> None:
        import numpy as np

        (one, a), (two, b) = self._runs.pop(), self._runs.pop()
        both = np.concatenate([one, two])
        order = np.argsort(both, kind="stable")
        both = both[order]
        counts = np.concatenate([a, b])[order]
        first = np.concatenate([[True], both[1:] != both[:-1]]) if len(both) else np.zeros(0, bool)
        summed = np.add.reduceat(counts, np.flatnonzero(first), dtype=np.uint32) if len(both) else counts
        self._runs.append((both[first], summed))


def chosen(sample: Sample | None, size: int | None) -> Sample | None:
    """The sample as one detector gets it."""
    return sample if sample is None or size is None else sample.first(size)


def names_of(samples: Samples, columns: Sequence[str]) -> list[str]:
    """Those of the columns that are features."""
    return [n for n in columns if samples.features is None or n in samples.features]
