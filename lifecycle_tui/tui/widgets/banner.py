"""Says on every screen what is wrong with the ground it stands on, in one line; nothing while all is well.

What it says is the app's (`banners.told`), renewed with each poll: the worst thing, and how many others there are.
"""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.tui import marks
from lifecycle_tui.tui.banners import Wrong
from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.text import Line, Span, cut, safe, width
from lifecycle_tui.tui.widgets.lines import Lines


class Banner(Lines):
    """One line in the colour of what is wrong; no line at all while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__(tone="critical", id="banner")
        self.display = False

    def on_mount(self) -> None:
        self.renew()

    def on_resize(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Say what the app knows now."""
        wrong: Sequence[Wrong] = getattr(self.app, "wrong", ())
        self.display = bool(wrong)
        if wrong:
            base = STYLES[wrong[0].tone]
            if base != self._base:
                self._base = base
                self.refresh()
            self.show([line(wrong, self.size.width or self.app.size.width)])


def line(wrong: Sequence[Wrong], cells: int) -> Line:
    """The worst one, cut to the width, and how many others there are."""
    worst = wrong[0]
    more = f" +{len(wrong) - 1}: W " if len(wrong) > 1 else " "
    text = cut(safe(worst.text), max(1, cells - width(more) - 3))
    pad = " " * max(0, cells - width(more) - 3 - width(text))
    return (Span(f" {marks.severity(worst.tone).sign()} {text}{pad if len(wrong) > 1 else ''}"), Span(more))
