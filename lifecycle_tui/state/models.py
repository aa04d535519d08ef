"""Writes the fleet's rows: what the file declares of a model, what an evaluation found, how far rules were decided.

Called by the agent's worker after an evaluation and by `check` when the declarations are read; `fleet` reads. Alert
counts and the champion are not given by the caller: they are taken from their tables in the same transaction, so that
they cannot disagree.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.domain.results import Health
from lifecycle_tui.state.fleet import HEALTH_ORDER as HEALTH_ORDER
from lifecycle_tui.state.fleet import FleetRow as FleetRow
from lifecycle_tui.state.fleet import fleet as fleet
from lifecycle_tui.state.fleet import model as model
from lifecycle_tui.state.text import dumps, instant, maybe_instant


@dataclass(frozen=True, slots=True)
class Declared:
    """What the file says of a model."""

    name: str
    task: str | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What an evaluation found out about a model, for its row in the fleet.

    Attributes:
        message: one sentence: the reason for its health.
        window_*: the newest window that was evaluated.
        drift_share, drift_count: columns that drifted in it, of `drift_columns` that were judged.
        drift_max, drift_column: the largest effect (0..1) and whose it is.
        drift_history, metric_history: `drift.share` and the key metric of the last windows, oldest first; None where a
            window has none.
        metric: name of the key metric; metric_value with its interval is that of the newest mature window.
        metric_estimate: its estimate in the newest window, where labels are still to come there.
    """

    name: str
    health: Health
    evaluated_at: datetime
    message: str | None = None
    window_key: str | None = None
    window_start: datetime | None = None
    window_end: datetime | None = None
    window_rows: int | None = None
    window_labels: int | None = None
    drift_share: float | None = None
    drift_count: int | None = None
    drift_columns: int | None = None
    drift_max: float | None = None
    drift_column: str | None = None
    drift_history: tuple[float | None, ...] = ()
    metric: str | None = None
    metric_value: float | None = None
    metric_lower: float | None = None
    metric_upper: float | None = None
    metric_history: tuple[float | None, ...] = ()
    metric_estimate: float | None = None


_FACTS = tuple(f for f in ModelFacts.__dataclass_fields__ if f != "name")


def declare(tx: sqlite3.Connection, models: Iterable[Declared]) -> None:
    """Write what the file says of these models; rows that say so already are not touched. A tag counts once."""
    for said in models:
        values = (said.task, said.owner, dumps(list(dict.fromkeys(said.tags))), 1)
        tx.execute(
            "INSERT OR IGNORE INTO models (name, task, owner, tags, declared) VALUES (?, ?, ?, ?, ?)",
            (said.name, *values),
        )
        tx.execute(
            "UPDATE models SET task = ?, owner = ?, tags = ?, declared = ? WHERE name = ? "
            "AND NOT (task IS ? AND owner IS ? AND tags IS ? AND declared IS ?)",
            (*values, said.name, *values),
        )


def retire_missing(tx: sqlite3.Connection, names: Iterable[str]) -> tuple[str, ...]:
    """Mark models that are not among `names` as no longer declared, and return those that were until now.

    Their history stays; `fleet` leaves them out.
    """
    keep = set(names)
    gone = tuple(
        name for (name,) in tx.execute("SELECT name FROM models WHERE declared = 1").fetchall() if name not in keep
    )
    tx.executemany("UPDATE models SET declared = 0 WHERE name = ?", [(name,) for name in gone])
    return gone


def put_model(tx: sqlite3.Connection, facts: ModelFacts) -> None:
    """Write what an evaluation found out; the row is made if the file's declaration was not written yet."""
    values: dict[str, Any] = {name: getattr(facts, name) for name in _FACTS}
    values["evaluated_at"] = instant(facts.evaluated_at)
    values["window_start"] = maybe_instant(facts.window_start)
    values["window_end"] = maybe_instant(facts.window_end)
    for name in ("drift_history", "metric_history"):
        values[name] = dumps(list(values[name]))
    exists(tx, facts.name)
    tx.execute(
        f"UPDATE models SET {', '.join(f'{c} = ?' for c in values)} WHERE name = ?", (*values.values(), facts.name)
    )
    count_alerts(tx, facts.name)


def exists(tx: sqlite3.Connection, name: str) -> None:
    """Make the model's row if there is none, so that others may refer to it."""
    tx.execute("INSERT OR IGNORE INTO models (name) VALUES (?)", (name,))


def count_alerts(tx: sqlite3.Connection, name: str) -> None:
    """Bring the row's alert counts and worst severities up to date; called wherever an alert changes."""
    found = tx.execute(
        "SELECT severity, snoozed_until IS NULL FROM alerts INDEXED BY alerts_live "
        "WHERE model = ? AND state <> 'resolved'",
        (name,),
    ).fetchall()
    awake = [severity for severity, is_awake in found if is_awake]
    values = (len(found), _worst([severity for severity, _ in found]), len(found) - len(awake), _worst(awake))
    tx.execute(
        "UPDATE models SET alerts_open = ?, severity = ?, snoozed = ?, awake = ? WHERE name = ? "
        "AND NOT (alerts_open IS ? AND severity IS ? AND snoozed IS ? AND awake IS ?)",
        (*values, name, *values),
    )


def _worst(severities: Collection[str]) -> str | None:
    return next((s for s in ("critical", "warning", "info") if s in severities), None)


def decided(conn: sqlite3.Connection, name: str) -> str | None:
    """Key of the last window that the model's rules were decided on; None if they never were."""
    found = conn.execute("SELECT decided FROM models WHERE name = ?", (name,)).fetchone()
    return None if found is None else found[0]


def set_decided(tx: sqlite3.Connection, name: str, key: str | None) -> None:
    """Note how far rules were decided, in the transaction that stores the decisions."""
    exists(tx, name)
    tx.execute("UPDATE models SET decided = ? WHERE name = ? AND decided IS NOT ?", (key, name, key))


def put_error(tx: sqlite3.Connection, name: str, message: str, now: datetime) -> None:
    """Say that a model could not be evaluated, and why; what was known of it before stays."""
    exists(tx, name)
    tx.execute(
        "UPDATE models SET health = 'error', message = ?, evaluated_at = ? WHERE name = ?",
        (message, instant(now), name),
    )
