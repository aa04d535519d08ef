"""`lifecycle config check`: what is wrong with the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecycle_tui import output
from lifecycle_tui.cli.config import expecting
from lifecycle_tui.domain.problems import Problem

if TYPE_CHECKING:
    from lifecycle_tui.agent.expected import Outlook
    from lifecycle_tui.workspace import Examined


@click.command(name="check")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", help="How to print the problems.")
@click.option("--no-data", is_flag=True, help="Do not look at the tables: only the file, its plugins, rules and state.")
@click.pass_context
def command(ctx: click.Context, file: Path | None, fmt: str, no_data: bool) -> None:
    """Report every problem of the file, each at its line and column.

    Reads FILE (by default lifecycle.toml of this folder or of one above) with everything it includes, the plugins it
    names, its rules, and the columns of its tables; nothing is changed. Exit code 2 when there is an error.

    Where there is none, says how often each rule would have fired on the reference, and how many false pages a year
    the file as a whole must be expected to send: from what a check has measured, else from the reference itself.

    \b
    Example:
      lifecycle config check
      lifecycle config check --format json models/churn.toml
    """
    from lifecycle_tui import workspace
    from lifecycle_tui.config import find

    path = file or find(Path.cwd())
    examined = workspace.examine(path)
    if not no_data:
        for problem in _data(examined):
            examined.reading.report.add(problem)
    outlook = _outlook(examined, data=not no_data)
    problems = examined.problems
    errors = sum(p.level == "error" for p in problems)
    if fmt == "json":
        rows = [output.problem_row(p) for p in problems]
        output.json_out({"file": str(path), "problems": rows, **expecting.as_json(outlook)})
    else:
        texts = output.Texts()
        for problem in problems:
            output.say(output.problem_block(problem, texts=texts))
            output.say()
        if outlook is not None:
            expecting.show(outlook)
        warnings = len(problems) - errors
        output.say(f"{path}: {_count(errors, 'error')}, {_count(warnings, 'warning')}" if problems else f"{path}: fine")
    ctx.exit(2 if errors else 0)


def _data(examined: Examined) -> tuple[Problem, ...]:
    """The declarations against the tables themselves. Team sources run in the plugins' process."""
    import contextlib

    from lifecycle_tui.agent.work.sources import open_tables
    from lifecycle_tui.monitoring.declared import data_problems
    from lifecycle_tui.plugin_host.runner import Runner

    plugins = examined.workspace.plugins
    with contextlib.ExitStack() as stack:
        made: list[Runner] = []

        def runner() -> Runner:
            if not made:
                made.append(stack.enter_context(Runner()))
            return made[0]

        return data_problems(
            examined.workspace, lambda spec: open_tables(spec.data, plugins, runner), examined.doubtful
        )


def _outlook(examined: Examined, *, data: bool) -> Outlook | None:
    """What must be expected of the rules, a warning with each that fires on the reference; None with an error."""
    if any(p.level == "error" for p in examined.problems):
        return None
    from lifecycle_tui.agent.expected import problems

    found = expecting.look(examined.workspace, data=data)
    for problem in problems(examined.workspace, found):
        examined.reading.report.add(problem)
    return found


def _count(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"
