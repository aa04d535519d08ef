"""Keeps pandas out of processes that do not need it.

pyarrow looks whether pandas is there by importing it: 0.4 s of CPU before the first row. Its Python half does so on the
first `pa.array`, unless it was told that there is none (`keep_pandas_out`, called at this room's entrances). Its C++
half does so whenever Python objects become Arrow values, so this room makes those from numpy (`strings`, `scalar`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_done = False


class _NoPandas:
    """An import finder that denies pandas."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name=name)


def keep_pandas_out() -> None:
    """Let pyarrow find out that there is no pandas. Its `to_pandas` still works: that looks once more by itself."""
    global _done
    if _done:
        return
    _done = True
    if "pandas" in sys.modules:
        return
    import numpy as np
    import pyarrow as pa

    finder: Any = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array(np.zeros(0))
    finally:
        sys.meta_path.remove(finder)


def strings(values: Sequence[str | None]) -> pa.Array:
    """A string array of `values`."""
    import numpy as np
    import pyarrow as pa

    keep_pandas_out()
    cells = [b"" if value is None else value.encode("utf-8", "surrogatepass") for value in values]
    offsets = np.zeros(len(cells) + 1, dtype=np.int32)
    np.cumsum([len(cell) for cell in cells], out=offsets[1:])
    valid = None
    if None in values:
        valid = pa.array(np.array([value is not None for value in values])).buffers()[1]
    return pa.StringArray.from_buffers(len(cells), pa.py_buffer(offsets), pa.py_buffer(b"".join(cells)), valid)


def scalar(value: str | int | float | bool | None, like: pa.DataType | None = None) -> pa.Scalar:
    """An Arrow scalar of `value`; None is a null of the type `like`."""
    import numpy as np
    import pyarrow as pa

    keep_pandas_out()
    if value is None:
        return pa.nulls(1, like)[0]
    array = strings([value]) if isinstance(value, str) else pa.array(np.array([value]))
    return array[0] if like is None else array.cast(like)[0]


def filled(column: pa.Array, value: int) -> np.ndarray:
    """An integer column as numpy, nulls replaced by `value`."""
    if column.null_count:
        column = column.fill_null(scalar(value, column.type))
    return to_numpy(column)


def to_numpy(column: pa.Array) -> np.ndarray:
    """A number or boolean array as numpy (read-only where nothing had to change): nulls are NaN, or False.

    `Array.to_numpy` would import pandas.

    Raises:
        ValueError: for integers with nulls (see `filled`), and for other types.
    """
    import numpy as np
    import pyarrow as pa

    if pa.types.is_boolean(column.type):
        if column.null_count:
            column = column.fill_null(scalar(False))
        return to_numpy(column.cast(pa.uint8())).astype(bool)
    if column.null_count and pa.types.is_floating(column.type):
        column = column.fill_null(scalar(float("nan"), column.type))
    dtype = _DTYPES.get(str(column.type))
    if dtype is None or column.null_count:
        raise ValueError(f"a column of {column.type} with {column.null_count} nulls is no numpy array")
    if not len(column):
        return np.empty(0, dtype=dtype)
    return np.frombuffer(column.buffers()[1], dtype=dtype)[column.offset : column.offset + len(column)]


_DTYPES = {
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "halffloat": "float16",
    "float": "float32",
    "double": "float64",
}


def is_valid(column: pa.Array) -> np.ndarray:
    """(n,) bool: where there is a value."""
    import numpy as np

    return to_numpy(column.is_valid()) if column.null_count else np.ones(len(column), dtype=bool)
