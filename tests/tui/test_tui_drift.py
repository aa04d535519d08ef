"""The drift pane: the model's windows, and what was found in the columns of the chosen one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tui_seed
from tui_screen import LARGE, SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.state import models, record
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.panes.drift import DriftPane
from lifecycle_tui.tui.screens.detail import DetailScreen
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.subject import Where


async def open_drift(pilot, name: str) -> DriftPane:
    """Open one model from the fleet, and its second pane."""
    await pilot.pause()
    pilot.app.screen.grid.go(name)
    await pilot.press("enter", "2")
    await pilot.pause()
    pane = pilot.app.screen.pane
    assert isinstance(pane, DriftPane)
    return pane


async def test_a_model_at_80_by_24(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_drift(pilot, "card-fraud")
        shown = lines(pilot)
        assert shown[0].endswith(" window 1/30")
        assert shown[2].split() == ["window", "rows", "labels", "drift", "max", "auc", "interval", "data"]
        assert shown[3].split() == [">2026-03-30", "20,464", "50%", "…", "33%", "0.28", "0.865", "[0.845,", "0.885]"]
        assert " 2026-03-27         20,416     100%   17% 0.19     0.895   [0.875, 0.915]   2 !" in shown
        table = next(y for y, line in enumerate(shown) if line.startswith(" columns of 2026-03-30"))
        assert shown[table + 1].split() == ["state", "column", "effect", "psi", "ks", "chi2", "missing", "past"]
        assert shown[table + 2].split() == [">▲", "drifted", "amount", "0.283", "0.240", "0.283", "0%", "▁▁▁▂▃▄▅▇█"]
        assert shown[table + 3].split()[:3] == ["▲", "drifted", "hour"]
        assert "age_band" in shown[table + 4], "then by effect"
        assert "10,232 labels, more are expected" in shown[-2]
        assert shown[-1].startswith(" Enter open  d data  v view  m map  / filter")
        assert "Esc back" in shown[-1] and "? help" in shown[-1]


async def test_the_column_under_the_cursor_is_drawn_at_80_by_24(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        pane = await open_drift(pilot, "card-fraud")
        shown = lines(pilot)
        top = pane.picture.region.y
        assert pane.picture.region.height == 7
        assert shown[top] == " amount  left █ reference  right █ 2026-03-30"
        assert "██████" in shown[top + 5] and any("█" in line for line in shown[top + 1 : top + 5]), (
            "several lines high"
        )
        assert shown[top + 6].split() == ["0", "10", "20", "30", "40"], "the bins' names"
        await pilot.press("enter", "down")
        await pilot.pause()
        assert lines(pilot)[top].startswith(" hour  left")


async def test_v_goes_through_the_views_of_the_column(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_drift(pilot, "card-fraud")
        await pilot.press("v")
        assert "no density" in text(pilot), "it has labels"
        await pilot.press("v", "v")
        await pilot.pause()
        assert "effect by ks" in text(pilot)
        await pilot.resize_terminal(*LARGE)
        await pilot.pause()
        assert "left █ reference" in text(pilot), "a large screen has the history beside"
        await pilot.press("v")
        await pilot.pause()
        assert "no density" in text(pilot)


async def test_in_ascii_both_sides_differ_by_sign(fleet: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_ASCII", "1")
    async with app_on(fleet).run_test(size=LARGE) as pilot:
        pane = await open_drift(pilot, "card-fraud")
        top = pane.picture.region.y
        drawn = "".join(line[pane.picture.region.x :] for line in lines(pilot)[top : top + 14])
        assert drawn.isascii() and "left : reference  right # 2026-03-30" in drawn
        assert "::::" in drawn and "####" in drawn and "*" in drawn


async def test_a_large_screen_shows_all_of_it_at_once(fleet: State) -> None:
    async with app_on(fleet).run_test(size=LARGE) as pilot:
        await open_drift(pilot, "card-fraud")
        shown = text(pilot)
        assert "2026-03-30" in shown and "2026-03-01" in shown, "every window"
        assert "moved by 0.28: more than chance" in shown, "beside its column"
        assert "reference deciles, floor 1e-4" in shown and "this window ▂▃▆▇▅" in shown, "and all about it below"
        assert "effect by ks, 30 windows, at most 0.283" in shown, "its history beside the histogram"
        await pilot.press("enter", "down")
        await pilot.pause()
        assert "moved by 0.12: more than chance at n 20,000" in text(pilot)


async def test_the_window_under_the_cursor_chooses_the_columns(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_drift(pilot, "card-fraud")
        await pilot.press("down", "down", "down", "down")
        await pilot.pause()
        assert "columns of 2026-03-26" in text(pilot)
        amount = next(line for line in lines(pilot) if "amount" in line)
        assert amount.split()[:5] == [">▲", "drifted", "amount", "0.159", "0.076"]
        await pilot.press("G")
        await pilot.pause()
        assert "columns of 2026-03-01" in text(pilot)
        assert "▲ drifted" not in text(pilot)


async def test_enter_goes_to_the_columns_and_escape_backs_out(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_drift(pilot, "card-fraud")
        await pilot.press("o", "j")
        await pilot.pause()
        assert "hour" in cursor(pilot)
        assert "▲ hour  moved by 0.12: more than chance" in lines(pilot)[-2]
        await pilot.press("escape")
        await pilot.pause()
        assert "2026-03-30" in cursor(pilot)
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(pilot.app.screen, FleetScreen)


async def test_the_data_report(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        pane = await open_drift(pilot, "card-fraud")
        await pilot.press("d")
        await pilot.pause()
        assert "Nothing irregular was found in this window's data." in text(pilot)
        await pilot.press("down", "down", "down", "enter")
        await pilot.pause()
        shown = text(pilot)
        assert "bad-cell" in shown and "duplicate-id" in shown and "data report of 2026-03-27" in shown
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, DetailScreen)
        shown = text(pilot)
        assert 'row 17: "n/a" is no number' in shown and "what was done: counted as missing" in shown
        await pilot.press("escape", "d")
        await pilot.pause()
        assert "columns of 2026-03-27" in text(pilot)
        assert pane.columns.has_focus, "below, where the cursor was"


async def test_everything_about_a_column(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_drift(pilot, "card-fraud")
        await pilot.press("enter", "enter")
        await pilot.pause()
        shown = text(pilot)
        for said in (
            " card-fraud  2026-03-30  amount", "▲ drifted", "reference   ▃▅█▅▃", "this window ▂▃▆▇▅",
            "reference deciles, floor 1e-4", "p 1e-09", "bins        0, 10, 20, 30, 40",
        ):  # fmt: skip
            assert said in shown, said
        await pilot.press("question_mark", "escape", "q")
        await pilot.pause()
        assert "amount" in cursor(pilot)


async def test_a_broken_plugin_shows_where_its_value_would_have_been(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_drift(pilot, "demand")
        shown = lines(pilot)
        stock = next(line for line in shown if " stock " in line)
        assert stock.split()[:7] == [">!", "error", "stock", "-", "0.020", "!", "plugins/stock_gap.py:7"]
        assert any("~ cannot tell price" in line for line in shown), "the rest is complete"
        await pilot.press("enter")
        await pilot.pause()
        assert "! stock  plugin stock_gap: division by zero (/srv/shop/plugins/stock_gap.py:7)" in text(pilot)


async def test_a_model_without_windows(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_drift(pilot, "new-model")
        shown = text(pilot)
        assert "never checked" in shown and "No window was checked yet." in shown
        await pilot.press("o", "enter", "d", "down", "s", "S", "enter", "slash", "escape", "escape")
        await pilot.pause()


async def test_filtering_the_columns(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_drift(pilot, "card-fraud")
        await pilot.press("slash", *"drifted")
        await until(pilot, lambda: "filter: drifted" in text(pilot), "the filter is named")
        assert [c.name for c in pilot.app.screen.pane.columns.rows] == ["amount", "hour"]
        await pilot.press("enter", "escape")
        await pilot.pause()
        assert len(pilot.app.screen.pane.columns.rows) == 6


async def test_sorting_both_lists(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_drift(pilot, "card-fraud")
        await pilot.press("S")
        await pilot.pause()
        assert pilot.app.screen.pane.windows.rows[0].key == "2026-03-01"
        await pilot.press("enter", "s", "s")
        await pilot.pause()
        assert "by column" in text(pilot)
        names = [c.name for c in pilot.app.screen.pane.columns.rows]
        assert names == sorted(names)


async def test_more_windows_are_read_when_the_cursor_comes_to_the_last(workspace: Callable[[], State]) -> None:
    state = workspace()
    with state.write() as tx:
        for n in range(250):
            window = Window(f"w-{n:04d}", n, None, None, n)
            record.record(tx, [WindowResult("m", window, "", (Signal("drift.share", 0.0),), tui_seed.NOW)])
        models.declare(tx, [models.Declared("m")])
    async with app_on(state).run_test(size=SMALL) as pilot:
        await open_drift(pilot, "m")
        assert len(pilot.app.screen.pane.windows.rows) == 100
        await pilot.press("G")
        await until(pilot, lambda: len(pilot.app.screen.pane.windows.rows) == 200, "the second page")
        assert "w-0150" in cursor(pilot), "the cursor stays"
        await pilot.press("G")
        await until(pilot, lambda: len(pilot.app.screen.pane.windows.rows) == 250, "the rest")
        await pilot.press("G", "G")
        await pilot.pause()
        assert "w-0000" in cursor(pilot)


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(40, 12), (20, 6)])
async def test_any_size(fleet: State, size: tuple[int, int]) -> None:
    async with app_on(fleet).run_test(size=size) as pilot:
        await open_drift(pilot, "card-fraud")
        lines(pilot)
        await pilot.press("enter", "d", "d", "enter", "escape", "question_mark", "escape")
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert "columns of 2026-03-30" in text(pilot)


HOSTILE = ("churn[prod]", "[/x]", "\x1b[31mred", "客户流失", "x" * 500, "a\nb", "\u202e")


@pytest.mark.thorough
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_hostile_columns_messages_and_plugins(workspace: Callable[[], State], size: tuple[int, int]) -> None:
    state = workspace()
    found = [
        Signal(f"{name}.{name}", None, state="error", message=name, column=name, source=name,
               detail={"file": name, "line": 3, "definition": name, "p_value": float("nan"), "effect": float("inf"),
                       "bars": {"names": [name, name], "reference": [1, 2], "window": [2, 1]}})
        for name in HOSTILE
    ]  # fmt: skip
    with state.write() as tx:
        window = Window("\x1b[2J[/w]", 0, None, None, 5)
        record.record(tx, [WindowResult("m", window, "", tuple(found), tui_seed.NOW)])
        models.declare(tx, [models.Declared("m")])
    async with app_on(state).run_test(size=size) as pilot:
        await open_drift(pilot, "m")
        shown = text(pilot)
        assert "\\x1b[2J[/w]" in shown and "churn[prod]" in shown and "客户流失" in shown
        await pilot.press("enter")
        for name in HOSTILE[:4]:
            pilot.app.screen.pane.columns.go(name)
            await pilot.press("enter")
            await pilot.pause()
            assert isinstance(pilot.app.screen, DetailScreen)
            lines(pilot)
            await pilot.press("escape")
            lines(pilot)


async def test_a_place_is_opened_at_a_window_and_a_column(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        where = Where(pane="drift", window="2026-03-25", signal="ks.hour")
        await pilot.app.push_screen(ModelScreen(pilot.app.source, "card-fraud", where))
        await pilot.pause()
        await until(pilot, lambda: "columns of 2026-03-25" in text(pilot), "the window")
        assert pilot.app.screen.pane.columns.row.name == "hour"
        assert "hour  left █ reference" in text(pilot)


async def test_a_window_that_goes_leaves_the_cursor_on_its_neighbour(workspace: Callable[[], State]) -> None:
    state = workspace()
    with state.write() as tx:
        for n in range(3):
            found = (Signal("ks.a", n / 10, column="a", detail={"effect": n / 10}),)
            record.record(tx, [WindowResult("m", Window(f"w{n}", n, None, None, 9), "", found, tui_seed.NOW)])
        models.declare(tx, [models.Declared("m")])
    async with app_on(state).run_test(size=SMALL) as pilot:
        pane = await open_drift(pilot, "m")
        await pilot.press("down")
        await pilot.pause()
        assert pane.columns.row is not None and pane.columns.row.effect == 0.1
        with state.write() as tx:
            tx.execute("UPDATE windows SET current = 0 WHERE key = 'w1'")
        await until(pilot, lambda: "w1" not in text(pilot), "the window goes")
        assert "w0" in cursor(pilot) or "w2" in cursor(pilot)
        with state.write() as tx:
            tx.execute("UPDATE windows SET current = 0")
        await until(pilot, lambda: "No window was checked yet." in text(pilot), "all go")
        assert "reference" not in text(pilot), "and nothing is drawn"


async def test_a_column_without_bins_says_so(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_drift(pilot, "demand")
        assert "Its values were not counted in bins." in text(pilot)


async def test_a_cursor_repaints_what_differs(fleet: State) -> None:
    """A picture that is made again and says the same paints nothing."""
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        pane = await open_drift(pilot, "card-fraud")
        painted: list[object] = []
        pane.picture.refresh = lambda *regions, **_: painted.append(regions) or pane.picture  # type: ignore[method-assign]
        pane.picture.renew()
        assert painted == []
        await pilot.press("enter", "down")
        await pilot.pause()
        assert 0 < len(painted) < pane.picture.size.height, "the caption alone: the bins are the same"
