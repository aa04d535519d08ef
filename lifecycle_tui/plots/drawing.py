"""A canvas of characters that each belong to a series; what the taller plots draw on and return.

Layers are drawn one after the other: what comes later covers what was there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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


def text(line: Drawn) -> str:
    """The characters alone."""
    return "".join(run.text for run in line)
