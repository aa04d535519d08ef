"""`lifecycle status`: the fleet as text, from state alone. It opens no plugin, no data and no lifecycle.toml.

It is what people put into prompts, cron and `watch`, so it imports click and the standard library's sqlite3, no more.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output
from lifecycle_tui.domain.folder import find_root
from lifecycle_tui.state import clock, fleet, pauses
from lifecycle_tui.state.database import State, version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lifecycle_tui.state.alerts import AlertRow
    from lifecycle_tui.state.pauses import PauseRow

COLUMNS = (
    "model", "health", "task", "owner", "champion", "window", "rows", "labels", "drift_share", "drift_count",
    "drift_columns", "drift_max", "drift_column", "metric", "value", "lower", "upper", "alerts", "severity",
    "evaluated_at", "message",
)  # fmt: skip
"""Of the CSV."""
HEADER = ("health", "model", "champion", "window", "drift", "max", "metric", "alerts", "why")
NOTHING = "nothing was checked yet: run `lifecycle check`"


@click.command(name="status")
@click.option("--mine", is_flag=True, help="Only what is assigned to you.")
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it.")
@click.pass_context
def command(ctx: click.Context, mine: bool, fmt: str) -> None:
    """Show the fleet, from state alone.

    Every model, worst first: health, champion, last window, drift (columns that drifted of those judged, and the
    largest effect among them), key metric, open alerts. Exit code 1 while an alert is open, 0 otherwise. Snoozed
    alerts are open, and listed last.

    \b
    Examples:
      lifecycle status
      lifecycle status --mine
      lifecycle status --format json | jq '.models | map_values(.health)'
      watch -n 30 lifecycle status
    """
    models, alerts, now, note, failed, held = _read(find_root())
    if mine:
        models, alerts = _mine(models, alerts)
    if note is not None:
        output.note(output.plain(note))
    judged = _environment(find_root())
    if fmt == "json":
        by_model: dict[str, list[dict[str, Any]]] = {}
        for alert in alerts:
            by_model.setdefault(alert.alert.model, []).append(_alert(alert))
        rows = {
            m.name: {**_model(m), "paused": _paused(held.get(m.name)), "alerts": by_model.get(m.name, [])}
            for m in models
        }
        output.json_out({"environment": judged, "models": rows})
    elif fmt == "csv":
        output.rows_out([_flat(m) for m in models], COLUMNS, "csv")
    elif models:
        _table(models, alerts, now, held)
    if failed:
        many = f"{failed} message{'' if failed == 1 else 's'} could not be delivered"
        output.note(f"{many}: `lifecycle notifications list --state failed` says why")
    if mine and not alerts:
        output.note("no open alert is assigned to you: `lifecycle assign ALERT me` does that")
    elif not any(m.evaluated_at for m in models):
        output.note(NOTHING)
    ctx.exit(1 if alerts else 0)


def _environment(root: Path) -> str | None:
    """The environment by whose declarations the fleet was judged; said where there is one, or it is not this one."""
    from lifecycle_tui.domain import environment
    from lifecycle_tui.state import lease

    if version(root) in (None, 0):
        return None
    with State.view(root) as state, state.snapshot() as conn:
        judged = lease.read(conn).environment
    here = environment.current()
    if judged != here:
        output.note(f"judged in {environment.shown(judged)}; this is {environment.shown(here)}")
    elif here:
        output.note(f"environment {here}")
    return judged


def _read(
    root: Path,
) -> tuple[tuple[fleet.FleetRow, ...], tuple[AlertRow, ...], datetime, str | None, int, Mapping[str, PauseRow]]:
    """Models, open alerts, the clock, what the agent has to say, messages that were given up, pauses that hold; of all
    of these nothing where there is no state yet."""
    if version(root) in (None, 0):
        return (), (), datetime.now(UTC), None, 0, {}
    with State.view(root) as state, state.snapshot() as conn:
        models, now, note = fleet.fleet(conn), clock.now(conn), fleet.note(conn)
        (failed,) = conn.execute("SELECT count(*) FROM notifications WHERE state = 'failed'").fetchone()
        held = pauses.holding(conn, now)
        if not any(m.alerts_open for m in models):
            return models, (), now, note, failed, held
        from lifecycle_tui.state.alerts import open_alerts

        declared = {m.name for m in models}
        alerts = sorted((a for a in open_alerts(conn) if a.alert.model in declared), key=lambda a: a.sleeps(now))
        return models, tuple(alerts), now, note, failed, held


def _mine(
    models: tuple[fleet.FleetRow, ...], alerts: tuple[AlertRow, ...]
) -> tuple[tuple[fleet.FleetRow, ...], tuple[AlertRow, ...]]:
    """The alerts that this person looks after, and their models."""
    from lifecycle_tui.state.audit import person

    me = person()[0]
    found = tuple(a for a in alerts if a.assigned_to == me)
    names = {a.alert.model for a in found}
    return tuple(m for m in models if m.name in names), found


def _table(
    models: tuple[fleet.FleetRow, ...], alerts: tuple[AlertRow, ...], now: datetime, held: Mapping[str, PauseRow]
) -> None:
    counts: dict[str, int] = {}
    for m in models:
        counts[m.health] = counts.get(m.health, 0) + 1
    output.note(
        f"{len(models)} model{'' if len(models) == 1 else 's'}: "
        + " · ".join(f"{n} {name}" for name, n in counts.items())
    )
    output.table([_row(m, held.get(m.name)) for m in models], HEADER)
    if alerts:
        output.say()
        output.table(
            [_alert_row(a, now) for a in alerts],
            ("alert", "model", "rule", "severity", "since", "state", "assigned to", "message"),
        )
        output.note("acknowledge one with `lifecycle ack ALERT`")


def _row(m: fleet.FleetRow, pause: PauseRow | None) -> tuple[str, ...]:
    why = m.message or ("" if m.evaluated_at else "never checked")
    why = why if pause is None else f"{pause.said()}; {why}".rstrip("; ")
    share = "-" if m.drift_share is None else f"{m.drift_share:.0%}"
    if m.drift_columns:
        share = f"{m.drift_count}/{m.drift_columns}"
    metric = "-" if m.metric is None or m.metric_value is None else f"{m.metric} {_number(m.metric_value)}"
    return (
        m.health,
        output.plain(m.name),
        "-" if m.champion is None else str(m.champion),
        output.plain(m.window_key or "-"),
        share,
        "-" if m.drift_max is None else f"{m.drift_max:.3f}",
        output.plain(metric),
        f"{m.alerts_open} {m.severity}" if m.alerts_open else "-",
        output.plain(why),
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def _alert_row(row: AlertRow, now: datetime) -> tuple[str, ...]:
    alert = row.alert
    state = f"acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else alert.state
    if row.sleeps(now):
        state = f"snoozed until {row.snoozed_until:%m-%d %H:%M}"
    who = row.assigned_to or "-"
    texts = (str(row.id), alert.model, alert.rule, alert.severity, alert.since, state, who, alert.message)
    return tuple(map(output.plain, texts))


def _instant(value: Any) -> str | None:
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def _paused(pause: PauseRow | None) -> dict[str, Any] | None:
    if pause is None:
        return None
    return {"since": _instant(pause.since), "until": _instant(pause.until), "by": pause.by, "why": pause.why}


def _model(m: fleet.FleetRow) -> dict[str, Any]:
    """One model of the JSON; the keys that `check --format json` has too are named as there."""
    window = None
    if m.window_key is not None:
        window = {
            "key": m.window_key, "start": _instant(m.window_start), "end": _instant(m.window_end),
            "rows": m.window_rows, "labels": m.window_labels,
        }  # fmt: skip
    drift = None
    if m.drift_share is not None:
        drift = {
            "share": m.drift_share, "count": m.drift_count, "columns": m.drift_columns, "max": m.drift_max,
            "column": m.drift_column,
        }  # fmt: skip
    metric = None
    if m.metric is not None:
        metric = {"name": m.metric, "value": m.metric_value, "lower": m.metric_lower, "upper": m.metric_upper}
    return {
        "health": m.health, "message": m.message, "task": m.task, "owner": m.owner, "tags": list(m.tags),
        "champion": m.champion, "window": window, "drift": drift, "metric": metric,
        "evaluated_at": _instant(m.evaluated_at),
    }  # fmt: skip


def _alert(row: AlertRow) -> dict[str, Any]:
    alert = row.alert
    return {
        "id": row.id, "rule": alert.rule, "severity": alert.severity, "state": alert.state, "since": alert.since,
        "message": alert.message, "acknowledged_by": alert.acknowledged_by,
        "snoozed_until": _instant(row.snoozed_until), "snoozed_by": row.snoozed_by, "assigned_to": row.assigned_to,
    }  # fmt: skip


def _flat(m: fleet.FleetRow) -> dict[str, Any]:
    return {
        "model": m.name, "health": m.health, "task": m.task, "owner": m.owner, "champion": m.champion,
        "window": m.window_key, "rows": m.window_rows, "labels": m.window_labels, "drift_share": m.drift_share,
        "drift_count": m.drift_count, "drift_columns": m.drift_columns, "drift_max": m.drift_max,
        "drift_column": m.drift_column, "metric": m.metric, "value": m.metric_value, "lower": m.metric_lower,
        "upper": m.metric_upper, "alerts": m.alerts_open, "severity": m.severity,
        "evaluated_at": _instant(m.evaluated_at), "message": m.message,
    }  # fmt: skip
