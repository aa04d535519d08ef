"""What the agent says of what happens, a line each: jobs that start and end, alerts that open and resolve.

Read from the change feed, so that it tells of jobs too that a command or a person asked for. Evaluations that found
nothing new are passed over: there may be a thousand of them every few minutes.
"""

from __future__ import annotations

import sqlite3

from lifecycle_tui.state import feed
from lifecycle_tui.state.alerts import AlertRow
from lifecycle_tui.state.jobs import Job

NEWS = ("new", "grown", "changed", "relabelled")
"""Counts of windows in an evaluation's outcome."""


class Narrator:
    """Follows jobs and alerts from the moment that it is made."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._seen = dict.fromkeys(("jobs", "alerts"), feed.latest(conn))
        self._jobs: dict[int, tuple[str, int]] = {}
        self._alerts: dict[int, str] = {}

    def news(self, conn: sqlite3.Connection) -> list[str]:
        """Lines about what has happened since the last call."""
        said: list[str] = []
        for job in self._changes(conn, "jobs"):
            now = (job.state, job.attempts)
            if self._jobs.get(job.id) != now:
                self._jobs[job.id] = now
                said += told_job(job)
            if job.ended:
                self._jobs.pop(job.id, None)
        for alert in self._changes(conn, "alerts"):
            if self._alerts.get(alert.id) != alert.alert.state:
                self._alerts[alert.id] = alert.alert.state
                said.append(told_alert(alert))
            if alert.alert.state == "resolved":
                self._alerts.pop(alert.id, None)
        return said

    def _changes(self, conn: sqlite3.Connection, table: str) -> tuple:
        found = feed.changes(conn, table, self._seen[table])
        if found:
            self._seen[table] = found[-1].seq
        return found


def told_job(job: Job) -> list[str]:
    """What to say of a job in its present state; nothing where that is not worth a line."""
    name = f"job {job.id}: {job.kind}" + (f" {job.model}" if job.model else "")
    seconds = job.outcome.get("seconds")
    took = f" in {seconds:,.1f} s" if isinstance(seconds, int | float) else ""
    if job.state == "running":
        return [] if job.kind == "evaluate" else [f"{name} started" + (", again" if job.attempts > 1 else "")]
    if job.state == "done":
        counts = [(job.outcome.get(word) or 0, word) for word in NEWS]
        windows = ", ".join(f"{count} {word}" for count, word in counts if count)
        if job.kind == "evaluate" and not windows:
            return []
        text = f"windows: {windows}" if windows else job.outcome.get("text")
        return [f"{name} done{took}" + (f": {text}" if text else "")]
    if job.state == "failed":
        return [f"{name} failed{took}: {job.error}"]
    if job.state == "cancelled":
        return [f"{name} cancelled" + (f" by {job.cancelled_by}" if job.cancelled_by else "")]
    return []


def told_alert(found: AlertRow) -> str:
    """What to say of an alert in its present state."""
    alert = found.alert
    by = f" by {alert.acknowledged_by}" if alert.state == "acknowledged" else ""
    word = "firing" if alert.state == "open" else alert.state
    return f"alert {found.id}: {alert.model} {alert.rule} ({alert.severity}) {word}{by}: {alert.message}"
