"""Esc and a key right behind it, as bytes: two keys, and Alt with that key only where somebody listens to that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate, pairwise

import pytest
from textual import _parser, events
from textual.message import Message
from textual.pilot import Pilot
from tui_pty import Terminal
from tui_screen import app_on, text, until

from lifecycle_tui.state.database import State
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.terminal.escapes import Behind, KeyParser


def said(found: Iterable[Message]) -> list[str]:
    """Events in short: a key by its name, one behind an Esc with both."""
    words = []
    for event in found:
        if isinstance(event, Behind):
            words.append(f"{event.key} or esc {event.then.key}")
        elif isinstance(event, events.Key):
            words.append(event.key)
        else:
            words.append(f"{type(event).__name__} {getattr(event, 'text', '')}".strip())
    return words


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the parser's clock."""
    clock = [100.0]
    monkeypatch.setattr(_parser, "get_time", lambda: clock[0])

    def move(seconds: float) -> None:
        clock[0] += seconds

    return move


SENT = {
    "\x1bj": ["alt+j or esc j"],
    "\x1bJ": ["alt+shift+j or esc J"],
    "\x1b3k": ["alt+3 or esc 3", "k"],
    "\x1b:hou": ["alt+colon or esc colon", "h", "o", "u"],
    "\x1b\r": ["alt+enter or esc enter"],
    "\x1b\t": ["alt+tab or esc tab"],
    "\x1b\x7f": ["alt+backspace or esc backspace"],
    "\x1bé": ["alt+é or esc é"],
    "a\x1bjb\x1bk": ["a", "alt+j or esc j", "b", "alt+k or esc k"],
    "\x1bj\x1b[B\x1bOA": ["alt+j or esc j", "down", "up"],
    "\x1b[A\x1bq": ["up", "alt+q or esc q"],
    "\x1b[1;5D": ["ctrl+left"],
    "\x1b[<0;3;4M": ["MouseDown"],
    "\x1b[200~a\x1bb\x1b[201~\x1bj": ["Paste ab", "alt+j or esc j"],
    "\x1b\x1bj": ["escape", "alt+j or esc j"],
    "\x1b[I": ["AppFocus"],
}
"""What a terminal sends → what the app is told."""


@pytest.mark.parametrize("sent", SENT)
def test_what_is_sent_is_told_however_it_is_cut(sent: str, later: Callable[[float], None]) -> None:
    for cuts in ([sent], list(sent), *([sent[:at], sent[at:]] for at in range(1, len(sent)))):
        parser = KeyParser()
        found: list[Message] = []
        for piece in cuts:
            found += parser.feed(piece)
            later(0.05)  # half of what an Esc waits
            found += parser.tick()
        later(0.2)
        found += parser.tick()
        assert said(found) == SENT[sent], cuts


def test_an_esc_that_waits_alone_is_one(later: Callable[[float], None]) -> None:
    parser, found = KeyParser(), []
    for piece in ("\x1b", "j", "\x1b", "O", "x"):
        found += parser.feed(piece)
        later(0.2)
        found += parser.tick()
    assert said(found) == ["escape", "j", "escape", "O", "x"]
    found = [*parser.feed("\x1bO")]
    later(0.2)
    assert said([*found, *parser.tick()]) == ["alt+shift+o or esc O"]


def test_a_long_paste_is_one(later: Callable[[float], None]) -> None:
    pasted = "a [b]\x1b1" * 20_000
    parser = KeyParser()
    whole = f"\x1b[200~{pasted}\x1b[201~"
    cuts = [0, *accumulate([3, 5, 4096, 4097]), len(whole)]
    found = [e for a, b in pairwise(cuts) for e in parser.feed(whole[a:b])]
    assert said(found) == ["Paste " + pasted.replace("\x1b", "")]


def typed(pilot: Pilot, sent: str) -> None:
    """These bytes reach the app before it has looked at the first key."""
    for event in KeyParser().feed(sent):
        pilot.app.post_message(event)


async def test_the_palette_is_closed_and_the_key_behind_works(fleet: State) -> None:
    async with app_on(fleet).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "card-fraud" in text(pilot))
        typed(pilot, ":hou\x1bj\x1bj")
        screen = pilot.app.screen_stack[1]
        assert isinstance(screen, FleetScreen)
        await until(pilot, lambda: pilot.app.screen is screen and "3/5" in text(pilot), "the third row")


async def test_a_word_s_motion_stays_in_the_line(fleet: State) -> None:
    async with app_on(fleet).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "card-fraud" in text(pilot))
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        typed(pilot, "/card fraud\x1bbx-\x1bf\x1b\x7f")
        await until(pilot, lambda: screen.grid.filter == "card x-", "a word back, a word on, the word away")
        typed(pilot, "\x1bk")
        await until(pilot, lambda: screen.grid.filter == "" and screen.focused is screen.grid, "no filter any more")


async def test_alt_is_what_the_keys_file_makes_of_it(fleet: State) -> None:
    with open(fleet.root / "lifecycle.toml", "a", encoding="utf-8") as file:
        file.write('\n[keys]\n"grid.down" = ["alt+3", "j"]\n')
    async with app_on(fleet).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "1/5" in text(pilot))
        typed(pilot, "\x1b3")
        await until(pilot, lambda: "2/5" in text(pilot), "the second row")
        assert isinstance(pilot.app.screen, FleetScreen)


def test_in_a_terminal(fleet: State) -> None:
    with Terminal(fleet.root) as terminal:
        terminal.shows("agent off")
        terminal.type(":hou\x1bj")
        terminal.shows("2/5")
        assert "go to a model" not in terminal.text
        terminal.type("q")
        assert terminal.ends() == 0
