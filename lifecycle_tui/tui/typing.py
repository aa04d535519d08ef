"""Typing ahead: keys that come faster than screens open are no commands. Called by all that is typed into.

Keys reach the program in bunches, over a slow line in larger ones. What opens a line to type into is therefore a
priority binding: the app awaits it before it looks at the next key, and the line has the focus by then. What ends the
typing waits until the line has taken in every letter that was typed before.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from textual.dom import DOMNode
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.screen import Screen

PATIENCE = 2.0
"""Seconds that are waited for a line at most."""


def typing(screen: Screen[Any]) -> bool:
    """Whether letters go into a line now, and are no commands."""
    return is_line(screen.focused)


def is_line(node: DOMNode | None) -> bool:
    """Whether this is a line to type into; asked without importing Textual's."""
    return node is not None and any(base.__name__ == "Input" for base in type(node).__mro__)


def begin(widget: Widget) -> None:
    """Give a line, or what comes after it, the focus at once: `focus()` would do it after the keys that wait."""
    widget.screen.set_focus(widget)


async def taken_in(line: Widget) -> None:
    """Wait until a line has taken in all letters that were typed before."""
    done = asyncio.Event()
    line.call_later(done.set)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), PATIENCE)
