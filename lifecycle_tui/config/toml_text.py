"""Values and keys as TOML writes them, in the manner of what stood there before. Called by the edits of `splice`.

A new text keeps the quotes of the old one, a number its thousands, a list its lines, as far as the new value lets it.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from lifecycle_tui.config.scanner import scan
from lifecycle_tui.domain.errors import UsageError

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_GROUPED = re.compile(r"[+-]?\d{1,3}(_\d{3})+\Z")
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


class EditError(UsageError):
    """An edit that cannot be made; the text stays as it was."""


@dataclass(frozen=True, slots=True)
class Toml:
    """A value that somebody has written as TOML, to be taken as written: `30_000`, `'C:\\data'`."""

    text: str


def parsed(value: str) -> Any:
    """What one value, written as TOML, stands for.

    Raises:
        EditError: it is no value, or more than one.
    """
    text = value.strip()
    found = scan(f"v = {text}")
    span = found.entries[("v",)].value if ("v",) in found.entries else None
    if not found.complete or span is None or span.end != len(text) + 4 or len(found.pairs) != _pairs(found.entries):
        raise EditError(f"{_short(text)} is no value", hint='text needs quotes: "like this"')
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except (ValueError, RecursionError):
        raise EditError(f"{_short(text)} is no value", hint='text needs quotes: "like this"') from None


def _pairs(entries: Mapping[Any, Any]) -> int:
    """How many pairs stand in one value, if nothing follows it."""
    return sum(1 for path, entry in entries.items() if path[0] == "v" and entry.key and entry.value)


def literal(value: object, like: str | None = None) -> str:
    """A value as TOML text.

    Args:
        value: text, number, boolean, date, time, list, table, or `Toml`.
        like: the text that stood there, whose manner is kept where that is possible.

    Raises:
        EditError: TOML has no such value.
    """
    if isinstance(value, Toml):
        parsed(value.text)
        return value.text.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:_}" if like and _GROUPED.match(like) else str(value)
    if isinstance(value, float):
        return _float(value, like)
    if isinstance(value, str):
        return _text(value, like)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key_text(str(key))} = {literal(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return _list(value, like)
    raise EditError(f"a TOML file cannot hold a {type(value).__name__}")


def key_text(name: str) -> str:
    """One part of a key, in quotes where it needs them."""
    return name if _BARE.match(name) else _basic(name)


def dotted_text(names: Sequence[str]) -> str:
    """A dotted key."""
    return ".".join(key_text(name) for name in names)


def same(a: object, b: object) -> bool:
    """Whether two parsed values are one, types included: 1 is neither 1.0 nor true; the order of keys is nothing."""
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, datetime) and isinstance(b, datetime):
        return a == b and a.utcoffset() == b.utcoffset()
    return type(a) is type(b) and a == b


def _float(value: float, like: str | None) -> str:
    if math.isnan(value) or math.isinf(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if like and "_" in like and value == int(value) and abs(value) < 1e15:
        return f"{value:_.1f}"
    return repr(value)


def _text(value: str, like: str | None) -> str:
    manner = like or ""
    if "\n" in value and manner.startswith(('"""', "'''")):
        return _lines(value, manner)
    literal_fits = "'" not in value and all(char == "\t" or char.isprintable() for char in value)
    if literal_fits and (manner.startswith("'") or ('"' in value or "\\" in value)):
        return f"'{value}'"
    return _basic(value)


def _basic(value: str) -> str:
    return '"' + "".join(_escaped(char) for char in value) + '"'


def _lines(value: str, manner: str) -> str:
    """A text of several lines, on several lines; the first begins where the old one's did."""
    begin = "\n" if manner[3:4] in ("\n", "\r") or value.startswith("\n") else ""
    plain = all(char in "\t\n" or char.isprintable() for char in value)
    if manner.startswith("'''") and plain and "''" not in value and not value.endswith("'"):
        return f"'''{begin}{value}'''"
    body, run = [], 0
    for index, char in enumerate(value):
        run = run + 1 if char == '"' else 0
        if run == 3 or (run and index == len(value) - 1):  # three would end the text
            body.append('\\"')
            run = 0
        else:
            body.append(char if char in '"\n' else _escaped(char))
    return f'"""{begin}{"".join(body)}"""'


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _list(value: Sequence[Any], like: str | None) -> str:
    items = [literal(item) for item in value]
    found = re.match(r"\[[ \t]*(?:#[^\n]*)?\r?\n([ \t]*)\S", like) if like else None
    if not items or found is None or like is None:
        return "[" + ", ".join(items) + "]"
    indent = found.group(1)
    last = re.search(r"\n([ \t]*)\]\Z", like)
    lines = "".join(f"\n{indent}{item}," for item in items)
    return f"[{lines}\n{last.group(1)}]" if last else f"[{lines.removesuffix(',')}]"


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "…"
