"""Lines of text in tones, cut to the width: titles, footers, status lines. Used by every screen.

A Static would interpret markup in names and costs a layout for each change; these lines are spans, never markup, and
repaint nothing when they say the same as before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from lifecycle_tui.tui import keys
from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.text import Line, Span, cut, safe, width

ENOUGH = 6
"""Keys of a footer that its last word, on the agent, makes room for."""


class Lines(Widget):
    """Some lines of spans.

    Args:
        tone: of the whole line, under the spans' own.
    """

    DEFAULT_CSS = "Lines { height: auto; width: 1fr; }"

    def __init__(self, lines: Sequence[Line] = (), *, tone: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[Line, ...] = tuple(lines)
        self._base = STYLES[tone]

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines; a different number of them lays the screen out anew."""
        fresh = tuple(lines)
        if fresh == self._shown:
            return
        layout = len(fresh) != len(self._shown)
        self._shown = fresh
        self.refresh(layout=layout)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as there are."""
        return len(self._shown)

    def render_line(self, y: int) -> Strip:
        """One line, cut to the widget's width."""
        line = self._shown[y] if y < len(self._shown) else ()
        return drawn(line, self.size.width, self._base)


class Bar(Lines):
    """One line with something at its right end."""

    DEFAULT_CSS = "Bar { height: 1; }"

    def __init__(self, *, tone: str = "", id: str | None = None) -> None:
        super().__init__(tone=tone, id=id)
        self._right: Line = ()

    def say(self, left: Line, right: Line = ()) -> None:
        """Show `left`, and `right` flush with the right edge; where both do not fit, the left one is cut."""
        if (left, right) == ((*self._shown, ())[0], self._right):
            return
        self._shown, self._right = (left,), right
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        wide = self.size.width
        left = self._shown[0] if self._shown else ()
        right = drawn(self._right, min(wide, sum(width(safe(s.text)) for s in self._right)), self._base)
        return Strip.join([drawn(left, wide - right.cell_length, self._base), right])


class Footer(Lines):
    """The likely next keys, and at its end the agent. Where both do not fit, the first keys win, unless it is urgent.

    Args:
        pairs: gives (key, what), the likeliest first; the way back last.
        common: whether the app's own keys, palette and help, follow.
    """

    DEFAULT_CSS = "Footer { height: 1; }"

    def __init__(self, pairs: Callable[[], Sequence[tuple[str, str]]], *, common: bool = True) -> None:
        super().__init__(tone="dim")
        self._given, self._common = pairs, common
        self._last: object = None

    def renew(self) -> None:
        """Draw it again if it says something else by now."""
        said = self._pairs(), getattr(self.app, "agent", None)
        if said != self._last:
            self._last = said
            self.refresh()

    def _pairs(self) -> list[tuple[str, str]]:
        return [*self._given(), *(keys.footer([type(self.app)]) if self._common else ())]

    def render_line(self, y: int) -> Strip:
        """The line, for the width that there is."""
        cells = self.size.width
        pairs = self._pairs()
        text, tone = getattr(self.app, "agent", ("", ""))
        room = cells - width(text) - 1
        # Each pair is two spans.
        beside, alone = (len(keys_line(pairs, wide)) // 2 for wide in (room, cells))
        if not text or (tone == "dim" and beside < min(alone, ENOUGH)):
            return drawn(keys_line(pairs, cells), cells, self._base)
        line = drawn(keys_line(pairs, room), room, self._base)
        return Strip.join([line, drawn((Span(f"{text} ", tone),), cells - room, self._base)])


def drawn(line: Line, cells: int, base: Style) -> Strip:
    """A line as a strip of exactly `cells` cells."""
    segments: list[Segment] = []
    room = cells
    for span in line:
        if room <= 0:
            break
        text = cut(safe(span.text), room)
        room -= width(text)
        segments.append(Segment(text, base + STYLES[span.tone]))
    if room > 0:
        segments.append(Segment(" " * room, base))
    return Strip(segments, cells)


def keys_line(pairs: Sequence[tuple[str, str]], cells: int) -> Line:
    """`key what` pairs for a footer; where they do not all fit, the last three (back, palette, help) stay."""
    kept = list(pairs)
    while kept and sum(width(key) + width(what) + 3 for key, what in kept) - 1 > cells:
        del kept[max(0, len(kept) - 4)]
    return tuple(span for key, what in kept for span in (Span(f" {key}", "key"), Span(f" {what} ")))
