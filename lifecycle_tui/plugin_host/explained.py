"""Checks what explainers returned against what they were asked. Used in their process, again by the host (which trusts
nothing that comes out of it), and by the job for what ships with the program.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.explaining import MOST_CELLS, Explanation
from lifecycle_tui.plugin_host.results import TEXT_LIMIT, BadResult

if TYPE_CHECKING:
    import pyarrow as pa

    from lifecycle_tui.domain.explaining import ExplainRequest


def as_probe(value: Any, request: ExplainRequest) -> pa.Table:
    """The rows to be scored: the columns of the request's rows, in their order and of their types.

    Raises:
        BadResult: for anything else, and for more than `MOST_CELLS`.
    """
    import pyarrow as pa

    if isinstance(value, pa.RecordBatch):
        value = pa.Table.from_batches([value])
    if not isinstance(value, pa.Table):
        raise BadResult(f"must return a pyarrow.Table of rows to score, not {type(value).__name__}")
    wanted, found = request.rows.schema, value.column_names
    if sorted(found) != sorted(wanted.names):
        lacks = [name for name in wanted.names if name not in found]
        more = [name for name in found if found.count(name) > 1 or name not in wanted.names]
        said = f"lack {_some(lacks)}" if lacks else f"have {_some(more)} too much"
        raise BadResult(f"the rows to score must have the columns of request.rows: they {said}")
    if value.num_rows * max(1, value.num_columns) > MOST_CELLS:
        raise BadResult(
            f"asks for {value.num_rows:,} rows of {value.num_columns:,} columns; {MOST_CELLS:,} cells are allowed: "
            "take fewer background rows"
        )
    columns = {}
    for field in wanted:
        try:
            columns[field.name] = _typed(value.column(field.name), field.type)
        except (pa.ArrowException, TypeError, ValueError) as exc:
            raise BadResult(f"column {field.name!r} of the rows to score: {exc}") from None
    return pa.table(columns)


def _typed(column: Any, wanted: Any) -> Any:
    """The column as the request has it: labels in one dictionary, missing numbers as NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(wanted):
        if not pa.types.is_dictionary(column.type):
            column = column.cast(wanted.value_type).dictionary_encode()
        return pa.chunked_array(column.cast(wanted).unify_dictionaries().chunks, wanted)
    column = column if column.type == wanted else column.cast(wanted)
    return pc.fill_null(column, math.nan) if pa.types.is_floating(wanted) else column


def as_explanation(value: Any, request: ExplainRequest) -> Explanation:
    """An explanation of the request's rows, its numbers as floats.

    Raises:
        BadResult: for other types, other features, not one number for each row, NaN and infinities.
    """
    if not isinstance(value, Explanation):
        raise BadResult(f"must return an Explanation, not {type(value).__name__}")
    if not isinstance(value.contributions, Mapping) or not value.contributions:
        raise BadResult("contributions must be a mapping of feature to numbers, with one feature at least")
    names, rows = request.rows.column_names, request.rows.num_rows
    strange = [name for name in value.contributions if name not in names]
    if strange:
        raise BadResult(f"contributions has {_some(strange)}, which request.rows has not")
    found = {name: _numbers(name, given, rows) for name, given in value.contributions.items()}
    if not isinstance(value.note, str):
        raise BadResult(f"note must be text, not {type(value.note).__name__}")
    note = value.note.encode("utf-8", "replace").decode()
    return Explanation(_number("base", value.base), found, note[:TEXT_LIMIT])


def _numbers(name: str, given: Any, rows: int) -> tuple[float, ...]:
    what = f"contributions of {name!r}"
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise BadResult(f"{what} must be one number for each row, not {type(given).__name__}")
    shape = getattr(given, "shape", None)
    if shape is not None and len(shape) != 1:
        raise BadResult(f"{what} must be one number for each row, not an array of shape {tuple(shape)}")
    values = given.tolist() if hasattr(given, "tolist") else list(islice(given, rows + 1))  # it may have no end
    if len(values) != rows:
        there = "more" if len(values) > rows else f"{len(values)}"
        raise BadResult(f"{what}: {rows} rows were asked about, and there are {there} numbers")
    return tuple(_number(what, value) for value in values)


def _number(what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise BadResult(f"{what} must be numbers, not {type(value).__name__}")
    try:
        number = float(value)
    except (OverflowError, ValueError) as exc:
        raise BadResult(f"{what}: {exc}") from None
    if not math.isfinite(number):
        raise BadResult(f"{what} must be finite, not {number}")
    return number


def _some(names: Sequence[Any]) -> str:
    shown = ", ".join(repr(name)[:60] for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")
