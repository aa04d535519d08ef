"""What adds up over windows (`profiles.scores`), packed: a few tens of bytes a window and column.

Written with a window's result; read by the worker that judges the next window together with those before it.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping
from datetime import datetime

from lifecycle_tui.state.text import maybe_moment

Packed = Mapping[str, list[float]]
"""Columns → their sums, as `ColumnSums.plain` gives them."""


def pack(sums: Packed, held: str) -> bytes:
    """The sums of one window's columns as they are stored; `held` names the reference whose scores they sum."""
    said = [held, {name: sums[name] for name in sorted(sums)}]
    return zlib.compress(json.dumps(said, separators=(",", ":")).encode())


def unpack(data: bytes) -> tuple[str, dict[str, list[float]]]:
    """The reverse of `pack`: (what they are held against, the sums)."""
    held, sums = json.loads(zlib.decompress(data))
    return str(held), dict(sums)


def of(conn: sqlite3.Connection, window_id: int) -> bytes:
    """Those of one stored result, as they are stored; nothing where it has none."""
    row = conn.execute("SELECT data FROM window_sums WHERE window_id = ?", (window_id,)).fetchone()
    return b"" if row is None else bytes(row[0])


def before(
    conn: sqlite3.Connection, model: str, key: str, held: str, limit: int
) -> tuple[tuple[datetime | None, dict[str, list[float]]], ...]:
    """(start, sums) of the last `limit` windows before that of `key`, the newest first; only of those held against the
    same reference.

    A window between them without sums, or held against another reference, ends them: what is summed hangs together.
    With which detectors they were measured does not matter: the newest window may be measured anew before the others.
    """
    rows = conn.execute(
        "SELECT w.start, s.data FROM windows w LEFT JOIN window_sums s ON s.window_id = w.id "
        "WHERE w.model = ? AND w.version = '' AND w.current = 1 AND w.key < ? ORDER BY w.key DESC LIMIT ?",
        (model, key, limit),
    ).fetchall()
    found = []
    for start, data in rows:
        of, sums = ("", {}) if data is None else unpack(data)
        if of != held or not sums:
            break
        found.append((maybe_moment(start), sums))
    return tuple(found)
