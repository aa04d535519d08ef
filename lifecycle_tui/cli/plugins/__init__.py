"""`lifecycle plugins …`: what is installed, where it comes from, what is wrong with it. One module a command, lazy."""

from __future__ import annotations

import click

from lifecycle_tui.cli.lazy import Lazy

COMMANDS = {
    "list": "lifecycle_tui.cli.plugins.listing:command",
    "show": "lifecycle_tui.cli.plugins.show:command",
    "run": "lifecycle_tui.cli.plugins.run:command",
    "disable": "lifecycle_tui.cli.act:disable",
    "enable": "lifecycle_tui.cli.act:enable",
    "new": "lifecycle_tui.cli.plugins.new:command",
    "check": "lifecycle_tui.cli.plugins.check:command",
}
"""Command → where it lives."""


@click.group(name="plugins", commands=Lazy(COMMANDS))
def group() -> None:
    """List, show, write, check and run plugins.

    \b
    Examples:
      lifecycle plugins list
      lifecycle plugins show psi
    """
