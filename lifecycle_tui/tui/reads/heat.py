"""What the map of columns over windows reads: which columns there are, worst first, and the cells that are in view.

Verdicts (`change.COLUMN`) are read from an index of their own, a window's at one go; what columns without a verdict
have instead is found by window and name. So a page costs what it shows, whether a model has ninety windows or a year of
hours. Messages and details stay unread but for the cell under the cursor: they are most of what state holds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.plots.heat import Heat
from lifecycle_tui.state.text import maybe_moment
from lifecycle_tui.state.windows import SIGNAL_COLUMNS, signal_row
from lifecycle_tui.tui.column_facts import CHANGE
from lifecycle_tui.tui.view import LEADING

NEWEST = 3
"""Windows in which columns are looked for: the newest may have been thin."""
RANKED = 32
"""Windows that the order of the columns rests on."""
VERDICTS = f"{CHANGE}.*"


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A column, and the signal that stands for it: its verdict, else the first that has a size.

    Attributes:
        now: its state in the newest window, "" where it was not measured there.
        drifted: in how many of the last `RANKED` windows it has drifted.
        largest: its largest size among these, of those in which it drifted if there are any.
    """

    column: str
    signal: str
    now: str
    drifted: int
    largest: float

    @property
    def rank(self) -> tuple[bool, bool, float, str]:
        """Sorts what drifts now first, then what has drifted lately, each by size."""
        return (self.now != "drifted", not self.drifted, -self.largest, self.column)


@dataclass(frozen=True, slots=True)
class HeatWindow:
    """One window of the map."""

    id: int
    key: str
    start: datetime | None


@dataclass(frozen=True, slots=True)
class HeatPage:
    """Some windows, oldest first, and what was measured in them.

    Attributes:
        total: how many windows the model has; newer: how many of them come after the last one here.
        signals: that were looked for; cells: by signal and window id.
    """

    total: int
    newer: int
    windows: tuple[HeatWindow, ...]
    signals: frozenset[str]
    cells: dict[tuple[str, int], Heat]

    def window(self, back: int) -> HeatWindow | None:
        """The window that so many windows are newer than, if it is here."""
        at = len(self.windows) - 1 - (back - self.newer)
        return self.windows[at] if 0 <= at < len(self.windows) else None


def rows(conn: sqlite3.Connection, model: str) -> tuple[HeatRow, ...]:
    """Every column of the newest windows, worst first."""
    newest = "SELECT id FROM windows WHERE model = ? AND current = 1 AND version = '' ORDER BY key DESC LIMIT ?"
    ids = [id_ for (id_,) in conn.execute(newest, (model, RANKED)).fetchall()]
    if not ids:
        return ()
    signals = _signals(conn, ids[:NEWEST])
    by_name: dict[str, list[tuple[int, Heat]]] = {}
    for name, id_, heat in _cells(conn, ids, signals.values()):
        by_name.setdefault(name, []).append((id_, heat))
    made = []
    for column, name in signals.items():
        known = by_name.get(name, [])
        drifted = [heat.value or 0.0 for _, heat in known if heat.state == "drifted"]
        now = next((heat.state for id_, heat in known if id_ == ids[0]), "")
        largest = max(drifted or [heat.value or 0.0 for _, heat in known], default=0.0)
        made.append(HeatRow(column, name, now, len(drifted), largest))
    return tuple(sorted(made, key=lambda r: r.rank))


def page(
    conn: sqlite3.Connection, model: str, signals: Collection[str], skip: int, limit: int, anchor: str | None = None
) -> HeatPage:
    """The cells of these signals in `limit` windows.

    Args:
        skip: how many windows newer than these there are; with an anchor, how many fewer than are newer than it.
        anchor: key of a window, so that windows that came meanwhile do not move what is looked at.
    """
    where = "FROM windows WHERE model = ? AND current = 1 AND version = ''"
    total = conn.execute(f"SELECT count(*) {where}", (model,)).fetchone()[0]
    if anchor is not None:
        skip = conn.execute(f"SELECT count(*) {where} AND key > ?", (model, anchor)).fetchone()[0] - skip
    skip = max(0, min(skip, total - limit))
    found = conn.execute(f"SELECT id, key, start {where} ORDER BY key DESC LIMIT ? OFFSET ?", (model, limit, skip))
    windows = tuple(HeatWindow(id_, key, maybe_moment(start)) for id_, key, start in reversed(found.fetchall()))
    cells = {(name, id_): heat for name, id_, heat in _cells(conn, [w.id for w in windows], signals)}
    return HeatPage(total, skip, windows, frozenset(signals), cells)


def one(conn: sqlite3.Connection, window: int, name: str) -> Signal | None:
    """All of one cell; None where it was not measured."""
    found = conn.execute(f"SELECT {SIGNAL_COLUMNS} FROM signals WHERE window_id = ? AND name = ?", (window, name))
    row = found.fetchone()
    return None if row is None else signal_row(row)


def _cells(conn: sqlite3.Connection, ids: Sequence[int], signals: Collection[str]) -> Iterator[tuple[str, int, Heat]]:
    """(signal, window, cell) of these windows."""
    verdicts = [name for name in signals if name.startswith(f"{CHANGE}.")]
    others = [name for name in signals if not name.startswith(f"{CHANGE}.")]
    # The constant pattern is what lets SQLite use the index of verdicts, which holds all that is asked for.
    asked = (
        (verdicts, f"s.value {_FROM} WHERE s.name GLOB '{VERDICTS}' AND s.name IN (SELECT value FROM json_each(?))"),
        (others, f"{_SIZE} {_FROM} AND s.name IN (SELECT value FROM json_each(?))"),
    )
    for names, sql in asked:
        if names:
            found = conn.execute(
                f"SELECT s.name, s.window_id, s.state, {sql}", (json.dumps(list(ids)), json.dumps(names))
            )
            for name, id_, state, size in found.fetchall():
                yield name, id_, Heat(_number(size), state)


_FROM = "FROM json_each(?) w CROSS JOIN signals s ON s.window_id = w.value"
_SIZE = "CASE WHEN s.name GLOB 'ks.*' THEN s.value ELSE json_extract(s.detail, '$.effect') END"
"""The size of a change on the scale 0..1, as `view.effect` takes it."""


def _signals(conn: sqlite3.Connection, ids: Sequence[int]) -> dict[str, str]:
    """Column → its leading signal's name, over some windows."""
    found = conn.execute(
        f'SELECT DISTINCT s."column", s.name {_FROM} WHERE s."column" IS NOT NULL', (json.dumps(list(ids)),)
    )
    names: dict[str, list[str]] = {}
    for column, name in found.fetchall():
        names.setdefault(column, []).append(name)
    leading = {column: f"{CHANGE}.{column}" for column, known in names.items() if f"{CHANGE}.{column}" in known}
    rest = sorted(names.keys() - leading.keys())
    asked = [name for column in rest for name in names[column]]
    sized = {name for name, _, heat in _cells(conn, ids, asked) if heat.value is not None}
    for column in rest:
        ordered = sorted(names[column], key=lambda name: _place(name, column))
        leading[column] = next((name for name in ordered if name in sized), ordered[0])
    return leading


def _place(name: str, column: str) -> tuple[int, str]:
    """The place of a signal's detector in `view.LEADING`."""
    detector = name.removesuffix(f".{column}")
    return (LEADING.index(detector) if detector in LEADING else len(LEADING), detector)


def _number(found: object) -> float | None:
    """A number that a detail held, or None."""
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
