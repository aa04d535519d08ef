"""Reads windows, their signals and profiles. `record` writes them.

Called by the worker (what is known already), the rules (history), `check`, `history` and the model screen. All of it
costs what it returns: windows are found by the index on current rows, signals and profiles by their window.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.domain.results import StoredProfile
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import DataFinding, FragmentPart
from lifecycle_tui.state.text import loads, maybe_moment, moment


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One stored result: a window, for one version, in one revision.

    Attributes:
        id: names it in `signals` and `profiles`.
        version: "" for what concerns all rows, else the version that scored them.
        revision: 1, 2, 3 …; a greater one replaced it when the data changed. Only the greatest is `current`.
        position: among the model's windows when it was recorded; order by `key` instead, earlier data may appear.
        basis: what it was compared with, as the caller named it (see `WindowResult.basis`).
        as_of: the loop's clock when the data was read; recorded_at: the machine's clock when it was stored.
        withdrawn: why it is no longer current although nothing replaced it.
        findings: the window's data report.
    """

    id: int
    model: str
    key: str
    version: str
    revision: int
    current: bool
    position: int
    start: datetime | None
    end: datetime | None
    rows: int
    labels: int
    mature: bool
    complete: bool
    basis: str
    as_of: datetime
    recorded_at: datetime
    withdrawn: str | None
    seq: int
    findings: tuple[DataFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownWindow:
    """What the next survey compares the data with."""

    key: str
    parts: tuple[FragmentPart, ...]
    basis: str
    rows: int
    labels: int
    mature: bool
    complete: bool
    as_of: datetime


@dataclass(frozen=True, slots=True)
class WindowSignals:
    """A window with its signals, as rules, tables and plots read it."""

    window: WindowRow
    signals: Mapping[str, Signal]


_COLUMNS = (
    'id, model, key, version, revision, current, position, start, "end", rows, labels, mature, complete, basis, '
    "as_of, recorded_at, withdrawn, seq, report"
)
SELECT = f"SELECT {_COLUMNS} FROM windows"
SIGNAL_COLUMNS = 'name, value, lower, upper, n, state, message, "column", source, detail'


def row(found: Sequence[Any]) -> WindowRow:
    """A row of `SELECT` as a value."""
    (id_, model, key, version, revision, current, position, start, end, rows, labels, mature, complete, *rest) = found
    (basis, as_of, recorded_at, withdrawn, seq, report) = rest
    findings = () if report == "[]" else tuple(DataFinding(**f) for f in loads(report))
    return WindowRow(
        id_, model, key, version, revision, bool(current), position, maybe_moment(start), maybe_moment(end), rows,
        labels, bool(mature), bool(complete), basis, moment(as_of), moment(recorded_at), withdrawn, seq, findings,
    )  # fmt: skip


def signal_row(found: Sequence[Any]) -> Signal:
    """A row of `SIGNAL_COLUMNS` as a value."""
    name, value, lower, upper, n, state, message, column, source, detail = found
    known = {} if detail is None else loads(detail)
    return Signal(name, value, lower, upper, n, state, message, column, source, known)


def windows(
    conn: sqlite3.Connection, model: str, limit: int = 50, before: str | None = None, *, version: str | None = None
) -> tuple[WindowRow, ...]:
    """Current results of the last `limit` windows (keys), newest first; of one version if it is named.

    Args:
        before: a window key; only windows before it (for the next page).
    """
    found = _current(conn, model, limit, before, version)
    return tuple(sorted(map(row, found), key=lambda w: (w.key, w.version), reverse=True))


def _current(
    conn: sqlite3.Connection, model: str, limit: int, before: str | None, version: str | None
) -> list[Sequence[Any]]:
    # Keys first: a window has one row for each version, and a page is counted in windows.
    before_sql, args = ("", [model]) if before is None else (" AND key < ?", [model, before])
    keys = f"SELECT DISTINCT key FROM windows WHERE model = ? AND current = 1{before_sql} ORDER BY key DESC LIMIT ?"
    version_sql, more = ("", []) if version is None else (" AND version = ?", [version])
    return conn.execute(
        f"{SELECT} WHERE model = ? AND current = 1 AND key IN ({keys}){version_sql}", (model, *args, limit, *more)
    ).fetchall()


def window(conn: sqlite3.Connection, model: str, key: str, version: str = "") -> WindowRow | None:
    """The current result of one window."""
    found = conn.execute(
        f"{SELECT} WHERE model = ? AND key = ? AND version = ? AND current = 1", (model, key, version)
    ).fetchone()
    return None if found is None else row(found)


def result(conn: sqlite3.Connection, window_id: int) -> WindowRow | None:
    """One stored result by its id, current or not."""
    found = conn.execute(f"{SELECT} WHERE id = ?", (window_id,)).fetchone()
    return None if found is None else row(found)


def revisions(conn: sqlite3.Connection, model: str, key: str, version: str = "") -> tuple[WindowRow, ...]:
    """Every result a window ever had for a version, oldest first."""
    found = conn.execute(
        f"{SELECT} WHERE model = ? AND key = ? AND version = ? ORDER BY revision", (model, key, version)
    ).fetchall()
    return tuple(map(row, found))


def signals(conn: sqlite3.Connection, window_id: int) -> tuple[Signal, ...]:
    """All signals of one stored result, by name."""
    found = conn.execute(f"SELECT {SIGNAL_COLUMNS} FROM signals WHERE window_id = ? ORDER BY name", (window_id,))
    return tuple(map(signal_row, found.fetchall()))


def of_window(conn: sqlite3.Connection, model: str, key: str, version: str = "") -> dict[str, Signal]:
    """The signals of a window's current result for a version ("" for what concerns all rows), by name."""
    found = window(conn, model, key, version)
    return {} if found is None else {s.name: s for s in signals(conn, found.id)}


def scored_by(entries: Sequence[WindowSignals], champion: str) -> WindowSignals:
    """Of one window's entries the one whose metrics are shown: the champion's, else of who scored most labelled rows;
    the entry of all rows where no version is named."""
    return max(entries, key=lambda e: (e.window.version != "", e.window.version == champion, e.window.labels))


def history(
    conn: sqlite3.Connection, model: str, names: Collection[str] | None = None, limit: int = 50,
    *, before: str | None = None, version: str | None = None,
) -> tuple[WindowSignals, ...]:  # fmt: skip
    """The current results of the last `limit` windows in window order (oldest first), with their signals.

    A window has one entry for each version ("" first).

    Args:
        names: only these signals; None for all.
        before: a window key; only windows before it.
        version: only this version's results ("" for what concerns all rows).
    """
    found = sorted(map(row, _current(conn, model, limit, before, version)), key=lambda w: (w.key, w.version))
    return tuple(WindowSignals(w, _named(conn, w.id, names)) for w in found)


def _named(conn: sqlite3.Connection, window_id: int, names: Collection[str] | None) -> dict[str, Signal]:
    sql = f"SELECT {SIGNAL_COLUMNS} FROM signals WHERE window_id = ?"
    if names is None:
        found = conn.execute(sql, (window_id,)).fetchall()
    else:
        # SQLite's oldest limit on parameters is 999.
        wanted = sorted(names)
        found = []
        for start in range(0, len(wanted), 900):
            some = wanted[start : start + 900]
            found += conn.execute(f"{sql} AND name IN ({', '.join('?' * len(some))})", (window_id, *some)).fetchall()
    return {s.name: s for s in map(signal_row, found)}


def names(conn: sqlite3.Connection, model: str, limit: int) -> tuple[str, ...]:
    """Names of the signals about no column that the last `limit` windows have, sorted."""
    keys = "SELECT DISTINCT key FROM windows WHERE model = ?1 AND current = 1 ORDER BY key DESC LIMIT ?2"
    found = conn.execute(
        f"SELECT DISTINCT s.name FROM windows w JOIN signals s ON s.window_id = w.id WHERE w.model = ?1 "
        f'AND w.current = 1 AND w.key IN ({keys}) AND s."column" IS NULL ORDER BY s.name',
        (model, limit),
    )
    return tuple(name for (name,) in found.fetchall())


def signal_history(
    conn: sqlite3.Connection, model: str, name: str, limit: int = 50, *, version: str | None = None
) -> tuple[tuple[WindowRow, Signal], ...]:
    """One signal over the last `limit` windows, oldest first; windows that do not have it are left out."""
    found = history(conn, model, (name,), limit, version=version)
    return tuple((entry.window, entry.signals[name]) for entry in found if name in entry.signals)


def column_history(conn: sqlite3.Connection, model: str, column: str, limit: int = 50) -> tuple[WindowSignals, ...]:
    """The signals about one column over the last `limit` windows, oldest first."""
    found = sorted(map(row, _current(conn, model, limit, None, None)), key=lambda w: (w.key, w.version))
    sql = f'SELECT {SIGNAL_COLUMNS} FROM signals WHERE window_id = ? AND "column" = ?'
    entries = (
        WindowSignals(w, {s.name: s for s in map(signal_row, conn.execute(sql, (w.id, column)).fetchall())})
        for w in found
    )
    return tuple(entry for entry in entries if entry.signals)


def profiles(conn: sqlite3.Connection, window_id: int) -> tuple[StoredProfile, ...]:
    """The columns' profiles of one stored result. Replaced revisions have given theirs up."""
    found = conn.execute(
        'SELECT "column", kind, grid, data FROM profiles WHERE window_id = ? ORDER BY rowid', (window_id,)
    )
    return tuple(StoredProfile(*values) for values in found.fetchall())


def known_windows(conn: sqlite3.Connection, model: str) -> dict[str, KnownWindow]:
    """What is stored about every current window, by key, for the survey to compare the data with.

    The result for all rows (version "") speaks for a window; where there is none, the first version's does. This is the
    one read that grows with the number of windows: the survey looks at each of them anyway.
    """
    rows = conn.execute(
        "SELECT id, key, basis, rows, labels, mature, complete, as_of FROM windows "
        "WHERE model = ? AND current = 1 ORDER BY key, version",
        (model,),
    ).fetchall()
    chosen: dict[str, Sequence[Any]] = {}
    for found in rows:
        chosen.setdefault(found[1], found)
    parts: dict[int, list[FragmentPart]] = {found[0]: [] for found in chosen.values()}
    for window_id, *values in conn.execute(
        "SELECT p.window_id, p.fragment, p.rows, p.digest FROM windows w JOIN window_parts p ON p.window_id = w.id "
        "WHERE w.model = ? AND w.current = 1",
        (model,),
    ).fetchall():
        if window_id in parts:
            parts[window_id].append(FragmentPart(*values))
    return {
        key: KnownWindow(key, tuple(parts[id_]), basis, rows_, labels, bool(mature), bool(complete), moment(as_of))
        for key, (id_, _, basis, rows_, labels, mature, complete, as_of) in chosen.items()
    }


def keys_with_finding(conn: sqlite3.Connection, model: str, code: str) -> frozenset[str]:
    """Keys of the current windows in whose data report there is a finding of that code."""
    found = conn.execute(
        "SELECT DISTINCT key FROM windows w WHERE model = ? AND current = 1 AND report != '[]' AND EXISTS "
        "(SELECT 1 FROM json_each(w.report) f WHERE json_extract(f.value, '$.code') = ?)",
        (model, code),
    )
    return frozenset(key for (key,) in found.fetchall())


def known_parts(conn: sqlite3.Connection, model: str, basis: str | None = None) -> dict[str, tuple[FragmentPart, ...]]:
    """Parts of every current window by key; with `basis`, only of windows that were compared with it."""
    found = known_windows(conn, model)
    return {key: known.parts for key, known in found.items() if basis is None or known.basis == basis}
