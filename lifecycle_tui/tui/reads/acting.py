"""What the plans of actions rest on, as one value that changes when one of them could say something else.

Read by the list of actions, which plans anew when this has moved, and not with every step of a running job.
"""

from __future__ import annotations

import sqlite3

from lifecycle_tui.tui.subject import Subject

Ground = tuple[object, ...]


def ground(conn: sqlite3.Connection, subject: Subject) -> Ground:
    """The state of what the cursor stands on: aliases, judgements, approvals, live jobs, the alert, the job."""
    found: list[object] = []
    if subject.model is not None:
        for sql in (
            "SELECT max(seq), count(*) FROM aliases WHERE model = ?",
            "SELECT max(number) FROM versions WHERE model = ?",
            "SELECT max(id) FROM judgements WHERE model = ?",
            "SELECT max(seq) FROM approvals WHERE model = ? AND state = 'pending'",
            # `+model`: by their partial indexes, for the ended jobs of a model are many.
            "SELECT group_concat(id) FROM jobs WHERE state = 'queued' AND +model = ?",
            "SELECT group_concat(id) FROM jobs WHERE state = 'running' AND +model = ?",
        ):
            found.append(conn.execute(sql, (subject.model,)).fetchone())
    if subject.alert is not None:
        found.append(conn.execute("SELECT seq FROM alerts WHERE id = ?", (subject.alert,)).fetchone())
    if subject.job is not None:
        found.append(conn.execute("SELECT state, cancel FROM jobs WHERE id = ?", (subject.job,)).fetchone())
    return tuple(found)
