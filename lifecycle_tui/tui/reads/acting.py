"""What the plans of actions rest on, as one value that changes when one of them could say something else.

Read by the list of actions, which plans anew when this has moved, and not with every step of a running job.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lifecycle_tui.tui.subject import Subject

if TYPE_CHECKING:
    from lifecycle_tui.state.jobs import Job

Ground = tuple[object, ...]


def jobs_of(conn: sqlite3.Connection, ids: Iterable[int]) -> list[Job]:
    """How far these jobs are."""
    from lifecycle_tui.state import jobs

    found = (jobs.job(conn, id_) for id_ in ids)
    return [job for job in found if job is not None]


def ground(conn: sqlite3.Connection, subject: Subject) -> Ground:
    """The state of what the cursor stands on: aliases, judgements, approvals, live jobs, the alert, the job."""
    found: list[object] = [conn.execute("SELECT max(id) FROM audit").fetchone()]  # what an undo would be of
    if subject.model is not None:
        for sql in (
            "SELECT max(seq), count(*) FROM aliases WHERE model = ?",
            "SELECT max(number) FROM versions WHERE model = ?",
            "SELECT max(id) FROM judgements WHERE model = ?",
            "SELECT max(seq) FROM approvals WHERE model = ? AND state = 'pending'",
            # `+model`: by their partial indexes, for the ended jobs of a model are many.
            "SELECT group_concat(id) FROM jobs WHERE state = 'queued' AND +model = ?",
            "SELECT group_concat(id) FROM jobs WHERE state = 'running' AND +model = ?",
            "SELECT paused_at, paused_until FROM models WHERE name = ?",
        ):
            found.append(conn.execute(sql, (subject.model,)).fetchone())
    if subject.alert is not None:
        found.append(conn.execute("SELECT seq FROM alerts WHERE id = ?", (subject.alert,)).fetchone())
    if subject.job is not None:
        found.append(conn.execute("SELECT state, cancel FROM jobs WHERE id = ?", (subject.job,)).fetchone())
    return tuple(found)


def alerts_of(conn: sqlite3.Connection, models: Iterable[str], unseen: bool) -> tuple[int, ...]:
    """Numbers of the open alerts of these models, worst first; `unseen`: of those that nobody has acknowledged."""
    from lifecycle_tui.state import alerts

    wanted = frozenset(models)
    # Of several at once: open alerts are few, marked models may be thousands.
    found = alerts.open_alerts(conn, *wanted) if len(wanted) == 1 else alerts.open_alerts(conn)
    rows = (row for row in found if row.alert.model in wanted)
    return tuple(row.id for row in rows if not unseen or row.alert.acknowledged_by is None)
