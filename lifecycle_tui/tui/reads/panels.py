"""What panels of plugins returned last, as the model screen shows it. Read from state; no plugin is called here."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.domain.showing import Row, Series
from lifecycle_tui.state import panels


@dataclass(frozen=True, slots=True)
class Drawn:
    """One panel.

    Attributes:
        at: when `items` were made, or the attempt failed.
        error: why the newest attempt failed; `items` are then what was there before.
    """

    name: str
    at: datetime
    items: tuple[Row | Series, ...]
    error: str | None


def any_(conn: sqlite3.Connection, model: str) -> bool:
    """Whether a panel has something to show for this model."""
    sql = "SELECT 1 FROM panels WHERE model = ? AND (error IS NOT NULL OR data <> '[]') LIMIT 1"
    return conn.execute(sql, (model,)).fetchone() is not None


def of(conn: sqlite3.Connection, model: str) -> tuple[Drawn, ...]:
    """The panels of a model that have something to show, by name."""
    from lifecycle_tui.plugin_host import shown
    from lifecycle_tui.plugin_host.results import BadResult

    found: list[Drawn] = []
    for row in panels.read(conn, model):
        items: tuple[Row | Series, ...] = ()
        error = row.error
        try:
            items = shown.from_json(row.data or [])
        except BadResult as exc:
            error = error or str(exc)
        if items or error:
            found.append(Drawn(row.name, row.at, items, error))
    return tuple(found)
