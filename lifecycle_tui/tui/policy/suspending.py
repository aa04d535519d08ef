"""Gives the terminal away to another program and takes it back. Called before an editor runs.

What is typed there, Ctrl+C included, is that program's: it must not end this one when it comes back.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifecycle_tui.tui.app import LifecycleApp

INTERRUPT, SOON = 130, 0.2


@contextmanager
def suspended(app: LifecycleApp) -> Iterator[str]:
    """The terminal as it was before the app; yields why that cannot be, "" where it can."""
    from textual.app import SuspendNotSupported

    try:
        with app.suspend(), _deaf(app):
            yield ""
    except SuspendNotSupported:
        yield "an editor needs a terminal of its own: here the screen cannot be given away. Edit the file outside"


@contextmanager
def _deaf(app: LifecycleApp) -> Iterator[None]:
    """Ctrl+C is the editor's."""
    loop = asyncio.get_running_loop()
    heard = loop.remove_signal_handler(signal.SIGINT)
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        if not heard:
            signal.signal(signal.SIGINT, before)
        else:
            from lifecycle_tui.tui.start import leave

            # Not before the loop has seen the signals that were the editor's.
            loop.call_later(SOON, loop.add_signal_handler, signal.SIGINT, leave, app, INTERRUPT)
