"""A list that a pane and a screen show alike: alerts, history. It reads by itself; where that fails its screen says so.

Subclassed by `alert_list` and `history_list`; `part.Holder` is who shows one.
"""

from __future__ import annotations

from textual.containers import Vertical

from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.part import Part


class HeldList(Part, Guarded, Vertical):
    """A part within a part."""

    DEFAULT_CSS = "HeldList { height: 1fr; }"

    def on_unmount(self) -> None:
        self.stop_reading()

    def failed(self, exc: Exception) -> None:
        """The screen's title says so, and it is read again."""
        from lifecycle_tui.tui.screens.base import View

        if self.is_attached and isinstance(self.screen, View):
            self.screen.failed(exc)
