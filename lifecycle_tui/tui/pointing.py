"""The terminal's own cursor, which screen readers and braille displays follow, where the widget with the focus has its.

Widgets park it when their cursor moves; where one comes to stand when the layout changes (a resize, a dialog below, a
line that opens) none is told. So it is asked for whenever it is written. The app is made from this.
"""

from __future__ import annotations

from textual.app import App
from textual.geometry import Offset


class Pointing(App[None]):
    """An app whose cursor follows the focus.

    A widget with a cursor of its own has `_point()`, which sets `cursor_position`; a line to type into is Textual's.
    """

    _pointed = Offset(0, 0)

    @property
    def cursor_position(self) -> Offset:
        """Column and line. Of a text, a list without rows and a dialog it is where they begin."""
        if not self._screen_stack:
            return self._pointed
        focused = self.focused
        if focused is None or not focused.is_attached:
            upper = next(iter(self.screen.children), None)
            self._pointed = self._pointed if upper is None else upper.region.offset
            return self._pointed
        self._pointed = focused.content_region.offset
        if (point := getattr(focused, "_point", None)) is not None:
            point()
        elif (typed := _typed(focused)) is not None:
            self._pointed = typed
        return self._pointed

    @cursor_position.setter
    def cursor_position(self, at: Offset) -> None:
        self._pointed = at


def _typed(widget: object) -> Offset | None:
    """The cell of an Input's cursor, which is not imported here; Textual itself says the one after it at the end."""
    at = getattr(widget, "cursor_screen_offset", None)
    return Offset(at.x - widget.cursor_at_end, at.y) if isinstance(at, Offset) else None  # type: ignore[attr-defined]
