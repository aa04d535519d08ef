"""The action `undo`: takes back what an action did, by the action that leads back; an undo is undone like any other.

It leaves the row of that action, and one of its own that names what was undone: so the log shows both, and by whom.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.actions import inverse
from lifecycle_tui.actions.base import Action, Ask, Done, Draft, Parameter, Refused
from lifecycle_tui.actions.inverse import Inverse, inverses
from lifecycle_tui.actions.looking import command
from lifecycle_tui.state import audit
from lifecycle_tui.state.audit import AuditRow
from lifecycle_tui.state.database import State

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace

FAR = 1000
"""Entries of a person that are looked through for one subject."""


def _prepare(ask: Ask, workspace: Workspace | None) -> Mapping[str, Any]:
    """What the action that leads back must look at outside of a transaction: the files, checked as they would be."""
    assert workspace is not None
    with State.view(workspace.spec.root) as state, state.read() as conn:
        found = inverses(conn, _entry(conn, ask), ask)
    return {"one": [_prepared(one, ask, workspace) for one in found]}


def _prepared(one: Inverse, ask: Ask, workspace: Workspace) -> Mapping[str, Any] | None:
    action = _action(one)
    return None if action.prepare is None else action.prepare(replace(ask, values=one.values), workspace)


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    row = _entry(conn, ask)
    found = inverses(conn, row, ask)
    assert ask.prepared is not None
    prepared = ask.prepared["one"]
    if len(prepared) != len(found):
        raise Refused(f"entry {row.id} has moved since", "look again")
    note = ask.note or f"undo of entry {row.id}"
    drafts = [
        _action(one).plan(conn, replace(ask, values=one.values, note=note, prepared=more), workspace)
        for one, more in zip(found, prepared, strict=True)
    ]
    for draft in drafts:
        if draft.settled is not None:
            raise Refused(f"there is nothing to undo: {draft.settled}")

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        before, _ = audit.head(tx)
        # What it writes to files is written last; nothing is recorded of an undo that fails.
        done = [draft.commit(tx, now) for draft in drafts]
        after, _ = audit.head(tx)
        detail = {"undoes": row.id, "what": row.action, "entries": [*range(before + 1, after + 1)], "note": ask.note}
        id_ = audit.append(
            tx, inverse.UNDO, row.subject, now, model=row.model, detail=detail, who=ask.who, behind=ask.behind
        )
        job = next((one.job for one in done if one.job is not None), None)
        return Done(f"undone, as entry {id_}: {'; '.join(one.text for one in done)}", job)

    verb = "do again" if row.action == inverse.UNDO else "undo"
    what = f"{verb} {row.detail.get('what', row.action)} of {row.subject}, entry {row.id}"
    more = [line for draft in drafts for line in draft.lines]
    risks = [draft.risk or _action(one).risk for draft, one in zip(drafts, found, strict=True)]
    stops = any(one.action == "jobs cancel" for one in found)
    return Draft(
        row.subject,
        (f"{what} by {row.who} at {row.at:%Y-%m-%d %H:%M} UTC", *more),
        {"the entry": row.hash, **{name: value for draft in drafts for name, value in draft.seen.items()}},
        command("undo", row.id, note=ask.note),
        commit,
        row.model,
        None if stops else "`lifecycle undo` once more",
        risk="traffic" if "traffic" in risks else "low",
        diff=tuple(line for draft in drafts for line in draft.diff),
        lasting=inverse.LASTING["cancel"] if stops else None,
    )


def _action(one: Inverse) -> Action:
    # The registry lists this action too.
    from lifecycle_tui.actions.configure import EDIT
    from lifecycle_tui.actions.registry import ACTIONS

    return EDIT if one.action == EDIT.name else ACTIONS[one.action]


def _entry(conn: sqlite3.Connection, ask: Ask) -> AuditRow:
    """The entry that is meant; without a number the last thing that this person did, to this subject."""
    text, on = ask.text("entry"), ask.text("on")
    if text is not None:
        if not (text.isascii() and text.isdecimal() and 0 < len(text) <= 18):
            raise Refused(f"{text[:40]!r} is no number of an entry", "`lifecycle history --kind audit` lists them")
        found = inverse.entry(conn, int(text))
        if found is None:
            raise Refused(f"there is no entry {text} in the audit log", "`lifecycle history --kind audit` lists them")
        return found
    for row in audit.entries(conn, who=ask.who, limit=FAR):
        # A deployment is no deed of its own: what asked for it comes right before it.
        if row.who == ask.who and row.action != inverse.DEPLOY and (on is None or on in (row.model, row.subject)):
            return row
    about = "" if on is None else f" to {on}"
    raise Refused(f"{ask.who} has done nothing{about} that could be undone", "name an entry of the audit log")


UNDO = Action(
    "undo",
    "Undo",
    "Take back what an action did.",
    "ENTRY is its number in the audit log; without one it is the last thing that you did. What leads back is planned "
    "like any action: a promotion goes back to the champion before, an edit to the text before, if nobody has changed "
    "the file since. To undo an undo does it again. What cannot be undone says why: versions stay, messages were sent, "
    "stopped jobs do not go on.",
    (
        Parameter("entry", "entry", "Number of the entry; the last one of yours if left out.", required=False),
        Parameter(
            "on", "text", 'The last one of yours on this: a model, "alert 12", "plugin psi".',
            required=False, option=True,
        ),
    ),
    "low",
    ("lifecycle undo --dry-run", 'lifecycle undo 41 --note "it was the wrong model"', "lifecycle undo --on card-fraud"),
    _plan,
    prepare=_prepare,
    waits=True,
    urgent=True,
    key="u",
)  # fmt: skip
