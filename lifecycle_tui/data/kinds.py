"""What kind a column is, where the file does not say. Used on the reference by `ModelData`, and by `init`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lifecycle_tui.data.light import keep_pandas_out, to_numpy
from lifecycle_tui.domain.signals import ColumnKind

if TYPE_CHECKING:
    import pyarrow as pa

FEW = 12
"""Whole numbers with at most so many distinct values (months, weekdays, flags, grades) are categories …"""

ENOUGH = 50
"""… if there are more rows than this; a short table cannot show whether a number takes many values."""

MOSTLY = 0.95
"""A share of readable cells from which text is taken for numbers or times with bad cells in it."""


def infer_kinds(table: pa.Table, given: Mapping[str, ColumnKind] | None = None) -> dict[str, ColumnKind]:
    """The kind of each column of `table`; `given` wins. The order of rows does not matter."""
    given = given or {}
    return {
        name: given[name] if name in given else infer_kind(table.column(name))
        for name in dict.fromkeys(table.column_names)
    }


def infer_kind(column: pa.ChunkedArray) -> ColumnKind:
    """The kind of one column from all its values.

    Booleans are categorical; so are whole numbers with at most `FEW` distinct values in more than `ENOUGH` rows; other
    numbers are numeric. Text that is a number (a time) in at least 95 % of its cells is judged as numbers (is a
    time). Other text is categorical if it repeats: at most 10 distinct values, or at most 1,000 with at least
    five rows each on average. A column without a value is numeric.
    """
    import pyarrow as pa

    keep_pandas_out()
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_null(kind) or column.null_count == len(column):
        return "numeric"
    if pa.types.is_boolean(kind):
        return "categorical"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "time"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _of_numbers(column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return _of_text(column.cast(pa.string()))
    return "text"


def many_numbers(array: pa.Array) -> bool:
    """Whether these values alone make a column of numbers numeric, whatever others it has: more than `FEW` of them are
    distinct, in more than `ENOUGH` rows."""
    import numpy as np
    import pyarrow as pa

    values = to_numpy(array.cast(pa.float64(), safe=False))
    values = values[np.isfinite(values)]
    if len(values) <= ENOUGH:
        return False
    some = len(np.unique(values[:: max(1, len(values) // 1000)])) > FEW
    return some or len(np.unique(values)) > FEW


def _of_numbers(column: pa.ChunkedArray) -> ColumnKind:
    import numpy as np
    import pyarrow as pa

    values = to_numpy(column.cast(pa.float64(), safe=False).combine_chunks())
    values = values[np.isfinite(values)]
    if len(values) <= ENOUGH:
        return "numeric"
    # Most columns show more than FEW values at once: no need to sort them whole.
    if len(np.unique(values[:: max(1, len(values) // 1000)])) > FEW:
        return "numeric"
    distinct = np.unique(values)
    return "categorical" if len(distinct) <= FEW and bool((distinct == np.floor(distinct)).all()) else "numeric"


def _of_text(column: pa.ChunkedArray) -> ColumnKind:
    import numpy as np
    import pyarrow as pa

    from lifecycle_tui.data.times import parse_times
    from lifecycle_tui.data.values import NO_LABEL, NO_NUMBER, parse_numbers
    from lifecycle_tui.domain.specs import TimestampSpec

    counts = column.drop_null().value_counts()
    texts = counts.field("values")
    rows = to_numpy(counts.field("counts"))
    lower = [t.strip().lower() for t in texts.to_pylist()]
    empty = np.array([t in NO_NUMBER for t in lower], dtype=bool)
    numbers = parse_numbers(texts)
    readable = np.isfinite(numbers.values)
    total = int(rows[~empty].sum())
    if total and rows[readable].sum() >= MOSTLY * total:
        return _of_numbers(pa.chunked_array([pa.array(np.repeat(numbers.values[readable], rows[readable]))]))
    times = parse_times([texts], TimestampSpec(("",)))
    timed = times.values != -(2**63)
    if total and rows[timed].sum() >= MOSTLY * total:
        return "time"
    present = np.array([t not in NO_LABEL for t in texts.to_pylist()], dtype=bool)
    distinct, total = int(present.sum()), int(rows[present].sum())
    return "categorical" if distinct <= 10 or (distinct <= 1000 and distinct * 5 <= total) else "text"
