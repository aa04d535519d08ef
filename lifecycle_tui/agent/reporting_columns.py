"""Columns for a report: verdicts of the newest window and, for those that matter most, what their profiles hold."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from lifecycle_tui.domain.results import StoredProfile
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.wording import essence
from lifecycle_tui.monitoring.report.content import Column, Density, Histogram, Measured, Quantile
from lifecycle_tui.monitoring.report.page import MOST_FULL
from lifecycle_tui.state import reference, windows
from lifecycle_tui.state.reference import ReferenceRow

SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_STATES = {"drifted": 0, "error": 1, "cannot-tell": 2}


def columns(
    conn: sqlite3.Connection, model: str, window_id: int, newest: Mapping[str, Signal], stored: ReferenceRow | None
) -> tuple[Column, ...]:
    """Every column that was compared: drifted ones first, then by drift times importance, then by effect."""
    kinds = {} if stored is None else {p.column: p.kind for p in stored.profiles}
    reading = newest.get("reading")
    ranks: dict[str, Mapping[str, Any]] = {
        r["column"]: r for r in (reading.detail.get("columns", ()) if reading else ())
    }
    signals: dict[str, list[Signal]] = {}
    for _, signal in sorted(newest.items()):
        if signal.column is not None and "segment" not in signal.detail and not signal.name.startswith("importance."):
            signals.setdefault(signal.column, []).append(signal)
    found = [_column(name, kinds.get(name, ""), of, ranks.get(name, {})) for name, of in signals.items()]
    found.sort(key=lambda c: (_STATES.get(c.state, 3), -(c.score or 0), -(c.effect or 0), c.name))
    at_window = {p.column: p for p in windows.profiles(conn, window_id)}
    at_reference = {} if stored is None else {p.column: p for p in stored.profiles}
    for n, column in enumerate(found[:MOST_FULL]):
        pair = at_reference.get(column.name), at_window.get(column.name)
        found[n] = _drawn(conn, model, column, *pair, signals[column.name])
    return tuple(found)


def _column(name: str, kind: str, signals: Iterable[Signal], rank: Mapping[str, Any]) -> Column:
    of = list(signals)
    by = next((s for s in of if s.name == f"change.{name}"), None)
    drifted = [s for s in of if s.state == "drifted"]
    if by is None or (drifted and by.state != "drifted"):
        by = next((s for s in (*drifted, *of) if "verdict" in s.detail), by) or (drifted or of)[0]
    verdict = by.detail.get("verdict", {})
    return Column(
        name, kind, by.state, essence(by.message), verdict.get("effect", by.value),
        verdict.get("lower"), verdict.get("upper"),
        verdict.get("p_adjusted"), verdict.get("alpha"), verdict.get("detectable"), str(verdict.get("basis", "")),
        rank.get("importance"), rank.get("score"),
        signals=tuple(Measured(s.name, s.value, s.lower, s.upper, s.n, s.state, s.message or "") for s in of),
    )  # fmt: skip


def _drawn(
    conn: sqlite3.Connection, model: str, column: Column, before: StoredProfile | None, now: StoredProfile | None,
    signals: Iterable[Signal],
) -> Column:  # fmt: skip
    """The column with its histogram as it was compared, and density and quantiles from the stored profiles."""
    bars = next((s.detail["bars"] for s in signals if "bars" in s.detail), None)
    if bars is not None:
        edges = tuple(bars.get("edges", ()))
        drawn = Histogram(tuple(map(str, bars["names"])), tuple(bars["reference"]), tuple(bars["window"]), edges)
        column = replace(column, histogram=drawn)
    if before is None or now is None or before.grid != now.grid:
        return column
    sides = _load(conn, model, before), _load(conn, model, now)
    if sides[0] is None or sides[1] is None:
        return column
    return replace(column, density=_density(*sides), quantiles=_quantiles(*sides))


def _load(conn: sqlite3.Connection, model: str, stored: StoredProfile) -> Any:
    """The profile; None for categories, which have neither density nor quantiles, and for what cannot be read."""
    from lifecycle_tui.profiles.codec import load, load_grid

    if stored.kind == "categorical":
        return None
    grid = reference.get_grid(conn, model, stored.column, stored.grid)
    try:
        return None if grid is None else load(stored.data, load_grid(grid.data))
    except ValueError:
        return None


def _density(before: Any, now: Any) -> Density | None:
    from lifecycle_tui.profiles.smooth import densities

    found = densities(before, now)
    return None if found is None else Density(*found)


def _quantiles(before: Any, now: Any) -> tuple[Quantile, ...]:
    rows = [Quantile("rows", before.rows, now.rows), Quantile("missing", before.missing_share, now.missing_share)]
    if not before.n or not now.n:
        return tuple(rows)
    rows.append(Quantile("mean", _finite(before.mean), _finite(now.mean)))
    rows.append(Quantile("minimum", before.minimum, now.minimum))
    quantiles = zip(SHARES, before.quantiles(SHARES), now.quantiles(SHARES), strict=True)
    rows += [Quantile("median" if q == 0.5 else f"{q:.0%}", _finite(a), _finite(b)) for q, a, b in quantiles]
    rows.append(Quantile("maximum", before.maximum, now.maximum))
    return tuple(rows)


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else value
