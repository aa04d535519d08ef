"""The action `notifications resend`: messages that were given up are tried again, at once and from the beginning."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle_tui.actions.base import Action, Ask, Done, Draft, Parameter, Refused
from lifecycle_tui.actions.looking import command
from lifecycle_tui.state import audit, jobs, outbox
from lifecycle_tui.state.outbox import Notification

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace

ALL = "all"
MOST = 1000
LISTED = 8


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    words = _words(ask)
    rows = outbox.failed(conn, MOST) if words == (ALL,) else tuple(_one(conn, word) for word in dict.fromkeys(words))
    if not rows:
        raise Refused("no notification was given up")

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        for row in rows:
            outbox.again(tx, row.id, now)
            detail = {"notifier": row.notifier, "alert": row.alert_id, "error": row.last_error, "note": ask.note}
            subject = f"notification {row.id}"
            audit.append(tx, "resend", subject, now, detail=detail, who=ask.who, behind=ask.behind)
        id_ = jobs.enqueue(tx, "notify", None, {}, now, by=ask.who)
        return Done(f"job {id_} sends {_many(rows)}", id_)

    rest = len(rows) - LISTED
    lines = [f"notification {r.id} to {r.notifier}: alert {r.alert_id} {r.kind}; {r.last_error}" for r in rows[:LISTED]]
    return Draft(
        f"notification {rows[0].id}" if len(rows) == 1 else f"{len(rows)} notifications",
        (f"send {_many(rows)} again", *lines, *((f"and {rest} more",) if rest > 0 else ())),
        {f"notification {row.id}": row.seq for row in rows},
        command("notifications resend", *(row.id for row in rows), note=ask.note),
        commit,
        lasting="what was sent was sent",
    )


def _words(ask: Ask) -> tuple[str, ...]:
    given = ask.values.get("notification", ())
    return tuple(map(str, given)) if isinstance(given, list | tuple) else (str(given),)


def _one(conn: sqlite3.Connection, word: str) -> Notification:
    found = outbox.notification(conn, int(word)) if word.isascii() and word.isdecimal() and len(word) <= 18 else None
    if found is None:
        raise Refused(f"there is no notification {word[:40]!r}", "`lifecycle notifications list` lists them by number")
    if found.state != "failed":
        said = {"pending": "waits for its time", "sending": "is being sent", "sent": "was sent"}
        raise Refused(f"notification {word} {said.get(found.state, 'is not needed any more')}")
    return found


def _many(rows: tuple[Notification, ...]) -> str:
    return f"notification {rows[0].id}" if len(rows) == 1 else f"{len(rows)} notifications"


RESEND = Action(
    "notifications resend",
    "Send again",
    "Send again what could not be delivered.",
    "A message is tried five times within hours, and given up; what the receiver refuses (HTTP 4xx) is given up at "
    "once. This begins anew, e.g. once a token or an address is mended.",
    (Parameter("notification", "notification", 'Its number; several; or "all" that were given up.', many=True),),
    "low",
    ("lifecycle notifications resend 7", "lifecycle notifications resend all"),
    _plan,
    waits=True,
)
