"""The action `ack`: a person takes an alert on."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle_tui.actions.base import Action, Ask, Done, Draft, Parameter, Refused
from lifecycle_tui.actions.looking import command
from lifecycle_tui.state import alerts, audit

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    id_ = int(ask.values["alert"])
    found = alerts.alert(conn, id_)
    if found is None:
        raise Refused(f"there is no alert {id_}", "`lifecycle status` lists the open ones by number")
    if found.alert.state == "resolved":
        raise Refused(f"alert {id_} resolved at {found.alert.resolved:%Y-%m-%d %H:%M} UTC")
    told = f"alert {id_}: {found.alert.model} {found.alert.rule}: {found.alert.message}"
    settled = None
    if found.alert.state == "acknowledged":
        settled = f"acknowledged already by {found.alert.acknowledged_by or '?'}: {told}"

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        done = alerts.acknowledge(tx, id_, ask.who, ask.note, now)
        detail = {"rule": done.alert.rule, "severity": done.alert.severity, "note": ask.note}
        audit.append(
            tx,
            "acknowledge",
            f"alert {id_}",
            now,
            model=done.alert.model,
            detail=detail,
            who=ask.who,
            behind=ask.behind,
        )
        return Done(f"acknowledged {told}")

    lines = (
        f"acknowledge {told}",
        "it stays acknowledged until it resolves, and goes on counting as firing",
    )
    return Draft(
        f"alert {id_}", lines, {"the alert": found.seq}, command("ack", id_, note=ask.note), commit,
        model=found.alert.model, settled=settled,
    )  # fmt: skip


ACK = Action(
    "ack",
    "Acknowledge an alert",
    "Acknowledge an alert.",
    "ALERT is its number, as `lifecycle status` lists it. The alert stays acknowledged until it resolves; it goes on "
    "counting as firing.",
    (Parameter("alert", "alert", "Number of the alert."),),
    "low",
    (
        'lifecycle ack 12 --note "upstream fixed the currency, backfill is running"',
        "lifecycle ack 12 --dry-run",
    ),
    _plan,
    file=False,
    key="a",
)
