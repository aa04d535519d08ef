"""Alerts and what happened to them. A model has at most one live alert for a rule; the table itself sees to that.

`store` is called where rules were decided; what people do to alerts is in `handling`; `status`, `check`, `history`
and the screens read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.state import models
from lifecycle_tui.state.text import dumps, instant, loads, maybe_instant, maybe_moment, moment

EventKind = Literal["opened", "continued", "resolved", "acknowledged", "unacknowledged", "snoozed", "woken", "assigned"]

_RANKS = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert as stored: the domain's value, and what only state knows of it.

    Attributes:
        snoozed_until: no messages before this; None if it is awake. snoozed_by: who said so.
        assigned_to: the person who looks after it; assigned_by: who said so.
    """

    alert: Alert
    seq: int
    acknowledged_at: datetime | None = None
    note: str | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    assigned_to: str | None = None
    assigned_by: str | None = None

    @property
    def id(self) -> int:
        """Its row id, by which `acknowledge` names it."""
        assert self.alert.id is not None
        return self.alert.id

    def sleeps(self, now: datetime) -> bool:
        """Whether it is snoozed at this instant of the loop's clock."""
        return self.alert.state != "resolved" and self.snoozed_until is not None and self.snoozed_until > now


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """Something that happened to an alert."""

    id: int
    alert_id: int
    model: str
    kind: EventKind
    at: datetime
    window: str | None
    by: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What `store` did with one alert; `alert` has its id.

    Attributes:
        slept: it was snoozed when this happened.
    """

    kind: EventKind
    alert: Alert
    slept: bool = False


_COLUMNS = (
    "id, model, rule, severity, state, since, opened_at, message, resolved_at, resolved_by, acknowledged_by, "
    "last_window, repeats, detail, seq, acknowledged_at, note, "
    "snoozed_until, snoozed_by, assigned_to, assigned_by"
)
SELECT = f"SELECT {_COLUMNS} FROM alerts"
# SQLite's guess falls now on this index, now on one that holds every alert there ever was.
LIVE = f"{SELECT} INDEXED BY alerts_live WHERE state <> 'resolved'"
"""Alerts that have not resolved, which cost the same however many have."""


def row(found: Sequence[Any]) -> AlertRow:
    """A row of `SELECT` as a value."""
    (id_, model, rule, severity, state, since, opened, message, resolved, resolved_by, *rest) = found
    (acknowledged_by, last_window, repeats, detail, seq, acknowledged_at, note, *people) = rest
    snoozed_until, snoozed_by, assigned_to, assigned_by = people
    alert = Alert(
        model, rule, severity, state, since, moment(opened), message, id_, maybe_moment(resolved), resolved_by,
        acknowledged_by, last_window, repeats, loads(detail),
    )  # fmt: skip
    return AlertRow(
        alert, seq, maybe_moment(acknowledged_at), note, maybe_moment(snoozed_until), snoozed_by, assigned_to,
        assigned_by,
    )  # fmt: skip


def store(
    tx: sqlite3.Connection,
    *,
    opened: Sequence[Alert] = (),
    continued: Sequence[Alert] = (),
    resolved: Sequence[Alert] = (),
    passed: Sequence[Alert] = (),
    now: datetime,
) -> tuple[Change, ...]:
    """Write what rules decided, and return what that changed, in order.

    Writing the same decision again changes nothing: an alert that is open already is not opened a second time, one
    that has gone on to this window is not counted again, one that is resolved stays so.

    Args:
        passed: alerts that opened and resolved while past windows were decided: they are history at once.
    """
    changes: list[Change] = []
    for alert in opened:
        changes += _open(tx, alert, now)
    for alert in continued:
        changes += _continue(tx, alert, now)
    for alert in resolved:
        changes += _resolve(tx, alert, now)
    for alert in passed:
        changes += _pass(tx, alert, now)
    for name in {change.alert.model for change in changes}:
        models.count_alerts(tx, name)
    return tuple(changes)


def _live(tx: sqlite3.Connection, alert: Alert) -> AlertRow | None:
    found = tx.execute(f"{LIVE} AND model = ? AND rule = ?", (alert.model, alert.rule)).fetchone()
    return None if found is None else row(found)


def _open(tx: sqlite3.Connection, alert: Alert, now: datetime) -> list[Change]:
    if _live(tx, alert) is not None:
        return _continue(tx, alert, now)
    if _told(tx, alert, "AND opened_at = ?", instant(alert.opened)):
        # A decision that is stored once more after its alert was resolved.
        return []
    return [Change("opened", _insert(tx, replace(alert, state="open", resolved=None)))]


def _pass(tx: sqlite3.Connection, alert: Alert, now: datetime) -> list[Change]:
    if _told(tx, alert):
        return []
    stored = _insert(tx, replace(alert, state="resolved", resolved=alert.resolved or now))
    event(tx, stored, "resolved", alert.resolved or now, stored.resolved_by, stored.resolved_by)
    return [Change("opened", stored), Change("resolved", stored)]


def _told(tx: sqlite3.Connection, alert: Alert, more: str = "", *args: str) -> bool:
    """Whether an alert of this streak, up to the same window, is stored already."""
    found = tx.execute(
        f"SELECT 1 FROM alerts WHERE model = ? AND rule = ? AND since = ? AND last_window = ? {more}",
        (alert.model, alert.rule, alert.since, alert.last_window or alert.since, *args),
    )
    return found.fetchone() is not None


def _insert(tx: sqlite3.Connection, alert: Alert) -> Alert:
    models.exists(tx, alert.model)
    last = alert.last_window or alert.since
    cursor = tx.execute(
        "INSERT INTO alerts (model, rule, severity, state, since, last_window, repeats, message, opened_at, "
        "resolved_at, resolved_by, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            alert.model, alert.rule, alert.severity, alert.state, alert.since, last, alert.repeats, alert.message,
            instant(alert.opened), maybe_instant(alert.resolved), alert.resolved_by, dumps(dict(alert.detail)),
        ),
    )  # fmt: skip
    stored = replace(alert, id=cursor.lastrowid, last_window=last)
    event(tx, stored, "opened", alert.opened, None, alert.message)
    return stored


def _continue(tx: sqlite3.Connection, alert: Alert, now: datetime) -> list[Change]:
    live = _live(tx, alert)
    if live is None:
        return []
    was = live.alert
    same = (was.last_window, was.message, was.severity) == (alert.last_window, alert.message, alert.severity)
    if same or (alert.last_window is None and was.message == alert.message):
        return []
    moved = alert.last_window is not None and alert.last_window != was.last_window
    repeats = max(was.repeats, alert.repeats)
    stored = replace(
        was, message=alert.message, severity=alert.severity, repeats=repeats, detail=alert.detail,
        last_window=alert.last_window or was.last_window,
    )  # fmt: skip
    tx.execute(
        "UPDATE alerts SET message = ?, severity = ?, repeats = ?, last_window = ?, detail = ? WHERE id = ?",
        (stored.message, stored.severity, repeats, stored.last_window, dumps(dict(stored.detail)), was.id),
    )
    if moved:
        event(tx, stored, "continued", now, None, alert.message)
    changes = [Change("continued", stored)]
    if live.snoozed_until is not None and _RANKS.index(stored.severity) > _RANKS.index(was.severity):
        awake(tx, stored, now, None, f"it has become {stored.severity}")
        changes.append(Change("woken", stored, slept=True))
    return changes


def _resolve(tx: sqlite3.Connection, alert: Alert, now: datetime) -> list[Change]:
    live = _live(tx, alert)
    if live is None or (alert.id is not None and alert.id != live.id):
        return []
    at = alert.resolved or now
    stored = replace(
        live.alert, state="resolved", resolved=at, resolved_by=alert.resolved_by,
        last_window=alert.last_window or live.alert.last_window,
    )  # fmt: skip
    tx.execute(
        "UPDATE alerts SET state = 'resolved', resolved_at = ?, resolved_by = ?, last_window = ?, "
        "snoozed_until = NULL WHERE id = ?",
        (instant(at), stored.resolved_by, stored.last_window, live.id),
    )
    event(tx, stored, "resolved", at, stored.resolved_by, stored.resolved_by)
    return [Change("resolved", stored, slept=live.sleeps(at))]


def awake(tx: sqlite3.Connection, alert: Alert, now: datetime, by: str | None, why: str) -> None:
    """A snoozed alert is awake again. Its messages are the caller's affair."""
    tx.execute("UPDATE alerts SET snoozed_until = NULL, snoozed_by = NULL WHERE id = ?", (alert.id,))
    event(tx, alert, "woken", now, by, why)


def acknowledge(tx: sqlite3.Connection, alert_id: int, by: str, note: str | None, now: datetime) -> AlertRow:
    """Say that a person has taken an alert on; it stays so until it resolves.

    Raises:
        UsageError: if there is no such alert, or it is resolved already.
    """
    found = alert(tx, alert_id)
    if found is None:
        raise UsageError(f"there is no alert {alert_id}", hint="`lifecycle status` lists the open ones with their ids")
    if found.alert.state == "resolved":
        raise UsageError(f"alert {alert_id} is resolved already")
    if found.alert.state == "open":
        tx.execute(
            "UPDATE alerts SET state = 'acknowledged', acknowledged_by = ?, acknowledged_at = ?, note = ? WHERE id = ?",
            (by, instant(now), note, alert_id),
        )
        event(tx, found.alert, "acknowledged", now, by, note)
    again = alert(tx, alert_id)
    assert again is not None
    return again


def unacknowledge(tx: sqlite3.Connection, alert_id: int, by: str, note: str | None, now: datetime) -> AlertRow:
    """Take an acknowledgement back: the alert is open again, and nobody has taken it on.

    Raises:
        UsageError: if there is no such alert, or it is resolved already.
    """
    found = alert(tx, alert_id)
    if found is None:
        raise UsageError(f"there is no alert {alert_id}", hint="`lifecycle status` lists the open ones with their ids")
    if found.alert.state == "resolved":
        raise UsageError(f"alert {alert_id} is resolved already")
    if found.alert.state == "acknowledged":
        tx.execute(
            "UPDATE alerts SET state = 'open', acknowledged_by = NULL, acknowledged_at = NULL, note = NULL "
            "WHERE id = ?",
            (alert_id,),
        )
        event(tx, found.alert, "unacknowledged", now, by, note)
    again = alert(tx, alert_id)
    assert again is not None
    return again


def event(
    tx: sqlite3.Connection, alert: Alert, kind: EventKind, at: datetime, by: str | None, text: str | None
) -> None:
    """Add to what happened to an alert."""
    tx.execute(
        "INSERT INTO alert_events (alert_id, model, kind, at, window, by, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (alert.id, alert.model, kind, maybe_instant(at), alert.last_window, by, text),
    )


def alert(conn: sqlite3.Connection, alert_id: int) -> AlertRow | None:
    """One alert by its id."""
    found = conn.execute(f"{SELECT} WHERE id = ?", (alert_id,)).fetchone()
    return None if found is None else row(found)


def open_alerts(conn: sqlite3.Connection, model: str | None = None) -> tuple[AlertRow, ...]:
    """Alerts that have not resolved, of one model or of all, worst first, then oldest first."""
    where, args = ("", []) if model is None else (" AND model = ?", [model])
    order = "CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, opened_at, id"
    found = conn.execute(f"{LIVE}{where} ORDER BY {order}", args).fetchall()
    return tuple(map(row, found))


def alerts(
    conn: sqlite3.Connection, *, model: str | None = None, state: str | None = None, limit: int = 50,
    before: tuple[datetime, int] | None = None,
) -> tuple[AlertRow, ...]:  # fmt: skip
    """Alerts of any state, newest first.

    Args:
        before: (opened, id) of the last one of the page before.
    """
    where: list[str] = []
    args: list[Any] = []
    if model is not None:
        where.append("model = ?")
        args.append(model)
    if state is not None:
        where.append("state = ?")
        args.append(state)
    if before is not None:
        where.append("(opened_at, id) < (?, ?)")
        args += [instant(before[0]), before[1]]
    clause = f" WHERE {' AND '.join(where)}" if where else ""
    found = conn.execute(f"{SELECT}{clause} ORDER BY opened_at DESC, id DESC LIMIT ?", (*args, limit)).fetchall()
    return tuple(map(row, found))


def resolved_alerts(
    conn: sqlite3.Connection, model: str | None = None, limit: int = 50, before: tuple[datetime, int] | None = None
) -> tuple[tuple[AlertRow, int], ...]:
    """Alerts that resolved, the last one first, each with the number of the event of it.

    They are found by their events, which are in order of time however long an alert was open.

    Args:
        before: (when it resolved, number of the event) of the last one of the page before.
    """
    where, args = ["kind = 'resolved'"], list[Any]()
    if model is not None:
        where.append("model = ?")
        args.append(model)
    if before is not None:
        where.append("(at, id) < (?, ?)")
        args += [instant(before[0]), before[1]]
    found = conn.execute(
        f"SELECT id, alert_id FROM alert_events WHERE {' AND '.join(where)} ORDER BY at DESC, id DESC LIMIT ?",
        (*args, limit),
    ).fetchall()
    rows: dict[int, AlertRow] = {}
    for start in range(0, len(found), 900):  # SQLite's oldest limit on parameters is 999
        ids = [alert_id for _, alert_id in found[start : start + 900]]
        marks = ", ".join("?" * len(ids))
        rows |= {r.id: r for r in map(row, conn.execute(f"{SELECT} WHERE id IN ({marks})", ids).fetchall())}
    return tuple((rows[alert_id], event) for event, alert_id in found)


def of_event(conn: sqlite3.Connection, event_id: int) -> AlertRow | None:
    """The alert that an event happened to."""
    found = conn.execute(
        f"{SELECT} WHERE id = (SELECT alert_id FROM alert_events WHERE id = ?)", (event_id,)
    ).fetchone()
    return None if found is None else row(found)


def events(conn: sqlite3.Connection, alert_id: int) -> tuple[AlertEvent, ...]:
    """What happened to one alert, oldest first."""
    found = conn.execute(
        "SELECT id, alert_id, model, kind, at, window, by, text FROM alert_events WHERE alert_id = ? ORDER BY id",
        (alert_id,),
    ).fetchall()
    return tuple(AlertEvent(i, a, m, k, moment(at), w, b, t) for i, a, m, k, at, w, b, t in found)
