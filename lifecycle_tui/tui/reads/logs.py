"""What the logs pane reads: the log signals of the last windows, and the newest one's patterns."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.state import windows
from lifecycle_tui.tui.column_facts import number

LINES, BAD, ERRORS = "log.lines", "log.bad_lines", "log.errors.share"
LATENCIES = ("log.latency.p50", "log.latency.p95", "log.latency.p99")
NEW, GROWING = "log.patterns.new", "log.patterns.growing"
NUMBERS = (ERRORS, *LATENCIES, LINES, BAD)
WINDOWS = 30
LOOKED = 3
"""Windows in which log signals are looked for: the newest may have none yet."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of error messages.

    Attributes:
        new: the reference's period lacks it; else its share has grown.
        was: its share of the lines in the reference's period.
        certain: more than chance gives at the window's level.
    """

    new: bool
    id: str
    template: str
    count: int
    share: float
    was: float
    p: float | None
    certain: bool
    example: str

    @property
    def key(self) -> str:
        """Unique within a window."""
        return f"{int(self.new)}\0{self.id}"


@dataclass(frozen=True, slots=True)
class Logs:
    """One window's logs.

    Attributes:
        past: signal → (window, signal) of the last windows, oldest first.
        said: what is said of new and of growing patterns.
    """

    window: str
    numbers: Mapping[str, Signal]
    past: Mapping[str, tuple[float | None, ...]]
    patterns: tuple[Pattern, ...]
    said: tuple[Signal, ...]


def any_(conn: sqlite3.Connection, model: str) -> bool:
    """Whether one of the newest windows has signals of logs."""
    keys = "SELECT DISTINCT key FROM windows WHERE model = ?1 AND current = 1 ORDER BY key DESC LIMIT ?2"
    sql = (
        "SELECT 1 FROM windows w JOIN signals s ON s.window_id = w.id WHERE w.model = ?1 AND w.current = 1 "
        f"AND w.key IN ({keys}) AND s.name = ?3 LIMIT 1"
    )
    return conn.execute(sql, (model, LOOKED, LINES)).fetchone() is not None


def of(conn: sqlite3.Connection, model: str) -> Logs | None:
    """The newest window that has logs; None where none of the last has."""
    found = windows.history(conn, model, NUMBERS, WINDOWS, version="")
    having = [entry for entry in found if entry.signals]
    if not having:
        return None
    newest = having[-1]
    told = windows.history(conn, model, (NEW, GROWING), WINDOWS, version="")
    said = next((entry.signals for entry in reversed(told) if entry.window.key == newest.window.key), {})
    patterns = [p for name in (NEW, GROWING) if name in said for p in _patterns(said[name], new=name == NEW)]
    patterns.sort(key=lambda p: (not p.certain, not p.new, p.p if p.p is not None else 1.0, -p.count))
    past = {
        name: tuple(None if (s := entry.signals.get(name)) is None else s.value for entry in found) for name in NUMBERS
    }
    return Logs(
        newest.window.key, newest.signals, past, tuple(patterns), tuple(said[n] for n in (NEW, GROWING) if n in said)
    )


def _patterns(signal: Signal, *, new: bool) -> list[Pattern]:
    """Those of a signal's detail; what is not as it should be is left out."""
    rows, level = signal.detail.get("patterns"), number(signal.detail.get("level"))
    found = []
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, Mapping):
            continue
        p = number(row.get("p_value"))
        certain = p is not None and level is not None and p <= level
        found.append(
            Pattern(
                new, str(row.get("id")), _text(row.get("template")), int(number(row.get("count")) or 0),
                number(row.get("share")) or 0.0, number(row.get("reference_share")) or 0.0, p, certain,
                _text(row.get("example")),
            )
        )  # fmt: skip
    return found


def _text(found: Any) -> str:
    return found if isinstance(found, str) else ""
