"""Brings a workspace's state to this program's version: `python -m lifecycle_tui.state.migrate ROOT`.

A child of `database.ensure`, because sqlite_utils imports pandas where it is installed. It holds the workspace's lock
while it works, and copies a state that it is about to change to `state.db.before-N`.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state import folder
from lifecycle_tui.state.database import refuse_newer
from lifecycle_tui.state.migrations import LATEST, build


def migrate(root: Path, *, stop_before: str | None = None) -> int:
    """Apply what is missing, under the lock, and return the version reached.

    Args:
        stop_before: name of the first migration not to apply (for tests of upgrades).

    Raises:
        StateError: if the state is newer than this program, the disk is refused, or the lock is held.
    """
    from sqlite_utils import Database

    folder.make(root)
    path = folder.database(root)
    with folder.lock(root):
        conn = sqlite3.connect(path, timeout=60.0, isolation_level=None)
        try:
            found = _version(conn)
            refuse_newer(found, path)
            if found < LATEST:
                if found:
                    _copy(conn, path.with_name(f"{path.name}.before-{found + 1}"))
                conn.execute("PRAGMA journal_mode = WAL")
                build().apply(Database(conn, execute_plugins=False), stop_before=stop_before)
            return _version(conn)
        finally:
            conn.close()


def _version(conn: sqlite3.Connection) -> int:
    return int(conn.execute("PRAGMA user_version").fetchone()[0])


def _copy(conn: sqlite3.Connection, target: Path) -> None:
    copy = sqlite3.connect(target)
    try:
        conn.backup(copy)
    finally:
        copy.close()


def main() -> str | None:
    """Migrate the folder named on the command line; returns what went wrong, in one sentence."""
    root = Path(sys.argv[1])
    try:
        migrate(root)
    except LifecycleError as exc:
        return exc.message
    except sqlite3.Error as exc:
        return f"{folder.database(root)} cannot be migrated: {exc}"
    return None


if __name__ == "__main__":
    # With a text, sys.exit writes it to stderr and leaves with code 1.
    sys.exit(main())
