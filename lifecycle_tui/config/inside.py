"""Where the characters of a TOML text stand in the file, whatever quotes and escapes it is written with.

An expression's check knows columns of the expression; a report points into the file. Called by `sources` for messages.
"""

from __future__ import annotations

import re

_CONTINUED = re.compile(r"\\[ \t]*\n[ \t\n]*")


def offsets(raw: str) -> list[int]:
    """For each character of the text that `raw` writes, its offset in `raw`; last, that of the closing quotes.

    Args:
        raw: a TOML string with its quotes, line ends as plain newlines.
    """
    quotes = raw[:3] if raw[:3] in ('"""', "'''") else raw[:1]
    at, end = len(quotes), len(raw) - len(quotes)
    if len(quotes) == 3 and raw[at : at + 1] == "\n":
        at += 1  # a newline right after the opening quotes is not part of the text
    if quotes[:1] == "'":
        return list(range(at, end + 1))
    found: list[int] = []
    while at < end:
        if len(quotes) == 3 and (match := _CONTINUED.match(raw, at)):
            at = match.end()
            continue
        found.append(at)
        at += 1 if raw[at] != "\\" else {"u": 6, "U": 10}.get(raw[at + 1 : at + 2], 2)
    return [*found, end]
