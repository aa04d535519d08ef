"""Reads and checks what a team's program says of rows: `predictions.parquet`. Used by `command` and `external`.

Each message says which column is at fault and what to write instead: the person who reads it has the program open.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.training.estimators import NUMERIC
from lifecycle_tui.training.fit import Prediction, label_text

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

FILE = "predictions.parquet"
OF_CLASS = "score."
"""Prefix of the score columns of a multiclass answer: `score.LABEL`."""


def read(output: Path, spec: ModelSpec, rows: int, classes: tuple[str, ...] = ()) -> Prediction:
    """The answers in an output folder.

    Args:
        rows: how many are wanted.
        classes: labels in order, where they are known: no other may be predicted.

    Raises:
        TrainingError: the file is missing, short, or not what the task needs.
    """
    table = _table(output / FILE, rows)
    if spec.task in NUMERIC:
        return Prediction(_numbers(table, "prediction", f"a {spec.task} model predicts one finite number a row"))
    said = _labels(table, classes) if "prediction" in table.column_names else None
    return _binary(table, spec, said, classes) if spec.task == "binary" else _multiclass(table, said, classes)


def _table(path: Path, rows: int) -> pa.Table:
    import pyarrow.parquet as pq

    hint = "write one row of answers for each row that was given, in the same order"
    if not path.exists():
        raise TrainingError(f"the program left no {FILE}", hint=f"write it to the folder in $LIFECYCLE_OUTPUT; {hint}")
    try:
        table = pq.read_table(path, partitioning=None)
    except Exception as exc:
        raise TrainingError(f"{FILE} cannot be read: {exc}", hint="write it as Parquet") from None
    if table.num_rows != rows:
        raise TrainingError(f"{FILE} has {table.num_rows:,} rows for {rows:,}", hint=hint)
    return table


def _numbers(table: pa.Table, name: str, wanted: str) -> np.ndarray:
    import numpy as np
    import pyarrow as pa

    if name not in table.column_names:
        raise TrainingError(f"{FILE} has no column {name}: {wanted}", hint=f"it has {_columns(table)}")
    column = table.column(name)
    if not len(column):
        return np.empty(0)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise TrainingError(f"{FILE}: {name} is {column.type}, not a number: {wanted}")
    values = np.asarray(column.to_numpy(), np.float64)
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        raise TrainingError(f"{FILE}: {name} is missing or infinite in {wrong:,} rows: {wanted}")
    return values


def _labels(table: pa.Table, classes: tuple[str, ...]) -> np.ndarray:
    import numpy as np

    found = table.column("prediction").to_pylist()
    missing = sum(value is None or value != value for value in found)
    if missing:
        raise TrainingError(f"{FILE}: prediction is missing in {missing:,} rows", hint="predict a label for each row")
    labels = np.array([label_text(value) for value in found], object)
    strange = sorted(set(labels) - set(classes)) if classes else []
    if strange:
        shown = ", ".join(strange[:3])
        raise TrainingError(f"{FILE}: prediction holds {shown}; the labels are {', '.join(classes)}")
    return labels


def _binary(table: pa.Table, spec: ModelSpec, said: np.ndarray | None, classes: tuple[str, ...]) -> Prediction:
    import numpy as np

    wanted = "a binary model gives the probability of the positive label as score, or a label as prediction"
    if "score" not in table.column_names:
        if said is None:
            raise TrainingError(f"{FILE} has neither score nor prediction: {wanted}", hint=f"it has {_columns(table)}")
        return Prediction(said, None, classes)
    score = _numbers(table, "score", wanted)
    if said is None:
        if len(score) and (score.min() < 0 or score.max() > 1):
            hint = "or add a column prediction with the labels"
            raise TrainingError(f"{FILE}: score goes from {score.min():g} to {score.max():g}: {wanted}", hint=hint)
        negative, positive = ends(spec, classes)
        cutoff = 0.5 if spec.columns.cutoff is None else spec.columns.cutoff
        said = np.where(score >= cutoff, positive, negative).astype(object)
    return Prediction(said, score, classes)


def ends(spec: ModelSpec, classes: tuple[str, ...]) -> tuple[str, str]:
    """(negative, positive) label of a binary model; the negative one is guessed where no label is known but one."""
    declared = spec.columns.positive
    positive = label_text(declared) if declared is not None else (classes[-1] if classes else "1")
    others = [label for label in classes if label != positive]
    return (
        others[0] if others else {"1": "0", "true": "false", "yes": "no"}.get(positive, f"not {positive}")
    ), positive


def _multiclass(table: pa.Table, said: np.ndarray | None, classes: tuple[str, ...]) -> Prediction:
    import numpy as np

    names = [name for name in table.column_names if name.startswith(OF_CLASS)]
    known = tuple(sorted(name.removeprefix(OF_CLASS) for name in names))
    wanted = "a multiclass model gives a label as prediction, or a score for each label as score.LABEL"
    if not names:
        if said is None:
            raise TrainingError(f"{FILE} has neither: {wanted}", hint=f"it has {_columns(table)}")
        return Prediction(said, None, classes)
    strange = sorted(set(known) - set(classes)) if classes else []
    if strange:
        raise TrainingError(f"{FILE}: there is no label {strange[0]} for score.{strange[0]}; {', '.join(classes)} are")
    score = np.column_stack([_numbers(table, OF_CLASS + label, wanted) for label in known])
    if said is None:
        said = np.array(known, object)[score.argmax(axis=1)] if len(score) else np.empty(0, object)
    return Prediction(said, score, known)


def _columns(table: pa.Table) -> str:
    return ", ".join(table.column_names[:10]) or "no column"


def write_rows(path: Path, table: pa.Table, **more: Any) -> None:
    """Rows for a program: plain types that every Parquet reader knows; `more` are further columns, None left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: table.column(name) for name in table.column_names}
    for name, column in columns.items():
        if pa.types.is_dictionary(column.type):
            columns[name] = column.cast(pa.string())
    columns |= {name: value for name, value in more.items() if value is not None}
    pq.write_table(pa.table(columns), path)
