"""A canvas of characters that each belong to a series; what the taller plots draw on and return.

Layers are drawn one after the other: what comes later covers what was there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring characters of one series; "" is empty room."""

    text: str
    series: str = ""


Drawn = tuple[Run, ...]
"""One line."""


class Canvas:
    """Characters in rows, one cell each."""

    def __init__(self, cells: int, rows: int) -> None:
        self.cells, self.rows = max(0, cells), max(0, rows)
        self._chars = [[" "] * self.cells for _ in range(self.rows)]
        self._series = [[""] * self.cells for _ in range(self.rows)]

    def put(self, x: int, y: int, text: str, series: str) -> None:
        """Write characters from this cell to the right; what lies outside is left out."""
        if not 0 <= y < self.rows:
            return
        for at, char in enumerate(text, x):
            if 0 <= at < self.cells:
                self._chars[y][at], self._series[y][at] = char, series

    def empty(self, x: int, y: int, wide: int = 1) -> bool:
        """Whether nothing was written there yet."""
        return all(series == "" for series in self._series[y][max(0, x) : max(0, x + wide)])

    def lines(self) -> list[Drawn]:
        """The rows as runs."""
        return [_runs(zip(chars, series, strict=True)) for chars, series in zip(self._chars, self._series, strict=True)]


def _runs(cells: Iterable[tuple[str, str]]) -> Drawn:
    runs: list[Run] = []
    for char, series in cells:
        if runs and (runs[-1].series == series):
            runs[-1] = Run(runs[-1].text + char, series)
        else:
            runs.append(Run(char, series))
    return tuple(runs)


Glyphs = Literal["braille", "block", "ascii"]
"""What dots are drawn with: braille patterns, quarters of a block where a font lacks them, or letters and signs."""
SHAPES: dict[str, tuple[int, int]] = {"braille": (2, 4), "block": (2, 2), "ascii": (1, 1)}
"""Dots of a cell: columns and rows."""

DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Braille bits of a cell by column and row."""
QUARTERS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""By upper left (1), upper right (2), lower left (4), lower right (8)."""


def put_dots(
    canvas: Canvas, left: int, dots: Iterable[tuple[int, int]], series: str, glyphs: Glyphs = "braille", sign: str = ""
) -> None:
    """Dots (from the cell `left` on, `SHAPES` of them a cell) as characters; a cell takes its last series whole.

    Args:
        sign: stands in every cell that has a dot instead; in ASCII it must be given.
    """
    wide, tall = SHAPES[glyphs]
    cells: dict[tuple[int, int], int] = {}
    for x, y in dots:
        at = (x // wide, y // tall)
        bit = DOTS[x % 2][y % 4] if glyphs == "braille" else 1 << (y % tall * 2 + x % wide)
        cells[at] = cells.get(at, 0) | bit
    for (x, y), bits in cells.items():
        drawn = sign or (chr(0x2800 + bits) if glyphs == "braille" else QUARTERS[bits])
        canvas.put(left + x, y, drawn, series)


def stroke(x0: int, y0: int, x1: int, y1: int) -> set[tuple[int, int]]:
    """The dots between two points, both included (Bresenham's line, by its longer side)."""
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    return {(x0 + round((x1 - x0) * n / steps), y0 + round((y1 - y0) * n / steps)) for n in range(steps + 1)}


def text(line: Drawn) -> str:
    """The characters alone."""
    return "".join(run.text for run in line)
