"""`lifecycle history`: what happened, newest first, from state alone."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.folder import find_root
from lifecycle_tui.domain.moments import understood
from lifecycle_tui.registry import aliases
from lifecycle_tui.state import clock, fleet, timeline
from lifecycle_tui.state.database import State, version

if TYPE_CHECKING:
    from lifecycle_tui.registry.standing import Standing

COLUMNS = ("at", "model", "kind", "what", "subject", "text", "by")
KINDS = ("window", "alert", "version", "alias", "judgement", "approval", "job", "job-queued", "audit")


@click.command(name="history")
@click.argument("model", required=False)
@click.option("--limit", type=click.IntRange(1, 100_000), default=30, show_default=True, help="How many entries.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only these kinds; may be repeated.")
@click.option(
    "--as-of", "--at", "at_text", metavar="MOMENT", help="As it was then: how the model stood, and what led to it."
)
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it.")
def command(model: str | None, limit: int, kinds: tuple[str, ...], at_text: str | None, fmt: str) -> None:
    """Show what happened, newest first.

    Windows evaluated, alerts opened and resolved, versions, judgements, aliases moved, jobs, and what people did; of
    one model, or of all. MOMENT is a date (through its end), a time, or words: "2026-03-14 09:00", "yesterday",
    "3 days ago", "last friday"; in UTC unless it says otherwise. With a MODEL, health, alerts, champion, newest
    window, policy and judgement are told as they were then, from what was recorded by then.

    \b
    Examples:
      lifecycle history
      lifecycle history card-fraud --kind alert --limit 100
      lifecycle history card-fraud --as-of "last friday 18:00"
      lifecycle history --as-of yesterday --format json
    """
    root = find_root()
    named: list[dict[str, Any]] = []
    entries: tuple[timeline.Entry, ...] = ()
    stood: Standing | None = None
    at = None if at_text is None else understood(at_text, _now(root))
    if version(root) not in (None, 0):
        with State.view(root) as state, state.read() as conn:
            if model is not None and fleet.model(conn, model) is None:
                raise _unknown(model, [m.name for m in fleet.fleet(conn, retired=True)])
            entries = timeline.timeline(conn, model, at, limit=limit, kinds=kinds or None)
            named = [] if at is None else _named(conn, model, at)
            if at is not None and model is not None:
                from lifecycle_tui.registry.standing import standing

                stood = standing(conn, model, at)
    rows = [
        {
            "at": _instant(e.at, fmt),
            "model": e.model, "kind": e.kind, "what": e.what, "subject": e.subject, "text": e.text, "by": e.by,
        }
        for e in entries
    ]  # fmt: skip
    if at is not None:
        _show_then(at, named, stood, fmt)
    if at is not None and fmt == "json":
        from lifecycle_tui.cli.history_json import shape

        then = {} if stood is None else {"model": shape(stood)}
        output.json_out({"at": _instant(at, fmt), "aliases": named, **then, "entries": rows})
    elif rows or fmt != "table":
        output.rows_out(rows, COLUMNS, fmt)
    if not rows:
        output.note(_nothing(at, kinds))


def _now(root: Path) -> datetime:
    """What the workspace's clock shows; the machine's where there is no state yet."""
    if version(root) in (None, 0):
        return datetime.now(UTC)
    with State.view(root) as state, state.read() as conn:
        return clock.now(conn)


def _instant(at: datetime, fmt: str) -> str:
    return at.isoformat(timespec="seconds" if fmt == "table" else "auto").replace("+00:00", "Z")


def _named(conn: sqlite3.Connection, model: str | None, at: datetime) -> list[dict[str, Any]]:
    """What each alias named then, and why."""
    names = [model] if model is not None else sorted(m.name for m in fleet.fleet(conn, retired=True))
    moves = [move for name in names for move in aliases.at(conn, name, at)]
    return [
        {
            "model": m.model, "alias": m.alias, "version": m.version, "previous": m.previous,
            "since": _instant(m.at, "json"), "by": m.by, "why": m.why,
        }
        for m in moves
    ]  # fmt: skip


def _show_then(at: datetime, named: list[dict[str, Any]], stood: Standing | None, fmt: str) -> None:
    """The moment, and what is known of it; of one model in sentences, of all what their aliases named."""
    if fmt != "table":
        return
    output.note(f"at {at:%Y-%m-%d %H:%M:%S} UTC")
    if stood is not None:
        from lifecycle_tui.registry.standing_words import told

        for one in told(stood):
            output.say(f"{output.plain(one.name):<10}  {output.plain(one.text)}")
        output.say()
    if named:
        output.rows_out(named, ("model", "alias", "version", "since", "by", "why"), "table")
        output.say()
    else:
        output.note("no alias named a version then")


def _nothing(at: datetime | None, kinds: tuple[str, ...]) -> str:
    if at is not None:
        return "nothing had happened by then"
    return "nothing of that kind happened yet" if kinds else "nothing happened yet: run `lifecycle check`"


def _unknown(model: str, names: list[str]) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(model, names, n=1)
    hint = f'did you mean "{near[0]}"?' if near else "`lifecycle status` lists the models"
    return UsageError(f"state knows no model {model!r}", hint=hint)
