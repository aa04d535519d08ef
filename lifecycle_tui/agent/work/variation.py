"""How the windows of a reference vary, found once a reference and kept with it: what honest verdicts rest on.

    reference → its windows, evenly chosen → sums of each (`profiles.scores`) → `Spread` a column → its facts

Called by `evaluate` before any window is judged, and by `calibrate`. Performance takes no part, so nothing waits for
forward validation or for labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from lifecycle_tui.agent.work.opening import Opened
from lifecycle_tui.agent.work.reading import Reader
from lifecycle_tui.agent.work.reference import Reference
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.data.reference_cut import ReferencePart
from lifecycle_tui.data.survey import Survey
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.monitoring.alarms.calibrated import spreads
from lifecycle_tui.monitoring.alarms.yardstick import Spread, Yardstick
from lifecycle_tui.state import reference as stored

FACT = "variation"
"""Name of the fact under which a stored reference says how its windows vary."""

MOST_WINDOWS = 120
"""So many windows say enough of a variance; of a longer reference they are chosen evenly over its whole length."""

MOST_CELLS = 100_000_000
"""Rows times columns that are read for it at most."""


def get_yardstick(
    job: JobContext, model: Opened, survey: Survey, reference: Reference, *, scored_here: bool
) -> Yardstick:
    """What the model's windows are held against; measured and stored if it has not been.

    Args:
        scored_here: versions of ours make the outputs: how those vary is not measured, sampling alone is taken.
    """
    profiles = {name: column.profile for name, column in reference.columns.items()}
    of = repr(model.spec.data.window)
    with job.state.read() as conn:
        row = stored.get_reference(conn, model.spec.name, reference.digest, profiles=False)
    known: Mapping[str, Any] = {} if row is None else row.facts.get(FACT, {})
    if known.get("window") != of:
        found = _measured(job, model, survey, reference, Yardstick.of(profiles), scored_here)
        known = {"window": of, "columns": {name: plain_spread(spread) for name, spread in found.items()}}
        with job.state.write() as tx:
            stored.note(tx, model.spec.name, reference.digest, FACT, known)
    return Yardstick.of(profiles, {name: spread_from(plain) for name, plain in known["columns"].items()})


def _measured(
    job: JobContext, model: Opened, survey: Survey, reference: Reference, yardstick: Yardstick, scored_here: bool
) -> dict[str, Spread]:
    def on(done: int, total: int) -> None:
        job.progress(done, total, "rows", f"{model.spec.name}: how the reference's windows vary")

    outputs = {} if scored_here else {n: k for n, k in reference.outputs.items() if n in reference.columns}
    try:
        return measured(model.spec, model.data, survey.reference, reference, outputs, yardstick, job.now, on)
    except DataError as exc:
        job.log("warning", f"how the reference's windows vary cannot be measured: {exc.message}")
        return {}


def measured(
    spec: ModelSpec, data: ModelData, window: Window, reference: Reference, outputs: Mapping[str, ColumnKind],
    yardstick: Yardstick, now: datetime, progress: Callable[[int, int], None],
) -> dict[str, Spread]:  # fmt: skip
    """How the windows of a reference vary, by column; nothing where it has but one.

    Args:
        window: the reference as a whole. outputs: those of its outputs that the data brings.
        progress: told how many rows of how many have been read.

    Raises:
        DataError: the reference cannot be cut into windows.
    """
    parts = data.reference_parts(window)
    chosen = _chosen(parts, len(reference.columns))
    if len(chosen) < 2:
        return {}
    total, done, found = sum(part.window.rows for part in chosen), 0, []
    for part in chosen:
        reader = Reader(spec.columns, reference.coding, reference.features, reference.grids, outputs=outputs)
        read = reader.read(data.scan(window, now, part=part))
        found.append(yardstick.sums({name: column.profile for name, column in read.columns.items()}))
        done += part.window.rows
        progress(done, total)
    return spreads(yardstick, found, neighbours=len(chosen) == len(parts))


def _chosen(parts: Sequence[ReferencePart], columns: int) -> tuple[ReferencePart, ...]:
    """All windows, or some all over the reference."""
    cells = sum(part.window.rows for part in parts) * max(1, columns)
    most = min(len(parts), MOST_WINDOWS, max(2, int(len(parts) * MOST_CELLS / max(1, cells))))
    return tuple(parts[int(i * len(parts) / most)] for i in range(most))


def plain_spread(spread: Spread) -> dict[str, Any]:
    """As JSON keeps it."""
    rows = {"variance": spread.variance, "rows": spread.rows, "over": spread.over}
    numbers = {name: [float(v) if np.isfinite(v) else None for v in row] for name, row in rows.items()}
    sizes = [float(v) if np.isfinite(v) else None for v in (spread.mean_rows, spread.crowd)]
    return {
        "windows": spread.windows, "labels": spread.labels, "together": list(spread.together), "sizes": sizes,
        "freedom": spread.freedom, **numbers,
    }  # fmt: skip


def spread_from(plain: Mapping[str, Any]) -> Spread:
    """From what `plain_spread` gave."""
    variance, rows, over = (
        np.array([np.nan if v is None else v for v in plain[name]]) for name in ("variance", "rows", "over")
    )
    mean_rows, crowd = (np.nan if v is None else float(v) for v in plain.get("sizes", (None, None)))
    return Spread(
        int(plain["windows"]), variance, rows, float(plain["labels"]), tuple(plain["together"]), over, mean_rows, crowd,
        float(plain.get("freedom", 1.0)),
    )  # fmt: skip
