"""A grid that draws only the lines that are in view, and repaints only those that changed. Used by every screen.

Textual's DataTable measures every row and repaints the whole table for one cell; over SSH that is felt. Here the rows
are the caller's own values: a column is a function from a value to a cell, called for visible rows alone, so a
thousand models cost a screenful. Rows are known by key: sorting, filtering and new data leave the cursor on its row.

    grid = Grid([Column("name", "model", 20, lambda m: Cell(m.name))], key=lambda m: m.name)
    grid.show(models)       # again and again; what is equal to before is not drawn again
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lifecycle_tui.tui import strips
from lifecycle_tui.tui.cells import Cell as Cell
from lifecycle_tui.tui.cells import Column as Column
from lifecycle_tui.tui.cells import arranged, column_at, laid_out
from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.text import fit, fold, matches

T = TypeVar("T")
CACHED_LINES = 500


class Grid(ScrollView, Generic[T], can_focus=True):
    """Rows of values in columns, with a cursor on a row.

    Args:
        columns: left to right.
        key: a row's identity; equal keys are the same row in a newer state.
        text: what the filter looks in; by default the key.
        empty: what to say where there is no row.
        lit: the cursor looks as with the focus always: the keys come from an input line beside the grid.

    Class attributes:
        GUTTER: cells before the first column; the first of them is the cursor's.
    """

    GUTTER: ClassVar[int] = 1
    DEFAULT_CSS = "Grid { height: 1fr; scrollbar-size: 0 0; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "next row", show=False, id="grid.down"),
        Binding("up,k", "move(-1)", "previous row", show=False, id="grid.up"),
        Binding("pagedown,ctrl+f,space", "page(1)", "page down", show=False, id="grid.pagedown"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="grid.pageup"),
        Binding("home,g", "end(-1)", "first row", show=False, id="grid.first"),
        Binding("end,G", "end(1)", "last row", show=False, id="grid.last"),
        Binding("right,l", "side(8)", "scroll right", show=False, id="grid.right"),
        Binding("left,h", "side(-8)", "scroll left", show=False, id="grid.left"),
        Binding("enter", "choose", "open", show=False, id="grid.open"),
    ]

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, grid: Grid) -> None:
            super().__init__()
            self.grid = grid

        @property
        def control(self) -> Grid:
            """The grid that sent it."""
            return self.grid

    class Chosen(Moved):
        """Enter was pressed on a row, or it was clicked again."""

    class Ordered(Moved):
        """Another sorting, filter or number of rows."""

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        key: Callable[[T], str],
        text: Callable[[T], str] | None = None,
        empty: str = "",
        lit: bool = False,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self._key, self._text = key, text or key
        self._rows: dict[str, T] = {}
        self._order: list[str] = []
        self._places: dict[str, int] = {}
        self._cursor: str | None = None
        self._empty, self._lit = empty, lit
        self._filter, self._reverse = "", False
        self._sort: str | None = None
        self._lines: dict[tuple, Strip] = {}
        self._layout: list[tuple[Column[T], int]] = []

    # ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def show(self, rows: Iterable[T], *, empty: str | None = None) -> None:
        """Show these rows, in this order unless a sorting was chosen; repaint the lines that changed.

        The cursor stays on its row, and that row on its line of the screen; where the row is gone, on its neighbour.
        """
        fresh = {self._key(row): row for row in rows}
        changed = {key for key, row in fresh.items() if self._rows.get(key) != row}
        if empty is not None and empty != self._empty:
            self._empty = empty
            self.refresh()
        self._rows = fresh
        self._forget(changed)
        self._arrange(changed)

    def _forget(self, changed: Set[str]) -> None:
        """These rows look different by now."""
        for cached in [entry for entry in self._lines if entry[0] in changed]:
            del self._lines[cached]

    def redraw(self) -> None:
        """Draw every line anew: something outside of the rows changed what the cells say."""
        self._lines.clear()
        self.refresh()

    def replace(self, columns: Sequence[Column[T]]) -> None:
        """Show other columns."""
        self.columns = tuple(columns)
        if self._sort not in {c.key for c in columns}:
            self._sort = None
        self._measure()
        self._arrange(set())

    def _arrange(self, changed: set[str]) -> None:
        """Work out which rows show in which order, and repaint the lines of the screen that differ from before."""
        before, top = self._order, self.scroll_offset.y
        was_at = self._places.get(self._cursor) if self._cursor is not None else None
        self._order = self._arranged()
        self._places = {key: at for at, key in enumerate(self._order)}
        at = self._places.get(self._cursor) if self._cursor is not None else None
        if at is None and self._order:
            # The row is gone: its neighbour, or the first row at the start.
            at = min(was_at or 0, len(self._order) - 1)
        moved = (None if at is None else self._order[at]) != self._cursor
        self._cursor = None if at is None else self._order[at]
        self._resize()
        if at is not None and was_at is not None and at != was_at and (top or at >= self.page):
            # Keep the cursor's row on its line of the screen; but at the top stay there: what is new comes in there.
            self._scroll(y=max(0, min(top + at - was_at, len(self._order) - self.page)))
        if at is not None:
            self._reveal(at)
        if not before or not self._order or moved:
            self.refresh()
        elif top == self.scroll_offset.y:
            for line in range(top, top + self.page):
                old = before[line] if line < len(before) else None
                new = self._order[line] if line < len(self._order) else None
                if old != new or new in changed:
                    self._repaint(line)
        if moved:
            self.post_message(self.Moved(self))
        if len(before) != len(self._order):
            self.post_message(self.Ordered(self))
        self._point()

    def _arranged(self) -> list[str]:
        rows = self._rows
        if self._filter:
            test = matches(self._filter)
            rows = {key: row for key, row in rows.items() if test(self._text(row))}
        column = next((c for c in self.columns if c.key == self._sort), None)
        return arranged(rows, column, self._reverse)

    @property
    def row(self) -> T | None:
        """The value that the cursor stands on."""
        return None if self._cursor is None else self._rows.get(self._cursor)

    @property
    def rows(self) -> list[T]:
        """The rows as they show: filtered and sorted."""
        return [self._rows[key] for key in self._order]

    @property
    def place(self) -> str:
        """Where the cursor is: `3/40`, and of how many where a filter hides some."""
        total = len(self._rows)
        at = 0 if self._cursor is None else self._places.get(self._cursor, -1) + 1
        return f"{at}/{len(self._order)}" + (f" of {total}" if len(self._order) != total else "")

    def go(self, key: str) -> None:
        """Put the cursor on the row of this key, if it shows."""
        if key in self._places:
            self._to(self._places[key])

    # ── sorting and filter ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def filter(self) -> str:
        """The words that rows must match."""
        return self._filter

    @filter.setter
    def filter(self, words: str) -> None:
        if words != self._filter:
            self._filter = words
            self._arrange(set())
            self.post_message(self.Ordered(self))

    @property
    def sorting(self) -> str:
        """The chosen column's title; "" for the order in which the rows were given."""
        return next((c.said for c in self.columns if c.key == self._sort), "")

    def sort_next(self) -> None:
        """Sort by the next column that shows; after the last one, as the rows were given."""
        keys = [None, *(key for key, _ in self.sortable)]
        at = keys.index(self._sort) if self._sort in keys else 0
        self.sort_by(keys[(at + 1) % len(keys)])

    def sort_by(self, key: str | None) -> None:
        """Sort by the column of this key; None: as the rows were given."""
        self._sort, self._reverse = key, False
        self._resorted()

    @property
    def sortable(self) -> tuple[tuple[str, str], ...]:
        """(key, title) of the columns that show and can be sorted by."""
        return tuple((c.key, c.said) for c, _ in self._layout if c.sort is not None)

    def sort_reverse(self) -> None:
        """Turn the order around."""
        self._reverse = not self._reverse
        self._resorted()

    def _resorted(self) -> None:
        self._arrange(set())
        self._repaint(-1)
        self.post_message(self.Ordered(self))

    # ── layout ────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def page(self) -> int:
        """Rows that fit below the header."""
        return max(1, self.size.height - 1)

    def on_resize(self) -> None:
        self._measure()
        self._resize()
        if self._cursor is not None:
            self._reveal(self._places[self._cursor])
        self.call_after_refresh(self._point)

    def _measure(self) -> None:
        """Widths of the columns that show; spare room goes to those that grow."""
        self._layout = laid_out(self.columns, self.size.width, self.GUTTER)
        self._lines.clear()
        self.refresh()

    def _resize(self) -> None:
        wide = self.GUTTER + sum(width + 1 for _, width in self._layout)
        # Where nothing is, the two lines that say so.
        size = Size(max(wide, 1), (len(self._order) or 2 * bool(self._empty)) + 1)
        if size != self.virtual_size:
            self.virtual_size = size

    # ── drawing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def render_line(self, y: int) -> Strip:
        """One line of the viewport: the header, a row, or nothing."""
        left, top = self.scroll_offset
        wide = self.size.width
        if y == 0:
            titles = strips.header(self._layout, self.GUTTER, self._sort, self._reverse)
            return titles.crop_extend(left, left + wide, STYLES["head"])
        at = top + y - 1
        if at >= len(self._order):
            lines = fold(self._empty, wide - 2) if not self._order and self._empty else []
            text = f" {lines[y - 2]}" if 0 <= y - 2 < len(lines) else ""
            return Strip([Segment(fit(text, wide), STYLES["dim"])], wide)
        return self._line(self._order[at]).crop_extend(left, left + wide, STYLES[""])

    def _line(self, key: str) -> Strip:
        cached = (key, key == self._cursor, self.has_focus)
        strip = self._lines.get(cached)
        if strip is None:
            look = self._look(key)
            strip = strips.row(self._rows[key], self._layout, self._signs(key, look), look)
            if len(self._lines) >= CACHED_LINES:
                self._lines.clear()
            self._lines[cached] = strip
        return strip

    def _signs(self, key: str, look: Style) -> Sequence[tuple[str, Style]]:
        """What stands before the first column."""
        return ((">" if key == self._cursor else " ", look),)

    def _look(self, key: str) -> Style:
        """How the whole line of a row looks."""
        return Style(reverse=self.has_focus or self._lit, bold=True) if key == self._cursor else Style()

    def _repaint_rows(self, keys: Set[str]) -> None:
        """Repaint these rows, if they are in view."""
        self._forget(keys)
        for line in range(self.scroll_offset.y, self.scroll_offset.y + self.page):
            if line < len(self._order) and self._order[line] in keys:
                self._repaint(line)

    def _repaint(self, line: int) -> None:
        """Repaint the line of this row number (-1: the header), if it is in view."""
        y = line - self.scroll_offset.y + 1 if line >= 0 else 0
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def watch_has_focus(self, focused: bool) -> None:
        """The cursor looks different with and without the focus."""
        super().watch_has_focus(focused)
        if self._cursor is not None and self._cursor in self._places:
            self._repaint(self._places[self._cursor])
        self._point()

    def _point(self) -> None:
        """Park the terminal's own cursor at the row, where screen readers and braille displays look for it."""
        if self.has_focus and self._cursor in self._places:
            y = self._places[self._cursor] - self.scroll_offset.y + 1
            self.app.cursor_position = Offset(self.content_region.x, self.content_region.y + y)

    # ── moving ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _to(self, at: int) -> None:
        if not self._order:
            return
        at = max(0, min(len(self._order) - 1, at))
        old = self._places.get(self._cursor, -1) if self._cursor is not None else -1
        if at == old:
            return
        self._cursor = self._order[at]
        self._reveal(at)
        if old >= 0:
            self._repaint(old)
        self._repaint(at)
        self._point()
        self.post_message(self.Moved(self))

    def _reveal(self, at: int) -> None:
        top = self.scroll_offset.y
        if at < top:
            self._scroll(y=at)
        elif at >= top + self.page:
            self._scroll(y=at - self.page + 1)

    def _scroll(self, *, x: float | None = None, y: float | None = None) -> None:
        self.scroll_to(x=x, y=y, animate=False, force=True, immediate=True)

    def action_move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        if self._cursor is not None:
            self._to(self._places[self._cursor] + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by so many screenfuls."""
        self.action_move(pages * max(1, self.page - 1))

    def action_end(self, direction: int) -> None:
        """Move the cursor to the first or last row."""
        self._to(0 if direction < 0 else len(self._order) - 1)

    def action_side(self, cells: int) -> None:
        """Scroll sideways, where the columns do not fit."""
        if self.virtual_size.width > self.size.width:
            self._scroll(x=max(0, self.scroll_offset.x + cells))

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self._cursor is not None:
            self.post_message(self.Chosen(self))

    def on_click(self, event: events.Click) -> None:
        """A click selects a row; on the selected row it opens it; on the header it sorts by that column."""
        event.stop()
        if event.y == 0:
            column = column_at(self._layout, self.GUTTER, event.x + self.scroll_offset.x)
            if column is not None and column.key == self._sort:
                self.sort_reverse()
            elif column is not None and column.sort is not None:
                self.sort_by(column.key)
            return
        at = event.y - 1 + self.scroll_offset.y
        if at < len(self._order):
            if self._order[at] == self._cursor:
                self.action_choose()
            else:
                self._to(at)
