"""`lifecycle config check`: what is wrong with the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecycle_tui import output
from lifecycle_tui.domain.problems import Problem

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Examined


@click.command(name="check")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", help="How to print the problems.")
@click.option("--no-data", is_flag=True, help="Do not look at the tables: only the file, its plugins and rules.")
@click.pass_context
def command(ctx: click.Context, file: Path | None, fmt: str, no_data: bool) -> None:
    """Report every problem of the file, each at its line and column.

    Reads FILE (by default lifecycle.toml of this folder or of one above) with everything it includes, the plugins it
    names, its rules, and the columns of its tables (no rows); nothing is run and nothing is changed. Exit code 2 when
    there is an error.

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
    problems = examined.problems
    errors = sum(p.level == "error" for p in problems)
    if fmt == "json":
        output.json_out({"file": str(path), "problems": [output.problem_row(p) for p in problems]})
    else:
        texts = output.Texts()
        for problem in problems:
            output.say(output.problem_block(problem, texts=texts))
            output.say()
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


def _count(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"
