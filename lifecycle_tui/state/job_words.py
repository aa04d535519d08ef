"""How far a job is and how long it will take, in words: for `jobs`, `check` and the terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from lifecycle_tui.state.jobs import Job


def name_of(job: Job) -> str:
    """`retrain bikes`, `notify`."""
    return job.kind if job.model is None else f"{job.kind} {job.model}"


def progress_text(job: Job) -> str:
    """How far a job is: `1,200 of 5,000 rows (24 %)`, or what it is at; "" where that is not known."""
    return how_far(job.done, job.total, job.unit, job.text) if job.state == "running" else ""


def how_far(done: float | None, total: float | None, unit: str | None, text: str | None) -> str:
    """The same of a job's columns."""
    if total and done is not None:
        return f"{done:,.0f} of {total:,.0f} {unit or ''} ({100 * done / total:.0f} %)"
    return text or ""


def rate_text(
    done: float | None, total: float | None, left: float | None, unit: str | None, seconds: float | None = None
) -> str:
    """How much it does a second, `40 rows/s`; below one a second by the minute or the hour. "" where it is not known.

    Args:
        left: seconds that the worker's own estimate gives what is left; from it where there is one.
        seconds: that it has run, from which the mean is told else.
    """
    rate = 0.0
    if done is not None and total is not None and left and total > done:
        rate = (total - done) / left
    elif done and seconds and seconds > 1:
        rate = done / seconds
    if not 0 < rate < float("inf"):
        return ""
    for per, word in ((1, "s"), (60, "min"), (3600, "h")):
        if rate * per >= 1 or per == 3600:
            many = rate * per
            return f"{many:,.0f} {unit or ''}/{word}" if many >= 10 else f"{many:.1f} {unit or ''}/{word}"
    return ""


def left_text(job: Job) -> str:
    """`3 min left`; "" where it cannot be said."""
    if job.state != "running" or job.left is None:
        return ""
    return f"{duration(job.left)} left"


def duration(seconds: float) -> str:
    """`40 s`, `3 min`, `2.5 h`, for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def seconds_taken(job: Job) -> float | None:
    """How long it took, or has taken so far by the machine's clock; None where that is not known.

    A simulated clock stands still while a job runs: there only what the job says of itself counts.
    """
    if isinstance(job.outcome.get("seconds"), int | float):
        return float(job.outcome["seconds"])
    if job.started_at is None or job.payload.get("as_of") is not None:
        return None
    return ((job.finished_at or datetime.now(UTC)) - job.started_at).total_seconds()
