"""`lifecycle plugins list`: what is installed, where it comes from, what it costs, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output
from lifecycle_tui.cli.plugins.places import catalog, last_errors, place, places, state_of, version_of

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.info import PluginInfo
    from lifecycle_tui.state.plugin_faults import FaultRow

TABLE = ("kind", "name", "state", "origin", "place", "load_ms", "about")
COLUMNS = ("kind", "name", "state", "version", "origin", "place", "load_ms", "about", "error", "error_at")
"""Of the CSV."""


@click.command(name="list")
@click.option("--kind", help="Only this kind: detector, metric, source, notifier, command, panel, event, …")
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print.")
@click.option("--no-builtins", is_flag=True, help="Leave out what ships with the program.")
@click.pass_context
def command(ctx: click.Context, kind: str | None, fmt: str, no_builtins: bool) -> None:
    """List every plugin: the program's own, installed ones, and the modules in `plugins/`.

    A broken one is listed with what is wrong and where; it never breaks this command. Exit code 1 when there is one.
    One whose last call failed is listed as failed, with its error. `load_ms` is how long its file took to import.

    \b
    Example:
      lifecycle plugins list --kind detector
    """
    root, folders = places()
    found = catalog(root, folders).rows
    rows = [r for r in found if (kind is None or r.kind == kind) and not (no_builtins and r.origin == "builtin")]
    errors = last_errors(root, rows)
    if fmt == "json":
        output.json_out([_full(r, root, errors.get(r.key)) for r in rows])
    else:
        output.rows_out([_row(r, root, errors.get(r.key)) for r in rows], TABLE if fmt == "table" else COLUMNS, fmt)
    if fmt == "table":
        for row in rows:
            _say_faults(row, root, errors.get(row.key))
    ctx.exit(1 if any(r.fault is not None and not r.disabled for r in rows) else 0)


def _say_faults(row: PluginInfo, root: Path | None, error: FaultRow | None) -> None:
    for fault in row.problems:
        where = place(root, fault.file, fault.line) or place(root, row.file, row.line)
        output.note(output.plain(f"{fault.level}: {row.name}: {fault.message} ({where})"))
        if fault.advice:
            output.note(output.plain(f"  {fault.advice}"))
    if error is not None:
        times = "" if error.times == 1 else f", {error.times} times"
        where = place(root, error.file, error.line)
        output.note(output.plain(f"failed last: {row.name}: {error.message} ({where}{times})"))


def _row(row: PluginInfo, root: Path | None, error: FaultRow | None) -> dict[str, Any]:
    return {
        "kind": row.kind or "-",
        "name": row.name,
        "state": state_of(row, error),
        "version": version_of(row),
        "origin": row.origin,
        "place": "built in" if row.origin == "builtin" else place(root, row.file, row.line),
        "load_ms": None if row.import_ms is None else round(row.import_ms, 1),
        "about": row.doc,
        "error": None if error is None else error.message,
        "error_at": None if error is None else error.at.isoformat(),
    }


def _full(row: PluginInfo, root: Path | None, error: FaultRow | None) -> dict[str, Any]:
    short = _row(row, root, error)
    return (
        row.to_json()
        | {k: short[k] for k in ("state", "version", "load_ms", "error", "error_at")}
        | {"place": row.place}
    )
