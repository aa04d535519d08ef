"""Draws a grid's lines: its header, and one row in its columns. Called by `grid` for the lines in view alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from lifecycle_tui.tui.cells import Column
from lifecycle_tui.tui.marks import STYLES, plain_glyphs
from lifecycle_tui.tui.text import fit, safe

T = TypeVar("T")


def header(layout: Sequence[tuple[Column[T], int]], gutter: int, sort: str | None, reverse: bool) -> Strip:
    """The titles, the one that rows are sorted by with an arrow.

    Args:
        gutter: cells before the first column.
        sort: key of that column; reverse: its order was turned around.
    """
    down, up = ("v", "^") if plain_glyphs() else ("↓", "↑")
    pieces = [" " * gutter]
    for column, width in layout:
        title = safe(column.title)
        if column.key == sort:
            title = (down if column.down != reverse else up) + title
        pieces.append(fit(title, width, right=column.right) + " ")
    return Strip([Segment("".join(pieces), STYLES["head"])])


def row(value: T, layout: Sequence[tuple[Column[T], int]], signs: Sequence[tuple[str, Style]], look: Style) -> Strip:
    """One row.

    Args:
        signs: what stands in the cells before the first column.
        look: of the whole line, over the cells' own tones.
    """
    segments = [Segment(sign, style) for sign, style in signs]
    for column, width in layout:
        cell = column.cell(value)
        text = fit(safe(cell.text), width, right=column.right)
        segments.append(Segment(text, STYLES[cell.tone] + look))
        segments.append(Segment(" ", look))
    return Strip(segments)
