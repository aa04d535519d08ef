"""The action `assign`: says who looks after alerts."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle_tui.actions.base import Action, Ask, Draft, Parameter, Refused
from lifecycle_tui.actions.looking import command
from lifecycle_tui.actions.on_alerts import ALERT, ALL, drafted, picked, several
from lifecycle_tui.state import handling
from lifecycle_tui.state.alerts import AlertRow

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace

LONGEST = 100
ME, NOBODY = "me", "nobody"


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    found = picked(conn, ask)
    to = _person(ask)
    rows = tuple(row for row in found if row.assigned_to != to) or found
    settled = None
    if rows[0].assigned_to == to:
        settled = f"{f'assigned to {to}' if to is not None else 'assigned to nobody'} already: {several(rows)}"

    def change(tx: sqlite3.Connection, row: AlertRow, now: datetime) -> dict[str, object]:
        handling.assign(tx, row.id, to, ask.who, ask.note, now)
        return {"to": to, "before": row.assigned_to}

    name = NOBODY if to is None else to
    before = {row.assigned_to for row in rows}
    undo = "`lifecycle undo`: each goes back to whom it was assigned to"
    if len(before) == 1:
        undo = command("assign", *(row.id for row in rows), next(iter(before)) or NOBODY)
    return drafted(
        rows, ask, "assign", f"assign to {name}:", f"assigned to {name}:", change, "messages and lists name the person",
        same=("assign", name), undo=undo, settled=settled,
    )  # fmt: skip


def _person(ask: Ask) -> str | None:
    name = (ask.text("person") or "").strip()
    if name == NOBODY:
        return None
    if name == ME:
        return ask.who
    if not name or len(name) > LONGEST or not name.isprintable():
        raise Refused("that is no name of a person", 'a name of your choice; "me" is you, "nobody" takes it back')
    return name


ASSIGN = Action(
    "assign",
    "Assign an alert",
    "Say who looks after alerts.",
    'PERSON is a name as your team writes it; "me" is you, "nobody" takes it back. Lists, JSON and messages name the '
    "person; `lifecycle status --mine` lists what is assigned to you.",
    (ALERT, Parameter("person", "text", 'Who looks after it; "me", or "nobody".'), ALL),
    "low",
    ("lifecycle assign 12 ana", "lifecycle assign 12 13 me", "lifecycle assign bikes nobody --all"),
    _plan,
    file=False,
    key="@",
)
