"""Writes the app's frames: only cells that changed, no faster than the line takes them. Mixed into the app.

It takes the place of `App._display`, which is Textual's own; `LIFECYCLE_PLAIN_OUTPUT=1` gives that back. A test holds
that both show the same, cell for cell.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from textual import events
from textual._compositor import CompositorUpdate, InlineUpdate
from textual.app import App

from lifecycle_tui.tui.terminal.answers import PATIENCE, Answers, Verdict
from lifecycle_tui.tui.terminal.pacing import ASK, Pace
from lifecycle_tui.tui.terminal.painting import Painting

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.timer import Timer

BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
UNTAKEN = 15
"""Frames that wait for a terminal that takes no more bytes; Textual's queue holds 30, and then holds up the program."""
STOPPED = 0.1
"""Seconds between two looks whether it takes some."""
MANY = 600
"""Characters of a frame from which it is worth sixteen more that nobody sees half of it."""


def plain() -> bool:
    """Whether Textual's own output was asked for."""
    return os.environ.get("LIFECYCLE_PLAIN_OUTPUT", "") not in ("", "0")


class SlimOutput(App[None]):
    """An app that writes little."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._painting = None if plain() else Painting()
        self._pace = Pace()
        self._waiting: Timer | None = None
        self._answers = Answers()
        self._held: events.Key | None = None

    # ── answers that come in pieces ───────────────────────────────────────────────────────────────────────────────

    async def on_event(self, event: events.Event) -> None:
        """As Textual's; a key that is a piece of an answer is none."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        held, due = self._held, self._pace.due
        verdict = self._answers.key(event.key, event.character, due)
        if verdict in (Verdict.PIECE, Verdict.END):
            self._held = None
            if verdict is Verdict.END:
                self._answered()
            return
        if verdict is Verdict.WAIT:
            self._held = event
            self.set_timer(PATIENCE, self._let_go)
            return
        if held is not None:
            self._held = None
            await super().on_event(held)
        await super().on_event(event)

    async def _let_go(self) -> None:
        """Nothing came after an Esc: it was one."""
        held, self._held = self._held, None
        if held is not None:
            self._answers.forget()
            await super().on_event(held)

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def redraw(self) -> None:
        """What the terminal shows is not what was written: write all of it anew."""
        if self._painting is not None:
            self._painting.forget()
            self._send()
        else:
            self.screen.refresh(repaint=True, layout=True)

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        slim = isinstance(renderable, CompositorUpdate) and not isinstance(renderable, InlineUpdate)
        if self._painting is None or not slim or self.is_headless or self._driver is None or self._driver.is_inline:
            super()._display(screen, renderable)
            return
        try:
            if self._batch_count or not self._running or self._closed:
                return
            self._painting.take(renderable, (self.size.width, self.size.height), self.console._color_system)
            self._send()
        finally:
            self.post_display_hook()

    def _send(self) -> None:
        """Write what is due, or see to it that it is written when the line is free."""
        if self._painting is None or self._driver is None or self._closed:
            return
        now = time.monotonic()
        if (wait := self._wait(now)) > 0:
            if self._waiting is None:
                self._waiting = self.set_timer(wait, self._waited)
            return
        column, line = self.screen.outer_size.clamp_offset(self.cursor_position)
        text = self._painting.sequence((column, line))
        if not text:
            return
        if self._sync_available and len(text) > MANY:
            text = f"{BEGIN}{text}{END}"
        if self._pace.wrote(now):
            text += ASK
        self._driver.write(text)
        self._driver.flush()

    def _wait(self, now: float) -> float:
        """Seconds until it is worth looking again whether a frame may be written; 0 where it may."""
        writer = getattr(self._driver, "_writer_thread", None)
        if writer is not None and writer._queue.qsize() >= UNTAKEN:
            return STOPPED
        return 0.0 if self._pace.may_write(now) else self._pace.again(now) + 0.01

    def _waited(self) -> None:
        """The terminal has not answered in time."""
        self._waiting = None
        self._send()

    def _on_terminal_supports_synchronized_output(self, message: Any) -> None:
        super()._on_terminal_supports_synchronized_output(message)
        self._answered()

    def _answered(self) -> None:
        """The terminal has taken in what was written."""
        self._pace.answered(time.monotonic())
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        if self._painting is not None and self._painting.due:
            self._send()
