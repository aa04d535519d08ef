"""The windows of a reference measured on the spot, without state and without a job: for `config check` before the first
check, where somebody waits. Bounded, and it says what it left out; nothing is trained, written or kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle_tui.agent.work.first_version import needs_version
from lifecycle_tui.agent.work.reading import coding, output_columns
from lifecycle_tui.agent.work.reference import Reference, labels, profiled
from lifecycle_tui.agent.work.reference_windows import Measured, Progress, ReferenceMeasurer, Scored
from lifecycle_tui.agent.work.seasons import unmatched
from lifecycle_tui.agent.work.sources import open_tables
from lifecycle_tui.agent.work.variation import measured
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.alarms.yardstick import Yardstick
from lifecycle_tui.monitoring.instruments import build

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.runner import Runner
    from lifecycle_tui.workspace import Workspace

MOST_BYTES = 200 << 20
"""Of larger tables the agent measures the reference."""

MOST_CELLS = 5_000_000
"""Rows times columns of windows that are measured; about five seconds."""

MOST_WINDOWS = 120


@dataclass(frozen=True)
class Tried:
    """What was measured, and the kinds of the columns."""

    measured: Measured
    kinds: Mapping[str, ColumnKind]


class TooLarge(DataError):
    """More than somebody who waits would wait for."""


def measure_now(
    workspace: Workspace,
    spec: ModelSpec,
    runner: Callable[[], Runner],
    now: datetime,
    progress: Progress = lambda done, total: None,
    *,
    until: float | None = None,
) -> Tried:
    """Measure the windows of a model's reference.

    Args:
        until: instant of the monotonic clock by which it must be over.

    Raises:
        DataError: the tables cannot serve. TooLarge: they are too large, or time is up.
    """
    sources = open_tables(spec.data, workspace.plugins, runner)
    size = sum(fragment.size for source in sources.values() for fragment in source.fragments())
    if size > MOST_BYTES:
        raise TooLarge(f"its data is large ({size >> 20} MB): the agent measures it")

    def on_time(done: int, total: int) -> None:
        if until is not None and time.monotonic() > until:
            raise TooLarge("there was no time for it: the agent measures it")
        progress(done, total)

    on_time(0, 0)
    data = ModelData(spec, sources)
    window, kinds = data.survey({}, now).reference, dict(data.kinds())
    if not window.rows:
        raise DataError("the reference holds no rows")
    if window.rows * len(kinds) > 4 * MOST_CELLS:
        raise TooLarge(f"its reference is large ({window.rows:,} rows): the agent measures it")
    instruments = build(spec, workspace.plugins, runner)
    scored = Scored()
    outputs = {n: k for n, k in output_columns(spec.columns, spec.task, False).items() if n not in kinds}
    if needs_version(spec):
        scored = Scored(silent="no predictions on it until the first check has made a version")
    code = coding(spec, labels(data, window, now) if spec.task in ("binary", "multiclass") else set())
    read = profiled(
        spec, data, window, now, code, kinds, outputs,
        progress=lambda rows: on_time(rows, window.rows), sample=instruments.sample, text=instruments.text,
    )  # fmt: skip
    grids = {n: c.profile.grid for n, c in read.columns.items() if getattr(c.profile, "grid", None) is not None}
    reference = Reference("", window.rows, kinds, outputs, read.columns, grids, code, sample=read.sample)
    profiles = {name: column.profile for name, column in reference.columns.items()}
    yardstick = Yardstick.of(profiles)
    with_data = {n: k for n, k in outputs.items() if n in reference.columns and not scored.silent}
    spreads = measured(spec, data, window, reference, with_data, yardstick, now, on_time)
    found = ReferenceMeasurer(
        workspace.spec, spec, data, window, reference, instruments, scored, now, on_time, MOST_WINDOWS, MOST_CELLS,
        seasons=unmatched(reference, Yardstick.of(profiles, spreads)),
    )  # fmt: skip
    return Tried(found.measure(), {**kinds, **outputs})
