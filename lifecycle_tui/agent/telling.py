"""What notifiers are to hear of an alert, queued in the transaction in which it happened; the notify job sends it.

Called where rules are decided and where snoozed alerts wake: by their time, by getting worse, or by a person.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.specs import ModelSpec, NotifierSpec, WorkspaceSpec
from lifecycle_tui.policy.alerts import intents_of
from lifecycle_tui.policy.facts import Transition
from lifecycle_tui.policy.grouping import Notice, wants
from lifecycle_tui.state import handling, outbox


def notice_of(
    alert: Alert, transition: str, at: datetime, spec: ModelSpec | None, target: str | None = None,
    assigned_to: str | None = None,
) -> Notice:  # fmt: skip
    """What notifiers are told of one transition of an alert."""
    sources: list[str] = []
    if spec is not None:
        data = spec.data
        tables = (data.table, data.features, data.predictions, data.labels.table)
        sources = [table.location for table in tables if table is not None]
    moved: Transition = transition if transition in ("resolved", "woken") else "opened"  # type: ignore[assignment]
    return Notice(alert, moved, at, spec.owner if spec else None, tuple(sources), target, assigned_to)


def queue(
    tx: sqlite3.Connection, notifiers: Sequence[NotifierSpec], spec: ModelSpec | None, alert: Alert, alert_id: int,
    transition: Transition, target: str | None, now: datetime,
) -> None:  # fmt: skip
    """Queue one transition for every notifier that asks for it.

    That an alert has resolved is told only who was told that it had opened: a snooze may have kept that back.
    """
    notice = notice_of(alert, transition, now, spec, target)
    for notifier in notifiers:
        if not wants(notifier, notice):
            continue
        due = now + (notifier.group or timedelta(0))
        if transition == "woken":
            outbox.queue_woken(tx, alert_id, notifier.name, due, now)
        elif transition == "opened" or outbox.told(tx, alert_id, notifier.name):
            outbox.queue_notification(tx, alert_id, notifier.name, due, transition, now)


def woken(
    tx: sqlite3.Connection, notifiers: Sequence[NotifierSpec], spec: ModelSpec | None, alert: Alert, now: datetime
) -> None:
    """Queue that an alert is awake and still open, for all whom its rule tells; what was held back is due by itself."""
    assert alert.id is not None
    for intent in intents_of(alert, "woken"):
        queue(tx, notifiers, spec, alert, alert.id, "woken", intent.target, now)


def wake_due(
    tx: sqlite3.Connection, workspace: WorkspaceSpec, now: datetime, model: str | None = None
) -> tuple[str, ...]:
    """Wake the snoozed alerts whose time has come (of one model), and have it told; one sentence for each."""
    specs = {spec.name: spec for spec in workspace.models}
    said = []
    for row in handling.to_wake(tx, now, model):
        handling.wake(tx, row.id, None, "its time has come", now)
        woken(tx, workspace.notifiers, specs.get(row.alert.model), row.alert, now)
        said.append(f"{row.alert.model}: alert {row.id} ({row.alert.rule}) is awake again")
    return tuple(said)
