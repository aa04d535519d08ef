"""Lines of text in tones, cut to the width: titles, footers, status lines. Used by every screen.

A Static would interpret markup in names and costs a layout for each change; these lines are spans, never markup, and
repaint nothing when they say the same as before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from lifecycle_tui.config import key_names
from lifecycle_tui.tui import keys
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.text import Line, Span, cut, safe, width

ENOUGH = 6
"""Keys of a footer that its last word, on the agent, makes room for."""


class Lines(Guarded, Widget):
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

    def line_at(self, y: int) -> Line:
        """The spans of a line as they lie on the screen, from its left edge on."""
        return self._shown[y] if 0 <= y < len(self._shown) else ()

    def on_click(self, event: events.Click) -> None:
        """A click on a word that does something does it."""
        event.stop()
        if run := clicked(self.line_at(event.y), event.x):
            self.call_later(self.app.run_action, run, self.screen)


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
        right = drawn(self._right, min(wide, cells_of(self._right)), self._base)
        return Strip.join([drawn(left, wide - right.cell_length, self._base), right])

    def line_at(self, y: int) -> Line:
        left = self._shown[0] if self._shown else ()
        gap = self.size.width - cells_of(left) - cells_of(self._right)
        return (*left, Span(" " * gap), *self._right) if gap > 0 else left


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
        said = self._now(), getattr(self.app, "agent", None)
        if said != self._last:
            self._last = said
            self.refresh()

    def _now(self) -> list[tuple[str, str]]:
        """The keys that are asked for now: after `g` those that may follow."""
        if getattr(self.app, "jumping", False):
            from lifecycle_tui.tui.jumping import pairs

            return pairs(self.screen)
        return self._pairs()

    def _pairs(self) -> list[tuple[str, str]]:
        return [*self._given(), *(keys.footer([type(self.app)]) if self._common else ())]

    def line_at(self, y: int) -> Line:
        return self._line(self._room()[0])

    def _line(self, cells: int) -> Line:
        """What is said of the keys in so many cells; after `g` as much as there is room for, from the first on."""
        pairs = self._now()
        return jumps_line(pairs, cells) if getattr(self.app, "jumping", False) else keys_line(pairs, cells)

    def _room(self) -> tuple[int, bool]:
        """Cells for the keys, and whether the agent's word stands behind them."""
        cells = self.size.width
        pairs = self._now()
        text, tone = getattr(self.app, "agent", ("", ""))
        room = cells - width(text) - 1
        # Each pair is two spans.
        beside, alone = (len(keys_line(pairs, wide)) // 2 for wide in (room, cells))
        if not text or getattr(self.app, "jumping", False) or (tone == "dim" and beside < min(alone, ENOUGH)):
            return cells, False
        return room, True

    def render_line(self, y: int) -> Strip:
        """The line, for the width that there is."""
        cells = self.size.width
        room, beside = self._room()
        line = drawn(self._line(room), room, self._base)
        if not beside:
            return line
        text, tone = getattr(self.app, "agent", ("", ""))
        return Strip.join([line, drawn((Span(f"{text} ", tone),), cells - room, self._base)])


def cells_of(line: Line) -> int:
    """Cells that a line takes."""
    return sum(width(safe(span.text)) for span in line)


def clicked(line: Line, x: int) -> str:
    """The action of the span at a cell; "" where there is none."""
    at = 0
    for span in line:
        at += width(safe(span.text))
        if x < at:
            return span.run
    return ""


def pressing(key: str) -> str:
    """The action that presses a key, by what is printed on it; "" where that is no key."""
    try:
        return f"app.press('{key_names.parse(key)}')"
    except key_names.KeyNameError:
        return ""


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
    return tuple(
        span
        for key, what in kept
        for span in (Span(f" {key}", "key", pressing(key)), Span(f" {what} ", "", pressing(key)))
    )


def jumps_line(pairs: Sequence[tuple[str, str]], cells: int) -> Line:
    """As `keys_line`, closer together, and cut at the end."""
    spans: list[Span] = []
    for key, what in pairs:
        cells -= width(key) + width(what) + 2
        if cells < 0:
            break
        spans += [Span(f" {key}", "key", pressing(key)), Span(f" {what}", "", pressing(key))]
    return tuple(spans)
