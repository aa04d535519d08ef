"""Arrow columns as NumPy values, without pyarrow.compute on the fast paths (its import costs as much as 20 columns).

Called by `Profiler` and `monitoring.files`. Nulls and NaN are both missing; ±inf are values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

Column: TypeAlias = "pa.Array | pa.ChunkedArray"


class Values(NamedTuple):
    """What is there of a column: `values` without the missing ones, out of `rows` rows."""

    values: np.ndarray
    rows: int

    @property
    def missing(self) -> int:
        return self.rows - len(self.values)


class Labels(NamedTuple):
    """Counts by canonical label, and how many rows had none."""

    counts: dict[str, int]
    rows: int
    missing: int


def chunks(column: Column) -> list[pa.Array]:
    """The arrays of a column."""
    return column.chunks if isinstance(column, pa.ChunkedArray) else [column]


def numbers(column: Column) -> Values:
    """A numeric (or boolean, decimal, numeric dictionary) column as float64, or int64 where all fits.

    Raises:
        TypeError: for a column that holds no numbers.
    """
    parts = [_numbers(part) for part in chunks(column)]
    return Values(_join(parts), len(column))


def _numbers(array: pa.Array) -> np.ndarray:
    kind = array.type
    if pa.types.is_dictionary(kind):
        place = _present(array.indices)
        known = _dictionary_numbers(array.dictionary)
        values = known[place]
        return values[~np.isnan(values)]
    if pa.types.is_null(kind):
        return np.empty(0)
    if pa.types.is_boolean(kind):
        return _present_bits(array).astype(np.int64)
    if pa.types.is_decimal(kind):
        array = array.cast(pa.float64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise TypeError(f"holds {kind}, not numbers")
    values = _present(array)
    if values.dtype.kind == "f":
        values = values.astype(np.float64, copy=False)
        gaps = np.isnan(values)
        return values[~gaps] if gaps.any() else values
    if values.dtype == np.uint64 and len(values) and values.max() > np.uint64(2**63 - 1):
        return values.astype(np.float64)
    return values.astype(np.int64, copy=False)


def _dictionary_numbers(dictionary: pa.Array) -> np.ndarray:
    return np.array([np.nan if v is None else float(v) for v in dictionary.to_pylist()], dtype=np.float64)


def times(column: Column) -> Values:
    """A timestamp, date, time or duration column as int64 in the column's own unit."""
    parts = []
    for part in chunks(column):
        kind = part.type
        width = np.int32 if kind.bit_width == 32 else np.int64
        parts.append(_present(part, width).astype(np.int64, copy=False))
    return Values(_join(parts), len(column))


def text_lengths(column: Column) -> Values:
    """Lengths in characters of a text column (bytes for binary), as int64."""
    parts = []
    for part in chunks(column):
        if pa.types.is_dictionary(part.type):
            dictionary = part.dictionary
            known = np.full(len(dictionary), -1, dtype=np.int64)
            known[_mask(dictionary)] = _lengths(dictionary)
            values = known[_present(part.indices)]
            parts.append(values[values >= 0])
        else:
            parts.append(_lengths(part))
    return Values(_join(parts).astype(np.int64, copy=False), len(column))


def _lengths(array: pa.Array) -> np.ndarray:
    kind = array.type
    if pa.types.is_null(kind):
        return np.empty(0, dtype=np.int64)
    large = pa.types.is_large_string(kind) or pa.types.is_large_binary(kind)
    if not (large or pa.types.is_string(kind) or pa.types.is_binary(kind)):
        array, large = array.cast(pa.large_string()), True
    _, offsets, data = array.buffers()
    if len(array) == 0 or offsets is None:
        return np.empty(0, dtype=np.int64)
    ends = np.frombuffer(offsets, np.int64 if large else np.int32)[array.offset : array.offset + len(array) + 1]
    ends = ends.astype(np.int64, copy=False)
    if data is not None and (pa.types.is_string(kind) or pa.types.is_large_string(array.type)):
        text = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
        inner = (text & 0xC0) == 0x80  # bytes that continue a character
        if inner.any():
            begun = np.concatenate([[0], np.cumsum(~inner)])
            ends = begun[ends - ends[0]]
    return np.diff(ends)[_mask(array)]


def labels(column: Column) -> Labels:
    """Counts of a column's labels in the canonical form that every room uses (see `label_of`)."""
    counts: dict[str, int] = {}
    present = 0
    for part in chunks(column):
        for label, count in _labels(part):
            counts[label] = counts.get(label, 0) + count
            present += count
    return Labels(counts, len(column), len(column) - present)


def _labels(array: pa.Array) -> Iterator[tuple[str, int]]:
    kind = array.type
    if pa.types.is_null(kind):
        return
    if pa.types.is_boolean(kind):
        bits = _present_bits(array)
        true = int(np.count_nonzero(bits))
        yield from ((name, n) for name, n in (("true", true), ("false", len(bits) - true)) if n)
        return
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        for value, count in zip(*np.unique(_present(array), return_counts=True), strict=True):
            if value == value:
                yield label_of(value.item()), int(count)
        return
    encoded = array if pa.types.is_dictionary(kind) else array.dictionary_encode()
    found = np.bincount(_present(encoded.indices), minlength=len(encoded.dictionary))
    for value, count in zip(encoded.dictionary.to_pylist(), found.tolist(), strict=True):
        if count and value is not None and value == value:
            yield value if type(value) is str else label_of(value), count


def label_of(value: object) -> str:
    """The canonical label: true/false, whole numbers without a point ("7" for 7.0), text as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**63 else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def _mask(array: pa.Array) -> np.ndarray:
    """Which places are not null."""
    bitmap = array.buffers()[0] if array.null_count else None
    if bitmap is None:
        return np.ones(len(array), dtype=bool)
    return _bits(bitmap, array.offset, len(array))


def _bits(buffer: pa.Buffer, offset: int, length: int) -> np.ndarray:
    first = offset // 8
    raw = np.frombuffer(buffer, np.uint8)[first : (offset + length + 7) // 8]
    return np.unpackbits(raw, bitorder="little")[offset - 8 * first : offset - 8 * first + length].view(bool)


def _present(array: pa.Array, dtype: type | None = None) -> np.ndarray:
    """The non-null values of an array of fixed-width primitives."""
    values = np.frombuffer(array.buffers()[1], dtype or array.type.to_pandas_dtype()) if len(array) else None
    if values is None:
        return np.empty(0, dtype or array.type.to_pandas_dtype())
    values = values[array.offset : array.offset + len(array)]
    return values[_mask(array)] if array.null_count else values


def _present_bits(array: pa.Array) -> np.ndarray:
    if not len(array):
        return np.empty(0, dtype=bool)
    bits = _bits(array.buffers()[1], array.offset, len(array))
    return bits[_mask(array)] if array.null_count else bits


def _join(parts: list[np.ndarray]) -> np.ndarray:
    filled = [part for part in parts if len(part)]
    if not filled:
        return np.empty(0)
    if len(filled) == 1:
        return filled[0]
    return np.concatenate(filled)  # int64 with float64 gives float64
