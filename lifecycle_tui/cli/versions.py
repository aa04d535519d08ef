"""`lifecycle versions`: a model's versions, one of them whole, two side by side. From state alone.

`versions register` is an action (see `act`).
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output
from lifecycle_tui.cli import versions_json
from lifecycle_tui.cli.act import register
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.folder import find_root
from lifecycle_tui.registry import versions
from lifecycle_tui.state import approvals, fleet
from lifecycle_tui.state.database import State

if TYPE_CHECKING:
    from lifecycle_tui.registry.versions import Version

COLUMNS = (
    "number", "label", "aliases", "origin", "created_at", "strategy", "rows", "metric", "value", "lower", "upper",
    "verdict", "by", "why", "digest", "format", "parent", "note",
)  # fmt: skip
"""Of the CSV."""


@click.group(name="versions")
def group() -> None:
    """List, show, compare and register versions.

    \b
    Example:
      lifecycle versions list bikes
    """


@group.command(name="list")
@click.argument("model")
@click.option("--limit", type=click.IntRange(1, 100_000), default=30, show_default=True, help="How many, newest first.")
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it.")
def list_(model: str, limit: int, fmt: str) -> None:
    """List a model's versions, newest first.

    Each with its aliases, where it comes from, its key metric and what its last judgement came to.

    \b
    Examples:
      lifecycle versions list bikes
      lifecycle versions list bikes --format json | jq '.[0].metrics'
    """
    with State.view(find_root()) as state, state.snapshot() as conn:
        _known(conn, model)
        found = versions.versions(conn, model, limit)
        rows = [versions_json.summary(conn, one) for one in found]
        row = fleet.model(conn, model)
        waits = approvals.pending(conn, model)
    key = row.metric if row is not None else None
    if fmt == "json":
        output.json_out(rows)
        return
    flat = [_flat(row, key) for row in rows]
    if fmt == "csv":
        output.rows_out(flat, COLUMNS, "csv")
        return
    if not rows:
        output.note(f"{output.plain(model)} has no version yet")
        return
    header = ("version", "aliases", "origin", "made", "by", "rows", "metric", "judged", "why")
    output.table([_line(row) for row in flat], header, right=(5,))
    if waits is not None:
        output.note(output.plain(f"version {waits.version} waits for approval, asked for by {waits.requested_by}"))


@group.command(name="show")
@click.argument("model")
@click.argument("which", metavar="VERSION")
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
def show(model: str, which: str, fmt: str) -> None:
    """Show all that is recorded of a version.

    VERSION is a number, an alias or a name in the data.

    \b
    Examples:
      lifecycle versions show bikes 3
      lifecycle versions show bikes champion --format json
    """
    with State.view(find_root()) as state, state.snapshot() as conn:
        _known(conn, model)
        found = versions_json.whole(conn, _version(conn, model, which))
    if fmt == "json":
        output.json_out(found)
    else:
        from lifecycle_tui.cli.versions_text import tell

        tell(found)


@group.command(name="diff")
@click.argument("model")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
def diff(model: str, one: str, other: str, fmt: str) -> None:
    """Show what differs between two versions.

    Their metrics side by side, each measured on its own rows, and the judgement of one against the other, on the same
    rows, if there was one.

    \b
    Example:
      lifecycle versions diff bikes champion challenger
    """
    with State.view(find_root()) as state, state.snapshot() as conn:
        _known(conn, model)
        a, b = _version(conn, model, one), _version(conn, model, other)
        found = versions_json.difference(conn, a, b)
    if fmt == "json":
        output.json_out(found)
    else:
        from lifecycle_tui.cli.versions_text import tell_difference

        tell_difference(found)


group.add_command(register)


def _known(conn: sqlite3.Connection, model: str) -> None:
    if fleet.model(conn, model) is None:
        from difflib import get_close_matches

        names = [m.name for m in fleet.fleet(conn, retired=True)]
        near = get_close_matches(model, names, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "`lifecycle status` lists the models"
        raise UsageError(f"state knows no model {model!r}", hint=hint)


def _version(conn: sqlite3.Connection, model: str, text: str) -> Version:
    from lifecycle_tui.actions.looking import version_of

    found = version_of(conn, model, text)
    if found is None:
        raise UsageError(f"{model} has no version {text!r}", hint=f"`lifecycle versions list {model}` lists them")
    return found


def _flat(row: dict[str, Any], key: str | None) -> dict[str, Any]:
    metrics = row["metrics"]
    name = key if key in metrics else next(iter(metrics), None)
    number = metrics.get(name) if name else None
    if not isinstance(number, dict):
        number = {"value": number if isinstance(number, int | float) else None}
    judged = row["judgement"]
    return {
        **row, "aliases": " ".join(row["aliases"]), "metric": name, "verdict": judged and judged["verdict"],
        **{part: number.get(part) for part in ("value", "lower", "upper")},
    }  # fmt: skip


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    from lifecycle_tui.cli.text import clipped, number

    shown = str(row["number"]) + (f" ({row['label']})" if row["label"] != str(row["number"]) else "")
    metric = "-" if row["metric"] is None else f"{row['metric']} {number(row['value'])}"
    return (
        clipped(shown, 24), row["aliases"] or "-", row["origin"], row["created_at"][:16].replace("T", " "),
        output.plain(row["strategy"] or row["by"] or "-"), "-" if row["rows"] is None else f"{row['rows']:,}",
        clipped(metric, 24), row["verdict"] or "-", clipped(row["why"] or row["note"] or "", 60),
    )  # fmt: skip
