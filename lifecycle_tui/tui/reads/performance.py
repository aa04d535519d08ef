"""What the performance pane reads: every signal about no column, as a series over the last windows."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import windows
from lifecycle_tui.state.windows import WindowRow, WindowSignals

NAMES_IN = 6
"""Windows in which names of signals are looked for."""
MOVES = 200
SENTENCES = frozenset({"reading"})
"""They say something, and have no number."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One window of a series; `signal` is None where it was not measured.

    Attributes:
        version: which one scored what was measured; "" for all rows.
        labels, rows: of that version's rows.
        mature: no more labels are expected.
        start: when the window begins, where it has a time.
    """

    key: str
    version: str
    signal: Signal | None
    labels: int
    rows: int
    mature: bool
    start: datetime | None = None

    @property
    def value(self) -> float | None:
        """The number, where there is one."""
        return None if self.signal is None else self.signal.value


@dataclass(frozen=True, slots=True)
class Series:
    """A signal over windows, oldest first.

    Attributes:
        version: whose; "" for all rows, and where `served` says that it is whoever served in each window.
    """

    name: str
    version: str
    served: bool
    points: tuple[Measured, ...]

    @property
    def key(self) -> str:
        """Unique within a model."""
        return f"{self.name}\0{'served' if self.served else ''}\0{self.version}"

    @property
    def newest(self) -> Measured | None:
        """The newest window with a number; of a version's metrics a final one if there is any."""
        known = [p for p in self.points if p.value is not None]
        final = [p for p in known if p.mature or not p.version]
        found = final or known
        return found[-1] if found else None

    @property
    def moves(self) -> dict[str, str]:
        """Window → the version that began to serve there; the first window's is no move."""
        known = [p for p in self.points if p.version]
        return {b.key: b.version for a, b in pairwise(known) if a.version != b.version}


def series(conn: sqlite3.Connection, model: str, metric: str | None, limit: int) -> tuple[Series, ...]:
    """Every signal about no column over the last `limit` windows: the key metric first, then metrics, drift and data.

    A metric comes once for whoever served; where several versions scored, then once for each of them. Those of
    segments, of which there may be hundreds, are read by `segments`.
    """
    names = [name for name in windows.names(conn, model, NAMES_IN) if "=" not in name and name not in SENTENCES]
    by_key, served = _by_window(conn, model, names, limit)
    found: list[Series] = []
    for name in names:
        found += _of(name, by_key, served)
    return tuple(sorted(found, key=lambda s: (_family(s.name), not s.served, s.name != metric, s.name)))


def one(conn: sqlite3.Connection, model: str, name: str, limit: int) -> Series | None:
    """One signal over the last `limit` windows: of all rows, or of whoever served; None where it was never measured."""
    return next(iter(_of(name, *_by_window(conn, model, (name,), limit))), None)


def by_name(conn: sqlite3.Connection, model: str, names: Collection[str], limit: int) -> tuple[Series, ...]:
    """These signals over the last `limit` windows, each once: of all rows, or of whoever served."""
    known = _by_window(conn, model, names, limit)
    return tuple(found for name in names if (found := next(iter(_of(name, *known)), None)) is not None)


def _by_window(
    conn: sqlite3.Connection, model: str, names: Collection[str], limit: int
) -> tuple[dict[str, list[WindowSignals]], dict[str, str | None]]:
    """Window → what was measured in it, and who served in it."""
    by_key: dict[str, list[WindowSignals]] = {}
    for entry in windows.history(conn, model, names, limit):
        by_key.setdefault(entry.window.key, []).append(entry)
    champions = _champions(conn, model)
    return by_key, {key: _served(entries, champions) for key, entries in by_key.items()}


def _family(name: str) -> int:
    if name.startswith("drift."):
        return 2
    if name.startswith("log."):
        return 4
    return 3 if name.startswith("data.") or name in ("rows", "labels", "labels.share") else 1


def _of(name: str, by_key: Mapping[str, Sequence[WindowSignals]], served: Mapping[str, str | None]) -> Iterable[Series]:
    has = {entry.window.version for entries in by_key.values() for entry in entries if name in entry.signals}
    if "" in has:
        yield Series(name, "", False, _points(name, by_key, dict.fromkeys(by_key, "")))
    scored = sorted(has - {""}, reverse=True)
    if scored:
        yield Series(name, "", True, _points(name, by_key, served))
    if len(scored) > 1:
        for version in scored:
            yield Series(name, version, False, _points(name, by_key, dict.fromkeys(by_key, version)))


def _points(
    name: str, by_key: Mapping[str, Sequence[WindowSignals]], wanted: Mapping[str, str | None]
) -> tuple[Measured, ...]:
    points = []
    for key, entries in by_key.items():
        entry = next((e for e in entries if e.window.version == wanted[key]), None)
        row = entry.window if entry is not None else entries[0].window
        points.append(
            Measured(
                key, row.version if entry is not None else "", entry.signals.get(name) if entry is not None else None,
                row.labels, row.rows, row.mature, row.start,
            )
        )  # fmt: skip
    return tuple(points)


def _served(entries: Sequence[WindowSignals], champions: Sequence[tuple[datetime, str]]) -> str | None:
    """Who served in a window: who scored most rows; of several that scored the same ones, who was champion then."""
    rows = [entry.window for entry in entries if entry.window.version != ""]
    if not rows:
        return None

    def order(row: WindowRow) -> tuple[int, bool, int, str]:
        then = next((label for at, label in champions if row.end is None or at < row.end), None)
        return row.rows, row.version == then, row.labels, row.version

    return max(rows, key=order).version


def _champions(conn: sqlite3.Connection, model: str) -> list[tuple[datetime, str]]:
    """(since, label) of the champions, newest first."""
    found = []
    for move in aliases.moves(conn, model, aliases.CHAMPION, MOVES):
        version = None if move.version is None else versions.get(conn, model, move.version)
        if version is not None:
            found.append((move.at, version.label))
    return found
