"""What panel plugins returned last, kept so that a terminal draws it at once and never calls a plugin itself.

Written by the job that runs them, read by the model screen.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.state import models
from lifecycle_tui.state.text import dumps, instant, loads, moment


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One panel of one model.

    Attributes:
        at: when `data` was made, or the attempt failed.
        data: JSON values, as the plugin returned them; None where it has returned none yet.
        error: why the newest attempt failed; `data` is then what was there before.
    """

    model: str
    name: str
    at: datetime
    data: Any
    error: str | None
    seq: int


SELECT = "SELECT model, name, at, data, error, seq FROM panels"


def row(found: Sequence[Any]) -> PanelRow:
    """A row of `SELECT` as a value."""
    model, name, at, data, error, seq = found
    return PanelRow(model, name, moment(at), loads(data), error, seq)


def put(
    tx: sqlite3.Connection, model: str, name: str, now: datetime, data: Any = None, error: str | None = None
) -> None:
    """Keep what a panel returned; with an `error` what it returned before stays."""
    models.exists(tx, model)
    tx.execute(
        "INSERT INTO panels (model, name, at, data, error) VALUES (?, ?, ?, ?, ?) ON CONFLICT (model, name) DO UPDATE "
        "SET at = excluded.at, error = excluded.error, "
        "data = CASE WHEN excluded.error IS NULL THEN excluded.data ELSE data END",
        (model, name, instant(now), None if error is not None else dumps(data), error),
    )


def read(conn: sqlite3.Connection, model: str) -> tuple[PanelRow, ...]:
    """The panels of a model, by name."""
    return tuple(map(row, conn.execute(f"{SELECT} WHERE model = ? ORDER BY name", (model,)).fetchall()))
