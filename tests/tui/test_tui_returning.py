"""In a real terminal: whatever ends the program, the next start is where the person was."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from tui_pty import Terminal

from lifecycle_tui.state.database import State

HOWS = ("hangup", "cut", "kill")
"""SIGHUP; the pseudo-terminal itself goes, as a connection that drops; kill -9, after the place has rested a moment."""


def end(terminal: Terminal, how: str, kept: Path) -> None:
    """End a terminal in one of these ways."""
    if how == "kill":
        terminal.until(lambda: any('"drift"' in file.read_text() for file in kept.glob("shop-*.json")), "it is kept")
        terminal.process.kill()
        assert terminal.ends() == 137
    elif how == "cut":
        terminal.cut()
        assert terminal.process.wait(90) == 129
    else:
        os.kill(terminal.process.pid, signal.SIGHUP)
        assert terminal.ends() == 129


@pytest.mark.slow
@pytest.mark.parametrize("how", HOWS)
def test_the_link_drops_and_the_next_start_is_where_it_was(fleet: State, tmp_path: Path, how: str) -> None:
    env: dict[str, str | None] = {"XDG_STATE_HOME": str(tmp_path / "kept"), "LIFECYCLE_FRESH": None}
    with Terminal(fleet.root, env=env) as terminal:
        terminal.shows("agent off")
        terminal.type("j\r")
        terminal.shows("1 overview")
        terminal.type("2")
        terminal.shows("columns of 2026-03-30")
        end(terminal, how, tmp_path / "kept" / "lifecycle-tui")
    with Terminal(fleet.root, env=env) as terminal:
        terminal.shows("columns of 2026-03-30")
        terminal.shows("where you were")
        terminal.type("\x1b")
        terminal.shows("> ✗ critical card-fraud")
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.left_on() == []
    with Terminal(fleet.root, env={**env, "LIFECYCLE_HINTS": None}, run=("-m", "lifecycle_tui", "--fresh")) as terminal:
        terminal.shows("Enter opens a model")
        terminal.type("q")
        assert terminal.ends() == 0
    assert not [path for path in fleet.root.rglob("*") if "lifecycle-tui" in path.name], "nothing in the workspace"
