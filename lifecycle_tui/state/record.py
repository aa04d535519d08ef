"""Writes the results of windows: everything of one window in one transaction, each change of its data as a revision.

Called by the worker alone. A result that says the same as the stored one writes nothing, so that a rerun after a kill
neither doubles nor loses a window.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.state import models
from lifecycle_tui.state.text import dumps, instant, maybe_instant

VOLATILE = frozenset({"data.late"})
"""Signals that move with the clock while the data stands still: they are updated in place, never a reason for a
revision."""

LOGS = "log."
"""Begins the names of signals that come from logs: read apart from the data, they move as lines arrive."""

GONE = "no line says it any more"


def volatile(name: str) -> bool:
    """Whether a signal may be updated in place."""
    return name in VOLATILE or name.startswith(LOGS)


def record(tx: sqlite3.Connection, results: Sequence[WindowResult], *, whole: bool = False) -> bool:
    """Store the results of one window (or several), one for each version, and say whether any was new.

    A result is compared with the current one of its model, window and version by everything it says: parts, rows,
    labels, maturity, signals, data report, basis. The same: nothing is written, but for `VOLATILE` signals. Otherwise
    it becomes the next revision and the one before is kept, no longer current and without its profiles (a result that
    brings no profiles for unchanged parts takes them over).

    Args:
        whole: these results are all there is of their windows: other versions' current results are withdrawn.
    """
    new = False
    for result in results:
        new |= _record(tx, result)
    if whole:
        seen: dict[tuple[str, str], set[str]] = {}
        for result in results:
            seen.setdefault((result.model, result.window.key), set()).add(result.version)
        for (model, key), versions in seen.items():
            new |= _withdraw(tx, model, key, versions, "no row of it was scored by this version any more")
    return new


def withdraw(tx: sqlite3.Connection, model: str, keys: Collection[str], reason: str) -> int:
    """Make windows no longer current although nothing replaced them, e.g. after `window` was changed in the file.

    Not for windows whose old data was deleted on purpose: their results stay true. Returns how many there were.
    """
    return sum(_withdraw(tx, model, key, (), reason) for key in keys)


def _withdraw(tx: sqlite3.Connection, model: str, key: str, keep: Collection[str], reason: str) -> bool:
    rows = tx.execute("SELECT id, version FROM windows WHERE model = ? AND key = ? AND current = 1", (model, key))
    gone = [(reason, id_) for id_, version in rows.fetchall() if version not in keep]
    tx.executemany("UPDATE windows SET current = 0, withdrawn = ? WHERE id = ?", gone)
    return bool(gone)


def _record(tx: sqlite3.Connection, result: WindowResult) -> bool:
    window = result.window
    said = digest(result)
    before = tx.execute(
        "SELECT id, digest FROM windows WHERE model = ? AND key = ? AND version = ? AND current = 1",
        (result.model, window.key, result.version),
    ).fetchone()
    if before is not None and before[1] == said:
        for signal in result.signals:
            if volatile(signal.name):
                _move(tx, before[0], signal)
        return False
    models.exists(tx, result.model)
    (latest,) = tx.execute(
        "SELECT max(revision) FROM windows WHERE model = ? AND key = ? AND version = ?",
        (result.model, window.key, result.version),
    ).fetchone()
    if before is not None:
        tx.execute("UPDATE windows SET current = 0 WHERE id = ?", (before[0],))
    id_ = _insert(tx, result, said, (latest or 0) + 1)
    _details(tx, id_, result, None if before is None else before[0])
    return True


def _insert(tx: sqlite3.Connection, result: WindowResult, said: str, revision: int) -> int:
    window = result.window
    report = [] if result.report is None else [asdict(f) for f in result.report.findings]
    cursor = tx.execute(
        'INSERT INTO windows (model, key, version, revision, position, start, "end", rows, labels, mature, complete, '
        "basis, as_of, recorded_at, digest, report) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            result.model, window.key, result.version, revision, window.order, maybe_instant(window.start),
            maybe_instant(window.end), int(window.rows), int(result.labels), bool(result.mature),
            bool(window.complete), result.basis,
            instant(result.as_of), instant(datetime.now(UTC)), said, dumps(report),
        ),
    )  # fmt: skip
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _details(tx: sqlite3.Connection, id_: int, result: WindowResult, before: int | None) -> None:
    tx.executemany(
        "INSERT INTO window_parts (window_id, fragment, rows, digest) VALUES (?, ?, ?, ?)",
        [(id_, part.fragment, int(part.rows), part.digest) for part in result.window.parts],
    )
    tx.executemany(
        'INSERT INTO signals (window_id, name, value, lower, upper, n, state, message, "column", source, detail) '
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(id_, *_signal(s)) for s in result.signals],
    )
    if before is not None and not result.profiles and _parts(tx, before) == _parts(tx, id_):
        tx.execute("UPDATE profiles SET window_id = ? WHERE window_id = ?", (id_, before))
        tx.execute("UPDATE window_sums SET window_id = ? WHERE window_id = ?", (id_, before))
        return
    if before is not None:
        tx.execute("DELETE FROM profiles WHERE window_id = ?", (before,))
        tx.execute("DELETE FROM window_sums WHERE window_id = ?", (before,))
    if result.sums:
        tx.execute("INSERT INTO window_sums (window_id, data) VALUES (?, ?)", (id_, result.sums))
    tx.executemany(
        'INSERT INTO profiles (window_id, "column", kind, grid, data) VALUES (?, ?, ?, ?, ?)',
        [(id_, p.column, p.kind, p.grid, p.data) for p in result.profiles],
    )


def _parts(tx: sqlite3.Connection, id_: int) -> list[tuple]:
    """What the profiles were made from: labels that arrive later do not change them."""
    return tx.execute(
        "SELECT fragment, rows, digest FROM window_parts WHERE window_id = ? AND substr(fragment, 1, 7) <> 'labels:' "
        "ORDER BY fragment",
        (id_,),
    ).fetchall()


def _signal(s: Signal) -> tuple:
    detail = dumps(dict(s.detail)) if s.detail else None
    n = None if s.n is None else int(s.n)
    numbers = (_number(s.value), _number(s.lower), _number(s.upper), n)
    return (s.name, *numbers, s.state, s.message, s.column, s.source, detail)


def _number(value: float | None) -> float | None:
    # NumPy's scalars become plain floats; NaN is no value (SQLite would store it as NULL); infinities are kept.
    if value is None or value != value:
        return None
    return float(value)


def _move(tx: sqlite3.Connection, window_id: int, signal: Signal) -> None:
    name, *values = _signal(signal)
    fields = ("value", "lower", "upper", "n", "state", "message", '"column"', "source", "detail")
    changed = " AND ".join(f"{field} IS ?" for field in fields)
    tx.execute(
        f"UPDATE signals SET {', '.join(f'{field} = ?' for field in fields)} "
        f"WHERE window_id = ? AND name = ? AND NOT ({changed})",
        (*values, window_id, name, *values),
    )


def digest(result: WindowResult) -> str:
    """Names everything that a result says; two results with the same digest are the same result.

    The clock (`as_of`), the position, `VOLATILE` signals, and the profiles and sums, which follow from parts and basis,
    are left out.
    """
    window = result.window
    said = [
        sorted((p.fragment, int(p.rows), p.digest) for p in window.parts),
        [int(window.rows), maybe_instant(window.start), maybe_instant(window.end), bool(window.complete)],
        [int(result.labels), bool(result.mature), result.basis],
        sorted([repr(v) for v in _signal(s)] for s in result.signals if not volatile(s.name)),
        [] if result.report is None else sorted(dumps(asdict(f)) for f in result.report.findings),
    ]
    return hashlib.sha256(dumps(said).encode()).hexdigest()[:32]


def move(tx: sqlite3.Connection, model: str, key: str, version: str, signal: Signal) -> None:
    """Update one of the `VOLATILE` signals of a window's current result, or add it; never a revision."""
    found = tx.execute(
        "SELECT id FROM windows WHERE model = ? AND key = ? AND version = ? AND current = 1", (model, key, version)
    ).fetchone()
    if found is None or not volatile(signal.name):
        return
    tx.execute("INSERT OR IGNORE INTO signals (window_id, name, state) VALUES (?, ?, 'ok')", (found[0], signal.name))
    _move(tx, found[0], signal)


def put_logs(tx: sqlite3.Connection, model: str, key: str, signals: Sequence[Signal]) -> None:
    """Give a window's current result these signals of logs, in place of those that it had."""
    found = tx.execute(
        "SELECT id FROM windows WHERE model = ? AND key = ? AND version = '' AND current = 1", (model, key)
    ).fetchone()
    if found is None:
        return
    named = {signal.name for signal in signals}
    old = tx.execute("SELECT name FROM signals WHERE window_id = ? AND substr(name, 1, 4) = ?", (found[0], LOGS))
    gone = [Signal(name, None, state="unknown", message=GONE) for (name,) in old.fetchall() if name not in named]
    for signal in (*signals, *gone):
        if signal.name.startswith(LOGS):
            move(tx, model, key, "", signal)
