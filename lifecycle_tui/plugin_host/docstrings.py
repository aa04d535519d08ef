"""What a plugin's docstring says, of itself and of each option. Called where the class is at hand, to index it.

The `Args:` section of the docstring of the class, or of its constructor, in Google's style: `name: what it is`, with
further lines indented more.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

_HEAD = re.compile(r"(args|arguments|parameters|options):\s*\Z", re.IGNORECASE)
_ITEM = re.compile(r"(\*{0,2}[A-Za-z_]\w*)(?:\s*\([^)]*\))?\s*:\s*(.*)\Z")
_LENGTH = 400
"""Characters that are kept of one meaning, and of a first line: the index is read by every command."""
_REST = 1_000
"""Characters that are kept of what follows the first line."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A docstring without what it says of options: its first line, and the paragraphs after it."""

    head: str
    rest: str


def summary(text: str) -> Summary:
    """The parts of a docstring; "" for what it does not have."""
    head, _, rest = inspect.cleandoc(text).partition("\n")
    kept: list[str] = []
    for line in rest.splitlines():
        if _HEAD.match(line):
            break
        kept.append(line.rstrip())
    return Summary(head.strip()[:_LENGTH], "\n".join(kept).strip()[:_REST])


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
