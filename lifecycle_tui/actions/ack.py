"""The action `ack`: a person takes alerts on."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle_tui.actions.base import Action, Ask, Draft
from lifecycle_tui.actions.looking import command
from lifecycle_tui.actions.on_alerts import ALERT, ALL, drafted, picked, several, told
from lifecycle_tui.state import alerts
from lifecycle_tui.state.alerts import AlertRow

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    found = picked(conn, ask)
    rows = tuple(row for row in found if row.alert.state != "acknowledged") or found
    settled = None
    if rows[0].alert.state == "acknowledged":
        by = rows[0].alert.acknowledged_by or "?"
        settled = f"acknowledged already: {several(rows)}"
        if len(rows) == 1:
            settled = f"acknowledged already by {by}: {told(rows[0])}"

    def change(tx: sqlite3.Connection, row: AlertRow, now: datetime) -> dict[str, object]:
        # An undo gives it back to whom it was taken from.
        alerts.acknowledge(tx, row.id, ask.text("acknowledged_by") or ask.who, ask.note, now)
        return {}

    one = len(rows) == 1
    stays = "it stays acknowledged until it resolves" if one else "they stay acknowledged until they resolve"
    return drafted(
        rows, ask, "acknowledge", "acknowledge", "acknowledged", change,
        f"{stays}, and {'goes' if one else 'go'} on counting as firing", same=("ack",),
        undo=command("unack", *(row.id for row in rows)), settled=settled,
    )  # fmt: skip


def _plan_back(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    found = picked(conn, ask)
    rows = tuple(row for row in found if row.alert.state == "acknowledged") or found
    settled = None if rows[0].alert.state == "acknowledged" else f"not acknowledged: {several(rows)}"

    def change(tx: sqlite3.Connection, row: AlertRow, now: datetime) -> dict[str, object]:
        alerts.unacknowledge(tx, row.id, ask.who, ask.note, now)
        return {"acknowledged_by": row.alert.acknowledged_by}

    return drafted(
        rows, ask, "unacknowledge", "take back the acknowledgement of", "no longer acknowledged:", change,
        "nobody has taken it on then" if len(rows) == 1 else "nobody has taken them on then",
        same=("unack",), undo=command("ack", *(row.id for row in rows)), settled=settled,
    )  # fmt: skip


UNACK = Action(
    "unack",
    "Unacknowledge",
    "Take back that alerts are acknowledged.",
    "The alert is open again, as if nobody had taken it on; who had is kept in the audit log.",
    (ALERT, ALL),
    "low",
    ('lifecycle unack 12 --note "it was another one"', "lifecycle unack bikes --all"),
    _plan_back,
    file=False,
)

ACK = Action(
    "ack",
    "Acknowledge an alert",
    "Acknowledge alerts.",
    "ALERT is its number, as `lifecycle status` lists it. The alert stays acknowledged until it resolves; it goes on "
    "counting as firing.",
    (ALERT, ALL),
    "low",
    (
        'lifecycle ack 12 --note "upstream fixed the currency, backfill is running"',
        "lifecycle ack 12 13 --dry-run",
        "lifecycle ack bikes --all",
    ),
    _plan,
    file=False,
    key="a",
)
