"""Edits of a workspace's files, byte for byte: the door to `splice`, `homes` and `saving`.

    change = plan_set(file, "models.churn.rules.psi.when", "psi.max > 0.3")     # nothing is written yet
    problems = workspace.check(file, over={change.file: change.after})
    save(change)                                                                # or refuses

Called by the action `config set` and the terminal's policy screen. Everything outside of the edited value stays,
comments and line ends included.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lifecycle_tui.config.document import document, get
from lifecycle_tui.config.extensions import slot_of
from lifecycle_tui.config.homes import Home, home_of
from lifecycle_tui.config.keypath import parse_key
from lifecycle_tui.config.nodes import keys_at, walk
from lifecycle_tui.config.saving import Change, EditConflict, SaveError, save
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.sources import dotted, holds, shown
from lifecycle_tui.config.splice import set_text, unset_text
from lifecycle_tui.config.toml_text import EditError, Toml, dotted_text, literal, parsed, same
from lifecycle_tui.config.words import did_you_mean

__all__ = [
    "Change", "EditConflict", "EditError", "SaveError", "Toml", "edit_file", "plan_set", "plan_unset", "save",
    "set_text", "unset_text",
]  # fmt: skip

_SECTIONS: tuple[KeyPath, ...] = (("data",), ("columns",), ("monitor",), ("rules", "*"), ("training",), ("rollout",))
_HEADERS: tuple[KeyPath, ...] = (
    ("workspace",),
    ("notifiers", "*"),
    *(("defaults", *section) for section in _SECTIONS),
    *(("models", "*", *section) for section in _SECTIONS),
)
"""Tables that get a header of their own; what lies in them is written in braces."""


def plan_set(
    file: Path, key: str | KeyPath, value: object, *, over: Mapping[Path, bytes] | None = None, into: Path | None = None
) -> Change:
    """The edit that sets a key. Of a key that has the value already, an empty one.

    Args:
        file: the workspace's `lifecycle.toml`.
        key: from the workspace's top, also where the model has a file of its own.
        value: as Python has it (text, number, list, …), or `Toml`.
        over: texts that stand in for what the disk has, by absolute path.
        into: which of the workspace's files to edit; by default the one that has the key, or should have it.

    Raises:
        EditError: there is no such key, or it cannot be set.
    """
    path = parse_key(key) if isinstance(key, str) else key
    _known(path)
    home = home_of(_absolute(file), path, over or {}, into)
    old = _written(home)
    text = literal(value, old)
    if old is not None and not isinstance(value, Toml) and same(get(home.values, home.key), parsed(text)):
        return _change(home, path, home.text, old, old)
    table, meant = _braces(home, path), parsed(text)
    if old is None and isinstance(meant, dict) and meant and any(_is(path, header) for header in _HEADERS):
        after = home.text
        for name, item in meant.items():
            after = set_text(after, (*home.key, name), literal(item))
    elif table is not None:
        rest = [str(part) for part in home.key[len(table) :]]
        after = set_text(home.text, table, f"{{ {dotted_text(rest)} = {text} }}")
    else:
        after = set_text(home.text, home.key, text)
    return _change(home, path, after, old, text)


def plan_unset(
    file: Path, key: str | KeyPath, *, over: Mapping[Path, bytes] | None = None, into: Path | None = None
) -> Change:
    """The edit that takes a key out; of a table, with all that is in it.

    Raises:
        EditError: it is not set in that file.
    """
    path = parse_key(key) if isinstance(key, str) else key
    home = home_of(_absolute(file), path, over or {}, into)
    if not holds(home.values, home.key):
        raise _not_set(home, path)
    return _change(home, path, unset_text(home.text, home.key), _written(home), None)


def edit_file(file: Path, before: bytes, after: bytes) -> Change:
    """The edit of a whole text, as an editor gives it back."""
    return Change(_absolute(file), (), None, None, before, after)


def _absolute(file: Path) -> Path:
    return Path(os.path.normpath(file.absolute()))


def _change(home: Home, key: KeyPath, after: str, old: str | None, new: str | None) -> Change:
    return Change(home.file, key, old, new, home.data, after.encode("utf-8"))


def _written(home: Home) -> str | None:
    """The value's text as it stands in the file; of a table in lines, its values as one in braces."""
    if not holds(home.values, home.key):
        return None
    text = home.text.removeprefix("\ufeff")
    entry = document(text).entry(home.key)
    if entry is not None and entry.value is not None:
        return text[entry.value.start : entry.value.end]
    return literal(get(home.values, home.key))


def _braces(home: Home, key: KeyPath) -> KeyPath | None:
    """The table in the file that is not there yet and is to be written in braces; None where none is.

    Where there are tables beside it, they show how it is done, and nothing is decided here.
    """
    start = len(home.prefix)
    for length in range(start + 1, len(key)):
        path = key[:length]
        if holds(home.values, path[start:]) or any(isinstance(part, int) for part in path):
            continue
        if any(_leads(path, header) for header in _HEADERS):
            continue
        there: Any = get(home.values, path[start:-1]) if holds(home.values, path[start:-1]) else {}
        beside = isinstance(there, dict) and any(isinstance(value, dict) for value in there.values())
        return None if beside or not isinstance(there, dict) else path[start:]
    return None


def _is(path: KeyPath, header: KeyPath) -> bool:
    return len(path) == len(header) and _leads(path, header)


def _leads(path: KeyPath, header: KeyPath) -> bool:
    """Whether a header's table is at a path, or below it."""
    return len(path) <= len(header) and all(a in (b, "*") for a, b in zip(header, path, strict=False))


def _known(key: KeyPath) -> None:
    """Refuse a key that no table of ours reads and no plugin can."""
    for length in range(1, len(key) + 1):
        path = key[:length]
        if not walk(path) and slot_of(path) is None:
            above, part = path[:-1], path[-1]
            table = f"of [{dotted(above)}]" if above else "at the top of the file"
            keys = keys_at(above)
            hint = did_you_mean(str(part), keys) or (f"keys here: {', '.join(keys)}" if keys else None)
            raise EditError(f'"{part}" is not a key {table}', hint=hint)


def _not_set(home: Home, key: KeyPath) -> EditError:
    says = f"{dotted(key)} is not set in {shown(home.file)}"
    depth = next(n for n in range(len(home.key) - 1, -1, -1) if holds(home.values, home.key[:n]))
    there = get(home.values, home.key[:depth])
    part = home.key[depth]
    if isinstance(there, dict):
        return EditError(says, hint=did_you_mean(str(part), [str(name) for name in there]))
    return EditError(says)
