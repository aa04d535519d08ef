"""A state that was copied with its folder: what it says of processes is about another workspace's.

Copies are made while an agent and jobs run, to try a policy before it is live. Their processes are alive, so the copy
would wait for them, or even stop them. `State.open` asks here whether the file still is the one that was written.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import jobs

if TYPE_CHECKING:
    from lifecycle_tui.state.database import State

KEY = "file"
"""Key of `meta` under which the file's device and inode are kept."""

ERROR = "the folder was copied while this job was under way"


def settle(state: State) -> None:
    """In a copy, let go of the agent and end the jobs that are the other workspace's; who may not write leaves it."""
    here = _place(state.path)
    # A damaged file is said by whoever reads it next.
    with contextlib.suppress(StateError, sqlite3.DatabaseError):
        with state.read() as conn:
            if _kept(conn) == here:
                return
        with state.write() as tx:
            if _kept(tx) not in (None, here):
                _let_go(tx, datetime.now(UTC))
            tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (KEY, here))


def _let_go(tx: sqlite3.Connection, now: datetime) -> None:
    tx.execute("UPDATE lease SET process = NULL WHERE id = 1")
    for job in jobs.jobs(tx, live=True, limit=100_000):
        if job.state == "queued":
            jobs.cancel(tx, job.id, now)
        else:
            jobs.finish(tx, job.id, "cancelled", now, error=ERROR)
        jobs.log(tx, job.id, "warning", ERROR, now)


def _kept(conn: sqlite3.Connection) -> str | None:
    found = conn.execute("SELECT value FROM meta WHERE key = ?", (KEY,)).fetchone()
    return None if found is None else str(found[0])


def _place(path: Path) -> str:
    found = os.stat(path)
    return f"{found.st_dev}:{found.st_ino}"
