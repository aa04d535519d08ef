"""What a plugin's docstring says of each option. Called by `options` where the class is at hand.

The `Args:` section of the docstring of the class, or of its constructor, in Google's style: `name: what it is`, with
further lines indented more.
"""

from __future__ import annotations

import inspect
import re

_HEAD = re.compile(r"(args|arguments|parameters|options):\s*\Z", re.IGNORECASE)
_ITEM = re.compile(r"(\*{0,2}[A-Za-z_]\w*)(?:\s*\([^)]*\))?\s*:\s*(.*)\Z")
_LENGTH = 400
"""Characters that are kept of one meaning: the index is read by every command."""


def meanings(cls: type) -> dict[str, str]:
    """Option → its meaning, on one line; without those that the docstrings do not speak of."""
    texts = [t for t in (cls.__doc__, cls.__init__.__doc__) if isinstance(t, str)]  # type: ignore[misc]
    found: dict[str, str] = {}
    for text in texts:
        for name, meaning in _arguments(inspect.cleandoc(text)).items():
            found.setdefault(name, meaning)
    return found


def _arguments(text: str) -> dict[str, str]:
    lines = iter(text.splitlines())
    for line in lines:
        if _HEAD.match(line):
            break
    found: dict[str, list[str]] = {}
    depth: int | None = None
    current: list[str] = []
    for line in lines:
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        if indent == 0:
            break  # the next section
        depth = indent if depth is None else depth
        item = _ITEM.match(line.strip()) if indent <= depth else None
        if item:
            current = found.setdefault(item.group(1).lstrip("*"), [])
            current.append(item.group(2))
        else:
            current.append(line.strip())
    return {name: " ".join(" ".join(words).split())[:_LENGTH] for name, words in found.items()}
