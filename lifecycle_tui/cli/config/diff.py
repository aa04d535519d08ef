"""`lifecycle config diff`: what the files say otherwise than the agent, or another file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecycle_tui import output

if TYPE_CHECKING:
    from lifecycle_tui.config.compare import Difference

COLUMNS = ("key", "was", "is")


@click.command(name="diff")
@click.argument("other", required=False, type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Another lifecycle.toml.")
@click.option("--text", is_flag=True, help="Show the lines that differ instead, as a unified diff.")
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv"]), default="table", help="How to print it.")
def command(other: Path | None, file: Path | None, text: bool, fmt: str) -> None:
    """Show which keys differ from what the agent works by.

    Compares lifecycle.toml, with all that it includes and what the environment's file says otherwise, with the files
    as the agent last accepted them; or with OTHER, and what that includes. Comments, order and spelling make no
    difference, except with `--text`. Nothing is checked: `lifecycle config check` does that. Exit code 0, whether
    there is a difference or not.

    \b
    Example:
      lifecycle config diff
      lifecycle config diff --format json
      lifecycle config diff before.toml --text
    """
    from lifecycle_tui.config import find
    from lifecycle_tui.config.compare import absolute, differences, read_files, values_of

    main = absolute(file or find(Path.cwd()))
    now = read_files(main)
    before_main, was = (absolute(other), read_files(absolute(other))) if other else (main, _accepted(main))
    if text:
        _lines(before_main, was, main, now)
        return
    _rows(differences(values_of(before_main, was), values_of(main, now)), fmt)


def _accepted(main: Path) -> dict[Path, bytes]:
    from lifecycle_tui.domain.errors import UsageError
    from lifecycle_tui.state import folder

    found = folder.accepted(main.parent)
    if main not in found:
        raise UsageError(
            "no agent has accepted this file yet: there is nothing to compare it with",
            hint="name another file, as in `lifecycle config diff OTHER.toml`; an agent accepts it when it starts",
        )
    return found


def _rows(found: tuple[Difference, ...], fmt: str) -> None:
    if fmt == "table" and not found:
        output.say("no difference")
        return
    rows = [{"key": d.name, "was": d.was, "is": d.now} for d in found]
    output.rows_out(rows, COLUMNS, fmt)


def _lines(before_main: Path, was: dict[Path, bytes], main: Path, now: dict[Path, bytes]) -> None:
    """A unified diff of each file that is not the same."""
    from lifecycle_tui.config.saving import diff_text
    from lifecycle_tui.config.sources import shown

    # The main files stand for each other whatever they are called; so do those that they include, by name.
    then = {path.name if path != before_main else "": path for path in was}
    here = {path.name if path != main else "": path for path in now}
    some = False
    for name in dict.fromkeys([*here, *then]):
        old, new = then.get(name), here.get(name)
        before, after = was[old] if old else b"", now[new] if new else b""
        if before == after:
            continue
        some = True
        names = (f"{shown(path)}" if path else "/dev/null" for path in (old, new))
        for line in diff_text(before, after, *names).split("\n"):
            output.say(output.plain(line))
    if not some:
        output.say("no difference")
