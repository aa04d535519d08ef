"""`lifecycle config check`: what is wrong with the file."""

from __future__ import annotations

from pathlib import Path

import click

from lifecycle_tui import output
from lifecycle_tui.domain.problems import Problem


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
    problems = workspace.check(path)
    if not no_data and not any(p.level == "error" for p in problems):
        problems = (*problems, *_data(path))
    errors = sum(p.level == "error" for p in problems)
    if fmt == "json":
        output.json_out({"file": str(path), "problems": [_row(p) for p in problems]})
    else:
        sources: dict[str, str] = {}
        for problem in problems:
            output.say(output.problem_block(problem, _text(problem, sources)))
            output.say()
        warnings = len(problems) - errors
        output.say(f"{path}: {_count(errors, 'error')}, {_count(warnings, 'warning')}" if problems else f"{path}: fine")
    ctx.exit(2 if errors else 0)


def _data(path: Path) -> tuple[Problem, ...]:
    """The declarations against the tables themselves. Team sources run in the plugins' process."""
    import contextlib

    from lifecycle_tui.agent.work.sources import open_tables
    from lifecycle_tui.monitoring.declared import data_problems
    from lifecycle_tui.plugin_host.runner import Runner
    from lifecycle_tui.workspace import open_workspace

    space = open_workspace(path)
    with contextlib.ExitStack() as stack:
        made: list[Runner] = []

        def runner() -> Runner:
            if not made:
                made.append(stack.enter_context(Runner()))
            return made[0]

        return data_problems(space, lambda spec: open_tables(spec.data, space.plugins, runner))


def _count(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def _text(problem: Problem, sources: dict[str, str]) -> str | None:
    if problem.place is None:
        return None
    name = problem.place.file
    if name not in sources:
        try:
            sources[name] = Path(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None
    return sources[name]


def _row(problem: Problem) -> dict[str, object]:
    place = problem.place
    return {
        "level": problem.level,
        "code": problem.code,
        "key": problem.key,
        "message": problem.message,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "hint": problem.hint,
        "related": [str(p) for p in problem.related],
    }
