"""One form for every value, whatever file it came from: numbers, category labels, text.

Sources use `parse_numbers`; the readers of this room use `as_numbers`, `as_labels`, `as_text`; monitoring uses
`label_of` to compare a declared value (`positive = 1`) with the labels of the data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.data.light import filled, keep_pandas_out, scalar, strings, to_numpy

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

NO_NUMBER = (
    "", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#n/a", "#na", "#n/a n/a", "-1.#ind", "1.#ind",
    "-1.#qnan", "1.#qnan", "nil", "-", "?", ".",
)  # fmt: skip
"""Lower-case spellings of "no number": missing, not bad."""

NO_LABEL = ("", "NaN", "nan", "NULL", "null", "<NA>", "#N/A", "N/A", "n/a")
"""Spellings of a missing label in text files. "NA" is not one: it is Namibia."""

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


@dataclass(frozen=True)
class Numbers:
    """Numbers of n cells: `values` (n,) float64, NaN where missing or bad; `bad` counts cells that are neither."""

    values: np.ndarray
    bad: int = 0
    bad_rows: np.ndarray | None = None
    example: str = ""


def label_of(value: Any) -> str | None:
    """The canonical label of one value; None for a missing one."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 2**63 else repr(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def parse_numbers(text: pa.Array | pa.ChunkedArray, decimal: str = ".") -> Numbers:
    """Numbers from text, correctly rounded. Spaces around a number are allowed; `NO_NUMBER` is missing.

    With `decimal=","` a comma is the decimal mark. Infinities may be written inf, infinity, with a sign.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    keep_pandas_out()
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    if decimal == "." and len(text):
        try:
            return Numbers(to_numpy(text.cast(pa.float64())))
        except pa.ArrowInvalid:
            pass
    coded = text.dictionary_encode()
    cells = pc.utf8_trim_whitespace(coded.dictionary.cast(pa.string()))
    if decimal != ".":
        cells = pc.replace_substring(cells, decimal, ".")
    lower = pc.utf8_lower(cells)
    infinite = pc.match_substring_regex(lower, r"^[+-]?inf(inity)?$")
    finite = pc.match_substring_regex(cells, _NUMBER)
    missing = pc.is_in(lower, strings(NO_NUMBER))
    values = to_numpy(pc.if_else(finite, pc.utf8_ltrim(cells, "+"), scalar(None, pa.string())).cast(pa.float64()))
    sign = np.where(to_numpy(pc.starts_with(lower, "-")), -np.inf, np.inf)
    values = np.where(to_numpy(infinite), sign, values)
    wrong = to_numpy(pc.invert(pc.or_(pc.or_(finite, infinite), missing)))
    codes = filled(coded.indices, len(values))
    bad_rows = np.flatnonzero(np.append(wrong, False)[codes])
    example = str(text[int(bad_rows[0])].as_py()) if len(bad_rows) else ""
    return Numbers(np.append(values, np.nan)[codes], len(bad_rows), bad_rows, example)


def as_numbers(column: pa.Array) -> Numbers:
    """Any column as float64. Text is parsed, booleans are 0 and 1, times are seconds since 1970."""
    import numpy as np
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        inner = as_numbers(column.dictionary)
        codes = filled(column.indices, len(inner.values))
        wrong = np.zeros(len(inner.values) + 1, dtype=bool)
        if inner.bad_rows is not None:
            wrong[inner.bad_rows] = True
        rows = np.flatnonzero(wrong[codes])
        return Numbers(np.append(inner.values, np.nan)[codes], len(rows), rows, inner.example if len(rows) else "")
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return Numbers(to_numpy(column.cast(pa.float64(), safe=False)))
    if pa.types.is_null(kind):
        return Numbers(np.full(len(column), np.nan))
    if pa.types.is_boolean(kind):
        return Numbers(to_numpy(column.cast(pa.uint8()).cast(pa.float64())))
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        micros = column.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False).cast(pa.int64())
        return Numbers(to_numpy(micros.cast(pa.float64(), safe=False)) / 1e6)
    return parse_numbers(as_text(column))


def as_labels(column: pa.Array) -> pa.DictionaryArray:
    """Any column as dictionary<int32, string> of canonical labels (no label twice in the dictionary)."""
    import pyarrow as pa

    keep_pandas_out()
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string()).dictionary_encode()
    if pa.types.is_string(kind):
        return column.dictionary_encode()
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string()).dictionary_encode()
    if pa.types.is_dictionary(kind) and len(column.dictionary) > len(column):
        # A large dictionary that many chunks share: only what this one uses is looked at.
        return as_labels(column.dictionary.take(column.indices))
    coded = column if pa.types.is_dictionary(kind) else _encodable(column).dictionary_encode()
    dictionary = coded.dictionary
    if (
        pa.types.is_string(dictionary.type)
        and not dictionary.null_count
        and len(dictionary.unique()) == len(dictionary)
    ):
        return pa.DictionaryArray.from_arrays(coded.indices.cast(pa.int32()), dictionary)
    values = dictionary.to_pylist()
    labels = values if pa.types.is_string(coded.dictionary.type) else [label_of(value) for value in values]
    if coded.type.index_type == pa.int32() and labels == list(dict.fromkeys(x for x in labels if x is not None)):
        return pa.DictionaryArray.from_arrays(coded.indices, strings(labels))
    return _relabelled(coded, labels)


def as_ids(column: pa.Array) -> pa.Array:
    """Any column as strings that identify rows: 7, 7.0 and "7.0" are the same id."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = as_text(column)
    if pa.types.is_integer(column.type) or not pc.any(pc.ends_with(text, ".0")).as_py():
        return text
    return text_labels(text).dictionary_decode()


def text_labels(column: pa.Array, missing: Sequence[str] = ()) -> pa.DictionaryArray:
    """Cells of a text file as labels, as the same values in Parquet would be: `7.0` is 7, `True` is true; `NO_LABEL`
    and `missing` are no labels."""
    import pyarrow as pa

    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    cells = coded.dictionary.to_pylist()
    none = {*NO_LABEL, *missing}
    labels = [None if cell in none else _cell_label(cell) for cell in cells]
    return coded if labels == cells else _relabelled(coded, labels)


def _cell_label(cell: str) -> str:
    if cell[-2:] == ".0" and re.fullmatch(r"-?(0|[1-9]\d*)\.0", cell):
        return cell[:-2] if cell != "-0.0" else "0"
    return cell.lower() if cell in ("True", "TRUE", "False", "FALSE") else cell


def _relabelled(coded: pa.DictionaryArray, labels: Sequence[str | None]) -> pa.DictionaryArray:
    """`coded` with other labels for its dictionary; equal ones become one, None is missing."""
    import numpy as np
    import pyarrow as pa

    order = {label: i for i, label in enumerate(dict.fromkeys(label for label in labels if label is not None))}
    target = np.array([order.get(label, -1) if label is not None else -1 for label in labels] + [-1], dtype=np.int32)
    codes = target[filled(coded.indices.cast(pa.int64()), len(labels))]
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32(), mask=codes < 0), strings(list(order)))


def as_text(column: pa.Array) -> pa.Array:
    """Any column as strings, numbers and booleans as their canonical labels."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_integer(kind):
        return column.cast(pa.string())
    return as_labels(column).dictionary_decode()


def _encodable(column: pa.Array) -> pa.Array:
    """`column` itself, or text of it where Arrow cannot count distinct values (lists, structs, maps)."""
    import pyarrow as pa

    if pa.types.is_nested(column.type):
        return strings([None if v is None else repr(v) for v in column.to_pylist()])
    if pa.types.is_float16(column.type):
        return column.cast(pa.float32())
    return column
