"""`g` and a letter, the way back, the trail in the title, and the mouse that does what keys do."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, cursor, lines, until

from lifecycle_tui.state.database import State
from lifecycle_tui.tui.places import PLACES
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.screens.help import HelpScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.screens.page import PageScreen


async def at(pilot: Pilot, name: str) -> None:
    await until(pilot, lambda: getattr(pilot.app.screen, "NAME", "") == name, name)


async def test_g_waits_for_a_letter_and_says_which(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "agent off" in lines(pilot)[-1], "the whole footer")
        before = lines(pilot)
        await pilot.press("g")
        assert "g top" in lines(pilot)[-1] and "f fleet" in lines(pilot)[-1] and "j jobs" in lines(pilot)[-1]
        assert lines(pilot)[:-1] == before[:-1]
        await pilot.press("f7")
        assert lines(pilot) == before, "any other key cancels, and does nothing else"
        await pilot.press("g", "t")
        assert isinstance(pilot.app.screen, FleetScreen), "nor does one that has a meaning of its own"


async def test_every_place_is_two_keys_away_from_everywhere(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        for place in (*PLACES.values(), *reversed(PLACES.values())):
            await pilot.press("g", place.key.lower())
            await at(pilot, place.name)
        await pilot.press("g", "f", "enter")
        await at(pilot, "model")
        await pilot.press("2", "g", "j")
        await at(pilot, "jobs")


async def test_gg_and_ge_go_to_the_ends(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        grid = pilot.app.screen.grid
        for keys, row in ((["g", "e"], -1), (["g", "g"], 0), (["G"], -1), (["home"], 0), (["end"], -1)):
            await pilot.press(*keys)
            assert grid.row == grid.rows[row], keys
            assert grid.row.name in cursor(pilot)


async def test_while_somebody_types_g_is_a_letter(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("slash", *"gg", "enter")
        assert pilot.app.screen.grid.filter == "gg" and not pilot.app.jumping


async def test_in_a_dialog_only_the_ends_are_offered(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("t", "g")
        await pilot.pause()
        assert "g top" in lines(pilot)[-1] and "fleet" not in lines(pilot)[-1]
        dialog = pilot.app.screen
        await pilot.press("j")
        await pilot.pause()
        assert pilot.app.screen is dialog


async def test_ctrl_c_after_g_still_ends_the_program(fleet: State) -> None:
    app = app_on(fleet)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("g", "ctrl+c")
        await pilot.pause()
    assert app.return_code == 130


# ── the way back ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [SMALL, (60, 20), LARGE])
async def test_the_title_says_how_one_came(fleet: State, size: tuple[int, int]) -> None:
    async with app_on(fleet).run_test(size=size) as pilot:
        assert "›" not in lines(pilot)[0]
        await pilot.press("down", "enter")
        await at(pilot, "model")
        await pilot.pause()
        assert lines(pilot)[0].startswith(" fleet › card-fraud")
        await pilot.press("2", "g", "j")
        await at(pilot, "jobs")
        await pilot.pause()
        shown = lines(pilot)[0]
        assert ("card-fraud" in shown or size[0] < 80) and " › " in shown
        await pilot.press("g", "h")
        await at(pilot, "history")
        for back in ("jobs", "model", "fleet"):
            await pilot.press("escape")
            await at(pilot, back)


async def test_the_trail_is_plain_in_ascii(fleet: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_ASCII", "1")
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("g", "j")
        await at(pilot, "jobs")
        assert lines(pilot)[0].startswith(" fleet > jobs") and "›" not in lines(pilot)[0]


@pytest.mark.slow
async def test_enter_in_escape_back_on_every_screen(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        for place in PLACES.values():
            await pilot.press("g", place.key.lower())
            await at(pilot, place.name)
            below, screen = len(pilot.app.screen_stack), pilot.app.screen
            await pilot.press("enter")
            await pilot.pause()
            if pilot.app.screen is not screen:
                await pilot.press("escape")
                await until(pilot, lambda screen=screen: pilot.app.screen is screen, f"back on {place.name}")
            assert len(pilot.app.screen_stack) == below
            if place.name != "fleet":
                await pilot.press("escape")
                await at(pilot, "fleet")
        for pane in "1234567":
            await pilot.press("enter", pane)
            await at(pilot, "model")
            await pilot.press("escape")
            await at(pilot, "fleet")


# ── the mouse ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def click(pilot: Pilot, word: str, y: int) -> None:
    line = lines(pilot)[y]
    assert word in line, (word, line)
    await pilot.click(offset=(line.index(word) + 1, y % pilot.app.size.height))
    await pilot.pause()


async def test_a_click_in_the_footer_presses_the_key(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await click(pilot, "sort", -1)
        assert pilot.app.screen.grid.sorting
        await click(pilot, "help", -1)
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen), "help")
        await click(pilot, "back", -1)
        await until(pilot, lambda: isinstance(pilot.app.screen, FleetScreen), "back")
        await pilot.press("g")
        await click(pilot, "jobs", -1)
        await at(pilot, "jobs")


async def test_a_click_on_the_trail_goes_back_there_and_on_a_pane_opens_it(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("enter")
        await at(pilot, "model")
        await pilot.pause()
        await click(pilot, "drift", 1)
        await until(pilot, lambda: pilot.app.screen.pane.NAME == "drift", "the pane")
        await pilot.press("g", "j")
        await at(pilot, "jobs")
        await pilot.pause()
        await click(pilot, "fleet", 0)
        await at(pilot, "fleet")


async def test_a_click_beside_words_does_nothing(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        for y in (0, -1, -2):
            await pilot.click(offset=(79, y % 24))
            await pilot.pause()
        assert isinstance(pilot.app.screen, FleetScreen) and len(pilot.app.screen_stack) == 2


# ── the help does what it lists ───────────────────────────────────────────────────────────────────────────────────


async def ask(pilot: Pilot, words: str) -> HelpScreen:
    await pilot.press("question_mark")
    await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen), "help")
    await pilot.press("slash", *words, "enter")
    await pilot.pause()
    assert isinstance(pilot.app.screen, HelpScreen)
    return pilot.app.screen


async def test_enter_in_the_help_does_what_the_line_says(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        screen = await ask(pilot, "next column")
        assert [row.binding.id for row in screen.grid.rows] == ["fleet.sort"]
        assert "fleet.sort" in lines(pilot)[-2], "its name for [keys] stands below"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, FleetScreen), "closed")
        await until(pilot, lambda: pilot.app.screen.grid.sorting != "", "sorted")
        await ask(pilot, "mark all")
        await pilot.press("enter")
        await until(pilot, lambda: len(pilot.app.screen.subject().models) == 5, "the list did it")
        await ask(pilot, "what runs")
        await pilot.press("enter")
        await at(pilot, "jobs")


async def test_what_cannot_be_done_is_dim_and_says_why(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        screen = await ask(pilot, "cancel a job")
        row = screen.grid.rows[0]
        assert row.tone == "dim" and "no job is under the cursor" in row.text
        await pilot.press("enter")
        await pilot.pause()
        assert pilot.app.screen is screen and "no job" in lines(pilot)[-2]
        await pilot.press("escape")
        assert pilot.app.screen is screen and screen.grid.filter == "", "first the filter, then the help"
        await pilot.press("escape")
        await at(pilot, "fleet")


async def test_no_yes_is_given_from_the_help(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("t")
        await pilot.pause()
        dialog = pilot.app.screen
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen), "help")
        consent = [
            row for row in pilot.app.screen.grid.rows if row.binding and row.binding.id in ("act.enter", "act.yes")
        ]
        assert consent and all("in the dialog itself" in row.why for row in consent)
        await pilot.press("escape")
        assert pilot.app.screen is dialog


async def test_a_text_page_has_its_keys_in_the_help(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("g", "h", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, View)
        if isinstance(pilot.app.screen, PageScreen):
            screen = await ask(pilot, "scroll down")
            assert [row.binding.id for row in screen.grid.rows] == ["pager.down"]
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, PageScreen), "back on it")


async def test_half_a_page_moves_the_cursor(fleet: State) -> None:
    async with app_on(fleet).run_test(size=(80, 11)) as pilot:
        grid = pilot.app.screen.grid
        await pilot.press("ctrl+d")
        moved = grid.rows.index(grid.row)
        assert moved == max(1, (grid.page - 1) // 2)
        await pilot.press("ctrl+u")
        assert grid.row == grid.rows[0]
        assert isinstance(pilot.app.screen, FleetScreen | ModelScreen)
