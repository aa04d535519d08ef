"""A grid over a list that is too long to hold: it has the part that is in view, and what is near. Used by the fleet.

The grid says that it `wants` rows; its owner reads what `view` asks for, off the event loop, and gives the page to
`put`. Until it has come, the rows that are known are painted, and blank lines where none is: no key ever waits.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from lifecycle_tui.tui.cells import Column
from lifecycle_tui.tui.grid_rows import Page, Paged, View
from lifecycle_tui.tui.marking import MarkGrid

T = TypeVar("T")


class PagedGrid(MarkGrid[T]):
    """A grid whose rows come in pages.

    Args:
        wants: called whenever rows are in view, or near, that are not here, or an order or filter asks for others.
        wants_all: called for the keys of all rows that pass the filter; they are given to `mark_all`.
        mark: what a mark on a row is kept as, None for a row that cannot be marked; by default its key.
    """

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        key: Callable[[T], str],
        wants: Callable[[], None],
        wants_all: Callable[[], None],
        mark: Callable[[T], str | None] | None = None,
        id: str | None = None,
    ) -> None:
        super().__init__(columns, key=key, mark=mark, id=id)
        self._pages: Paged[T] = Paged(key, mark or key)
        self._rows = self._pages
        self._wants, self._wants_all = wants, wants_all
        self._going: str | None = None

    @property
    def view(self) -> View:
        """What a page is to answer."""
        key = self._cursor if self._going is None else self._going
        # Before the first layout the screen's height is what will be in view at most.
        lines = self.page if self.size.height else max(1, self.app.size.height)
        return View(self.order, key, self._at, int(self.scroll_offset.y), lines, self.marked)

    def show(self, rows: Iterable[T], *, empty: str | None = None) -> None:
        raise NotImplementedError("the rows of this grid come in pages: `put`")

    def put(self, page: Page[T], *, empty: str | None = None) -> None:
        """Show a page; one that answers an order or filter of before is dropped: a newer one has been asked for."""
        if page.view.order != self.order:
            return
        before = self._in_view()
        changed = self._pages.put(page)
        self._say_empty(empty)
        self._forget(changed)
        gone = set(page.view.marked).difference(page.marked, page.hidden)
        self._settle(self._found(page), before, changed)
        self._mark(self._marked - gone)
        if (page.view.top, page.view.lines) != (int(self.scroll_offset.y), self.page):
            self._look_ahead()  # the view has moved on; where it has not, asking again would bring the same

    def _found(self, page: Page[T]) -> int | None:
        """Where the cursor's row is by now; None where it is gone. It may have moved since the page was asked for."""
        if self._going is not None and self._going == page.view.key:
            going, self._going = self._going, None
            if page.at is not None:
                self._cursor = going
                return page.at
        elif self._cursor is not None and self._cursor == page.view.key:
            return page.at
        known = None if self._cursor is None else self._rows.place(self._cursor)
        return known if known is not None or self._at is None else min(self._at, max(0, page.total - 1))

    def _look_ahead(self) -> None:
        """Ask for rows once half a screenful beside the view is not here."""
        near = max(1, self.page // 2)
        if not self._pages.has(int(self.scroll_offset.y) - near, self.page + 2 * near):
            self._wants()

    def mark_all(self, keys: Iterable[str]) -> None:
        """As `MarkGrid.mark_all`, of keys in order; the next page says how they stand among the others."""
        found = tuple(keys)
        self._pages.marked_in_order(found)
        super().mark_all(found)
        self._wants()

    def _arrange(self, changed: set[str]) -> None:
        self._wants()

    def _to(self, at: int) -> None:
        self._going, top = None, self.scroll_offset.y
        super()._to(at)
        if self._cursor is None and self._rows.total and top == self.scroll_offset.y:
            self._wants()  # a row in view that has not come yet; one that was scrolled to is asked for there

    def go(self, key: str) -> None:
        """Put the cursor on the row of this key, if it shows; where it is not here, once it has come."""
        if self._rows.place(key) is not None:
            super().go(key)
        else:
            self._going = key
            self._wants()

    def reorder(self, more: Hashable) -> None:
        """Something else decides by now which rows there are (see `Order.more`)."""
        if more != self.order.more:
            self._ordered(self.order._replace(more=more))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """By a key or the mouse."""
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._look_ahead()

    def on_resize(self) -> None:
        super().on_resize()
        self._look_ahead()

    def action_mark_all(self) -> None:
        """Mark all rows that pass the filter; where they all are marked already, take their marks away."""
        self._wants_all()
