"""What a grid is made of: cells, columns, how wide the columns are and in which order the rows come. Called by `grid`.

Pure functions: no widget, no drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cell:
    """What one column shows of one row. The text may hold anything; it is made safe when it is drawn."""

    text: str
    tone: str = ""


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column.

    Attributes:
        width: cells at least; 0 hides the column.
        cell: the row's value as a cell; called for rows in view.
        sort: what to sort by (None values come last); None makes the column no choice for sorting.
        down: sort from the greatest to the smallest.
        right: flush right.
        grow: weight in sharing out spare width, up to `most` cells (0: no limit).
        needs: shown only where the grid is at least so wide; until: only where it is less wide (0: no limit).
        words: its title in a sentence, where the header has a sign.
        value: what an export writes instead of the cell's text, e.g. the number that the cell rounds.
    """

    key: str
    title: str
    width: int
    cell: Callable[[T], Cell]
    sort: Callable[[T], Any] | None = None
    down: bool = False
    right: bool = False
    grow: int = 0
    most: int = 0
    needs: int = 0
    until: int = 0
    words: str = ""
    value: Callable[[T], str | int | float | bool | None] | None = None

    @property
    def said(self) -> str:
        """What to call it outside of its header."""
        return self.words or self.title


def laid_out(columns: Sequence[Column[T]], room: int, gutter: int = 1) -> list[tuple[Column[T], int]]:
    """The columns that show in `room` cells, each with its width; spare room goes to those that grow.

    A column takes its width and one cell between it and the next; the first `gutter` cells of a line are the signs' of
    cursor and mark. They may need more than there is: a grid scrolls sideways.
    """
    shown = [c for c in columns if c.width and c.needs <= room and (room < c.until or not c.until)]
    widths = {c.key: c.width for c in shown}
    spare = room - gutter - sum(widths.values()) - len(shown)
    growing = [c for c in shown if c.grow]
    while spare > 0 and growing:
        weight = sum(c.grow for c in growing)
        given = 0
        for column in list(growing):
            most = column.most - widths[column.key] if column.most else spare
            more = min(max(1, spare * column.grow // weight), most, spare - given)
            widths[column.key] += more
            given += more
            if more == most:
                growing.remove(column)
        if not given:
            break
        spare -= given
    return [(c, widths[c.key]) for c in shown]


def column_at(layout: Sequence[tuple[Column[T], int]], gutter: int, x: int) -> Column[T] | None:
    """The column that the cell `x` of a line belongs to."""
    edge = gutter
    for column, width in layout:
        if edge <= x < edge + width:
            return column
        edge += width + 1
    return None


def arranged(rows: Mapping[str, T], column: Column[T] | None, reverse: bool) -> list[str]:
    """Keys of the rows as a column sorts them, those without a value last; without a column, as they were given."""
    if column is None or column.sort is None:
        found = list(rows)
        return found[::-1] if reverse else found
    sort = column.sort
    known = {key: value for key, row in rows.items() if (value := sort(row)) is not None}
    ordered = sorted(known, key=known.__getitem__, reverse=column.down != reverse)
    return [*ordered, *(key for key in rows if key not in known)]
