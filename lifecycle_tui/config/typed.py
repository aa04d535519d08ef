"""A value as somebody types it on a command line, without the quotes that a text needs in TOML."""

from __future__ import annotations

from typing import Literal, get_origin

from lifecycle_tui.config.nodes import walk
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.shape import members, words_for
from lifecycle_tui.config.sources import dotted
from lifecycle_tui.config.toml_text import EditError, Toml, parsed

_NO_TEXT = (int, float, bool)


def typed(key: KeyPath, text: str) -> str | Toml:
    """What was meant: TOML where it is TOML, else a text, where the key can be one.

    `auc < 0.9` is a text without its quotes; so is `true` for a key that takes nothing but text.

    Raises:
        EditError: it is no TOML, and the key takes no text.
    """
    kinds = [member for node in walk(key) if node.own for member in members(node.annotation)]
    try:
        value = parsed(text)
    except EditError as exc:
        if text.lstrip()[:1] in tuple("[{\"'"):
            hint = "it begins like a list, a table or a text and does not end like one"
            raise EditError(exc.message, hint=hint) from None
        if kinds and all(kind in _NO_TEXT for kind in kinds):
            raise EditError(f"{dotted(key)} takes {_words(key)}, and {text!r} is none") from None
        return text
    bare = not isinstance(value, str | list | dict)
    return text.strip() if bare and kinds and all(_only_text(kind) for kind in kinds) else Toml(text)


def _only_text(kind: object) -> bool:
    return kind is str or get_origin(kind) is Literal


def _words(key: KeyPath) -> str:
    info = next(node.info for node in walk(key))
    words = words_for(info) if info is not None else "another kind of value"
    return words if words.startswith(("true", "text")) else f"a {words}"
