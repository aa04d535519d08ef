"""What is measured: the blank app and the terminal, how each is started, and how to see that it is painted."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from terminal_line import LOCAL, Failed, Line, Link

BLANK = [sys.executable, str(Path(__file__).with_name("terminal_blank.py"))]
LIFECYCLE = [sys.executable, "-c", "from lifecycle_tui.__main__ import main; main()"]
"""What the console script runs, without looking for it."""
BROKEN = """
from textual.app import App
from lifecycle_tui.tui.app import LifecycleApp
from textual.events import Key

async def on_event(self, event):
    if isinstance(event, Key) and event.key == "X":
        raise RuntimeError("on purpose")
    await App.on_event(self, event)

LifecycleApp.on_event = on_event
from lifecycle_tui.__main__ import main
main()
"""
"""The terminal with a fault that no screen can keep to itself: `X` raises in the app's own hands."""
ROWS = 15
"""Models that stand on a fleet of 80x24 at least."""
KEPT = ("PATH", "HOME", "USER", "TMPDIR", "PYTHONPATH", "LIFECYCLE_PLAIN_OUTPUT")
"""What of this process's environment counts; the rest would make runs differ."""


def environment(home: Path) -> dict[str, str]:
    """A usual terminal's. No agent is started, which would be left behind; each start is on the fleet."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    state = {"XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config")}
    return {**kept, **state, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8",
            "LIFECYCLE_AGENT": "off", "LIFECYCLE_FRESH": "1"}  # fmt: skip


def blank(home: Path, link: Link = LOCAL) -> Line:
    """The yardstick."""
    return Line(BLANK, home, environment(home), link=link)


def lifecycle(root: Path, home: Path, link: Link = LOCAL, *, answers: bool = True, broken: bool = False) -> Line:
    """The terminal on a workspace."""
    command = [sys.executable, "-c", BROKEN] if broken else LIFECYCLE
    return Line(command, root, environment(home), link=link, answers=answers)


def counts(line: Line) -> bool:
    """Whether the blank app is painted."""
    return "count 0" in line.text


def painted(line: Line) -> bool:
    """Whether the fleet is painted in full: its rows and its last line."""
    return line.text.count("model-") >= ROWS and "help" in line.text


def selected(line: Line) -> int:
    """The row of the screen on which the fleet's cursor stands: it begins with `>`."""
    for y, row in enumerate(line.screen.display):
        if row.startswith(">"):
            return y
    return int(line.screen.cursor.y)


def settled(line: Line, ready: Callable[[Line], bool] = painted, quiet: float = 1.5) -> Line:
    """Wait for the first full paint and what follows it.

    Raises:
        Failed: it did not come.
    """
    if line.listen(quiet, 60, begun=line.begun, wait=30, true=ready).seen is None:
        raise Failed(f"it was not painted within a minute; the screen shows:\n{line.text}")
    return line
