"""The model screen: its title, its line of panes, and how panes are opened, kept and left."""

from __future__ import annotations

import pytest
import tui_seed
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.state import models
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.panes.listing import LOGS, PANELS, PANES
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.subject import Where

KEYS = {
    "overview": "1", "drift": "2", "performance": "3", "versions": "4", "alerts": "5", "policy": "6", "history": "7",
}  # fmt: skip


async def open_model(pilot, name: str, where: Where | None = None) -> ModelScreen:
    """Open one model."""
    await pilot.pause()
    await pilot.app.push_screen(ModelScreen(pilot.app.source, name, where))
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, ModelScreen)
    return screen


def test_panes_have_the_keys_that_they_are_known_by() -> None:
    assert {listed.name: listed.key for listed in PANES.values()} == {name: KEYS[name] for name in PANES}
    assert next(iter(PANES)) == "overview"


@pytest.mark.parametrize("name", PANES)
def test_a_pane_is_what_the_listing_says(name: str, fleet: State) -> None:
    from lifecycle_tui.tui.source import Source

    source = Source(fleet.root)
    made = PANES[name].make(source, "card-fraud")
    assert isinstance(made, Pane) and name == made.NAME and made.model == "card-fraud"
    source.close()


async def test_the_title_and_the_line_of_panes(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "card-fraud")
        shown = lines(pilot)
        assert shown[0].startswith(" fleet › card-fraud  ✗ critical  champion v7 · checked ")
        assert shown[1].split()[:6] == ["1", "overview", "2", "drift", "3", "performance"]
        assert shown[1].split()[-1] == list(PANES)[-1], "all of them fit"
        screen = pilot.app.screen
        assert "title" in {span.tone for span in screen._names() if "overview" in span.text}


async def test_every_pane_shows_in_the_line_at_any_width(fleet: State) -> None:
    """Shorter words, at last bare numbers; the one that shows has its name always, resized while it shows, too."""
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        screen = await open_model(pilot, "card-fraud", Where(pane="history"))
        await pilot.resize_terminal(60, 20)
        assert lines(pilot)[1] == "1 overview 2 drift 3 perf 4 vers 5 alerts 6 policy 7 hist"
        assert {span.text for span in screen._names() if span.tone == "title"} == {"7 ", "hist"}
        await pilot.press("6")
        screen._listed = (*PANES.values(), PANELS, LOGS)
        assert "".join(span.text for span in screen._names()) == "1 2 3 4 5 6 policy 7 8 9 "
        await pilot.resize_terminal(*SMALL)
        assert lines(pilot)[1].split()[-1] in ("history", "logs")


async def test_keys_and_tab_go_from_pane_to_pane(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        screen = await open_model(pilot, "card-fraud")
        names = list(PANES)
        for name in [*names[1:], names[0]]:
            await pilot.press("tab")
            await until(pilot, lambda name=name: name == screen.pane.NAME, name)
            lines(pilot)
        await pilot.press("shift+tab")
        await until(pilot, lambda: names[-1] == screen.pane.NAME, "it is a ring")
        for name in names:
            await pilot.press(PANES[name].key)
            await until(pilot, lambda name=name: name == screen.pane.NAME, name)
            shown = [pane for pane in screen.query(Pane) if pane.display]
            assert [pane.NAME for pane in shown] == [name], "one shows"
            assert screen.focused is None or screen.pane in screen.focused.ancestors, "and has the focus"


async def test_a_pane_is_made_once_and_keeps_its_cursor(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        screen = await open_model(pilot, "card-fraud")
        assert len(screen.query(Pane)) == 1, "the others are not made yet"
        await pilot.press("2", "down", "down")
        await pilot.pause()
        assert screen.pane.windows.row.key == "2026-03-28"
        drift = screen.pane
        await pilot.press("1", "2")
        await pilot.pause()
        assert screen.pane is drift and drift.windows.row.key == "2026-03-28"


async def test_escape_goes_back_from_any_pane(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "card-fraud")
        await pilot.press("3", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, FleetScreen), "the fleet")
        await open_model(pilot, "card-fraud")
        await pilot.press("2", "q")
        await until(pilot, lambda: isinstance(pilot.app.screen, FleetScreen), "q leaves at once")


async def test_others_open_a_pane_at_a_place(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        screen = await open_model(pilot, "card-fraud", Where(pane="drift", window="2026-03-20"))
        assert screen.pane.NAME == "drift" and screen.pane.windows.row.key == "2026-03-20"
        screen.open_pane("performance", Where(signal="recall", window="2026-03-21"))
        await until(pilot, lambda: screen.pane.NAME == "performance", "the pane")
        await until(pilot, lambda: screen.pane.series.row.series.name == "recall", "the signal")
        assert screen.pane.points.row.key == "2026-03-21"
        screen.open_pane("nonsense")
        await until(pilot, lambda: "There is no pane nonsense." in text(pilot), "said in words")
        assert screen.pane.NAME == "performance"
        screen.open_pane("drift", Where(window="no such window", signal="no.such"))
        await until(pilot, lambda: screen.pane.NAME == "drift", "a place that is gone is no reason to fail")


async def test_a_pane_that_nobody_knows_opens_the_first(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        screen = await open_model(pilot, "card-fraud", Where(pane="nonsense"))
        assert screen.pane.NAME == "overview"


@pytest.mark.thorough
@pytest.mark.parametrize("key", [listed.key for listed in PANES.values()])
async def test_a_model_that_vanishes_is_said_and_what_was_read_stays(fleet: State, key: str) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        screen = await open_model(pilot, "new-model")
        await pilot.press(key)
        await pilot.pause()
        with fleet.write() as tx:
            models.retire_missing(tx, ["churn"])
        await until(pilot, lambda: "does not declare this model any more" in text(pilot), "retired")
        with fleet.write() as tx:
            tx.execute("DELETE FROM models WHERE name = 'new-model'")
            models.put_model(tx, tui_seed.facts("churn"))
        await until(pilot, lambda: "is in state no more" in text(pilot), "gone")
        assert screen.pane.display
        await pilot.press(*"1234567", "tab", "down", "enter", "slash", "escape")
        await pilot.pause()
        lines(pilot)


async def test_changes_show_in_the_pane_that_shows(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "churn")
        await pilot.press("2", "1")
        with fleet.write() as tx:
            models.put_model(tx, tui_seed.facts("churn", "error", message="the table is gone"))
        await until(pilot, lambda: "the table is gone" in text(pilot), "the new state")
        assert "! error" in lines(pilot)[0]


@pytest.mark.thorough
@pytest.mark.parametrize("size", [SMALL, LARGE, (40, 12), (20, 6)])
async def test_any_size_and_hostile_names(fleet: State, size: tuple[int, int]) -> None:
    name = "\x1b[31mchurn[prod][/x]客户\u202e"
    with fleet.write() as tx:
        models.declare(tx, [models.Declared(name, "[b]", "\x1b]0;owner\x07")])
        models.put_model(tx, tui_seed.facts(name, "warning", message="\x1b[2J[red]no[/red]"))
    async with app_on(fleet).run_test(size=size) as pilot:
        await open_model(pilot, name)
        for key in "1234567":
            await pilot.press(key)
            await pilot.pause()
            lines(pilot)
        await pilot.resize_terminal(100, 30)
        await pilot.press("1")
        await pilot.pause()
        assert "\\x1b[31mchurn[prod][/x]客户" in text(pilot)
