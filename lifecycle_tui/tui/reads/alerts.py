"""Alerts as the terminal lists them: open ones worst first, resolved ones after; what happened to one; its cause.

Called by the alerts pane, the alerts screen and the history. Ages are on the workspace's clock.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.state import alerts, windows
from lifecycle_tui.state.alerts import AlertEvent, AlertRow
from lifecycle_tui.tui import ages
from lifecycle_tui.tui.subject import Where

PAGE = 100


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert in a list.

    Attributes:
        age: how long ago it opened, or resolved, in words.
        event: number of the event of its resolution; 0 while it is open.
        asleep: when it wakes, short, where it is snoozed; else "".
    """

    row: AlertRow
    age: str
    event: int = 0
    asleep: str = ""

    @property
    def alert(self) -> Alert:
        """The alert itself."""
        return self.row.alert

    @property
    def key(self) -> str:
        """By which lists know it."""
        return str(self.row.id)


def newest_change(conn: sqlite3.Connection) -> int:
    """The feed's number of the last change to any alert."""
    (found,) = conn.execute("SELECT max(seq) FROM alerts").fetchone()
    return int(found or 0)


def open_lines(conn: sqlite3.Connection, now: datetime, model: str | None = None) -> list[AlertLine]:
    """Alerts that have not resolved, worst first, then those that are open for longest; snoozed ones last."""
    found = [_line(row, now) for row in alerts.open_alerts(conn, model)]
    return sorted(found, key=lambda line: bool(line.asleep))


def _line(row: AlertRow, now: datetime) -> AlertLine:
    asleep = ""
    if row.snoozed_until is not None and row.sleeps(now):
        soon = row.snoozed_until.date() == now.date()
        asleep = f"{row.snoozed_until:%H:%M}" if soon else f"{row.snoozed_until:%Y-%m-%d}"
    return AlertLine(row, ages.ago(row.alert.resolved or row.alert.opened, now), asleep=asleep)


def resolved(
    conn: sqlite3.Connection, now: datetime, model: str | None = None, after: AlertLine | None = None
) -> list[AlertLine]:
    """A page of alerts that resolved, the last one first; `after` is the last line of the page before."""
    before = None
    if after is not None:
        at = after.alert.resolved
        assert at is not None
        before = (at, after.event)
    found = alerts.resolved_alerts(conn, model, PAGE, before)
    return [AlertLine(row, _age(row.alert.resolved, now), event) for row, event in found]


def _age(at: datetime | None, now: datetime) -> str:
    return "" if at is None else ages.ago(at, now)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list of alerts shows: open ones, the newest page of resolved ones, and what it was read of."""

    open: tuple[AlertLine, ...]
    resolved: tuple[AlertLine, ...]
    seen: object


def listed(
    conn: sqlite3.Connection, now: datetime, model: str | None, whole: bool, seen: object, asked: object
) -> Listed | None:
    """The list; None where nothing of it can have changed.

    Args:
        whole: with resolved ones. seen: of the last answer. asked: what besides state the list depends on.
    """
    found = (conn, newest_change(conn), asked)
    if found == seen:
        return None
    open_ = open_lines(conn, now, model)
    return Listed(tuple(open_), tuple(resolved(conn, now, model)) if whole else (), found)


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """One alert with what happened to it, oldest first."""

    line: AlertLine
    events: tuple[AlertEvent, ...]


def facts(conn: sqlite3.Connection, line: AlertLine) -> AlertFacts:
    """What happened to an alert."""
    return AlertFacts(line, alerts.events(conn, line.row.id))


def find(conn: sqlite3.Connection, alert_id: int, now: datetime) -> AlertFacts | None:
    """One alert by its number; None if there is no such alert."""
    row = alerts.alert(conn, alert_id)
    if row is None:
        return None
    return facts(conn, _line(row, now))


_FIRST = re.compile(r"([A-Za-z_][\w.]*)(?:\[\"([^\"]+)\"\])?")
_PARTS = (".lower", ".upper", ".n")
_WORDS = frozenset(("abs", "min", "max", "not", "true", "false", "True", "False"))


def signals_of(alert: Alert) -> tuple[str, ...]:
    """Full names of the signals that an alert's rule reads; guessed from its condition where it does not tell them."""
    told = alert.detail.get("signals")
    if isinstance(told, dict) and told:
        return tuple(map(str, told))
    for name, column in _FIRST.findall(str(alert.detail.get("when") or alert.message)):
        for part in _PARTS:
            name = name.removesuffix(part)
        if name not in _WORDS:
            return (f"{name}.{column}" if column else name,)
    return ()


def cause(conn: sqlite3.Connection, alert: Alert) -> Where:
    """Where in its model to look for the cause of an alert: the window it last fired in, and what moved there."""
    window = alert.last_window or alert.since
    names = signals_of(alert)
    stored = windows.of_window(conn, alert.model, window)
    if (name := next((n for n in names if n in stored and stored[n].column is not None), None)) is not None:
        return Where("drift", window, name)
    if any(name.partition(".")[0] in ("drift", "data", "rows", "labels", "missing", "unseen") for name in names):
        return Where("drift", window, _of_column(stored, alert))
    return Where("performance", window, names[0] if names else None)


def _of_column(stored: Mapping[str, Signal], alert: Alert) -> str | None:
    """The signal that drifted of the first column that the alert names."""
    columns = alert.detail.get("columns")
    if not isinstance(columns, list) or not columns:
        return None
    found = [s for s in stored.values() if s.column == columns[0]]
    return next((s.name for s in sorted(found, key=lambda s: s.state != "drifted")), None)
