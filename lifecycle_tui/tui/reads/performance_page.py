"""What the performance pane shows at once: signals or one signal's segments, and the rules that read them.

In the reader's thread: `lifecycle.toml` is a file, too.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from lifecycle_tui.state import fleet
from lifecycle_tui.tui import declared
from lifecycle_tui.tui.reads import performance, segments
from lifecycle_tui.tui.reads.performance import Series


@dataclass(frozen=True, slots=True)
class PerformancePage:
    """The series, the key metric's first.

    Attributes:
        base: whose segments they are, "" where they are all rows' signals.
        worst: what the search for the segment behind a fall said, or why there is nothing.
    """

    rules: tuple[declared.Rule, ...]
    series: tuple[Series, ...]
    base: str = ""
    worst: str = ""


def read(conn: sqlite3.Connection, root: Path, model: str, base: str | None, limit: int) -> PerformancePage:
    """All rows' signals over `limit` windows, or the segments of `base`."""
    found = fleet.model(conn, model)
    metric = None if found is None else found.metric
    rules = declared.declared(root, model).rules
    if base is None:
        return PerformancePage(rules, performance.series(conn, model, metric, limit))
    parts = segments.read(conn, model, base, metric)
    told = parts.worst or "no fall to explain has been looked into yet"
    if not parts.series:
        told = "no segments here: name columns as `segments` in the model's [columns]"
    return PerformancePage(rules, parts.series, parts.base, told)
