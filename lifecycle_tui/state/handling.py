"""What people do to alerts besides acknowledging: snooze and wake them, and say who looks after them.

A snoozed alert stays in force for everything that the loop decides; it only sends no messages (`outbox.due`) and is
shown last. Called by the actions of these names, and by the loop, which wakes alerts when their time has come.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.state import alerts, models
from lifecycle_tui.state.alerts import AlertRow
from lifecycle_tui.state.text import instant, maybe_moment


def snooze(
    tx: sqlite3.Connection, alert_id: int, until: datetime, by: str, note: str | None, now: datetime
) -> AlertRow:
    """Have an alert keep silent until then; one that is snoozed already sleeps until the new instant.

    Raises:
        UsageError: there is no such alert, it is resolved, or `until` has passed.
    """
    row = _live(tx, alert_id)
    if until <= now:
        raise UsageError("an alert is snoozed until some time that is to come")
    tx.execute("UPDATE alerts SET snoozed_until = ?, snoozed_by = ? WHERE id = ?", (instant(until), by, alert_id))
    said = f"until {until:%Y-%m-%d %H:%M} UTC" + (f": {note}" if note else "")
    alerts.event(tx, row.alert, "snoozed", now, by, said)
    models.count_alerts(tx, row.alert.model)
    return _live(tx, alert_id)


def wake(tx: sqlite3.Connection, alert_id: int, by: str | None, why: str, now: datetime) -> AlertRow:
    """Wake an alert that is snoozed; nothing happens to one that is awake. Its messages are the caller's affair.

    Raises:
        UsageError: there is no such alert, or it is resolved.
    """
    row = _live(tx, alert_id)
    if row.snoozed_until is None:
        return row
    alerts.awake(tx, row.alert, now, by, why)
    models.count_alerts(tx, row.alert.model)
    return _live(tx, alert_id)


def assign(tx: sqlite3.Connection, alert_id: int, to: str | None, by: str, note: str | None, now: datetime) -> AlertRow:
    """Say who looks after an alert; None for nobody.

    Raises:
        UsageError: there is no such alert, or it is resolved.
    """
    row = _live(tx, alert_id)
    if row.assigned_to != to:
        tx.execute(
            "UPDATE alerts SET assigned_to = ?, assigned_by = ? WHERE id = ?",
            (to, None if to is None else by, alert_id),
        )
        said = (f"to {to}" if to is not None else f"no longer to {row.assigned_to}") + (f": {note}" if note else "")
        alerts.event(tx, row.alert, "assigned", now, by, said)
    return _live(tx, alert_id)


def to_wake(conn: sqlite3.Connection, now: datetime, model: str | None = None) -> tuple[AlertRow, ...]:
    """Snoozed alerts whose time has come, of one model or of all; the first one first."""
    where, args = ("", [instant(now)]) if model is None else (" AND model = ?", [instant(now), model])
    found = conn.execute(
        f"{alerts.SELECT} WHERE snoozed_until IS NOT NULL AND snoozed_until <= ?{where} ORDER BY snoozed_until, id",
        args,
    ).fetchall()
    return tuple(map(alerts.row, found))


def next_wake(conn: sqlite3.Connection, now: datetime) -> datetime | None:
    """When the next snoozed alert wakes."""
    (found,) = conn.execute("SELECT min(snoozed_until) FROM alerts WHERE snoozed_until > ?", (instant(now),)).fetchone()
    return maybe_moment(found)


def _live(conn: sqlite3.Connection, alert_id: int) -> AlertRow:
    found = alerts.alert(conn, alert_id)
    if found is None:
        raise UsageError(f"there is no alert {alert_id}", hint="`lifecycle status` lists the open ones with their ids")
    if found.alert.state == "resolved":
        raise UsageError(f"alert {alert_id} is resolved already")
    return found
