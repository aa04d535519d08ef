"""What is said of one job, in words: the facts on top of its screen, and below its log how it ended. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.state.job_words import duration, how_far, rate_text, seconds_taken
from lifecycle_tui.state.jobs import MAX_ATTEMPTS, Job
from lifecycle_tui.tui import ages, marks
from lifecycle_tui.tui.text import Line, Span, count, indented, joined, moment

TOLD = ("why", "as_of", "by")
"""Keys of a payload that have a place of their own."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a job depends on.

    Attributes:
        agent: an agent runs.
        worker: the job's worker runs; None where that cannot be seen.
        before: queued jobs that come before it.
    """

    now: datetime
    agent: bool
    worker: bool | None
    before: int


def state_of(job: Job) -> str:
    """Its state; "stopping" for one that runs and was asked to stop."""
    return "stopping" if job.cancel and job.state == "running" else job.state


def facts(job: Job, around: Around) -> list[Line]:
    """Four lines: how far it is, what it is about, who asked, who does it."""
    return [_state(job, around), _subject(job), _asked(job, around), _worker(job, around)]


def _state(job: Job, around: Around) -> Line:
    mark = marks.job(state_of(job))
    if job.state == "queued":
        told = f"{around.before} before it" if around.before else "it is the next one"
        if not around.agent:
            told = joined((told, "no agent runs that would do it: `lifecycle check --act` does"))
    elif job.state == "running":
        told = joined((how_far(job.done, job.total, job.unit, job.text), _rate(job, around.now), _left(job)))
        if job.cancel:
            told = joined((f"asked to stop by {job.cancelled_by}" if job.cancelled_by else "asked to stop", told))
    else:
        told = joined((_took(job), _at(job.finished_at, around.now)))
    return (Span(f" {mark.text()}  ", mark.tone), Span(told))


def _rate(job: Job, now: datetime) -> str:
    """How much it does a second."""
    ran = None
    if job.started_at is not None and job.payload.get("as_of") is None:  # else its clock stands still while it runs
        ran = (now - job.started_at).total_seconds()
    return rate_text(job.done, job.total, job.left, job.unit, ran)


def _left(job: Job) -> str:
    return "" if job.left is None else f"{duration(job.left)} left"


def _took(job: Job) -> str:
    seconds = seconds_taken(job)
    if seconds is None:
        return ""
    return f"after {seconds:.1f} s" if seconds < 10 else f"after {duration(seconds)}"


def _at(at: datetime | None, now: datetime) -> str:
    return "" if at is None else f"{moment(at)} ({ages.ago(at, now)})"


def _subject(job: Job) -> Line:
    told = [f"{key.replace('_', ' ')} {_short(value)}" for key, value in job.payload.items() if key not in TOLD]
    return _fact("about", joined((job.model or "the workspace", *told)))


def _short(value: object) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, default=str)


def _asked(job: Job, around: Around) -> Line:
    why = job.payload.get("why")
    by = f"by {job.created_by or 'nobody'}"
    if why and why != f"asked for {by}":
        by += f", because {why}"
    return _fact("asked", joined((by, _at(job.created_at, around.now))))


def _worker(job: Job, around: Around) -> Line:
    """Who does it, and what stands against it."""
    limit = f"limit {duration(job.time_limit)}" if job.time_limit is not None else "no time limit"
    again = f"attempt {job.attempts} of {MAX_ATTEMPTS}" if job.attempts > 1 else ""
    if job.state == "running" and around.worker is False:
        after = "the agent sees to it" if around.agent else "no agent runs: `lifecycle check --act` goes on"
        return _fact("worker", f"pid {'?' if job.process is None else job.process.pid} is gone, {after}", "critical")
    pid = "none yet" if job.process is None else f"pid {job.process.pid}"
    since = ""
    if job.state == "running" and job.started_at is not None and job.payload.get("as_of") is None:
        since = f"since {job.started_at:%H:%M:%S}"
    return _fact("worker", joined((pid, since, again, limit)))


def _fact(name: str, text: str, tone: str = "") -> Line:
    return (Span(f" {name:<7} ", "dim"), Span(text, tone))


def ending(job: Job, cells: int) -> list[Line]:
    """How it ended, in full, with what to do; nothing while it has not."""
    if not job.ended:
        return []
    mark = marks.job(job.state)
    lines: list[Line] = [(), (Span(f" {mark.text()}  ", mark.tone), Span(_words(job)))]
    if job.error:
        lines += indented(job.error, cells, mark.tone)
    lines += _outcome(job.outcome, cells)
    if hint := _hint(job):
        lines += indented(hint, cells, "info")
    return lines


def _words(job: Job) -> str:
    took = _took(job)
    if job.state == "cancelled":
        return joined((f"{job.cancelled_by} stopped it" if job.cancelled_by else "it was stopped", took), " ")
    if job.state == "failed":
        return joined(("it failed", took, "with this error:" if job.error else ""), " ")
    return joined(("it has come to its end", took), " ")


def _outcome(outcome: Mapping[str, Any], cells: int) -> list[Line]:
    """The outcome: its sentence, its numbers in one line, its lists by their length or (texts) in full."""
    lines: list[Line] = []
    if isinstance(text := outcome.get("text"), str):
        lines += indented(text, cells)
    numbers, lists = [], []
    for key, value in outcome.items():
        if key in ("text", "seconds") or value in (None, [], {}, ""):
            continue
        name = key.replace("_", " ")
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            lists += [f"{name}: {v}" for v in value]
        elif isinstance(value, list | dict):
            numbers.append(f"{name} {len(value)}")
        else:
            numbers.append(f"{name} {count(value) if type(value) is int else value}")
    for said in ([joined(numbers)] if numbers else []) + lists:
        lines += indented(said, cells, "dim")
    return lines


def _hint(job: Job) -> str:
    """What a person may do now."""
    error = job.error or ""
    if job.state == "failed":
        if "died" in error:
            return "It was killed from outside, or the memory was full: .lifecycle/worker.log may say more."
        if "plugin" in error:
            return "P shows the plugins and what is wrong with them."
        return {
            "retrain": "Once that is mended, t trains again.",
            "evaluate": "Once that is mended, the next check evaluates again; `lifecycle check --act` does it now.",
            "deploy": "What served before still serves unless the log says otherwise; W and the model's versions tell.",
            "notify": "It is tried again by itself; W shows what has not gone out.",
            "reference": "How often rules fire falsely stays unknown; nothing else is missing.",
        }.get(job.kind, "")
    if job.state == "done" and job.kind == "retrain" and job.outcome.get("version") is not None:
        passed = job.outcome.get("verdict") == "passed"
        return f"Version {job.outcome['version']} " + (
            "has passed its gates: p promotes it where that is left to people."
            if passed
            else "was not promoted: Enter shows the model and what it was compared with."
        )
    if job.state == "cancelled" and job.kind == "retrain":
        return "t trains again."
    return ""
