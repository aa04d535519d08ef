"""Asks in the reader's thread whether `[keys]` of lifecycle.toml says something else by now. Called with each poll."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from lifecycle_tui.config.keys_file import KeysFile, read


def look(conn: sqlite3.Connection, root: Path, before: KeysFile) -> KeysFile:
    """What holds by now; `before`, the same object, where no file has changed: a look at the file's time, then."""
    return read(root, before)
