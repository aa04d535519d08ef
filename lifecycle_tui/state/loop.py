"""The loop's memory of each model. Written in the transaction that enqueues what a step set off; read by every viewer.

The memory itself is JSON that `policy.loop.LoopState` reads; `next` and `due_at` are for people.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.state import models
from lifecycle_tui.state.text import dumps, instant, loads, maybe_instant, maybe_moment, moment

LOOKED_AT = ("windows", "alerts", "aliases", "jobs", "judgements", "approvals")
"""Tables of the feed that a step's facts come from; a removed champion alias shows in `models`."""


@dataclass(frozen=True, slots=True)
class LoopRow:
    """What the loop remembers of a model.

    Attributes:
        state: the memory, JSON values.
        next: one sentence: what happens next; due_at: when, if the clock alone can bring it.
    """

    model: str
    state: Mapping[str, Any]
    next: str | None
    due_at: datetime | None
    stepped_at: datetime
    seq: int


def get(conn: sqlite3.Connection, model: str) -> LoopRow | None:
    """The memory of one model; None before its first step."""
    found = conn.execute(
        "SELECT model, state, next, due_at, stepped_at, seq FROM loop WHERE model = ?", (model,)
    ).fetchone()
    if found is None:
        return None
    name, state, following, due, stepped, seq = found
    return LoopRow(name, loads(state), following, maybe_moment(due), moment(stepped), seq)


def due(conn: sqlite3.Connection, now: datetime) -> frozenset[str]:
    """The models that wait for an instant which has come."""
    return frozenset(name for (name,) in conn.execute("SELECT model FROM loop WHERE due_at <= ?", (instant(now),)))


def next_due(conn: sqlite3.Connection, now: datetime) -> datetime | None:
    """The next instant that some model waits for."""
    (found,) = conn.execute("SELECT min(due_at) FROM loop WHERE due_at > ?", (instant(now),)).fetchone()
    return maybe_moment(found)


def moved(conn: sqlite3.Connection, after: int) -> frozenset[str]:
    """The models about which something that a step looks at has changed since the feed was at `after`."""
    parts = [f"SELECT model FROM {table} WHERE seq > ?1" for table in LOOKED_AT]
    found = conn.execute(f"{' UNION '.join(parts)} UNION SELECT name FROM models WHERE seq > ?1", (after,))
    return frozenset(name for (name,) in found if name is not None)


def put(
    tx: sqlite3.Connection, model: str, state: Mapping[str, Any], following: str, due: datetime | None, now: datetime
) -> None:
    """Store it; the same again writes nothing, so that a step that decides nothing wakes no viewer."""
    models.exists(tx, model)
    values = (dumps(dict(state)), following or None, maybe_instant(due))
    before = tx.execute("SELECT state, next, due_at FROM loop WHERE model = ?", (model,)).fetchone()
    if before == values:
        return
    tx.execute(
        "INSERT INTO loop (model, state, next, due_at, stepped_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (model) "
        "DO UPDATE SET state = excluded.state, next = excluded.next, due_at = excluded.due_at, "
        "stepped_at = excluded.stepped_at",
        (model, *values, instant(now)),
    )
