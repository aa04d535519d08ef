"""`lifecycle keys`: every key of the terminal, what it does and where, as `[keys]` of lifecycle.toml has it."""

from __future__ import annotations

import click

from lifecycle_tui import output
from lifecycle_tui.config import bindings, key_names
from lifecycle_tui.config.keys_file import KeysFile, read
from lifecycle_tui.domain.errors import ConfigError, UsageError
from lifecycle_tui.domain.folder import find_root
from lifecycle_tui.domain.nearest import meant

COLUMNS = ("id", "keys", "default", "what", "where")


@click.command(name="keys")
@click.option("--screen", metavar="NAME", help="Only those that work on this screen, pane (model.drift) or dialog.")
@click.option("--changed", is_flag=True, help="Only those that [keys] of lifecycle.toml gives other keys.")
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it.")
def command(screen: str | None, changed: bool, fmt: str) -> None:
    """List the terminal's keys and what they do.

    Each with the id by which [keys] of lifecycle.toml gives it others, its keys as they are now, and as they are where
    nothing is said. Ends with 2 where [keys] has errors; `lifecycle config check` shows them all.

    \b
    Examples:
      lifecycle keys
      lifecycle keys --screen fleet
      lifecycle keys --changed --format json
    """
    found = _of(screen)
    file = _file()
    now = bindings.now(file.keymap)
    rows = []
    for one in found:
        if not changed or now[one.id] != one.keys:
            own, default = ([key_names.shown(key) for key in keys] for keys in (now[one.id], one.keys))
            rows.append({
                "id": one.id,
                "keys": own if fmt == "json" else " ".join(own),
                "default": default if fmt == "json" else " ".join(default),
                "what": one.what,
                "where": list(one.where) if fmt == "json" else _places(one),
            })  # fmt: skip
    if rows or fmt != "table":
        output.rows_out(rows, COLUMNS, fmt)
    else:
        output.note("[keys] of lifecycle.toml changes none of them")
    if file.problem:
        output.note(f"error: {file.problem}")
        raise click.exceptions.Exit(2)


def _of(screen: str | None) -> tuple[bindings.Bound, ...]:
    if screen is None:
        return tuple(bindings.bound().values())
    try:
        return bindings.on_screen(screen)
    except KeyError:
        names = bindings.screens()
        hint = meant(screen, names) or f"there are {', '.join(names)}"
        raise UsageError(f"there is no screen {screen!r}", hint=hint) from None


def _file() -> KeysFile:
    """What the file says; outside of a workspace, nothing."""
    try:
        return read(find_root())
    except ConfigError:
        return KeysFile()


def _places(one: bindings.Bound) -> str:
    if one.everywhere:
        return "everywhere"
    some = ", ".join(one.where[:3])
    return some if len(one.where) <= 3 else f"{some}, {len(one.where) - 3} more"
