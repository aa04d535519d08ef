"""A grid whose rows can be marked, so that an action applies to all of them at once. Used by fleet and alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeVar

from rich.style import Style
from textual.binding import Binding, BindingType

from lifecycle_tui.tui.cells import Column
from lifecycle_tui.tui.grid import Grid

T = TypeVar("T")
SIGN = "*"
"""Of a marked row, between the cursor's sign and the first column; the row is bold besides."""


class MarkGrid(Grid[T]):
    """A grid with marks; a mark belongs to a row's key and goes with its row. A filter hides marked rows, no more.

    Args:
        mark: what a mark on a row is kept as, None for a row that cannot be marked; by default its key.
    """

    GUTTER = 2
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", show=False, id="grid.mark", tooltip="mark the row or take its mark away"),
        Binding("asterisk", "mark_all", "mark all", show=False, id="grid.mark-all",
                tooltip="mark all rows that pass the filter, or none"),
    ]  # fmt: skip

    class Marked(Grid.Moved):
        """Other rows are marked by now."""

    def __init__(
        self,
        columns: Sequence[Column[T]],
        *,
        key: Callable[[T], str],
        mark: Callable[[T], str | None] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(columns, key=key, **more)
        self._mark_of = mark or key
        self._marked: frozenset[str] = frozenset()

    @property
    def marked(self) -> tuple[str, ...]:
        """Keys of the marked rows, as they show; then those that a filter hides."""
        if not self._marked:
            return ()
        shown, hidden = self._rows.sorted(self._marked)
        return (*shown, *hidden)

    @property
    def hidden(self) -> int:
        """How many marked rows the filter hides."""
        return len(self._rows.sorted(self._marked)[1]) if self._marked else 0

    def show(self, rows: Iterable[T], *, empty: str | None = None) -> None:
        """As `Grid.show`; marks of rows that are gone go with them."""
        super().show(rows, empty=empty)
        if self._marked:
            shown, hidden = self._rows.sorted(self._marked)
            self._mark(self._marked & {*shown, *hidden})

    def unmark(self) -> bool:
        """Take all marks away; whether there were any."""
        had = bool(self._marked)
        self._mark(frozenset())
        return had

    def mark_all(self, keys: Iterable[str]) -> None:
        """Mark these; where they all are marked already, take their marks away."""
        shown = frozenset(keys)
        self._mark(self._marked - shown if shown <= self._marked else self._marked | shown)

    def _mark(self, marked: frozenset[str]) -> None:
        """Have these marked; repaint the lines that differ."""
        changed = marked ^ self._marked
        if changed:
            self._marked = marked
            self._repaint_rows({key for key in self._in_view()[1] if key is not None and self._sign_of(key) in changed})
            self.post_message(self.Marked(self))

    def _sign_of(self, key: str) -> str | None:
        """What a mark on the row of this key is kept as."""
        row = self._rows.row(key)
        return None if row is None else self._mark_of(row)

    def _signs(self, key: str, look: Style) -> Sequence[tuple[str, Style]]:
        mark = (SIGN, look + Style(bold=True)) if self._sign_of(key) in self._marked else (" ", look)
        return (*super()._signs(key, look), mark)

    def _look(self, key: str) -> Style:
        return super()._look(key) + Style(bold=True) if self._sign_of(key) in self._marked else super()._look(key)

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go one down."""
        mark = None if self._cursor is None else self._sign_of(self._cursor)
        if mark is not None:
            self._mark(self._marked ^ {mark})
        self.action_move(1)

    def action_mark_all(self) -> None:
        """Mark all rows that show; where they all are marked already, take their marks away."""
        self.mark_all(key for row in self._rows.shown() if (key := self._mark_of(row)) is not None)
