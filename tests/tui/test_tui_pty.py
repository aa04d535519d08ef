"""In a real terminal: resizes while anything is open, a line that is slow, text from data that would command it, a
terminal that takes no more bytes. What a pilot cannot see: the bytes themselves, and what a terminal makes of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import seed_walk
import tui_seed
from tui_bytes import foreign
from tui_pty import QUERY, Terminal

from lifecycle_tui.state import models, record
from lifecycle_tui.state.database import State

OPEN = ((":card", ">model   card-fraud"), ("?", "half a page down"), ("/frau", "filter: frau"),
        ("x", "Promote a version"), ("\r", "What happened last"))  # fmt: skip
"""Keys that open something over the fleet, and what only that shows: palette, help, filter, actions, a model."""
ROUND = ((120, 40), (33, 9), (80, 24))


BUNCHED = "from lifecycle_tui.tui import ordering, start\nordering.PATIENCE = 60.0\nraise SystemExit(start.main())\n"
"""The program, whose keys wait for the one before however busy the machine is."""


def clean(terminal: Terminal, seen: int, what: str) -> None:
    """All since then is text and known sequences; of the last one a part may still be on its way."""
    with contextlib.suppress(AssertionError):
        terminal.until(lambda: not foreign(terminal.raw[seen:]), what, limit=30)
    assert foreign(terminal.raw[seen:]) == [], f"{what}:\n{terminal.text}"


@pytest.mark.slow
def test_a_resize_while_something_is_open_loses_nothing(fleet: State) -> None:
    """Through sizes that hold more and less, and back: the same picture as before."""
    with Terminal(fleet.root) as terminal:
        terminal.shows("critical card-fraud")
        terminal.calm()
        for keys, shows in OPEN:
            terminal.type(keys)
            terminal.shows(shows)
            terminal.until(lambda: "planning…" not in terminal.text, "plans")
            terminal.calm()
            before = terminal.text
            for size in ROUND:
                terminal.screen.erase_in_display(2)  # what is shown then has been painted since
                terminal.resize(*size)
                terminal.until(lambda: bool(terminal.text.strip()), f"anything at {size} after {keys!r}")
                terminal.calm()
            terminal.until(lambda: terminal.text == before, f"after {keys!r} the same as\n{before}\nand not")  # noqa: B023
            terminal.type("\x1b")
            terminal.until(lambda: shows not in terminal.text and "q quit" in terminal.text, "it is closed")  # noqa: B023
            terminal.calm()
        clean(terminal, 0, "resized")
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.left_on() == []


@pytest.mark.slow
def test_on_a_slow_line_a_held_key_moves_the_newest_state(workspace: Callable[[], State]) -> None:
    """Answers that stay away hold the next frame back; then one frame shows where the cursor has come to."""
    state = workspace()
    tui_seed.many(state, 200)
    with Terminal(state.root) as terminal:
        terminal.shows("m-00099")
        terminal.calm()
        terminal.answers = False
        late = terminal.raw.count(QUERY)
        for n in range(4):  # a question goes out with a frame, at most one a second; no answer comes
            terminal.type("j" if n % 2 == 0 else "k")
            terminal.calm()
        terminal.until(lambda: terminal.raw.count(QUERY) > late, "a question")
        terminal.calm()
        terminal.answer()  # after more than 50 ms: a slow line
        terminal.calm()
        late = terminal.raw.count(QUERY)
        terminal.type("j")
        terminal.until(lambda: terminal.raw.count(QUERY) > late, "a frame, with a question")
        written, began = len(terminal.raw), time.monotonic()
        for _ in range(60):
            terminal.type("j")
        terminal.answer()
        terminal.until(lambda: "62/200" in terminal.text, "the newest state")
        # A frame waits for a second at most, so that a machine that takes longer over the keys sends some more.
        most = 12_000 + 3_000 * int(time.monotonic() - began)
        assert len(terminal.raw) - written < most, "60 keys are a few frames"
        terminal.answers = True
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.left_on() == []


@pytest.mark.slow
def test_keys_that_come_in_a_bunch_do_what_they_do_one_by_one(fleet: State) -> None:
    """As a slow line delivers them: none is lost while a screen opens, none raises."""
    with Terminal(fleet.root, run=("-c", BUNCHED)) as terminal:
        terminal.shows("critical card-fraud")
        terminal.calm()
        terminal.type("j\r3")
        terminal.shows("auc as served")
        terminal.type("qAqH")
        terminal.shows("fleet › history")
        terminal.type("F:churn\r2")
        terminal.shows("No column was measured")
        assert b"\x07" not in re.sub(rb"\x1b\]22;[a-z-]*\x07", b"", terminal.raw), "a bell: a key broke something"
        terminal.type("\x03")
        assert terminal.ends() == 130


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose names, categories, messages and log lines would command a terminal."""
    root = tmp_path_factory.mktemp("hostile") / "shop"
    root.mkdir()
    seed_walk.seed(root)
    with State.open(root) as state, state.write() as tx:
        for n, text in enumerate(seed_walk.NASTY[:7]):
            name = f"{n} {text}"
            models.declare(tx, [models.Declared(name, "binary", text, (text,))])
            models.put_model(tx, tui_seed.facts(name, "critical", message=text, drift_column=text, metric=f"a{text}"))
        record.record(tx, [replace(one, model=name) for one in map(renamed, tui_seed.fraud_window(29))])
    return root


def renamed(result: record.WindowResult) -> record.WindowResult:
    """A window whose columns, categories and reasons have hostile names."""
    bars = {"names": [*seed_walk.NASTY[:5]], "reference": [1, 2, 3, 4, 5], "window": [5, 4, 3, 2, 1]}
    found = []
    for n, one in enumerate(result.signals):
        column = None if one.column is None else f"{one.column} {seed_walk.NASTY[n % 7]}"
        name = one.name if column is None else f"{one.name.partition('.')[0]}.{column}"
        found.append(replace(one, name=name, column=column, message=seed_walk.NASTY[n % 7], detail={"bars": bars}))
    return replace(result, signals=tuple(found))


TOUR = ("j", "j", "s", "/[x\r", "\x1b", "\x1b", ":9", "\x1b", "t", "\x1b", "x", "\x1b", "\r", "2", "j", "j", "v", "v",
        "3", "j", "4", "5", "j", "6", "7", "j", "\r", "F", "A", "j", "j", "\r", "F", "J", "j", "\r", "G", "F",
        "H", "j", "\r", "F", "P", "W", "F", "?", "\x1b")  # fmt: skip
"""Over every screen and pane."""


@pytest.mark.slow
def test_text_from_data_never_reaches_the_terminal_raw(hostile: Path) -> None:
    with Terminal(hostile, size=(100, 30)) as terminal:
        terminal.shows("? help")
        terminal.calm()
        for keys in TOUR:
            seen = len(terminal.raw)
            terminal.type(keys)
            terminal.calm(0.1 if keys != "\x1b" else 0.25)  # a lone Esc is one after 100 ms
            assert terminal.process.poll() is None, f"it ended after {keys!r}:\n{terminal.text}"
            clean(terminal, seen, f"after {keys!r}")
        assert re.search(r"\\x1b\[2J", terminal.raw.decode()), "hostile text was shown, written out"
        assert terminal.screen.title == "", "nobody else named the window"
        terminal.type("\x03")
        assert terminal.ends() == 130
        assert foreign(terminal.raw) == [] and terminal.left_on() == []


def test_the_grammar_of_bytes_knows_what_is_foreign() -> None:
    """The tests above could not fail if this let everything pass."""
    fine = "\x1b[0;1;31m名前 e\u0301\x1b[3;7H\x1b[K\x1b[?2026h─⣿\x1b[?2026l\r\n".encode()
    assert foreign(fine) == []
    for bad in ("\x1b]0;owned\x07", "\x1b[6n", "\x1b[?1047h", "\x1bc", "\x07", "\x9bcsi", "\u202e", "\u200b", "\t"):
        assert foreign(fine + bad.encode() + fine), f"{bad!r} passed"
    assert foreign(b"\xff")


@pytest.mark.slow
@pytest.mark.parametrize("keys", [":card", "jt"], ids=["palette", "dialog"])
def test_a_signal_while_something_is_open_leaves_the_terminal_as_it_was(fleet: State, keys: str) -> None:
    with Terminal(fleet.root) as terminal:
        terminal.shows("critical card-fraud")
        terminal.calm()
        terminal.type(keys)
        terminal.calm()
        os.kill(terminal.process.pid, signal.SIGTERM)
        assert terminal.ends() == 143
        assert terminal.left_on() == []


@pytest.mark.slow
@pytest.mark.parametrize("answers", [True, False], ids=["answers", "never-answers"])
def test_a_terminal_that_takes_no_more_bytes_does_not_hold_it(workspace: Callable[[], State], answers: bool) -> None:
    """Its window is stopped (Ctrl+S, a dead link that is still open): a signal ends it within five seconds."""
    state = workspace()
    tui_seed.many(state, 200)
    with Terminal(state.root) as terminal:
        terminal.answers = answers
        terminal.shows("m-00099")
        pause = threading.Event()
        for n in range(200):  # a frame each, which nobody reads: the queue of its writer fills up, too
            terminal.type("\x02" if n % 2 else "\x06")
            pause.wait(0.03)
        # Whichever of its threads the signal meets: the system chooses one.
        process = terminal.process.pid
        (other, *_) = (int(path.name) for path in Path(f"/proc/{process}/task").iterdir() if path.name != str(process))
        assert ctypes.CDLL(None).tgkill(process, process if answers else other, signal.SIGTERM) == 0
        assert terminal.process.wait(timeout=60) == 143
        assert termios.tcgetattr(terminal.slave)[:4] == terminal.before[:4], "a shell would be typed into blindly"
