"""The full-content fingerprint of training rows: what a version's record says it was fitted on.

Any cell, the order of rows, a column's name, place or type changes it. How the rows lie in memory does not: chunks, the
order of a dictionary's labels, the width of its codes, what stands under a null. Called by the job that trains.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

VERSION = 1


def fingerprint(table: pa.Table, target: Any, time: Any = None) -> str:
    """SHA-256 (64 hex digits) of the rows.

    Args:
        table: n rows of features.
        target, time: n values each, NumPy or Arrow; None for none.
    """
    from concurrent.futures import ThreadPoolExecutor

    import pyarrow as pa

    columns: list[tuple[str, str, Any]] = [("feature", name, table.column(name)) for name in table.column_names]
    for role, values in (("target", target), ("time", time)):
        if values is not None:
            array = values if isinstance(values, pa.Array | pa.ChunkedArray) else _as_arrow(values)
            columns.append((role, "", pa.chunked_array([array]) if isinstance(array, pa.Array) else array))
    with ThreadPoolExecutor(2) as pool:  # hashing frees the interpreter
        digests = list(pool.map(lambda column: _column(column[2]), columns))
    said = [
        [role, name, _type(column.type), len(column), digest]
        for (role, name, column), digest in zip(columns, digests, strict=True)
    ]
    return hashlib.sha256(json.dumps([VERSION, table.num_rows, said]).encode()).hexdigest()


def _as_arrow(values: np.ndarray) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    return pa.array(values.astype(object) if values.dtype.kind in "US" else np.ascontiguousarray(values))


def _type(kind: pa.DataType) -> str:
    """The type as content: labels are text, however wide their codes or offsets are."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return f"labels of {_type(kind.value_type)}"
    return "string" if pa.types.is_large_string(kind) or pa.types.is_string(kind) else str(kind)


def _column(column: pa.ChunkedArray) -> str:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        pieces = _labels(column)
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        pieces = _texts(column.cast(pa.large_string()))
    elif _fixed(column.type):
        pieces = _numbers(column)
    else:
        pieces = _texts(pa.chunked_array([pa.array(map(repr, column.to_pylist()), pa.large_string())]))
    hashes: dict[str, Any] = {}
    for name, piece in pieces:
        hashes.setdefault(name, hashlib.sha256()).update(piece)
    for piece in _nulls(column):
        hashes.setdefault("nulls", hashlib.sha256()).update(piece)
    return hashlib.sha256("".join(f"{n} {h.hexdigest()}\n" for n, h in sorted(hashes.items())).encode()).hexdigest()


def _fixed(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_primitive(kind)) and kind.bit_width % 8 == 0


def _numbers(column: pa.ChunkedArray) -> Iterator[tuple[str, Any]]:
    """The cells' bytes in order, zeros under nulls."""
    import numpy as np

    width = column.type.bit_width // 8
    for chunk in column.chunks:
        data = chunk.buffers()[1]
        if not len(chunk):
            continue
        cells = np.frombuffer(data, np.dtype((np.void, width)), len(chunk), chunk.offset * width)
        cells = cells.view(f"u{width}") if width in (1, 2, 4, 8) else cells
        if chunk.null_count:
            cells = cells.copy()
            cells[np.flatnonzero(_missing(chunk))] = np.zeros(1, cells.dtype)
        yield "cells", cells.view(np.uint8)


def _texts(column: pa.ChunkedArray) -> Iterator[tuple[str, Any]]:
    """Lengths, and the bytes one after the other."""
    import numpy as np

    for chunk in column.chunks:
        if not len(chunk):
            continue
        if chunk.null_count:
            chunk = chunk.fill_null("")
        _, offsets, data = chunk.buffers()
        ends = np.frombuffer(offsets, np.int64, len(chunk) + 1, chunk.offset * 8)
        yield "lengths", np.diff(ends)
        if ends[-1] > ends[0]:
            yield "text", memoryview(data)[int(ends[0]) : int(ends[-1])]


def _labels(column: pa.ChunkedArray) -> Iterator[tuple[str, Any]]:
    """The labels that occur, sorted, and each row's number among them."""
    import numpy as np
    import pyarrow as pa

    whole = column.unify_dictionaries()
    chunks = [chunk for chunk in whole.chunks if len(chunk)]
    if not chunks:
        return
    values = chunks[0].dictionary.to_pylist()
    codes = [_codes(chunk, len(values)) for chunk in chunks]
    used = np.zeros(len(values) + 1, np.int64)
    for part in codes:
        used += np.bincount(part, minlength=len(values) + 1)
    known = sorted({repr(value) for value, times in zip(values, used[:-1].tolist(), strict=True) if times})
    place = {text: i for i, text in enumerate(known)}
    width = np.min_scalar_type(len(known))  # by what occurs, whatever width the codes have
    number = np.array([place.get(repr(value), len(known)) for value in values] + [len(known)], width)
    for name, piece in _texts(pa.chunked_array([pa.array(known, pa.large_string())])):
        yield f"label {name}", piece
    for part in codes:
        yield "codes", number[part]


def _codes(chunk: pa.DictionaryArray, missing: int) -> np.ndarray:
    indices = chunk.indices
    if indices.null_count:
        indices = indices.cast("int32").fill_null(missing)
    return indices.to_numpy(zero_copy_only=False)


def _nulls(column: pa.ChunkedArray) -> Iterator[Any]:
    """Positions of missing cells."""
    import numpy as np
    import pyarrow as pa

    start = 0
    for chunk in column.chunks:
        # A label that is itself null is a missing cell too.
        if chunk.null_count or pa.types.is_dictionary(chunk.type):
            missing = np.flatnonzero(_missing(chunk))
            if len(missing):
                yield (missing + start).astype(np.int64)
        start += len(chunk)


def _missing(chunk: pa.Array) -> np.ndarray:
    import pyarrow.compute as pc

    return pc.is_null(chunk).to_numpy(zero_copy_only=False)
