"""Errors of the program itself, while it runs: each is told where it happened, and kept whole in a file.

The screen closes, or its title says so, and the program goes on. Only what comes again and again ends it. Called by the
app and by `screens.base`.
"""

from __future__ import annotations

import contextlib
import os
import time
import traceback
from pathlib import Path

MOST, SPAN = 200, 10.0
"""So many errors within so many seconds are a broken program, not a screen: drawn anew it fails anew, with every
change of state and every key."""
AGAIN = 60.0
"""Seconds in which the same error is written once."""
KEEP = 200_000
"""Bytes of the file beyond which it is begun anew."""


def place() -> Path:
    """Where they are written: `lifecycle-tui/errors.log` in the user's state folder."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(home) / "lifecycle-tui" / "errors.log"


class Faults:
    """What went wrong in this program so far."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._written: dict[tuple[str, ...], float] = {}

    def add(self, exc: Exception) -> bool:
        """Keep one; whether it is to be survived."""
        now = time.monotonic()
        self._times = [at for at in self._times if now - at < SPAN] + [now]
        if now - self._written.get(named := _where(exc), -AGAIN) >= AGAIN:
            self._written[named] = now
            self._write(exc)
        return len(self._times) < MOST

    @staticmethod
    def _write(exc: Exception) -> None:
        with contextlib.suppress(OSError):
            file = place()
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            mode = "a" if file.exists() and file.stat().st_size < KEEP else "w"
            with file.open(mode, encoding="utf-8", errors="backslashreplace") as out:
                out.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{''.join(traceback.format_exception(exc))}\n")


def _where(exc: Exception) -> tuple[str, ...]:
    """The same for the same error at the same line."""
    last = traceback.extract_tb(exc.__traceback__)[-1:]
    return (type(exc).__name__, *(f"{frame.filename}:{frame.lineno}" for frame in last))
