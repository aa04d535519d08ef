"""Values as plugins are given them, from the lists that a test writes down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifecycle_tui.domain.protocols import Outcomes
    from lifecycle_tui.domain.signals import ColumnKind, Measurement


def profile(values: Sequence[Any], kind: ColumnKind = "numeric", *, grid: Any = None) -> Any:
    """The profile of a column that holds these values; None is a missing one.

    Args:
        grid: of the reference's profile (`.grid`), for a window's; None decides one from the values.
    """
    from lifecycle_tui.plugin_host.conformance.columns import column
    from lifecycle_tui.profiles.profiler import Profiler

    profiler = Profiler(kind, grid)
    profiler.update(column(kind, values))
    return profiler.result()


def measure(
    detector: Any, reference: Sequence[Any], window: Sequence[Any], kind: ColumnKind | None = None
) -> Measurement:
    """What a detector says of a column that held `reference` and now holds `window`, checked as the program does.

    Profiles are on the reference's grid, as in production: what lies beyond its values is counted in its outer cells.

    Args:
        detector: an object of its class.
        reference, window: values; None is a missing one. Of a "time" column: microseconds since 1970 UTC.
        kind: of the column; by default the first of the detector's kinds.

    Raises:
        BadResult: it returned what the program would refuse (NaN, an interval upside down, …).
    """
    from lifecycle_tui.plugin_host.conformance.columns import column
    from lifecycle_tui.plugin_host.results import as_measurement

    kind = kind or detector.kinds[0]
    takes = getattr(detector, "takes", "profile")
    sides: tuple[Any, ...]
    if takes == "profile":
        base = profile(reference, kind)
        sides = base.compact(), profile(window, kind, grid=getattr(base, "grid", None)).compact()
    else:
        sides = column(kind, reference), column(kind, window)
        if takes == "pandas":
            sides = tuple(side.to_pandas() for side in sides)
    return as_measurement(detector.measure(*sides))


def measure_table(
    detector: Any,
    reference: Mapping[str, Sequence[Any]],
    window: Mapping[str, Sequence[Any]],
    kinds: Mapping[str, ColumnKind] | None = None,
) -> Measurement:
    """The same for a detector of whole tables (`scope = "table"`): column → its values, aligned.

    Args:
        kinds: of the columns; "numeric" where it is not said.
    """
    from lifecycle_tui.plugin_host.conformance.columns import column
    from lifecycle_tui.plugin_host.results import as_measurement

    of = kinds or {}
    takes = getattr(detector, "takes", "profile")
    sides: tuple[Any, ...]
    if takes == "profile":
        base = {name: profile(values, of.get(name, "numeric")) for name, values in reference.items()}
        grids = {name: getattr(found, "grid", None) for name, found in base.items()}
        now = {name: profile(values, of.get(name, "numeric"), grid=grids[name]) for name, values in window.items()}
        sides = tuple({name: found.compact() for name, found in side.items()} for side in (base, now))
    else:
        import pyarrow as pa

        sides = tuple(
            pa.table({name: column(of.get(name, "numeric"), values) for name, values in side.items()})
            for side in (reference, window)
        )
        if takes == "pandas":
            sides = tuple(side.to_pandas() for side in sides)
    return as_measurement(detector.measure(*sides))


def outcomes(
    task: str,
    target: Sequence[Any],
    prediction: Sequence[Any] | None = None,
    score: Sequence[Any] | None = None,
    *,
    classes: Sequence[str] = (),
    weight: Sequence[float] | None = None,
    day: Sequence[int] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    query: Sequence[int] | None = None,
) -> Outcomes:
    """Rows whose truth is known, as a metric is given them.

    Args:
        task: "binary" (target and prediction are 0 and 1), "multiclass" (labels), "regression" or "ranking" (numbers).
        score: binary: a number a row; multiclass: a row of numbers, in the order of `classes`.
        groups: column → its value in each row, "" where it is missing.
        query: the same number for rows that were ranked together.
    """
    import numpy as np

    from lifecycle_tui.domain.protocols import Outcomes

    def coded(values: Sequence[Any] | None) -> Any:
        if values is None:
            return None
        if task == "binary":
            return np.array(values, np.int8)
        return np.array(values, object if task == "multiclass" else np.float64)

    if task == "multiclass" and not classes:
        classes = sorted(set(target))
    return Outcomes(
        coded(target),
        coded(prediction),
        None if score is None else np.array(score, np.float64),
        tuple(classes) or (("0", "1") if task == "binary" else ()),
        None if weight is None else np.array(weight, np.float64),
        None if day is None else np.array(day, np.int64),
        {name: np.array(values, object) for name, values in (groups or {}).items()},
        None if query is None else np.array(query, np.int64),
    )
