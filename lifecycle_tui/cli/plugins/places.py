"""Where the commands look for plugins: the workspace around the working folder, as far as its file can be read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui import __version__, output

if TYPE_CHECKING:
    from lifecycle_tui.domain.specs import WorkspaceSpec
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.info import PluginInfo
    from lifecycle_tui.state.plugin_faults import FaultRow


def places() -> tuple[Path | None, tuple[Path, ...]]:
    """The workspace's folder and its plugin folders; outside of one, or where its file is broken, what is known."""
    root, folders, _ = declared()
    return root, folders


def declared() -> tuple[Path | None, tuple[Path, ...], WorkspaceSpec | None]:
    """The same with what the file declares, where it has no errors."""
    from lifecycle_tui import config
    from lifecycle_tui.domain.errors import LifecycleError

    try:
        file = config.find(Path.cwd())
    except LifecycleError:
        return None, (), None
    spec, problems = config.check(file)
    if spec is None:
        errors = sum(p.level == "error" for p in problems)
        output.note(f"{file}: {errors} errors, so plugins/ beside it is taken; see `lifecycle config check`")
        return file.parent, (file.parent / "plugins",), None
    return spec.root, spec.plugins, spec


def catalog(root: Path | None, folders: tuple[Path, ...]) -> PluginCatalog:
    """The catalogue there, files that changed indexed now, each in a child of its own."""
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.limits import import_limits

    return PluginCatalog.open(root, folders, limits=import_limits())


def last_errors(root: Path | None, rows: Iterable[PluginInfo]) -> dict[str, FaultRow]:
    """Key of each plugin whose last call failed → how; not of one whose file has changed since."""
    from lifecycle_tui.domain.errors import LifecycleError
    from lifecycle_tui.state import plugin_faults
    from lifecycle_tui.state.database import State

    if root is None:
        return {}
    try:
        with State.view(root) as state, state.read() as conn:
            found = {f"{fault.kind}:{fault.name}": fault for fault in plugin_faults.read(conn)}
    except LifecycleError:
        return {}  # there is no state yet, or none that this program reads: the plugins are listed all the same
    return {row.key: found[row.key] for row in rows if row.key in found and not _changed(row, found[row.key])}


def _changed(row: PluginInfo, fault: FaultRow) -> bool:
    try:
        return os.stat(row.file).st_mtime > fault.at.timestamp()
    except OSError:
        return False


def state_of(row: PluginInfo, error: FaultRow | None) -> str:
    """ "ok", "disabled", "broken: KIND" where it cannot be used, or "failed: KIND" where its last call failed."""
    if row.disabled:
        return "disabled"
    if row.fault:
        return f"broken: {row.fault.kind}"
    return f"failed: {error.code}" if error else "ok"


def version_of(row: PluginInfo) -> str | None:
    """Version of what brings it: the program, or an installed distribution; a file in `plugins/` has none."""
    if row.origin == "builtin":
        return __version__
    return row.distribution.rpartition(" ")[2] or None


def place(root: Path | None, file: str | None, line: int | None) -> str:
    """`plugins/x.py:12`: within the workspace from its folder on; "" where no file is known."""
    if not file:
        return ""
    short = file.removeprefix(f"{root}/") if root is not None else file
    return f"{short}:{line}" if line else short
