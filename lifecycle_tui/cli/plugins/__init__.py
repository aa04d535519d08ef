"""`lifecycle plugins …`: what is installed, where it comes from, what is wrong with it. One module a command, lazy."""

from __future__ import annotations

import click

from lifecycle_tui.cli.lazy import Lazy

COMMANDS = {
    "list": "lifecycle_tui.cli.plugins.listing:command",
    "new": "lifecycle_tui.cli.plugins.new:command",
    "check": "lifecycle_tui.cli.plugins.check:command",
}
"""Command → where it lives."""


@click.group(name="plugins", commands=Lazy(COMMANDS))
def group() -> None:
    """List plugins and what they register."""
