"""What most likely happened in the newest window, as the worker read it. Called by the overview."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.state import windows
from lifecycle_tui.tui.column_facts import number

NAME = "reading"


@dataclass(frozen=True, slots=True)
class Ranked:
    """A column, how far it drifted, and its share of what the model leans on (None: not known)."""

    column: str
    drift: float
    importance: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """One window's reading.

    Attributes:
        state: "ok" where nothing has changed, "drifted", or "cannot-tell".
        says: one sentence.
        evidence: (signal, sentence), the strongest first.
        columns: that drifted, by drift times importance; by: what the importance is, "" where none is known.
    """

    window: str
    state: str
    says: str
    evidence: tuple[tuple[str, str], ...] = ()
    advice: str = ""
    columns: tuple[Ranked, ...] = ()
    by: str = ""


def newest(conn: sqlite3.Connection, model: str, version: str) -> Reading | None:
    """Of the newest window, as the version's rows show it (else any version's, else all rows); None without one."""
    found = windows.history(conn, model, (NAME,), 1)
    known = {entry.window.version: entry for entry in found if NAME in entry.signals}
    # A version's own rests on more than that of all rows: on what came true.
    name = version if version and version in known else max(known, default=None)
    chosen = None if name is None else known[name]
    return None if chosen is None else reading(chosen.window.key, chosen.signals[NAME])


def reading(window: str, signal: Signal) -> Reading:
    """A reading out of its signal; what is missing or is not what it should be is left out."""
    detail = signal.detail
    rows = [row for row in _rows(detail.get("evidence")) if row.get("says")]
    ranked = [
        Ranked(str(row.get("column")), number(row.get("drift")) or 0.0, number(row.get("importance")))
        for row in _rows(detail.get("columns"))
    ]
    advice, by = detail.get("advice"), detail.get("importance_by")
    return Reading(
        window,
        signal.state,
        (signal.message or "").partition("; ")[0],
        tuple((str(row.get("signal", "")), str(row["says"])) for row in rows),
        advice if isinstance(advice, str) else "",
        tuple(r for r in ranked if r.drift > 0),
        by if isinstance(by, str) else "",
    )


def _rows(found: object) -> list[Mapping[str, Any]]:
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
