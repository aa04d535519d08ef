"""`lifecycle plugins new`: a working plugin and its test, to be edited."""

from __future__ import annotations

import os
from pathlib import Path

import click

from lifecycle_tui import output
from lifecycle_tui.cli.plugins.places import catalog, places


class _Kinds(click.ParamType):
    """A kind that there is a template for; looked up when it is needed, so that `--help` stays light."""

    name = "kind"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from difflib import get_close_matches

        from lifecycle_tui.plugin_host import scaffold

        if value in scaffold.kinds():
            return value
        near = get_close_matches(value, scaffold.kinds(), 1)
        more = f'; did you mean "{near[0]}"?' if near else f"; there are {', '.join(scaffold.kinds())}"
        raise click.BadParameter(f"no kind of plugin is called {value!r}{more}", ctx, param)


@click.command(name="new")
@click.argument("kind", type=_Kinds())
@click.argument("name")
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path),
              help="Where to write it; by default the workspace's first plugin folder, or plugins/.")  # fmt: skip
@click.option("--no-test", is_flag=True, help="Write no test.")
def command(kind: str, name: str, folder: Path | None, no_test: bool) -> None:
    """Write a working plugin of a KIND, and its test, for you to edit.

    KIND is detector, metric, source, notifier, strategy, deployer, command, panel or event. The file is a
    plugin from the next check on. Its test goes into the folder tests/ beside the folder of plugins. Nothing is
    overwritten.

    \b
    Example:
      lifecycle plugins new detector heavy_tails
    """
    from lifecycle_tui.plugin_host import scaffold

    root, folders = places()
    folder = (folder or next(iter(folders), None) or Path("plugins")).absolute()
    files = scaffold.plan(kind, name, folder, catalog(root, folders or (folder,)), test=not no_test)
    scaffold.write(files)
    for file in files:
        output.say(output.plain(_shown(file.path)))
    if folders and folder not in folders:
        output.note(f'no models see it there: add "{_shown(folder)}" to [workspace] plugins')
    output.note(f"1. edit it:   {_shown(files[0].path)} works as it is, and says what each line is for")
    tests = "" if no_test else f"   or: pytest {_shown(files[1].path)}"
    output.note(f"2. try it:    lifecycle plugins check {name}{tests}")
    output.note(f"3. use it:    {_USE.get(kind, _USE['']).format(name=name)}")


_USE = {
    "detector": "lifecycle check   shows its signals {name}.COLUMN; detectors = [...] names it where a model chooses",
    "metric": 'metrics = ["{name}"] under [models.NAME.monitor], then lifecycle check',
    "source": "a table whose path ends in its suffix is read by it",
    "notifier": '[notifiers.NAME] with use = "{name}"',
    "strategy": 'strategy = "{name}" under [models.NAME.training]',
    "deployer": 'deployer = "{name}" under [models.NAME.rollout]',
    "explainer": "lifecycle explain MODEL --by {name}",
    "command": "lifecycle plugins run {name}",
    "panel": "lifecycle check   then it is a section of the model's screen",
    "event": "lifecycle check --act, and the agent, tell it what happens from now on",
    "": "lifecycle plugins list   shows it",
}
"""Kind → what makes a workspace use a plugin of it."""


def _shown(path: Path) -> str:
    """Relative to the working folder where it lies below it."""
    short = os.path.relpath(path)
    return str(path) if short.startswith("..") else short
