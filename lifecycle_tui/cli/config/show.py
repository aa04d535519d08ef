"""`lifecycle config show`: every key with the value that counts, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifecycle_tui import output

if TYPE_CHECKING:
    from lifecycle_tui.config.origins import Resolved
    from lifecycle_tui.config.reading import Reading


@click.command(name="show")
@click.argument("key", required=False)
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@click.option(
    "--format", "fmt", type=click.Choice(["toml", "table", "json", "csv"]), default="toml", help="How to print it."
)
@click.option("--file", type=click.Path(path_type=Path), help="The lifecycle.toml; default: the nearest one.")
def command(key: str | None, origin: bool, fmt: str, file: Path | None) -> None:
    """Show every key with the value that counts.

    Includes, defaults, the environment's file and the plugins' options are worked in. KEY is a table or a key, whole or
    the end of one; NAME stands for any name. Secrets are not shown.

    \b
    Example:
      lifecycle config show
      lifecycle config show models.churn.rules --origin
      lifecycle --env prod config show false_alarms --origin
    """
    from lifecycle_tui.config.origins import resolved
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.limits import import_limits

    reading = _reading(file)
    plugins = PluginCatalog.open(reading.spec.root, reading.spec.plugins, limits=import_limits())
    rows = list(resolved(reading, plugins))
    if key is not None:
        rows = _chosen(rows, key, plugins)
    _warn(reading)
    if fmt == "json":
        output.json_out([_json(row) for row in rows])
    elif fmt == "toml":
        for line in _toml(rows, origin=origin):
            output.say(line)
    else:
        columns = ("key", "value", "origin") if origin or fmt == "csv" else ("key", "value")
        output.rows_out([_row(row) for row in rows if not row.table], columns, fmt)


def _reading(file: Path | None) -> Reading:
    """The workspace's files, if they are sound.

    Raises:
        ConfigError: with every problem.
    """
    from lifecycle_tui.config import examine, find
    from lifecycle_tui.domain.errors import ConfigError

    path = file or find(Path.cwd())
    reading = examine(path)
    if not reading.sound:
        errors = sum(problem.level == "error" for problem in reading.problems)
        says = f"{path} has {errors} error{'' if errors == 1 else 's'}"
        raise ConfigError(says, reading.problems, hint="mend them; `lifecycle config check` looks again")
    return reading


def _chosen(rows: Sequence[Resolved], key: str, plugins: Any) -> list[Resolved]:
    """The rows at a key and below it.

    Raises:
        UsageError: there is no such key, or nothing has it here.
    """
    from lifecycle_tui.config.explain import explained
    from lifecycle_tui.config.keypath import parse_key
    from lifecycle_tui.domain.errors import UsageError

    path = parse_key(key)
    found = [row for row in rows if _under(row.path, path)]
    if not found:
        explained(key, plugins)
        raise UsageError(f'nothing here has "{key}"', hint="`lifecycle config explain` says what it is")
    return found


def _under(path: tuple[str | int, ...], key: tuple[str | int, ...]) -> bool:
    """Whether the key is a part of the path, from wherever on; NAME and * are any name."""
    return any(
        all(mine == asked or asked in ("NAME", "*") for mine, asked in zip(path[start:], key, strict=False))
        for start in range(len(path) - len(key) + 1)
    )


def _warn(reading: Reading) -> None:
    for problem in reading.problems:
        if problem.code == "plain-secret":
            output.note(output.plain(f"{problem.place}: {problem.key}: {problem.message}; {problem.hint}"))


def _row(row: Resolved) -> dict[str, Any]:
    from lifecycle_tui.config.sources import dotted

    return {"key": output.plain(dotted(row.path)), "value": output.plain(row.text), "origin": output.plain(row.origin)}


def _json(row: Resolved) -> dict[str, Any]:
    from lifecycle_tui.config.sources import dotted

    place = row.place
    return {
        "key": dotted(row.path),
        "value": _plain_value(row.value),
        "text": row.text,
        "origin": row.origin,
        "layer": row.layer,
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }


def _plain_value(value: Any) -> Any:
    """The value as JSON has it: dates as text."""
    if isinstance(value, dict):
        return {key: _plain_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_value(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else value.isoformat()


def _toml(rows: Sequence[Resolved], *, origin: bool) -> list[str]:
    """The rows as a TOML file, what can only be said in words as comments."""
    from lifecycle_tui.config.toml_text import dotted_text, key_text

    tables: dict[tuple[str, ...], list[Resolved]] = {}
    for row in rows:
        path = tuple(map(str, row.path))
        tables.setdefault(path if row.table else path[:-1], []).extend([] if row.table else [row])
    lines: list[str] = []
    for table, keys in tables.items():
        if table:
            lines += [*([""] if lines else []), f"[{output.plain(dotted_text(table))}]"]
        wide = max((len(key_text(str(row.path[-1]))) for row in keys if row.value is not None), default=0)
        for row in keys:
            name = key_text(str(row.path[-1]))
            text = f"# {name}: {row.text}" if row.value is None else f"{name.ljust(wide)} = {row.text}"
            lines.append(output.plain(f"{text.ljust(39)} # {row.origin}" if origin else text))
    return lines
