"""Text that comes from data, made safe and cut to cells. Called by everything in this room that draws.

Names, messages and values are never markup and never reach the terminal raw: control characters, escapes, invisible
format characters and lone surrogates are written out (`\\x1b`), and a cell is as wide as the terminal shows it, not as
many characters as it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from lifecycle_tui.output import plain

LONGEST = 4096
"""Characters of one value that are looked at; nobody reads more in a line, and a megabyte must not cost a repaint."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line in one tone (see `marks.STYLES`); `run` is the action that a click on it does."""

    text: str
    tone: str = ""
    run: str = ""


Line = tuple[Span, ...]


def safe(text: str) -> str:
    """`text` on one line with nothing in it that a terminal would act on."""
    if len(text) > LONGEST:
        text = text[:LONGEST]
    return plain(text)


def width(text: str) -> int:
    """Cells that `text` takes in a terminal (wide characters two, combining marks none)."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, cells: int) -> str:
    """`text` in at most `cells` cells, with an ellipsis where something is missing."""
    if cells <= 0:
        return ""
    if width(text) <= cells:
        return text
    if text.isascii():
        return text[: cells - 1] + "…"
    return set_cell_size(text, cells - 1) + "…"


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """`text` in exactly `cells` cells."""
    text = cut(text, cells)
    pad = " " * (cells - width(text))
    return pad + text if right else text + pad


def fold(text: str, cells: int, most: int = 10_000) -> list[str]:
    """`text` in lines of at most `cells` cells, broken at spaces where there are any; at most `most` lines."""
    lines: list[str] = []
    line = ""
    cells = max(1, cells)  # a widget that is not laid out yet has none
    for word in safe(text).split(" "):
        trial = f"{line} {word}" if line else word
        if width(trial) <= cells:
            line = trial
            continue
        if line:
            lines.append(line)
        while width(word) > cells:
            head = _head(word, cells)
            lines.append(head)
            word = word[len(head) :]
        line = word
    if line or not lines:
        lines.append(line)
    if len(lines) > most:
        lines = [*lines[: most - 1], cut(f"{lines[most - 1]} …", cells)]
    return lines


def indented(text: str, cells: int, tone: str = "") -> list[Line]:
    """`text` as it is broken into lines, each of them folded and three cells in."""
    return [(Span(f"   {line}", tone),) for part in text.split("\n") for line in fold(part, max(10, cells - 4))]


def _head(word: str, cells: int) -> str:
    """The longest beginning of `word` that fits, at least one character."""
    if word.isascii():
        return word[: max(1, cells)]
    used = 0
    for at, char in enumerate(word):
        used += width(char)
        if used > cells:
            return word[: max(1, at)]
    return word


def number(value: float | None, digits: int = 3) -> str:
    """A number for a narrow cell: `digits` after the point below 100, thinner above; `-` for none."""
    if value is None or value != value:
        return "-"
    size = abs(value)
    if size in (float("inf"),):
        return "inf" if value > 0 else "-inf"
    if size >= 1e7:
        return f"{value:.2e}".replace("e+0", "e").replace("e+", "e")
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.1f}"
    if 0 < size < 10**-digits:
        return f"{value:.0e}".replace("e-0", "e-")
    return f"{value:.{digits}f}"


def count(value: int | None) -> str:
    """A count with thousands: 12,345; 1.2M where that would be long."""
    if value is None:
        return "-"
    if value >= 10_000_000:
        return f"{value / 1e6:,.1f}M"
    return f"{value:,}"


def percent(value: float | None) -> str:
    """A share as a percentage in at most five cells."""
    if value is None or value != value:
        return "-"
    if value == 0 or value >= 0.0995:
        return f"{100 * value:.0f}%"
    return f"{100 * value:.1f}%" if value >= 0.0005 else "<.1%"


def moment(value: datetime | None) -> str:
    """An instant in UTC to the minute."""
    return "-" if value is None else f"{value:%Y-%m-%d %H:%M}"


def joined(parts: Iterable[str], between: str = " · ") -> str:
    """The parts that are not empty."""
    return between.join(part for part in parts if part)


def matches(words: str) -> Callable[[str], bool]:
    """A filter: every word must occur (case does not matter); `!word` must not."""
    wanted = [word.casefold() for word in words.split()]
    yes = [word for word in wanted if not word.startswith("!")]
    no = [word[1:] for word in wanted if word.startswith("!") and len(word) > 1]

    def test(text: str) -> bool:
        text = text.casefold()
        return all(word in text for word in yes) and not any(word in text for word in no)

    return test
