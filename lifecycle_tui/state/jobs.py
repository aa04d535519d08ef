"""Jobs: units of work in child processes, claimed once, followed by any terminal, never lost with their worker.

Commands and the agent enqueue, workers claim, everybody watches. What a job writes of its progress is not synced to
disk (`state.write(durable=False)`); claiming and finishing are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from lifecycle_tui.state.processes import Process, alive
from lifecycle_tui.state.text import dumps, instant, loads, maybe_moment, moment

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
Outcome = Literal["done", "failed", "cancelled"]

SILENT = timedelta(minutes=2)
"""A worker that cannot be looked at (another container) is given up after so long without a heartbeat."""

MAX_ATTEMPTS = 2
"""A job whose worker dies is started so many times in all."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    Attributes:
        payload: what to do, JSON values.
        process: the worker that has it.
        attempts: how often it was claimed.
        cancel: somebody asked it to stop.
        done, total, unit, text: its progress; total is None while it is not known.
        outcome: what it says of itself at the end, JSON values.
    """

    id: int
    kind: str
    model: str | None
    payload: Mapping[str, Any]
    state: JobState
    created_at: datetime
    created_by: str | None
    started_at: datetime | None
    finished_at: datetime | None
    process: Process | None
    attempts: int
    cancel: bool
    done: float | None
    total: float | None
    unit: str | None
    text: str | None
    outcome: Mapping[str, Any]
    error: str | None
    seq: int


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A line of a job's log."""

    id: int
    job_id: int
    at: datetime
    level: str
    text: str
    detail: Mapping[str, Any]


_COLUMNS = (
    "id, kind, model, payload, state, created_at, created_by, started_at, finished_at, process, attempts, cancel, "
    "progress_done, progress_total, progress_unit, progress_text, outcome, error, seq"
)
SELECT = f"SELECT {_COLUMNS} FROM jobs"


def row(found: Sequence[Any]) -> Job:
    """A row of `SELECT` as a value."""
    (id_, kind, model, payload, state, created, by, started, finished, process, attempts, cancel, *rest) = found
    (done, total, unit, text, outcome, error, seq) = rest
    return Job(
        id_, kind, model, loads(payload), state, moment(created), by, maybe_moment(started), maybe_moment(finished),
        None if process is None else Process.parse(process), attempts, bool(cancel), done, total, unit, text,
        loads(outcome, {}), error, seq,
    )  # fmt: skip


def enqueue(
    tx: sqlite3.Connection, kind: str, model: str | None, payload: Mapping[str, Any], now: datetime,
    *, by: str | None = None, alone: bool = True,
) -> int:  # fmt: skip
    """Queue a job and return its id.

    Args:
        alone: while a job of this kind and model is queued or running, that one's id is returned instead.
    """
    key = dumps([kind, model]) if alone else None
    if key is not None:
        found = tx.execute("SELECT id FROM jobs WHERE live_key = ?", (key,)).fetchone()
        if found is not None:
            return int(found[0])
    cursor = tx.execute(
        "INSERT INTO jobs (kind, model, payload, created_at, created_by, live_key) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, model, dumps(dict(payload)), instant(now), by, key),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def claim(tx: sqlite3.Connection, process: Process, now: datetime, kinds: Collection[str] | None = None) -> Job | None:
    """Take the oldest queued job (of these kinds); None if there is none. No other worker can have it then."""
    where, args = ("", []) if kinds is None else (f" AND kind IN ({', '.join('?' * len(kinds))})", sorted(kinds))
    found = tx.execute(f"SELECT id FROM jobs WHERE state = 'queued'{where} ORDER BY id LIMIT 1", args).fetchone()
    if found is None:
        return None
    tx.execute(
        "UPDATE jobs SET state = 'running', started_at = ?, process = ?, attempts = attempts + 1 WHERE id = ?",
        (instant(now), str(process), found[0]),
    )
    heartbeat(tx, found[0], now)
    return job(tx, found[0])


def progress(
    tx: sqlite3.Connection, job_id: int, done: float | None, total: float | None = None, unit: str | None = None,
    text: str | None = None,
) -> None:  # fmt: skip
    """Say how far a job is. Call it a few times a second at most: every call is a change that viewers read."""
    tx.execute(
        "UPDATE jobs SET progress_done = ?, progress_total = ?, progress_unit = ?, progress_text = ? "
        "WHERE id = ? AND state = 'running'",
        (done, total, unit, text, job_id),
    )


def heartbeat(tx: sqlite3.Connection, job_id: int, now: datetime) -> None:
    """Say that the worker is there. Not in the feed."""
    tx.execute("INSERT OR REPLACE INTO heartbeats (job_id, at) VALUES (?, ?)", (job_id, instant(now)))


def finish(
    tx: sqlite3.Connection, job_id: int, state: Outcome, now: datetime, *, outcome: Mapping[str, Any] | None = None,
    error: str | None = None, process: Process | None = None,
) -> bool:  # fmt: skip
    """End a running job; False if it was not running, or (with `process`) is another worker's by now."""
    where, args = ("", []) if process is None else (" AND process = ?", [str(process)])
    cursor = tx.execute(
        "UPDATE jobs SET state = ?, finished_at = ?, outcome = ?, error = ?, live_key = NULL "
        f"WHERE id = ? AND state = 'running'{where}",
        (state, instant(now), dumps(dict(outcome or {})), error, job_id, *args),
    )
    tx.execute("DELETE FROM heartbeats WHERE job_id = ? AND ?", (job_id, cursor.rowcount))
    return cursor.rowcount == 1


def cancel(tx: sqlite3.Connection, job_id: int, now: datetime) -> bool:
    """Ask a job to stop: a queued one ends at once, a running one when its worker looks. False if it has ended."""
    cursor = tx.execute(
        "UPDATE jobs SET state = 'cancelled', finished_at = ?, live_key = NULL, cancel = 1 "
        "WHERE id = ? AND state = 'queued'",
        (instant(now), job_id),
    )
    if cursor.rowcount == 1:
        return True
    cursor = tx.execute("UPDATE jobs SET cancel = 1 WHERE id = ? AND state = 'running'", (job_id,))
    return cursor.rowcount == 1


def cancelled(conn: sqlite3.Connection, job_id: int) -> bool:
    """Whether somebody asked this job to stop."""
    found = conn.execute("SELECT cancel FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return found is not None and bool(found[0])


def lost(conn: sqlite3.Connection, now: datetime) -> tuple[Job, ...]:
    """Running jobs whose worker is gone: no such process any more, or (where that cannot be seen) long silent."""
    found = conn.execute(f"{SELECT} WHERE state = 'running' ORDER BY id").fetchall()
    return tuple(job for job in map(row, found) if _gone(conn, job, now))


def _gone(conn: sqlite3.Connection, job: Job, now: datetime) -> bool:
    runs = None if job.process is None else alive(job.process)
    if runs is not None:
        return not runs
    beat = conn.execute("SELECT at FROM heartbeats WHERE job_id = ?", (job.id,)).fetchone()
    return beat is None or now - moment(beat[0]) > SILENT


def requeue_lost(tx: sqlite3.Connection, now: datetime) -> tuple[Job, ...]:
    """Queue lost jobs again; one that has had `MAX_ATTEMPTS` workers fails instead. Returns them as they are now."""
    again = []
    for job_ in lost(tx, now):
        pid = job_.process.pid if job_.process else "?"
        if job_.cancel:
            finish(tx, job_.id, "cancelled", now)
        elif job_.attempts >= MAX_ATTEMPTS:
            finish(tx, job_.id, "failed", now, error=f"its worker (pid {pid}) died, {job_.attempts} times in all")
        else:
            tx.execute("UPDATE jobs SET state = 'queued', process = NULL, started_at = NULL WHERE id = ?", (job_.id,))
            tx.execute("DELETE FROM heartbeats WHERE job_id = ?", (job_.id,))
        log(tx, job_.id, "warning", f"worker {pid} is gone", now)
        found = job(tx, job_.id)
        assert found is not None
        again.append(found)
    return tuple(again)


def job(conn: sqlite3.Connection, job_id: int) -> Job | None:
    """One job."""
    found = conn.execute(f"{SELECT} WHERE id = ?", (job_id,)).fetchone()
    return None if found is None else row(found)


def jobs(
    conn: sqlite3.Connection, *, model: str | None = None, live: bool = False, limit: int = 50,
    before: int | None = None,
) -> tuple[Job, ...]:  # fmt: skip
    """Jobs, newest first.

    Args:
        live: only queued and running ones.
        before: a job id; only older ones (for the next page).
    """
    where: list[str] = []
    args: list[Any] = []
    if model is not None:
        where.append("model = ?")
        args.append(model)
    if before is not None:
        where.append("id < ?")
        args.append(before)
    clause = f" AND {' AND '.join(where)}" if where else ""
    if live:
        # Two reads of partial indexes, so that ended jobs cost nothing.
        found = []
        for state in ("queued", "running"):
            found += conn.execute(
                f"{SELECT} WHERE state = '{state}'{clause} ORDER BY id DESC LIMIT ?", (*args, limit)
            ).fetchall()
        return tuple(sorted(map(row, found), key=lambda j: -j.id)[:limit])
    found = conn.execute(f"{SELECT} WHERE 1{clause} ORDER BY id DESC LIMIT ?", (*args, limit)).fetchall()
    return tuple(map(row, found))


def log(
    tx: sqlite3.Connection, job_id: int, level: str, text: str, now: datetime, detail: Mapping[str, Any] | None = None
) -> None:
    """Add a line to a job's log."""
    tx.execute(
        "INSERT INTO job_events (job_id, at, level, text, detail) VALUES (?, ?, ?, ?, ?)",
        (job_id, instant(now), level, text, dumps(dict(detail or {}))),
    )


def events(conn: sqlite3.Connection, job_id: int, after: int = 0, limit: int = 500) -> tuple[JobEvent, ...]:
    """Lines of a job's log with an id above `after`, oldest first."""
    found = conn.execute(
        "SELECT id, job_id, at, level, text, detail FROM job_events WHERE job_id = ? AND id > ? ORDER BY id LIMIT ?",
        (job_id, after, limit),
    ).fetchall()
    return tuple(JobEvent(i, j, moment(at), level, text, loads(detail)) for i, j, at, level, text, detail in found)
