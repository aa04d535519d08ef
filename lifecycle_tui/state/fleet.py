"""Reads the fleet: one row for each model, so that a single SELECT shows what is wrong, worst first.

Called by `status`, `check`'s summary and the fleet screen, which asks `fleet_pages` for whom; `models` writes.
`status` shows a thousand models within a few milliseconds, so this module imports little, and its row is a named
tuple: a frozen dataclass of 30 fields costs ten times as much to define and to fill.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from lifecycle_tui.state.text import dumps, loads, maybe_moment

if TYPE_CHECKING:
    from lifecycle_tui.domain.results import Health
    from lifecycle_tui.domain.specs import Severity

NOTE = "agent.note"
"""Key of `meta` under which the agent says something to all viewers (see `lease.put_note`)."""

HEALTH_ORDER = ("error", "critical", "warning", "unknown", "ok")
"""Worst first."""


class FleetRow(NamedTuple):
    """A model as the fleet shows it; fields as in `models.Declared` and `models.ModelFacts`.

    Attributes:
        declared: whether the file still declares it.
        champion: number of the version that the alias `champion` names.
        alerts_open: alerts that have not resolved (acknowledged ones included).
        severity: the worst of them.
        seq: raised whenever the row changes.
        snoozed: how many of the open alerts are snoozed; awake: the worst severity of the others.
        metric_estimate: the key metric of the newest window, estimated, where its labels are still to come.
    """

    name: str
    task: str | None
    owner: str | None
    tags: tuple[str, ...]
    declared: bool
    health: Health
    message: str | None
    champion: int | None
    window_key: str | None
    window_start: datetime | None
    window_end: datetime | None
    window_rows: int | None
    window_labels: int | None
    drift_share: float | None
    drift_count: int | None
    drift_columns: int | None
    drift_max: float | None
    drift_column: str | None
    drift_history: tuple[float | None, ...]
    metric: str | None
    metric_value: float | None
    metric_lower: float | None
    metric_upper: float | None
    metric_history: tuple[float | None, ...]
    alerts_open: int
    severity: Severity | None
    evaluated_at: datetime | None
    seq: int
    snoozed: int = 0
    awake: Severity | None = None
    metric_estimate: float | None = None


SELECT = f"SELECT {', '.join(FleetRow._fields)} FROM models"
_FIELDS = ", ".join(f"models.{name}" for name in FleetRow._fields)
_TAGS, _DRIFTS, _METRICS = (FleetRow._fields.index(n) for n in ("tags", "drift_history", "metric_history"))
_START, _END, _AT = (FleetRow._fields.index(n) for n in ("window_start", "window_end", "evaluated_at"))
_DECLARED = FleetRow._fields.index("declared")
WORST_FIRST = (("urgency", False), ("awake", False), ("drift_share", True), ("name", False))
"""(column of the table `fleet`, whether it falls). A model is as urgent as its alerts that are awake: where all are
snoozed it comes after what somebody must look at."""
_WORST_FIRST = "ORDER BY " + ", ".join(
    f"fleet.{name} DESC" if falls else f"fleet.{name}" for name, falls in WORST_FIRST
)


def row(found: Sequence[Any]) -> FleetRow:
    """A row of `SELECT` as a value."""
    return _rows([found])[0]


def _rows(found: Sequence[Sequence[Any]]) -> tuple[FleetRow, ...]:
    # All JSON columns of all rows are parsed in one call: a thousand rows have three thousand short lists.
    lists = iter(loads(f"[{','.join(r[i] for r in found for i in (_TAGS, _DRIFTS, _METRICS))}]"))
    made = []
    for plain in found:
        values = list(plain)
        values[_TAGS], values[_DRIFTS], values[_METRICS] = tuple(next(lists)), tuple(next(lists)), tuple(next(lists))
        values[_START], values[_END] = maybe_moment(values[_START]), maybe_moment(values[_END])
        values[_AT], values[_DECLARED] = maybe_moment(values[_AT]), bool(values[_DECLARED])
        made.append(FleetRow._make(values))
    return tuple(made)


def fleet(conn: sqlite3.Connection, *, retired: bool = False) -> tuple[FleetRow, ...]:
    """All declared models in one SELECT, worst first; with `retired`, those that are no longer declared as well."""
    where = "" if retired else "WHERE fleet.declared = 1 "
    sql = f"SELECT {_FIELDS} FROM fleet CROSS JOIN models ON models.name = fleet.name {where}{_WORST_FIRST}"
    return _rows(conn.execute(sql).fetchall())


def model(conn: sqlite3.Connection, name: str) -> FleetRow | None:
    """One model, declared or not; None if state has never heard of it."""
    found = conn.execute(f"{SELECT} WHERE name = ?", (name,)).fetchone()
    return None if found is None else row(found)


def rows(conn: sqlite3.Connection, wanted: Sequence[str]) -> tuple[FleetRow, ...]:
    """The models of these names, in this order; names that state does not know are left out."""
    sql = f"SELECT {_FIELDS} FROM json_each(?) AS asked CROSS JOIN models ON name = asked.value ORDER BY asked.key"
    return _rows(conn.execute(sql, (dumps(list(wanted)),)).fetchall())


def names(conn: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    """(name, health) of every declared model, worst first; ten times as fast as the whole rows."""
    return tuple(conn.execute(f"SELECT name, health FROM fleet WHERE declared = 1 {_WORST_FIRST}").fetchall())


def note(conn: sqlite3.Connection) -> str | None:
    """What the agent has to say to viewers, e.g. that the file has errors."""
    found = conn.execute("SELECT value FROM meta WHERE key = ?", (NOTE,)).fetchone()
    return None if found is None else str(found[0])
