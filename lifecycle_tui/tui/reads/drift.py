"""What the drift pane reads: a page of windows, one window's columns, and one column's past. In the reader's thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.state import fleet, windows
from lifecycle_tui.tui import source, view
from lifecycle_tui.tui.view import ColumnLine, WindowLine

AHEAD = 20
"""Windows that are newer than the one that a page is read for, to be seen with it."""


@dataclass(frozen=True, slots=True)
class WindowPage:
    """Windows, newest first.

    Attributes:
        metric: the model's key metric; known: whether state has the model.
        last: whether the newest window is among them.
    """

    metric: str | None
    windows: tuple[WindowLine, ...]
    last: bool = True


@dataclass(frozen=True, slots=True)
class WindowColumns:
    """One window's columns, worst first; `past`: their leading signals' values over the last windows, oldest first."""

    columns: tuple[ColumnLine, ...]
    past: Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True, slots=True)
class ColumnPast:
    """The windows of a column's history, oldest first, with its leading signal; and all of its signals in them."""

    keys: tuple[str, ...]
    starts: tuple[datetime | None, ...]
    leading: tuple[Signal | None, ...]
    signals: Mapping[str, Sequence[Signal | None]]


def page(conn: sqlite3.Connection, model: str, limit: int, until: str | None = None) -> WindowPage:
    """The newest windows; with `until` those around that one, and what came before them."""
    found = fleet.model(conn, model)
    if found is None:
        return WindowPage(None, ())
    before = None if until is None else _after(conn, model, until, AHEAD)
    return WindowPage(found.metric, tuple(source.windows(conn, found, limit, before)), before is None)


def _after(conn: sqlite3.Connection, model: str, key: str, by: int) -> str | None:
    """The key of the window that is so many newer than another; None where there are not so many."""
    sql = "SELECT DISTINCT key FROM windows WHERE model = ? AND current = 1 AND key > ? ORDER BY key LIMIT 1 OFFSET ?"
    found = conn.execute(sql, (model, key, by)).fetchone()
    return None if found is None else str(found[0])


def newer(conn: sqlite3.Connection, model: str, key: str) -> int:
    """How many windows are newer than one."""
    sql = "SELECT count(DISTINCT key) FROM windows WHERE model = ? AND current = 1 AND key > ?"
    return int(conn.execute(sql, (model, key)).fetchone()[0])


def columns(conn: sqlite3.Connection, model: str, window: WindowLine, past: int) -> WindowColumns:
    """The columns of one window, with `past` values of each."""
    found = source.signals(conn, window)
    lines = view.column_lines(found.get("", ()) or next(iter(found.values()), ()), _reading(window, found))
    return WindowColumns(tuple(lines), _values(conn, model, {c.lead for c in lines}, past))


def _reading(window: WindowLine, found: Mapping[str, Sequence[Signal]]) -> Signal | None:
    """The window's reading, of the version whose metric shows if there is one."""
    versions = dict.fromkeys((window.version, ""))
    return next((s for version in versions for s in found.get(version, ()) if s.name == "reading"), None)


def _values(
    conn: sqlite3.Connection, model: str, names: Collection[str], limit: int
) -> dict[str, tuple[float | None, ...]]:
    """Values alone, without what was said of them: a wide table's would be megabytes of JSON."""
    ids = [row.id for row in reversed(windows.windows(conn, model, limit, version=""))]
    found: dict[str, dict[int, float | None]] = {name: {} for name in names}
    wanted = sorted(names)
    for id_ in ids:
        for start in range(0, len(wanted), 900):
            some = wanted[start : start + 900]
            sql = f"SELECT name, value FROM signals WHERE window_id = ? AND name IN ({', '.join('?' * len(some))})"
            for name, value in conn.execute(sql, (id_, *some)).fetchall():
                found[name][id_] = value
    return {name: tuple(known.get(id_) for id_ in ids) for name, known in found.items()}


def past(
    conn: sqlite3.Connection, model: str, leading: str, names: Collection[str], limit: int, until: str | None = None
) -> ColumnPast:
    """A column's history, of the newest windows; with `until` of those around that one."""
    before = None if until is None else _after(conn, model, until, AHEAD)
    found = windows.history(conn, model, {leading, *names}, limit, before=before, version="")
    return ColumnPast(
        tuple(entry.window.key for entry in found),
        tuple(entry.window.start for entry in found),
        tuple(entry.signals.get(leading) for entry in found),
        {name: [entry.signals.get(name) for entry in found] for name in names},
    )
