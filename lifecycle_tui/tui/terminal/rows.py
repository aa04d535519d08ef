"""Textual's updates as rows of cells. Called by `painting`; pure.

A cell is (text, style codes). A wide character stands in its first cell, its second one holds ("", codes); combining
characters stand with the one that they change. No control character comes through, whatever a widget let pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import get_character_cell_size
from textual._compositor import ChopsUpdate, LayoutUpdate

if TYPE_CHECKING:
    from rich.color import ColorSystem
    from rich.style import Style
    from textual._compositor import CompositorUpdate
    from textual.strip import Strip

Cell = tuple[str, str]
BLANK: Cell = (" ", "")
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of a line around, so that it says something else than it does."""
CONTROL = "\N{REPLACEMENT CHARACTER}"
"""In place of a character that would command the terminal."""


@lru_cache(2048)
def codes(style: Style | None, system: ColorSystem | None) -> str:
    """The parameters of SGR that switch a style on, "1;31"; "" for none. Links are no part of it."""
    if not style:
        return ""
    if style.link:
        style = style.update_link(None)
    opened = style.render("\0", color_system=system).partition("\0")[0] if system is not None else _plain(style)
    return opened.removeprefix("\x1b[").removesuffix("m")


def _plain(style: Style) -> str:
    """The attributes alone, where there are no colours."""
    from rich.color import ColorSystem

    return style.without_color.render("\0", color_system=ColorSystem.STANDARD).partition("\0")[0]


def cells(strips: Iterable[Strip], system: ColorSystem | None) -> list[Cell]:
    """Strips that follow each other, as cells."""
    out: list[Cell] = []
    for strip in strips:
        for text, style, control in strip:
            if control or not text:
                continue
            look = codes(style, system)
            if text.isascii() and text.isprintable():
                out += [(char, look) for char in text]
                continue
            for char in text:
                _add(out, char, look)
    return out


def _add(out: list[Cell], char: str, look: str) -> None:
    """A character that may be wide, combining or a control."""
    if char < " " or "\x7f" <= char <= "\x9f" or char in TURNING:
        out.append((CONTROL, look))
        return
    wide = get_character_cell_size(char)
    if wide:
        out.append((char, look))
        if wide > 1:
            out.append(("", look))
    elif out:
        at = -1 if out[-1][0] else -2  # the wide character that it belongs to stands one cell before
        if len(out) >= -at:
            out[at] = (out[at][0] + char, out[at][1])


def pieces(update: CompositorUpdate) -> Iterator[tuple[int, int, Sequence[Strip]]]:
    """(line, column, strips) of an update: where what is written anew."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield y, update.region.x, list(strips)
    elif isinstance(update, ChopsUpdate):
        for y, left, right in update.spans:
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is None or x >= right or end <= left:
                    continue
                start, stop = max(x, left), min(end, right)
                part = strip if (start, stop) == (x, end) else strip.crop(start - x, stop - x)
                yield y, start, [part]
