"""Content-addressed files: an artefact is named by the SHA-256 of its bytes, so it cannot change without notice.

`put` writes under a temporary name, syncs, renames and syncs the folder: a file under its final name is whole, whatever
was killed when. Called by training (which writes) and by scoring (which reads).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import folder

_CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Artifacts:
    """The artefacts of one workspace, under `.lifecycle/artifacts/ab/cdef…`."""

    def __init__(self, root: Path) -> None:
        self.folder = folder.folder(root) / "artifacts"

    def path(self, digest: str) -> Path:
        """Where the artefact of that digest lies (or would).

        Raises:
            StateError: if `digest` is not one (it would name some other file).
        """
        if not _DIGEST.fullmatch(digest):
            raise StateError(f"{digest[:80]!r} is not the digest of an artefact")
        return self.folder / digest[:2] / digest[2:]

    def put(self, data: bytes) -> str:
        """Store bytes and return their digest; they are on the disk when this returns."""
        return self._keep([data])

    def put_file(self, source: Path) -> str:
        """Store a copy of a file, read in pieces, and return its digest."""
        with open(source, "rb") as handle:
            return self._keep(iter(lambda: handle.read(_CHUNK), b""))

    def _keep(self, pieces: Iterator[bytes] | list[bytes]) -> str:
        found = hashlib.sha256()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".new-", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as out:
                    for piece in pieces:
                        found.update(piece)
                        out.write(piece)
                    out.flush()
                    os.fchmod(out.fileno(), 0o444)
                    os.fsync(out.fileno())
                self._place(Path(name), self.path(found.hexdigest()))
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name)
                raise
        except OSError as exc:
            raise StateError(f"an artefact cannot be written to {self.folder}: {exc.strerror}") from exc
        return found.hexdigest()

    def _place(self, made: Path, target: Path) -> None:
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            _sync(self.folder)
        # Over an earlier copy too: it has the same bytes, unless it was damaged.
        os.replace(made, target)
        _sync(target.parent)

    def get(self, digest: str) -> bytes:
        """The bytes of an artefact, checked against their name.

        Raises:
            StateError: if it is not there, or is not what was stored.
        """
        path = self.path(digest)
        try:
            data = path.read_bytes()
        except OSError as exc:
            raise StateError(f"artefact {digest[:12]} is missing: {path}", hint="restore it from a backup") from exc
        self._refuse_swapped(digest, hashlib.sha256(data).hexdigest())
        return data

    def check(self, digest: str) -> Path:
        """The path of an artefact whose bytes were just checked, for libraries that want a file.

        Raises:
            StateError: as `get`.
        """
        path = self.path(digest)
        found = hashlib.sha256()
        try:
            with open(path, "rb") as handle:
                while piece := handle.read(_CHUNK):
                    found.update(piece)
        except OSError as exc:
            raise StateError(f"artefact {digest[:12]} is missing: {path}", hint="restore it from a backup") from exc
        self._refuse_swapped(digest, found.hexdigest())
        return path

    def _refuse_swapped(self, digest: str, found: str) -> None:
        if found != digest:
            raise StateError(
                f"artefact {digest[:12]} is not what was stored: its bytes hash to {found[:12]} ({self.path(digest)})",
                hint="the file was changed or damaged; restore it from a backup, it will not be loaded",
            )

    def sweep(self) -> int:
        """Remove what killed writers left behind under temporary names, and return how many files that were.

        Only names older than a day go, so that a writer at work is left alone.
        """
        gone = 0
        if self.folder.exists():
            newest = (self.folder.stat().st_mtime) - 86_400
            for entry in self.folder.glob(".new-*"):
                with contextlib.suppress(FileNotFoundError):
                    if entry.stat().st_mtime < newest:
                        entry.unlink()
                        gone += 1
        return gone


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
