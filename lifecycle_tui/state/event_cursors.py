"""How far each plugin that listens to events has heard: an event is told at least once, also after a kill.

Advanced by the job that calls the hooks, after a plugin has heard; one that has never heard begins at the newest event.
"""

from __future__ import annotations

import sqlite3


def read(conn: sqlite3.Connection, hook: str, plugin: str) -> int | None:
    """Id of the last event that this plugin has heard by this hook; None if it has never listened."""
    found = conn.execute("SELECT last FROM event_cursors WHERE hook = ? AND plugin = ?", (hook, plugin)).fetchone()
    return None if found is None else int(found[0])


def all_of(conn: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """(hook, plugin) → id of the last event heard, of all that have listened."""
    return {(h, p): int(last) for h, p, last in conn.execute("SELECT hook, plugin, last FROM event_cursors").fetchall()}


def forget(tx: sqlite3.Connection, hook: str, plugin: str) -> None:
    """This plugin no longer listens; should it come back, it begins at the newest event of then."""
    tx.execute("DELETE FROM event_cursors WHERE hook = ? AND plugin = ?", (hook, plugin))


def advance(tx: sqlite3.Connection, hook: str, plugin: str, last: int) -> None:
    """This plugin has heard everything up to `last`; a cursor never goes back."""
    tx.execute(
        "INSERT INTO event_cursors (hook, plugin, last) VALUES (?, ?, ?) ON CONFLICT (hook, plugin) "
        "DO UPDATE SET last = max(last, excluded.last)",
        (hook, plugin, last),
    )
