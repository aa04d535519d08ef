"""The filter line: `/`, words, Enter keeps them, Esc drops them. Used by screens with a grid, or with a log.

Textual's Input is imported only when it is first opened. It never blinks: a blinking cursor costs a slow link more
than all else on the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.text import Span
from lifecycle_tui.tui.typing import begin, taken_in
from lifecycle_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.widgets import Input


class Searched(Protocol):
    """What the line writes to: a grid that filters its rows, a log that finds its lines."""

    filter: str

    def action_move(self, rows: int) -> None:
        """Go on by so many rows, or finds."""
        ...


class Prompt(Guarded, Horizontal):
    """Filters a grid while one types; the grid gets the focus back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", "keep the filter", show=False, priority=True, id="filter.keep"),
        Binding("escape", "drop", "drop the filter", show=False, priority=True, id="filter.drop"),
        Binding("down", "move(1)", "next row", show=False, priority=True, id="filter.down"),
        Binding("up", "move(-1)", "previous row", show=False, priority=True, id="filter.up"),
    ]

    def __init__(self) -> None:
        super().__init__(id="prompt", classes="hidden")
        self._grid: Searched | None = None
        self._input: Input | None = None

    async def open(self, grid: Searched) -> None:
        """Show the line with the grid's words so far, and take the focus."""
        self._grid = grid
        if self._input is None:
            from lifecycle_tui.tui.widgets.typed import TypedLine

            self._input = TypedLine()
            label = Lines([(Span("/", "bold"),)])
            label.styles.width = 1
            await self.mount(label, self._input)
        # A word typed behind those that are there is a word of its own.
        self._input.value = f"{grid.filter.rstrip()} " if grid.filter.strip() else ""
        self._input.cursor_position = len(self._input.value)
        self.remove_class("hidden")
        begin(self._input)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter with every letter."""
        event.stop()
        if self._grid is not None and not self.has_class("hidden"):
            self._grid.filter = event.value

    async def action_keep(self) -> None:
        """Back to the grid with the filter on."""
        if self._input is not None and self._grid is not None:
            await taken_in(self._input)
            self._grid.filter = self._input.value
        self._close()

    def action_drop(self) -> None:
        """Back to the grid without a filter."""
        if self._grid is not None:
            self._grid.filter = ""
        self._close()

    def _close(self) -> None:
        self.add_class("hidden")
        if isinstance(self._grid, Widget):
            begin(self._grid)

    def action_move(self, rows: int) -> None:
        """Move in the grid without leaving the line."""
        if self._grid is not None:
            self._grid.action_move(rows)
