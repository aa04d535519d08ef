"""The actions `snooze` and `unsnooze`: alerts keep silent until some time, and are in force all the same."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from lifecycle_tui.actions.base import Action, Ask, Draft, Parameter, Refused
from lifecycle_tui.actions.looking import command, written
from lifecycle_tui.actions.on_alerts import ALERT, ALL, drafted, picked, several
from lifecycle_tui.state import clock, handling, outbox
from lifecycle_tui.state.alerts import AlertRow

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace

LONGEST = timedelta(days=366)
"""What is to be silent for longer is a rule that says too much."""

WRITE = "write 2h, 3d, 1w, 2026-02-01 or 2026-02-01T09:00"


def until(
    text: str,
    now: datetime,
    what: str = "an alert is snoozed",
    instead: str = "change its rule, or take it out of the file",
) -> datetime:
    """When a snooze or a pause ends: a span from now, a date (its begin) or a time, else UTC.

    Args:
        what, instead: of the refusal of more than a year.

    Raises:
        Refused: it is none of these, has passed, or is more than a year away.
    """
    found = _instant(text, now)
    if found <= now:
        raise Refused(f"{text!r} has passed: it is {now:%Y-%m-%d %H:%M} UTC", WRITE)
    if found - now > LONGEST:
        raise Refused(f"{what} for a year at most", instead)
    return found


def _instant(text: str, now: datetime) -> datetime:
    from lifecycle_tui.config.units import BadValueError, positive_duration

    text = text.strip()
    try:
        if len(text) <= 10 and text[:4].isdecimal() and text.count("-") == 2:
            return datetime.combine(date.fromisoformat(text), time.min, UTC)
        if text[:4].isdecimal() and "T" in text:
            found = datetime.fromisoformat(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        return now + positive_duration(text)
    except (ValueError, OverflowError):
        raise Refused(f"{text[:60]!r} is no time to wake at", WRITE) from None
    except BadValueError as exc:
        raise Refused(f"{text[:60]!r}: {exc.message}", WRITE) from None


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    rows = picked(conn, ask)
    at = until(ask.text("until") or "", clock.now(conn))

    def change(tx: sqlite3.Connection, row: AlertRow, now: datetime) -> dict[str, object]:
        handling.snooze(tx, row.id, at, ask.who, ask.note, now)
        return {"until": written(at), "before": written(row.snoozed_until) if row.sleeps(now) else None}

    one = len(rows) == 1
    return drafted(
        rows, ask, "snooze", "snooze", f"snoozed until {at:%Y-%m-%d %H:%M} UTC:", change,
        f"until {at:%Y-%m-%d %H:%M} UTC {'it sends no message and is' if one else 'they send no messages and are'} "
        "shown last; retraining and rollback go on",
        f"{'it wakes' if one else 'each wakes'} earlier when its severity rises, and ends when it resolves",
        same=("snooze", ask.text("until") or ""), undo=command("unsnooze", *(row.id for row in rows)),
    )  # fmt: skip


def _wake(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    now = clock.now(conn)
    found = picked(conn, ask)
    rows = tuple(row for row in found if row.sleeps(now)) or found
    settled = None if rows[0].sleeps(now) else f"awake already: {several(rows)}"

    def change(tx: sqlite3.Connection, row: AlertRow, now: datetime) -> dict[str, object]:
        handling.wake(tx, row.id, ask.who, ask.note or "", now)
        return {"before": written(row.snoozed_until)}

    waits = any(n.state == "pending" for row in rows for n in outbox.notifications(conn, row.id))
    more = ("what was held back is sent now",) if waits else ()
    ends = {row.snoozed_until for row in rows}
    back = command("snooze", *(row.id for row in rows), written(next(iter(ends)))) if len(ends) == 1 else None
    return drafted(
        rows, ask, "unsnooze", "wake", "awake:", change, *more, same=("unsnooze",),
        undo=back or "`lifecycle undo`: each sleeps again until its own time", settled=settled,
    )  # fmt: skip


SNOOZE = Action(
    "snooze",
    "Snooze an alert",
    "Keep alerts silent for a while.",
    "UNTIL is a span (2h, 3d, 1w), a date (its begin) or a time, in UTC unless it says otherwise. A snoozed alert "
    "stays in force for the policy; it sends no messages and is shown last. It wakes by itself, earlier when its "
    "severity rises; a message that was held back is then sent, if the alert is still open.",
    (ALERT, Parameter("until", "text", "When it wakes: 2h, 3d, 2026-02-01, 2026-02-01T09:00."), ALL),
    "low",
    (
        'lifecycle snooze 12 2h --note "the backfill ends at noon"',
        "lifecycle snooze 12 13 2026-02-01T09:00",
        "lifecycle snooze bikes 3d --all",
    ),
    _plan,
    file=False,
    key="z",
)

UNSNOOZE = Action(
    "unsnooze",
    "Wake an alert",
    "Wake alerts that are snoozed.",
    "Messages that were held back are sent now, if the alert is still open.",
    (ALERT, ALL),
    "low",
    ("lifecycle unsnooze 12", "lifecycle unsnooze bikes --all"),
    _wake,
    file=False,
    key="Z",
)
