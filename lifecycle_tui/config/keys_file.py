"""What `[keys]` of lifecycle.toml says now. Called by `lifecycle keys`, and by the terminal when it starts and whenever
the file may have changed. Standard library alone.

Most files have no such table, and then nothing is parsed. Of one that has, these lines alone are, so that it costs as
little in a file that declares a thousand models. A table with an error changes nothing: the keys stay as they were, and
what is wrong is said with its place.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import ConfigError
from lifecycle_tui.domain.folder import FILE

Stamp = tuple[tuple[int, int, int], ...]
_STARTS = re.compile(r"""^[ \t]*(?:\[[ \t]*(?:keys|"keys"|'keys')[ \t]*\]|(?:keys|"keys"|'keys')[ \t]*[.=])""", re.M)
_HEADER = re.compile(r"^[ \t]*\[", re.M)
TRIES = 20
"""Lines that look like headers and may be within a value, at most."""


@dataclass(frozen=True, slots=True)
class KeysFile:
    """The keys that hold.

    Attributes:
        keymap: ids → names of keys, of those that the files say.
        problem: what is wrong with the table as it stands, `file:line:column: message`; "" for nothing.
        stamp: of the files that were looked at.
    """

    keymap: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problem: str = ""
    stamp: Stamp = ()


def read(root: Path, before: KeysFile | None = None) -> KeysFile:
    """What holds by now; `before`, the same object, where no file has changed."""
    before = before or KeysFile()
    files = _files(root)
    stamp = tuple(map(_stamp, files))
    if stamp == before.stamp:
        return before
    table: dict[str, Any] = {}
    for file in files:
        try:
            table |= _table(file)
        except ValueError as exc:
            # No TOML: the agent says where, and keeps the file that it had.
            return KeysFile(before.keymap, str(exc), stamp)
    if not table:
        return KeysFile({}, "", stamp)
    from lifecycle_tui.config.bindings import read as checked

    keymap, flaws = checked(table)
    if flaws:
        first = flaws[0]
        more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
        said = f"{_place(files, first.id)}: {first.message}{more}; the keys stay as they were"
        return KeysFile(before.keymap, said, stamp)
    return KeysFile(keymap, "", stamp)


def _files(root: Path) -> list[Path]:
    """The main file, and the environment's."""
    main = root.absolute() / FILE
    try:
        name = environment.current()
    except ConfigError:
        return [main]
    return [main] if name is None else [main, environment.overlay(main, name)]


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        stat = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _table(file: Path) -> dict[str, Any]:
    """The table `[keys]` of a file; an empty one where it has none, or is not there.

    Raises:
        ValueError: the file has such lines, and is no TOML.
    """
    try:
        data = file.read_bytes()
        if b"keys" not in data and data.isascii():
            return {}  # of ten thousand models these are megabytes, and the first picture waits
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError:
        return {}
    except UnicodeDecodeError:
        raise ValueError(f"{file.name} is not UTF-8; the keys stay as they were") from None
    starts = _STARTS.search(text)
    if starts is None:
        return {}
    import tomllib

    for piece in (*_pieces(text, starts), text):
        try:
            found = tomllib.loads(piece).get("keys")
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        return found if isinstance(found, dict) else {}
    raise ValueError(f"{file.name} is no TOML; the keys stay as they were")


def _pieces(text: str, starts: re.Match[str]) -> list[str]:
    """From the header on, up to the next line that looks like one, or to the one after it, …"""
    if not starts[0].lstrip().startswith("["):
        return []
    ends = [match.start() for match in _HEADER.finditer(text, starts.end())]
    return [text[starts.start() : end] for end in [*ends[:TRIES], len(text)][: TRIES + 1]]


def _place(files: list[Path], id_: str) -> str:
    """`file:line:column` of a line of the table."""
    from lifecycle_tui.config.sources import holds
    from lifecycle_tui.config.syntax import read as parsed

    for file in reversed(files):
        try:
            source, problem = parsed(file, file.read_bytes())
        except OSError:
            continue
        if problem is None and holds(source.values, ("keys", id_)):
            place = source.place(("keys", id_), "key")
            return f"{file.name}:{place.line}:{place.column}"
    return files[0].name
