"""Names of keys: what a person may write for one, what the terminal's program calls it, and what is printed for it.

The names are Textual's, which this floor may not import; a test holds them to it. Called by `bindings` (for `[keys]` of
lifecycle.toml), by `lifecycle keys` and by the terminal's footers and help.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from lifecycle_tui.domain.nearest import nearest

PRINTED = {
    "enter": "Enter", "escape": "Esc", "tab": "Tab", "up": "Up", "down": "Down", "left": "Left", "right": "Right",
    "pageup": "PgUp", "pagedown": "PgDn", "home": "Home", "end": "End", "space": "Space", "delete": "Del",
    "insert": "Ins", "backspace": "Backspace", "ctrl": "Ctrl", "shift": "Shift", "alt": "Alt",
}  # fmt: skip
"""Names of keys and of what is held down with them → what is printed on them."""

_RENAMED = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
    "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip
"""Unicode's names of characters → Textual's, where these differ."""

_SIGNS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_OTHER = {
    "esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown", "del": "delete", "ins": "insert",
    "page_up": "pageup", "page_down": "pagedown", "backtab": "shift+tab", "control": "ctrl", "option": "alt",
    "question": "question_mark", "hash": "number_sign", "dot": "full_stop", "equals": "equals_sign",
    "ctrl+space": "ctrl+@",
}  # fmt: skip
"""Other spellings that people use."""

_MOVING = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown")
_PLAIN = ("enter", "escape", "tab", "space", "backspace", "delete", "insert", *_MOVING)
_SAME = {"ctrl+i": "Tab", "ctrl+m": "Enter", "ctrl+h": "Backspace"}
"""Keys for which a terminal sends what it sends for another."""
FUNCTION = tuple(f"f{number}" for number in range(1, 25))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class KeyNameError(ValueError):
    """No key has this name, or no terminal sends it.

    Attributes:
        hint: what to write instead; "" where there is nothing to say.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def of_character(character: str) -> str:
    """The name of the key that types a character, as Textual has it: `?` → `question_mark`, `T` → `T`."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name) or character


SIGNS = {of_character(sign): sign for sign in _SIGNS}
"""Names of the keys of ASCII signs → the signs."""


def known() -> tuple[str, ...]:
    """Every name, but for single characters beyond the signs, that a terminal can be relied on to send."""
    return (
        *_PLAIN,
        *SIGNS,
        *FUNCTION,
        "shift+tab",
        *(f"ctrl+{letter}" for letter in LETTERS if f"ctrl+{letter}" not in _SAME),
        "ctrl+@", "ctrl+backslash", "ctrl+right_square_bracket", "ctrl+underscore",
        *(f"{held}+{key}" for held in ("shift", "ctrl", "ctrl+shift") for key in _MOVING),
        "ctrl+delete", "shift+delete",
        *(f"alt+{letter}" for letter in LETTERS), *(f"alt+shift+{letter}" for letter in LETTERS),
        *(f"alt+{digit}" for digit in "0123456789"),
    )  # fmt: skip


def parse(written: str) -> str:
    """The key's name for what a person writes: `T`, `?`, `Ctrl+F`, `PgDn`, `question_mark`.

    Raises:
        KeyNameError: there is no such key, or no terminal sends it.
    """
    if len(written) == 1:
        if written == " ":
            return "space"
        if not written.isprintable():
            raise KeyNameError("no key types this character")
        return of_character(written)
    if "," in written and len(written.split(",")) > 1 and all(part.strip() for part in written.split(",")):
        several = ", ".join(f'"{part.strip()}"' for part in written.split(","))
        raise KeyNameError("it is several keys", f"write a list: [{several}]")
    key = _folded(written)
    if key in _SAME:
        raise KeyNameError(f"a terminal sends the same for it as for {_SAME[key]}", f'write "{_SAME[key]}"')
    if key in _all():
        return key
    raise KeyNameError(*_why(key))


def _folded(written: str) -> str:
    """One way to write a key: small letters, `+` between, `ctrl` before `shift`; a capital with Alt is Alt+Shift."""
    held, last = _parts(written.strip())
    if len(last) == 1:
        if "alt" in held and last.isupper():
            held = [*held, "shift"]
        last = last.lower() if held else last
        last = of_character(last) if not last.isspace() else "space"
    else:
        last = _OTHER.get(last.lower(), last.lower())
    names = [_OTHER.get(one.lower(), one.lower()) for one in held]
    ordered = [one for one in ("alt", "ctrl", "shift") if one in names] + [one for one in names if one not in PRINTED]
    key = "+".join((*ordered, last))
    return _OTHER.get(key, key)


def _parts(text: str) -> tuple[list[str], str]:
    """What is held down, and the key: `Ctrl+F`, and `C-f` as others write it."""
    for short, held in (("C-", "ctrl"), ("M-", "alt"), ("A-", "alt"), ("S-", "shift"), ("^", "ctrl")):
        if text.startswith(short) and len(text) > len(short):
            more, last = _parts(text[len(short) :])
            return [held, *more], last
    parts = text[:-1].split("+") if text.endswith("++") else text.split("+")
    return [one.strip() for one in parts[:-1]], (parts[-1] or "+").strip()


def _why(key: str) -> tuple[str, str]:
    *held, last = key.split("+")
    meant = nearest(key, _all())
    hint = f'did you mean "{shown(meant)}"?' if meant else 'e.g. "T", "?", "Ctrl+F", "PgDn", "F5"'
    if "super" in held or "hyper" in held or "meta" in held or "cmd" in held:
        return "no terminal sends it", 'with Ctrl or Alt it would be a key: "Ctrl+T", "Alt+T"'
    if held and (last in _all() or len(last) == 1):
        capital = held == ["shift"] and len(last) == 1
        return (
            "terminals send no such key, or the same as without what is held down",
            f'write "{last.upper()}"' if capital else 'e.g. "T", "?", "Ctrl+F", "Alt+T", "F5"',
        )
    return "there is no such key", hint


def _all() -> frozenset[str]:
    global _KNOWN
    if not _KNOWN:
        _KNOWN = frozenset(known())
    return _KNOWN


_KNOWN: frozenset[str] = frozenset()


def typed(key: str) -> bool:
    """Whether a key types a character, and is therefore none while somebody types into a line."""
    return len(key) == 1 or key in SIGNS or key == "space"


def shown(key: str) -> str:
    """What is printed for a key's name: `question_mark` → `?`, `ctrl+f` → `Ctrl+F`."""
    if len(key) == 1:
        return key
    *held, last = key.split("+")
    name = PRINTED.get(last) or SIGNS.get(last) or (last.upper() if held or last in FUNCTION else last)
    return "+".join((*(PRINTED.get(one, one) for one in held), name))


def spoken(keys: Iterable[str]) -> str:
    """Several, as a person reads them: `Down, j`."""
    return ", ".join(shown(key) for key in keys)
