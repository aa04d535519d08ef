"""A grid that draws only the lines that are in view, and repaints only those that changed. Used by every screen.

Textual's DataTable measures every row and repaints the whole table for one cell; over SSH that is felt. Here the rows
are the caller's own values: a column is a function from a value to a cell, called for visible rows alone. Rows are
known by key: sorting, filtering and new data leave the cursor on its row.

    grid = Grid([Column("name", "model", 20, lambda m: Cell(m.name))], key=lambda m: m.name)
    grid.show(models)       # again and again; what is equal to before is not drawn again

A list that is too long to hold comes in pages: `paged`.
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

from lifecycle_tui.tui import keys, strips
from lifecycle_tui.tui.cells import Cell as Cell
from lifecycle_tui.tui.cells import Column as Column
from lifecycle_tui.tui.cells import column_at, laid_out
from lifecycle_tui.tui.grid_rows import Held, Order, Rows, settled
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.text import fit, fold

T = TypeVar("T")
CACHED_LINES = 500


class Grid(Guarded, ScrollView, Generic[T], can_focus=True):
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
        *keys.halves("grid"),
        Binding("home", "end(-1)", "first row", show=False, id="grid.first"),
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
        self._held: Held[T] = Held(key, text or key)
        self._rows: Rows[T] = self._held
        self.order = Order()
        self._at: int | None = None
        self._cursor: str | None = None
        self._empty, self._lit = empty, lit
        self._lines: dict[tuple, Strip] = {}
        self._layout: list[tuple[Column[T], int]] = []

    # ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def show(self, rows: Iterable[T], *, empty: str | None = None) -> None:
        """Show these rows, in this order unless a sorting was chosen; repaint the lines that changed.

        The cursor stays on its row, and that row on its line of the screen; where the row is gone, on its neighbour.
        """
        changed = self._held.show(rows)
        self._say_empty(empty)
        self._forget(changed)
        self._arrange(changed)

    def _say_empty(self, empty: str | None) -> None:
        if empty is not None and empty != self._empty:
            self._empty = empty
            self.refresh()

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
        if self.order.sort not in {c.key for c in columns}:
            self.order = self.order._replace(sort=None)
        self._measure()
        self._arrange(set())

    def _arrange(self, changed: set[str]) -> None:
        """Work out which rows show in which order."""
        before = self._in_view()
        self._held.arrange(self.order, self.columns)
        self._settle(None if self._cursor is None else self._rows.place(self._cursor), before, changed)

    def _in_view(self) -> tuple[int, list[str | None]]:
        """How many rows there are, and the keys of those in view."""
        top = self.scroll_offset.y
        return self._rows.total, [self._rows.key_at(line) for line in range(top, top + self.page)]

    def _settle(self, found: int | None, before: tuple[int, list[str | None]], changed: Set[str]) -> None:
        """The rows have changed: place the cursor, and repaint the lines of the screen that differ from before.

        Args:
            found: where the cursor's row is now.
        """
        (had, keys), (total, was, top) = before, (self._rows.total, self._at, self.scroll_offset.y)
        at, to = settled(found, was, top, self.page, total) if total else (None, 0)
        key = None if at is None else self._rows.key_at(at)
        moved = key != self._cursor
        self._at, self._cursor = at, key
        self._resize()
        if to != self.scroll_offset.y:
            self._scroll(y=to)
        if not had or not total or moved:
            self.refresh()
        elif top == self.scroll_offset.y:
            for line, old in enumerate(keys, top):
                new = self._rows.key_at(line)
                if old != new or new in changed or (line in (was, at) and was != at):
                    self._repaint(line)
        if moved:
            self.post_message(self.Moved(self))
        if had != total:
            self.post_message(self.Ordered(self))
        self._point()

    @property
    def row(self) -> T | None:
        """The value that the cursor stands on; None where there is none, or it is not here yet."""
        return None if self._cursor is None else self._rows.row(self._cursor)

    @property
    def rows(self) -> list[T]:
        """The rows as they show, filtered and sorted; of pages those that are here."""
        return self._rows.shown()

    @property
    def place(self) -> str:
        """Where the cursor is: `3/40`, and of how many where a filter hides some."""
        total, whole = self._rows.total, self._rows.whole
        at = 0 if self._at is None else self._at + 1
        return f"{at:,}/{total:,}" + (f" of {whole:,}" if total != whole else "")

    def go(self, key: str) -> None:
        """Put the cursor on the row of this key, if it shows."""
        if (at := self._rows.place(key)) is not None:
            self._to(at)

    # ── sorting and filter ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def filter(self) -> str:
        """The words that rows must match."""
        return self.order.filter

    @filter.setter
    def filter(self, words: str) -> None:
        if words != self.filter:
            self._ordered(self.order._replace(filter=words))

    @property
    def sorting(self) -> str:
        """The chosen column's title; "" for the order in which the rows were given."""
        return next((c.said for c in self.columns if c.key == self.order.sort), "")

    def sort_next(self) -> None:
        """Sort by the next column that shows; after the last one, as the rows were given."""
        keys = [None, *(key for key, _ in self.sortable)]
        at = keys.index(self.order.sort) if self.order.sort in keys else 0
        self.sort_by(keys[(at + 1) % len(keys)])

    def sort_by(self, key: str | None) -> None:
        """Sort by the column of this key; None: as the rows were given."""
        self._ordered(self.order._replace(sort=key, reverse=False))

    @property
    def sortable(self) -> tuple[tuple[str, str], ...]:
        """(key, title) of the columns that show and can be sorted by."""
        return tuple((c.key, c.said) for c, _ in self._layout if c.sort is not None)

    def sort_reverse(self) -> None:
        """Turn the order around."""
        self._ordered(self.order._replace(reverse=not self.order.reverse))

    def _ordered(self, order: Order) -> None:
        self.order = order
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
        if self._at is not None:
            self._reveal(self._at)
        self.call_after_refresh(self._point)

    def _measure(self) -> None:
        """Widths of the columns that show; spare room goes to those that grow."""
        self._layout = laid_out(self.columns, self.size.width, self.GUTTER)
        self._lines.clear()
        self.refresh()

    def _resize(self) -> None:
        # Where nothing is, the two lines that say so.
        wide, high = sum(width + 1 for _, width in self._layout), self._rows.total or 2 * bool(self._empty)
        size = Size(max(self.GUTTER + wide, 1), high + 1)
        if size != self.virtual_size:
            self.virtual_size = size

    # ── drawing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def render_line(self, y: int) -> Strip:
        """One line of the viewport: the header, a row, or nothing."""
        left, top = self.scroll_offset
        wide = self.size.width
        if y == 0:
            titles = strips.header(self._layout, self.GUTTER, self.order.sort, self.order.reverse)
            return titles.crop_extend(left, left + wide, STYLES["head"])
        at = top + y - 1
        key = self._rows.key_at(at)
        if key is not None:
            return self._line(key).crop_extend(left, left + wide, STYLES[""])
        lines = fold(self._empty, wide - 2) if not self._rows.total and self._empty else []
        text = f" {lines[y - 2]}" if 0 <= y - 2 < len(lines) else ">" if at == self._at else ""
        return Strip([Segment(fit(text, wide), STYLES["dim"])], wide)

    def _line(self, key: str) -> Strip:
        cached = (key, key == self._cursor, self.has_focus)
        strip, row = self._lines.get(cached), self._rows.row(key)
        if strip is None and row is not None:
            look = self._look(key)
            strip = self._drawn(row, self._signs(key, look), look)
            if len(self._lines) >= CACHED_LINES:
                self._lines.clear()
            self._lines[cached] = strip
        return strip or Strip([])

    def _drawn(self, row: T, signs: Sequence[tuple[str, Style]], look: Style) -> Strip:
        """A row as a strip; as a rule in the columns."""
        return strips.row(row, self._layout, signs, look)

    def _signs(self, key: str, look: Style) -> Sequence[tuple[str, Style]]:
        """What stands before the first column."""
        return ((">" if key == self._cursor else " ", look),)

    def _look(self, key: str) -> Style:
        """How the whole line of a row looks."""
        return Style(reverse=self.has_focus or self._lit, bold=True) if key == self._cursor else Style()

    def _repaint_rows(self, keys: Set[str]) -> None:
        """Repaint these rows, if they are in view."""
        self._forget(keys)
        for line, key in enumerate(self._in_view()[1], self.scroll_offset.y):
            if key in keys:
                self._repaint(line)

    def _repaint(self, line: int) -> None:
        """Repaint the line of this row number (-1: the header), if it is in view."""
        if 0 <= (y := line - self.scroll_offset.y + 1 if line >= 0 else 0) < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def watch_has_focus(self, focused: bool) -> None:
        """The cursor looks different with and without the focus."""
        super().watch_has_focus(focused)
        if self._at is not None:
            self._repaint(self._at)
        self._point()

    def _point(self) -> None:
        """Park the terminal's own cursor at the row, where screen readers and braille displays look for it."""
        if self.has_focus and self._at is not None:
            y = self._at - self.scroll_offset.y + 1
            self.app.cursor_position = Offset(self.content_region.x, self.content_region.y + y)

    # ── moving ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _to(self, at: int) -> None:
        if not self._rows.total:
            return
        at = max(0, min(self._rows.total - 1, at))
        if at == self._at:
            return
        old, self._at = self._at, at
        self._cursor = self._rows.key_at(at)
        self._reveal(at)
        if old is not None:
            self._repaint(old)
        self._repaint(at)
        self._point()
        self.post_message(self.Moved(self))

    def _reveal(self, at: int) -> None:
        top = self.scroll_offset.y
        if not top <= at < top + self.page:
            self._scroll(y=at if at < top else at - self.page + 1)

    def _scroll(self, *, x: float | None = None, y: float | None = None) -> None:
        self.scroll_to(x=x, y=y, animate=False, force=True, immediate=True)

    def action_move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        if self._at is not None:
            self._to(self._at + rows)

    def action_page(self, pages: float) -> None:
        """Move the cursor by so many screenfuls."""
        self.action_move(int(pages * max(2, self.page - 1)))

    def action_end(self, direction: int) -> None:
        """Move the cursor to the first or last row."""
        self._to(0 if direction < 0 else self._rows.total - 1)

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
            if column is not None and column.key == self.order.sort:
                self.sort_reverse()
            elif column is not None and column.sort is not None:
                self.sort_by(column.key)
            return
        at = event.y - 1 + self.scroll_offset.y
        if at == self._at:
            self.action_choose()
        elif at < self._rows.total:
            self._to(at)
