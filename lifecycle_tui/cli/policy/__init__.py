"""`lifecycle policy …`: what rules and their consequences do, before they are in force. Imported when it runs."""

from __future__ import annotations

import click

from lifecycle_tui.cli.lazy import Lazy

COMMANDS = {"simulate": "lifecycle_tui.cli.policy.simulate:command"}


@click.group(name="policy", commands=Lazy(COMMANDS))
def group() -> None:
    """Ask what a policy would have done.

    \b
    Example:
      lifecycle policy simulate --config edited.toml --since 1y
    """
