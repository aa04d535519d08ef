"""Keys in their order, however fast they come: each is looked at when the one before has been done, and what that one
opened is there and read. Over a slow line keys come in bunches; "Enter j" is the second row of what Enter opens.

Textual looks at a key at once and leaves it to the widget that has the focus then. The app is made from this.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from textual import events
from textual.app import App

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

PATIENCE = 1.0
"""Seconds that a key waits for what was pressed before it, at most; none behind it waits for the same again."""
WAYS_OUT = frozenset({"escape", "ctrl+c", "ctrl+q"})
"""What they do is the same whether the screen has been read or not."""


@runtime_checkable
class Opening(Protocol):
    """A screen that says when it is there, with what it reads at first."""

    opened: asyncio.Event


class Orderly(App[None]):
    """An app that does one key after the other."""

    _pressed: MessagePump | None = None

    async def on_event(self, event: events.Event) -> None:
        """As Textual's; a key or a paste waits for the one before."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._in_order()
        if not isinstance(event, events.Key) or event.key not in WAYS_OUT:
            await self._opened()
        before = self.focused
        await super().on_event(event)
        self._pressed = before or next(reversed(self.screen_stack), None)

    async def _in_order(self) -> None:
        """Wait until the last key has been done, with all that it has set off on its way up to the screen."""
        node, self._pressed = self._pressed, None
        while node is not None and node is not self:
            done = asyncio.Event()
            if not node.is_attached or not node.call_later(done.set):
                break
            await done.wait()
            node = node._parent

    async def _opened(self) -> None:
        """Wait until the screen on top has read what it shows; once."""
        screen = next(reversed(self.screen_stack), None)
        if isinstance(screen, Opening) and not screen.opened.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await screen.opened.wait()
            screen.opened.set()
