"""What happened, as the terminal lists it: a page at a time, everything about one entry, and where that belongs.

Called by the history pane and the history screen.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.registry import aliases
from lifecycle_tui.registry.standing import Standing, standing
from lifecycle_tui.state import alerts, approvals, audit, job_words, jobs, judgements, timeline, windows
from lifecycle_tui.state.text import instant
from lifecycle_tui.state.timeline import ASKED, FAILED, Entry
from lifecycle_tui.tui.reads import versions
from lifecycle_tui.tui.records import Fact, Section, facts, section
from lifecycle_tui.tui.subject import Where
from lifecycle_tui.tui.text import count

PAGE = 200
LOG = 40
"""Lines of a job's log that its entry shows."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Kinds of entries that are shown together; None: all there are."""

    name: str
    kinds: tuple[str, ...] | None
    empty: str


CHOICES = (
    Choice("what matters", ("alert", "version", "judgement", "alias", "approval", ASKED, FAILED),
           "Nothing that matters has happened yet: no alert, no version, no failed job. (f: show everything)"),
    Choice("everything", None, "Nothing happened yet: run `lifecycle check`."),
    Choice("jobs", ("job", "job-queued"), "No job was asked for yet."),
    Choice("windows", ("window",), "No window was evaluated yet."),
)  # fmt: skip
"""In the order in which a key goes through them."""


def page(
    conn: sqlite3.Connection, model: str | None, choice: Choice, after: Entry | None, at: datetime | None = None
) -> Sequence[Entry]:
    """Entries, newest first; `after` is the last one of the page before, `at` an instant that they had happened by."""
    before = None if after is None else after.cursor
    return timeline.timeline(conn, model, at, limit=PAGE, before=before, kinds=choice.kinds)


@dataclass(frozen=True, slots=True)
class Then:
    """How it stood at an instant.

    Attributes:
        stood: the model; None where the history is of all of them.
        alerts: (severity, model) of each alert that was open, of all models.
        champions: models that had one.
    """

    at: datetime
    stood: Standing | None = None
    alerts: tuple[tuple[str, str], ...] = ()
    champions: int = 0


def then(conn: sqlite3.Connection, model: str | None, at: datetime) -> Then:
    """How a model stood at an instant; of all models how many alerts were open and who had a champion."""
    if model is not None:
        return Then(at, standing(conn, model, at))
    now = instant(at)
    found = conn.execute(
        "SELECT severity, model FROM alerts WHERE opened_at <= ? AND (resolved_at IS NULL OR resolved_at > ?)",
        (now, now),
    ).fetchall()
    (champions,) = conn.execute(
        "SELECT count(*) FROM models m WHERE (SELECT version FROM alias_history h WHERE h.model = m.name "
        "AND h.alias = 'champion' AND h.at <= ? ORDER BY h.at DESC, h.id DESC LIMIT 1) IS NOT NULL",
        (now,),
    ).fetchone()
    return Then(at, None, tuple((str(severity), str(name)) for severity, name in found), int(champions))


@dataclass(frozen=True, slots=True)
class Target:
    """Where an entry belongs: a place within its model, or a job.

    Attributes:
        words: what that is called.
    """

    words: str
    model: str | None = None
    where: Where | None = None
    job: int | None = None


def target(conn: sqlite3.Connection, entry: Entry) -> Target | None:
    """Where an entry belongs; None where that is nowhere."""
    if entry.kind in ("job", "job-queued"):
        return Target(f"job {entry.id}", job=entry.id)
    if entry.kind == "audit":
        return _of_action(conn, entry)
    if entry.kind == "alert":
        found = alerts.of_event(conn, entry.id)
        return None if found is None else _in_model(entry, "the alert", Where("alerts", alert=found.id))
    if entry.kind == "window":
        window = windows.result(conn, entry.id)
        return None if window is None else _in_model(entry, "the window", Where("drift", window=window.key))
    version = _version(conn, entry)
    return None if version is None else _in_model(entry, f"version {version}", Where("versions", version=version))


def _in_model(entry: Entry, words: str, where: Where) -> Target | None:
    return None if entry.model is None else Target(words, entry.model, where)


def _version(conn: sqlite3.Connection, entry: Entry) -> int | None:
    """The version that an entry is about."""
    if entry.kind == "version":
        return entry.id
    if entry.kind == "judgement":
        judged = judgements.get(conn, entry.id)
        return None if judged is None else judged.version
    if entry.kind == "approval":
        asked = approvals.get(conn, entry.id)
        return None if asked is None else asked.version
    moved = aliases.move(conn, entry.id) if entry.kind == "alias" else None
    return None if moved is None else moved.version or moved.previous


_NUMBERED = re.compile(r"(alert|job) (\d{1,18})")


def _of_action(conn: sqlite3.Connection, entry: Entry) -> Target | None:
    detail = _action(conn, entry).get("detail") or {}
    version, job = detail.get("version"), detail.get("job")
    named = _NUMBERED.fullmatch(entry.subject)
    if named is not None and named[1] == "job":
        return Target(entry.subject, job=int(named[2]))
    if named is not None:
        return _in_model(entry, "the alert", Where("alerts", alert=int(named[2])))
    if isinstance(version, int):
        return _in_model(entry, f"version {version}", Where("versions", version=version))
    if isinstance(job, int):
        return Target(f"job {job}", job=job)
    return None


def _action(conn: sqlite3.Connection, entry: Entry) -> dict[str, Any]:
    found = audit.entries(conn, limit=1, before=entry.id + 1)
    if not found or found[0].id != entry.id:
        return {}
    row = found[0]
    return {"who": row.who, "behind": row.behind, "detail": dict(row.detail), "hash": row.hash}


def sections(conn: sqlite3.Connection, entry: Entry, now: datetime) -> list[Section]:
    """Everything about an entry: what the list says of it, then what is stored of what it happened to."""
    top = facts(
        ("when", f"{entry.at:%Y-%m-%d %H:%M:%S} UTC"), ("model", entry.model),
        ("what", f"{entry.kind}: {entry.what}"), ("to what", entry.subject), ("by", entry.by), ("said", entry.text),
    )  # fmt: skip
    return [Section("", top), *_more(conn, entry, now)]


def _more(conn: sqlite3.Connection, entry: Entry, now: datetime) -> list[Section]:
    if entry.kind == "alert":
        return _alert(conn, entry, now)
    if entry.kind in ("job", "job-queued"):
        return _job(conn, entry.id)
    if entry.kind == "window":
        return _window(conn, entry.id)
    if entry.kind == "audit":
        found = _action(conn, entry)
        if not found:
            return []
        return [
            section("the action", found["detail"]),
            Section("in the audit log", facts(("row", entry.id), ("as", found["behind"]), ("hash", found["hash"]))),
        ]
    return _about_version(conn, entry)


def _alert(conn: sqlite3.Connection, entry: Entry, now: datetime) -> list[Section]:
    from lifecycle_tui.tui.panes import alert_list
    from lifecycle_tui.tui.reads import alerts as read

    row = alerts.of_event(conn, entry.id)
    found = None if row is None else read.find(conn, row.id, now)
    return [] if found is None else alert_list.sections(found)


def _about_version(conn: sqlite3.Connection, entry: Entry) -> list[Section]:
    from lifecycle_tui.tui.panes import version_lines

    version = _version(conn, entry)
    if version is None or entry.model is None:
        return []
    found = version_lines.sections(versions.whole(conn, entry.model, version), None)
    return [Section(f"version {version}", found[0].facts), *found[1:]] if found else []


def _job(conn: sqlite3.Connection, job_id: int) -> list[Section]:
    job = jobs.job(conn, job_id)
    if job is None:
        return []
    known = facts(
        ("job", f"{job.id} {job_words.name_of(job)}"), ("state", job.state), ("asked for by", job.created_by),
        ("asked for", job.created_at), ("started", job.started_at), ("ended", job.finished_at),
        ("tries", job.attempts if job.attempts > 1 else None), ("cancelled by", job.cancelled_by), ("at", job.text),
    )  # fmt: skip
    if job.error:
        known = (*known, Fact("error", job.error, "critical"))
    outcome = {name: value for name, value in job.outcome.items() if not isinstance(value, list | dict)}
    log = jobs.events(conn, job_id, limit=LOG)
    return [
        Section("the job", known),
        section("what came of it", outcome),
        Section("log", tuple(Fact(f"{e.at:%H:%M:%S}", e.text, {"error": "critical"}.get(e.level, "")) for e in log)),
    ]


def _window(conn: sqlite3.Connection, window_id: int) -> list[Section]:
    window = windows.result(conn, window_id)
    if window is None:
        return []
    known = facts(
        ("window", window.key), ("version", window.version), ("from", window.start), ("to", window.end),
        ("rows", count(window.rows)), ("labels", count(window.labels) + ("" if window.mature else ", more to come")),
        ("revision", f"{window.revision}" + ("" if window.current else ", replaced since")),
        ("withdrawn", window.withdrawn), ("read at", window.as_of),
    )  # fmt: skip
    found = tuple(Fact(f.code, f"{count(f.count)} times: {f.message}", "warning") for f in window.findings)
    return [Section("the window", known), Section("in its data", found)]
