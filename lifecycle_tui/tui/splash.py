"""One line that says that something is happening, written before anything large is imported, and taken away again.

Called by `__main__` at first, and by `start` when the screen is about to be painted. Imports next to nothing.
"""

from __future__ import annotations

import contextlib
import os

WORDS = "lifecycle: opening ..."
"""In ASCII: what the terminal can show is not known yet."""
_shown = False


def show() -> None:
    """Write it, where a terminal would understand how it is taken away again."""
    global _shown
    if os.environ.get("TERM", "dumb") in ("", "dumb") or not os.isatty(2):
        return
    _write(WORDS)
    _shown = True


def take_away() -> None:
    """Leave the line as it was."""
    global _shown
    if _shown:
        _write("\r\x1b[K")
        _shown = False


def _write(text: str) -> None:
    with contextlib.suppress(OSError):  # whoever listens is gone; the start finds out
        os.write(2, text.encode())
