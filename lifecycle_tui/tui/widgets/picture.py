"""Lines made for the room there is, in both directions: plots. Used by the model's panes.

A frame costs only the lines of it that differ from the frame before.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.text import Line
from lifecycle_tui.tui.widgets.lines import drawn


class Picture(Widget):
    """Shows the lines that a function makes for the cells and rows there are.

    Args:
        make: (cells, rows) → lines; called anew when the size changes or `renew` is called.
    """

    DEFAULT_CSS = "Picture { width: 1fr; height: 1fr; }"

    def __init__(self, make: Callable[[int, int], list[Line]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._make = make
        self._made: list[Line] = []

    def on_resize(self) -> None:
        self._made = self._fresh()
        self.refresh()

    def renew(self) -> None:
        """Make the lines again, and repaint those that differ."""
        if not self.display:
            return
        before, self._made = self._made, self._fresh()
        for y in range(self.size.height):
            if before[y : y + 1] != self._made[y : y + 1]:
                self.refresh(Region(0, y, self.size.width, 1))

    def _fresh(self) -> list[Line]:
        cells, rows = self.size
        return self._make(cells, rows)[:rows] if cells > 0 and rows > 0 else []

    def render_line(self, y: int) -> Strip:
        """One line."""
        return drawn(self._made[y] if y < len(self._made) else (), self.size.width, STYLES[""])
