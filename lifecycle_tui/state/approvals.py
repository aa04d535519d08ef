"""Approvals: promotions that wait for a person's word, and what became of them. At most one waits for a model.

Asked for by the loop and by `promote` where `[rollout] approve` is declared; decided by the action `approve`. Who may
decide is the action's business.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.state.text import instant, maybe_moment, moment

ApprovalState = Literal["pending", "approved", "declined", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Approval:
    """One request.

    Attributes:
        version: what is to become champion.
        requested_by: the person, or what acts by itself: "schedule", "rule auc-degraded".
        note: the words of who decided.
        seq: what a plan must have seen to decide it.
    """

    id: int
    model: str
    version: int
    state: ApprovalState
    requested_by: str
    requested_at: datetime
    why: str | None
    decided_by: str | None
    decided_at: datetime | None
    note: str | None
    seq: int


SELECT = (
    "SELECT id, model, version, state, requested_by, requested_at, why, decided_by, decided_at, note, seq "
    "FROM approvals"
)


def row(found: Sequence[Any]) -> Approval:
    """A row of `SELECT` as a value."""
    id_, model, version, state, by, at, why, decided_by, decided_at, note, seq = found
    return Approval(
        id_, model, version, state, by, moment(at), why, decided_by, maybe_moment(decided_at), note, seq
    )  # fmt: skip


def request(tx: sqlite3.Connection, model: str, version: int, by: str, why: str | None, now: datetime) -> Approval:
    """Ask that a version becomes champion.

    A request for the same version that waits already is returned as it is; one for another version is withdrawn.
    """
    waits = pending(tx, model)
    if waits is not None and waits.version == version:
        return waits
    if waits is not None:
        _decide(tx, waits, "withdrawn", by, f"version {version} was asked for instead", now)
    cursor = tx.execute(
        "INSERT INTO approvals (model, version, requested_by, requested_at, why) VALUES (?, ?, ?, ?, ?)",
        (model, version, by, instant(now), why),
    )
    assert cursor.lastrowid is not None
    return _stored(tx, cursor.lastrowid)


def decide(
    tx: sqlite3.Connection, approval_id: int, state: ApprovalState, by: str, note: str | None, now: datetime
) -> Approval:
    """Approve, decline or withdraw a request that waits.

    Raises:
        UsageError: if there is no such request, or it was decided already.
    """
    found = get(tx, approval_id)
    if found is None:
        raise UsageError(f"there is no request {approval_id} for an approval")
    if found.state != "pending":
        raise UsageError(f"the promotion of {found.model} version {found.version} is {found.state} already")
    _decide(tx, found, state, by, note, now)
    return _stored(tx, approval_id)


def _decide(
    tx: sqlite3.Connection, found: Approval, state: ApprovalState, by: str, note: str | None, now: datetime
) -> None:
    tx.execute(
        "UPDATE approvals SET state = ?, decided_by = ?, decided_at = ?, note = ? WHERE id = ?",
        (state, by, instant(now), note, found.id),
    )


def _stored(tx: sqlite3.Connection, approval_id: int) -> Approval:
    found = get(tx, approval_id)
    assert found is not None
    return found


def get(conn: sqlite3.Connection, approval_id: int) -> Approval | None:
    """One request."""
    found = conn.execute(f"{SELECT} WHERE id = ?", (approval_id,)).fetchone()
    return None if found is None else row(found)


def pending(conn: sqlite3.Connection, model: str) -> Approval | None:
    """The request of a model that waits."""
    found = conn.execute(f"{SELECT} WHERE model = ? AND state = 'pending'", (model,)).fetchone()
    return None if found is None else row(found)


def all_pending(conn: sqlite3.Connection) -> tuple[Approval, ...]:
    """Every request that waits, by model."""
    found = conn.execute(f"{SELECT} WHERE state = 'pending' ORDER BY model").fetchall()
    return tuple(map(row, found))


def approvals(conn: sqlite3.Connection, model: str, limit: int = 50, before: int | None = None) -> tuple[Approval, ...]:
    """A model's requests, newest first; `before` is an id, for the next page."""
    where, args = ("", [model]) if before is None else (" AND id < ?", [model, before])
    found = conn.execute(f"{SELECT} WHERE model = ?{where} ORDER BY id DESC LIMIT ?", (*args, limit)).fetchall()
    return tuple(map(row, found))
