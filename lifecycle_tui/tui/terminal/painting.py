"""What the terminal shows, cell by cell, and the least that has to be written so that it shows what it should.

    paint = Painting()
    paint.take(update, size, system)        # what is wanted by now: cheap, writes nothing
    text = paint.sequence((column, line))   # "" where nothing differs

Textual writes every line of a widget that is refreshed, with all its colours, several times at the start. Over a slow
line that is felt: 37 KB for a picture of 7. Pure: no clock, no file. Called by `output`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle_tui.tui.terminal.pens import change
from lifecycle_tui.tui.terminal.rows import BLANK, Cell, cells, pieces

if TYPE_CHECKING:
    from rich.color import ColorSystem
    from textual._compositor import CompositorUpdate

GAP = 4
"""Unchanged cells between two that changed which are cheaper to write again than to jump over."""
CLEAR = "\x1b[0m\x1b[2J"
REST = 6
"""Blank cells at the end of a line from which erasing it is shorter."""


LONG = 11
"""Blank cells in a row from which erasing them and going on behind is shorter."""


class Painting:
    """The screen as it is wanted, and as the terminal has it."""

    def __init__(self) -> None:
        self._size = (0, 0)
        self._wanted: list[list[Cell]] = []
        self._shown: list[list[Cell]] = []
        self._dirty: set[int] = set()
        self._clear = True
        self._cursor: tuple[int, int] | None = None

    def forget(self) -> None:
        """The terminal may show anything: after another program, or on the user's word. All is written anew."""
        self._clear, self._cursor = True, None

    def take(self, update: CompositorUpdate, size: tuple[int, int], system: ColorSystem | None) -> None:
        """Take in what Textual wants shown.

        Args:
            size: (columns, lines) of the screen; of another one than before everything is written anew.
        """
        columns, lines = size
        if size != self._size:
            self._size = size
            self._wanted = [[BLANK] * columns for _ in range(lines)]
            self.forget()
        for y, x, strips in pieces(update):
            if not (0 <= y < lines and 0 <= x < columns):
                continue
            found = cells(strips, system)[: columns - x]
            if self._wanted[y][x : x + len(found)] != found:
                _put(self._wanted[y], x, found)
                self._dirty.add(y)

    @property
    def due(self) -> bool:
        """Whether anything may have to be written."""
        return self._clear or bool(self._dirty)

    def sequence(self, cursor: tuple[int, int]) -> str:
        """What to write so that the terminal shows what is wanted, the cursor at (column, line); "" for nothing."""
        out: list[str] = []
        columns, lines = self._size
        if self._clear:
            out.append(CLEAR)
            self._shown = [[BLANK] * columns for _ in range(lines)]
            self._dirty = set(range(lines))
            self._clear = False
        pen = ""
        for y in sorted(self._dirty):
            pen = self._line(y, pen, out)
        self._dirty.clear()
        if pen:
            out.append("\x1b[0m")
        if out or cursor != self._cursor:
            self._cursor = cursor
            out.append(f"\x1b[{cursor[1] + 1};{cursor[0] + 1}H")
        return "".join(out)

    def _line(self, y: int, pen: str, out: list[str]) -> str:
        """Write what differs in a line; the style that is on afterwards."""
        wanted, shown = self._wanted[y], self._shown[y]
        if wanted == shown:
            return pen
        end = len(wanted)
        while end and wanted[end - 1] == BLANK:
            end -= 1
        # All blank from `end` on; written as one order where more than a few cells there are not blank yet.
        erase = sum(cell != BLANK for cell in shown[end:]) > REST
        stop = end if erase else len(wanted)
        x, there = 0, False
        while x < stop:
            if wanted[x] == shown[x]:
                x += 1
                continue
            last = x
            for ahead in range(x + 1, stop):
                if ahead - last > GAP:
                    break
                if wanted[ahead] != shown[ahead]:
                    last = ahead
            while x and not wanted[x][0]:
                x -= 1  # a wide character is written whole
            pen = _run(y, x, wanted[x : last + 1], pen, out, there)
            x, there = last + 1, True
        if erase:
            if pen:
                out.append("\x1b[0m")
            out.append(f"\x1b[{y + 1};{end + 1}H\x1b[K")
            pen = ""
        self._shown[y] = list(wanted)
        return pen


def _blanks(found: list[Cell], at: int) -> int:
    """How many blank cells follow each other from here on."""
    end = at
    while end < len(found) and found[end] == BLANK:
        end += 1
    return end - at


def _put(row: list[Cell], x: int, found: list[Cell]) -> None:
    """Put cells into a row; of a wide character that is cut in two a blank is left, as terminals do it."""
    if x and not row[x][0]:
        row[x - 1] = (" ", row[x - 1][1])
    row[x : x + len(found)] = found
    end = x + len(found)
    if end < len(row) and not row[end][0]:
        row[end] = (" ", row[end][1])


def _run(y: int, x: int, found: list[Cell], pen: str, out: list[str], there: bool) -> str:
    """Write cells from a column on; the style that is on afterwards.

    Args:
        there: the cursor stands somewhere in this line already.
    """
    out.append(f"\x1b[{x + 1}G" if there else f"\x1b[{y + 1};{x + 1}H")
    blank = 0
    for at, (text, look) in enumerate(found, x):
        if blank:
            blank -= 1
            continue
        if text == " " and not look and (blank := _blanks(found, at - x)) > LONG:
            out.append(f"{change(pen, '') if pen else ''}\x1b[{blank}X\x1b[{blank}C")
            pen, blank = "", blank - 1
            continue
        blank = 0
        if look != pen:
            out.append(change(pen, look))
            pen = look
        out.append(text)
        if text and not text.isascii() and not _sure(text):
            # Terminals differ in how wide this is: say where the next cell is.
            out.append(f"\x1b[{at + 2 + (at + 1 - x < len(found) and not found[at + 1 - x][0])}G")
    return pen


def _sure(text: str) -> bool:
    """Whether all terminals give a character one cell: Latin, Greek, Cyrillic, lines, blocks, braille, our signs."""
    at = ord(text[0])
    return len(text) == 1 and (at < 0x300 or 0x370 <= at < 0x530 or 0x2190 <= at < 0x2600 or 0x2800 <= at < 0x2900
                               or 0x2010 <= at < 0x2060 or text in "✓✗")  # fmt: skip
