"""What a screen shows, as text that is stored and compared: characters, and below them the style of each run of cells.

A stored snapshot is a small file that a person can read in a diff. Called by test_tui_snapshots.py; with
SNAPSHOTS=update in the environment what shows now is stored.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from itertools import groupby
from pathlib import Path

from rich.style import Style
from textual.pilot import Pilot

from lifecycle_tui.tui.text import width

STORED = Path(__file__).parent / "snapshots"
ATTRIBUTES = ("bold", "dim", "italic", "underline", "blink", "reverse", "strike")


@dataclass(frozen=True)
class Cells:
    """A run of cells of one style: its text, and the words that say its style."""

    text: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Shot:
    """A screen as it shows: its size in cells, its lines as runs of cells."""

    size: tuple[int, int]
    lines: tuple[tuple[Cells, ...], ...]

    def rows(self) -> list[str]:
        """The characters of each line, to its full width."""
        return ["".join(cells.text for cells in line) for line in self.lines]

    def at(self, x: int, y: int) -> Cells:
        """The run of cells that covers a place."""
        for cells in self.lines[y]:
            x -= width(cells.text)
            if x < 0:
                return cells
        raise IndexError(f"line {y} ends before")

    def words(self) -> set[str]:
        """All style words that occur."""
        return {word for line in self.lines for cells in line for word in cells.words}

    def text(self) -> str:
        """What is stored: characters without the blanks at the end of a line, then styles without plain ends."""
        styles: list[str] = []
        numbered = [(n, _runs(line)) for n, line in enumerate(self.lines)]
        for said, group in groupby(numbered, key=lambda found: found[1]):
            at = [n for n, _ in group]
            if said:
                styles.append(f"{at[0]}{f'-{at[-1]}' if len(at) > 1 else ''}: {said}")
        return "\n".join(row.rstrip() for row in self.rows()) + "\n\n" + "\n".join(styles) + "\n"


def _runs(line: Iterable[Cells]) -> str:
    runs = [
        [words, sum(width(cells.text) for cells in group)]
        for words, group in groupby(line, key=lambda cells: cells.words)
    ]
    while runs and not runs[-1][0]:
        runs.pop()
    return " ".join(f"{'+'.join(words) or 'plain'}×{count}" for words, count in runs)  # type: ignore[arg-type]


def style_words(style: Style | None) -> tuple[str, ...]:
    """A style as words: attributes, the colour, the background as `on-colour`; none where it is the terminal's own."""
    if style is None:
        return ()
    found = [name for name in ATTRIBUTES if getattr(style, name)]
    for prefix, color in (("", style.color), ("on-", style.bgcolor)):
        if color is not None and not color.is_default:
            found.append(prefix + color.name.replace(" ", ""))
    return tuple(found)


def shot(pilot: Pilot) -> Shot:
    """The screen on top as it is now."""
    screen = pilot.app.screen
    strips = screen._compositor.render_strips()
    lines = tuple(tuple(Cells(s.text, style_words(s.style)) for s in strip if s.text) for strip in strips)
    return Shot((screen.size.width, screen.size.height), lines)


def compare(name: str, found: Shot, hidden: Mapping[str, str]) -> str:
    """How it differs from what is stored under `name` at this size; empty where it does not.

    Args:
        hidden: patterns of what differs from run to run, and what is stored in its place.
    """
    path = STORED / f"{name}.{found.size[0]}x{found.size[1]}.txt"
    text = found.text()
    for pattern, instead in hidden.items():
        text = re.sub(pattern, instead, text)
    if os.environ.get("SNAPSHOTS") == "update":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return ""
    if not path.exists():
        return f"{path.name} is not stored; SNAPSHOTS=update stores it"
    return difference(f"stored {path.name}", path.read_text(encoding="utf-8"), "now", text)


def difference(before: str, was: str, after: str, now: str) -> str:
    """The lines that differ, as diff shows them; empty where none does."""
    return "\n".join(unified_diff(was.splitlines(), now.splitlines(), before, after, lineterm="", n=0))
