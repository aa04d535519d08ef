"""The audit log as the terminal lists it: who did what, a page at a time; all of one row, and where it belongs.

Called by the audit screen. What a row set off (a job) and how that ended is looked up with each page.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.state import alerts, audit, job_words, jobs
from lifecycle_tui.state.audit import AuditRow
from lifecycle_tui.state.timeline import Entry
from lifecycle_tui.tui.reads.history import Target, target
from lifecycle_tui.tui.records import Fact, Section, facts, section
from lifecycle_tui.tui.text import joined, moment

PAGE = 200
SET = ("key", "old", "new", "changes", "keys")
"""Keys of a row's detail that its difference tells."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One row, and what became of the job that it asked for.

    Attributes:
        job: its number; None where there is none. state: of that job, "" where it is not known any more.
    """

    row: AuditRow
    job: int | None = None
    state: str = ""

    @property
    def key(self) -> str:
        """By which lists know it."""
        return str(self.row.id)


def page(
    conn: sqlite3.Connection, after: AuditLine | None, since: datetime | None = None, until: datetime | None = None
) -> tuple[AuditLine, ...]:
    """Rows, newest first; `after` is the last one of the page before."""
    before = None if after is None else after.row.id
    rows = audit.entries(conn, limit=PAGE, before=before, since=since, until=until)
    numbers = {row.id: job for row in rows if (job := _job_of(row)) is not None}
    states = dict(_states(conn, tuple(set(numbers.values()))))
    return tuple(AuditLine(row, numbers.get(row.id), states.get(numbers.get(row.id, -1), "")) for row in rows)


def _job_of(row: AuditRow) -> int | None:
    word, _, number = row.subject.partition(" ")
    if word == "job" and number.isdecimal() and len(number) < 19:
        return int(number)
    found = row.detail.get("job")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _states(conn: sqlite3.Connection, ids: tuple[int, ...]) -> list[tuple[int, str]]:
    marks = ", ".join("?" * len(ids))
    return conn.execute(f"SELECT id, state FROM jobs WHERE id IN ({marks})", ids).fetchall()


def said(line: AuditLine) -> str:
    """What a row says besides who, what and to what: its note, what was edited, what came of its job."""
    row = line.row
    changes = audit.changes(row.detail)
    edits = [
        f"{'' if key == row.subject else key + ': '}{_value(old)} → {_value(new)}" for key, old, new in changes[:2]
    ]
    rest = _number(row.detail.get("keys"), len(changes)) - len(edits)
    note, why = row.detail.get("note"), row.detail.get("why")
    return joined(
        (
            str(note) if note else "", ", ".join(edits) + (f" and {rest} more" if rest > 0 and edits else ""),
            *(_versions(row.detail)), str(why) if why and why != note else "",
            f"job {line.job} {line.state}" if line.job is not None and line.state else "",
        )
    )  # fmt: skip


def _versions(detail: Mapping[str, Any]) -> tuple[str, ...]:
    version, previous = detail.get("version"), detail.get("previous")
    if not isinstance(version, int):
        return ()
    return (f"version {version}" + (f" in place of version {previous}" if isinstance(previous, int) else ""),)


def _number(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _value(text: str | None) -> str:
    return "not set" if text is None else text


def command(row: AuditRow) -> str:
    """The command that does the same again, worked out of the row; "" where the row does not hold enough for one."""
    first, _, last = row.subject.partition(" ")
    model, slash, version = row.subject.rpartition("/")
    words: tuple[object, ...] = ()
    alert = {"acknowledge": "ack", "unacknowledge": "unack", "unsnooze": "unsnooze"}.get(row.action)
    if first == "alert" and alert is not None:
        words = (alert, last)
    elif row.action == "cancel" and first == "job":
        words = ("jobs", "cancel", last)
    elif row.action in ("promote", "rollback") and slash and version.isdecimal():
        words = ("promote", model, version) if row.action == "promote" else ("rollback", model)
    elif row.action in ("retrain", "check", "resume") and row.model:
        words = (row.action, row.model)
    elif row.action == "configure" and "key" in row.detail:
        ((key, _, new),) = audit.changes(row.detail) or [("", None, None)]
        words = ("config", "unset", key) if new is None else ("config", "set", key, new)
    return "" if not words else "lifecycle " + shlex.join(map(str, words))


def where(conn: sqlite3.Connection, line: AuditLine) -> Target | None:
    """Where a row belongs; None where that is nowhere."""
    row = line.row
    entry = Entry(row.at, "audit", row.model, row.action, row.subject, "", row.who, "", row.id)
    found = target(conn, entry)
    if found is None and row.model is not None:
        return Target(row.model, row.model)
    return found


def sections(conn: sqlite3.Connection, line: AuditLine, now: datetime) -> list[Section]:
    """Everything about a row: the row, what it changed, what came of it, how it stands in the chain."""
    row = line.row
    top = facts(
        ("when", f"{row.at:%Y-%m-%d %H:%M:%S} UTC"), ("who", row.who), ("as account", row.behind),
        ("action", row.action), ("to what", row.subject), ("model", row.model), ("note", row.detail.get("note")),
        ("the same as", command(row)),
    )  # fmt: skip
    rest = {key: value for key, value in row.detail.items() if key not in (*SET, "note") and value not in (None, "")}
    return [
        Section("", top),
        Section("what it changed", _difference(row)),
        section("what else is recorded", rest),
        *_outcome(conn, line, now),
        Section("in the audit log", facts(("row", str(row.id)), ("hash", row.hash))),
    ]


def _difference(row: AuditRow) -> tuple[Fact, ...]:
    changes = audit.changes(row.detail)
    found: list[Fact] = []
    for key, old, new in changes:
        found.append(Fact(key, "", ""))
        found += [Fact("  -", _value(old), "critical"), Fact("  +", _value(new), "ok")]
    rest = _number(row.detail.get("keys"), len(changes)) - len(changes)
    return (*found, *((Fact("", f"and {rest} more keys"),) if rest > 0 and changes else ()))


def _outcome(conn: sqlite3.Connection, line: AuditLine, now: datetime) -> list[Section]:
    """What became of the job that was asked for, or of the alert."""
    if line.job is not None and (job := jobs.job(conn, line.job)) is not None:
        known = facts(
            ("job", f"{job.id} {job_words.name_of(job)}"), ("state", job.state), ("ended", job.finished_at),
            ("said", job.outcome.get("text")),
        )  # fmt: skip
        error = (Fact("error", job.error, "critical"),) if job.error else ()
        return [Section("what came of it", (*known, *error))]
    word, _, number = line.row.subject.partition(" ")
    found = alerts.alert(conn, int(number)) if word == "alert" and number.isdecimal() and len(number) < 19 else None
    if found is None:
        return []
    alert = found.alert
    ended = "" if alert.resolved is None else f"resolved {moment(alert.resolved)}"
    told = facts(("alert", f"{alert.id} {alert.rule}"), ("says", alert.message), ("state", alert.state), ("", ended))
    return [Section("the alert now", told)]
