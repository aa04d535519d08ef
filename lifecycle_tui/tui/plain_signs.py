"""Our signs in ASCII, where a terminal's font lacks others (`marks.plain_glyphs`): dots between facts, arrows, cuts.

Glyphs of states and plots have ASCII of their own, chosen for their meaning; this is for the signs in running text.
They are exchanged as lines are drawn, so that no text that is shown, filtered or exported has to know. Letters of names
from the data are left as they are. The app is made from this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.app import App
from textual.filter import LineFilter

from lifecycle_tui.tui import marks

if TYPE_CHECKING:
    from textual.color import Color

SIGNS = str.maketrans("…·•→←↑↓›»–—−×µ", "~|*><^v>>---xu")
"""One cell for one cell."""


class PlainSigns(LineFilter):
    """Puts ASCII in the place of our signs."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, their texts exchanged."""
        return [Segment(text.translate(SIGNS), style, control) if not text.isascii() else Segment(text, style, control)
                for text, style, control in segments]  # fmt: skip


class Plainly(App[None]):
    """An app that draws in ASCII where that is wanted."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and ours last."""
        found = super().get_line_filters()
        return [*found, _FILTER] if marks.plain_glyphs() else found


_FILTER = PlainSigns()
