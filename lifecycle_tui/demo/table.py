"""What has happened to each model, counted from state with plain SQL: the summary that `lifecycle demo` ends with.

A version counts as promoted where the loop made it champion, as refused where its last judgement failed. The first
champion of a model, and one that the data names, was promoted by nobody.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from lifecycle_tui.registry import aliases


@dataclass(frozen=True, slots=True)
class Row:
    """The life of one model.

    Attributes:
        versions: that there are, the first one and those that the data names included.
        trainings: that ended well.
        promotions, rollbacks: moves of the champion, onto a later version and back.
        refusals: versions whose last judgement failed.
        alerts, alerts_open: that were ever opened, and that are open.
        drifted: windows in which a column drifted.
        windows: that were measured.
    """

    model: str
    versions: int
    trainings: int
    promotions: int
    refusals: int
    rollbacks: int
    alerts: int
    alerts_open: int
    drifted: int
    windows: int


_COUNTS = {
    "versions": "SELECT count(*) FROM versions WHERE model = ?",
    "trainings": "SELECT count(*) FROM jobs WHERE model = ? AND kind = 'retrain' AND state = 'done'",
    "refusals": "SELECT count(*) FROM judgements j WHERE model = ? AND verdict = 'failed' AND id = "
    "(SELECT max(id) FROM judgements WHERE model = j.model AND version = j.version)",
    "alerts": "SELECT count(*) FROM alerts WHERE model = ?",
    "alerts_open": "SELECT count(*) FROM alerts WHERE model = ? AND state != 'resolved'",
    "windows": "SELECT count(*) FROM windows WHERE model = ? AND version = '' AND current = 1",
    "drifted": "SELECT count(*) FROM windows w JOIN signals s ON s.window_id = w.id "
    "WHERE w.model = ? AND w.version = '' AND w.current = 1 AND s.name = 'drift.count' AND s.value > 0",
}


def history_table(conn: sqlite3.Connection) -> tuple[Row, ...]:
    """One row a model, by name. `conn` may be read-only."""
    names = [name for (name,) in conn.execute("SELECT name FROM models ORDER BY name").fetchall()]
    return tuple(_row(conn, name) for name in names)


def _row(conn: sqlite3.Connection, model: str) -> Row:
    counts = {name: int(conn.execute(sql, (model,)).fetchone()[0]) for name, sql in _COUNTS.items()}
    moves = conn.execute(
        "SELECT version, previous, by FROM alias_history WHERE model = ? AND alias = ? AND version IS NOT NULL "
        "AND previous IS NOT NULL AND version != previous AND by != 'data' ORDER BY id",
        (model, aliases.CHAMPION),
    ).fetchall()
    back = sum(version < previous for version, previous, _ in moves)
    return Row(model, promotions=len(moves) - back, rollbacks=back, **counts)
