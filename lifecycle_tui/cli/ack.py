"""`lifecycle ack`: a person takes an alert on; who and why goes into the audit log."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from lifecycle_tui import output
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.folder import find_root
from lifecycle_tui.state import alerts, audit
from lifecycle_tui.state.database import State


@click.command(name="ack")
@click.argument("alert_id", type=click.IntRange(min=1), metavar="ALERT")
@click.option("--note", help="Why, or what is being done; kept with the alert.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def command(alert_id: int, note: str | None, dry_run: bool) -> None:
    """Acknowledge an alert.

    ALERT is its number, as `lifecycle status` lists it. The alert stays acknowledged until it resolves; it goes on
    counting as firing.

    \b
    Examples:
      lifecycle ack 12 --note "upstream fixed the currency, backfill is running"
      lifecycle ack 12 --dry-run
    """
    root = find_root()
    person, behind = audit.person()
    with State.view(root) as state:
        with state.read() as conn:
            found = _acknowledgeable(alerts.alert(conn, alert_id), alert_id)
        told = output.plain(f"alert {alert_id}: {found.alert.model} {found.alert.rule}: {found.alert.message}")
        if found.alert.state == "acknowledged":
            _say_taken(found, told)
            return
        if dry_run:
            who = person if behind is None else f"{person} (as {behind})"
            output.say(f"would acknowledge {told}")
            output.say(f"  by {output.plain(who)}" + (f", note: {output.plain(note)}" if note else ""))
            output.say("  one row is added to the audit log; nothing is sent anywhere")
            return
        now = datetime.now(UTC)
        with state.write() as tx:
            # Read again inside the transaction: somebody may have been faster.
            found = _acknowledgeable(alerts.alert(tx, alert_id), alert_id)
            if found.alert.state == "acknowledged":
                _say_taken(found, told)
                return
            done = alerts.acknowledge(tx, alert_id, person, note, now)
            detail = {"rule": done.alert.rule, "severity": done.alert.severity, "note": note}
            audit.append(tx, "acknowledge", f"alert {alert_id}", now, model=done.alert.model, detail=detail)
    output.say(f"acknowledged {told}")


def _say_taken(found: alerts.AlertRow, told: str) -> None:
    output.say(f"acknowledged already by {output.plain(found.alert.acknowledged_by or '?')}: {told}")


def _acknowledgeable(found: alerts.AlertRow | None, alert_id: int) -> alerts.AlertRow:
    """The alert, if it can still be acknowledged.

    Raises:
        UsageError: if there is no such alert, or it has resolved.
    """
    if found is None:
        raise UsageError(f"there is no alert {alert_id}", hint="`lifecycle status` lists the open ones by number")
    if found.alert.state == "resolved":
        raise UsageError(f"alert {alert_id} resolved at {found.alert.resolved:%Y-%m-%d %H:%M} UTC")
    return found
