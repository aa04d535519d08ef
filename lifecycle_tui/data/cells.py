"""Python values as Arrow columns, in the one form that every source gives. Used by sources that get rows as objects:
databases, and JSON lines that Arrow's own reader refuses.

The same values come out as from Parquet: numbers float64, labels and text canonical (see `values.label_of`), times as
timestamps where the objects are times. Nothing becomes null unsaid: what is no value of its form is listed as bad.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from lifecycle_tui.data.light import strings
from lifecycle_tui.data.values import label_of, parse_numbers
from lifecycle_tui.domain.protocols import Batch, CellProblem
from lifecycle_tui.domain.signals import ColumnKind

if TYPE_CHECKING:
    import pyarrow as pa

Form: TypeAlias = Literal["number", "whole", "truth", "label", "text", "time"]
"""How a column is given: float64, int64 (float64 where it must be), bool, dictionary of labels, strings, times."""

FORMS: Mapping[ColumnKind, Form] = {"numeric": "number", "categorical": "label", "text": "text", "time": "time"}
"""The form of a column whose kind is asked for."""

_NONE = type(None)
_EPOCH = datetime(1970, 1, 1)
_MICRO = timedelta(microseconds=1)
_BYTES = (bytes, bytearray, memoryview)


@dataclass(frozen=True)
class Cells:
    """A column of n cells; `bad` are the positions of those that are no value of its form (null), `example` is one."""

    array: pa.Array
    bad: tuple[int, ...] = ()
    example: str = ""


def as_batch(columns: Mapping[str, Sequence[Any]], forms: Mapping[str, Form], first_row: int) -> Batch:
    """A batch of columns of n > 0 values each, bad cells reported by row."""
    import pyarrow as pa

    arrays, problems = [], []
    for name, values in columns.items():
        cells = as_cells(values, forms[name])
        arrays.append(cells.array)
        if cells.bad:
            example = f"row {first_row + cells.bad[0] + 1}: {cells.example}"
            problems.append(CellProblem(name, "bad-cell", len(cells.bad), example, cells.bad))
    return Batch(pa.RecordBatch.from_arrays(arrays, names=list(columns)), first_row, tuple(problems))


def as_cells(values: Sequence[Any], form: Form) -> Cells:
    """The values in a form; None is missing in each."""
    kinds = set(map(type, values)) - {_NONE}
    if form == "number":
        return _numbers(values, kinds)
    if form == "whole":
        return _whole(values, kinds)
    if form == "truth":
        return _truths(values)
    if form == "time":
        return _times(values, kinds)
    if form == "text" and kinds <= {str}:
        return Cells(strings(values))
    cells = _labels(values, kinds)
    return cells if form == "label" else Cells(cells.array.dictionary_decode(), cells.bad, cells.example)


def form_of(values: Sequence[Any]) -> Form | None:
    """The form that all of these values have, which are a sample of a column; None if there is no value."""
    kinds = set(map(type, values)) - {_NONE}
    if not kinds:
        return None
    if kinds <= {bool}:
        return "truth"
    if kinds <= {int} and all(-(2**63) <= v < 2**63 for v in values if v is not None):
        return "whole"
    if kinds <= {int, float, Decimal}:
        return "number"
    return "time" if all(issubclass(kind, date) for kind in kinds) else "text"


def arrow_type(form: Form) -> pa.DataType:
    """The type that a column of a form has in a schema."""
    import pyarrow as pa

    if form == "whole":
        return pa.int64()
    if form == "number":
        return pa.float64()
    if form == "truth":
        return pa.bool_()
    return pa.timestamp("us") if form == "time" else pa.string()


def common_type(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """A type that holds a column's values in both of two files: float64 for different numbers, text for the rest."""
    import pyarrow as pa

    if one == other:
        return one
    numbers = all(pa.types.is_integer(t) or pa.types.is_floating(t) for t in (one, other))
    return pa.float64() if numbers else pa.string()


def _numbers(values: Sequence[Any], kinds: set[type]) -> Cells:
    import numpy as np
    import pyarrow as pa

    if kinds <= {int, float, bool}:
        try:
            return Cells(pa.array(np.array(values, dtype=np.float64), from_pandas=True))
        except OverflowError:  # a whole number beyond float64
            pass
    found = np.full(len(values), np.nan)
    bad: list[int] = []
    texts: list[int] = []
    for i, value in enumerate(values):
        if value is None:
            continue
        if isinstance(value, str):
            texts.append(i)
            continue
        number = _number(value)
        if number is None:
            bad.append(i)
        else:
            found[i] = number
    if texts:
        parsed = parse_numbers(strings([values[i] for i in texts]))
        found[texts] = parsed.values
        if parsed.bad_rows is not None:
            bad += [texts[i] for i in parsed.bad_rows.tolist()]
    bad.sort()
    return Cells(pa.array(found, from_pandas=True), tuple(bad), _shown(values[bad[0]]) if bad else "")


def _number(value: Any) -> float | None:
    """The number nearest to a value, NaN for a missing one; None for what is no number."""
    if isinstance(value, datetime):
        return _micros(value) / 1e6
    if isinstance(value, date):
        return _micros(datetime(value.year, value.month, value.day)) / 1e6
    if isinstance(value, int | float | Decimal):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
        except ValueError:  # a signalling NaN
            return math.nan
    return None


def _whole(values: Sequence[Any], kinds: set[type]) -> Cells:
    import numpy as np
    import pyarrow as pa

    if kinds <= {int, bool}:
        missing = np.fromiter((v is None for v in values), dtype=bool, count=len(values))
        try:
            found = np.array([0 if v is None else v for v in values], dtype=np.int64)
        except OverflowError:
            return _numbers(values, kinds)
        return Cells(pa.array(found, mask=missing))
    return _numbers(values, kinds)


_TRUTHS: Mapping[Any, bool] = {True: True, False: False, "true": True, "false": False}
"""0 and 1 among them, which are equal to False and True."""


def _truths(values: Sequence[Any]) -> Cells:
    import numpy as np
    import pyarrow as pa

    found = np.zeros(len(values), dtype=bool)
    missing = np.ones(len(values), dtype=bool)
    bad = []
    for i, value in enumerate(values):
        if value is None:
            continue
        try:
            truth = _TRUTHS.get(value.lower() if isinstance(value, str) else value)
        except TypeError:  # a list or an object
            truth = None
        if truth is None:
            bad.append(i)
        else:
            found[i], missing[i] = truth, False
    return Cells(pa.array(found, mask=missing), tuple(bad), _shown(values[bad[0]]) if bad else "")


def _labels(values: Sequence[Any], kinds: set[type]) -> Cells:
    import numpy as np
    import pyarrow as pa

    if bool in kinds:  # True is equal to 1, but another label
        values = [_truth_word(v) if isinstance(v, bool) else v for v in values]
    codes = np.full(len(values), -1, dtype=np.int32)
    order: dict[str, int] = {}
    seen: dict[Any, int] = {None: -1}
    bad = []
    for i, value in enumerate(values):
        try:
            codes[i] = seen[value]
            continue
        except KeyError:
            hashable = True
        except TypeError:
            hashable = False
        if isinstance(value, _BYTES):
            bad.append(i)
            continue
        label = _label(value)
        code = -1 if label is None else order.setdefault(label, len(order))
        codes[i] = code
        if hashable:
            seen[value] = code
    array = pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), strings(list(order)))
    return Cells(array, tuple(bad), _shown(values[bad[0]]) if bad else "")


def _truth_word(value: bool) -> str:
    return "true" if value else "false"


def _label(value: Any) -> str | None:
    if isinstance(value, Decimal):
        if not value.is_finite():
            return None if value.is_nan() else label_of(float(value))
        return str(int(value)) if value == value.to_integral_value() else label_of(float(value))
    if isinstance(value, datetime) and value.tzinfo is not None:
        return str(value.astimezone(UTC))
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return label_of(value)


def _times(values: Sequence[Any], kinds: set[type]) -> Cells:
    """Times as timestamps, dates as dates; numbers and text as they are, for `data.times`; mixtures as text."""
    import numpy as np
    import pyarrow as pa

    if not kinds:
        return Cells(pa.nulls(len(values)))
    if all(issubclass(kind, datetime) for kind in kinds):
        zoned = {v.tzinfo is not None for v in values if v is not None}
        if len(zoned) == 1:
            missing = np.fromiter((v is None for v in values), dtype=bool, count=len(values))
            micros = np.array([0 if v is None else _micros(v) for v in values], dtype=np.int64)
            kind = pa.timestamp("us", "UTC" if True in zoned else None)
            return Cells(pa.array(micros, mask=missing).cast(kind))
    if kinds == {date}:
        missing = np.fromiter((v is None for v in values), dtype=bool, count=len(values))
        days = np.array([0 if v is None else v.toordinal() - 719_163 for v in values], dtype=np.int32)
        return Cells(pa.array(days, mask=missing).cast(pa.date32()))
    if kinds <= {int}:
        return _whole(values, kinds)
    if kinds <= {int, float, Decimal}:
        return _numbers(values, kinds)
    return as_cells(values, "text")


def _micros(value: datetime) -> int:
    """µs since 1970; of a time without a zone, on its own clock."""
    plain = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    return (plain - _EPOCH) // _MICRO


def _shown(value: Any) -> str:
    return f"{len(value)} bytes" if isinstance(value, _BYTES) else repr(value)[:80]
