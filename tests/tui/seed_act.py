"""The workspace of the actions' tests, for the terminal: its agent is this process, so that jobs stay queued."""

from __future__ import annotations

from pathlib import Path

from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.state import jobs, judgements, lease, models, processes
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.state.models import ModelFacts
from tests.actions.actions_room import NOW, T0, TRAINING, Room

WATCHED, HOSTILE = "churn", "churn[prod]\x1b[31m"
"""Only monitored; and in no file, though state knows it."""
MODEL = """
[models."NAME"]
task = "regression"
[models."NAME".data]
table = "shop.csv"
reference = { rows = 100 }
window = "100 rows"
[models."NAME".columns]
target = "y"
prediction = "p"
"""
MORE = TRAINING + MODEL.replace("NAME", "bike") + "[models.bike.training]\n" + MODEL.replace("NAME", WATCHED)
"""Besides shop: bike, which is trained, and churn, which is not."""


def seed(root: Path) -> None:
    """Four models; shop and bike have a challenger that passed."""
    room = Room(root)
    room.seed()
    store = Artifacts(root)
    with room.state.write() as tx:
        models.declare(tx, [models.Declared(name, "regression") for name in ("shop", "bike", WATCHED, HOSTILE)])
        for name in ("shop", "bike", WATCHED, HOSTILE):
            models.put_model(tx, ModelFacts(name, "ok", T0))
        for data in (b"three", b"four"):
            versions.register(tx, NewVersion("bike", "trained", artifact=store.put(data), format="skops"), T0)
        for alias, number in (("champion", 1), ("challenger", 2)):
            aliases.set_alias(tx, "bike", alias, number, "agent", None, T0)
        judgements.put(tx, Judgement("bike", 2, 1, "passed", 400, "mae is better", T0))
    room.state.close()


def attend(room: Room) -> None:
    """Be the agent: jobs that are asked for wait for it."""
    with room.state.write() as tx:
        lease.take(tx, processes.this(), "stay", NOW)


def runs(room: Room, id_: int, text: str) -> None:
    """A worker takes a job and says how far it is."""
    with room.state.write() as tx:
        jobs.claim(tx, processes.this(), NOW, job_id=id_)
        jobs.progress(tx, id_, 3, 8, "steps", text)


def ends(room: Room, id_: int, state: str = "done", error: str | None = None, **outcome: object) -> None:
    """The worker ends it."""
    with room.state.write() as tx:
        jobs.finish(tx, id_, state, NOW, outcome=outcome, error=error)  # type: ignore[arg-type]
