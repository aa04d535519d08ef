"""Says on every screen that the file on disk is not what counts: where it is wrong, and what. Nothing while it is fine.

The text is the agent's, from state; the app asks for it with each poll.
"""

from __future__ import annotations

from lifecycle_tui.tui.text import Line, Span, fold
from lifecycle_tui.tui.widgets.lines import Lines

MOST = 2
"""Lines that it may take."""


class Banner(Lines):
    """Some lines in the colour of what is wrong; no line at all while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__(tone="critical", id="banner")
        self.display = False

    def on_mount(self) -> None:
        self.renew()

    def on_resize(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Say what the app knows now."""
        note: str = getattr(self.app, "note", "")
        self.display = bool(note)
        if note:
            lines = fold(note, max(20, (self.size.width or self.app.size.width) - 2))
            shown: list[Line] = [(Span(f" {line}"),) for line in lines[:MOST]]
            if len(lines) > MOST:
                shown[-1] = (*shown[-1], Span(" …"))
            self.show(shown)
