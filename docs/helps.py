"""Makes `command-options.md`: what `lifecycle COMMAND --help` says of every command, each option included.

    python docs/helps.py

Run by whoever has changed a command; a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from lifecycle_tui.cli import main

PAGE = Path(__file__).resolve().parent / "command-options.md"
WIDTH = 100
TOP = """\
# Every command and option

What `--help` says of each command, made from the commands themselves: `python docs/helps.py`. What they are for, and
their JSON: [commands.md](commands.md).
"""


def commands(found: click.Command, ctx: click.Context) -> Iterator[click.Context]:
    """A context for the command and for everything below it, in the order in which they are listed."""
    yield ctx
    if isinstance(found, click.Group):
        for name in found.list_commands(ctx):
            below = found.get_command(ctx, name)
            assert below is not None
            settings = {"max_content_width": WIDTH, "terminal_width": WIDTH} | below.context_settings
            yield from commands(below, click.Context(below, parent=ctx, info_name=name, **settings))


def page() -> str:
    """The whole page."""
    settings = main.group.context_settings | {"terminal_width": WIDTH, "max_content_width": WIDTH}
    top = click.Context(main.group, info_name="lifecycle", **settings)
    parts = [TOP]
    for ctx in commands(main.group, top):
        parts.append(f"## {ctx.command_path}\n\n```text\n{ctx.get_help().rstrip()}\n```\n")
    return "\n".join(line.rstrip() for line in "\n".join(parts).split("\n"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
