"""What changed in the policy when a file was taken, as one row of the audit log: every key, from what to what.

An edit by `config set` or in the terminal has written its own row, with who it was; of what an editor or a deployment
wrote nobody knows more than that the file has changed: `who` is then "file". Called where a changed file is taken.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from lifecycle_tui.config.compare import Difference, text_differences
from lifecycle_tui.domain import environment
from lifecycle_tui.state import audit
from lifecycle_tui.state.text import loads

FILE = "file"
"""Who changed what an editor wrote."""
MOST = 100
"""Keys that one row tells of."""
SEEN = "audit.configured"
"""Key of `meta`: the last row of the audit log when a file was taken last."""


def record(
    tx: sqlite3.Connection, main: Path, before: Mapping[Path, bytes], after: Mapping[Path, bytes], now: datetime
) -> tuple[Difference, ...]:
    """Write the row, if there is something that nobody has written down; returns what it tells.

    Args:
        before, after: the bytes of all files, by absolute path; nothing is written where there were none before.
    """
    found = _told(tx, differences(main, before, after)) if before else ()
    if found:
        moved = (path for path in {**after, **before} if before.get(path) != after.get(path))
        files = [os.path.relpath(path, main.parent) for path in moved]
        models = {d.key[1] for d in found if d.key[:1] == ("models",) and len(d.key) > 1}
        every = len(models) == 1 and all(d.key[:1] == ("models",) for d in found)
        detail: dict[str, Any] = {
            "files": files[:MOST],
            "changes": [{"key": d.name, "old": d.was, "new": d.now} for d in found[:MOST]],
            "keys": len(found),
        }
        subject = files[0] if len(files) == 1 else f"{len(files)} files"
        audit.append(tx, "configure", subject, now, model=str(models.pop()) if every else None, detail=detail, who=FILE)
    (last,) = tx.execute("SELECT coalesce(max(id), 0) FROM audit").fetchone()
    tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (SEEN, str(last)))
    return found


def differences(main: Path, before: Mapping[Path, bytes], after: Mapping[Path, bytes]) -> tuple[Difference, ...]:
    """What the files say differently, file by file, as keys of the workspace; comments and order are no difference."""
    found: list[Difference] = []
    for path in {**after, **before}:
        was, now = before.get(path, b""), after.get(path, b"")
        if was != now:
            alone = path == main or environment.named_by(main, path) is not None
            found += text_differences(was, now, () if alone else ("models", path.stem))
    return tuple(found)


def _told(tx: sqlite3.Connection, found: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Those that no row tells yet of what was written since the last file was taken."""
    row = tx.execute("SELECT value FROM meta WHERE key = ?", (SEEN,)).fetchone()
    since = int(row[0]) if row is not None else 0
    said: set[tuple[str, str | None]] = set()
    for (detail,) in tx.execute("SELECT detail FROM audit WHERE id > ? AND action = 'configure'", (since,)):
        facts = loads(detail, {})
        changes = [facts, *facts.get("changes", ())]
        said |= {(str(change["key"]), change.get("new")) for change in changes if "key" in change}
    return tuple(d for d in found if (d.name, d.now) not in said)
