"""Small workspaces with known stories, and checks run in this process (fast) as the worker would run them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.agent.work.evaluate import evaluate
from lifecycle_tui.agent.work.notify import notify
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.plugin_host.runner import Limits
from lifecycle_tui.state import alerts, jobs, models, processes, windows
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace

SCORED = """\
[models.shop]
task = "binary"
owner = "web"
[models.shop.data]
predictions = { path = "scored/*.csv", on = "id" }
labels = { path = "labels/*.csv", on = "id", arrived = "known_at", delay = "10d", absent = 0 }
reference = { until = 2025-01-30 }
window = "1 week"
[models.shop.columns]
id = "id"
timestamp = "ts"
version = "version"
target = "bought"
positive = 1
score = "p"
numeric = ["age"]
categorical = ["city"]
[models.shop.monitor]
metrics = ["auc", "recall"]
"""


@dataclass
class Space:
    """A workspace under test."""

    root: Path
    clock: FixedClock

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(
        self, model: str = "shop", *, plugins: bool = True, limits: Limits | None = None, simulated: bool = False
    ) -> dict[str, Any]:
        """One evaluation in this process, as of the clock."""
        workspace = open_workspace(self.root / "lifecycle.toml", plugins=plugins)
        with State.open(self.root) as state:
            with state.write() as tx:
                models.declare(tx, [models.Declared(m.name, m.task, m.owner) for m in workspace.spec.models])
                jobs.enqueue(tx, "evaluate", model, {}, self.clock.now())
                job = jobs.claim(tx, processes.this(), self.clock.now())
            assert job is not None
            payload = {"as_of": self.clock.now().isoformat()} if simulated else {}
            journal = self.root / ".lifecycle" / "calls.jsonl"
            context = JobContext(state, workspace, job.id, self.clock, journal, payload=payload)
            outcome = evaluate(context, workspace.spec.model(model), limits=limits)
            with state.write() as tx:
                jobs.finish(tx, job.id, "done", self.clock.now(), outcome=outcome)
            return outcome

    def send(self) -> dict[str, Any]:
        workspace = open_workspace(self.root / "lifecycle.toml")
        with State.open(self.root) as state:
            with state.write() as tx:
                id_ = jobs.enqueue(tx, "notify", None, {}, self.clock.now())
            return notify(JobContext(state, workspace, id_, self.clock, self.root / ".lifecycle" / "calls.jsonl"))

    def history(self, model: str = "shop", **kwargs: Any) -> tuple[windows.WindowSignals, ...]:
        with State.open(self.root) as state, state.read() as conn:
            return windows.history(conn, model, None, 500, **kwargs)

    def alerts(self, model: str = "shop") -> tuple[alerts.AlertRow, ...]:
        with State.open(self.root) as state, state.read() as conn:
            return alerts.alerts(conn, model=model)

    def row(self, model: str = "shop") -> models.FleetRow:
        with State.open(self.root) as state, state.read() as conn:
            found = models.model(conn, model)
            assert found is not None
            return found

    def facts(self, model: str = "shop") -> list[tuple]:
        """Everything that a rerun must reproduce, without ids and clocks."""
        return [
            (
                e.window.key,
                e.window.version,
                e.window.rows,
                e.window.labels,
                e.window.mature,
                tuple(
                    (n, s.value, s.lower, s.upper, s.n, s.state)
                    for n, s in sorted(e.signals.items())
                    if n != "data.late"
                ),
                tuple(f.code for f in e.window.findings),
            )
            for e in self.history(model)
        ]


def scored_rows(
    days: range, *, per_day: int = 60, drift_from: int = 9999, bad_from: int = 9999, seed: int = 3
) -> tuple[list[str], list[str]]:
    """Lines of predictions and labels. Age moves at `drift_from`, the score loses its meaning at `bad_from`."""
    predictions, labels = [], []
    for day in days:
        rng = random.Random(f"{seed}-{day}")
        start = datetime(2025, 1, 1) + timedelta(days=day)
        for i in range(per_day):
            at = start + timedelta(minutes=i * 24 * 60 / per_day)
            age = rng.gauss(40 if day < drift_from else 52, 10)
            city = rng.choice(["Gent", "Lyon", "Ulm"])
            p = min(0.99, max(0.01, rng.betavariate(2, 5)))
            truth = rng.random() < (p if day < bad_from else 0.28)
            version = "b" if i % 6 == 0 else "a"
            id_ = f"r{day:03d}-{i:03d}"
            predictions.append(f"{id_},{at:%Y-%m-%d %H:%M:%S},{version},{age:.2f},{city},{p:.4f}")
            if truth:
                known = at + timedelta(days=rng.uniform(0.5, 9.5))
                labels.append(f"{id_},1,{known:%Y-%m-%d %H:%M:%S}")
    return predictions, labels


PREDICTIONS = "id,ts,version,age,city,p"
LABELS = "id,bought,known_at"


@pytest.fixture
def space(tmp_path: Path) -> Space:
    """An empty workspace; its clock stands at 2025-06-01."""
    return Space(tmp_path, FixedClock(datetime(2025, 6, 1, tzinfo=UTC)))


@pytest.fixture
def shop(space: Space) -> Callable[..., Space]:
    """Writes the shop's files: `shop(days=range(60), drift_from=…, rules=…)`."""

    def make(days: range = range(58), rules: str = "", files: int = 1, **story: int) -> Space:
        space.write("lifecycle.toml", SCORED + rules)
        predictions, labels = scored_rows(days, **story)
        for n in range(files):
            space.write(f"scored/{n}.csv", "\n".join([PREDICTIONS, *predictions[n::files]]) + "\n")
        space.write("labels/all.csv", "\n".join([LABELS, *labels]) + "\n")
        return space

    return make


@pytest.fixture(scope="session")
def empty_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty state, migrated once: a migration is a child process."""
    root = tmp_path_factory.mktemp("empty")
    State.open(root).close()
    return root
