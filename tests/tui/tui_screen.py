"""The screen as plain text, and waiting for it: what the terminal's tests assert on."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from lifecycle_tui.state.database import State
from lifecycle_tui.tui.app import LifecycleApp
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import width

SMALL, LARGE = (80, 24), (200, 60)


def app_on(state: State) -> LifecycleApp:
    """The app on a workspace's state."""
    return LifecycleApp(Source(state.root))


def lines(pilot: Pilot) -> list[str]:
    """The lines of the screen; each is checked to be as wide as the screen, so that no text breaks the layout."""
    screen = pilot.app.screen
    found = [strip.text for strip in screen._compositor.render_strips()]
    assert len(found) == screen.size.height
    for line in found:
        assert width(line) == screen.size.width, repr(line)
        assert line.isprintable(), repr(line)
    return [line.rstrip() for line in found]


def text(pilot: Pilot) -> str:
    """The screen as one text."""
    return "\n".join(lines(pilot))


def cursor(pilot: Pilot) -> str:
    """The line that the cursor of the grid with the focus is on."""
    marked = [line for line in lines(pilot) if ">" in line]
    focused = pilot.app.focused
    assert focused is not None and marked
    top = focused.region.y
    return next(line for y, line in enumerate(lines(pilot)) if y >= top and line[focused.region.x :].startswith(">"))


async def least(work: Callable[[], Awaitable[object]]) -> float:
    """Seconds of a processor that it takes at least, of a few times: what others do meanwhile does not count."""
    took = []
    for _ in range(5):
        began = time.process_time()
        await work()
        took.append(time.process_time() - began)
    return min(took)


async def until(pilot: Pilot, true: Callable[[], bool], what: str = "") -> None:
    """Let the app run until something is true; a machine that is busy must not fail it, so that the end is far."""
    end = time.monotonic() + 90
    while not true():
        assert time.monotonic() < end, f"still not so: {what}\n{text(pilot)}"
        await pilot.pause(0.01)
