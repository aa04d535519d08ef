"""The line that takes a moment: `2026-03-14 09:00`, `yesterday`, `3 days ago`; below it, what that means.

Used by the history and the audit log. Textual's Input is imported when it is first opened.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.moments import FORMS, understood
from lifecycle_tui.tui import ages
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.text import Line, Span, fold
from lifecycle_tui.tui.typing import begin, taken_in
from lifecycle_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.widgets import Input

LABEL = " as of "
FUTURE = "is still to come"


class MomentLine(Guarded, Vertical):
    """Asks for a moment; shown while it does.

    Args:
        now: what the workspace's clock shows.
    """

    DEFAULT_CSS = """
    MomentLine { height: auto; display: none; }
    MomentLine #moment-input { height: 1; }
    MomentLine Input { width: 1fr; height: 1; border: none; padding: 0; background: ansi_default; color: ansi_default; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", "take the moment", show=False, priority=True, id="moment.keep"),
        Binding("escape", "drop", "leave it as it was", show=False, priority=True, id="moment.drop"),
    ]

    class Taken(Message):
        """A moment was given: an instant, or None for now."""

        def __init__(self, at: datetime | None) -> None:
            super().__init__()
            self.at = at

    class Left(Message):
        """It was left without one."""

    def __init__(self, now: Callable[[], datetime], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._now = now
        self._input: Input | None = None
        self._hint = Lines([()])

    def compose(self) -> ComposeResult:
        yield Horizontal(id="moment-input")
        yield self._hint

    async def open(self, value: str) -> None:
        """Show the line with what is set, and take the focus."""
        if self._input is None:
            from lifecycle_tui.tui.widgets.typed import TypedLine

            self._input = TypedLine()
            label = Lines([(Span(LABEL, "bold"),)])
            label.styles.width = len(LABEL)
            await self.query_one("#moment-input", Horizontal).mount(label, self._input)
        self._input.value = value
        self._input.cursor_position = len(value)
        self.display = True
        begin(self._input)
        self._say(value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say with every letter what it means so far."""
        event.stop()
        self._say(event.value)

    def _say(self, text: str) -> None:
        self._hint.show(means(text, self._now(), self.size.width or self.app.size.width))

    async def action_keep(self) -> None:
        """Take the moment; one that is not understood stays, with what would be."""
        if self._input is None:
            return
        await taken_in(self._input)
        text = self._input.value
        if not text.strip() or text.strip().casefold() == "now":
            self._close(self.Taken(None))
            return
        try:
            at = understood(text, self._now())
        except UsageError:
            self._say(text)
            return
        if at <= self._now():
            self._close(self.Taken(at))

    def action_drop(self) -> None:
        """Leave everything as it was."""
        self._close(self.Left())

    def _close(self, said: Message) -> None:
        self.display = False
        self.post_message(said)


def means(text: str, now: datetime, cells: int) -> list[Line]:
    """What has been typed means, in a line; or what is understood."""
    if not text.strip():
        return [(Span(f"   {part}", "dim"),) for part in fold(f"e.g. {FORMS}; empty: now", max(10, cells - 4), most=3)]
    try:
        at = understood(text, now)
    except UsageError:
        said = f"not understood (yet); understood: {FORMS}"
        return [(Span(f"   {part}", "warning"),) for part in fold(said, max(10, cells - 4), most=3)]
    if at > now:
        return [(Span(f"   {at:%Y-%m-%d %H:%M} UTC {FUTURE}", "warning"),)]
    return [(Span(f"   {at:%A}, {at:%Y-%m-%d %H:%M} UTC, {ages.ago(at, now)}: Enter shows it", "info"),)]
