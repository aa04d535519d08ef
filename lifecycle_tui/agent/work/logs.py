"""Signals of a model's log, given to its windows after these were measured: new lines are read, and nothing else.

Called by `evaluate`. A window gets its signals when lines of its time arrive, or when it was measured anew. What lines
are about (`id`) joins them to the window's rows, and so to segments and protected groups.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from lifecycle_tui.agent.work.log_store import LogStore
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.data.zones import MISSING, to_micros
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.monitoring.log_templates import Miner
from lifecycle_tui.monitoring.logs import Base, Group, log_signals
from lifecycle_tui.state import record

if TYPE_CHECKING:
    from lifecycle_tui.agent.work.windows import Measurer

MOST_BINS = 5_000
"""Windows that the reference's period is cut into at most."""


def measure_logs(job: JobContext, measurer: Measurer) -> None:
    """Read what is new in the model's log, and give every window that it concerns its signals."""
    spec = measurer.spec.data.logs
    if spec is None:
        return
    name, zone = measurer.spec.name, measurer.spec.data.timezone
    store = LogStore.open(job.workspace.spec.root, name, spec, zone)
    miner, why = None, ""
    try:
        miner = Miner(store.templates)
    except DataError as exc:
        why = f"{exc.message}, which is not installed" + (f": {exc.hint}" if exc.hint else "")
        job.log("warning", f"{name}: {why}")
    span, faults = store.take_in(
        spec, zone, miner, lambda lines: job.progress(lines, None, "lines", f"{name}: reading the log")
    )
    for fault in faults:
        job.log("warning", f"the log of {name} cannot be read: {fault}")
    if not store.parts:
        job.log("warning", f"the log of {name} has no lines with a time: {spec.path}")
    with job.state.read() as conn:
        lacking = _lacking(conn, name)
    due = [s.window for s in measurer.survey.windows if s.window.key in lacking or _meets(s.window, span)]
    if not due:
        return
    templates = {} if miner is None else miner.templates
    base = _base(store, measurer.survey.reference, due[-1])
    # A window that begins within the reference has the lines behind it.
    within = measurer.spec.data.reference.table is None and base.bounds
    after = to_micros(measurer.survey.reference.end) if within and measurer.survey.reference.end else MISSING
    for window in due:
        job.check()
        if window.start is None or window.end is None:
            signals = [Signal("log.lines", None, state="unknown", message="its windows have no times to find lines by")]
        else:
            end = min(to_micros(window.end), to_micros(job.now) + 1)
            lines = store.between(max(to_micros(window.start), after), end)
            groups = _groups(job, measurer, window) if bool((lines.id != 0).any()) else []
            signals = log_signals(lines, base, templates, groups, measurer.level(window), mined=why)
        with job.state.write() as tx:
            record.put_logs(tx, name, window.key, signals)


def _lacking(conn: sqlite3.Connection, model: str) -> frozenset[str]:
    """Windows whose current result has no signals of logs yet."""
    found = conn.execute(
        "SELECT key FROM windows w WHERE model = ? AND version = '' AND current = 1 AND NOT EXISTS "
        "(SELECT 1 FROM signals s WHERE s.window_id = w.id AND s.name = 'log.lines')",
        (model,),
    )
    return frozenset(key for (key,) in found.fetchall())


def _meets(window: Window, span: tuple[int, int] | None) -> bool:
    if span is None or window.start is None or window.end is None:
        return False
    return to_micros(window.start) <= span[1] and span[0] < to_micros(window.end)


def _base(store: LogStore, reference: Window, like: Window) -> Base:
    """The reference's lines, and its period cut into windows as long as one of production."""
    if reference.start is None or reference.end is None:
        return Base(store.between(0, 0))
    low, high = to_micros(reference.start), to_micros(reference.end)
    bounds: tuple[int, ...] = ()
    if like.start is not None and like.end is not None and like.end > like.start:
        step = max(to_micros(like.end) - to_micros(like.start), (high - low) // MOST_BINS, 1)
        bounds = tuple(range(low, high + 1, step))
    return Base(store.between(low, high), bounds)


def _groups(job: JobContext, measurer: Measurer, window: Window) -> list[Group]:
    """The window's rows by each segment and protected column, by the hash of their id."""
    import numpy as np

    from lifecycle_tui.data.hashing import hash_strings

    columns = measurer.spec.columns
    if columns.id is None or not columns.groups():
        return []
    ids: list[np.ndarray] = []
    values: dict[str, list[np.ndarray]] = {name: [] for name in columns.groups()}
    for batch in measurer.data.scan(window, job.now, columns=(), groups=True):
        if batch.id is None:
            return []
        ids.append(hash_strings(batch.id))
        for name in values:
            values[name].append(batch.groups[name])
    if not ids:
        return []
    keys = np.concatenate(ids)
    order = np.argsort(keys, kind="stable")
    return [
        Group(name, name in columns.protected, keys[order], np.concatenate(parts)[order])
        for name, parts in values.items()
    ]
