"""The cursor on plots: it goes over the windows, is drawn by a sign, is read off below, and opens the window."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import seed_story
import tui_seed
from textual.geometry import Offset
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.state import models, record
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import pictures
from lifecycle_tui.tui.panes.drift import DriftPane
from lifecycle_tui.tui.screens.detail import DetailScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.subject import Where
from lifecycle_tui.tui.text import Span


@pytest.fixture
def bikes(workspace: Callable[[], State]) -> State:
    """A workspace with the model `bikes`."""
    state = workspace()
    seed_story.bikes(state)
    return state


async def open_at(pilot, model: str, pane: str):
    """Open a model at a pane."""
    await pilot.pause()
    await pilot.app.push_screen(ModelScreen(pilot.app.source, model, Where(pane=pane)))
    await pilot.pause()
    return pilot.app.screen.pane


def upright(pilot, pane_picture) -> set[int]:
    """The cells in which the plot's cursor stands, with how it is drawn."""
    region = pane_picture.region
    shown = [line.ljust(region.right)[region.x : region.right] for line in lines(pilot)[region.y : region.bottom]]
    return {x for line in shown for x, char in enumerate(line) if char in "│|"}


async def test_the_cursor_goes_over_the_windows_of_performance(bikes: State) -> None:
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_at(pilot, "bikes", "performance")
        assert not upright(pilot, pane.picture), "without the focus no line"
        await pilot.press("o", "o")
        assert pane.picture.has_focus and len(upright(pilot, pane.picture)) == 1
        assert lines(pilot)[-2].startswith(" 2026-03-12  48,000 [47,000, 49,000]")
        before = upright(pilot, pane.picture)
        await pilot.press("left", "h")
        assert max(upright(pilot, pane.picture)) < min(before)
        assert "^Mar 10" in text(pilot) and pane.points.row.key == "2026-03-10"
        assert lines(pilot)[-2].startswith(" 2026-03-10  44,000 [43,000, 45,000] · 500 of 500 rows have labels (100%)")
        axis = pane.picture.region.bottom - 1
        assert pilot.app.cursor_position == Offset(lines(pilot)[axis].index("^"), axis), "where screen readers look"
        await pilot.press("home", "left")
        assert pane.points.row.key == "2026-03-01" and "^Mar 1" in text(pilot)
        await pilot.press("end", "l")
        assert pane.points.row.key == "2026-03-12"
        await pilot.press("left", "enter")
        assert isinstance(pilot.app.screen, DetailScreen) and "2026-03-11" in lines(pilot)[0]
        await pilot.press("escape", "escape")
        assert pane.series.has_focus and not upright(pilot, pane.picture)


async def test_the_cursor_of_drift_is_that_of_its_windows(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        pane = await open_at(pilot, "card-fraud", "drift")
        await pilot.press("v", "v", "v", "o", "o", "left", "left")
        assert pane.picture.has_focus and pane.windows.row.key == "2026-03-28"
        assert len(upright(pilot, pane.picture)) == 1 and "columns of 2026-03-28" in text(pilot)
        assert lines(pilot)[-2].startswith(" 2026-03-28  amount  ▲ drifted  0.221 · moved by 0.22")
        await pilot.press("home")
        assert pane.windows.row.key == "2026-03-01"
        await pilot.press("end", "enter")
        assert isinstance(pilot.app.screen, DetailScreen) and "2026-03-30  amount" in lines(pilot)[0]
        await pilot.press("escape", "escape")
        assert pane.windows.has_focus


async def test_the_cursor_of_the_overview_opens_the_window(bikes: State) -> None:
    async with app_on(bikes).run_test(size=LARGE) as pilot:
        pane = await open_at(pilot, "bikes", "overview")
        await pilot.press("o")
        assert pane.numbers.has_focus
        await pilot.press("left", "left", "left")
        assert lines(pilot)[-2].startswith(" 2026-03-09  500 rows · 500 labels · mae 42,000 [41,000, 43,000] n 480")
        assert len(upright(pilot, pane.numbers)) == 2, "through both charts"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen.pane, DriftPane), "its columns")
        assert pilot.app.screen.pane.windows.row.key == "2026-03-09"
        await pilot.press("1", "o", "escape")
        assert pane.story.has_focus


async def test_without_charts_o_stays_in_the_story(bikes: State) -> None:
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_at(pilot, "bikes", "overview")
        await pilot.press("o", "left", "enter")
        assert pane.story.has_focus


@pytest.mark.parametrize(
    "variable", [("LIFECYCLE_ASCII", "1"), ("LIFECYCLE_PLOTS", "ascii"), ("LIFECYCLE_PLOTS", "block")]
)
async def test_plots_without_braille(bikes: State, variable: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*variable)
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_at(pilot, "bikes", "performance")
        await pilot.press("o", "o", "left")
        region = pane.picture.region
        drawn = "".join(lines(pilot)[region.y + 1 : region.bottom])
        assert not any("\u2800" <= char <= "\u28ff" for char in drawn)
        assert ("█" in drawn or "▄" in drawn or "▀" in drawn) == (variable[1] == "block")
        assert len(upright(pilot, pane.picture)) == 1


async def test_blocks_in_the_drift_pane(fleet: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_PLOTS", "block")
    async with app_on(fleet).run_test(size=LARGE) as pilot:
        await open_at(pilot, "card-fraud", "drift")
        shown = text(pilot)
        assert "amount" in shown and not any("\u2800" <= char <= "\u28ff" for char in shown)


@pytest.mark.parametrize("size", [SMALL, (60, 20)])
async def test_all_panes_parts_show_on_small_screens(fleet: State, size: tuple[int, int]) -> None:
    async with app_on(fleet).run_test(size=size) as pilot:
        pane = await open_at(pilot, "card-fraud", "drift")
        assert pane.windows.size.height >= 3 and pane.columns.size.height >= 4 and pane.picture.size.height >= 5
        pilot.app.screen.open_pane("performance")
        await until(pilot, lambda: pilot.app.screen.pane.NAME == "performance", "the other pane")
        await pilot.pause()
        pane = pilot.app.screen.pane
        assert pane.series.size.height >= 4 and pane.picture.size.height >= 7 and pane.points.size.height >= 4


async def test_a_window_far_back_is_reached_by_its_alert(workspace: Callable[[], State]) -> None:
    state = workspace()
    with state.write() as tx:
        for n in range(130):
            found = (Signal("ks.a", n / 1000, column="a"), Signal("auc", 0.9))
            record.record(tx, [WindowResult("m", Window(f"w{n:03d}", n, None, None, 9), "", found, tui_seed.NOW)])
        models.declare(tx, [models.Declared("m")])
    async with app_on(state).run_test(size=SMALL) as pilot:
        pane = await open_at(pilot, "m", "performance")
        pilot.app.screen.open_pane("performance", Where(window="w010", signal="auc"))
        await until(pilot, lambda: pane.points.row.key == "w010", "more windows are read")
        pilot.app.screen.open_pane("drift", Where(window="w010", signal="ks.a"))
        await until(pilot, lambda: "columns of w010" in text(pilot), "the page around it")
        pilot.app.screen.open_pane("drift", Where(window="gone"))
        await pilot.pause()
        lines(pilot)


def test_the_sign_of_the_chosen_window_is_found_again() -> None:
    line = pictures.axis([f"w{n}" for n in range(9)], [], list(range(10, 100, 10)), 100, 4, 5)
    assert pictures.marked([(), line]) == (50, 1)
    end = pictures.axis(["a", "b"], [], [0, 19], 20, 1)
    assert pictures.marked([end]) == (19, 0) and pictures.marked([(Span("^ no", ""),)]) is None
