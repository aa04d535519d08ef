"""The palette: models, screens, panes, actions, orders of the list, by some letters; hostile names; ten thousand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tui_seed
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.actions.named import NAMED
from lifecycle_tui.state import models
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.places import PLACES
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.screens.help import HelpScreen
from lifecycle_tui.tui.screens.model import PANES, ModelScreen
from lifecycle_tui.tui.screens.palette import MOST, PaletteScreen


async def ask(pilot: Pilot, typed: str) -> list[str]:
    """Open the palette, type, and say what is listed."""
    await pilot.press("colon")
    await until(pilot, lambda: isinstance(pilot.app.screen, PaletteScreen) and bool(pilot.app.screen.grid.rows), "open")
    await pilot.press(*typed)
    await pilot.pause()
    return listed(pilot)


def listed(pilot: Pilot) -> list[str]:
    return [entry.text for _, entry in pilot.app.screen.grid.rows]


@pytest.mark.parametrize("size", [SMALL, LARGE, (60, 20)])
async def test_everything_is_offered(fleet: State, size: tuple[int, int]) -> None:
    async with app_on(fleet).run_test(size=size) as pilot:
        found = await ask(pilot, "")
        assert {"card-fraud", "churn", "Help", "Quit", "Sort by drift", "Sort by alerts"} <= set(found)
        assert {place.title for place in PLACES.values()} <= set(found)
        assert {NAMED["retrain"].title, NAMED["ack"].title} <= set(found), "alerts: those of the model"
        assert NAMED["jobs cancel"].title not in found, "no job is under the cursor"
        shown = text(pilot)
        assert "action  Train a new version" in shown and "demand" in shown
        assert lines(pilot)[1] == ":"
        assert "Esc close" in lines(pilot)[-1]


async def test_a_few_letters_and_enter_open_a_model(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        assert (await ask(pilot, "fraud"))[0] == "card-fraud"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model")
        assert pilot.app.screen.model_name == "card-fraud"
        await ask(pilot, "hp")
        await pilot.press("enter")
        await until(pilot, lambda: getattr(pilot.app.screen, "model_name", "") == "house-prices", "the other model")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, FleetScreen), "models do not pile up")


async def test_up_and_down_move_while_typing(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        found = await ask(pilot, "sort")
        assert len(found) > 3
        await pilot.press("down", "down", "up")
        assert pilot.app.screen.grid.row[1].text == found[1]
        await pilot.press("pagedown", "pageup")
        assert pilot.app.screen.grid.row[1].text == found[0]
        await pilot.press("down", *" by m")
        await pilot.pause()
        assert pilot.app.screen.grid.row[1].text == listed(pilot)[0], "another letter begins at the best again"


async def test_it_sorts_the_list_below_and_turns_the_order_around(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        grid = pilot.app.screen.grid
        for order in (sorted, lambda names: sorted(names, reverse=True)):
            await ask(pilot, "sort by model")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, FleetScreen), "closed")
            await until(pilot, lambda o=order: [r.name for r in grid.rows] == o(r.name for r in grid.rows), "sorted")
        await ask(pilot, "sort as at first")
        await pilot.press("enter")
        await until(pilot, lambda: grid.sorting == "", "worst first")


async def test_it_shows_undeclared_models_and_hides_them_again(fleet: State) -> None:
    with fleet.write() as tx:
        models.retire_missing(tx, ["churn", "demand"])
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        grid = pilot.app.screen.grid
        assert "card-fraud" not in await ask(pilot, "card")
        await pilot.press("escape")
        await ask(pilot, "undeclared")
        await pilot.press("enter")
        await until(pilot, lambda: len(grid.rows) == 5, "all five")
        grid.go("card-fraud")
        await pilot.pause()
        assert "lifecycle.toml does not declare it any more" in lines(pilot)[-2]
        assert (await ask(pilot, "undeclared"))[0] == "Hide undeclared models"
        await pilot.press("enter")
        await until(pilot, lambda: len(grid.rows) == 2, "the two that are declared")


async def test_it_goes_to_help_and_quits(fleet: State) -> None:
    app = app_on(fleet)
    async with app.run_test(size=SMALL) as pilot:
        await ask(pilot, "help")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen), "the help")
        await pilot.press("escape")
        await ask(pilot, "quit")
        await pilot.press("enter")
        await pilot.pause()
    assert app.return_code == 0


async def test_the_panes_of_the_open_model_are_offered(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model")
        screen, last = pilot.app.screen, list(PANES.values())[-1]
        assert {pane.title for pane in PANES.values()} <= set(await ask(pilot, ""))
        await pilot.press(*last.title.lower())
        await pilot.pause()
        row = next(n for n, (_, e) in enumerate(pilot.app.screen.grid.rows) if (e.kind, e.text) == ("pane", last.title))
        await pilot.press(*["down"] * row, "enter")
        await until(pilot, lambda: pilot.app.screen is screen and last.name == screen.pane.NAME, "the pane")


async def test_marked_models_are_counted_and_escape_does_nothing(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("space", "space")
        await ask(pilot, "train")
        assert "2 marked models" in text(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, FleetScreen)
        assert pilot.app.screen.subject().models == ("demand", "card-fraud")


async def test_an_action_is_asked_about_what_was_under_the_cursor(
    fleet: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(FleetScreen, "action_act", lambda self, name: asked.append(f"{name} {self.subject().model}"))
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("down")
        await ask(pilot, "retrain")
        await pilot.press("enter")
        await until(pilot, lambda: asked == ["retrain card-fraud"], "asked")


async def test_nothing_matches(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        assert await ask(pilot, "zzzz") == []
        assert "Nothing has these letters in this order." in text(pilot)
        await pilot.press("enter", "down", "up", "pagedown")
        assert isinstance(pilot.app.screen, PaletteScreen)


async def test_nothing_there_at_all(workspace: Callable[[], State]) -> None:
    async with app_on(workspace()).run_test(size=SMALL) as pilot:
        found = await ask(pilot, "")
        asked_of_nothing = {n.name for n in NAMED.values() if n.title in found}
        assert "Fleet" in found and asked_of_nothing == {"undo", "notifications resend"}


HOSTILE = (
    "churn[prod]",
    "[/x]",
    "\x1b[2J\x1b[31mred",
    "客户流失预测",
    "e\u0301e\u0301",
    "x" * 300,
    "a\nb",
    "\u202ertl",
)


@pytest.mark.parametrize("size", [SMALL, LARGE, (40, 10)])
async def test_hostile_names(workspace: Callable[[], State], size: tuple[int, int]) -> None:
    state = workspace()
    with state.write() as tx:
        for name in HOSTILE:
            models.put_model(tx, tui_seed.facts(name, "warning"))
    async with app_on(state).run_test(size=size) as pilot:
        assert set(HOSTILE) <= set(await ask(pilot, ""))
        lines(pilot)
        await pilot.press(*"[/")
        await pilot.pause()
        assert "[/x]" in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: getattr(pilot.app.screen, "model_name", "") == "[/x]", "it opens")


async def test_of_ten_thousand_models_the_best_are_listed(workspace: Callable[[], State]) -> None:
    state = workspace()
    with state.write() as tx:
        models.declare(tx, [models.Declared(f"m-{n:05d}", "binary", None) for n in range(10_000)])
    async with app_on(state).run_test(size=SMALL) as pilot:
        found = await ask(pilot, "m-")
        assert len(found) == MOST and "the best 200 of 10,000; type more" in lines(pilot)[0]
        await pilot.press(*"07777")
        await pilot.pause()
        assert listed(pilot)[0] == "m-07777"


async def test_state_that_is_gone_is_said(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        pilot.app.source.close()
        await ask(pilot, "")
        assert "state was closed" in lines(pilot)[0] and "Help" in listed(pilot)


async def test_what_was_done_last_comes_first(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        for typed, there in (("jobs", "jobs"), ("house", "model")):
            await ask(pilot, typed)
            await pilot.press("enter")
            await until(pilot, lambda there=there: getattr(pilot.app.screen, "NAME", "") == there, there)
        assert (await ask(pilot, ""))[:2] == ["house-prices", "Jobs"]
        assert listed(pilot).count("Jobs") == 1
        await pilot.press(*"fle")
        await pilot.pause()
        assert listed(pilot)[0] == "Fleet", "what is typed counts more"


async def test_this_screen_s_own_keys_are_offered_by_what_they_do(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        assert "sort by the next column" in await ask(pilot, "next column")
        await pilot.press("enter")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, FleetScreen) and bool(pilot.app.screen.grid.sorting), "s"
        )


async def test_enter_waits_for_the_models_that_are_still_being_read(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        app = pilot.app
        await app.run_action("app.palette")
        palette = app.screen
        assert isinstance(palette, PaletteScreen)
        palette.query_one("Input").value = "churn"
        await palette.action_run()
        await until(pilot, lambda: getattr(app.screen, "model_name", "") == "churn", "the model")
