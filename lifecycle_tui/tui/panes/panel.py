"""Lines below a list about its cursor's row. They cannot get the focus: the keys stay with the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lifecycle_tui.tui.text import Line
from lifecycle_tui.tui.widgets.pager import Pager


class Panel(Pager, can_focus=False):
    """Draws what it is given, and again only when that changes.

    Args:
        draw: (what was given, cells) → lines.
    """

    DEFAULT_CSS = "Panel { height: 1fr; scrollbar-size: 0 0; }"

    def __init__(self, draw: Callable[[Any, int], list[Line]], *, id: str | None = None) -> None:
        super().__init__(lambda cells: draw(self._given, cells) if cells else [], id=id)
        self._given: Any = None

    def tell(self, given: Any) -> None:
        """Be about this from now on, from its first line."""
        if given != self._given:
            self._given = given
            self.action_end(-1)
            self.renew()
