"""Keys of one's own: from the start and while it runs, shown wherever keys are named; a bad table changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.state.database import State
from lifecycle_tui.tui import keys
from lifecycle_tui.tui.screens.act import ActScreen
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.screens.help import HelpScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.screens.palette import PaletteScreen


@pytest.fixture(autouse=True)
def own_keys() -> Iterator[None]:
    yield
    keys.use({})


def write(root: Path, text: str) -> None:
    (root / "lifecycle.toml").write_text(text, encoding="utf-8")


async def follow(pilot: Pilot) -> None:
    """Until the app has looked at the file."""
    pilot.app.poll()
    await pilot.pause()
    await pilot.pause()


async def test_keys_of_the_file_are_there_from_the_first_paint_on(fleet: State) -> None:
    write(
        fleet.root,
        '[keys]\n"act.retrain" = "T"\n"fleet.sort" = ["F6", "F5"]\n"fleet.open" = "l"\n"grid.right" = "right"\n',
    )
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        grid = pilot.app.screen.grid
        assert "l open" in lines(pilot)[-1] and "F6 sort" in lines(pilot)[-1] and "T retrain" in lines(pilot)[-1]
        await pilot.press("f6")
        first = grid.sorting
        await pilot.press("f5")
        assert first and grid.sorting != first
        await pilot.press("s", "t")
        assert isinstance(pilot.app.screen, FleetScreen), "the old keys do nothing"
        await pilot.press("T")
        await until(pilot, lambda: isinstance(pilot.app.screen, ActScreen), "the plan")
        await pilot.press("escape", "l")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model")


async def test_a_change_of_the_file_counts_at_once_and_a_bad_one_changes_nothing(fleet: State) -> None:
    write(fleet.root, "")
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        assert "s sort" in lines(pilot)[-1]
        write(fleet.root, '[keys]\n"fleet.sort" = "F6"\n')
        await follow(pilot)
        assert "F6 sort" in lines(pilot)[-1]
        write(fleet.root, '[keys]\n"fleet.sort" = "F7"\n"fleet.opne" = "F8"\n')
        await follow(pilot)
        assert "F6 sort" in lines(pilot)[-1]
        assert 'lifecycle.toml:3:1: no key binding is called "fleet.opne"' in text(pilot)
        await pilot.press("f6")
        assert pilot.app.screen.grid.sorting
        write(fleet.root, "")
        await follow(pilot)
        assert "s sort" in lines(pilot)[-1] and "no key binding" not in text(pilot)


async def test_help_and_palette_name_the_keys_of_now(fleet: State) -> None:
    write(fleet.root, '[keys]\n"act.retrain" = "T"\n"go.jobs" = "F6"\n"app.help" = "F1"\n"act.promote" = []\n')
    async with app_on(fleet).run_test(size=LARGE) as pilot:
        assert "F1 help" in lines(pilot)[-1]
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen), "help")
        await pilot.pause()
        found = {row.text.partition(" · ")[0]: row.left for row in pilot.app.screen.grid.rows}
        assert found["Train a new version"] == "T" and "Promote a version" not in found
        await pilot.press("escape", "colon")
        await until(pilot, lambda: isinstance(pilot.app.screen, PaletteScreen), "palette")
        await pilot.pause()
        key = {entry.text: entry.key for _, entry in pilot.app.screen.grid.rows}
        assert (key["Train a new version"], key["Jobs"], key["Help"]) == ("T", "F6", "F1")
        assert key["Promote a version"] == "", "what has no key is reached from here"


async def test_while_somebody_types_a_key_of_one_s_own_is_a_letter(fleet: State) -> None:
    write(fleet.root, '[keys]\n"view.actions" = "h"\n"grid.left" = "left"\n"log.left" = "left"\n')
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("slash", *"churn", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, FleetScreen) and pilot.app.screen.grid.filter == "churn"


async def test_the_other_way_to_quit(fleet: State) -> None:
    write(fleet.root, '[keys]\n"app.quit" = "F9"\n')
    app = app_on(fleet)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert app.is_running and app.return_code is None
        await pilot.press("f9")
        await pilot.pause()
    assert app.return_code == 0
