"""The outbox: notifications that must go out, written in the transaction that opened or resolved the alert.

Sending happens after the commit, so a kill between the two loses nothing; a notification that was being sent by a
process that died is offered again, so a receiver may, rarely, see one twice and never misses one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from lifecycle_tui.state.processes import Process, alive
from lifecycle_tui.state.text import instant, maybe_moment, moment

NotificationState = Literal["pending", "sending", "sent", "failed", "dropped"]


@dataclass(frozen=True, slots=True)
class Notification:
    """One notifier to be told of one transition of an alert.

    Attributes:
        kind: the transition: "opened", "woken" (it was snoozed), "resolved".
        due_at: not before this; moved on after a failure.
        attempts: how often it was tried; last_error says what the last one met.
        process: who is sending it.
    """

    id: int
    alert_id: int
    notifier: str
    kind: str
    state: NotificationState
    due_at: datetime
    attempts: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None
    process: Process | None
    seq: int


_COLUMNS = "id, alert_id, notifier, kind, state, due_at, attempts, last_error, created_at, sent_at, process, seq"
SELECT = f"SELECT {_COLUMNS} FROM notifications"


def row(found: Sequence[Any]) -> Notification:
    """A row of `SELECT` as a value."""
    (id_, alert_id, notifier, kind, state, due_at, attempts, error, created_at, sent_at, process, seq) = found
    return Notification(
        id_, alert_id, notifier, kind, state, moment(due_at), attempts, error, moment(created_at),
        maybe_moment(sent_at), None if process is None else Process.parse(process), seq,
    )  # fmt: skip


def queue_notification(
    tx: sqlite3.Connection, alert_id: int, notifier: str, due_at: datetime, kind: str, now: datetime
) -> int | None:
    """Queue one; None if this notifier was told (or will be) of this transition already."""
    cursor = tx.execute(
        "INSERT OR IGNORE INTO notifications (alert_id, notifier, kind, due_at, created_at) VALUES (?, ?, ?, ?, ?)",
        (alert_id, notifier, kind, instant(due_at), instant(now)),
    )
    return cursor.lastrowid if cursor.rowcount == 1 else None


_ASLEEP = "EXISTS (SELECT 1 FROM alerts a WHERE a.id = alert_id AND a.snoozed_until > ?1 AND a.state <> 'resolved')"


def due(conn: sqlite3.Connection, now: datetime, ahead: timedelta = timedelta(0)) -> tuple[Notification, ...]:
    """Notifications that should go out now, oldest first, those included whose sender died; of snoozed alerts none.

    One that was queued in the future goes out now too: the machine's clock was set back, and nobody knows how far.
    After a failed attempt its next one is on the present clock.

    Args:
        ahead: those too that are due within this.
    """
    now_due = "(due_at <= ?2 OR created_at > ?2 AND due_at >= created_at)"
    found = conn.execute(
        f"{SELECT} WHERE state IN ('pending', 'sending') AND {now_due} AND NOT {_ASLEEP} ORDER BY due_at, id",
        (instant(now), instant(now + ahead)),
    ).fetchall()
    return tuple(n for n in map(row, found) if n.state == "pending" or n.process is None or alive(n.process) is False)


def waiting(conn: sqlite3.Connection) -> tuple[Notification, ...]:
    """Everything that has not gone out yet, due or not."""
    found = conn.execute(f"{SELECT} WHERE state IN ('pending', 'sending') ORDER BY due_at, id").fetchall()
    return tuple(map(row, found))


def coming(conn: sqlite3.Connection, now: datetime) -> bool:
    """Whether something waits for no more than its time: what a snooze holds back may wait for days."""
    sql = f"SELECT 1 FROM notifications WHERE state IN ('pending', 'sending') AND NOT {_ASLEEP} LIMIT 1"
    return conn.execute(sql, (instant(now),)).fetchone() is not None


def failed(conn: sqlite3.Connection, limit: int = 100) -> tuple[Notification, ...]:
    """What was given up, the last one queued first."""
    found = conn.execute(f"{SELECT} WHERE state = 'failed' ORDER BY id DESC LIMIT ?", (limit,)).fetchall()
    return tuple(map(row, found))


def claim_due(
    tx: sqlite3.Connection, now: datetime, process: Process, notifiers: Collection[str] | None = None,
    ahead: timedelta = timedelta(0),
) -> tuple[Notification, ...]:  # fmt: skip
    """Take what is due (within `ahead`) for sending (by these notifiers), so that no other process sends it as well."""
    taken = tuple(n for n in due(tx, now, ahead) if notifiers is None or n.notifier in notifiers)
    tx.executemany(
        "UPDATE notifications SET state = 'sending', process = ?, attempts = attempts + 1 WHERE id = ?",
        [(str(process), n.id) for n in taken],
    )
    again = (tx.execute(f"{SELECT} WHERE id = ?", (n.id,)).fetchone() for n in taken)
    return tuple(map(row, again))


def release(tx: sqlite3.Connection, ids: Iterable[int], due_at: datetime) -> None:
    """Give claimed ones back unsent, e.g. because their group is not complete; it does not count as an attempt."""
    tx.executemany(
        "UPDATE notifications SET state = 'pending', process = NULL, due_at = ?, attempts = attempts - 1 "
        "WHERE id = ? AND state = 'sending'",
        [(instant(due_at), id_) for id_ in ids],
    )


def mark_sent(tx: sqlite3.Connection, ids: Iterable[int], now: datetime) -> None:
    """They have gone out."""
    tx.executemany(
        "UPDATE notifications SET state = 'sent', sent_at = ?, process = NULL, last_error = NULL WHERE id = ?",
        [(instant(now), id_) for id_ in ids],
    )


def mark_failed(tx: sqlite3.Connection, ids: Iterable[int], error: str, again_at: datetime | None) -> None:
    """An attempt failed; the next one is at `again_at`, or never (None)."""
    if again_at is None:
        sql, args = "UPDATE notifications SET state = 'failed', process = NULL, last_error = ? WHERE id = ?", [error]
    else:
        sql = "UPDATE notifications SET state = 'pending', process = NULL, last_error = ?, due_at = ? WHERE id = ?"
        args = [error, instant(again_at)]
    tx.executemany(sql, [(*args, id_) for id_ in ids])


def notifications(conn: sqlite3.Connection, alert_id: int) -> tuple[Notification, ...]:
    """All notifications of one alert."""
    return tuple(map(row, conn.execute(f"{SELECT} WHERE alert_id = ? ORDER BY id", (alert_id,)).fetchall()))


def told(conn: sqlite3.Connection, alert_id: int, notifier: str) -> bool:
    """Whether a notifier has heard of an alert, or will: not where the message was dropped."""
    found = conn.execute(
        "SELECT state FROM notifications WHERE alert_id = ? AND notifier = ? AND kind = 'opened'", (alert_id, notifier)
    ).fetchone()
    return found is not None and found[0] != "dropped"


def drop(tx: sqlite3.Connection, alert_id: int, why: str) -> None:
    """What has not been said of an alert is not said any more."""
    tx.execute(
        "UPDATE notifications SET state = 'dropped', last_error = ? WHERE alert_id = ? AND state = 'pending'",
        (why, alert_id),
    )


def queue_woken(tx: sqlite3.Connection, alert_id: int, notifier: str, due_at: datetime, now: datetime) -> None:
    """Queue that an alert is awake and still open, each time that it is so; not where its opening still waits."""
    tx.execute(
        "INSERT INTO notifications (alert_id, notifier, kind, due_at, created_at) SELECT ?1, ?2, 'woken', ?3, ?4 "
        "WHERE NOT EXISTS (SELECT 1 FROM notifications WHERE alert_id = ?1 AND notifier = ?2 AND kind = 'opened' "
        "AND state IN ('pending', 'sending')) "
        "ON CONFLICT (alert_id, notifier, kind) DO UPDATE SET state = 'pending', due_at = excluded.due_at, "
        "created_at = excluded.created_at, attempts = 0, last_error = NULL, sent_at = NULL, process = NULL",
        (alert_id, notifier, instant(due_at), instant(now)),
    )


def again(tx: sqlite3.Connection, notification_id: int, now: datetime) -> bool:
    """Have sent once more what was given up; False if it was not."""
    cursor = tx.execute(
        "UPDATE notifications SET state = 'pending', due_at = ?, attempts = 0 WHERE id = ? AND state = 'failed'",
        (instant(now), notification_id),
    )
    return cursor.rowcount == 1


def notification(conn: sqlite3.Connection, notification_id: int) -> Notification | None:
    """One notification by its number."""
    found = conn.execute(f"{SELECT} WHERE id = ?", (notification_id,)).fetchone()
    return None if found is None else row(found)


def newest(conn: sqlite3.Connection, state: str | None = None, limit: int = 50) -> tuple[Notification, ...]:
    """Notifications, the last one queued first; those in `state` if given."""
    where, args = ("", []) if state is None else (" WHERE state = ?", [state])
    found = conn.execute(f"{SELECT}{where} ORDER BY id DESC LIMIT ?", (*args, limit)).fetchall()
    return tuple(map(row, found))
