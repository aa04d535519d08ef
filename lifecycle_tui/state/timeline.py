"""Everything that happened, newest first: for `lifecycle history` and the history screen.

Eight tables tell it; each gives a page by its index on time, and the pages are merged, so that a page costs the same
however long the history is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lifecycle_tui.state.text import instant, loads, moment

CHANGES = 3
"""Keys that an edit of the policy is told by."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    Attributes:
        kind: "window", "alert", "version", "alias", "judgement", "approval", "job-queued", "job" or "audit".
        what: a word for it: "evaluated", "re-evaluated", "opened", "resolved", "trained", "moved", "done" ….
        subject: what it happened to, e.g. "2012-03", "auc-degraded", "champion".
        text: one sentence with the facts.
        by: the person or policy that did it, where there is one.
        cursor: pass it as `before` for the entries that come after this one in the listing.
        id: of the row that tells it: of the alert's event, the alias's move, the job …; a version's number.
    """

    at: datetime
    kind: str
    model: str | None
    what: str
    subject: str
    text: str
    by: str | None
    cursor: str
    id: int


@dataclass(frozen=True, slots=True)
class _Teller:
    """A table that tells part of the history: its select, which column is its time, and how a row reads."""

    kind: str
    table: str
    at: str
    columns: str
    tell: Callable[..., tuple[str, str, str, str | None]]
    where: str = ""
    id: str = "id"


def _window(key: str, version: str, revision: int, rows: int, labels: int, findings: str) -> tuple:
    who = f" of version {version}" if version else ""
    told = f"{rows:,} rows, {labels:,} labels"
    found = len(loads(findings))
    more = f", {found} finding{'s' * (found != 1)} in the data" if found else ""
    what = "evaluated" if revision == 1 else "re-evaluated"
    return what, key + who, f"{told}{more}" + (f" (revision {revision})" if revision > 1 else ""), None


def _alert(kind: str, rule: str, severity: str, window: str | None, by: str | None, text: str | None) -> tuple:
    if kind == "resolved" and by and by == text:  # it was no person
        return kind, rule, f"{severity}: by {by}", None
    return kind, rule, f"{severity}: {text or ''}".rstrip(": ") + (f" (window {window})" if window else ""), by


def _version(number: int, name: str | None, origin: str, rows: int | None, by: str | None, note: str | None) -> tuple:
    told = [f"on {rows:,} rows" if rows is not None else "", note or ""]
    label = f"version {number}" + (f" ({name})" if name else "")
    return origin, label, ", ".join(t for t in told if t), by


def _alias(alias: str, version: int | None, previous: int | None, by: str | None, why: str | None) -> tuple:
    reason = f": {why}" if why else ""
    if version is None:
        return "removed", alias, f"it named version {previous}{reason}", by
    came = f"from version {previous} " if previous is not None else ""
    return "moved", alias, f"{came}to version {version}{reason}", by


def _judgement(version: int, champion: int | None, verdict: str, text: str) -> tuple:
    against = f" against version {champion}" if champion is not None else ""
    return verdict, f"version {version}{against}", text, None


def _requested(version: int, by: str, why: str | None) -> tuple:
    return "requested", f"version {version}", why or "", by


def _decided(version: int, state: str, by: str | None, note: str | None) -> tuple:
    return state, f"version {version}", note or "", by


def _queued(id_: int, kind: str, by: str | None) -> tuple:
    return "queued", f"{kind} (job {id_})", "", by


def _job(
    id_: int, kind: str, state: str, started: str | None, finished: str, error: str | None, seconds: float | None
) -> tuple:
    # Of a job on a simulated clock, which stands still while it runs, only `seconds` says how long it took.
    if seconds is None and started:
        seconds = (moment(finished) - moment(started)).total_seconds()
    took = "" if seconds is None else f"after {seconds:.1f} s"
    return state, f"{kind} (job {id_})", ", ".join(t for t in (took, error or "") if t), None


def _audit(
    who: str, behind: str | None, action: str, subject: str, version: int | None, previous: int | None,
    configured: str | None,
) -> tuple:  # fmt: skip
    told = [f"as {behind}" if behind else ""]
    if action == "deploy" and version is not None:
        told.append(f"version {version} serves" + (f" in place of version {previous}" if previous is not None else ""))
    told += _configured(subject, loads(configured, {}))
    return action, subject, ", ".join(t for t in told if t), who


def _configured(subject: str, detail: dict[str, Any]) -> list[str]:
    """What an edit of the policy has changed: its keys, the first ones with what they were and are."""
    changes = detail.get("changes", [detail] if "key" in detail else [])
    told = []
    for change in changes[:CHANGES]:
        was, now = change.get("old"), change.get("new")
        name = "" if change.get("key") == subject else f"{change.get('key')}: "
        told.append(f"{name}{'not set' if was is None else was} → {'not set' if now is None else now}")
    rest = int(detail.get("keys", len(changes))) - len(told)
    return [*told, *([f"and {rest} more"] if rest > 0 else [])]


_TELLERS = (
    _Teller(
        "audit", "audit", "at",
        "who, behind, action, subject, json_extract(detail, '$.version'), json_extract(detail, '$.previous')"
        ", CASE WHEN action = 'configure' THEN detail END",
        _audit,
    ),
    _Teller(
        "alert", "alert_events", "at",
        "kind, (SELECT rule FROM alerts a WHERE a.id = alert_id), (SELECT severity FROM alerts a WHERE a.id = alert_id)"
        ", window, by, text",
        _alert, "kind <> 'continued'",
    ),
    _Teller("alias", "alias_history", "at", "alias, version, previous, by, why", _alias),
    _Teller("approval", "approvals", "decided_at", "version, state, decided_by, note", _decided),
    _Teller("approval", "approvals", "requested_at", "version, requested_by, why", _requested),
    _Teller("judgement", "judgements", "at", "version, champion, verdict, text", _judgement),
    _Teller("version", "versions", "created_at", "number, name, origin, data_rows, by, note", _version, id="number"),
    _Teller(
        "job", "jobs", "finished_at",
        "id, kind, state, started_at, finished_at, error, json_extract(outcome, '$.seconds')", _job,
    ),
    _Teller("job-queued", "jobs", "created_at", "id, kind, created_by", _queued),
    _Teller("window", "windows", "as_of", "key, version, revision, rows, labels, report", _window),
)  # fmt: skip
"""In the order in which things of one instant are listed (effects above their causes)."""

FAILED = "job-failed"
"""In `kinds`: of the jobs that ended those that failed."""
ASKED = "audit-asked"
"""In `kinds`: of the audit log what somebody asked for; deployments are told by the alias that they move."""
_RANK_OF_JOBS = next(rank for rank, teller in enumerate(_TELLERS) if teller.kind == "job")
# By its own index: years of checks that went well must not cost a screen that polls.
_FAILED_JOBS = replace(
    _TELLERS[_RANK_OF_JOBS], table="jobs INDEXED BY jobs_failed", where="state = 'failed' AND finished_at IS NOT NULL"
)
_ASKED_FOR = replace(next(t for t in _TELLERS if t.kind == "audit"), where="action <> 'deploy'")


def timeline(
    conn: sqlite3.Connection, model: str | None = None, at: datetime | None = None, limit: int = 50,
    before: str | None = None, kinds: tuple[str, ...] | None = None,
) -> tuple[Entry, ...]:  # fmt: skip
    """What happened, newest first.

    Args:
        model: only what concerns this model.
        at: only what had happened by this instant.
        before: the `cursor` of an entry: only those after it in the listing (the next page).
        kinds: only these kinds of entries; "job-failed" stands for those of the kind "job" that failed.
    """
    found: list[tuple[tuple, Entry]] = []
    for rank, teller in enumerate(_TELLERS):
        if kinds is None or teller.kind in kinds:
            found += _told(conn, rank, teller, model, at, limit, before)
        elif teller.kind == "audit" and ASKED in kinds:
            found += _told(conn, rank, _ASKED_FOR, model, at, limit, before)
        elif teller.kind == "job" and FAILED in kinds:
            found += _told(conn, rank, _FAILED_JOBS, model, at, limit, before)
    found = sorted(found, key=lambda pair: pair[0])[:limit]
    return tuple(entry for _, entry in found)


def _told(
    conn: sqlite3.Connection, rank: int, teller: _Teller, model: str | None, at: datetime | None, limit: int,
    before: str | None,
) -> list[tuple[tuple, Entry]]:  # fmt: skip
    where = [teller.where or f"{teller.at} IS NOT NULL"]
    args: list[Any] = []
    if model is not None:
        where.append("model = ?")
        args.append(model)
    if at is not None:
        where.append(f"{teller.at} <= ?")
        args.append(instant(at))
    if before is not None:
        clause, more = _after(teller, rank, before)
        where.append(clause)
        args += more
    # `versions` numbers start anew in every model: the name settles the order.
    tie = ", model DESC" if teller.id != "id" else ""
    order = f"ORDER BY {teller.at} DESC, {teller.id} DESC{tie}"
    source = f"{teller.table} WHERE {' AND '.join(where)}"
    rows = conn.execute(
        f"SELECT {teller.at}, {teller.id}, model, {teller.columns} FROM {source} {order} LIMIT ?", (*args, limit)
    ).fetchall()
    entries = []
    for when, id_, name, *values in rows:
        what, subject, text, by = teller.tell(*values)
        cursor = f"{when} {rank} {id_} {name or ''}"
        entry = Entry(moment(when), teller.kind, name, what, subject, text, by, cursor, id_)
        entries.append(((_reverse(when), rank, -id_, _reverse(name or "")), entry))
    return entries


class _reverse(str):  # noqa: N801
    """A text that sorts backwards."""

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)

    def __gt__(self, other: str) -> bool:
        return str.__lt__(self, other)


def _after(teller: _Teller, rank: int, cursor: str) -> tuple[str, list[Any]]:
    """The condition for rows that come after `cursor` in the listing: older, or of the same instant and later in it."""
    when, of, id_, name = cursor.split(" ", 3)
    if rank < int(of):
        return f"{teller.at} < ?", [when]
    if rank > int(of):
        return f"{teller.at} <= ?", [when]
    if teller.id == "id":
        return f"({teller.at}, id) < (?, ?)", [when, int(id_)]
    return f"({teller.at}, {teller.id}, model) < (?, ?, ?)", [when, int(id_), name]
