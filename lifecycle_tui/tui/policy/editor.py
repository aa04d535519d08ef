"""The person's own editor on a text, at a line: which one, how it is told the line, and what came of it.

Called by the policy screen while the terminal is suspended. The text is a copy beside the file, hidden, so that the
editor knows what it is and a crash of anything loses nothing; the file itself is written by saving alone.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

WAITING = {
    "code": ("--wait", "--goto"), "codium": ("--wait", "--goto"), "code-insiders": ("--wait", "--goto"),
    "cursor": ("--wait", "--goto"), "windsurf": ("--wait", "--goto"), "subl": ("--wait",), "zed": ("--wait",),
    "mate": ("--wait",), "gedit": ("--wait",), "kate": ("--block",), "xed": ("--wait",),
}  # fmt: skip
"""Editors with windows of their own: what makes them stay until the file is closed."""
BEHIND = {"code", "codium", "code-insiders", "cursor", "windsurf", "subl", "zed", "hx", "helix"}
"""Editors that want `FILE:LINE`."""
DASHED = {"mate", "kate"}
"""Editors that want `--line LINE`."""


@dataclass(frozen=True, slots=True)
class Edited:
    """What came of it.

    Attributes:
        text: as it was left; None where it did not change, or nothing came of it.
        said: why nothing came of it; "" where something did, or nothing was changed.
    """

    text: bytes | None = None
    said: str = ""


def chosen(environ: Mapping[str, str] = os.environ) -> str:
    """`$VISUAL`, else `$EDITOR`, else vi."""
    return next((value for name in ("VISUAL", "EDITOR") if (value := environ.get(name, "").strip())), "vi")


def words(command: str, file: str, line: int) -> list[str]:
    """The command line that opens a file at a line.

    Raises:
        ValueError: the command's quotes do not match.
    """
    given = shlex.split(command)
    name = os.path.basename(given[0]).removesuffix(".exe") if given else ""
    given += [word for word in WAITING.get(name, ()) if word not in given and not _short(word, given)]
    if name in BEHIND:
        return [*given, f"{file}:{line}"]
    if name in DASHED:
        return [*given, "--line", str(line), file]
    return [*given, f"+{line}", file]


def _short(word: str, given: Sequence[str]) -> bool:
    """Whether the short form of a word is there already, e.g. `-w` for `--wait`."""
    return word in ("--wait", "--goto") and f"-{word[2]}" in given


def edit(path: Path, text: bytes, line: int, command: str) -> Edited:
    """Have somebody edit a copy of a file that holds `text`; returns when the editor has ended."""
    try:
        copy = _copied(path, text)
    except OSError as exc:
        return Edited(said=f"no copy of {path.name} could be written: {exc.strerror}")
    keep = False
    try:
        try:
            code = subprocess.run(words(command, str(copy), line), cwd=path.parent, check=False).returncode
        except (OSError, ValueError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else str(exc)
            return Edited(said=f"{command} could not be started: {why}")
        try:
            after = copy.read_bytes()
        except OSError as exc:
            return Edited(said=f"what the editor left could not be read: {exc.strerror}")
        if code != 0:
            # :cq of vi says so: forget it. But what an editor wrote before it crashed is not thrown away.
            keep = after != text and code < 0
            kept = f"; what it had written is in {copy}" if keep else ", so nothing was taken"
            return Edited(said=f"{command} ended with {code}{kept}")
        return Edited(None if after == text else after)
    finally:
        if not keep:
            with contextlib.suppress(OSError):
                copy.unlink()


def _copied(path: Path, text: bytes) -> Path:
    """A copy beside the file, or where nothing may be written there in the folder for such things."""
    stem = f".{path.stem}.edit-"
    try:
        number, name = tempfile.mkstemp(".toml", stem, path.parent)
    except OSError:
        number, name = tempfile.mkstemp(".toml", stem)
    with os.fdopen(number, "wb") as file:
        file.write(text)
    return Path(name)
