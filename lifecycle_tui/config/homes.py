"""Which of a workspace's files has a key, or should have it. Called by `edit`.

A model of an included file has its keys at that file's top; an environment's file has those that it says otherwise.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle_tui.config.document import document
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.sources import dotted, holds, shown
from lifecycle_tui.config.toml_text import EditError
from lifecycle_tui.config.words import did_you_mean
from lifecycle_tui.domain import environment
from lifecycle_tui.domain.folder import FILE

Texts = Mapping[Path, bytes]


@dataclass(frozen=True, slots=True)
class Home:
    """A file and a key path in it.

    Attributes:
        prefix: what stands before the file's own key paths in the workspace: `("models", NAME)` for an included file.
    """

    file: Path
    key: KeyPath
    data: bytes
    text: str
    values: Mapping[str, Any]
    prefix: KeyPath = ()


def home_of(file: Path, key: KeyPath, over: Texts, into: Path | None = None) -> Home:
    """Where a key of the workspace is written, or should be.

    Args:
        file: its `lifecycle.toml`, absolute.
        over: texts that stand in for what the disk has, by absolute path.
        into: the file to take instead; one of the workspace's.

    Raises:
        EditError: a file is no valid TOML, or no file can have the key.
    """
    main = home_at(file, key, over)
    if into is not None:
        return _told(main, key, over, into)
    upper = _environments(file, key, over)
    if upper is not None and holds(upper.values, key):
        return upper
    if key[:1] != ("models",) or len(key) < 2 or holds(main.values, key[:2]):
        return main
    names = [str(name) for name in main.values.get("models", {})]
    for path in included(main):
        if path.stem == key[1]:
            return _below(path, key, over)
        names.append(path.stem)
    if upper is not None and holds(upper.values, key[:2]):
        return upper
    if len(key) > 2:
        hint = did_you_mean(str(key[1]), names) or "add its table to the file first, or run `lifecycle init DATA`"
        raise EditError(f'there is no model called "{key[1]}"', hint=hint)
    return main


def main_of(file: Path) -> tuple[Path, Path | None]:
    """The `lifecycle.toml` that a file belongs to, and the file where it is not that itself.

    A file that no `lifecycle.toml` above it includes, or lays over itself, is one of its own.
    """
    file = Path(os.path.normpath(file.absolute()))
    for folder in file.parents:
        main = folder / FILE
        if main == file:
            return main, None
        if main.is_file():
            if environment.named_by(main, file) or file in list(included(home_at(main, (), {}))):
                return main, file
            break
    return file, None


def _told(main: Home, key: KeyPath, over: Texts, into: Path) -> Home:
    into = Path(os.path.normpath(into.absolute()))
    if into == main.file:
        return main
    if environment.named_by(main.file, into):
        return home_at(into, key, over)
    if into not in list(included(main)):
        raise EditError(f"{shown(into)} is no file of {shown(main.file)}", hint="name one that it includes, or itself")
    if key[:2] != ("models", into.stem):
        raise EditError(f"{shown(into)} holds the model {into.stem}, and no {dotted(key)}")
    return _below(into, key, over)


def _below(path: Path, key: KeyPath, over: Texts) -> Home:
    if len(key) == 2:
        raise EditError(f"{dotted(key)} is a file of its own: {shown(path)}", hint="edit or remove that file")
    return home_at(path, key[2:], over, key[:2])


def _environments(file: Path, key: KeyPath, over: Texts) -> Home | None:
    """The file of the environment that counts, if it is there."""
    name = environment.current()
    path = environment.overlay(file, name) if name else None
    return home_at(path, key, over) if path is not None and (path in over or path.exists()) else None


def included(main: Home) -> Iterator[Path]:
    """The files that the main one includes, in order."""
    patterns = main.values.get("include", [])
    for pattern in patterns if isinstance(patterns, list) else []:
        where = os.path.join(glob.escape(str(main.file.parent)), os.path.expanduser(str(pattern)))
        for found in sorted(glob.glob(where, recursive=True)):
            path = Path(os.path.normpath(found))
            if path != main.file and path.is_file() and not environment.named_by(main.file, path):
                yield path


def home_at(path: Path, key: KeyPath, over: Texts, prefix: KeyPath = ()) -> Home:
    """A key of one file; the file must be TOML.

    Raises:
        EditError: it is not, or cannot be read.
    """
    try:
        data = over[path] if path in over else path.read_bytes()
        text = data.decode("utf-8")
    except OSError as exc:
        raise EditError(f"{shown(path)} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError:
        raise EditError(f"{shown(path)} is not UTF-8", hint="save it as UTF-8 first") from None
    try:
        values = document(text.removeprefix("\ufeff")).values
    except EditError as exc:
        raise EditError(exc.message.replace("the file", shown(path), 1), hint=exc.hint) from None
    return Home(path, key, data, text, values, prefix)
