"""Where the commands look for plugins: the workspace around the working folder, as far as its file can be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui import output

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.catalog import PluginCatalog


def places() -> tuple[Path | None, tuple[Path, ...]]:
    """The workspace's folder and its plugin folders; outside of one, or where its file is broken, what is known."""
    from lifecycle_tui import config
    from lifecycle_tui.domain.errors import LifecycleError

    try:
        file = config.find(Path.cwd())
    except LifecycleError:
        return None, ()
    spec, problems = config.check(file)
    if spec is None:
        errors = sum(p.level == "error" for p in problems)
        output.note(f"{file}: {errors} errors, so plugins/ beside it is taken; see `lifecycle config check`")
        return file.parent, (file.parent / "plugins",)
    return spec.root, spec.plugins


def catalog(root: Path | None, folders: tuple[Path, ...]) -> PluginCatalog:
    """The catalogue there, files that changed indexed now, each in a child of its own."""
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.limits import import_limits

    return PluginCatalog.open(root, folders, limits=import_limits())
