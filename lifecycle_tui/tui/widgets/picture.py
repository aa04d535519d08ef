"""Lines made for the room there is, in both directions: plots. Used by the model's panes.

A frame costs only the lines of it that differ from the frame before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.pictures import marked
from lifecycle_tui.tui.text import Line
from lifecycle_tui.tui.widgets.lines import drawn


class Picture(Guarded, Widget):
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


class Plot(Picture, can_focus=True):
    """A picture with a cursor on its windows. Whoever shows it knows which window that is, and moves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "turn(-1)", "a window earlier", show=False, id="plot.left"),
        Binding("right,l", "turn(1)", "a window later", show=False, id="plot.right"),
        Binding("home", "edge(-1)", "the oldest window", show=False, id="plot.first"),
        Binding("end,G", "edge(1)", "the newest window", show=False, id="plot.last"),
        Binding("enter", "choose", "open", show=False, id="plot.open", tooltip="open the window under the cursor"),
    ]

    class Turned(Message):
        """The cursor is to move by so many windows, to the right if positive; or to that end."""

        def __init__(self, plot: Plot, by: int, *, edge: bool = False) -> None:
            super().__init__()
            self.plot, self.by, self.edge = plot, by, edge

        def place(self, here: int, ends: tuple[int, int], count: int) -> int:
            """Where of `count` windows, the oldest first, a cursor at `here` then is; `ends` are those that show."""
            at = ends[self.by > 0] if self.edge else here + self.by
            return max(0, min(at, count - 1))

    class Chosen(Message):
        """Enter was pressed."""

    def renew(self) -> None:
        super().renew()
        self._point()

    def _point(self) -> None:
        """The terminal's own cursor at the window's sign on the axis, where screen readers look for it."""
        found = marked(self._made) if self.has_focus else None
        if found is not None:
            place = self.content_region
            self.app.cursor_position = Offset(place.x + min(found[0], place.width - 1), place.y + found[1])

    def watch_has_focus(self, focused: bool) -> None:
        """The cursor is drawn with the focus alone."""
        super().watch_has_focus(focused)
        self.renew()

    def action_turn(self, by: int) -> None:
        """To another window."""
        self.post_message(self.Turned(self, by))

    def action_edge(self, direction: int) -> None:
        """To the first or the last window that shows."""
        self.post_message(self.Turned(self, direction, edge=True))

    def action_choose(self) -> None:
        """Open the window."""
        self.post_message(self.Chosen())
