"""The action `check`: what is new of a model is evaluated now, and not when the agent would next do so."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle_tui.actions.base import Action, Ask, Done, Draft, Parameter, Refused
from lifecycle_tui.actions.looking import command, declared, live
from lifecycle_tui.state import audit, jobs

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    spec = declared(workspace, ask)
    job = live(conn, spec.name, "evaluate")
    if job is not None and job.cancel:
        raise Refused(f"job {job.id} is checking {spec.name}, and was asked to stop", "ask again when it has ended")
    same = command("check", spec.name, note=ask.note)
    if job is not None and job.state == "running":
        raise Refused(
            f"job {job.id} is checking {spec.name} already", f"`lifecycle jobs log {job.id} --follow` shows it"
        )

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        # One that waits already is the same one: the queue holds one evaluation of a model.
        id_ = jobs.enqueue(tx, "evaluate", spec.name, {}, now, by=ask.who)
        audit.append(
            tx, "check", spec.name, now, model=spec.name, detail={"job": id_, "note": ask.note}, who=ask.who,
            behind=ask.behind,
        )  # fmt: skip
        return Done(f"job {id_} checks {spec.name}", id_)

    lines = (
        f"check {spec.name} now: profile its new windows, measure what has labels, decide its rules",
        "what rules then ask for is done by the agent, where one runs",
    )
    newest = conn.execute("SELECT max(id) FROM jobs WHERE model = ? AND kind = 'evaluate'", (spec.name,)).fetchone()[0]
    undo = "`lifecycle undo` while it runs; what was observed stays"
    return Draft(spec.name, lines, {"the newest check": newest}, same, commit, spec.name, undo)


CHECK = Action(
    "check",
    "Check now",
    "Observe and decide what is due, once.",
    "",
    (Parameter("model", "model", "The model."),),
    "low",
    ('lifecycle check card-fraud --note "the backfill is in"',),
    _plan,
    waits=True,
    key="E",
)
"""Its command, `lifecycle check`, is older than it and does more (`cli.check`)."""
