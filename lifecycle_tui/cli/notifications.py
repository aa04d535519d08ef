"""`lifecycle notifications …`: who was told what, what waits, what was given up and why; sending that again."""

from __future__ import annotations

from typing import Any, get_args

import click

from lifecycle_tui import output
from lifecycle_tui.cli.act import resend
from lifecycle_tui.domain.folder import find_root
from lifecycle_tui.state import alerts, outbox
from lifecycle_tui.state.database import State, version
from lifecycle_tui.state.outbox import Notification, NotificationState

COLUMNS = (
    "id", "notifier", "alert", "model", "rule", "told", "state", "attempts", "due", "sent", "error",
)  # fmt: skip


@click.group(name="notifications")
def group() -> None:
    """List messages about alerts, and send failed ones again.

    \b
    Example:
      lifecycle notifications list --state failed
    """


@group.command(name="list")
@click.option("--state", "wanted", type=click.Choice(get_args(NotificationState)), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=30, show_default=True, help="How many.")
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it.")
def list_(wanted: str | None, limit: int, fmt: str) -> None:
    """List messages to notifiers, newest first.

    State: pending (it waits for its time, or for its alert to wake), sending, sent, failed (given up), dropped (nobody
    needs it any more).

    \b
    Examples:
      lifecycle notifications list
      lifecycle notifications list --state failed --format json
    """
    root = find_root()
    rows: list[dict[str, Any]] = []
    if version(root) not in (None, 0):
        with State.view(root) as state, state.read() as conn:
            found = outbox.newest(conn, wanted, limit)
            rows = [_row(n, alerts.alert(conn, n.alert_id), fmt) for n in found]
    if rows or fmt != "table":
        output.rows_out(rows, COLUMNS, fmt)
    if not rows:
        output.note("there is no such notification" if wanted else "nobody was told of anything yet")
    elif wanted == "failed":
        output.note("`lifecycle notifications resend all` sends them again")


def _row(n: Notification, row: alerts.AlertRow | None, fmt: str) -> dict[str, Any]:
    def when(at: Any) -> str | None:
        text = None if at is None else at.isoformat(timespec="seconds" if fmt == "table" else "auto")
        return None if text is None else text.replace("+00:00", "Z")

    waits = n.state in ("pending", "sending")
    return {
        "id": n.id, "notifier": n.notifier, "alert": n.alert_id, "model": None if row is None else row.alert.model,
        "rule": None if row is None else row.alert.rule, "told": n.kind, "state": n.state, "attempts": n.attempts,
        "due": when(n.due_at) if waits else None, "sent": when(n.sent_at), "error": n.last_error,
    }  # fmt: skip


group.add_command(resend)
