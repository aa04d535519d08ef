"""Lines that are longer than the screen, to be read by scrolling. Used by the help and detail screens."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lifecycle_tui.tui import keys, taking
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.text import Line
from lifecycle_tui.tui.widgets.lines import drawn


class Pager(Guarded, ScrollView, can_focus=True):
    """Shows the lines that a function makes for the width there is.

    Args:
        make: cells → lines; called anew when the width changes or `renew` is called.
    """

    DEFAULT_CSS = "Pager { height: 1fr; scrollbar-size: 0 0; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "by(1)", "scroll down", show=False, id="pager.down"),
        Binding("up,k", "by(-1)", "scroll up", show=False, id="pager.up"),
        Binding("pagedown,space,ctrl+f", "page(1)", "page down", show=False, id="pager.pagedown"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="pager.pageup"),
        *keys.halves("pager"),
        Binding("home", "end(-1)", "to the top", show=False, id="pager.top"),
        Binding("end,G", "end(1)", "to the end", show=False, id="pager.end"),
    ]

    def __init__(self, make: Callable[[int], list[Line]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._make = make
        self._made: list[Line] = []

    def on_resize(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Make the lines again, and repaint those in view that differ."""
        if self.size.width <= 0:
            # Not laid out yet: nothing fits, and the resize that comes makes them.
            return
        before, size = self._made, self.virtual_size
        self._made = self._make(self.size.width)
        self.virtual_size = Size(self.size.width, len(self._made))
        if self.virtual_size.width != size.width or not before:
            self.refresh()
            return
        for y in range(self.size.height):
            at = y + self.scroll_offset.y
            if before[at : at + 1] != self._made[at : at + 1]:
                self.refresh(Region(0, y, self.size.width, 1))

    @property
    def written(self) -> str:
        """All lines as text, also those out of view."""
        return taking.lines(self._made)

    def render_line(self, y: int) -> Strip:
        """One line of the viewport."""
        at = y + self.scroll_offset.y
        line = self._made[at] if at < len(self._made) else ()
        return drawn(line, self.size.width, STYLES[""])

    def _to(self, y: int) -> None:
        most = max(0, len(self._made) - self.size.height)
        self.scroll_to(y=max(0, min(most, y)), animate=False, force=True, immediate=True)

    def action_by(self, lines: int) -> None:
        """Scroll by so many lines."""
        self._to(self.scroll_offset.y + lines)

    def action_page(self, pages: float) -> None:
        """Scroll by so many screenfuls."""
        self._to(self.scroll_offset.y + int(pages * max(2, self.size.height - 1)))

    def action_end(self, direction: int) -> None:
        """Scroll to one of the ends."""
        self._to(0 if direction < 0 else len(self._made))
