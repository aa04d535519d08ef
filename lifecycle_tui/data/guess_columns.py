"""Which columns are no features: those that give the target away, number the rows, or only say when and who.

Called by `guess`. Returns groups of columns with the reason that `init` prints and writes beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle_tui.data.guess_roles import _PREDICTION_PARTS, _SCORE_PARTS, Facts, named_like_id
from lifecycle_tui.data.guess_times import Instants, calendar_part, time_guesses
from lifecycle_tui.data.leaks import Leak, find_leaks, row_number
from lifecycle_tui.domain.guesses import Ignored
from lifecycle_tui.domain.specs import ColumnsSpec, Task

CODED = 1000
"""A column with at most so many values is also looked at value by value."""


def ignored_columns(
    table: pa.Table,
    facts: Mapping[str, Facts],
    columns: ColumnsSpec,
    task: Task,
    *,
    spare: set[str],
    partitions: Sequence[str],
    instants: Instants | None,
) -> tuple[list[str], tuple[Ignored, ...]]:
    """Doubts, and the columns that are no features with the reasons.

    Args:
        spare: columns of times that are not the event's own.
        partitions: Hive partition columns.
        instants: (rows,) the event's time, NaT where unknown.
    """
    roles = columns.roles()
    rest = [name for name in table.column_names if name not in roles]
    drops: list[Ignored] = []
    doubts: list[str] = []

    def drop(names: Sequence[str], reason: str) -> None:
        drops.append(Ignored(tuple(names), reason))
        rest[:] = [name for name in rest if name not in names]

    for name in list(rest):
        reason = _no_feature(name, facts[name], table, columns, spare=spare, partitions=partitions)
        if reason:
            drop([name], reason)
    for leak in _leaks(table, facts, rest, columns, task):
        if set(leak.columns) == set(rest):
            doubts.append(f"{leak.reason}; nothing else is left, so they stay")
            continue
        drop(leak.columns, leak.reason)
    moving = []
    for name in list(rest):
        part = _calendar(table, facts[name], instants)
        if part == "year":
            drop([name], "is the year: one value in the reference, another one for ever after")
        elif part in ("month", "quarter"):
            moving.append(name)
    if moving:
        verb = "repeats" if len(moving) == 1 else "repeat"
        names = " and ".join(moving)
        doubts.append(f"{names} only {verb} the calendar: a window shorter than a year always differs there")
    return doubts, tuple(drops)


def _no_feature(
    name: str, f: Facts, table: pa.Table, columns: ColumnsSpec, *, spare: set[str], partitions: Sequence[str]
) -> str | None:
    if name in partitions:
        return "names the partition"
    if f.kind == "other":
        return "holds nothing" if pa.types.is_null(table[name].type) else "holds lists or records"
    if f.distinct == 0:
        return "is empty"
    if name in spare or f.kind == "time":
        return "is another time; as a number it only grows"
    if f.kind == "integer" and f.unique and (reason := row_number(_floats(table, name))):
        return reason
    if named_like_id(name) and f.kind in ("integer", "text") and f.distinct > max(50, 0.5 * (f.rows - f.missing)):
        return f"names {f.distinct:,} things in {f.rows:,} rows: who, not what"
    if f.kind == "text" and f.unique and f.rows > 50 and not time_guesses(table.select([name])):
        return "is different in every row"
    lower = name.lower()
    scored = columns.score or columns.prediction
    inside = f.kind == "number" and f.low is not None and f.high is not None and f.low >= 0 and f.high <= 1
    if scored and (_PREDICTION_PARTS.search(lower) or (_SCORE_PARTS.search(lower) and inside)):
        return "looks like another prediction, and a model must not learn from predictions"
    return None


def _leaks(
    table: pa.Table, facts: Mapping[str, Facts], names: Sequence[str], columns: ColumnsSpec, task: Task
) -> tuple[Leak, ...]:
    if columns.target is None:
        return ()
    if task in ("binary", "multiclass"):
        target: NDArray = _codes(table, columns.target)
    elif facts[columns.target].kind in ("number", "integer"):
        target = _floats(table, columns.target)
    else:
        return ()
    numeric = {n: _floats(table, n) for n in names if facts[n].kind in ("number", "integer")}
    coded = {n: _codes(table, n) for n in names if facts[n].kind != "number" and 1 < facts[n].distinct <= CODED}
    return find_leaks(numeric, coded, target, name=columns.target)


def _calendar(table: pa.Table, f: Facts, instants: Instants | None) -> str | None:
    if instants is None or not 1 < f.distinct <= 100:
        return None
    return calendar_part(_codes(table, f.name), instants)


def _floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    return table[name].cast(pa.float64()).to_numpy(zero_copy_only=False) if table.num_rows else np.empty(0)


def _codes(table: pa.Table, name: str) -> NDArray[np.int64]:
    """Codes of the values in no particular order, -1 where missing."""
    column = table[name].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    if pa.types.is_floating(column.type):
        column = pa.array(column.to_numpy(zero_copy_only=False), from_pandas=True)
    indices = column.dictionary_encode().indices
    return indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
