"""What a dialog at the bottom of the screen is made of, besides bars and forms. Used by the dialog of an action."""

from __future__ import annotations

from lifecycle_tui.tui import keys
from lifecycle_tui.tui.widgets.lines import Footer
from lifecycle_tui.tui.widgets.pager import Pager


class Body(Pager):
    """Lines that take as much room as they need."""

    DEFAULT_CSS = "Body { height: auto; }"

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as there are for this width."""
        return len(self._make(width))

    def renew(self) -> None:
        """Make the lines again; another number of them takes another height."""
        before = len(self._made)
        super().renew()
        self.refresh(layout=len(self._made) != before)


class DialogKeys(Footer):
    """The keys of a dialog; the app's own do not work over it."""

    DEFAULT_CSS = "DialogKeys { height: 1; }"

    def _pairs(self) -> list[tuple[str, str]]:
        return [(key, what) for key, what in (*self._given(), (keys.now("act.help", "?"), "help")) if key]
