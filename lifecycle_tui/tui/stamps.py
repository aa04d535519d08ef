"""What tells that a file has changed. Called by `declared`, the reader of policies and drafts of them."""

from __future__ import annotations

from pathlib import Path

Stamp = tuple[int, int, int] | None
"""Inode, bytes and nanoseconds of its last change; None where there is none, or it cannot be looked at."""


def stamp(path: Path) -> Stamp:
    """A file's; microseconds."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
