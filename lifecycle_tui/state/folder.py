"""The `.lifecycle/` folder: where it is, what makes it, its lock, and which disks it refuses.

Called by `database` and `migrate`; other rooms ask it for paths.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from lifecycle_tui.domain.errors import StateError

NAME = ".lifecycle"
_NETWORK = re.compile(
    "(nfs[34]?|cifs|smb[23]?|smbfs|9p|afs|acfs|ncpfs|ceph|glusterfs|lustre|gpfs|beegfs|orangefs|pvfs2|davfs|ocfs2|gfs2?"
    "|coda|fuse(blk)?[.].*(sshfs|s3|gcsfuse|glusterfs|ceph|davfs|rclone|gvfsd|blobfuse|juicefs|goofys|ftpfs|smb|moosefs).*)"
)
"""Types of file systems, as /proc/mounts writes them, whose files other machines may reach."""


ACCEPTED = "accepted.json"
"""The declarations that count while the file on disk has errors (`agent.accepted`)."""


def folder(root: Path) -> Path:
    """Where a workspace keeps its state, journals, caches and artefacts."""
    return Path(root) / NAME


def database(root: Path) -> Path:
    """The state's file."""
    return folder(root) / "state.db"


def make(root: Path) -> Path:
    """Make the folder, with a `.gitignore` that keeps all of it out of the repository.

    Raises:
        StateError: if it cannot be made, or lies on a network file system.
    """
    found = folder(root)
    refuse_network(root)
    try:
        found.mkdir(exist_ok=True)
        ignore = found / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# Made by lifecycle: state, caches and artefacts are not for the repository.\n*\n")
    except OSError as exc:
        raise StateError(
            f"{found} cannot be made: {exc.strerror}", hint="the workspace's owner must be able to write to its folder"
        ) from exc
    return found


@contextlib.contextmanager
def lock(root: Path, *, wait: float = 60.0) -> Iterator[None]:
    """Hold the workspace's lock file; the kernel frees it when the process ends, however it ends.

    Raises:
        StateError: if somebody else holds it for `wait` seconds.
    """
    import fcntl

    try:
        handle = os.open(folder(root) / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as exc:
        raise StateError(
            f"{folder(root) / 'lock'} cannot be opened: {exc.strerror}", hint="act as the workspace's owner"
        ) from exc
    try:
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as exc:
                if time.monotonic() >= until:
                    raise StateError(
                        f"another process has held {folder(root) / 'lock'} for {wait:.0f} s",
                        hint="it is migrating the state; try again when it is done",
                    ) from exc
                time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def refuse_network(root: Path, mounts: str | None = None) -> None:
    """Refuse a network file system: SQLite's WAL needs memory that all processes share, and true locks.

    Args:
        mounts: text of /proc/mounts (read when None; where there is no such file, nothing is refused).

    Raises:
        StateError: in words, naming the mount and its type.
    """
    kind, point = file_system(root, mounts)
    if is_network(kind):
        raise StateError(
            f"{Path(root).resolve()} is on a network file system ({kind} at {point}); "
            "the state needs a local disk, or two machines could corrupt it",
            hint="keep lifecycle.toml on a local disk and point its tables at the network paths",
        )


def accepted(root: Path) -> dict[Path, bytes]:
    """The bytes of `lifecycle.toml` and its includes, by path, as the agent last accepted them; empty where it never
    did."""
    import json

    try:
        texts = json.loads((folder(root) / ACCEPTED).read_bytes())
        return {Path(path): text.encode("utf-8", "surrogateescape") for path, text in texts.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def is_network(kind: str) -> bool:
    """Whether a file-system type, as /proc/mounts writes it, is reached over a network."""
    return _NETWORK.fullmatch(kind.lower()) is not None


def file_system(root: Path, mounts: str | None = None) -> tuple[str, str]:
    """(type, mount point) of the file system that holds `root`; ("", "") where it cannot be told."""
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return "", ""
    target = os.path.realpath(root)
    best = ("", "")
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = _unescape(fields[1])
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        # Later lines lie on top of earlier ones at the same point.
        if inside and len(point) >= len(best[1]):
            best = (fields[2], point)
    return best


def _unescape(text: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text
