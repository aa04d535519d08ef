"""A grid whose rows can be marked, so that an action applies to all of them at once. Used by the fleet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeVar

from rich.style import Style
from textual.binding import Binding, BindingType

from lifecycle_tui.tui.grid import Grid

T = TypeVar("T")
SIGN = "*"
"""Of a marked row, between the cursor's sign and the first column; the row is bold besides."""


class MarkGrid(Grid[T]):
    """A grid with marks; a mark belongs to a row's key and goes with its row. A filter hides marked rows, no more."""

    GUTTER = 2
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", show=False, id="grid.mark", tooltip="mark the row or take its mark away"),
        Binding("asterisk", "mark_all", "mark all", show=False, id="grid.mark-all",
                tooltip="mark all rows that show, or none"),
    ]  # fmt: skip
    _marked: frozenset[str] = frozenset()

    class Marked(Grid.Moved):
        """Other rows are marked by now."""

    @property
    def marked(self) -> tuple[str, ...]:
        """Keys of the marked rows, as they show; then those that a filter hides."""
        if not self._marked:
            return ()
        shown = [key for key in self._order if key in self._marked]
        return (*shown, *(key for key in self._rows if key in self._marked and key not in self._places))

    @property
    def hidden(self) -> int:
        """How many marked rows the filter hides."""
        return sum(key not in self._places for key in self._marked)

    def show(self, rows: Iterable[T], *, empty: str | None = None) -> None:
        """As `Grid.show`; marks of rows that are gone go with them."""
        super().show(rows, empty=empty)
        if not self._marked <= self._rows.keys():
            self._mark(self._marked & self._rows.keys())

    def unmark(self) -> bool:
        """Take all marks away; whether there were any."""
        had = bool(self._marked)
        self._mark(frozenset())
        return had

    def _mark(self, marked: frozenset[str]) -> None:
        """Have these marked; repaint the lines that differ."""
        changed = marked ^ self._marked
        if changed:
            self._marked = marked
            self._repaint_rows(changed)
            self.post_message(self.Marked(self))

    def _signs(self, key: str, look: Style) -> Sequence[tuple[str, Style]]:
        mark = (SIGN, look + Style(bold=True)) if key in self._marked else (" ", look)
        return (*super()._signs(key, look), mark)

    def _look(self, key: str) -> Style:
        return super()._look(key) + Style(bold=True) if key in self._marked else super()._look(key)

    def action_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go one down."""
        if self._cursor is not None:
            self._mark(self._marked ^ {self._cursor})
            self.action_move(1)

    def action_mark_all(self) -> None:
        """Mark all rows that show; where they all are marked already, take their marks away."""
        shown = frozenset(self._order)
        self._mark(self._marked - shown if shown <= self._marked else self._marked | shown)
