"""Profiles of old windows, merged upward: one set a day, later one a month (`[workspace] keep`).

Written by the evaluate job (`agent.work.merging`), which adds profiles up; here only what is stored. A window's own
profiles go as those of its period come, in one transaction, so that a row of data is counted in exactly one of the
two. Which windows a period holds is kept by key: a window that is measured again has profiles of its own again, and is
not added a second time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.domain.results import StoredProfile
from lifecycle_tui.state.text import instant, moment
from lifecycle_tui.state.windows import profiles


@dataclass(frozen=True, slots=True)
class OldWindow:
    """A current window that has profiles of its own."""

    id: int
    key: str
    start: datetime
    end: datetime
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """Profiles of several windows together.

    Attributes:
        unit: "day" or "month".
        start, end: of the period, half-open.
        rows: of its windows. windows: how many those are.
    """

    id: int
    model: str
    unit: str
    start: datetime
    end: datetime
    rows: int
    windows: int


@dataclass(frozen=True, slots=True)
class Found:
    """The profiles that stand for a window: its own (`period` None), or those of the period that it is part of."""

    profiles: tuple[StoredProfile, ...]
    period: PeriodRow | None = None

    @property
    def says(self) -> str:
        """Whose they are, where not the window's own: for screens."""
        if self.period is None:
            return ""
        day = f"{self.period.start:%Y-%m-%d}" if self.period.unit == "day" else f"{self.period.start:%Y-%m}"
        return f"profiles of {self.period.windows} windows of {day} together: older ones are merged"


_COLUMNS = 'id, model, unit, start, "end", rows, windows'


def profiles_for(conn: sqlite3.Connection, model: str, key: str) -> Found:
    """The profiles of a window, or of the period that its own have been merged into; empty where there are none."""
    own = conn.execute(
        "SELECT id FROM windows WHERE model = ? AND key = ? AND version = '' AND current = 1", (model, key)
    ).fetchone()
    found = profiles(conn, own[0]) if own is not None else ()
    if found:
        return Found(found)
    row = conn.execute(
        f"SELECT {_COLUMNS} FROM periods WHERE id = (SELECT period_id FROM period_windows WHERE model = ? AND key = ?)",
        (model, key),
    ).fetchone()
    return Found(()) if row is None else Found(period_profiles(conn, row[0]), _row(row))


def has_profiles(conn: sqlite3.Connection, window_id: int) -> bool:
    """Whether a stored result has profiles of its own."""
    return conn.execute("SELECT 1 FROM profiles WHERE window_id = ? LIMIT 1", (window_id,)).fetchone() is not None


def with_profiles(
    conn: sqlite3.Connection, model: str, until: datetime, labelled: datetime | None = None
) -> tuple[OldWindow, ...]:
    """Current windows with profiles of their own that ended by then, oldest first.

    Args:
        labelled: of those that still wait for labels (which read the profiles again) only those that ended by then.

    Costs as many steps as there are windows with profiles, not as there are windows.
    """
    rows = conn.execute(
        "WITH RECURSIVE own(id) AS (SELECT min(window_id) FROM profiles UNION ALL "
        "SELECT (SELECT min(window_id) FROM profiles WHERE window_id > own.id) FROM own WHERE own.id IS NOT NULL) "
        'SELECT w.id, w.key, w.start, w."end", w.rows, (SELECT count(*) FROM profiles p WHERE p.window_id = w.id) '
        "FROM own CROSS JOIN windows w ON w.id = own.id WHERE w.model = ? AND w.version = '' AND w.current = 1 "
        'AND w.complete = 1 AND w.start IS NOT NULL AND w."end" <= ? AND (w.mature = 1 OR w."end" <= ?) '
        "ORDER BY w.start",
        (model, instant(until), instant(labelled or until)),
    ).fetchall()
    return tuple(OldWindow(i, k, moment(a), moment(b), rows_, n) for i, k, a, b, rows_, n in rows)


def periods(conn: sqlite3.Connection, model: str, unit: str, until: datetime) -> tuple[PeriodRow, ...]:
    """The periods of a unit that ended by then, oldest first."""
    rows = conn.execute(
        f'SELECT {_COLUMNS} FROM periods WHERE model = ? AND unit = ? AND "end" <= ? ORDER BY start',
        (model, unit, instant(until)),
    )
    return tuple(map(_row, rows.fetchall()))


def period_at(conn: sqlite3.Connection, model: str, unit: str, start: datetime) -> PeriodRow | None:
    """The period that begins then."""
    row = conn.execute(
        f"SELECT {_COLUMNS} FROM periods WHERE model = ? AND unit = ? AND start = ?", (model, unit, instant(start))
    ).fetchone()
    return None if row is None else _row(row)


def period_profiles(conn: sqlite3.Connection, period_id: int) -> tuple[StoredProfile, ...]:
    """The profiles of a period's columns."""
    found = conn.execute(
        'SELECT "column", kind, grid, data FROM period_profiles WHERE period_id = ? ORDER BY rowid', (period_id,)
    )
    return tuple(StoredProfile(*values) for values in found.fetchall())


def holding(conn: sqlite3.Connection, model: str, keys: Collection[str]) -> dict[str, int]:
    """Of these windows those that a period holds, and its id."""
    found = {}
    for key in keys:
        row = conn.execute("SELECT period_id FROM period_windows WHERE model = ? AND key = ?", (model, key)).fetchone()
        if row is not None:
            found[key] = int(row[0])
    return found


def outdated(conn: sqlite3.Connection, held: Mapping[str, int]) -> tuple[int, ...]:
    """Periods all of whose windows are among these: `held` is what `holding` gave for windows with profiles again."""
    counts: dict[int, int] = {}
    for id_ in held.values():
        counts[id_] = counts.get(id_, 0) + 1
    count = "SELECT count(*) FROM period_windows WHERE period_id = ?"
    return tuple(id_ for id_, n in counts.items() if conn.execute(count, (id_,)).fetchone()[0] == n)


def merge(
    tx: sqlite3.Connection, period: PeriodRow, merged: Sequence[StoredProfile], windows: Sequence[OldWindow],
    lower: Sequence[PeriodRow],
) -> bool:  # fmt: skip
    """Put a period's profiles in place of those that were added up to them; False (and nothing) where one of those has
    changed meanwhile.

    Args:
        period: as it is to be; `id` 0 where it is new.
        merged: its profiles.
        windows, lower: what has been added (or replaces what the period held), with profiles of their own until now.
    """
    if any(_changed(tx, window) for window in windows) or any(_gone(tx, one) for one in lower):
        return False
    if period.id and _gone(tx, period):
        return False
    values = (period.model, period.unit, instant(period.start), instant(period.end), period.rows, period.windows)
    if period.id:
        tx.execute("UPDATE periods SET rows = ?, windows = ? WHERE id = ?", (period.rows, period.windows, period.id))
        tx.execute("DELETE FROM period_profiles WHERE period_id = ?", (period.id,))
        id_ = period.id
    else:
        cursor = tx.execute(
            'INSERT INTO periods (model, unit, start, "end", rows, windows) VALUES (?, ?, ?, ?, ?, ?)', values
        )
        id_ = cursor.lastrowid or 0
    tx.executemany(
        'INSERT INTO period_profiles (period_id, "column", kind, grid, data) VALUES (?, ?, ?, ?, ?)',
        [(id_, p.column, p.kind, p.grid, p.data) for p in merged],
    )
    tx.executemany(
        "INSERT OR REPLACE INTO period_windows (model, key, period_id) VALUES (?, ?, ?)",
        [(period.model, window.key, id_) for window in windows],
    )
    for one in lower:
        tx.execute("UPDATE period_windows SET period_id = ? WHERE period_id = ?", (id_, one.id))
    tx.executemany("DELETE FROM profiles WHERE window_id = ?", [(window.id,) for window in windows])
    drop(tx, [one.id for one in lower])
    return True


def drop(tx: sqlite3.Connection, ids: Collection[int]) -> None:
    """Forget periods with their profiles. Signals and windows stay, and which windows they held is no longer known."""
    for id_ in ids:
        tx.execute("DELETE FROM period_profiles WHERE period_id = ?", (id_,))
        tx.execute("DELETE FROM period_windows WHERE period_id = ?", (id_,))
        tx.execute("DELETE FROM periods WHERE id = ?", (id_,))


def drop_profiles(tx: sqlite3.Connection, ids: Collection[int]) -> None:
    """Forget the profiles of windows; signals stay."""
    tx.executemany("DELETE FROM profiles WHERE window_id = ?", [(id_,) for id_ in ids])


def _changed(tx: sqlite3.Connection, window: OldWindow) -> bool:
    row = tx.execute(
        "SELECT current, (SELECT count(*) FROM profiles p WHERE p.window_id = w.id) FROM windows w WHERE id = ?",
        (window.id,),
    ).fetchone()
    return row is None or tuple(row) != (1, window.columns)


def _gone(tx: sqlite3.Connection, period: PeriodRow) -> bool:
    return tx.execute("SELECT 1 FROM periods WHERE id = ?", (period.id,)).fetchone() is None


def _row(found: Sequence) -> PeriodRow:
    id_, model, unit, start, end, rows, windows = found
    return PeriodRow(id_, model, unit, moment(start), moment(end), rows, windows)
