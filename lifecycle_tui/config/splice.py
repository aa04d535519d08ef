"""Edits of a TOML text that leave every byte outside of the edited value as it is. Called by `edit`.

Ways to write an edit are tried in the order of how well they fit the text (`splice_new`, `splice_gone`). The first
that means exactly what was asked is taken: each is read anew by tomllib and compared, so that no edit can change
anything else, whatever the text looks like.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from lifecycle_tui.config.document import Document, Splice, document, get
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.sources import dotted, holds
from lifecycle_tui.config.splice_gone import removal
from lifecycle_tui.config.splice_new import additions
from lifecycle_tui.config.toml_text import EditError, literal, parsed, same

_BOM = "\ufeff"


def set_text(text: str, key: KeyPath, value: str) -> str:
    """The text with a key set to a value, and nothing else changed.

    Args:
        text: valid TOML; a byte order mark and any line ends are kept.
        key: from the top of the text; an index one past a list's end appends.
        value: TOML, e.g. `"auc < 0.9"` with its quotes.

    Raises:
        EditError: the text or the value is not valid, or the key cannot be there.
    """
    if not key:
        raise EditError("a key is needed")
    return _kept_bom(text, lambda plain: _set(plain, key, value))


def unset_text(text: str, key: KeyPath) -> str:
    """The text without a key: its line goes, with the comment behind it; of a table all of its lines.

    Raises:
        EditError: the text is not valid, or has no such key.
    """
    if not key:
        raise EditError("a key is needed")
    return _kept_bom(text, lambda plain: _unset(plain, key))


def _kept_bom(text: str, edit: Callable[[str], str]) -> str:
    bom = _BOM if text.startswith(_BOM) else ""
    return bom + edit(text.removeprefix(_BOM))


def _set(text: str, key: KeyPath, value: str) -> str:
    doc = document(text)
    new = parsed(value)
    value = value.strip().replace("\r\n", "\n").replace("\n", doc.newline)
    if not holds(doc.values, key):
        ways = list(additions(doc, key, value))
        return _first(doc, ways, [_with(doc.values, key, new)], key)
    entry, old = doc.entry(key), get(doc.values, key)
    if entry is not None and entry.value is not None:
        span = entry.value
        if _item_by_item(text[span.start : span.end], old, new):
            return _set_items(text, key, old, new)
        return _first(doc, [[Splice(span.start, span.end, value)]], [_with(doc.values, key, new)], key)
    if isinstance(new, dict) and isinstance(old, dict):
        return _set_table(text, key, old, new)
    return _set(_unset(text, key), key, value)


def _item_by_item(written: str, old: Any, new: Any) -> bool:
    """Whether a list has comments of its own, which a new list in its place would lose."""
    return isinstance(old, list) and isinstance(new, list) and bool(old) and "#" in written and "\n" in written


def _set_items(text: str, key: KeyPath, old: list[Any], new: list[Any]) -> str:
    """Change a list's items one by one: those that stay keep their comments."""
    for index in _gone(old, new):
        text = _unset(text, (*key, index))
    left = [item for index, item in enumerate(old) if index not in _gone(old, new)]
    for index, item in enumerate(new):
        if index >= len(left) or not same(left[index], item):
            text = _set(text, (*key, index), literal(item))
    return text


def _gone(old: list[Any], new: list[Any]) -> list[int]:
    """Indexes, last first, of what to take out of `old`: what `new` has not, else what is too much at the end."""
    if len(new) >= len(old):
        return []
    rest = list(new)
    gone = []
    for index, item in enumerate(old):
        if rest and same(rest[0], item):
            rest.pop(0)
        else:
            gone.append(index)
    return gone[::-1] if not rest else list(range(len(old) - 1, len(new) - 1, -1))


def _set_table(text: str, key: KeyPath, old: dict[str, Any], new: dict[str, Any]) -> str:
    """Make a table that stands in lines equal to another: key by key."""
    for name, value in new.items():
        if name not in old or not same(old[name], value):
            text = _set(text, (*key, name), literal(value))
    for name in old:
        if name not in new:
            # The last key of a table that was never named may take the table with it.
            text = _unset(text, (*key, name))
    if not holds(tomllib.loads(text), key):
        text = _set(text, key, "{}")
    return text


def _unset(text: str, key: KeyPath) -> str:
    doc = document(text)
    if not holds(doc.values, key):
        raise EditError(f"{dotted(key)} is not set")
    wanted = _without(doc.values, key)
    while True:
        step = doc.spliced(removal(doc, key))
        # Dotted keys of one table inside braces go one after the other.
        if isinstance(key[-1], int) or step == doc.text or not holds(_loads(step, key), key):
            break
        doc = document(step)
    if any(same(_loads(step, key), values) for values in wanted):
        return step
    raise EditError(f"{dotted(key)} cannot be taken out here", hint="edit the file by hand")


def _loads(text: str, key: KeyPath) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        raise EditError(f"{dotted(key)} cannot be edited here", hint="edit the file by hand") from None


def _first(doc: Document, ways: Iterable[list[Splice]], wanted: list[Any], key: KeyPath) -> str:
    """The first way that means what is wanted."""
    for way in ways:
        text = doc.spliced(way)
        try:
            found = tomllib.loads(text)
        except (ValueError, RecursionError):
            continue
        if any(same(found, values) for values in wanted):
            return text
    raise EditError(f"{dotted(key)} cannot be written here", hint="edit the file by hand")


def _with(values: Any, key: KeyPath, new: Any) -> Any:
    """The values with one of them set; what the path does not touch is shared."""
    top = here = copy.copy(values)
    for part, after in pairwise(key):
        if isinstance(here, dict) and part not in here:
            here[part] = [] if isinstance(after, int) else {}
        else:
            here[part] = copy.copy(here[part])
        here = here[part]
    if isinstance(here, list) and key[-1] == len(here):
        here.append(new)
    else:
        here[key[-1]] = new
    return top


def _without(values: Any, key: KeyPath) -> list[Any]:
    """The values without one of them; a table that is left with nothing may go too, and the one above."""
    found = []
    for length in range(len(key), 0, -1):
        left = copy.copy(get(values, key[: length - 1]))
        del left[key[length - 1]]
        values = left if length == 1 else _with(values, key[: length - 1], left)
        found.append(values)
        if left:
            break
    return found
