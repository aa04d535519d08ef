"""A key as people type it, `models.churn.rules."a b".when` or `steps[0].weight`, as a path. Called by `config explain`,
`config show` and whatever else takes a key on the command line; `sources.dotted` writes a path this way."""

from __future__ import annotations

import re

from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.domain.errors import UsageError

_PART = re.compile(r'"(?P<basic>(?:[^"\\]|\\.)*)"|\'(?P<literal>[^\']*)\'|(?P<bare>[^.\[\]"\'\s][^.\[\]"\']*)')
_INDEX = re.compile(r"\[(\d*)\]")
_ESCAPED = re.compile(r"\\(.)")


def parse_key(text: str) -> KeyPath:
    """The path of a dotted key. `[]` is an item, any one, of a list: the first.

    Raises:
        UsageError: the text is no key.
    """
    path: list[str | int] = []
    position, text = 0, text.strip()
    while position < len(text) or not path:
        if path and (index := _INDEX.match(text, position)):
            path.append(int(index.group(1) or 0))
            position = index.end()
            continue
        if path:
            if text[position] != ".":
                break
            position += 1
        part = _PART.match(text, position)
        if part is None:
            break
        bare = part.group("bare")
        if part.group("basic") is not None:
            path.append(_ESCAPED.sub(r"\1", part.group("basic")))
        else:
            path.append(bare.strip() if bare is not None else part.group("literal"))
        position = part.end()
    if position < len(text) or not path or text.endswith("."):
        raise UsageError(
            f'"{text}" is no key', hint='keys look like models.churn.data.window; odd names need quotes: rules."a b"'
        )
    return tuple(path)
