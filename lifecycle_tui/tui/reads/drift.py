"""What the drift pane reads besides windows and their signals."""

from __future__ import annotations

import sqlite3

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.state import windows


def signal_past(conn: sqlite3.Connection, model: str, name: str, limit: int) -> tuple[tuple[str, Signal | None], ...]:
    """(window, signal of all its rows) of the last `limit` windows, oldest first; None where it was not measured."""
    found = windows.history(conn, model, (name,), limit, version="")
    return tuple((entry.window.key, entry.signals.get(name)) for entry in found)
