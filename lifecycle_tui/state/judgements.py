"""Judgements: a challenger against the champion, each time that the two were compared on rows neither was trained on.

Written by the jobs that judge; read by the loop, by `promote`, which refuses where the newest one does not hold, and by
`versions`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from lifecycle_tui.state.text import dumps, instant, loads, maybe_instant, maybe_moment, moment

Outcome = Literal["passed", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One comparison.

    Attributes:
        version: the challenger.
        champion: what it was compared with; None where there was none.
        rows: how many rows both were measured on; start, end: of these rows, end exclusive.
        text: one sentence: the outcome in words.
        wanted: about how many rows would settle it, where it is unknown.
        gates: each gate with its verdict and numbers, JSON values.
        id, seq: given when it is stored.
    """

    model: str
    version: int
    champion: int | None
    verdict: Outcome
    rows: int
    text: str
    at: datetime
    wanted: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    gates: tuple[Mapping[str, Any], ...] = ()
    job_id: int | None = None
    id: int | None = None
    seq: int | None = None


_COLUMNS = 'model, version, champion, verdict, rows, text, at, wanted, start, "end", gates, job_id'
SELECT = f"SELECT {_COLUMNS}, id, seq FROM judgements"


def row(found: Sequence[Any]) -> Judgement:
    """A row of `SELECT` as a value."""
    model, version, champion, verdict, rows, text, at, wanted, start, end, gates, job_id, id_, seq = found
    return Judgement(
        model, version, champion, verdict, rows, text, moment(at), wanted, maybe_moment(start), maybe_moment(end),
        tuple(loads(gates, [])), job_id, id_, seq,
    )  # fmt: skip


def put(tx: sqlite3.Connection, judgement: Judgement) -> Judgement:
    """Store a judgement and return it with its id.

    A job that was killed and runs again judges a version once: its first judgement is returned.
    """
    if judgement.job_id is not None:
        found = tx.execute(
            f"{SELECT} WHERE model = ? AND version = ? AND job_id = ?",
            (judgement.model, judgement.version, judgement.job_id),
        ).fetchone()
        if found is not None:
            return row(found)
    values = (
        judgement.model, judgement.version, judgement.champion, judgement.verdict, judgement.rows, judgement.text,
        instant(judgement.at), judgement.wanted, maybe_instant(judgement.start), maybe_instant(judgement.end),
        dumps([dict(gate) for gate in judgement.gates]), judgement.job_id,
    )  # fmt: skip
    cursor = tx.execute(f"INSERT INTO judgements ({_COLUMNS}) VALUES ({', '.join('?' * len(values))})", values)
    return row(tx.execute(f"{SELECT} WHERE id = ?", (cursor.lastrowid,)).fetchone())


def get(conn: sqlite3.Connection, judgement_id: int) -> Judgement | None:
    """One judgement by its id."""
    found = conn.execute(f"{SELECT} WHERE id = ?", (judgement_id,)).fetchone()
    return None if found is None else row(found)


def newest(conn: sqlite3.Connection, model: str, version: int | None = None) -> Judgement | None:
    """The last judgement of a model, or of one of its versions; None if there is none."""
    found = judgements(conn, model, version, limit=1)
    return found[0] if found else None


def newest_each(conn: sqlite3.Connection, model: str, first: int, last: int) -> dict[int, Judgement]:
    """The last judgement of each of a model's versions with a number from `first` to `last`, by version."""
    found = conn.execute(
        f"{SELECT} WHERE id IN (SELECT max(id) FROM judgements WHERE model = ? AND version BETWEEN ? AND ? "
        "GROUP BY version)",
        (model, first, last),
    ).fetchall()
    return {judgement.version: judgement for judgement in map(row, found)}


def looks(
    conn: sqlite3.Connection, model: str, version: int, champion: int | None, least: int, job_id: int | None = None
) -> int:
    """How often a version was compared with a champion on `least` rows or more, not counting the job that asks."""
    found = conn.execute(
        "SELECT count(*) FROM judgements WHERE model = ? AND version = ? AND champion IS ? AND rows >= ? "
        "AND job_id IS NOT ?",
        (model, version, champion, least, -1 if job_id is None else job_id),
    ).fetchone()
    return int(found[0])


def between(conn: sqlite3.Connection, model: str, version: int, champion: int) -> Judgement | None:
    """The last judgement of one version against a certain other."""
    found = conn.execute(
        f"{SELECT} WHERE model = ? AND version = ? AND champion = ? ORDER BY id DESC LIMIT 1",
        (model, version, champion),
    ).fetchone()
    return None if found is None else row(found)


def judgements(
    conn: sqlite3.Connection, model: str, version: int | None = None, limit: int = 50, before: int | None = None
) -> tuple[Judgement, ...]:
    """Judgements of a model or of one of its versions, newest first; `before` is an id, for the next page."""
    where, args = ["model = ?"], [model]
    for clause, value in (("version = ?", version), ("id < ?", before)):
        if value is not None:
            where.append(clause)
            args.append(value)  # type: ignore[arg-type]
    found = conn.execute(f"{SELECT} WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?", (*args, limit)).fetchall()
    return tuple(map(row, found))
