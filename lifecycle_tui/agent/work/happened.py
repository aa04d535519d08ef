"""What happened, as the event hooks are told it: three streams in state, each read onwards from a number.

Called by the events job, and by who asks whether there is news for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from lifecycle_tui.agent.work.view import alert_view, version_view
from lifecycle_tui.domain.views import AlertEvent, Event, RolloutEvent, VersionEvent
from lifecycle_tui.registry import aliases
from lifecycle_tui.state import alerts
from lifecycle_tui.state.text import moment


@dataclass(frozen=True, slots=True)
class Stream:
    """One hook's events.

    Attributes:
        table: where they are; number: the column that grows with each; only: a condition on them.
        columns: what `told` is given, the number first; it returns None for an event whose subject is gone.
    """

    table: str
    number: str
    only: str
    columns: str
    told: Callable[..., Event | None]

    def newest(self, conn: sqlite3.Connection) -> int:
        """The number of the newest event; 0 before the first."""
        found = conn.execute(f"SELECT coalesce(max({self.number}), 0) FROM {self.table}").fetchone()
        return int(found[0])

    def news(self, conn: sqlite3.Connection, last: int) -> bool:
        """Whether there is an event after `last`."""
        sql = f"SELECT 1 FROM {self.table} WHERE {self.number} > ? AND {self.only} LIMIT 1"
        return conn.execute(sql, (last,)).fetchone() is not None

    def after(self, conn: sqlite3.Connection, last: int, limit: int) -> tuple[tuple[int, Event | None], ...]:
        """(number, event) of the next ones, in order."""
        found = conn.execute(
            f"SELECT {self.columns} FROM {self.table} WHERE {self.number} > ? AND {self.only} "
            f"ORDER BY {self.number} LIMIT ?",
            (last, limit),
        ).fetchall()
        return tuple((int(row[0]), self.told(conn, *row)) for row in found)


def _alert(
    conn: sqlite3.Connection, id_: int, alert_id: int, model: str, kind: str, at: str, window: str | None,
    by: str | None, text: str | None,
) -> AlertEvent | None:  # fmt: skip
    found = alerts.alert(conn, alert_id)
    return None if found is None else AlertEvent(id_, moment(at), model, kind, alert_view(found), window, by, text)


def _version(conn: sqlite3.Connection, id_: int, model: str, number: int, origin: str, at: str) -> VersionEvent | None:
    found = version_view(conn, model, number)
    return None if found is None else VersionEvent(id_, moment(at), model, origin, found)


def _rollout(
    conn: sqlite3.Connection, id_: int, model: str, version: int | None, previous: int | None, at: str,
    by: str | None, why: str | None,
) -> RolloutEvent:  # fmt: skip
    kind = "withdrawn" if version is None else "promoted"
    before = "SELECT 1 FROM alias_history WHERE model = ? AND alias = ? AND version = ? AND id < ? LIMIT 1"
    if version is not None and conn.execute(before, (model, aliases.CHAMPION, version, id_)).fetchone():
        kind = "rolled-back"
    return RolloutEvent(id_, moment(at), model, kind, version, previous, by, why)


STREAMS: dict[str, Stream] = {
    "on_alert": Stream(
        "alert_events", "id", "kind <> 'continued'", "id, alert_id, model, kind, at, window, by, text", _alert
    ),
    # Versions have no number across models; none is ever deleted, so that their rowids keep the order of their making.
    "on_version": Stream("versions", "rowid", "1", "rowid, model, number, origin, created_at", _version),
    "on_rollout": Stream(
        "alias_history", "id", f"alias = '{aliases.CHAMPION}'", "id, model, version, previous, at, by, why", _rollout
    ),
}
"""Hook → its events."""
