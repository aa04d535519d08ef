"""`lifecycle jobs …`: what is queued, what runs and how far it is, logs, and stopping one. From state alone.

A job is nobody's terminal's: any number of them may follow it, and leaving does not touch it.
"""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime
from typing import Any

import click

from lifecycle_tui import output
from lifecycle_tui.domain.errors import StateError, UsageError
from lifecycle_tui.domain.folder import find_root
from lifecycle_tui.state import audit, clock, feed, jobs, lease, processes
from lifecycle_tui.state.database import State, version
from lifecycle_tui.state.job_words import duration, left_text, name_of, progress_text, seconds_taken
from lifecycle_tui.state.jobs import Job, JobEvent

COLUMNS = ("id", "kind", "model", "state", "progress", "left", "created", "seconds", "by", "why")
"""Of the listing; `left` and `seconds` in seconds in JSON and CSV."""
LINES = ("at", "level", "text")
POLL = 0.2
"""Seconds between two questions whether anything was committed."""

FORMAT = click.option(
    "--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it."
)


@click.group(name="jobs")
def group() -> None:
    """List, follow and cancel jobs.

    \b
    Example:
      lifecycle jobs log 12 --follow
    """


@group.command(name="list")
@click.option("--model", help="Only of this model.")
@click.option("--kind", help="Only this kind: evaluate, retrain, judge, deploy, notify, …")
@click.option("--live", is_flag=True, help="Only those that are queued or running.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="How many.")
@FORMAT
def list_(model: str | None, kind: str | None, live: bool, limit: int, fmt: str) -> None:
    """List jobs, newest first.

    \b
    Examples:
      lifecycle jobs list --live
      lifecycle jobs list --kind retrain --format json
    """
    root = find_root()
    found: tuple[Job, ...] = ()
    if version(root) not in (None, 0):
        with State.view(root) as state, state.read() as conn:
            found = jobs.jobs(conn, model=model, kind=kind, live=live, limit=limit)
    if found or fmt != "table":
        output.rows_out([_row(job, fmt) for job in found], COLUMNS, fmt)
    if not found:
        output.note("no job is queued or running" if live else "there is no such job")


@group.command(name="show")
@click.argument("job_id", type=click.IntRange(min=1), metavar="JOB")
@FORMAT
def show(job_id: int, fmt: str) -> None:
    """Show all that is known of a job: progress, time left, outcome.

    \b
    Example:
      lifecycle jobs show 12
    """
    with State.view(find_root()) as state, state.read() as conn:
        job = _job(jobs.job(conn, job_id), job_id)
    facts = _facts(job)
    if fmt == "json":
        output.json_out(facts)
    elif fmt == "csv":
        output.rows_out([facts | {key: _text(facts[key]) for key in ("payload", "outcome")}], tuple(facts), "csv")
    else:
        for name, value in facts.items():
            if value not in (None, {}, False):
                output.say(f"{name:<12}  {output.plain(_text(value))}")


@group.command(name="log")
@click.argument("job_id", type=click.IntRange(min=1), metavar="JOB")
@click.option("--follow", "-f", is_flag=True, help="Go on until the job has ended; Ctrl-C leaves it running.")
@FORMAT
@click.pass_context
def log(ctx: click.Context, job_id: int, follow: bool, fmt: str) -> None:
    """Print a job's log, oldest line first.

    With --follow the exit code tells how the job ended: 0 done, 3 failed, 130 cancelled.

    \b
    Example:
      lifecycle jobs log 12 --follow
    """
    if follow and fmt != "table":
        raise UsageError("--follow prints lines as they come", hint="leave out --format, or --follow")
    with State.view(find_root()) as state:
        with state.read() as conn:
            job = _job(jobs.job(conn, job_id), job_id)
            if not follow:
                found = [_line(event) for event in _events(conn, job_id)]
                if fmt == "table":
                    for line in found:
                        output.say("  ".join(str(line[name]) for name in LINES))
                else:
                    output.rows_out(found, LINES, fmt)
                return
        job = _follow(state, job)
    ctx.exit({"done": 0, "cancelled": 130}.get(job.state, 3))


@group.command(name="cancel")
@click.argument("job_id", type=click.IntRange(min=1), metavar="JOB")
@click.option("--no-wait", is_flag=True, help="Ask it to stop, and do not wait until it has.")
@click.option("--note", help="Why; kept in the audit log.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def cancel(job_id: int, no_wait: bool, note: str | None, dry_run: bool) -> None:
    """Stop a job; who did is kept.

    A queued one ends at once. A running one is asked to stop, which keeps what it has recorded; one that does not react
    within ten seconds is killed with all that it has started.

    \b
    Examples:
      lifecycle jobs cancel 12
      lifecycle jobs cancel 12 --dry-run
    """
    root = find_root()
    with State.view(root) as state:
        with state.read() as conn:
            job = _job(jobs.job(conn, job_id), job_id)
        if job.ended:
            raise UsageError(f"job {job_id} has ended already: {job.state}")
        told = output.plain(f"job {job_id}: {name_of(job)}")
        if dry_run:
            how = "end at once: it is queued" if job.state == "queued" else "be asked to stop: it is running"
            output.say(f"{told} would {how}")
            return
        _ask_to_stop(state, job_id, note)
        if no_wait:
            output.say(f"asked to stop: {told}")
            return
        job = _until_stopped(state, job)
    ended = {"cancelled": "cancelled", "done": "was done before it could stop", "failed": "failed as it stopped"}
    output.say(f"{told}: {ended.get(job.state, job.state)}")


def _ask_to_stop(state: State, job_id: int, note: str | None) -> None:
    """The action `jobs cancel`; planned again where the job was taken by a worker meanwhile: it is still the one meant.

    Raises:
        UsageError: it has ended.
    """
    from lifecycle_tui.actions import base
    from lifecycle_tui.actions.cancel import CANCEL

    who, behind = audit.person()
    while True:
        found = base.plan(CANCEL, state, base.Ask({"job": job_id}, who, behind, note))
        try:
            with state.read() as conn:
                now = clock.now(conn)
            base.apply(state, found, now)
        except base.Moved:
            continue
        return


def _until_stopped(state: State, job: Job) -> Job:
    """Wait until a job has ended; kills it if it does not react, as an agent would: there may be none."""
    from lifecycle_tui.agent.workers.supervisor import Supervisor
    from lifecycle_tui.domain.folder import FILE

    supervisor = Supervisor(state, state.root / FILE, say=output.note)
    while True:
        supervisor.look()
        with state.read() as conn:
            job = _job(jobs.job(conn, job.id), job.id)
        # A lost worker's job is queued again, unless it was to stop: then it is cancelled.
        if job.ended:
            return job
        time.sleep(POLL)


def _follow(state: State, job: Job) -> Job:
    """Print what is added to a job's log until it has ended; progress goes to stderr."""
    if not job.ended:
        output.note(f"job {job.id}: {name_of(job)} is {job.state}; Ctrl-C leaves it {job.state}")
    progress = output.Progress(after=0.0)
    last, seen = 0, -1
    try:
        with state.read() as conn:
            while True:
                now = feed.data_version(conn)
                if now != seen:
                    seen = now
                    # The job first: whatever it has said by its end is then in the log.
                    job = _job(jobs.job(conn, job.id), job.id)
                    for event in jobs.events(conn, job.id, last, 100_000):
                        last = event.id
                        progress.done()
                        output.say("  ".join(str(_line(event)[name]) for name in LINES))
                    if job.ended:
                        break
                _refuse_orphan(conn, job)
                progress(f"{name_of(job)}: {job.state}{_space(progress_text(job))}{_space(left_text(job))}")
                time.sleep(POLL)
    finally:
        progress.done()
    output.note(f"job {job.id}: {job.state}" + (f": {output.plain(job.error)}" if job.error else ""))
    return job


def _refuse_orphan(conn: sqlite3.Connection, job: Job) -> None:
    """Where its worker is gone and no agent sees to it, there is nothing to wait for."""
    if job.process is None or processes.alive(job.process) is not False or lease.held(lease.read(conn)):
        return
    found = jobs.job(conn, job.id)
    if found is not None and found.state == "running" and found.process == job.process:
        raise StateError(
            f"the worker of job {job.id} (pid {job.process.pid}) is gone, and no agent runs",
            hint="`lifecycle check --act` has it done again, `lifecycle agent` sees to such jobs by itself",
        )


def _space(text: str) -> str:
    return f" · {text}" if text else ""


def _job(found: Job | None, job_id: int) -> Job:
    """The job.

    Raises:
        UsageError: if there is none.
    """
    if found is None:
        raise UsageError(f"there is no job {job_id}", hint="`lifecycle jobs list` names them")
    return found


def _instant(at: datetime | None, *, short: bool = False) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds" if short else "auto").replace("+00:00", "Z")


def _row(job: Job, fmt: str) -> dict[str, Any]:
    seconds, table = seconds_taken(job), fmt == "table"
    left = job.left if job.state == "running" else None
    return {
        "id": job.id, "kind": job.kind, "model": job.model,
        "state": "stopping" if table and job.cancel and not job.ended else job.state,
        "progress": progress_text(job) or None,
        "left": left if left is None or not table else duration(left),
        "created": _instant(job.created_at, short=table),
        "seconds": None if seconds is None else round(seconds, 1),
        "by": job.created_by, "why": job.error or job.payload.get("why"),
    }  # fmt: skip


def _facts(job: Job) -> dict[str, Any]:
    """All of one job; keys of the JSON."""
    return {
        "id": job.id, "kind": job.kind, "model": job.model, "state": job.state,
        "progress": progress_text(job) or None, "done": job.done, "total": job.total, "unit": job.unit,
        "left": job.left if job.state == "running" else None,
        "created": _instant(job.created_at), "by": job.created_by, "started": _instant(job.started_at),
        "finished": _instant(job.finished_at), "seconds": seconds_taken(job), "attempts": job.attempts,
        "worker": None if job.process is None else job.process.pid, "time_limit": job.time_limit,
        "cancel": job.cancel, "cancelled_by": job.cancelled_by, "error": job.error, "payload": dict(job.payload),
        "outcome": dict(job.outcome),
    }  # fmt: skip


def _text(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _events(conn: Any, job_id: int) -> list[JobEvent]:
    found: list[JobEvent] = []
    while page := jobs.events(conn, job_id, found[-1].id if found else 0, 1000):
        found += page
    return found


def _line(event: JobEvent) -> dict[str, Any]:
    return {"at": _instant(event.at, short=True), "level": event.level, "text": output.plain(event.text.rstrip())}
