"""Writes into state which models the file declares, and ends the alerts of those that it declares no more.

Called by the agent when it takes a file, and by a simulated one when it begins.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from lifecycle_tui.agent import telling
from lifecycle_tui.domain.specs import WorkspaceSpec
from lifecycle_tui.policy.alerts import intents_of, resolve_alert
from lifecycle_tui.state import alerts, models, outbox


def declare(tx: sqlite3.Connection, spec: WorkspaceSpec, now: datetime) -> tuple[str, ...]:
    """Write what the file says of each model; returns those that it has just ceased to declare.

    Their history stays. Their alerts resolve: no rule is left that could ever say that it no longer holds.
    """
    models.declare(tx, [models.Declared(m.name, m.task, m.owner, m.tags) for m in spec.models])
    gone = models.retire_missing(tx, [m.name for m in spec.models])
    for name in gone:
        live = [row.alert for row in alerts.open_alerts(tx, name)]
        ended = [resolve_alert(a, now, "model removed", "the model is no longer in the file") for a in live]
        for change in alerts.store(tx, resolved=ended, now=now):
            assert change.alert.id is not None
            if change.slept:
                outbox.drop(tx, change.alert.id, "it resolved while it was snoozed")
            for intent in intents_of(change.alert, "resolved"):
                telling.queue(
                    tx, spec.notifiers, None, change.alert, change.alert.id, "resolved", intent.target, now
                )  # fmt: skip
    return gone
