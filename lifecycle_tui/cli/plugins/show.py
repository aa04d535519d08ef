"""`lifecycle plugins show NAME`: all that is known of one plugin, without importing it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output
from lifecycle_tui.cli.plugins.places import catalog, declared, last_errors, place, state_of, version_of
from lifecycle_tui.domain.errors import UsageError

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.info import OptionInfo, PluginInfo
    from lifecycle_tui.state.plugin_faults import FaultRow

TODO = {
    "broken": "it is not used until that is mended",
    "failed": "what it should have given then is missing; its next call that works settles it, and so does a change of "
    "its file",
    "disabled": "`lifecycle plugins enable NAME` switches it on",
}
"""What there is to know or do, by state."""


@click.command(name="show")
@click.argument("name")
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
@click.pass_context
def command(ctx: click.Context, name: str, fmt: str) -> None:
    """Show one plugin: its file, documentation, options, who uses it, and its last error.

    NAME is a plugin's name, or KIND:NAME where several kinds have one of that name; otherwise all of them are shown.
    Exit code 1 when it is broken.

    \b
    Example:
      lifecycle plugins show psi
      lifecycle plugins show detector:psi --format json
    """
    root, folders, spec = declared()
    plugins = catalog(root, folders)
    rows = named(plugins, name)
    errors = last_errors(root, rows)
    found = []
    for row in rows:
        used: tuple[str, ...] = ()
        if spec is not None:
            from lifecycle_tui.cli.plugins.uses import used_by

            used = used_by(spec, row, plugins)
        found.append((row, used, errors.get(row.key)))
    if fmt == "json":
        output.json_out([_json(*one) for one in found])
    else:
        for number, one in enumerate(found):
            for line in [*([""] if number else []), *_lines(*one, root)]:
                output.say(output.plain(line))
    ctx.exit(1 if any(r.fault is not None and not r.disabled for r in rows) else 0)


def named(plugins: PluginCatalog, name: str) -> list[PluginInfo]:
    """Every plugin of that name, or that one `kind:name`.

    Raises:
        UsageError: there is none; the hint names the nearest.
    """
    rows = [row for row in plugins.rows if name in (row.name, row.key)]
    if rows:
        return rows
    from difflib import get_close_matches

    near = get_close_matches(name, [n for row in plugins.rows for n in (row.name, row.key)], 1, 0.6)
    hint = f'did you mean "{near[0]}"?' if near else "`lifecycle plugins list` shows what there is"
    raise UsageError(f"no plugin is called {name!r}", hint=hint)


def _json(row: PluginInfo, used: tuple[str, ...], error: FaultRow | None) -> dict[str, Any]:
    last = None
    if error is not None:
        last = {
            "code": error.code, "message": error.message, "file": error.file, "line": error.line,
            "model": error.model, "job": error.job_id, "first_at": error.first_at.isoformat(),
            "at": error.at.isoformat(), "times": error.times,
        }  # fmt: skip
    more = {"state": state_of(row, error), "version": version_of(row), "place": row.place, "load_ms": row.import_ms}
    return row.to_json() | more | {"used_by": used, "last_error": last}


def _lines(row: PluginInfo, used: tuple[str, ...], error: FaultRow | None, root: Path | None) -> Iterator[str]:
    state = state_of(row, error)
    yield f"{row.kind or 'file'} {row.name}: {state}"
    if row.doc:
        yield f"  {row.doc}"
    yield from (f"  {line}" for line in row.about.splitlines())
    for fault in row.problems:
        yield f"  {fault.level}: {fault.message} ({place(root, fault.file, fault.line) or row.place})"
        if fault.advice:
            yield f"    {fault.advice}"
    if error is not None:
        yield f"  failed last: {error.message} ({place(root, error.file, error.line)})"
        of = f" of {error.model}" if error.model else ""
        job = f" in job {error.job_id}{of}" if error.job_id else of
        since = "" if error.times == 1 else f", {error.times} times since {error.first_at:%Y-%m-%d %H:%M}"
        yield f"    at {error.at:%Y-%m-%d %H:%M} UTC{job}{since}"
    if (todo := TODO.get(state.partition(":")[0])) is not None:
        yield f"    {todo.replace('NAME', row.key)}"
    yield ""
    for name, value in _facts(row, used, root):
        if value:
            yield f"  {name:<9} {value}"
    yield ""
    yield "  options" if row.options else "  it has no options"
    for option in row.options:
        yield f"    {option_line(option)}"
        if option.about:
            yield f"        {option.about}"


def option_line(option: OptionInfo) -> str:
    """`bins: int, 10 unless it is given`."""
    default = "must be given" if option.required else f"{option.default!r} unless it is given"
    return f"{option.name}: {option.shown_type}, {default}"


def _facts(row: PluginInfo, used: tuple[str, ...], root: Path | None) -> Iterator[tuple[str, str]]:
    low, high = row.range
    better = {True: "greater is better", False: "less is better", None: "neither end is better"}
    yield "file", "built in" if row.origin == "builtin" else place(root, row.file, row.line)
    yield "from", row.distribution if row.origin == "entry-point" else ""
    yield "class", row.qualname
    yield "hooks", ", ".join(row.hooks)
    yield "columns", ", ".join(row.kinds)
    yield "takes", row.takes
    yield "scope", "all features together" if row.scope == "table" else ""
    yield "sample", "" if row.sample is None else f"at most {row.sample:,} rows of each side"
    yield "tasks", ", ".join(row.tasks)
    yield "needs", row.needs
    if row.kind == "metric":
        ends = f"{'-' if low is None else f'{low:g}'} to {'-' if high is None else f'{high:g}'}"
        yield "values", f"{ends}; {better[row.greater_is_better]}"
    yield "files", ", ".join(row.suffixes)
    yield "windows", str(row.windows) if row.windows else ""
    yield "import", "" if row.import_ms is None else f"{row.import_ms:.1f} ms"
    yield "used by", ", ".join(used) if used else ("" if row.kind in ("command", "event", "") else "nothing")
