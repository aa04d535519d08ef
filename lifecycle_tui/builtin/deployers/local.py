"""The deployer `local`: a stable place on this machine that always holds the champion, for `lifecycle_tui.load`.

`FOLDER/vN/` has the artefact and what is known of it; the link `FOLDER/champion` leads to the one that serves. Folders
are made under a temporary name, synced and renamed, and the link is replaced in one step: whoever looks, whenever this
was killed, finds the version before or the new one, whole.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tempfile
import time

from lifecycle_tui import api

ARTIFACT = "artifact"
FACTS = "version.json"
LINK = "champion"
STALE = 3600.0
"""Seconds after which something under a temporary name is a killed deployment's."""


class Local:
    """A folder of this machine: the champion's artefact under a path that never changes.

    Options:
        path: a further place, a link to the champion's artefact for programs that read the file themselves; relative
            to the workspace.
        keep: how many versions that served before stay beside the champion.
    """

    name = "local"

    def __init__(self, *, path: str | None = None, keep: int = 3) -> None:
        if keep < 1:
            raise ValueError("keep is at least 1: the version before is what a rollback goes back to")
        self.path = path
        self.keep = keep

    def deploy(self, release: api.Release) -> None:
        """Switch to the release; what served before serves until the one step that replaces the link.

        Raises:
            ValueError: if there is no artefact.
            OSError: if the folder cannot be written.
        """
        if release.artifact is None or release.digest is None:
            raise ValueError("the version is only named by the data: there is no artefact to serve")
        os.makedirs(release.folder, exist_ok=True)
        made = _made(release)
        if self.path is not None:
            _link(os.path.join(os.path.abspath(release.folder), LINK, ARTIFACT), os.path.abspath(self.path))
        _link(made, os.path.join(release.folder, LINK))
        # It serves: what is left to do may fail without harm.
        with contextlib.suppress(OSError):
            os.utime(os.path.join(release.folder, made))
            self._tidy(release.folder)

    def serving(self, folder: str) -> int | None:
        """Number of the version that the link leads to."""
        try:
            with open(os.path.join(folder, LINK, FACTS), encoding="utf-8") as handle:
                number = json.load(handle)["number"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return number if type(number) is int and number > 0 else None

    def _tidy(self, folder: str) -> None:
        """Remove what killed deployments left, and versions beyond the last few."""
        serves = os.readlink(os.path.join(folder, LINK))
        before = []
        for entry in os.scandir(folder):
            if entry.name.startswith("v") and entry.name != serves and entry.is_dir(follow_symlinks=False):
                before.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.path))
            elif entry.name.startswith(".new-") and entry.stat(follow_symlinks=False).st_mtime < time.time() - STALE:
                _remove(entry.path)
        for _, path in sorted(before)[: -self.keep]:
            _remove(path)


def _made(release: api.Release) -> str:
    """Name of the folder that holds the release, made now unless it is there."""
    facts = {
        "model": release.model, "number": release.version, "label": release.label, "digest": release.digest,
        "format": release.format, "facts": dict(release.facts),
    }  # fmt: skip
    assert release.artifact is not None and release.digest is not None
    for name in (f"v{release.version}", f"v{release.version}-{release.digest[:12]}"):
        there = os.path.join(release.folder, name)
        if not os.path.lexists(there):
            _make(there, release.artifact, facts)
            return name
        if _digest(there) == release.digest:
            if not _same(os.path.join(there, ARTIFACT), release.artifact):
                _mend(there, release.artifact)
            return name
    raise OSError(errno.EEXIST, "holds something else", there)


def _make(there: str, artifact: str, facts: dict[str, object]) -> None:
    folder = os.path.dirname(there)
    made = tempfile.mkdtemp(prefix=".new-", dir=folder)
    try:
        os.chmod(made, 0o755)
        _place(artifact, os.path.join(made, ARTIFACT))
        with open(os.path.join(made, FACTS), "w", encoding="utf-8") as handle:
            json.dump(facts, handle, indent=2, default=str)
            handle.flush()
            os.fsync(handle.fileno())
        _sync(made)
        os.rename(made, there)
    except BaseException:
        _remove(made)
        raise
    _sync(folder)


def _digest(folder: str) -> str | None:
    try:
        with open(os.path.join(folder, FACTS), encoding="utf-8") as handle:
            found = json.load(handle)
    except (OSError, ValueError):
        return None
    return found.get("digest") if isinstance(found, dict) else None


def _same(one: str, other: str) -> bool:
    """Whether both are one file, or have the same bytes."""
    import filecmp

    try:
        return os.path.samefile(one, other) or filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _mend(folder: str, artifact: str) -> None:
    """Put the right artefact in the place of one that was lost or changed."""
    spare = os.path.join(folder, f".new-{os.getpid()}")
    _remove(spare)
    _place(artifact, spare)
    os.replace(spare, os.path.join(folder, ARTIFACT))
    _sync(folder)


def _place(artifact: str, target: str) -> None:
    """The artefact by hard link, else by symbolic link, else as a copy."""
    os.stat(artifact)  # a symbolic link to what is gone would serve nothing
    for link in (os.link, os.symlink):
        with contextlib.suppress(OSError):
            link(os.path.realpath(artifact), target)
            return
    with open(artifact, "rb") as source, open(target, "xb") as copy:
        shutil.copyfileobj(source, copy)
        copy.flush()
        os.fsync(copy.fileno())


def _link(target: str, place: str) -> None:
    """Let the link `place` lead to `target`, in one step.

    Raises:
        OSError: if something stands there that is no link of ours to replace.
    """
    if os.path.lexists(place) and not os.path.islink(place):
        raise OSError(errno.EEXIST, "is no link, and will not be replaced", place)
    folder = os.path.dirname(place)
    if os.path.islink(place) and os.readlink(place) == target:
        _sync(folder)  # the deployment that made it may have been killed before this
        return
    os.makedirs(folder, exist_ok=True)
    spare = os.path.join(folder, f".new-{os.path.basename(place)}-{os.getpid()}-{time.monotonic_ns()}")
    os.symlink(target, spare)
    try:
        os.replace(spare, place)
    except BaseException:
        _remove(spare)
        raise
    _sync(folder)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _sync(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@api.hookimpl
def register_deployers(register: api.Register) -> None:
    register(Local)
