"""One evaluation in the test's own process, as a worker would run it. Called by `Space.check`."""

from __future__ import annotations

from pathlib import Path

from lifecycle_tui.agent.work.evaluate import evaluate
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.clock import Clock
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.state import alerts, jobs, models, processes, windows
from lifecycle_tui.state.database import State
from lifecycle_tui.testing.workspaces import Checked
from lifecycle_tui.workspace import open_workspace

MOST = 1_000
"""Windows that are looked back on."""


def check(root: Path, model: str, clock: Clock) -> Checked:
    """Evaluate the model and read what is stored of it; see `Space.check`."""
    workspace = open_workspace(root / "lifecycle.toml")
    with State.open(root) as state:
        with state.write() as tx:
            models.declare(tx, [models.Declared(m.name, m.task, m.owner, m.tags) for m in workspace.spec.models])
            id_ = jobs.enqueue(tx, "evaluate", model, {}, clock.now())
            job = jobs.claim(tx, processes.this(), clock.now(), job_id=id_)
        assert job is not None  # others may wait: a first evaluation can leave one that measures the reference
        journal = root / ".lifecycle" / "jobs" / f"{id_}-calls.jsonl"
        journal.parent.mkdir(parents=True, exist_ok=True)
        ended: jobs.Outcome = "failed"
        try:
            evaluate(JobContext(state, workspace, id_, clock, journal, model=model), workspace.spec.model(model))
            ended = "done"
        finally:
            with state.write() as tx:
                jobs.finish(tx, id_, ended, clock.now())
        return _read(state, model)


def _read(state: State, model: str) -> Checked:
    with state.read() as conn:
        entries = windows.history(conn, model, None, MOST)
        open_ = tuple(row.alert for row in alerts.open_alerts(conn, model))
    newest = max((entry.window.key for entry in entries), default="")
    signals: dict[str, Signal] = {}
    history: dict[str, list[tuple[str, Signal]]] = {}
    for entry in sorted(entries, key=lambda e: (e.window.key, e.window.version)):
        for name, signal in entry.signals.items():
            history.setdefault(name, []).append((entry.window.key, signal))
            if entry.window.key == newest:
                signals[name] = signal
    return Checked(newest, signals, open_, {name: tuple(found) for name, found in history.items()})
