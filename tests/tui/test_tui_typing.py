"""Typing ahead: keys that come in one bunch go where they were meant to go, and never become commands."""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot
from tui_screen import app_on, text, until

from lifecycle_tui.state.database import State
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.screens.model import ModelScreen

NAMED = {":": "colon", "/": "slash", "\n": "enter", "\x1b": "escape", "-": "minus", "\x7f": "backspace"}


def at_once(pilot: Pilot, keys: str) -> None:
    """All of these keys reach the app before it has looked at the first one."""
    for key in keys:
        name = NAMED.get(key, key)
        pilot.app.post_message(events.Key(name, key if key.isprintable() else None))


async def test_a_model_by_its_name(fleet: State) -> None:
    # "t", "a", "y" and Enter would train, acknowledge and do it.
    async with app_on(fleet).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "card-fraud" in text(pilot))
        at_once(pilot, ":card-fraud\n")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model is open")
        assert pilot.app.screen.model_name == "card-fraud"  # type: ignore[attr-defined]
        assert len(pilot.app.screen_stack) == 3


@pytest.mark.parametrize("words", ["pay", "tay", "house", "hxx\x7f\x7fouse"])
async def test_a_filter(fleet: State, words: str) -> None:
    async with app_on(fleet).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "card-fraud" in text(pilot))
        at_once(pilot, f"/{words}\n")
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        wanted = "house" if "\x7f" in words else words  # what is corrected is corrected before what comes after it
        await until(pilot, lambda: screen.grid.filter == wanted and screen.focused is screen.grid, "the filter is on")
        assert pilot.app.screen is screen and len(pilot.app.screen_stack) == 2


async def test_what_comes_after_a_filter_is_a_key_again(fleet: State) -> None:
    async with app_on(fleet).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "card-fraud" in text(pilot))
        at_once(pilot, "/house\n\n")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model is open")
        assert pilot.app.screen.model_name == "house-prices"  # type: ignore[attr-defined]


async def test_letters_of_a_filter_are_letters(fleet: State) -> None:
    async with app_on(fleet).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "card-fraud" in text(pilot))
        screen = pilot.app.screen
        assert isinstance(screen, FleetScreen)
        at_once(pilot, "/a:/b")
        await until(pilot, lambda: screen.grid.filter == "a:/b")
        at_once(pilot, "\x1b")
        await until(pilot, lambda: screen.grid.filter == "" and screen.focused is screen.grid)


async def test_a_note_is_no_yes(fleet: State) -> None:
    """In a dialog `y` and Enter do it: not while a note is typed, however fast."""
    from lifecycle_tui.tui.screens.act import ActScreen

    async with app_on(fleet).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "card-fraud" in text(pilot))
        at_once(pilot, ":card-fraud\n")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen))
        await pilot.press("5")
        await until(pilot, lambda: "auc-degraded" in text(pilot))
        await pilot.press("a")
        await until(pilot, lambda: "lifecycle ack" in text(pilot))
        dialog = pilot.app.screen
        assert isinstance(dialog, ActScreen)
        at_once(pilot, "nyes y")
        await until(pilot, lambda: "note: yes y" in text(pilot), "the note is typed")
        assert dialog.stage == "asking"
