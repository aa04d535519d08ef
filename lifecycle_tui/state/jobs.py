"""Jobs: units of work in child processes, claimed once, followed by any terminal, never lost with their worker.

Commands and the agent enqueue, workers claim, everybody watches. What a job writes of its progress is not synced to
disk (`state.write(durable=False)`); claiming and finishing are.

A job runs on the loop's clock: its payload may say `as_of` (a loop on a simulated clock), and then it was created,
started and finished at that instant. How long it really took is `outcome["seconds"]`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from lifecycle_tui.domain.clock import Clock, FixedClock, SystemClock
from lifecycle_tui.state import clock
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
        left: seconds that are left, as the worker estimated when it last told its progress.
        outcome: what it says of itself at the end, JSON values.
        time_limit: seconds after which it is stopped.
        cancelled_by: who asked it to stop.
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
    time_limit: float | None = None
    cancelled_by: str | None = None
    left: float | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state not in ("queued", "running")


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
    "progress_done, progress_total, progress_unit, progress_text, outcome, error, seq, time_limit, cancelled_by, "
    "progress_left"
)
SELECT = f"SELECT {_COLUMNS} FROM jobs"


def row(found: Sequence[Any]) -> Job:
    """A row of `SELECT` as a value."""
    (id_, kind, model, payload, state, created, by, started, finished, process, attempts, cancel, *rest) = found
    (done, total, unit, text, outcome, error, seq, time_limit, cancelled_by, left) = rest
    return Job(
        id_, kind, model, loads(payload), state, moment(created), by, maybe_moment(started), maybe_moment(finished),
        None if process is None else Process.parse(process), attempts, bool(cancel), done, total, unit, text,
        loads(outcome, {}), error, seq, time_limit, cancelled_by, left,
    )  # fmt: skip


def clock_of(job: Job) -> Clock:
    """The clock that a job runs on: one that stands at its `as_of`, else the machine's."""
    return SystemClock() if (at := _as_of(job.payload)) is None else FixedClock(at)


def _as_of(payload: Mapping[str, Any]) -> datetime | None:
    if payload.get("as_of") is None:
        return None
    found = datetime.fromisoformat(str(payload["as_of"]))
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _loop_time(tx: sqlite3.Connection, job_id: int, now: datetime) -> datetime:
    """`now` on the clock of a job."""
    found = tx.execute("SELECT payload FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return now if found is None else _as_of(loads(found[0])) or now


def enqueue(
    tx: sqlite3.Connection, kind: str, model: str | None, payload: Mapping[str, Any], now: datetime,
    *, by: str | None = None, alone: bool = True, time_limit: float | None = None,
) -> int:  # fmt: skip
    """Queue a job and return its id.

    Args:
        now: on the loop's clock. Where state lives on a simulated one, a payload without `as_of` is given its instant.
        alone: while a job of this kind and model is queued or running, that one's id is returned instead.
        time_limit: seconds after which it is stopped; None for never.
    """
    key = dumps([kind, model]) if alone else None
    if key is not None:
        found = tx.execute("SELECT id FROM jobs WHERE live_key = ?", (key,)).fetchone()
        if found is not None:
            return int(found[0])
    if "as_of" not in payload and (simulated := clock.read(tx)) is not None:
        now, payload = simulated.at, {**payload, "as_of": simulated.at.isoformat()}
    cursor = tx.execute(
        "INSERT INTO jobs (kind, model, payload, created_at, created_by, live_key, time_limit) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (kind, model, dumps(dict(payload)), instant(now), by, key, time_limit),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def claim(
    tx: sqlite3.Connection, process: Process, now: datetime, kinds: Collection[str] | None = None,
    *, job_id: int | None = None,
) -> Job | None:  # fmt: skip
    """Take the oldest queued job (of these kinds); None if there is none. No other worker can have it then.

    Args:
        now: of the machine's clock.
        job_id: take this one and no other.
    """
    where, args = "", list[Any]()
    if kinds is not None:
        where, args = f" AND kind IN ({', '.join('?' * len(kinds))})", sorted(kinds)
    if job_id is not None:
        where, args = f"{where} AND id = ?", [*args, job_id]
    found = tx.execute(f"SELECT id FROM jobs WHERE state = 'queued'{where} ORDER BY id LIMIT 1", args).fetchone()
    if found is None:
        return None
    tx.execute(
        "UPDATE jobs SET state = 'running', started_at = ?, process = ?, attempts = attempts + 1 WHERE id = ?",
        (instant(_loop_time(tx, found[0], now)), str(process), found[0]),
    )
    heartbeat(tx, found[0], now)
    return job(tx, found[0])


def waits(conn: sqlite3.Connection, kinds: Collection[str], job_id: int | None = None) -> bool:
    """Whether there is something for `claim` to take: a read that takes no lock."""
    marks = ", ".join("?" * len(kinds))
    sql = f"SELECT 1 FROM jobs WHERE state = 'queued' AND kind IN ({marks}) AND (? IS NULL OR id = ?) LIMIT 1"
    return conn.execute(sql, (*sorted(kinds), job_id, job_id)).fetchone() is not None


def progress(
    tx: sqlite3.Connection, job_id: int, done: float | None, total: float | None = None, unit: str | None = None,
    text: str | None = None, left: float | None = None,
) -> None:  # fmt: skip
    """Say how far a job is. Call it a few times a second at most: every call is a change that viewers read.

    Args:
        left: seconds that are left, where they can be estimated.
    """
    tx.execute(
        "UPDATE jobs SET progress_done = ?, progress_total = ?, progress_unit = ?, progress_text = ?, "
        "progress_left = ? WHERE id = ? AND state = 'running'",
        (done, total, unit, text, left, job_id),
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


def cancel(tx: sqlite3.Connection, job_id: int, now: datetime, *, by: str | None = None) -> bool:
    """Ask a job to stop: a queued one ends at once, a running one when its worker looks. False if it has ended.

    Args:
        by: who asks; the first one is kept.
    """
    cursor = tx.execute(
        "UPDATE jobs SET state = 'cancelled', finished_at = ?, live_key = NULL, cancel = 1, cancelled_by = ? "
        "WHERE id = ? AND state = 'queued'",
        (instant(_loop_time(tx, job_id, now)), by, job_id),
    )
    if cursor.rowcount == 1:
        return True
    cursor = tx.execute(
        "UPDATE jobs SET cancel = 1, cancelled_by = coalesce(cancelled_by, ?) WHERE id = ? AND state = 'running'",
        (by, job_id),
    )
    return cursor.rowcount == 1


def give_up(tx: sqlite3.Connection, job_id: int, now: datetime, error: str) -> bool:
    """Fail a queued job that no worker can take; False if it is not queued any more."""
    cursor = tx.execute(
        "UPDATE jobs SET state = 'failed', finished_at = ?, live_key = NULL, error = ? WHERE id = ? "
        "AND state = 'queued'",
        (instant(_loop_time(tx, job_id, now)), error, job_id),
    )
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
        at = _as_of(job_.payload) or now
        if job_.cancel:
            finish(tx, job_.id, "cancelled", at)
        elif job_.attempts >= MAX_ATTEMPTS:
            finish(tx, job_.id, "failed", at, error=f"its worker (pid {pid}) died, {job_.attempts} times in all")
        else:
            tx.execute("UPDATE jobs SET state = 'queued', process = NULL, started_at = NULL WHERE id = ?", (job_.id,))
            tx.execute("DELETE FROM heartbeats WHERE job_id = ?", (job_.id,))
        log(tx, job_.id, "warning", f"worker {pid} is gone", at)
        found = job(tx, job_.id)
        assert found is not None
        again.append(found)
    return tuple(again)


def job(conn: sqlite3.Connection, job_id: int) -> Job | None:
    """One job."""
    found = conn.execute(f"{SELECT} WHERE id = ?", (job_id,)).fetchone()
    return None if found is None else row(found)


def running(conn: sqlite3.Connection) -> tuple[tuple[Job, str | None], ...]:
    """Every running job, oldest first, with its heartbeat as it is written: it says only whether it has moved."""
    found = conn.execute(
        f"SELECT (SELECT at FROM heartbeats WHERE job_id = jobs.id), {_COLUMNS} FROM jobs WHERE state = 'running' "
        "ORDER BY id"
    ).fetchall()
    return tuple((row(values), beat) for beat, *values in found)


def queued(conn: sqlite3.Connection) -> tuple[tuple[int, str], ...]:
    """(id, kind) of every queued job, oldest first."""
    return tuple(conn.execute("SELECT id, kind FROM jobs WHERE state = 'queued' ORDER BY id").fetchall())


def live(conn: sqlite3.Connection) -> int:
    """How many jobs are queued or running."""
    # Two counts over partial indexes, so that ended jobs cost nothing.
    counts = (f"(SELECT count(*) FROM jobs WHERE state = '{state}')" for state in ("queued", "running"))
    return int(conn.execute(f"SELECT {' + '.join(counts)}").fetchone()[0])


def jobs(
    conn: sqlite3.Connection, *, model: str | None = None, kind: str | None = None, live: bool = False,
    limit: int = 50, before: int | None = None,
) -> tuple[Job, ...]:  # fmt: skip
    """Jobs, newest first.

    Args:
        live: only queued and running ones.
        before: a job id; only older ones (for the next page).
    """
    where: list[str] = []
    args: list[Any] = []
    for column, value in (("model", model), ("kind", kind)):
        if value is not None:
            # The few live ones are found by their own index, not by that of all jobs of the model.
            where.append(f"{'+' if live else ''}{column} = ?")
            args.append(value)
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
