"""How a model stood at a moment, as the JSON of `lifecycle history MODEL --as-of`. Its keys are not renamed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lifecycle_tui.registry.standing import Standing
from lifecycle_tui.state import audit
from lifecycle_tui.state.audit import AuditRow


def shape(found: Standing) -> dict[str, Any]:
    """How a model stood, as JSON; what is not recorded is null."""
    window, policy, judged, asked = found.window, found.policy, found.judged, found.asked
    return {
        "name": found.model,
        "recorded_since": _maybe(found.began),
        "health": found.health or None,
        "message": found.why,
        "alerts": [
            {
                "id": a.id, "rule": a.rule, "severity": a.severity, "since": a.since,
                "opened": _at(a.opened), "message": a.message, "acknowledged_by": a.acknowledged or None,
                "snoozed": a.snoozed or None, "assigned_to": a.assigned or None,
            }
            for a in found.alerts
        ],
        "window": None if window is None else {
            "key": window.row.key, "version": window.version or None, "rows": window.row.rows,
            "labels": window.row.labels, "revision": window.row.revision,
            "evaluated_at": _at(window.row.as_of), "replaced": window.replaced, "metric": window.metric,
            **({} if window.signal is None else {
                "value": window.signal.value, "lower": window.signal.lower, "upper": window.signal.upper,
            }),
        },
        "judgement": None if judged is None else {
            "version": judged.version, "champion": judged.champion, "verdict": judged.verdict,
            "at": _at(judged.at), "text": judged.text,
        },
        "approval": None if asked is None else {
            "version": asked.version, "requested_by": asked.requested_by,
            "requested_at": _at(asked.requested_at),
        },
        "policy": {
            "edits": policy.by_then, "edits_since": policy.since, "last": _edit(policy.last),
            "next": _edit(policy.next),
        },
        "paused": None if found.paused is None else {
            "by": found.paused.who, "at": _at(found.paused.at), "until": found.paused.detail.get("until"),
        },
        "running": [{"id": id_, "kind": kind} for id_, kind in found.jobs],
    }  # fmt: skip


def _edit(row: AuditRow | None) -> dict[str, Any] | None:
    """An edit of the policy: its row in the audit log, and what it changed."""
    if row is None:
        return None
    changes = [{"key": key, "old": old, "new": new} for key, old, new in audit.changes(row.detail)]
    return {"row": row.id, "at": _at(row.at), "who": row.who, "subject": row.subject, "changes": changes}


def _at(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _maybe(at: datetime | None) -> str | None:
    return None if at is None else _at(at)
