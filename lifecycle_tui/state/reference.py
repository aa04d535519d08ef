"""What is known about the reference of each model: its profiles and facts by digest, and the grids of its columns.

Written and read by the worker, so that a check does not read the reference again; profiles are drawn by the model
screen. A grid belongs to a column, is versioned, and outlives references and promotions (DESIGN §3.6).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.domain.results import StoredProfile
from lifecycle_tui.state import models
from lifecycle_tui.state.text import dumps, instant, loads, moment


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """One reference of a model as it was read.

    Attributes:
        digest: of its rows' content and of what was profiled, as the caller computes it.
        facts: JSON values of the caller's: column kinds, labels known, performance on it, findings.
        profiles: of its columns; empty when they were not asked for.
    """

    model: str
    digest: str
    rows: int
    facts: Mapping[str, Any]
    created_at: datetime
    profiles: tuple[StoredProfile, ...] = ()


@dataclass(frozen=True, slots=True)
class GridRow:
    """One version of a column's grid; `grid` is its digest, which profiles name."""

    model: str
    column: str
    version: int
    grid: str
    data: bytes
    created_at: datetime


def put_reference(
    tx: sqlite3.Connection, model: str, digest: str, rows: int, facts: Mapping[str, Any],
    profiles: Sequence[StoredProfile], now: datetime,
) -> None:  # fmt: skip
    """Store a reference; the one that had this digest before is replaced, others of the model are kept."""
    models.exists(tx, model)
    tx.execute("DELETE FROM reference WHERE model = ? AND digest = ?", (model, digest))
    cursor = tx.execute(
        "INSERT INTO reference (model, digest, rows, facts, created_at) VALUES (?, ?, ?, ?, ?)",
        (model, digest, int(rows), dumps(dict(facts)), instant(now)),
    )
    tx.executemany(
        'INSERT INTO reference_profiles (reference_id, "column", kind, grid, data) VALUES (?, ?, ?, ?, ?)',
        [(cursor.lastrowid, p.column, p.kind, p.grid, p.data) for p in profiles],
    )


def get_reference(
    conn: sqlite3.Connection, model: str, digest: str | None = None, *, profiles: bool = True
) -> ReferenceRow | None:
    """The reference of that digest (None: the one stored last); None if there is none."""
    where, args = ("", [model]) if digest is None else (" AND digest = ?", [model, digest])
    found = conn.execute(
        f"SELECT id, model, digest, rows, facts, created_at FROM reference WHERE model = ?{where} "
        "ORDER BY id DESC LIMIT 1",
        args,
    ).fetchone()
    if found is None:
        return None
    id_, name, of, rows, facts, created_at = found
    stored: list[Any] = []
    if profiles:
        stored = conn.execute(
            'SELECT "column", kind, grid, data FROM reference_profiles WHERE reference_id = ? ORDER BY rowid', (id_,)
        ).fetchall()
    return ReferenceRow(name, of, rows, loads(facts), moment(created_at), tuple(StoredProfile(*s) for s in stored))


def note(tx: sqlite3.Connection, model: str, digest: str, name: str, value: Any) -> None:
    """Add a fact to a stored reference, or replace it; nothing where there is no such reference."""
    found = get_reference(tx, model, digest, profiles=False)
    if found is not None:
        facts = dumps({**found.facts, name: value})
        tx.execute("UPDATE reference SET facts = ? WHERE model = ? AND digest = ?", (facts, model, digest))


def kinds(conn: sqlite3.Connection, model: str, digest: str) -> dict[str, str]:
    """Column → kind of a stored reference's profiles."""
    found = conn.execute(
        'SELECT p."column", p.kind FROM reference_profiles p JOIN reference r ON r.id = p.reference_id '
        "WHERE r.model = ? AND r.digest = ?",
        (model, digest),
    )
    return dict(found.fetchall())


def put_grid(tx: sqlite3.Connection, model: str, column: str, grid: str, data: bytes, now: datetime) -> int:
    """Store a column's grid and return its version; one that is stored already keeps its version."""
    found = tx.execute(
        'SELECT version FROM grids WHERE model = ? AND "column" = ? AND grid = ?', (model, column, grid)
    ).fetchone()
    if found is not None:
        return int(found[0])
    models.exists(tx, model)
    (latest,) = tx.execute(
        'SELECT max(version) FROM grids WHERE model = ? AND "column" = ?', (model, column)
    ).fetchone()
    tx.execute(
        'INSERT INTO grids (model, "column", version, grid, data, created_at) VALUES (?, ?, ?, ?, ?, ?)',
        (model, column, (latest or 0) + 1, grid, data, instant(now)),
    )
    return (latest or 0) + 1


def get_grid(conn: sqlite3.Connection, model: str, column: str, grid: str | None = None) -> GridRow | None:
    """A column's grid by its digest, or (None) its newest version; None if there is none."""
    where, args = ("", [model, column]) if grid is None else (" AND grid = ?", [model, column, grid])
    found = conn.execute(
        'SELECT model, "column", version, grid, data, created_at FROM grids '
        f'WHERE model = ? AND "column" = ?{where} ORDER BY version DESC LIMIT 1',
        args,
    ).fetchone()
    return None if found is None else _grid(found)


def newest_grids(conn: sqlite3.Connection, model: str) -> dict[str, GridRow]:
    """The newest grid of every column of a model."""
    found = conn.execute(
        'SELECT model, "column", version, grid, data, created_at FROM grids WHERE model = ? ORDER BY "column", version',
        (model,),
    ).fetchall()
    return {grid.column: grid for grid in map(_grid, found)}


def _grid(found: Sequence[Any]) -> GridRow:
    model, column, version, grid, data, created_at = found
    return GridRow(model, column, version, grid, data, moment(created_at))
