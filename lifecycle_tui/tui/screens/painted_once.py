"""A screen that paints once where Textual would twice. Made into `View`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.screen import Screen

    _Base = Screen[None]
else:
    _Base = object


class PaintedOnce(_Base):
    """Textual paints what a new layout moved, and then, where all is to be painted anew, that again: once will do."""

    _laying = False

    def _on_timer_update(self) -> None:
        self._laying = self._layout_required and self._repaint_required
        try:
            super()._on_timer_update()
        finally:
            self._laying = False

    def _compositor_refresh(self) -> None:
        if not (self._laying and self._repaint_required):
            super()._compositor_refresh()
