"""What of a value may be shown: secrets that somebody has written as text are not. For `origins` and checks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
_NAMES = re.compile(
    r"(secret|token|passw(or)?d|passphrase|passwd|credential|private|bearer|(^|[_-])(api|access|auth)?key([_-]|$)|apikey)",
    re.IGNORECASE,
)
_USER = re.compile(r"(?P<start>[a-z][a-z0-9+.-]*://)[^/@\s]+@", re.IGNORECASE)
_HEADER = re.compile(r"(?P<start>[A-Za-z-]*(auth|key|token|secret|cookie)[A-Za-z-]*\s*:\s*)\S.*", re.IGNORECASE)
"""A header of HTTP as a line of text."""
_REST = re.compile(r"(?P<start>https?://[^/?#\s]+)[/?#]\S+", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether an option's name says that its value is nobody's business."""
    return _NAMES.search(name) is not None


def is_reference(value: Any) -> bool:
    """Whether a value only says where a secret is: `{ env = "NAME" }` or `{ file = "…" }`."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("env", "file")


def shown(value: Any, name: str = "", *, web: bool = False) -> Any:
    """The value of a plugin's option as it may be shown; references stay as they are.

    Args:
        name: the option's.
        web: of addresses show the host alone: those of webhooks are secrets as a whole.
    """
    if is_reference(value):
        return value
    if is_secret(name) and not isinstance(value, dict | bool):
        return HIDDEN
    if isinstance(value, str):
        text = _USER.sub(rf"\g<start>{HIDDEN}@", value)
        text = _HEADER.sub(rf"\g<start>{HIDDEN}", text) if web and _HEADER.match(text) else text
        return _REST.sub(rf"\g<start>/{HIDDEN}", text) if web else text
    if isinstance(value, list):
        return [shown(item, name, web=web) for item in value]
    if isinstance(value, Mapping):
        return {key: shown(item, str(key), web=web) for key, item in value.items()}
    return value


def plain(value: Any, name: str = "") -> bool:
    """Whether a secret stands there as text that everybody reads who reads the file."""
    if is_reference(value):
        return False
    if isinstance(value, Mapping):
        return any(plain(item, str(key)) for key, item in value.items())
    if isinstance(value, list):
        return any(plain(item, name) or (isinstance(item, str) and bool(_HEADER.match(item))) for item in value)
    return is_secret(name) and isinstance(value, str) and value.strip() != ""
