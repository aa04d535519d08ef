"""Writes edited files: all of the new bytes or all of the old ones, never a mixture. Called by `edit` and the actions.

A file is replaced by renaming a finished one over it. What somebody else has written meanwhile is never lost: the
bytes on disk must be those that the edit was made from.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.sources import shown
from lifecycle_tui.domain.errors import LifecycleError


class SaveError(LifecycleError):
    """A file could not be written; it is as it was."""


class EditConflict(SaveError):
    """A file has changed since the edit was made from it; nothing was written."""


@dataclass(frozen=True, slots=True)
class Change:
    """An edit of one file that is not saved yet.

    Attributes:
        file: absolute path.
        key: from the top of the workspace; empty where the whole text was edited.
        old, new: TOML text of the value; None where there is none.
        before, after: the whole file.
    """

    file: Path
    key: KeyPath
    old: str | None
    new: str | None
    before: bytes
    after: bytes

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return self.before == self.after

    @property
    def diff(self) -> str:
        """A unified diff; empty where nothing would change."""
        return diff_text(self.before, self.after, shown(self.file))


def diff_text(before: bytes, after: bytes, name: str, other: str | None = None) -> str:
    """A unified diff of two files' bytes, with plain line ends; line ends that differ are told by `\\r`."""
    old, new = (_lines(data) for data in (before, after))
    if before != after and [line.rstrip("\r") for line in old] != [line.rstrip("\r") for line in new]:
        old, new = ([line.rstrip("\r") for line in lines] for lines in (old, new))
    return "\n".join(unified_diff(old, new, name, other or name, lineterm=""))


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8-sig", "replace")
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else [*lines[:-1], lines[-1] + "  \\ no line end"]


def save(changes: Change | Sequence[Change]) -> None:
    """Write edits to disk: each file whole, synced, with its mode and owner; links are followed.

    Raises:
        EditConflict: a file is not what the edit was made from; none is written.
        SaveError: one cannot be written (no access, disk full); it is as it was, and the others are put back.
    """
    edits = [changes] if isinstance(changes, Change) else changes
    todo = [(change, Path(os.path.realpath(change.file))) for change in edits if not change.empty]
    with contextlib.ExitStack() as stack:
        for change, target in todo:
            stack.enter_context(_held(change, target))
        fresh = [stack.enter_context(_written(target, change.after)) for change, target in todo]
        for change, target in todo:
            _unchanged(change, target)
        for index, temp in enumerate(fresh):
            try:
                os.replace(temp, todo[index][1])
            except OSError as exc:
                _put_back(todo[:index])
                raise _refused(todo[index][1], exc) from exc
        for parent in {target.parent for _, target in todo}:
            _sync_folder(parent)


def _put_back(done: Sequence[tuple[Change, Path]]) -> None:
    """What was written already is undone, as far as that can be."""
    for change, target in done:
        with contextlib.suppress(OSError, SaveError), _written(target, change.before) as back:
            os.replace(back, target)


def locked(file: Path) -> str | None:
    """Why this user cannot save the file; None for who can."""
    target = Path(os.path.realpath(file))
    for place in (target, target.parent):
        if not os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            return f"{shown(place)} may not be written by this user"
    return None


@contextlib.contextmanager
def _held(change: Change, target: Path) -> Iterator[None]:
    """Others that save it through this program wait; those who then find another file are refused."""
    try:
        handle = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise EditConflict(f"{shown(change.file)} is gone", hint="nothing was saved") from None
    except OSError as exc:
        raise _refused(target, exc) from exc
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        _unchanged(change, target)
        if (why := locked(target)) is not None:
            raise SaveError(why, hint="act as the owner of the file")
        yield
    finally:
        os.close(handle)


def _unchanged(change: Change, target: Path) -> None:
    try:
        now = target.read_bytes()
    except FileNotFoundError:
        raise EditConflict(f"{shown(change.file)} is gone", hint="nothing was saved") from None
    except OSError as exc:
        raise _refused(target, exc) from exc
    if now != change.before:
        raise EditConflict(
            f"{shown(change.file)} has changed since the edit was made from it",
            hint="nothing was saved; make the edit again on what is there now",
        )


@contextlib.contextmanager
def _written(target: Path, data: bytes) -> Iterator[Path]:
    """A finished file beside the target, with its mode and owner; gone at the end unless it was renamed."""
    temp = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        for left in target.parent.glob(f".{glob.escape(target.name)}.*.new"):  # by a writer that was killed
            left.unlink()
        stat = os.stat(target)
        handle = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise _refused(target, exc) from exc
    try:
        try:
            _write(handle, data)
            with contextlib.suppress(OSError):
                os.fchown(handle, stat.st_uid, stat.st_gid)
            os.fchmod(handle, stat.st_mode & 0o7777)
            os.fsync(handle)
        except OSError as exc:
            raise _refused(target, exc) from exc
        finally:
            os.close(handle)
        yield temp
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temp)


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _sync_folder(folder: Path) -> None:
    """The new name is on the disk too; where a folder cannot be synced, it will be in its own time."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _refused(target: Path, exc: OSError) -> SaveError:
    return SaveError(f"{shown(target)} cannot be written: {exc.strerror}", hint="the file is as it was")
