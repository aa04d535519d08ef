"""What two states of a workspace's files say differently, key by key, whatever their comments and order.

Called by `config diff` and by the action `config set` for its row in the audit log.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle_tui.config.document import document
from lifecycle_tui.config.homes import home_at, included
from lifecycle_tui.config.overlays import laid_over
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.sources import dotted, shown
from lifecycle_tui.config.toml_text import EditError, literal, same
from lifecycle_tui.domain import environment

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that is not the same.

    Attributes:
        key: from the workspace's top.
        was, now: TOML text; None where the key is not set.
    """

    key: KeyPath
    was: str | None
    now: str | None

    @property
    def name(self) -> str:
        """The key as people write it."""
        return dotted(self.key)


def read_files(file: Path) -> dict[Path, bytes]:
    """The bytes of a workspace's files as they are on disk: the file, the environment's, those it includes.

    Raises:
        EditError: one cannot be read.
    """
    main = home_at(file, (), {})
    found = {main.file: main.data}
    name = environment.current()
    if name is not None and (upper := environment.overlay(main.file, name)).exists():
        found[upper] = home_at(upper, (), {}).data
    for path in included(main):
        found[path] = home_at(path, (), {}).data
    return found


def values_of(file: Path, texts: Mapping[Path, bytes]) -> dict[str, Any]:
    """What the files say together, as keys of the workspace; nothing is checked.

    Args:
        file: the main one.
        texts: all of them, by path.

    Raises:
        EditError: one is no valid TOML.
    """
    values = _values(file, texts[file])
    upper: dict[str, Any] = {}
    for path, data in texts.items():
        if path == file:
            continue
        if environment.named_by(file, path):
            upper = _values(path, data)
        else:
            values = laid_over(values, {"models": {path.stem: _values(path, data)}})
    return laid_over(values, upper)


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Every key that is not the same, in the order of `now`, then those that it has not any more."""
    old, new = dict(_leaves(was)), dict(_leaves(now))
    found = []
    for key in (*new, *(key for key in old if key not in new)):
        before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if not same(before, after):
            found.append(Difference(key, _text(before), _text(after)))
    return tuple(found)


def text_differences(before: bytes, after: bytes, prefix: KeyPath = ()) -> tuple[Difference, ...]:
    """The same for one file; empty where one of the two is no TOML."""
    try:
        was, now = (tomllib.loads(data.decode("utf-8-sig")) for data in (before, after))
    except (ValueError, RecursionError):
        return ()
    return tuple(Difference((*prefix, *d.key), d.was, d.now) for d in differences(was, now))


def _leaves(values: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every value that is no table, and tables without keys; a list of tables item by item."""
    if isinstance(values, dict) and (values or not path):
        for key, value in values.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(values, list) and values and all(isinstance(item, dict) for item in values):
        for index, value in enumerate(values):
            yield from _leaves(value, (*path, index))
    else:
        yield path, values


def _text(value: object) -> str | None:
    return None if value is _ABSENT else literal(value)


def _values(path: Path, data: bytes) -> dict[str, Any]:
    try:
        return document(data.decode("utf-8-sig")).values
    except UnicodeDecodeError:
        raise EditError(f"{shown(path)} is not UTF-8") from None
    except EditError as exc:
        raise EditError(exc.message.replace("the file", shown(path), 1), hint=exc.hint) from None


def absolute(file: Path) -> Path:
    """A path as the workspace's files are named."""
    return Path(os.path.normpath(file.absolute()))
