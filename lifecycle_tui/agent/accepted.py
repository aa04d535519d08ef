"""The workspace that counts: `lifecycle.toml` as long as it is valid, else as the agent last accepted it (DESIGN §5).

The agent keeps the bytes of the files that it has accepted in `.lifecycle/accepted.json`, so that its workers, which
are processes of their own, work by the same declarations while somebody is in the middle of an edit.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lifecycle_tui.config.build import digest_of
from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import ConfigError, LifecycleError
from lifecycle_tui.domain.specs import WorkspaceSpec
from lifecycle_tui.plugin_host import discover
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.limits import import_limits
from lifecycle_tui.state import folder
from lifecycle_tui.workspace import Workspace, open_workspace

Stamp = tuple[tuple[int, int, int], ...]

SETTLE = 0.25
"""Seconds for which files that change must lie still before they are read: an editor may be in the middle of one."""

LONGEST = 1.0
"""Seconds after which files that never lie still are read all the same."""

TRIES = 3
"""How often files are read anew that change while they are read."""


@dataclass(frozen=True)
class News:
    """What a look at the files has found, for `Watched.take`.

    Attributes:
        problem: why the files on disk do not count; None where they do.
        files, stamp, plugins: which files were looked at, and in which state; the same of plugins.
        code: digest of the code of each plugin of the team's, by its key.
        texts: the bytes of all files that count; None where they are those that counted before.
    """

    workspace: Workspace
    problem: ConfigError | None
    files: tuple[Path, ...]
    stamp: Stamp
    plugins: Stamp
    code: Mapping[str, str]
    texts: Mapping[Path, bytes] | None = None


class Watched:
    """A workspace that is opened anew when its files or plugins have changed.

    `look` does it at once; an agent, whose rounds must not wait for a thousand files, has `news` found in a thread and
    takes it between two rounds.

    Args:
        fall_back: where the file is wrong, take what the agent has accepted instead.
        settle: before files are read that have just changed, wait until they lie still.

    Attributes:
        workspace: as it counts now.
        problem: why the files on disk are not what counts; None where they are.
        code: digest of the code of each plugin of the team's, by its key.

    Raises:
        ConfigError: if the file is wrong and there is nothing to fall back on.
    """

    def __init__(self, file: Path, *, plugins: bool = True, fall_back: bool = False, settle: bool = False) -> None:
        self._file, self._plugins, self._fall_back = file.absolute(), plugins, fall_back
        self.problem: ConfigError | None = None
        self._files: tuple[Path, ...] = (self._file,)
        self._stamp: Stamp = ()
        self._plugin_stamp: Stamp = ()
        if settle:
            _settle(self._files, fresh=True)
        self.take(self._opened(None))

    def look(self) -> bool:
        """Open it anew if something has changed; whether what counts is now another workspace.

        Never raises for content: a wrong file leaves the workspace as it is, and says so in `problem`.
        """
        found = self.news() if self.moved() else None
        return found is not None and self.take(found)

    def moved(self) -> bool:
        """Whether a file or a plugin has changed since it was read; a stat for each, and nothing is opened."""
        return stamp(self._files) != self._stamp or self._stamp_of_plugins(self.workspace) != self._plugin_stamp

    def news(self, *, settle: bool = False) -> News | None:
        """What has changed, read and checked but not taken; None if nothing has. For any thread."""
        if settle:
            _settle(self._files)
        if stamp(self._files) != self._stamp:
            return self._opened(self.workspace)
        if self._stamp_of_plugins(self.workspace) != self._plugin_stamp:
            return self._new_plugins()
        return None

    def take(self, news: News) -> bool:
        """Have this count from now on; whether it is another workspace than before, or other code of its plugins."""
        before = getattr(self, "workspace", None), getattr(self, "code", None)
        self.workspace, self.problem, self.code = news.workspace, news.problem, news.code
        self._files, self._stamp, self._plugin_stamp = news.files, news.stamp, news.plugins
        if before[0] is None:
            return True
        same = before[0].spec.digest == news.workspace.spec.digest
        return not same or before[1] != news.code or rows_of(before[0]) != rows_of(news.workspace)

    def _opened(self, before: Workspace | None) -> News:
        """The files as they are now; where they are wrong, what counts instead, and why.

        Raises:
            ConfigError: they are wrong, and nothing counts instead.
        """
        problem, texts = None, None
        for _ in range(TRIES):
            seen = stamp(self._files)
            try:
                found = open_workspace(self._file, plugins=self._plugins)
            except ConfigError as exc:
                found, problem = self._instead(before, exc), exc
                return self._news(found, problem, self._files, seen)
            seen = seen if found.spec.files == self._files else stamp(found.spec.files)
            texts = texts_of(found.spec)
            if texts is not None and stamp(found.spec.files) == seen:
                break
        return self._news(found, None, found.spec.files, seen, texts)

    def _instead(self, before: Workspace | None, exc: ConfigError) -> Workspace:
        given = folder.accepted(self._file.parent) if self._fall_back else {}
        if self._file in given and _environment(self._file, given) == environment.current():
            with contextlib.suppress(LifecycleError):
                return open_workspace(self._file, plugins=self._plugins, given=given)
        if before is None:
            raise exc
        return before

    def _new_plugins(self) -> News:
        spec = self.workspace.spec
        seen = self._stamp_of_plugins(self.workspace)
        found = PluginCatalog.open(spec.root, spec.plugins, enabled=self._plugins, limits=import_limits())
        workspace = self.workspace
        if rows_of(Workspace(spec, found)) != rows_of(workspace):
            given = folder.accepted(spec.root) if self.problem else None
            try:
                workspace = open_workspace(self._file, plugins=self._plugins, given=given)
            except LifecycleError:
                # A plugin that the file names is broken or gone: the jobs that need it will say so.
                workspace = Workspace(spec, found, workspace.warnings)
        return replace(self._news(workspace, self.problem, self._files, self._stamp), plugins=seen)

    def _news(
        self, found: Workspace, problem: ConfigError | None, files: tuple[Path, ...], seen: Stamp,
        texts: Mapping[Path, bytes] | None = None,
    ) -> News:  # fmt: skip
        return News(found, problem, files, seen, self._stamp_of_plugins(found), _code(found), texts)

    def _stamp_of_plugins(self, workspace: Workspace) -> Stamp:
        """Changes when a plugin's file does, one is added, switched off, or another package is installed."""
        if not self._plugins:
            return ()
        spec = workspace.spec
        own = [Path(row.file) for row in workspace.plugins.rows if row.origin != "builtin" and row.file]
        found = [Path(entry.path) for entry in discover.drop_ins(spec.plugins)]
        packages = [path for main in found if main.name == "__init__.py" for path in sorted(main.parent.rglob("*.py"))]
        sites = [Path(entry) for entry in sys.path if os.path.basename(entry) in ("site-packages", "dist-packages")]
        disabled = spec.root / ".lifecycle" / "disabled-plugins.json"
        return _stats((*spec.plugins, *dict.fromkeys((*found, *packages, *own)), *sites, disabled))


def rows_of(workspace: Workspace) -> dict[str, PluginInfo]:
    """Its plugins by key, without how long each took to import: that is never the same twice."""
    return {row.key: replace(row, import_ms=None) for row in workspace.plugins.rows}


def _code(workspace: Workspace) -> dict[str, str]:
    found = {}
    for row in workspace.plugins.rows:
        if row.origin != "builtin":
            text = discover.source(row.file)
            found[row.key] = hashlib.sha256(text).hexdigest() if text else ""
    return found


def _settle(files: Sequence[Path], *, fresh: bool = False) -> None:
    """Wait until the files have not changed for a while; not for ever.

    Args:
        fresh: only if one of them was written in the last moment, by the machine's clock.
    """
    if fresh and not any(0 <= time.time() - at / 1e9 < SETTLE for _, _, at in _stats(files)):
        return
    begun = time.monotonic()
    seen, since = stamp(files), begun
    while (now := time.monotonic()) - since < SETTLE and now - begun < LONGEST:
        time.sleep(SETTLE / 10)
        if (found := stamp(files)) != seen:
            seen, since = found, time.monotonic()


def _environment(file: Path, given: Mapping[Path, bytes]) -> str | None:
    """The environment that these files were accepted in: another one's are nothing to fall back on."""
    return next((name for path in given if (name := environment.named_by(file, path))), None)


def stamp(files: Sequence[Path]) -> Stamp:
    """Changes when one of the files does, or when one is added beside them."""
    return _stats((*files, *sorted({path.parent for path in files})))


def _stats(paths: Iterable[Path]) -> Stamp:
    found = []
    for path in paths:
        try:
            stat = os.stat(path)
            found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
        except OSError:
            found.append((0, 0, 0))
    return tuple(found)


def texts_of(spec: WorkspaceSpec) -> dict[Path, bytes] | None:
    """The bytes of the files of a workspace; None if they have changed since it was opened."""
    try:
        given = {path: path.read_bytes() for path in spec.files}
    except OSError:
        return None
    return given if digest_of(given) == spec.digest else None


def accept(workspace: Workspace) -> bool:
    """Keep the files' bytes as what counts; False if they have changed since the workspace was opened."""
    given = texts_of(workspace.spec)
    return given is not None and keep(workspace.spec.root, given)


def keep(root: Path, given: Mapping[Path, bytes]) -> bool:
    """Keep these bytes as what counts; False if they cannot be written."""
    texts = {str(path): text.decode("utf-8", "surrogateescape") for path, text in given.items()}
    target = _place(root)
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
