"""The performance pane: metrics as they stand, the one under the cursor over its windows, against the rules."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import seed_story
import tui_seed
from tui_screen import LARGE, SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.state import models, record
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.panes.performance import PerformancePane
from lifecycle_tui.tui.screens.detail import DetailScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.subject import Where


@pytest.fixture
def bikes(workspace: Callable[[], State]) -> State:
    """A workspace with the model `bikes`."""
    state = workspace()
    seed_story.bikes(state)
    return state


async def open_performance(pilot, name: str = "bikes") -> PerformancePane:
    """Open a model at the pane."""
    await pilot.pause()
    await pilot.app.push_screen(ModelScreen(pilot.app.source, name, Where(pane="performance")))
    await pilot.pause()
    pane = pilot.app.screen.pane
    assert isinstance(pane, PerformancePane)
    return pane


async def test_signals_plot_and_windows_at_80_by_24(bikes: State) -> None:
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_performance(pilot)
        shown = lines(pilot)
        assert shown[2].split() == ["state", "signal", "of", "value", "interval", "rule"]
        assert shown[3].split() == [
            ">✗", "critical", "mae", "serving", "44,000", "[43,000,", "45,000]", "lower", ">", "35,000",
        ]  # fmt: skip
        assert shown[4].split() == ["?", "unknown", "r2", "serving", "-"], "no number says why elsewhere"
        assert shown[5].split()[:4] == ["✓", "ok", "mae", "2"], "a version alone breaks no rule"
        top = pane.picture.region.y
        assert shown[top].startswith(" mae as served  ─ mae.lower > 35,000 in 2 windows  dotted: more labels expected")
        threshold = next(line for line in shown[top : top + 8] if line.startswith(" 35,000 "))
        assert "───" in threshold, "with its number"
        assert "^2" in shown[top + 6], "the window in which version 2 began to serve"
        assert shown[top + 7].split() == ["Mar", "1", "Mar", "3", "Mar", "5", "Mar", "7", "Mar", "9", "Mar", "12^"]
        assert shown[top + 8].split() == ["window", "value", "interval", "n", "labels", "version"]
        assert shown[top + 9].split()[:2] == [">2026-03-12", "✗"]
        assert shown[top + 9].rstrip().endswith("more expected") and " 24% 2 " in shown[top + 9]
        assert " 100% 2" in shown[top + 11], "mature"
        assert shown[-2] == " mae  error-high: mae.lower > 35,000 in 2 windows"
        assert shown[-1].startswith(" Enter open  v segments  s sort  / filter")


async def test_a_large_screen_has_them_side_by_side(bikes: State) -> None:
    async with app_on(bikes).run_test(size=LARGE) as pilot:
        pane = await open_performance(pilot)
        shown = text(pilot)
        assert pane.picture.region.x > pane.series.region.x + 60
        assert pane.picture.region.y == pane.series.region.y and pane.points.region.y > pane.series.region.y
        assert "data.late" in shown and "2 h" in shown, "a delay as a duration"
        assert "2026-03-01" in shown and "mae  ✓ ok  " in shown, "and all about the window below"
        drawn = pane._picture(pane.picture.size.width, pane.picture.size.height)
        assert sum(len(span.text.encode()) for line in drawn for span in line) < 4096, "a frame"


async def test_the_signal_under_the_cursor_chooses_plot_and_windows(bikes: State) -> None:
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_performance(pilot)
        await pilot.press("down")
        await pilot.pause()
        assert "No number in the last 12 windows: labels have yet to come." in text(pilot)
        assert "too few labels" in lines(pilot)[pane.points.region.y + 1]
        pane.series.go(next(row.key for row in pane.series.rows if row.series.name == "drift.share"))
        await pilot.pause()
        shown = text(pilot)
        assert "drift.share of all rows  ─ drift.share >= 0.2" in shown
        assert "inputs-moved: drift.share >= 0.2" in lines(pilot)[-2]
        assert pane.series.row.thresholds[0].severity == "warning"


async def test_each_version_that_scored_has_its_own_series(bikes: State) -> None:
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_performance(pilot)
        rows = {(row.series.name, row.scorer): row.series for row in pane.series.rows}
        served = rows["mae", "serving"]
        assert [p.version for p in served.points] == ["1"] * 8 + ["2"] * 4
        assert served.moves == {"2026-03-09": "2"}
        assert rows["mae", "2"].points[5].signal is None and rows["mae", "2"].points[6].value == 38_000
        assert [row.series.name for row in pane.series.rows][:2] == ["mae", "r2"]
        assert ("drift.share", "all rows") in rows and ("drift.share", "serving") not in rows


async def test_a_window_and_all_that_is_known_of_it(bikes: State) -> None:
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_performance(pilot)
        await pilot.press("enter", "down", "down")
        await pilot.pause()
        assert "2026-03-10" in cursor(pilot)
        assert " 2026-03-10  44,000 [43,000, 45,000] · 500 of 500 rows have labels (100%)" in text(pilot)
        axis = lines(pilot)[pane.picture.region.bottom - 1]
        assert "^" in axis, "the window is marked on the plot"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, DetailScreen)
        assert "[43,000, 45,000]" in text(pilot) and "2026-03-10" in lines(pilot)[0]
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert pane.series.has_focus
        await pilot.press("o")
        assert pane.points.has_focus


async def test_filtering_and_sorting(bikes: State) -> None:
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_performance(pilot)
        await pilot.press("slash", *"drift", "enter")
        await until(pilot, lambda: "filter: drift" in lines(pilot)[0], "the filter is named")
        assert {row.series.name for row in pane.series.rows} == {"drift.share", "drift.count", "drift.max"}
        await pilot.press("escape", "s")
        await until(pilot, lambda: "by signal" in lines(pilot)[0], "the order is named")
        await pilot.press("S", "enter", "S")
        await pilot.pause()
        assert pane.points.rows[0].key == "2026-03-01"


async def test_a_new_window_and_another_rule_show_by_themselves(bikes: State) -> None:
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_performance(pilot)
        await pilot.press("enter", "down")
        await pilot.pause()
        toml = bikes.root / "lifecycle.toml"
        toml.write_text(seed_story.RULES.replace("35_000", "41_500"), encoding="utf-8")
        with bikes.write() as tx:
            seed_story.window(tx, 12, 41_000.0)
        await until(pilot, lambda: "2026-03-13" in text(pilot), "the window")
        assert "2026-03-11" in cursor(pilot), "the cursor stays"
        assert "mae.lower > 41,500" in text(pilot)
        toml.write_text("[broken", encoding="utf-8")
        with bikes.write() as tx:
            seed_story.window(tx, 13, 41_000.0)
        await until(pilot, lambda: pane.series.row.thresholds == (), "a file that cannot be read has no thresholds")


async def test_older_windows_are_read_when_the_cursor_comes_to_the_last(workspace: Callable[[], State]) -> None:
    state = workspace()
    with state.write() as tx:
        for n in range(90):
            found = (Signal("auc", 0.9, n=5),)
            record.record(tx, [WindowResult("m", Window(f"w{n:03d}", n, None, None, 9), "1", found, tui_seed.NOW)])
        models.declare(tx, [models.Declared("m")])
    async with app_on(state).run_test(size=SMALL) as pilot:
        pane = await open_performance(pilot, "m")
        await pilot.press("enter", "G")
        await until(pilot, lambda: len(pane.points.rows) == 90, "all of them")
        assert "w030" in cursor(pilot), "the cursor stays"


async def test_nothing_measured_yet(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_performance(pilot, "new-model")
        assert "No signal was measured yet: no window was checked." in text(pilot)
        await pilot.press("enter", "enter", "o", "s", "S", "down", "slash", "escape")
        await pilot.pause()
        lines(pilot)


HOSTILE = ("churn[prod]", "[/x]", "\x1b[31mred", "客户流失", "x" * 300, "a\nb", "\u202e", "e\u0301")


@pytest.mark.thorough
@pytest.mark.parametrize("size", [SMALL, LARGE, (40, 12)])
@pytest.mark.parametrize("plain", ["", "1"])
async def test_hostile_names_versions_and_numbers(
    workspace: Callable[[], State], size: tuple[int, int], plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFECYCLE_ASCII", plain)
    state = workspace()
    values = (None, 0.0, 1e300, -1e300, math.inf, 5.0, -math.inf, 2.0)
    with state.write() as tx:
        for n, name in enumerate(HOSTILE):
            found = [Signal(f"m{name}", values[n], None, values[-n], message=name), Signal("data.late", values[n])]
            window = Window(f"{n}{name}", n, None, None, 5)
            record.record(tx, [WindowResult("m", window, f"v{name}", tuple(found), tui_seed.NOW, 3, n % 2 == 0)])
        models.declare(tx, [models.Declared("m")])
    async with app_on(state).run_test(size=size) as pilot:
        pane = await open_performance(pilot, "m")
        for _ in pane.series.rows:
            await pilot.press("down")
            await pilot.pause()
            lines(pilot)
        await pilot.press("enter", "enter")
        await pilot.pause()
        lines(pilot)


async def test_it_opens_at_what_breaks_a_rule(bikes: State) -> None:
    with bikes.write() as tx:
        tx.execute("UPDATE models SET metric = 'r2' WHERE name = 'bikes'")
    async with app_on(bikes).run_test(size=SMALL) as pilot:
        pane = await open_performance(pilot)
        assert pane.series.rows[0].series.name == "r2", "the key metric comes first"
        assert pane.series.row.series.name == "mae" and "mae" in cursor(pilot)
        await pilot.press("k")
        with bikes.write() as tx:
            tx.execute("UPDATE models SET message = 'anything' WHERE name = 'bikes'")
        pilot.app.poll()
        await pilot.pause()
        assert pane.series.row.series.name == "r2", "later the cursor is the person's"
