"""Metrics of a version segment by segment, from the same rows as the metrics of the whole window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.signals import Signal, SignalState
from lifecycle_tui.monitoring.performance import metric_signal
from lifecycle_tui.monitoring.segments import OTHER, Segment, Values, codes_of

if TYPE_CHECKING:
    import numpy as np

    from lifecycle_tui.domain.protocols import Outcomes
    from lifecycle_tui.monitoring.instruments import Instrument


def segment_metrics(
    outcomes: Outcomes | None, metrics: Sequence[Instrument], values: Values, min_rows: int
) -> list[Signal]:
    """`METRIC.COLUMN=VALUE` for each metric and segment.

    Of a small segment, with fewer than `min_rows` labelled rows, the value is withheld: the signal cannot tell. What a
    metric says that fails is shown once, with the whole window.

    Args:
        outcomes: the version's rows whose truth is known; None without any.
    """
    signals: list[Signal] = []
    for column, named in values.items():
        groups = None if outcomes is None else outcomes.groups.get(column)
        codes = None if groups is None else codes_of(groups, named)
        for place, value in enumerate((*named, OTHER)):
            segment = Segment(column, value)
            part = None if outcomes is None or codes is None else _part(outcomes, codes == place)
            signals += _of_segment(segment, part, metrics, min_rows)
    return signals


def _of_segment(segment: Segment, part: Outcomes | None, metrics: Sequence[Instrument], min_rows: int) -> list[Signal]:
    n = 0 if part is None else len(part)
    found = []
    for metric in metrics:
        name = f"{metric.name}.{segment.name}"
        if n < min_rows:
            rows = "1 labelled row" if n == 1 else f"{n:,} labelled rows"
            says = f"cannot tell: {rows}, {min_rows} are needed" if n else "no labels yet"
            state: SignalState = "cannot-tell" if n else "unknown"
            found.append(
                Signal(name, None, n=n, state=state, message=says, source=metric.source, detail=segment.detail(True))
            )
            continue
        signal = metric_signal(metric, part)
        if signal.state != "error":
            found.append(replace(signal, name=name, detail={**signal.detail, **segment.detail(False)}))
    return found


def _part(outcomes: Outcomes, at: np.ndarray) -> Outcomes:
    """The rows where `at` holds, in the same order; what belongs to no row of these (`before`) is left out."""
    found: dict[str, Any] = {}
    for name in (field.name for field in fields(outcomes)):
        value = getattr(outcomes, name)
        if name == "groups":
            found[name] = {column: values[at] for column, values in outcomes.groups.items()}
        elif name == "before":
            found[name] = None
        elif name != "classes" and value is not None:
            found[name] = value[at]
    return replace(outcomes, **found)
