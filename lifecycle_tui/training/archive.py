"""Folders as bytes and back, for artefacts that a team's program made: the same bytes for the same content.

Only plain files and folders travel. What is unpacked lands below the folder given, whatever an archive says.
"""

from __future__ import annotations

import io
import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from lifecycle_tui.domain.errors import TrainingError

MOST_BYTES = 4 * 1024**3
MOST_FILES = 100_000


def pack(folder: Path) -> bytes:
    """The folder's files as a tar archive: names sorted, no times, no owners.

    Raises:
        TrainingError: it is empty or too large, or a link in it leads outside.
    """
    root = os.path.realpath(folder)
    found: list[tuple[str, Path]] = []
    size = 0
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted([*files, *(f for f in folders if os.path.islink(os.path.join(place, f)))]):
            path = Path(place, name)
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink() and not os.path.realpath(path).startswith(root + os.sep):
                raise TrainingError(f"{relative} in the artifact folder is a link that leads outside of it")
            if not path.is_file():
                what = "a link to a folder" if path.is_dir() else "no plain file"
                raise TrainingError(f"{relative} in the artifact folder is {what}", hint="leave plain files only")
            size += path.stat().st_size
            found.append((relative, path))
    if not found:
        raise TrainingError("the artifact folder is empty", hint="write what is needed to score into it")
    if size > MOST_BYTES or len(found) > MOST_FILES:
        raise TrainingError(f"the artifact folder holds {size:,} bytes in {len(found):,} files; that is too much")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, path in sorted(found):
            entry = tarfile.TarInfo(name)
            data = path.read_bytes()
            entry.size = len(data)
            entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def unpack(data: bytes, folder: Path) -> Path:
    """Write an archive's files below `folder`, which is made.

    Raises:
        TrainingError: it is damaged, too large, or holds anything but plain files below itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _walk(data, lambda archive, entry: _write(archive, entry, folder.joinpath(*PurePosixPath(entry.name).parts)))
    return folder


def check(data: bytes) -> None:
    """Look an archive over, and write nothing.

    Raises:
        TrainingError: `unpack` would refuse it.
    """
    _walk(data, lambda archive, entry: None)


def _walk(data: bytes, use: Callable[[tarfile.TarFile, tarfile.TarInfo], None]) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
            whole = 0
            for count, entry in enumerate(archive):
                name = PurePosixPath(entry.name)
                whole += entry.size
                if name.is_absolute() or ".." in name.parts or not (entry.isreg() or entry.isdir()) or entry.issparse():
                    raise TrainingError(f"the artefact is refused: {entry.name[:200]!r} is no plain file below it")
                if whole > MOST_BYTES or count > MOST_FILES:
                    raise TrainingError("the artefact is refused: it unpacks to too much")
                use(archive, entry)
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as exc:
        raise TrainingError(f"the artefact cannot be unpacked: {exc}") from None


def _write(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> None:
    if entry.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    source = archive.extractfile(entry)
    assert source is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source.read())
    path.chmod(0o755 if entry.mode & 0o100 else 0o644)
