"""Which models are paused: watched as ever, but nothing of them is set off by a rule or by the schedule.

Written by the actions `pause` and `resume`; read by the loop's facts, by `status` and by the terminal. A pause that has
ended stays in its row, so that the loop knows which instants of a schedule fell into it and are not owed.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.state.text import instant, maybe_instant, maybe_moment, moment


@dataclass(frozen=True, slots=True)
class PauseRow:
    """The newest pause of a model.

    Attributes:
        until: when it ends or ended; None where somebody has to resume it.
        by, why: who paused it, and what for.
    """

    model: str
    since: datetime
    until: datetime | None
    by: str
    why: str | None

    def holds(self, now: datetime) -> bool:
        """Whether the model is paused now."""
        return self.until is None or now < self.until

    def said(self) -> str:
        """In words, e.g. "paused by ana until 2026-03-01 12:00 UTC: the schema moves"."""
        until = "" if self.until is None else f" until {self.until:%Y-%m-%d %H:%M} UTC"
        return f"paused by {self.by}{until}" + (f": {self.why}" if self.why else "")


_SELECT = "SELECT name, paused_at, paused_until, paused_by, paused_why FROM models WHERE paused_at IS NOT NULL"


def pause_of(conn: sqlite3.Connection, model: str) -> PauseRow | None:
    """The newest pause of a model, whether it holds or has ended; None where there never was one."""
    found = conn.execute(f"{_SELECT} AND name = ?", (model,)).fetchone()
    return None if found is None else _row(found)


def holding(conn: sqlite3.Connection, now: datetime, some: str | None = None) -> dict[str, PauseRow]:
    """The pauses that hold now, by model; `some`: only of these models, a JSON list."""
    among = "" if some is None else " AND name IN (SELECT value FROM json_each(?2))"
    found = conn.execute(
        f"{_SELECT} AND (paused_until IS NULL OR paused_until > ?1){among}",
        (instant(now),) if some is None else (instant(now), some),
    ).fetchall()
    return {row[0]: _row(row) for row in found}


def pause(tx: sqlite3.Connection, model: str, until: datetime | None, by: str, why: str | None, now: datetime) -> None:
    """Pause a model from now on; one that is paused gets the new end and reason."""
    tx.execute("INSERT OR IGNORE INTO models (name) VALUES (?)", (model,))
    before = pause_of(tx, model)
    began = before.since if before is not None and before.holds(now) else now
    tx.execute(
        "UPDATE models SET paused_at = ?, paused_until = ?, paused_by = ?, paused_why = ? WHERE name = ?",
        (instant(began), maybe_instant(until), by, why, model),
    )


def resume(tx: sqlite3.Connection, model: str, now: datetime) -> None:
    """End the pause of a model now; nothing happens to one that is not paused."""
    found = pause_of(tx, model)
    if found is not None and found.holds(now):
        tx.execute("UPDATE models SET paused_until = ? WHERE name = ?", (instant(now), model))


def _row(found: tuple) -> PauseRow:
    name, since, until, by, why = found
    return PauseRow(name, moment(since), maybe_moment(until), by, why)
