"""Histories for a report: each column's change, drift of the window, metrics with estimates, importance.

Read by name over the windows asked for: other signals of those windows are not touched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring.report.content import Column, Point, Series
from lifecycle_tui.monitoring.report.page import MOST_FULL
from lifecycle_tui.state import windows
from lifecycle_tui.state.reference import ReferenceRow
from lifecycle_tui.state.windows import WindowSignals

DRIFT = ("drift.share", "drift.max")
ESTIMATED = "estimated."
LEANT_ON = 8
"""Columns whose importance is drawn."""


@dataclass(frozen=True, slots=True)
class Past:
    """The columns with their histories, and the model's own."""

    columns: tuple[Column, ...]
    drift: tuple[Series, ...]
    metrics: tuple[Series, ...]
    importance: tuple[Series, ...]


def read(
    conn: sqlite3.Connection, model: str, champion: str, columns: Sequence[Column], newest: Mapping[str, Signal],
    stored: ReferenceRow | None, count: int,
) -> Past:  # fmt: skip
    """Histories over the last `count` windows; metrics are those of who is shown: the champion, else who scored."""
    bands = _bands(stored)
    leant = sorted(
        ((c.importance or 0.0, c.name) for c in columns if c.importance), key=lambda pair: (-pair[0], pair[1])
    )
    important = [f"importance.{name}" for _, name in leant[:LEANT_ON]]
    full = columns[:MOST_FULL]
    metrics = list(bands) or sorted(
        n.removeprefix(ESTIMATED) for n in newest if n.startswith(ESTIMATED) and "=" not in n
    )
    names = {*DRIFT, *metrics, *(f"{ESTIMATED}{m}" for m in metrics), *important, *(f"change.{c.name}" for c in full)}
    by_key: dict[str, list[WindowSignals]] = {}
    for entry in windows.history(conn, model, names, count):
        by_key.setdefault(entry.window.key, []).append(entry)
    shared = [next((e for e in of if e.window.version == ""), of[0]) for of in by_key.values()]
    scored = [windows.scored_by(of, champion) for of in by_key.values()]
    return Past(
        tuple(replace(c, history=_change(c.name, shared)) for c in full) + tuple(columns[MOST_FULL:]),
        tuple(Series(name, _points(name, shared)) for name in DRIFT if any(name in e.signals for e in shared)),
        tuple(_metric(name, scored, bands.get(name)) for name in metrics),
        tuple(s for s in (Series(name, _points(name, scored)) for name in important) if _known(s.points)),
    )


def _known(points: Sequence[Point]) -> bool:
    return any(p.value is not None for p in points)


def _bands(stored: ReferenceRow | None) -> dict[str, tuple[float, float, float] | None]:
    """Metric → value and interval on the reference, in the order they were measured."""
    found: dict[str, tuple[float, float, float] | None] = {}
    for row in () if stored is None else stored.facts.get("performance", ()):
        value, lower, upper = row.get("value"), row.get("lower"), row.get("upper")
        known = value is not None
        found[str(row["name"])] = (
            (value, value if lower is None else lower, value if upper is None else upper) if known else None
        )
    return found


def _points(
    name: str, entries: Sequence[WindowSignals], limit: Callable[[Signal], float | None] = lambda _: None
) -> tuple[Point, ...]:
    points = []
    for entry in entries:
        s, w = entry.signals.get(name), entry.window
        final = w.mature or not w.version
        points.append(
            Point(w.key, None, final=final) if s is None
            else Point(w.key, s.value, s.lower, s.upper, s.state, final, limit(s))
        )  # fmt: skip
    return tuple(points)


def _change(name: str, shared: Sequence[WindowSignals]) -> Series:
    def detectable(signal: Signal) -> float | None:
        found = signal.detail.get("verdict", {}).get("detectable")
        return float(found) if found is not None else None

    points = _points(f"change.{name}", shared, detectable)
    said = "smallest effect that would have shown" if any(p.limit is not None for p in points) else ""
    return Series(f"change.{name}", points if _known(points) else (), limits=said)


def _metric(name: str, scored: Sequence[WindowSignals], band: tuple[float, float, float] | None) -> Series:
    estimates = _points(f"{ESTIMATED}{name}", scored)
    known = _known(estimates)
    newest = scored[-1].signals if scored else {}
    told = newest.get(f"{ESTIMATED}{name}") or newest.get(name)
    note = told.message or "" if told is not None and (told.value is None or known) else ""
    return Series(name, _points(name, scored), estimates if known else (), band, note=note)
