"""One signal by segments: what the performance pane reads when it looks at parts of the rows.

There may be hundreds of segments, so only one signal's are read, over fewer windows than the whole's.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from lifecycle_tui.state import windows
from lifecycle_tui.tui.reads.performance import NAMES_IN, Series, by_name

WINDOWS = 24
MOST = 200
"""Segments that are read; the program makes twenty a column."""
WORST = "segments.worst"
ESTIMATED = "estimated."


@dataclass(frozen=True, slots=True)
class Segments:
    """A signal's segments, the worst first, those too small to judge last; and the sentence about the fall."""

    base: str
    series: tuple[Series, ...]
    worst: str


def base_of(name: str, names: Iterable[str]) -> str:
    """`drift.max` of `drift.max.country=FR`; the longest of the model's own names that it begins with."""
    if "=" not in name:
        return name
    return max((n for n in names if "=" not in n and name.startswith(f"{n}.")), key=len, default="")


def read(conn: sqlite3.Connection, model: str, wanted: str, fallback: str | None) -> Segments:
    """The segments of a signal; if it has none (or is a segment itself) those of its base, else of the fallback's."""
    names = windows.names(conn, model, NAMES_IN)
    for base in (base_of(wanted, names), fallback, "drift.max", "rows"):
        own = [n for n in names if base and n.startswith(f"{base}.") and "=" in n[len(base) + 1 :]]
        own = [n for n in own if base_of(n, names) == base][:MOST]
        if own:
            found = by_name(conn, model, own, WINDOWS)
            return Segments(base or "", tuple(sorted(found, key=lambda s: _rank(s, base or ""))), _worst(conn, model))
    return Segments(base_of(wanted, names), (), _worst(conn, model))


def small(series: Series) -> bool:
    """Whether the newest window has too few rows of the segment to say anything."""
    last = next((p.signal for p in reversed(series.points) if p.signal is not None), None)
    return last is not None and last.detail.get("small") is True


def _rank(series: Series, base: str) -> tuple[bool, bool, float, str]:
    newest = series.newest
    value = None if newest is None else newest.value
    better = greater_is_better(base)
    size = 0.0 if value is None or value != value else value if better is not False else -value
    return small(series), value is None, size, series.name


def greater_is_better(name: str) -> bool | None:
    """Which end of a signal is the better one; None where that is not known."""
    name = name.removeprefix(ESTIMATED)
    if name.startswith(("drift.", "log.errors", "log.latency")):
        return False
    return _metrics().get(name)


@lru_cache(maxsize=1)
def _metrics() -> dict[str, bool | None]:
    from lifecycle_tui.plugin_host.index import builtin_rows

    return {row.name: row.greater_is_better for row in builtin_rows() if row.kind == "metric"}


def _worst(conn: sqlite3.Connection, model: str) -> str:
    """What the newest search for the segment behind a fall said, with its window; "" where there was none."""
    for entry in reversed(windows.history(conn, model, (WORST,), NAMES_IN)):
        signal = entry.signals.get(WORST)
        if signal is not None and signal.message:
            return f"{entry.window.key}: {signal.message}"
    return ""
