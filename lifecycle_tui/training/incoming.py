"""Rows as a program has them, made into the normalised features that versions score. Called by `serving`.

They go through the same conversions as the rows of files (`data.values`), so that a version sees in production what it
saw in training.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.registry.versions import NewVersion

if TYPE_CHECKING:
    import pyarrow as pa

HINT = "give a pandas DataFrame, a pyarrow Table, or a list of dicts, one a row"


def kinds_of(facts: NewVersion, spec: ModelSpec, scorable: Any) -> dict[str, str]:
    """The features that a version scores by, and their kinds: what it was fitted on, as far as that is recorded.

    Empty where nothing says it: then every column that is given is a feature, of the kind that its type has.
    """
    schema = (facts.schema or {}).get("features")
    if isinstance(schema, Mapping) and schema:
        return {name: str(kind) for name, kind in schema.items()}
    encoder = getattr(scorable, "encoder", None)
    if encoder is not None:
        return {feature.name: str(feature.kind) for feature in encoder.features}
    names = getattr(scorable, "features", ()) or ()
    return {str(name): spec.columns.kinds.get(str(name), "") for name in names}


def table(rows: Any, kinds: Mapping[str, str], what: str) -> pa.Table:
    """The rows as normalised features: float64 numbers, labels as dictionary<int32, string>.

    Args:
        kinds: feature → kind; "" takes the kind of the column's type.
        what: names the version in messages.

    Raises:
        UsageError: a feature is missing, or the rows are nothing that we read.
    """
    import pyarrow as pa

    found = _arrow(rows)
    missing = [name for name in kinds if name not in found.column_names]
    if missing and found.num_rows:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise UsageError(f"{what} needs the columns {shown}", hint=f"the rows have {_listed(found.column_names)}")
    wanted = kinds or dict.fromkeys(found.column_names, "")
    columns: dict[str, Any] = {}
    for name, kind in wanted.items():
        if kind in ("text", "time"):
            continue
        if name in found.column_names:
            columns[name] = _normalised(name, found.column(name), kind)
        else:
            columns[name] = pa.array(
                [], pa.float64() if kind != "categorical" else pa.dictionary(pa.int32(), pa.string())
            )
    return pa.table(columns)


def _arrow(rows: Any) -> pa.Table:
    import pyarrow as pa

    if isinstance(rows, pa.Table):
        return rows
    if isinstance(rows, pa.RecordBatch):
        return pa.Table.from_batches([rows])
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(rows, pandas.DataFrame):
        return pa.table({str(name): _column(str(name), rows[name]) for name in rows.columns})
    if isinstance(rows, Sequence) and not isinstance(rows, str | bytes):
        return _of_dicts(rows)
    raise UsageError(f"a {type(rows).__name__} is nothing that can be scored", hint=HINT)


def _of_dicts(rows: Sequence[Any]) -> pa.Table:
    import pyarrow as pa

    names: dict[str, None] = {}
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise UsageError(f"row {number} is a {type(row).__name__} and no dict", hint=HINT)
        names.update(dict.fromkeys(map(str, row)))
    return pa.table({name: _column(name, [row.get(name) for row in rows]) for name in names})


def _column(name: str, values: Any) -> Any:
    """One column; a mixed one is text, as it would be in a file."""
    import pyarrow as pa

    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        pass
    try:
        return pa.array([None if v is None or v != v else str(v) for v in values], pa.string())
    except Exception as exc:
        raise UsageError(f"the column {name} cannot be read: {exc}", hint=HINT) from exc


def _normalised(name: str, column: Any, kind: str) -> Any:
    import pyarrow as pa

    from lifecycle_tui.data.values import as_labels, as_numbers

    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], whole.type)
    if not kind:
        kind = "numeric" if _is_number(whole.type) else "categorical"
    try:
        return as_labels(whole) if kind == "categorical" else pa.array(as_numbers(whole).values)
    except (pa.ArrowException, TypeError, ValueError) as exc:
        raise UsageError(f"the column {name} cannot be read as {kind}: {exc}") from exc


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return (
        pa.types.is_integer(inner)
        or pa.types.is_floating(inner)
        or pa.types.is_decimal(inner)
        or pa.types.is_null(inner)
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:10])
    return (shown + (f" and {len(names) - 10} more" if len(names) > 10 else "")) or "no column"
