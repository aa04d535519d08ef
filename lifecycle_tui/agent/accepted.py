"""The workspace that counts: `lifecycle.toml` as long as it is valid, else as the agent last accepted it (DESIGN §5).

The agent keeps the bytes of the files that it has accepted in `.lifecycle/accepted.json`, so that its workers, which
are processes of their own, work by the same declarations while somebody is in the middle of an edit.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from lifecycle_tui import config
from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import ConfigError, LifecycleError
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.limits import import_limits
from lifecycle_tui.state import folder
from lifecycle_tui.workspace import Workspace, open_workspace

Stamp = tuple[tuple[int, int, int], ...]


class Watched:
    """A workspace that is opened anew when its files or plugins have changed.

    Args:
        fall_back: where the file is wrong, take what the agent has accepted instead (workers do).

    Attributes:
        workspace: as it counts now.
        problem: why the files on disk are not what counts; None where they are.

    Raises:
        ConfigError: if the file is wrong and there is nothing to fall back on.
    """

    def __init__(self, file: Path, *, plugins: bool = True, fall_back: bool = False) -> None:
        self._file, self._plugins, self._fall_back = file.absolute(), plugins, fall_back
        self.problem: ConfigError | None = None
        self._stamp: Stamp = ()
        self._files: tuple[Path, ...] = (self._file,)
        self.workspace = self._open()

    def look(self) -> bool:
        """Open it anew if something has changed; whether what counts is now another workspace.

        Never raises for content: a wrong file leaves the workspace as it is, and says so in `problem`.
        """
        before = self.workspace
        if stamp(self._files) == self._stamp:
            return self._new_plugins()
        try:
            self.workspace = self._open()
        except ConfigError as exc:
            self.problem = exc
        return self.workspace.spec.digest != before.spec.digest or self.workspace.plugins.rows != before.plugins.rows

    def _open(self) -> Workspace:
        self._stamp = stamp(self._files)
        try:
            found = open_workspace(self._file, plugins=self._plugins)
        except ConfigError as exc:
            given = folder.accepted(self._file.parent) if self._fall_back else {}
            if self._file not in given or _environment(self._file, given) != environment.current():
                raise
            self.problem = exc
            return open_workspace(self._file, plugins=self._plugins, given=given)
        if found.spec.files != self._files:
            self._files = found.spec.files
            self._stamp = stamp(self._files)
        self.problem = None
        return found

    def _new_plugins(self) -> bool:
        spec, rows = self.workspace.spec, self.workspace.plugins.rows
        found = PluginCatalog.open(spec.root, spec.plugins, enabled=self._plugins, limits=import_limits())
        if found.rows == rows:
            return False
        given = folder.accepted(spec.root) if self.problem else None
        try:
            self.workspace = open_workspace(self._file, plugins=self._plugins, given=given)
        except LifecycleError:
            # A plugin that the file names is broken or gone: the jobs that need it will say so.
            self.workspace = Workspace(spec, found, self.workspace.warnings)
        return True


def _environment(file: Path, given: Mapping[Path, bytes]) -> str | None:
    """The environment that these files were accepted in: another one's are nothing to fall back on."""
    return next((name for path in given if (name := environment.named_by(file, path))), None)


def stamp(files: Sequence[Path]) -> Stamp:
    """Changes when one of the files does, or when one is added beside them."""
    found = []
    for path in (*files, *sorted({path.parent for path in files})):
        try:
            stat = os.stat(path)
            found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
        except OSError:
            found.append((0, 0, 0))
    return tuple(found)


def accept(workspace: Workspace) -> bool:
    """Keep the files' bytes as what counts; False if they have changed since the workspace was opened."""
    spec = workspace.spec
    try:
        given = {path: path.read_bytes() for path in spec.files}
    except OSError:
        return False
    found, _ = config.check(spec.file, given)
    if found is None or found.digest != spec.digest:
        return False
    texts = {str(path): text.decode("utf-8", "surrogateescape") for path, text in given.items()}
    target = _place(spec.root)
    fresh = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        fresh.write_text(json.dumps(texts), "utf-8")
        os.replace(fresh, target)
    except OSError:
        fresh.unlink(missing_ok=True)
        return False
    return True


def _place(root: Path) -> Path:
    return folder.folder(root) / folder.ACCEPTED
