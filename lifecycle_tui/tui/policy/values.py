"""What people type into a field, as TOML and back: a text needs no quotes, a list of words no brackets. Pure.

Called by the form and by the child. Which type is meant is told from what the key may have: its example, its default,
what stands there now.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def parsed(text: str) -> Any:
    """The value that a TOML text stands for.

    Raises:
        tomllib.TOMLDecodeError: it is none.
    """
    return tomllib.loads(f"x = {text}")["x"]


def _tried(text: str) -> Any:
    try:
        return parsed(text) if "\n" not in text else None
    except tomllib.TOMLDecodeError:
        return None


def toml(value: Any) -> str:
    """A value in one line of TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(k))} = {toml(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else toml(name)


def shown(text: str | None) -> str:
    """TOML text as people type it: texts without quotes, lists of plain words with commas alone."""
    if text is None:
        return ""
    value = _tried(text)
    if isinstance(value, str) and value == value.strip() and value.isprintable() and _tried(value) is None:
        return value
    if isinstance(value, list) and value and all(isinstance(item, str) and _plain(item) for item in value):
        return ", ".join(value)
    return text


def _plain(item: str) -> bool:
    """Whether an item of a list can stand without quotes."""
    return bool(item) and item == item.strip() and not set(item) & set(",[]{}\"'#\n") and item.isprintable()


def typed(text: str, like: Sequence[str | None]) -> str | None:
    """TOML text of what was typed; None for nothing.

    Args:
        like: TOML texts of values that the key may have: what stands there, its example, its default.
    """
    text = text.strip()
    if not text:
        return None
    kinds = {_kind(value) for value in map(_tried, (part for one in like if one for part in one.split(" or ")))}
    value = _tried(text)
    kind = _kind(value)
    if kind == "list" and "list" not in kinds and "text" in kinds:
        return toml(text)
    if value is not None and (kind in kinds or not kinds - {""} or (kind in ("table", "list"))):
        return text
    if "list" in kinds and kind != "text":
        return toml([item.strip() for item in text.split(",") if item.strip()])
    if kind == "text" and "list" in kinds:
        return f"[{text}]"
    if "text" in kinds or value is None:
        # What is meant as a number and is none is said by the check: as a text it is of the wrong type.
        return toml(text)
    return text


def _kind(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "list"
    return "table" if isinstance(value, dict) else "date"
