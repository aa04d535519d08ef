"""Finds what could be a plugin, without importing any of it. Called by the index.

Order: built-ins by kind and name, installed entry points by name, then `plugins/*.py` and `plugins/*/` sorted. The
order decides who keeps a name that two files register.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from lifecycle_tui.plugin_host.info import Candidate

GROUP = "lifecycle_tui"
"""The entry-point group."""

LARGEST = 4 * 1024 * 1024
"""Bytes of one plugin's file."""

BUILTIN = Path(__file__).resolve().parent.parent / "builtin"
BUILTIN_PACKAGE = "lifecycle_tui.builtin"


def builtins(folder: Path = BUILTIN) -> tuple[Candidate, ...]:
    """The shipped modules: `builtin/KINDS/NAME.py`."""
    files = sorted(p for p in folder.glob("*/*.py") if not p.name.startswith("_"))
    return tuple(Candidate("builtin", p.stem, str(p), f"{BUILTIN_PACKAGE}.{p.parent.name}.{p.stem}") for p in files)


def entry_points() -> tuple[Candidate, ...]:
    """What installed distributions offer. Reads every distribution's metadata: tens of milliseconds."""
    from importlib.metadata import entry_points as scan

    found = {
        Candidate("entry-point", e.name, "", e.value, f"{e.dist.name} {e.dist.version}" if e.dist else "")
        for e in scan(group=GROUP)
    }
    return tuple(sorted(found, key=lambda c: (c.name, c.distribution, c.module)))


def site_stamp() -> str:
    """Changes when a distribution is installed or removed: the folders of installed packages with their times."""
    parts = []
    for entry in sys.path:
        if os.path.basename(entry) in ("site-packages", "dist-packages"):
            try:
                parts.append(f"{entry}:{os.stat(entry).st_mtime_ns}")
            except OSError:
                continue
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def drop_ins(folders: Sequence[Path]) -> tuple[Candidate, ...]:
    """`*.py` and packages of the given folders, each folder sorted by name; folders that do not exist hold none."""
    found: dict[str, Candidate] = {}
    for folder in folders:
        for path in _entries(folder):
            found.setdefault(str(path), drop_in(path))
    return tuple(found.values())


def drop_in(path: Path) -> Candidate:
    """That file (`__init__.py` of a package), wherever it lies."""
    return Candidate("drop-in", _stem(path), str(path), private_name(path))


def unreadable(candidate: Candidate) -> tuple[str, str, str | None] | None:
    """Kind, message and hint of what keeps a file from being opened at all; None where it can be.

    A pipe would hold up whoever opens it, and a device never ends: neither is opened.
    """
    if not candidate.path:
        return None
    try:
        found = os.stat(candidate.path)
    except OSError as exc:
        return "import", f"cannot be read: {exc.strerror}", None
    if stat.S_ISDIR(found.st_mode):
        return "empty", "is a folder without __init__.py", "put one into it, or let its name begin with _"
    if not stat.S_ISREG(found.st_mode):
        return "import", "is no regular file", None
    if found.st_size > LARGEST:
        return "import", f"has {found.st_size:,} bytes; {LARGEST:,} are allowed", "keep data in a file of its own"
    return None


def source(path: str) -> bytes:
    """The bytes of a plugin's file; none where it cannot be read (see `unreadable`), or is gone."""
    try:
        found = os.stat(path)
        if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST:
            return Path(path).read_bytes()
    except OSError:
        pass
    return b""


def _entries(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        yield folder  # what is wrong with it is said where it is read
        return
    for name in names:
        path = Path(os.path.abspath(folder)) / name
        stem = name.removesuffix(".py")
        if name.startswith(("_", ".", "test_")) or stem in ("conftest", "setup"):
            continue
        if name.endswith(".py") and not path.is_dir():
            yield path
        elif (path / "__init__.py").is_file():
            yield path / "__init__.py"
        elif stem != "tests" and _holds_code(path):
            yield path


def _holds_code(folder: Path) -> bool:
    """Whether it looks like a plugin whose `__init__.py` was forgotten."""
    try:
        return folder.is_dir() and any(n.endswith(".py") and not n.startswith((".", "_")) for n in os.listdir(folder))
    except OSError:
        return False


def _stem(path: Path) -> str:
    return path.parent.name if path.name == "__init__.py" else path.stem


def private_name(path: Path) -> str:
    """The module name a drop-in is loaded under: nobody imports it by accident, two folders never collide."""
    digest = hashlib.blake2b(str(path.parent).encode(), digest_size=4).hexdigest()
    return f"lifecycle_drop_in_{digest}_{re.sub(r'[^0-9a-zA-Z_]', '_', _stem(path))}"


def stamp(candidate: Candidate, files: Sequence[str] = ()) -> str:
    """Changes when the candidate's code does: paths, times and sizes of its file, of the package's, and of `files`."""
    paths = set(files)
    if candidate.path:
        paths.add(candidate.path)
    if candidate.origin == "drop-in" and candidate.path.endswith("__init__.py"):
        paths.update(str(p) for p in Path(candidate.path).parent.rglob("*.py"))
    parts = []
    for path in sorted(paths):
        try:
            found = os.stat(path)
            parts.append(f"{path}:{found.st_mtime_ns}:{found.st_size}")
        except OSError:
            parts.append(f"{path}:gone")
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
