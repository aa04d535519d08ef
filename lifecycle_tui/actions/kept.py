"""The texts of `lifecycle.toml` before it was edited here, so that an edit can be undone byte for byte.

Kept in `.lifecycle/edits/`, named by their SHA-256, as readable as the file was; the newest `MOST` of them. A text that
holds a secret is not kept: who takes a secret out of the file wants it gone. Written by `configure`, read by `inverse`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import tomllib
from pathlib import Path

from lifecycle_tui.state import folder

MOST = 100


def keep(root: Path, text: bytes, like: Path) -> None:
    """Keep a text, with the permissions of the file `like`. What cannot be kept is not: the edit itself goes on."""
    if holds_secret(text):
        return
    home = _home(root)
    path = home / digest(text)
    with contextlib.suppress(OSError):
        if not home.exists():
            home.mkdir(exist_ok=True)
            home.chmod(home.parent.stat().st_mode & 0o7777)  # who may write to the workspace may undo
        handle, fresh = tempfile.mkstemp(prefix="edit-", dir=home)
        with open(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), like.stat().st_mode & 0o666)
            os.fsync(file.fileno())
        os.replace(fresh, path)
        _prune(home)


def text_of(root: Path, name: str) -> bytes | None:
    """The text of this SHA-256; None where it is not kept, or is not what was kept any more."""
    if len(name) != 64 or not name.isalnum():
        return None
    try:
        found = (_home(root) / name).read_bytes()
    except OSError:
        return None
    return found if digest(found) == name else None


def digest(text: bytes) -> str:
    """The name of a text."""
    return hashlib.sha256(text).hexdigest()


def holds_secret(text: bytes) -> bool:
    """Whether a secret is written in it as text; a text that is no TOML may hold one."""
    from lifecycle_tui.config import redact

    try:
        found = tomllib.loads(text.decode())
    except (ValueError, RecursionError):
        return True
    notifiers = found.get("notifiers", {})
    return bool(redact.shown(found) != found or redact.shown(notifiers, web=True) != notifiers)


def _home(root: Path) -> Path:
    return folder.folder(root) / "edits"


def _prune(home: Path) -> None:
    found = sorted(home.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[MOST:]:
        path.unlink(missing_ok=True)
