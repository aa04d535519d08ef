"""What a program may write to a terminal, as a grammar: everything else in its bytes came from data, or is a mistake.

Called by the tests in a pseudo-terminal. The list is closed: a new sequence is added here when the program learns it.
"""

from __future__ import annotations

import re
import unicodedata

MODES = "1000|1002|1003|1004|1006|1015|1049|2004|2026|2048|25|7"
"""Private modes that are switched: mouse, focus, other screen, paste, whole frames, resizes, cursor, wrapping."""
SEQUENCES = (
    r"\x1b\[(?:[0-9]{1,3}(?:;[0-9]{1,3})*)?m",  # colours and attributes
    r"\x1b\[[0-9]{1,3};[0-9]{1,3}H|\x1b\[H",  # to a cell
    r"\x1b\[[0-9]{1,3}G|\x1b\[[0-9]{1,3}C",  # to a column; so many on
    r"\x1b\[K|\x1b\[2J|\x1b\[[0-9]{1,3}X",  # erase to the end of the line; all; so many cells
    rf"\x1b\[\?(?:{MODES})[hl]",
    r"\x1b\[\?(?:2026|2048)\$p",  # is synchronized output, are resizes in band known here?
    r"\x1b\[[>=][0-9]{1,2}(?:;1)?u|\x1b\[<u",  # how keys are told, and as before
    r"\x1b\]52;c;[A-Za-z0-9+/=]*(?:\x07|\x1b\\)",  # copy
    r"\x1b\]22;[a-z-]*\x07",  # the pointer's shape
    r"\r|\n",
)
ALLOWED = re.compile("|".join(SEQUENCES))


def foreign(data: bytes) -> list[str]:
    """Everything in a program's output that is neither printable text nor one of `SEQUENCES`, in order."""
    found: list[str] = []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        return [f"no UTF-8: {data[max(0, exc.start - 20) : exc.end + 20]!r}"]
    at = 0
    while at < len(text):
        if text[at].isprintable() or unicodedata.category(text[at]) == "Zs":
            at += 1
        elif (match := ALLOWED.match(text, at)) is not None:
            at = match.end()
        else:
            found.append(repr(text[at : at + 24]))
            at += 1
    return found
