"""`lifecycle plugins check`: the conformance suite on plugins by name or file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output
from lifecycle_tui.cli.plugins.places import catalog, places

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.conformance.base import CheckResult
    from lifecycle_tui.plugin_host.info import PluginInfo

COLUMNS = ("kind", "plugin", "check", "state", "says", "expected", "came", "hint", "place", "seconds")


@click.command(name="check")
@click.argument("plugins", nargs=-1, metavar="[NAME|FILE]...")
@click.option("--kind", help="Only this kind: detector, metric, source, notifier, …")
@click.option("--only", multiple=True, metavar="CHECK", help="Only this check; may be given several times.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE",
              help="An option to try it with, in TOML; may be given several times.")  # fmt: skip
@click.option("--location", help="What a source reads, where the suite cannot write a table for it.")
@click.option("--send", is_flag=True, help="Let notifiers really send one message, with these options.")
@click.option("--seconds", type=click.FloatRange(0.1, 600), default=20.0, show_default=True, help="Limit of one check.")
@click.option("--format", "fmt", type=click.Choice(["table", "json", "csv", "junit"]), default="table",
              help="How to print.")  # fmt: skip
@click.pass_context
def command(
    ctx: click.Context,
    plugins: tuple[str, ...],
    kind: str | None,
    only: tuple[str, ...],
    options: tuple[str, ...],
    location: str | None,
    send: bool,
    seconds: float,
    fmt: str,
) -> None:
    """Try plugins on what production brings: odd data, wrong options, one thing twice.

    Without names: every plugin that is not built in, of the workspace or of plugins/ here. Each check runs in the
    plugins' process: one that hangs or crashes is a failed check, and the rest goes on. The table has what failed or
    was skipped, the other formats have all. Exit code 1 when a check fails.

    \b
    Example:
      lifecycle plugins check heavy_tails
      lifecycle plugins check plugins/pager.py --option url='"http://localhost:8000"' --send
    """
    from lifecycle_tui.plugin_host.conformance.base import Trial
    from lifecycle_tui.plugin_host.conformance.suite import Suite

    rows = _chosen(plugins, kind)
    _refuse_unknown(only, rows)
    trial = Trial(tuple(option_of(text) for text in options), location, send, seconds)
    results: list[CheckResult] = []
    progress = output.Progress()
    with Suite(trial) as suite:
        for row in rows:
            if fmt == "table":
                results += _told(row, suite.run(row, only or None), progress)
            else:
                results += suite.run(row, only or None)
    progress.done()
    if fmt == "json":
        output.json_out([_row(r) for r in results])
    elif fmt == "csv":
        output.rows_out([_row(r) for r in results], COLUMNS, "csv")
    elif fmt == "junit":
        from lifecycle_tui.cli.plugins.check_junit import as_junit

        output.say(as_junit(results))
    ctx.exit(1 if any(r.state == "failed" for r in results) else 0)


# -- what to check ----------------------------------------------------------------------------------------------------


def _chosen(names: tuple[str, ...], kind: str | None) -> list[PluginInfo]:
    """The plugins that the words name, broken ones too.

    Raises:
        UsageError: a word names none, or nothing is left.
    """
    from lifecycle_tui.domain.errors import UsageError

    root, folders = places()
    known = catalog(root, folders or (Path("plugins").absolute(),))
    found: list[PluginInfo] = []
    for name in names:
        found += _file(Path(name), known) if name.endswith(".py") or "/" in name else _named(name, known)
    if not names:
        found = [row for row in known.rows if row.origin != "builtin" and not row.disabled]
    found = [row for row in found if kind is None or row.kind in (kind, "")]
    if not found:
        raise UsageError("there is no plugin to check", hint="write one: lifecycle plugins new detector NAME")
    return found


def _named(name: str, known: PluginCatalog) -> list[PluginInfo]:
    from difflib import get_close_matches

    from lifecycle_tui.domain.errors import UsageError

    found = [row for row in known.rows if name in (row.name, row.key)]
    if not found:
        near = get_close_matches(name, [row.name for row in known.rows], 1)
        hint = f'did you mean "{near[0]}"?' if near else "lifecycle plugins list shows all; a file is given by its path"
        raise UsageError(f"no plugin is called {name!r}", hint=hint)
    return found


def _file(path: Path, known: PluginCatalog) -> list[PluginInfo]:
    """What a file registers: as the workspace knows it, or indexed now where it lies elsewhere."""
    from lifecycle_tui.domain.errors import UsageError
    from lifecycle_tui.plugin_host.index import one_file
    from lifecycle_tui.plugin_host.limits import import_limits

    path = path.absolute() / "__init__.py" if path.is_dir() else path.absolute()
    if not path.is_file():
        raise UsageError(f"{path} is no file")
    return [row for row in known.rows if row.home == str(path)] or list(one_file(path, import_limits()))


def option_of(text: str) -> tuple[str, Any]:
    """`NAME=VALUE`; a value that is no TOML is taken as text.

    Raises:
        UsageError: there is no `=`.
    """
    import tomllib

    from lifecycle_tui.domain.errors import UsageError

    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--option {text!r} is not of the form NAME=VALUE")
    try:
        return name.strip(), tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value


def _refuse_unknown(only: tuple[str, ...], rows: list[PluginInfo]) -> None:
    from lifecycle_tui.domain.errors import UsageError
    from lifecycle_tui.plugin_host.conformance.suite import names

    known = {name for row in rows if row.kind for name in names(row)}
    for name in only:
        if known and name not in known:
            raise UsageError(f"no check is called {name!r}", hint=f"there are {', '.join(sorted(known))}")


# -- what is said -----------------------------------------------------------------------------------------------------


def _told(row: PluginInfo, results: Any, progress: output.Progress) -> list[CheckResult]:
    """Print what does not pass, then a line for the plugin."""
    found: list[CheckResult] = []
    for result in results:
        progress(f"{row.kind} {row.name}: {result.check}")
        found.append(result)
    progress.done()
    count = {state: sum(r.state == state for r in found) for state in ("passed", "failed", "skipped")}
    colour = "red" if count["failed"] else "green"
    said = ", ".join(f"{n} {state}" for state, n in count.items() if n)
    output.say(output.style(output.plain(f"{row.kind or 'file'} {row.name}: {said}"), "bold", colour))
    for result in found:
        if result.state == "failed":
            output.say(f"  {output.style('failed', 'red')}  {output.plain(f'{result.check}: {result.says}')}")
            for word, text in (("expected", result.expected), ("got", result.came), ("hint", result.hint)):
                if text:
                    output.say(output.plain(f"          {word:<9}{text}"))
            output.say(output.plain(f"          {'at':<9}{result.place}"))
        elif result.state == "skipped":
            output.say(output.plain(f"  skipped {result.check}: {result.came}"))
    return found


def _row(result: CheckResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in COLUMNS}
