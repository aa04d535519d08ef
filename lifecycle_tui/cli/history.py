"""`lifecycle history`: what happened, newest first, from state alone."""

from __future__ import annotations

import click

from lifecycle_tui import output
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.folder import find_root
from lifecycle_tui.state import fleet, timeline
from lifecycle_tui.state.database import State, version

COLUMNS = ("at", "model", "kind", "what", "subject", "text", "by")
KINDS = ("window", "alert", "version", "alias", "judgement", "approval", "job", "job-queued", "audit")


@click.command(name="history")
@click.argument("model", required=False)
@click.option("--limit", type=click.IntRange(1, 100_000), default=30, show_default=True, help="How many entries.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only these kinds; may be repeated.")
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it.")
def command(model: str | None, limit: int, kinds: tuple[str, ...], fmt: str) -> None:
    """Show what happened, newest first.

    Windows evaluated, alerts opened and resolved, versions, aliases moved, jobs, and what people did; of one model,
    or of all.

    \b
    Examples:
      lifecycle history
      lifecycle history card-fraud --kind alert --limit 100
      lifecycle history --format json
    """
    root = find_root()
    entries: tuple[timeline.Entry, ...] = ()
    if version(root) not in (None, 0):
        with State.view(root) as state, state.read() as conn:
            if model is not None and fleet.model(conn, model) is None:
                raise _unknown(model, [m.name for m in fleet.fleet(conn, retired=True)])
            entries = timeline.timeline(conn, model, limit=limit, kinds=kinds or None)
    rows = [
        {
            "at": e.at.isoformat(timespec="seconds" if fmt == "table" else "auto").replace("+00:00", "Z"),
            "model": e.model, "kind": e.kind, "what": e.what, "subject": e.subject, "text": e.text, "by": e.by,
        }
        for e in entries
    ]  # fmt: skip
    if rows or fmt != "table":
        output.rows_out(rows, COLUMNS, fmt)
    if not rows:
        output.note("nothing happened yet: run `lifecycle check`" if not kinds else "nothing of that kind happened yet")


def _unknown(model: str, names: list[str]) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(model, names, n=1)
    hint = f'did you mean "{near[0]}"?' if near else "`lifecycle status` lists the models"
    return UsageError(f"state knows no model {model!r}", hint=hint)
