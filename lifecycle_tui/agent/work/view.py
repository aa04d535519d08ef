"""What commands, panels and event hooks are shown of a workspace, made from state alone.

Called by the jobs that call them and by `plugins run`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from lifecycle_tui.domain.views import AlertView, ModelView, VersionView, View, WindowView
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import alerts, fleet, windows
from lifecycle_tui.state.alerts import AlertRow
from lifecycle_tui.state.windows import WindowSignals

WINDOWS = 5_000
"""Windows of all models together in one view."""
VERSIONS = 50
"""Newest versions of a model."""


def view(conn: sqlite3.Connection, root: Path, now: datetime, names: Sequence[str], last: int) -> View:
    """The workspace's models in this order, with their `last` windows; those that state does not know are left out.

    Args:
        conn: in one read transaction, so that all of it is of one instant.
    """
    each = max(1, min(last, WINDOWS // max(1, len(names))))
    models = (model_view(conn, name, each) for name in names)
    return View(now, str(root.absolute()), tuple(model for model in models if model is not None))


def model_view(conn: sqlite3.Connection, name: str, last: int) -> ModelView | None:
    """One model with its `last` windows; None where state has never heard of it."""
    row = fleet.model(conn, name)
    if row is None:
        return None
    named: dict[int, list[str]] = {}
    for alias in aliases.aliases(conn, name):
        named.setdefault(alias.version, []).append(alias.alias)
    return ModelView(
        name, row.task or "", row.owner, row.tags, row.health, row.message, row.champion, row.metric, row.evaluated_at,
        windows=tuple(_window(entry) for entry in windows.history(conn, name, limit=last)),
        alerts=tuple(alert_view(found) for found in reversed(_open(conn, name))),
        versions=tuple(_version(name, v, named.get(v.number, ())) for v in versions.versions(conn, name, VERSIONS)),
    )  # fmt: skip


def version_view(conn: sqlite3.Connection, model: str, number: int) -> VersionView | None:
    """One version, with the aliases that it has now."""
    found = versions.get(conn, model, number)
    if found is None:
        return None
    return _version(model, found, [a.alias for a in aliases.aliases(conn, model) if a.version == number])


def alert_view(found: AlertRow) -> AlertView:
    """An alert as plugins see it."""
    alert = found.alert
    return AlertView(
        found.id, alert.model, alert.rule, alert.severity, alert.state, alert.since, alert.opened, alert.message,
        alert.last_window, alert.repeats, alert.resolved, alert.resolved_by, alert.acknowledged_by,
        found.snoozed_until, found.assigned_to,
    )  # fmt: skip


def _open(conn: sqlite3.Connection, model: str) -> list[AlertRow]:
    return sorted(alerts.open_alerts(conn, model), key=lambda a: (a.alert.opened, a.id))


def _window(entry: WindowSignals) -> WindowView:
    row = entry.window
    # What a detector says in detail is large, and of interest to nobody who looks at thirty windows.
    signals = {n: s if not s.detail else replace(s, detail=_NOTHING) for n, s in entry.signals.items()}
    return WindowView(row.key, row.version, row.start, row.end, row.rows, row.labels, row.mature, row.complete, signals)


_NOTHING: dict[str, Any] = {}


def _version(model: str, found: Version, named: Sequence[str]) -> VersionView:
    facts = found.facts
    return VersionView(
        model, found.number, found.label, facts.origin, found.created_at, tuple(named), facts.parent, facts.data_start,
        facts.data_end, facts.data_rows, dict(facts.metrics or {}), facts.by, facts.why, facts.note,
    )  # fmt: skip
