"""A plugin that is edited beside an agent and an open terminal: its new result, its error, its crash, without restart.

In a real pseudo-terminal. What it prints must not reach the screen, and the terminal is left as it was found.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tui_pty import Terminal

from lifecycle_tui.state import lease, processes
from lifecycle_tui.state.database import State

FILE = """\
[models.shop]
task = "regression"
[models.shop.data]
table = "rows.csv"
reference = { until = 2025-01-09 }
window = "1 day"
[models.shop.columns]
timestamp = "ts"
target = "y"
prediction = "p"
numeric = ["width"]
[models.shop.monitor]
detectors = ["ks", "live"]
"""
PLUGIN = """\
import ctypes
import os

from lifecycle_tui.api import hookimpl


class Live:
    "What is edited."

    name, kinds, takes = "live", ("numeric",), "profile"

    def measure(self, reference, window):
        {line}


@hookimpl
def register_detectors(register):
    register(Live)
"""
LINE = 13
"""Where the plugin's one line stands."""
RETURNS = "return {}"
RAISES = "raise ValueError('on \\x1b[2J purpose')"
DIES = "os.write(1, b'\\x1b]0;owned\\x07\\x1b[2J' * 9); os.write(2, b'\\xff' * 99_999); ctypes.string_at(8)"
SOON = 120.0
"""Seconds for an edit to be seen, with an evaluation between, on a machine that is very busy."""


def write(root: Path, line: str) -> None:
    """Save the plugin, as an editor does."""
    fresh = root / "plugins" / "live.py.new"
    fresh.write_text(PLUGIN.format(line=line), "utf-8")
    os.replace(fresh, root / "plugins" / "live.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace of one model with two windows, evaluated once."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "lifecycle.toml").write_text(FILE, "utf-8")
    rng, lines = random.Random(3), ["ts,width,y,p"]
    for n in range(400):
        x = rng.gauss(0, 1)
        lines.append(f"{datetime(2025, 1, 1) + timedelta(minutes=36 * n):%Y-%m-%d %H:%M:%S},{x:.3f},{x:.3f},{x:.3f}")
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n", "utf-8")
    write(tmp_path, RETURNS.format("0.1234"))
    subprocess.run([sys.executable, "-m", "lifecycle_tui", "check"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@pytest.mark.slow
def test_an_edit_shows_beside_an_open_terminal(root: Path) -> None:
    try:
        with Terminal(root, size=(110, 40), env={"LIFECYCLE_AGENT": None}) as terminal:
            terminal.shows("agent on")
            terminal.type("\r")
            terminal.shows("2 drift")
            terminal.type("2")
            terminal.shows("0.123")
            write(root, RETURNS.format("0.5678"))
            terminal.until(lambda: "0.568" in terminal.text and "0.123" not in terminal.text, "the new result", SOON)
            write(root, RAISES)
            terminal.until(lambda: f"plugins/live.py:{LINE}" in terminal.text, "the error's place", SOON)
            write(root, DIES)
            terminal.until(lambda: "SIGSEGV" in _everywhere(root), "the crash is known", SOON)
            terminal.until(lambda: f"plugins/live.py:{LINE}" in terminal.text, "its place", SOON)
            terminal.type("P")
            terminal.until(lambda: "failed last" in terminal.text and "SIGSEGV" in terminal.text, "the badge")
            write(root, "def")
            terminal.until(lambda: "! syntax" in terminal.text, "the badge of a file that does not parse", SOON)
            terminal.type("\x1b")
            terminal.shows("1 overview")
            write(root, RETURNS.format("0.3456"))
            terminal.until(lambda: "0.346" in terminal.text, "the mended result", SOON)
            terminal.type("qq")
            assert terminal.ends() == 0
            assert terminal.left_on() == []
            assert b"owned" not in terminal.raw and b"\xff" not in terminal.raw
            assert b"\x1b[2J purpose" not in terminal.raw
    finally:
        _stop_agent(root)


def _everywhere(root: Path) -> str:
    with State.view(root) as state, state.read() as conn:
        return " ".join(str(row[0]) for row in conn.execute("SELECT message FROM plugin_faults"))


def _stop_agent(root: Path) -> None:
    with State.view(root) as state, state.read() as conn:
        process = lease.read(conn).process
    if process is not None and processes.alive(process):
        os.kill(process.pid, signal.SIGTERM)
