"""Signals of windows of the reference itself, by which a rule's false alarms are counted before it has raised any.

Written by the job that measures them, read where rules are checked and false pages are expected.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence

from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.domain.signals import Signal


def put(tx: sqlite3.Connection, model: str, digest: str, windows: Mapping[str, Sequence[Signal]]) -> None:
    """Keep the signals of each window of a reference; those that it had before give way.

    Args:
        digest: of the reference, as `reference.put_reference` was given it.
        windows: key of the window → its signals.

    Raises:
        StateError: if there is no such reference.
    """
    found = tx.execute("SELECT id FROM reference WHERE model = ? AND digest = ?", (model, digest)).fetchone()
    if found is None:
        raise StateError(f"{model} has no reference {digest[:12]}", hint="`lifecycle check` reads it")
    (id_,) = found
    tx.execute("DELETE FROM reference_signals WHERE reference_id = ?", (id_,))
    tx.executemany(
        "INSERT OR IGNORE INTO reference_signals (reference_id, window, name, value, lower, upper, n, state) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(id_, k, s.name, s.value, s.lower, s.upper, s.n, s.state) for k, found in windows.items() for s in found],
    )


def read(
    conn: sqlite3.Connection, model: str, digest: str | None = None, names: Collection[str] | None = None
) -> dict[str, tuple[Signal, ...]]:
    """Key of the window → its signals, in window order; empty where they were not measured.

    Args:
        digest: of the reference; the newest one of the model that has signals for None.
        names: only these signals.
    """
    where = "reference_id = (SELECT id FROM reference WHERE model = ? AND digest = ?)"
    args = [model, digest]
    if digest is None:
        measured = "EXISTS (SELECT 1 FROM reference_signals s WHERE s.reference_id = r.id)"
        where = f"reference_id = (SELECT max(r.id) FROM reference r WHERE r.model = ? AND {measured})"
        args = [model]
    if names is not None:
        where, args = f"{where} AND name IN ({', '.join('?' * len(names))})", [*args, *names]
    found = conn.execute(
        f"SELECT window, name, value, lower, upper, n, state FROM reference_signals WHERE {where} "
        "ORDER BY window, name", args,
    ).fetchall()  # fmt: skip
    windows: dict[str, list[Signal]] = {}
    for window, name, value, lower, upper, n, state in found:
        windows.setdefault(window, []).append(Signal(name, value, lower, upper, n, state))
    return {key: tuple(signals) for key, signals in windows.items()}
