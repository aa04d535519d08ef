"""Pieces of text output that several commands share: small histograms, counts in words, verdicts, numbers.

Called by `drift`, `check` and others that print for people. Nothing here prints; standard library only, because
start-up time of these commands is measured.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from textwrap import wrap
from typing import TextIO

from lifecycle_tui.output import plain, style, utf8
from lifecycle_tui.plots import histogram_pair

MARKS = {"ok": "✓", "drifted": "!", "cannot-tell": "?", "unknown": "?", "error": "×"}
ASCII_MARKS = {"ok": "+", "drifted": "!", "cannot-tell": "?", "unknown": "?", "error": "x"}
COLOURS = {"ok": "green", "drifted": "red", "cannot-tell": "yellow", "unknown": "dim", "error": "red"}


def blocks(stream: TextIO | None = None) -> bool:
    """Whether the stream can show block characters: only where its encoding is UTF-8."""
    return utf8(stream or sys.stdout)


def picture(
    reference: Sequence[int], window: Sequence[int], titles: tuple[str, str], axis: str, *, cells: int = 16
) -> list[str]:
    """Two histograms over the same bins, the reference above, with their titles and what the bins are."""
    ascii_only = not blocks()
    above, below = histogram_pair(reference, window, cells, ascii_only=ascii_only)
    side = "|" if ascii_only else "│"
    width = max(len(title) for title in titles)
    return [f"{titles[0]:<{width}} {side}{above}{side} {axis}", f"{titles[1]:<{width}} {side}{below}{side}"]


def axis(names: Sequence[str], edges: Sequence[float] = ()) -> str:
    """What the bins of a histogram are: the range of a number, the first labels of a category."""
    if edges:
        dash = "–" if blocks() else "to"
        # Bins of one whole number each end with a number that is in none of them.
        whole = all(float(edge).is_integer() for edge in edges) and len({b - a for a, b in pairwise(edges)}) == 1
        last = edges[-1] - 1 if whole and edges[1] - edges[0] == 1 else edges[-1]
        return number(last) if last == edges[0] else f"{number(edges[0])} {dash} {number(last)}"
    return clipped(", ".join(names), 44)


def counted(n: int, word: str, words: str | None = None) -> str:
    """`1 column`, `1,234 columns`, `2 boxes`."""
    return f"{n:,} {word if n == 1 else words or word + 's'}"


def number(value: float | None, digits: int = 3) -> str:
    """A number for people: so many significant digits, no exponent between a thousandth and a million."""
    if value is None or value != value:
        return "-"
    if value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e6:
        text = f"{value:.{digits}g}"
        return text if "e" not in text else f"{value:,.0f}"
    return f"{value:.{digits}g}"


def chance(p: float | None) -> str:
    """A p-value: `p = 0.012`, `p < 0.0001`; "" where there is none."""
    if p is None or p != p:
        return ""
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def percent(share: float) -> str:
    """`25 %`; a share that is neither none nor all never rounds to either."""
    if 0 < share < 0.01:
        return "< 1 %"
    if 0.99 < share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def some(names: Iterable[str], width: int = 70) -> str:
    """Names with commas, as many as fit, and how many more there are. Safe for a terminal."""
    every = [clipped(name, width) for name in names]
    out = ""
    for i, name in enumerate(every):
        longer = f"{out}, {name}" if out else name
        if len(longer) > width and out:
            return f"{out} and {len(every) - i:,} more"
        out = longer
    return out


def mark(state: str, stream: TextIO | None = None) -> str:
    """One character for a signal's state, coloured where the stream shows colours."""
    marks = MARKS if blocks(stream) else ASCII_MARKS
    return style(marks.get(state, "?"), COLOURS.get(state, "dim"), stream=stream)


def verdict(text: str, state: str, stream: TextIO | None = None) -> str:
    """The line that a person reads first, in bold and the state's colour."""
    return style(text, "bold", COLOURS.get(state, "dim"), stream=stream)


def room() -> int:
    """Cells of a line of text: the terminal's, at most 120; 79 where there is none, so that 80 columns never wrap."""
    from shutil import get_terminal_size

    return max(40, min(get_terminal_size((80, 24)).columns, 120) - 1)


def folded(text: str, indent: int = 0, *, hang: int | None = None, most: int = 3) -> list[str]:
    """`text`, safe for a terminal, in lines that do not wrap; at most `most`, what is cut off shows as `…`.

    Args:
        indent: blanks before the first line; hang: before the others (the same and two more where not given).
    """
    before, after = " " * indent, " " * (indent + 2 if hang is None else hang)
    wide = room()
    shown = clipped(text, wide * most)
    lines = wrap(shown, wide, initial_indent=before, subsequent_indent=after, break_on_hyphens=False)
    if len(lines) > most:
        lines = [*lines[: most - 1], clipped(" ".join(line.strip() for line in lines[most - 1 :]), wide - len(after))]
        lines[-1] = after + lines[-1]
    return lines


def clipped(text: str, width: int) -> str:
    """`text` in at most `width` characters, safe for a terminal; what is cut off shows as `…`, `~` without UTF-8."""
    shown = plain(text)
    end = "…" if blocks() else "~"
    return shown if len(shown) <= width else shown[: width - 1] + end
