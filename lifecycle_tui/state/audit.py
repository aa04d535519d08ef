"""The audit log: who did what, in a chain of hashes, so that a changed, inserted or removed row is noticed.

Every action writes its row in its own transaction (DESIGN §3.7). File permissions are the only boundary: who may write
the file may also write a whole new chain, which is why `head` can be copied elsewhere and compared later.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.state.text import dumps, instant, loads, moment

_BEGIN = "0" * 64
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing that somebody did.

    Attributes:
        who: the person: the one behind sudo where there is one.
        behind: the account that it was done as, when that is another.
        subject: what it was done to, e.g. "alert 12", "bikes/champion".
    """

    id: int
    at: datetime
    who: str
    behind: str | None
    action: str
    subject: str
    model: str | None
    detail: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """Whether the chain holds; `bad` is the id of the first row that does not fit."""

    ok: bool
    rows: int
    bad: int | None = None
    message: str = "the chain is whole"


def person() -> tuple[str, str | None]:
    """(who acts, the account they act as if it is another): SUDO_USER is believed for what it is, a hint."""
    try:
        account = getpass.getuser()
    except (OSError, KeyError):
        account = f"uid {os.getuid()}"
    sudo = os.environ.get("SUDO_USER")
    return (sudo, account) if sudo and sudo != account else (account, None)


def append(
    tx: sqlite3.Connection, action: str, subject: str, now: datetime, *, model: str | None = None,
    detail: Mapping[str, Any] | None = None, who: str | None = None, behind: str | None = None,
) -> int:  # fmt: skip
    """Add a row and return its id.

    Args:
        who: the actor; None takes the person at the keyboard. Policies name themselves, e.g. "rule auc-degraded".
        behind: the account that `who` acts as, where that is another.
    """
    name, behind = person() if who is None else (who, behind)
    id_, previous = head(tx)
    values = (instant(now), name, behind, action, subject, model, dumps(dict(detail or {})))
    found = _hash(id_ + 1, previous, values)
    tx.execute(
        "INSERT INTO audit (id, at, who, behind, action, subject, model, detail, previous, hash) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (id_ + 1, *values, previous, found),
    )
    tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('audit.head', ?)", (f"{id_ + 1} {found}",))
    return id_ + 1


def head(conn: sqlite3.Connection) -> tuple[int, str]:
    """(id, hash) of the last row."""
    found = conn.execute("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    return (0, _BEGIN) if found is None else (int(found[0]), str(found[1]))


def _hash(id_: int, previous: str, values: tuple) -> str:
    return hashlib.sha256(dumps([id_, previous, *values]).encode()).hexdigest()


def verify(conn: sqlite3.Connection) -> AuditCheck:
    """Walk the whole chain; says where it breaks, and notices missing rows at its end."""
    last, previous = 0, _BEGIN
    while True:
        rows = conn.execute(
            "SELECT id, at, who, behind, action, subject, model, detail, previous, hash FROM audit "
            "WHERE id > ? ORDER BY id LIMIT ?",
            (last, _PAGE),
        ).fetchall()
        for id_, *values, before, found in rows:
            if id_ != last + 1:
                return AuditCheck(False, last, id_, f"row {last + 1} is missing")
            if before != previous or found != _hash(id_, before, tuple(values)):
                return AuditCheck(False, last, id_, f"row {id_} is not what was written")
            last, previous = id_, found
        if len(rows) < _PAGE:
            break
    noted = conn.execute("SELECT value FROM meta WHERE key = 'audit.head'").fetchone()
    if (noted[0] if noted else f"0 {_BEGIN}") != f"{last} {previous}":
        return AuditCheck(False, last, last + 1, f"rows after {last} are missing, or the note of the last row is")
    return AuditCheck(True, last)


def entries(
    conn: sqlite3.Connection, *, model: str | None = None, limit: int = 50, before: int | None = None,
    who: str | None = None, action: str | None = None, since: datetime | None = None, until: datetime | None = None,
) -> tuple[AuditRow, ...]:  # fmt: skip
    """Rows, newest first.

    Args:
        before: an id, for the next page.
        who: done by this person, or as this account. action: only this one, e.g. "promote".
        since, until: from this instant on, and before that one.
    """
    wanted: list[tuple[str, tuple[Any, ...]]] = []
    wanted += [] if model is None else [("model = ?", (model,))]
    wanted += [] if before is None else [("id < ?", (before,))]
    wanted += [] if who is None else [("(who = ? OR behind = ?)", (who, who))]
    wanted += [] if action is None else [("action = ?", (action,))]
    wanted += [] if since is None else [("at >= ?", (instant(since),))]
    wanted += [] if until is None else [("at < ?", (instant(until),))]
    clause = f" WHERE {' AND '.join(text for text, _ in wanted)}" if wanted else ""
    args = [value for _, values in wanted for value in values]
    found = conn.execute(
        f"SELECT id, at, who, behind, action, subject, model, detail, hash FROM audit{clause} ORDER BY id DESC LIMIT ?",
        (*args, limit),
    ).fetchall()
    return tuple(AuditRow(i, moment(at), w, b, a, s, m, loads(d), h) for i, at, w, b, a, s, m, d, h in found)


def changes(detail: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """What an edit of the policy changed, as (key, old, new); None for one that is not set. Of other rows nothing."""
    told = detail.get("changes", [detail] if "key" in detail else [])
    found = told if isinstance(told, list) else []
    return [
        (str(change["key"]), _maybe(change.get("old")), _maybe(change.get("new")))
        for change in found
        if isinstance(change, Mapping) and "key" in change
    ]


def _maybe(value: object) -> str | None:
    return None if value is None else str(value)
