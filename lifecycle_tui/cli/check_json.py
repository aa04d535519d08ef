"""`check --format json`: the shape of DESIGN §9, which scripts rely on, with more keys beside it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.cli.check_columns import ranked

if TYPE_CHECKING:
    from lifecycle_tui.cli.check_report import ModelReport, Report
    from lifecycle_tui.domain.signals import Signal
    from lifecycle_tui.state.windows import WindowSignals


def as_json(report: Report) -> dict[str, Any]:
    """The report as JSON values."""
    return {
        "models": {m.spec.name: _model(m) for m in report.models},
        "plugins": [
            {"name": p.name, "place": p.place, "kind": p.fault.kind, "message": p.fault.message}
            for p in report.plugins
            if p.fault
        ],
        "pending": dict(report.waiting),
        "sent": None if report.sent is None else dict(report.sent.outcome),
        "would": list(report.acted.would),
        "did": list(report.acted.did),
        "jobs": [
            {
                "id": j.id,
                "kind": j.kind,
                "model": j.model,
                "state": j.state,
                "error": j.error,
                "outcome": dict(j.outcome),
            }
            for j in report.acted.jobs
        ],
    }


def _model(m: ModelReport) -> dict[str, Any]:
    row = m.row
    return {
        "health": row.health,
        "message": row.message,
        "champion": row.champion,
        "window": {
            "key": row.window_key,
            "start": _text(row.window_start),
            "end": _text(row.window_end),
            "rows": row.window_rows,
            "labels": row.window_labels,
        },
        "signals": {name: _signal(s) for name, s in sorted(m.newest.items())},
        "reading": _reading(m.newest.get("reading")),
        "drifted": _drifted(m),
        "alerts": [
            {
                "id": a.id,
                "rule": a.alert.rule,
                "severity": a.alert.severity,
                "state": a.alert.state,
                "since": a.alert.since,
                "opened": _text(a.alert.opened),
                "message": a.alert.message,
                "acknowledged": a.alert.acknowledged_by,
                "snoozed": _text(a.snoozed_until),
                "assigned": a.assigned_to,
                "repeats": a.alert.repeats,
                "last_window": a.alert.last_window,
            }
            for a in m.alerts
        ],
        "rules": list(m.job.outcome.get("rules", ())),
        "reference": m.baseline,
        "windows": [_window(e) for e in m.history],
        "findings": list(m.job.outcome.get("findings", ())),
        "problems": m.problems,
        "job": {"id": m.job.id, "state": m.job.state, "error": m.job.error},
    }


def _drifted(m: ModelReport) -> list[str]:
    """Columns of the newest window that drifted, those that matter most first."""
    share = m.newest.get("drift.share")
    return [] if share is None else ranked([str(c) for c in share.detail.get("columns", ())], m.newest)


def _reading(signal: Signal | None) -> dict[str, Any] | None:
    """What most likely happened: state, sentence, and all that it rests on; None where nothing was read."""
    return None if signal is None else {"state": signal.state, "message": signal.message, **signal.detail}


def _window(entry: WindowSignals) -> dict[str, Any]:
    window = entry.window
    return {
        "key": window.key,
        "version": window.version,
        "revision": window.revision,
        "start": _text(window.start),
        "end": _text(window.end),
        "rows": window.rows,
        "labels": window.labels,
        "mature": window.mature,
        "complete": window.complete,
        "signals": {name: _signal(s) for name, s in sorted(entry.signals.items())},
        "findings": [
            {"code": f.code, "count": f.count, "column": f.column, "message": f.message, "effect": f.effect}
            for f in window.findings
        ],
    }


def _signal(s: Signal) -> dict[str, Any]:
    return {
        "value": s.value,
        "lower": s.lower,
        "upper": s.upper,
        "n": s.n,
        "state": s.state,
        "message": s.message,
        **({"detail": dict(s.detail)} if s.detail else {}),
    }


def _text(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
