"""How viewers follow the state: a cheap poll that says whether anything was committed, then rows with greater `seq`.

    watcher = feed.Watcher(state)
    while …:                                   # ten times a second costs nothing: one PRAGMA
        if watcher.poll():
            for alert in watcher.changes("alerts"): …

Rows are raised from one counter by trigger (see `migrations.follow`), so a row that changes twice between two polls is
seen once, in its last state; rows are never deleted from the tables in the feed, apart from aliases.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle_tui.state import alerts, fleet, jobs, outbox, windows
from lifecycle_tui.state.database import State
from lifecycle_tui.state.migrations import FOLLOWED

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Changed:
    """A row that changed, by its key (for tables whose queries live elsewhere: read it again there)."""

    table: str
    key: tuple
    seq: int


READERS: dict[str, tuple[str, Callable[[Sequence[Any]], Any]]] = {
    "models": (fleet.SELECT, fleet.row),
    "windows": (windows.SELECT, windows.row),
    "alerts": (alerts.SELECT, alerts.row),
    "notifications": (outbox.SELECT, outbox.row),
    "jobs": (jobs.SELECT, jobs.row),
}
"""Tables whose changes come as their module's values (each has `seq`); others come as `Changed`."""


def data_version(conn: sqlite3.Connection) -> int:
    """Changes whenever another connection commits (about 9 µs); compare only values of one connection."""
    return int(conn.execute("PRAGMA data_version").fetchone()[0])


def latest(conn: sqlite3.Connection) -> int:
    """The greatest `seq` so far, 0 in an empty state."""
    return int(conn.execute("SELECT seq FROM feed").fetchone()[0])


def changes(conn: sqlite3.Connection, table: str, since: int, limit: int = 10_000) -> tuple[Any, ...]:
    """Rows of `table` whose `seq` is greater than `since`, in that order, as their module's values or `Changed`.

    Raises:
        KeyError: if the table is not in the feed.
    """
    key = FOLLOWED[table]
    if table in READERS:
        select, row = READERS[table]
    else:
        select, row = (
            f"SELECT {', '.join(key)}, seq FROM {table}",
            lambda found: Changed(table, tuple(found[:-1]), found[-1]),
        )
    found = conn.execute(f"{select} WHERE seq > ? ORDER BY seq LIMIT ?", (since, limit)).fetchall()
    return tuple(map(row, found))


class Watcher:
    """One viewer's place in the feed, on a connection of its own. No transaction outlives a call.

    Use it in one thread at a time; `close` it.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._conn, self._frozen = state.reader()
        self._version = -1
        self._stamp = self._file_stamp()
        self._seen = dict.fromkeys(FOLLOWED, latest(self._conn))

    @property
    def conn(self) -> sqlite3.Connection:
        """Its read-only connection, for reads that go with a poll."""
        return self._conn

    def poll(self) -> bool:
        """Whether anything was committed since the last poll; always true the first time."""
        if self._frozen:
            return self._poll_frozen()
        now = data_version(self._conn)
        moved, self._version = now != self._version, now
        return moved

    def _poll_frozen(self) -> bool:
        # An immutable connection never sees a change: look at the files, and open it anew when they moved.
        stamp = self._file_stamp()
        first, self._version = self._version == -1, 0
        if stamp == self._stamp:
            return first
        self._conn.close()
        self._conn, self._frozen = self._state.reader()
        self._stamp = stamp
        self._version = 0 if self._frozen else data_version(self._conn)
        return True

    def _file_stamp(self) -> tuple:
        stamps = []
        for suffix in ("", "-wal"):
            try:
                stat = os.stat(f"{self._state.path}{suffix}")
                stamps.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
            except OSError:
                stamps.append((0, 0, 0))
        return tuple(stamps)

    def changes(self, table: str) -> tuple[Any, ...]:
        """Rows that changed since the last call for this table (since the watcher was made, the first time)."""
        rows: tuple[Any, ...] = ()
        while page := changes(self._conn, table, self._seen[table], _PAGE):
            rows += page
            self._seen[table] = page[-1].seq
            if len(page) < _PAGE:
                break
        return rows

    def close(self) -> None:
        """Close the connection."""
        self._conn.close()
