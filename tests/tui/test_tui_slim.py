"""The same screen, cell for cell and attribute for attribute, whether our output writes it or Textual's own.

Two programs side by side in emulators of their own, the same keys to both. With answers that come at once, late, never;
resized while something is open; put into the background and back.
"""

from __future__ import annotations

import os
import signal
import termios
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from tui_pty import Terminal

from lifecycle_tui.state.database import State

KEYS = (
    ("j", "2/5"), ("\r", "1 overview"), ("\t", "window"), ("\t", "signal"), ("\t", "versions"), ("1", "overview"),
    ("?", "This screen"), ("\x1b", "-This screen"), ("\x1b", "2/5"), (":", "go to a model"), ("hou", "house-prices"),
    ("\r", "house-prices"), ("q", "3/5"), ("A", "alerts"), ("J", "jobs"), ("P", "plugins"), ("W", "workspace"),
    ("F", "3/5"), ("x", "Train a new version"), ("\x1b", "-Train a new version"), ("/", "/"), ("zzz", "0/0"),
    ("\x1b", "1/5"), ("s", "by "),
)  # fmt: skip
"""What is pressed, and a text that both then show, or with "-" show no more (what lies below a dialog is there all the
time, and a key right behind an Esc would be one with it)."""
SIZES = ((200, 60), (60, 20), (33, 10), (80, 24))


def cells(terminal: Terminal) -> list[list[tuple]]:
    """Every cell with its attributes."""
    screen = terminal.screen
    return [[tuple(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


class Pair:
    """Both, on the same state."""

    def __init__(self, stack: ExitStack, root: Path, homes: Path) -> None:
        self.ours, self.plain = (
            stack.enter_context(Terminal(root, env={**env, "XDG_STATE_HOME": str(homes / name)}))
            for name, env in (("ours", {}), ("plain", {"LIFECYCLE_PLAIN_OUTPUT": "1"}))
        )

    def both(self, text: str) -> None:
        """Wait until both show a text (with "-": show it no more), and then until they show the same."""
        wanted = text.removeprefix("-")
        for one in (self.ours, self.plain):
            one.until(partial(lambda one: (wanted in one.text) is (wanted == text), one), text)
        self.ours.until(self.same, f"the same on both after {text!r}\n\nplain:\n{self.plain.text}\n\nours:")

    def same(self) -> bool:
        for one in (self.ours, self.plain):
            one.drain()
        return cells(self.ours) == cells(self.plain)

    def resize(self, columns: int, rows: int) -> None:
        """Another size for both, and wait until both have written to it: until then both show the same old cells."""
        before = [(one, len(one.raw)) for one in (self.ours, self.plain)]
        for one, _ in before:
            one.resize(columns, rows)
        for one, length in before:
            one.until(partial(lambda one, length: len(one.raw) > length, one, length), "something written")

    def type(self, keys: str) -> None:
        for one in (self.ours, self.plain):
            one.type(keys)


@pytest.mark.slow
def test_both_show_the_same_after_each_key(fleet: State, tmp_path: Path) -> None:
    with ExitStack() as stack:
        pair = Pair(stack, fleet.root, tmp_path)
        pair.both("agent off")
        for keys, text in KEYS:
            pair.type(keys)
            pair.both(text)
        assert len(pair.ours.raw) < 0.5 * len(pair.plain.raw), "that is what it is for"


@pytest.mark.slow
def test_both_show_the_same_in_each_size(fleet: State, tmp_path: Path) -> None:
    with ExitStack() as stack:
        pair = Pair(stack, fleet.root, tmp_path)
        pair.both("agent off")
        for keys, text in (("\r", "overview"), (":", "go to a model"), ("\x1b", "-go to a model"), ("3", "signal")):
            pair.type(keys)
            pair.both(text)
            for size in SIZES:
                pair.resize(*size)
                pair.ours.until(pair.same, f"the same at {size}\n\nplain:\n{pair.plain.text}\n\nours:")


@pytest.mark.slow
def test_all_is_written_anew_on_ctrl_l_and_after_the_background(fleet: State) -> None:
    with Terminal(fleet.root) as terminal:
        terminal.shows("agent off")
        before = cells(terminal)
        terminal.screen.reset()  # something else has written over it
        terminal.type("\x0c")
        terminal.until(lambda: cells(terminal) == before, "the screen drawn anew")
        os.kill(terminal.process.pid, signal.SIGTSTP)
        terminal.until(lambda: os.waitpid(terminal.process.pid, os.WNOHANG | os.WUNTRACED)[0] != 0, "it is stopped")
        terminal.screen.reset()
        os.kill(terminal.process.pid, signal.SIGCONT)
        terminal.until(lambda: cells(terminal) == before, "the screen after the background")
        terminal.type("q")
        assert terminal.ends() == 0


@pytest.mark.parametrize("shell", [True, False], ids=["a-shell-has-it-meanwhile", "nobody-has-it-meanwhile"])
def test_a_program_that_is_stopped_by_force_goes_on_and_leaves_the_terminal_as_it_was(
    fleet: State, shell: bool
) -> None:
    with Terminal(fleet.root) as terminal:
        terminal.shows("agent off")
        before, ours = cells(terminal), termios.tcgetattr(terminal.slave)
        os.kill(terminal.process.pid, signal.SIGSTOP)
        terminal.until(lambda: os.waitpid(terminal.process.pid, os.WNOHANG | os.WUNTRACED)[0] != 0, "it is stopped")
        terminal.screen.reset()
        if shell:
            termios.tcsetattr(terminal.slave, termios.TCSANOW, terminal.before)
        os.kill(terminal.process.pid, signal.SIGCONT)
        terminal.until(lambda: cells(terminal) == before, "the screen after it was stopped")
        assert termios.tcgetattr(terminal.slave)[:4] == ours[:4]
        terminal.screen.reset()
        os.kill(terminal.process.pid, signal.SIGCONT)  # it runs already
        terminal.until(lambda: cells(terminal) == before, "the screen after it was told to go on")
        terminal.type("j")
        terminal.until(lambda: cells(terminal) != before, "a key")
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.left_on() == []


def test_told_to_go_on_twice_it_begins_once(fleet: State) -> None:
    """A shell and a job manager both say so: the second comes while it begins."""
    with Terminal(fleet.root) as terminal:
        terminal.shows("agent off")
        before = cells(terminal)
        for _ in range(5):
            os.kill(terminal.process.pid, signal.SIGTSTP)
            terminal.until(lambda: os.waitpid(terminal.process.pid, os.WNOHANG | os.WUNTRACED)[0] != 0, "it is stopped")
            terminal.screen.reset()
            begun = terminal.raw.count(b"\x1b[?1049h")
            os.kill(terminal.process.pid, signal.SIGCONT)
            terminal.until(lambda: terminal.raw.count(b"\x1b[?1049h") > begun, "it begins")  # noqa: B023
            os.kill(terminal.process.pid, signal.SIGCONT)
            terminal.until(lambda: cells(terminal) == before, "the screen")
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.left_on() == []
