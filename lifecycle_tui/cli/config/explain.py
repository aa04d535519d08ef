"""`lifecycle config explain`: what a key, a plugin's option or a signal means."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from lifecycle_tui import output

if TYPE_CHECKING:
    from lifecycle_tui.config.explain import Explained
    from lifecycle_tui.plugin_host.catalog import PluginCatalog

LINES = ("type", "unit", "choices", "default", "example", "keys", "readers", "place")
LABELS = {"readers": "read by", "place": "defined"}


@click.command(name="explain")
@click.argument("key", required=False)
@click.option(
    "--format", "fmt", type=click.Choice(["text", "json", "table", "csv"]), default="text", help="How to print it."
)
def command(key: str | None, fmt: str) -> None:
    """Say what a key of lifecycle.toml means.

    Type, unit, default, example, and who reads it; for options of installed plugins and for signals too. KEY is a
    whole key, with NAME for any name, or the end of one; without KEY all keys are listed. Needs no workspace.

    \b
    Example:
      lifecycle config explain models.NAME.rules.NAME.for
      lifecycle config explain detectors.psi.bins
      lifecycle config explain cooldown --format json
    """
    from lifecycle_tui.cli.plugins.places import catalog, places

    plugins = catalog(*places())
    found = _all(plugins) if key is None else _found(key, plugins)
    if fmt == "json":
        output.json_out([asdict(one) for one in found])
    elif fmt == "csv" or fmt == "table" or key is None:
        rows = [{name: _text(one, name) for name in ("key", "type", "default", "meaning")} for one in found]
        output.rows_out(rows, ("key", "type", "default", "meaning"), "csv" if fmt == "csv" else "table")
    else:
        for index, one in enumerate(found):
            if index:
                output.say()
            _say(one)


def _found(key: str, plugins: PluginCatalog) -> tuple[Explained, ...]:
    from lifecycle_tui.cli.config.signals import certain, signal
    from lifecycle_tui.config.explain import explained
    from lifecycle_tui.config.extensions import KINDS
    from lifecycle_tui.domain.errors import UsageError

    one = signal(key, plugins)
    try:
        found = explained(key, plugins)
    except UsageError as exc:
        if one is None or (not certain(key, plugins) and (exc.hint or "").startswith("did you mean")):
            raise
        return (one,)
    return (*found, one) if one is not None and certain(key, plugins) and found[0].type not in KINDS else found


def _all(plugins: PluginCatalog) -> tuple[Explained, ...]:
    """Every key, and every option of every plugin."""
    from lifecycle_tui.config.explain import every_key, explain, plugin_options

    return (*(explain(key, plugins) for key in every_key()), *plugin_options(plugins))


def _text(one: Explained, name: str) -> str:
    value = getattr(one, name)
    return output.plain(", ".join(value) if isinstance(value, tuple) else value)


def _say(one: Explained) -> None:
    import textwrap

    output.say(output.plain(one.key))
    for line in textwrap.wrap(output.plain(one.meaning), 96):
        output.say(f"  {line}")
    for name in LINES:
        if text := _text(one, name):
            output.say(f"  {LABELS.get(name, name):<8} {text}")
