"""A model that decays, and the loop run on it in this process: the same turns and jobs as the agent's, without workers.

Riders an hour at a station. What a warm day is worth changes on `TURN`, so a version fitted before goes stale, and one
fitted on the last weeks is right again.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lifecycle_tui.agent import loop
from lifecycle_tui.agent.workers.context import Cancelled, JobContext
from lifecycle_tui.agent.workers.kinds import perform
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import alerts, jobs, judgements, models, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.workspace import open_workspace

BEGIN = datetime(2025, 1, 6, tzinfo=UTC)
WEEK = timedelta(weeks=1)
PRODUCTION = BEGIN + 6 * WEEK
TURN = PRODUCTION + 2 * WEEK
END = PRODUCTION + 9 * WEEK

TOML = """\
[models.riders]
task = "regression"
[models.riders.data]
table = "riders.csv"
reference = {{ until = 2025-02-16 }}
window = "1 week"
{data}
[models.riders.columns]
timestamp = "ts"
target = "riders"
numeric = ["hour", "warmth"]
categorical = ["sky"]
[models.riders.monitor]
metrics = ["mae", "r2"]
[models.riders.rules.stale]
when = "mae > 10"
then = ["notify", "retrain"]
{more}
"""
TRAINING = """\
[models.riders.training]
estimator = "linear"
history = "21d"
holdout = 0.3
min_samples = 100
"""


def rows(per_day: int = 24, seed: int = 5) -> list[str]:
    """The lines of riders.csv."""
    found = ["ts,hour,warmth,sky,riders"]
    rng = random.Random(seed)
    step = 24 // per_day
    at = BEGIN
    while at < END:
        warmth, sky = rng.gauss(12, 5), rng.choice(["clear", "rain"])
        worth = 2.0 if at < TURN else 6.0
        riders = 40 + 8 * math.sin(at.hour / 4) + worth * warmth - (9 if sky == "rain" else 0) + rng.gauss(0, 3)
        found.append(f"{at:%Y-%m-%d %H:%M:%S},{at.hour},{warmth:.2f},{sky},{riders:.2f}")
        at += timedelta(hours=step)
    return found


@dataclass
class Story:
    """A workspace on a simulated clock."""

    root: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(PRODUCTION))
    said: list[str] = field(default_factory=list)
    ran: list[Job] = field(default_factory=list)
    model: str = "riders"

    def write(self, more: str = TRAINING, *, data: str = "", per_day: int = 24) -> Story:
        """The file and the data."""
        (self.root / "lifecycle.toml").write_text(TOML.format(more=more, data=data), "utf-8")
        (self.root / "riders.csv").write_text("\n".join(rows(per_day)) + "\n", "utf-8")
        return self

    def run(self, until: datetime = END) -> Story:
        """Week after week."""
        while self.clock.now() <= until:
            self.instant()
            self.clock.advance(WEEK)
        return self

    def instant(self) -> None:
        """Observe, then decide and act until nothing more follows."""
        now = self.clock.now()
        workspace = open_workspace(self.root / "lifecycle.toml")
        with State.open(self.root) as state:
            with state.write() as tx:
                models.declare(tx, [models.Declared(m.name, m.task) for m in workspace.spec.models])
                payload = {"as_of": now.isoformat()}
                ids = [jobs.enqueue(tx, "evaluate", m.name, payload, now, by=loop.AGENT) for m in workspace.spec.models]
            self.do(state, ids)
            while ids:
                with state.write() as tx:
                    turned = loop.turn(tx, workspace.spec, now, simulated=True)
                self.said += [f"{now:%m-%d} {text}" for text in turned.said]
                ids = list(turned.jobs)
                self.do(state, ids)

    def do(self, state: State, ids: list[int]) -> list[Job]:
        """Do these jobs here and now, as a worker would."""
        return [self.one(state, id_) for id_ in ids]

    def one(self, state: State, id_: int) -> Job:
        workspace = open_workspace(self.root / "lifecycle.toml")
        with state.write() as tx:
            job = jobs.claim(tx, processes.this(), self.clock.now(), job_id=id_)
        assert job is not None
        context = JobContext(
            state, workspace, job.id, jobs.clock_of(job), self.root / ".lifecycle" / "calls.jsonl",
            payload=job.payload, by=job.created_by, model=job.model,
        )  # fmt: skip
        ending, outcome, error = "done", {}, None
        try:
            outcome = perform(context, workspace.spec.model(str(job.model)), job)
        except Cancelled as exc:
            ending, error = "cancelled", exc.message
        except LifecycleError as exc:
            ending, error = "failed", f"{exc.message} ({exc.hint})"
        with state.write() as tx:
            jobs.finish(tx, job.id, ending, context.clock.now(), outcome=outcome, error=error)  # type: ignore[arg-type]
            ended = jobs.job(tx, job.id)
        assert ended is not None
        self.ran.append(ended)
        return ended

    def ask(self, job_kind: str, **payload: Any) -> Job:
        """A person asks for a job, and it is done at once, on the story's clock."""
        with State.open(self.root) as state:
            with state.write() as tx:
                payload["as_of"] = self.clock.now().isoformat()
                id_ = jobs.enqueue(tx, job_kind, self.model, payload, self.clock.now(), by="ana")
            return self.one(state, id_)

    # -- what has become of it ------------------------------------------------------------------------------------

    def champion(self) -> Version | None:
        with State.open(self.root) as state, state.read() as conn:
            return aliases.champion(conn, self.model)

    def versions(self) -> list[Version]:
        with State.open(self.root) as state, state.read() as conn:
            return list(versions.versions(conn, self.model))[::-1]

    def judgements(self) -> list[Judgement]:
        with State.open(self.root) as state, state.read() as conn:
            return list(judgements.judgements(conn, self.model))[::-1]

    def alerts(self) -> list[alerts.AlertRow]:
        with State.open(self.root) as state, state.read() as conn:
            return list(alerts.alerts(conn, model=self.model))[::-1]

    def errors(self) -> dict[str, tuple[str, float]]:
        """Window → the version that scored it and its mean absolute error."""
        with State.open(self.root) as state, state.read() as conn:
            found = conn.execute(
                "SELECT w.key, w.version, s.value FROM windows w JOIN signals s ON s.window_id = w.id "
                "WHERE w.current = 1 AND s.name = 'mae' AND s.value IS NOT NULL ORDER BY w.key, w.version"
            ).fetchall()
        return {key: (version, value) for key, version, value in found}
