"""`lifecycle plugins list`: what is installed, where it comes from, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output
from lifecycle_tui.cli.plugins.places import catalog, places

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.info import PluginInfo

COLUMNS = ("kind", "name", "state", "origin", "place", "about")


@click.command(name="list")
@click.option("--kind", help="Only this kind: detector, metric, source, notifier, …")
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print.")
@click.option("--no-builtins", is_flag=True, help="Leave out what ships with the program.")
@click.pass_context
def command(ctx: click.Context, kind: str | None, fmt: str, no_builtins: bool) -> None:
    """List every plugin: the program's own, installed ones, and the modules in `plugins/`.

    A broken one is listed with what is wrong and where; it never breaks this command. Exit code 1 when there is one.

    \b
    Example:
      lifecycle plugins list --kind detector
    """
    root, folders = places()
    found = catalog(root, folders).rows
    rows = [r for r in found if (kind is None or r.kind == kind) and not (no_builtins and r.origin == "builtin")]
    broken = [r for r in rows if r.fault is not None]
    if fmt == "json":
        output.json_out([_full(r) for r in rows])
    else:
        output.rows_out([_row(r, root) for r in rows], COLUMNS, fmt)
    if fmt == "table":
        for row in rows:
            for fault in row.problems:
                where = f"{fault.file}:{fault.line}" if fault.file and fault.line else fault.file or row.place
                output.note(output.plain(f"{fault.level}: {row.name}: {fault.message} ({where})"))
                if fault.hint:
                    output.note(output.plain(f"  {fault.hint}"))
    ctx.exit(1 if broken else 0)


def _state(row: PluginInfo) -> str:
    if row.disabled:
        return "disabled"
    return f"broken: {row.fault.kind}" if row.fault else "ok"


def _row(row: PluginInfo, root: Path | None) -> dict[str, Any]:
    place = row.place
    if row.origin == "builtin":
        place = "built in"
    elif root is not None and place.startswith(f"{root}/"):
        place = place[len(str(root)) + 1 :]
    return {
        "kind": row.kind or "-",
        "name": row.name,
        "state": _state(row),
        "origin": row.origin,
        "place": place,
        "about": row.doc,
    }


def _full(row: PluginInfo) -> dict[str, Any]:
    return row.to_json() | {"state": _state(row), "place": row.place}
