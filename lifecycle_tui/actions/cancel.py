"""The action `jobs cancel`: a job is asked to stop."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle_tui.actions.base import Action, Ask, Done, Draft, Parameter, Refused
from lifecycle_tui.actions.looking import command
from lifecycle_tui.state import audit, jobs

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    id_ = int(ask.values["job"])
    job = jobs.job(conn, id_)
    if job is None:
        raise Refused(f"there is no job {id_}", "`lifecycle jobs list` lists them")
    if job.state not in ("queued", "running"):
        raise Refused(f"job {id_} has ended already: {job.state}")
    told = f"job {id_} ({job.kind}{f' of {job.model}' if job.model else ''})"
    settled = None
    if job.cancel:
        settled = f"{told} was asked to stop already{f' by {job.cancelled_by}' if job.cancelled_by else ''}"

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        jobs.cancel(tx, id_, now, by=ask.who)
        detail = {"kind": job.kind, "note": ask.note}
        audit.append(tx, "cancel", f"job {id_}", now, model=job.model, detail=detail, who=ask.who, behind=ask.behind)
        queued = job.state == "queued"
        return Done(f"{told} is cancelled" if queued else f"{told} was asked to stop; it ends at its next safe point")

    lines = (f"cancel {told}", "what it has recorded until then stays")
    # Its progress is not what this rests on: a job that has gone on in the meantime is still the one that was meant.
    seen = {f"job {id_}": f"{job.state} {job.cancel}"}
    lasting = "what was stopped does not go on; ask for it anew"
    same = command("jobs cancel", id_, note=ask.note)
    return Draft(f"job {id_}", lines, seen, same, commit, job.model, settled=settled, lasting=lasting)


CANCEL = Action(
    "jobs cancel",
    "Cancel a job",
    "Ask a job to stop.",
    "A queued job ends at once; a running one at its next safe point, and is killed if it does not. What it has "
    "recorded until then stays.",
    (Parameter("job", "job", "Number of the job."),),
    "low",
    ("lifecycle jobs cancel 41",),
    _plan,
    file=False,
    key="c",
)
