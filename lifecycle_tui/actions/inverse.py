"""What takes an action back: for a row of the audit log the action that leads to where things were before, or why none.

Pure but for its reads. Nothing is taken back that has moved on since: an undo gives back what the action itself took.
Called by `undo`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle_tui.actions import kept
from lifecycle_tui.actions.base import Ask, Refused
from lifecycle_tui.actions.looking import champion_of, root_of, to_come, written
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state import alerts, approvals, audit, clock, jobs, pauses
from lifecycle_tui.state.alerts import AlertRow
from lifecycle_tui.state.audit import AuditRow
from lifecycle_tui.state.jobs import Job

UNDO = "undo"
"""What the audit log calls one."""
DEPLOY = "deploy"
"""What it calls the work that a promotion or a rollback has set off, in the name of who asked for it."""


@dataclass(frozen=True, slots=True)
class Inverse:
    """An action, by its name, and what it is given."""

    action: str
    values: Mapping[str, Any]


def entry(conn: sqlite3.Connection, id_: int) -> AuditRow | None:
    """One row of the audit log."""
    found = audit.entries(conn, before=id_ + 1, limit=1)
    return found[0] if found and found[0].id == id_ else None


def undone_by(conn: sqlite3.Connection, row: AuditRow) -> AuditRow | None:
    """The undo that has taken this row back, unless that was undone itself."""
    found = conn.execute(
        "SELECT id FROM audit WHERE id > ? AND action = ? AND json_extract(detail, '$.undoes') = ? ORDER BY id DESC",
        (row.id, UNDO, row.id),
    ).fetchall()
    for (id_,) in found:
        taken = entry(conn, id_)
        if taken is not None and undone_by(conn, taken) is None:
            return taken
    return None


def inverses(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> list[Inverse]:
    """What takes a row back; several where it was done to several things at once.

    Raises:
        Refused: it cannot be undone, or what it did has moved on since.
    """
    by = undone_by(conn, row)
    if by is not None:
        raise Refused(
            f"entry {row.id} was undone already by {by.who} at {by.at:%Y-%m-%d %H:%M} UTC",
            f"`lifecycle undo {by.id}` does it again",
        )
    if row.action == UNDO:
        rows = [entry(conn, int(id_)) for id_ in row.detail.get("entries", ())]
        return _gathered([_one(conn, found, ask) for found in rows if found is not None])
    return _gathered(_those_left(conn, _together(conn, row), ask))


def _those_left(conn: sqlite3.Connection, rows: Sequence[AuditRow], ask: Ask) -> list[Inverse]:
    """Of several alerts those that have not resolved since; where none is left, why."""
    found: list[Inverse] = []
    gone: Refused | None = None
    for row in rows:
        try:
            found.append(_one(conn, row, ask))
        except _Gone as exc:
            gone = exc
    if gone is not None and not found:
        raise gone
    return found


def _together(conn: sqlite3.Connection, row: AuditRow) -> Sequence[AuditRow]:
    """The rows that one action on several alerts has left."""
    ids = row.detail.get("together")
    if not isinstance(ids, list):
        return (row,)
    near = audit.entries(conn, before=row.id + len(ids), limit=2 * len(ids))
    same = [r for r in near if (r.action, r.who, r.at, r.detail.get("together")) == (row.action, row.who, row.at, ids)]
    return same[::-1]


def _gathered(found: Sequence[Inverse]) -> list[Inverse]:
    """The same thing for several alerts is one action."""
    joined: list[Inverse] = []
    for inverse in found:
        rest = {k: v for k, v in inverse.values.items() if k != "alert"}
        last = joined[-1] if joined else None
        if last is None or "alert" not in inverse.values or last.action != inverse.action or rest != {
            k: v for k, v in last.values.items() if k != "alert"
        }:  # fmt: skip
            joined.append(inverse)
        else:
            joined[-1] = Inverse(last.action, {**rest, "alert": (*last.values["alert"], *inverse.values["alert"])})
    return joined


def _one(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    if (why := LASTING.get(row.action)) is not None:
        raise Refused(f"{row.action} of {row.subject} cannot be undone: {why}")
    make = _INVERSES.get(row.action)
    if make is None:
        raise Refused(f"{row.action!r} of {row.subject} is nothing that a person can undo")
    return make(conn, row, ask)


# Alerts


class _Gone(Refused):
    """What it was done to is no more."""


def _alert(conn: sqlite3.Connection, row: AuditRow) -> AlertRow:
    found = alerts.alert(conn, int(row.subject.removeprefix("alert ")))
    if found is None or found.alert.state == "resolved":
        raise _Gone(f"{row.subject} has resolved since", "there is nothing left to undo")
    return found


def _moved(row: AuditRow, now: str) -> Refused:
    return Refused(f"{row.subject} has changed since {row.action} by {row.who}: {now}", "what others did since stays")


def _ack(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    found = _alert(conn, row)
    if found.alert.state != "acknowledged":
        raise _moved(row, "it is not acknowledged")
    return Inverse("unack", {"alert": (found.id,)})


def _unack(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    found = _alert(conn, row)
    if found.alert.state == "acknowledged":
        raise _moved(row, f"it is acknowledged by {found.alert.acknowledged_by}")
    return Inverse("ack", {"alert": (found.id,), "acknowledged_by": row.detail.get("acknowledged_by")})


def _snooze(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    found = _alert(conn, row)
    until = row.detail.get("until")
    if found.snoozed_until is None or written(found.snoozed_until) != until:
        raise _moved(row, "it is awake" if found.snoozed_until is None else "it sleeps until another time")
    before = row.detail.get("before")
    if to_come(before, clock.now(conn)):
        return Inverse("snooze", {"alert": (found.id,), "until": before})
    return Inverse("unsnooze", {"alert": (found.id,)})


def _unsnooze(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    found = _alert(conn, row)
    if found.sleeps(clock.now(conn)):
        raise _moved(row, f"it is snoozed until {found.snoozed_until:%Y-%m-%d %H:%M} UTC")
    before = row.detail.get("before")
    if not to_come(before, clock.now(conn)):
        raise Refused(
            f"{row.subject} would have woken by itself by now", f"`lifecycle snooze {found.id} 2h` snoozes it"
        )
    return Inverse("snooze", {"alert": (found.id,), "until": before})


def _assign(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    found = _alert(conn, row)
    if found.assigned_to != row.detail.get("to"):
        raise _moved(row, f"it is assigned to {found.assigned_to or 'nobody'}")
    return Inverse("assign", {"alert": (found.id,), "person": row.detail.get("before") or "nobody"})


# Traffic


def _job(conn: sqlite3.Connection, row: AuditRow) -> Job | None:
    number = row.detail.get("job")
    return None if number is None else jobs.job(conn, int(number))


def _stopped(job: Job) -> Inverse | None:
    """What is still under way is stopped."""
    if job.state not in ("queued", "running"):
        return None
    if job.cancel:
        raise Refused(f"job {job.id} was asked to stop already", "ask again when it has ended")
    return Inverse("jobs cancel", {"job": job.id})


def _promote(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    model = row.model or ""
    if row.detail.get("job") is None:
        waits = approvals.pending(conn, model)
        if waits is None or waits.id != row.detail.get("approval"):
            raise Refused(
                f"somebody has decided on the promotion of {row.subject} since", "its own entry can be undone"
            )
        return Inverse("approve", {"model": model, "decline": True})
    return _served(conn, row, None)


def _rollback(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    return _served(conn, row, row.detail.get("previous"))


def _served(conn: sqlite3.Connection, row: AuditRow, before: int | None) -> Inverse:
    """Back to the version that served before this deployment, which is asked no gates again."""
    job, model, version = _job(conn, row), row.model or "", row.detail.get("version")
    if job is None:
        raise Refused(f"the job of entry {row.id} is not known any more")
    if (stop := _stopped(job)) is not None:
        return stop
    if job.state != "done":
        raise Refused(f"nothing came of it: job {job.id} {job.state}", "there is nothing to undo")
    _, champion = champion_of(conn, model)
    if champion != version:
        raise Refused(f"version {champion} serves {model} by now", f"`lifecycle rollback {model}` goes back from there")
    before = before if before is not None else job.payload.get("champion")
    if before is None:
        raise Refused(
            f"version {version} is the first champion of {model}: none before it could serve again",
            f"`lifecycle promote {model} VERSION` makes another one serve",
        )
    return Inverse("rollback", {"model": model, "version": str(before)})


def _decline(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    return Inverse("promote", {"model": row.model, "version": str(row.detail.get("version"))})


def _work(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    job = _job(conn, row)
    stop = None if job is None else _stopped(job)
    if stop is None:
        raise Refused(f"{row.action} of {row.subject} cannot be undone: its job has ended, and {_STAYS[row.action]}")
    return stop


_STAYS = {
    "retrain": "a version that was made stays in the registry; it serves only where it was promoted",
    "check": "what was observed stays",
}


# Pauses, plugins, the file


def _pause(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    found, model = pauses.pause_of(conn, row.model or ""), row.model or ""
    if found is None or not found.holds(clock.now(conn)):
        raise _moved(row, "it is not paused")
    if (found.by, written(found.until)) != (row.who, row.detail.get("until")):
        raise _moved(row, f"it is {found.said()}")
    before = row.detail.get("before")
    return Inverse("resume", {"model": model}) if before is None else _paused(conn, row, model, before)


def _resume(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    found, model = pauses.pause_of(conn, row.model or ""), row.model or ""
    if found is not None and found.holds(clock.now(conn)):
        raise _moved(row, f"it is {found.said()}")
    return _paused(conn, row, model, row.detail.get("before") or {})


def _paused(conn: sqlite3.Connection, row: AuditRow, model: str, before: Mapping[str, Any]) -> Inverse:
    until = before.get("until")
    if until is not None and not to_come(until, clock.now(conn)):
        raise Refused(f"the pause of {model} would be over by now", f"`lifecycle pause {model}` pauses it anew")
    return Inverse("pause", {"model": model, **({} if until is None else {"until": until})})


def _disable(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    return Inverse("plugins enable", {"plugin": row.detail.get("plugin")})


def _enable(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    return Inverse("plugins disable", {"plugin": row.detail.get("plugin")})


def _configure(conn: sqlite3.Connection, row: AuditRow, ask: Ask) -> Inverse:
    """The text before, if the file is as the edit has left it."""
    from pathlib import Path

    from lifecycle_tui.config.sources import shown

    path, after, before = Path(str(row.detail.get("file"))), row.detail.get("after"), row.detail.get("before")
    name = shown(path)
    try:
        now = path.read_bytes()
    except OSError as exc:
        raise Refused(f"{name} cannot be read: {exc.strerror}", "nothing was changed") from exc
    if after is None or before is None:
        raise Refused(f"entry {row.id} is older than undoing edits: the text before was not kept", _by_hand(row))
    if kept.digest(now) != after:
        raise Refused(f"{name} has been changed since: undoing this edit would lose that", _by_hand(row))
    text = kept.text_of(root_of(conn), before)
    if text is None:
        why = "it holds a secret as text, or newer ones took its place"
        raise Refused(f"the text of {name} before is not kept: {why}", _by_hand(row))
    try:
        from lifecycle_tui.actions.configure import whole_values

        return Inverse("config edit", whole_values(root_of(conn), {path: now}, {path: text}))
    except LifecycleError as exc:
        raise Refused(exc.message, exc.hint) from exc


def _by_hand(row: AuditRow) -> str:
    key, old = row.detail.get("key"), row.detail.get("old")
    if key is None:
        return "`lifecycle config set` changes single keys"
    return f"`lifecycle config unset {key}`" if old is None else f"it was {key} = {old}"


LASTING = {
    "cancel": "what was stopped does not go on; ask for it anew",
    "resend": "what was sent was sent",
    "register": "a version stays in the registry; it serves nothing before it is promoted",
}
"""Word of the audit log → why there is no way back."""

_INVERSES: dict[str, Callable[[sqlite3.Connection, AuditRow, Ask], Inverse]] = {
    "acknowledge": _ack,
    "unacknowledge": _unack,
    "snooze": _snooze,
    "unsnooze": _unsnooze,
    "assign": _assign,
    "promote": _promote,
    "approve": _promote,
    "decline": _decline,
    DEPLOY: _rollback,
    "rollback": _rollback,
    "retrain": _work,
    "check": _work,
    "pause": _pause,
    "resume": _resume,
    "disable": _disable,
    "enable": _enable,
    "configure": _configure,
}
"""Word of the audit log → what takes it back."""
