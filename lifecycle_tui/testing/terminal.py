"""The terminal without a terminal: keys in, the screen as text out. Textual is imported when it is driven."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.pilot import Pilot

SMALL, LARGE = (80, 24), (200, 60)
ROUNDS = 400
"""Hundredths of a second for which `Terminal.until` lets the program run, at least."""


class Terminal:
    """The program on a workspace, driven by a test.

    Attributes:
        pilot: Textual's own, for what is not here.
    """

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot

    def lines(self) -> list[str]:
        """The lines of the screen as they are drawn now, without the blanks at their ends."""
        strips = self.pilot.app.screen._compositor.render_strips()
        return [strip.text.rstrip() for strip in strips]

    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines())

    async def press(self, *keys: str) -> None:
        """Press keys, by their names: "enter", "down", "p", "question_mark"."""
        await self.pilot.press(*keys)

    async def until(self, true: str | Callable[[], bool]) -> None:
        """Let the program run until a text is on the screen, or something is true.

        Raises:
            AssertionError: it does not become so.
        """
        for _ in range(ROUNDS):
            if true in self.text() if isinstance(true, str) else true():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"still not so: {true}\n{self.text()}")


def drive(root: str | Path, story: Callable[[Terminal], Awaitable[None]], *, size: tuple[int, int] = SMALL) -> None:
    """Open the terminal on a workspace that has been checked at least once, and let `story` drive it.

    Args:
        size: columns and rows.

    Raises:
        StateError: the workspace has no state yet.
    """

    async def run() -> None:
        from lifecycle_tui.tui.app import LifecycleApp
        from lifecycle_tui.tui.source import Source

        app = LifecycleApp(Source(Path(root)))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await story(Terminal(pilot))

    asyncio.run(run())
