"""Gives the terminal away to another program and takes it back. Called by the policy screen for an editor.

What is typed there, Ctrl+C included, is that program's: it must not end this one when it comes back.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui.tui.policy import editor

if TYPE_CHECKING:
    from lifecycle_tui.tui.app import LifecycleApp
    from lifecycle_tui.tui.policy.editing import Editing

SOON = 0.2


async def edited(app: LifecycleApp, editing: Editing, path: Path, line: int) -> tuple[str, str]:
    """Have a file edited at a line, and take what comes back as an edit; what to say of it, and in which tone."""
    began = await editing.began(path)
    before = editing.draft.texts.get(path, began)
    if before is None or began is None:
        return f"{path.name} cannot be read", "critical"
    with suspended(app) as fault:
        done = editor.Edited(said=fault) if fault else editor.edit(path, before, line, editor.chosen())
    if done.said:
        return done.said, "critical"
    if done.text is None:
        return "the editor left it as it was", "dim"
    editing.take(path, done.text, began)
    return "taken as an edit, not saved yet: v edits on, u undoes, w saves", "info"


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
            from lifecycle_tui.tui.start import listen

            # Not before the loop has seen the signals that were the editor's.
            loop.call_later(SOON, listen, loop, app, signal.SIGINT)
