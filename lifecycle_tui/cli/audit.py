"""`lifecycle audit`: who did what, newest first, from state alone; and whether the log is as it was written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from lifecycle_tui import output
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.folder import find_root
from lifecycle_tui.domain.moments import days, understood
from lifecycle_tui.state import audit, clock, fleet
from lifecycle_tui.state.audit import AuditRow
from lifecycle_tui.state.database import State, version

COLUMNS = ("id", "at", "who", "behind", "action", "subject", "model", "note", "changes")
PAGE = 500


@click.command(name="audit")
@click.argument("model", required=False)
@click.option("--by", "who", metavar="PERSON", help="Only what this person did, or what was done as this account.")
@click.option("--action", help="Only this action: promote, retrain, acknowledge, configure, …")
@click.option("--on", "day", metavar="DAY", help='Only that day: a date, "yesterday", "last friday", "last week".')
@click.option("--since", metavar="MOMENT", help='From then on: "2026-03-14 09:00", "3 days ago".')
@click.option("--until", metavar="MOMENT", help="Up to then.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=30, show_default=True, help="How many rows.")
@click.option("--verify", is_flag=True, help="Check the chain of hashes instead; exit code 1 where it is broken.")
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it.")
@click.pass_context
def command(
    ctx: click.Context, model: str | None, who: str | None, action: str | None, day: str | None, since: str | None,
    until: str | None, limit: int, verify: bool, fmt: str,
) -> None:  # fmt: skip
    """Show who did what, newest first.

    Every action of a person, a rule or the agent leaves a row that nobody can change unnoticed. Times are in UTC
    unless they say otherwise.

    \b
    Examples:
      lifecycle audit --on yesterday
      lifecycle audit card-fraud --by anna --since "3 days ago"
      lifecycle audit --action configure --format json
      lifecycle audit --verify
    """
    root = find_root()
    if version(root) in (None, 0):
        if verify or fmt == "table":
            output.note("nobody has done anything here yet")
        else:
            output.rows_out([], COLUMNS, fmt)
        return
    if verify:
        ctx.exit(_verify(root, fmt))
    with State.view(root) as state, state.read() as conn:
        now = clock.now(conn)
        if model is not None and fleet.model(conn, model) is None:
            raise _unknown(model, [name for name, _ in fleet.names(conn)])
        first, last = _span(day, since, until, now)
        rows = audit.entries(conn, model=model, who=who, action=action, since=first, until=last, limit=limit)
    if rows or fmt != "table":
        output.rows_out([_row(row, fmt) for row in rows], COLUMNS, fmt)
    if not rows:
        narrowed = any(value is not None for value in (model, who, action, day, since, until))
        output.note("nobody has done anything like that" if narrowed else "nobody has done anything here yet")


def _span(
    day: str | None, since: str | None, until: str | None, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """[from, until) in which a row must be.

    Raises:
        UsageError: a moment is none, or a day is told besides another span.
    """
    if day is None:
        ends = None if until is None else understood(until, now)
        return None if since is None else _begin(since, now), ends
    if since is not None or until is not None:
        raise UsageError("--on says both ends already", hint="leave out --since and --until, or --on")
    found = days(day, now)
    if found is None:
        raise UsageError(f"{day!r} is no day", hint="write 2026-03-14, yesterday, last friday, last week or 2026-03")
    return found


def _begin(text: str, now: datetime) -> datetime:
    """Since a day means from its beginning."""
    found = days(text, now)
    return understood(text, now) if found is None else found[0]


def _row(row: AuditRow, fmt: str) -> dict[str, Any]:
    changes = audit.changes(row.detail)
    told: Any = [{"key": key, "old": old, "new": new} for key, old, new in changes]
    if fmt != "json":
        told = "; ".join(f"{key}: {_value(old)} → {_value(new)}" for key, old, new in changes) or None
    at = row.at.astimezone(UTC).isoformat(timespec="seconds" if fmt == "table" else "auto").replace("+00:00", "Z")
    return {
        "id": row.id, "at": at, "who": row.who, "behind": row.behind, "action": row.action, "subject": row.subject,
        "model": row.model, "note": row.detail.get("note"), "changes": told,
    }  # fmt: skip


def _value(text: str | None) -> str:
    return "not set" if text is None else text


def _verify(root: Path, fmt: str) -> int:
    with State.view(root) as state, state.read() as conn:
        found = audit.verify(conn)
        _, digest = audit.head(conn)
    facts = {"ok": found.ok, "rows": found.rows, "bad": found.bad, "message": found.message, "head": digest}
    if fmt == "table":
        output.say(
            f"{found.message}: {found.rows} row{'' if found.rows == 1 else 's'}, the last one's hash {digest[:16]}"
        )
    elif fmt == "json":
        output.json_out(facts)
    else:
        output.rows_out([facts], tuple(facts), "csv")
    return 0 if found.ok else 1


def _unknown(model: str, names: list[str]) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(model, names, n=1)
    hint = f'did you mean "{near[0]}"?' if near else "`lifecycle status` lists the models"
    return UsageError(f"state knows no model {model!r}", hint=hint)
