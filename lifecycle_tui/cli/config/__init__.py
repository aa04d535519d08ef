"""`lifecycle config …`: what the file says, and what is wrong with it. A module a command, imported when it runs."""

from __future__ import annotations

import click

from lifecycle_tui.cli.lazy import Lazy

COMMANDS = {
    "check": "lifecycle_tui.cli.config.check:command",
    "set": "lifecycle_tui.cli.act:config_set",
    "unset": "lifecycle_tui.cli.act:config_unset",
    "diff": "lifecycle_tui.cli.config.diff:command",
    "show": "lifecycle_tui.cli.config.show:command",
    "explain": "lifecycle_tui.cli.config.explain:command",
    "schema": "lifecycle_tui.cli.config.schema:command",
}
"""Command → where it lives. Their modules import what they need inside their functions: `config --help` loads all."""


@click.group(name="config", commands=Lazy(COMMANDS))
def group() -> None:
    """Check, explain and edit lifecycle.toml."""
