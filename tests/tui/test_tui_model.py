"""The model screen: why it is in its state, its windows, and what was found in the chosen one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tui_seed
from tui_screen import LARGE, SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.domain.results import Alert, WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.state import alerts, models, record
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.screens.detail import DetailScreen
from lifecycle_tui.tui.screens.fleet import FleetScreen


async def open_model(pilot, name: str) -> None:
    """Open one model from the fleet."""
    await pilot.pause()
    pilot.app.screen.grid.go(name)
    await pilot.press("enter")
    await pilot.pause()


async def test_a_model_at_80_by_24(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "card-fraud")
        shown = lines(pilot)
        assert shown[0].startswith(" card-fraud  ✗ critical  binary · risk-ml · champion v7")
        assert shown[0].endswith(" 1/30")
        assert shown[1] == " ✗ auc-degraded #1 since 2026-03-28: auc.upper 0.89 < 0.92 in 3 windows"
        assert shown[2].split() == ["window", "rows", "labels", "drift", "max", "auc", "interval", "data"]
        assert shown[3].split() == [">2026-03-30", "20,464", "50%", "…", "33%", "0.28", "0.865", "[0.845,", "0.885]"]
        assert " 2026-03-27         20,416     100%   17% 0.19     0.895   [0.875, 0.915]   2 !" in shown
        table = next(y for y, line in enumerate(shown) if line.startswith(" columns of 2026-03-30"))
        assert shown[table + 1].split() == ["state", "column", "effect", "psi", "ks", "chi2", "missing", "past"]
        assert shown[table + 2].split() == [">▲", "drifted", "amount", "0.283", "0.240", "0.283", "0%", "▁▁▁▂▃▄▅▇█"]
        assert shown[table + 3].split()[:3] == ["▲", "drifted", "hour"]
        assert "age_band" in shown[table + 4], "then by effect"
        assert "10,232 labels, more are expected" in shown[-2]
        assert shown[-1].startswith(" Enter open  Tab list  c columns  m metrics  d data")
        assert shown[-1].endswith("Esc back  ? help")


async def test_a_large_screen_shows_all_of_it_at_once(fleet: State) -> None:
    async with app_on(fleet).run_test(size=LARGE) as pilot:
        await open_model(pilot, "card-fraud")
        shown = text(pilot)
        assert "2026-03-30" in shown and "2026-03-01" in shown, "every window"
        assert "moved by 0.28: more than chance" in shown, "beside its column"
        assert "reference deciles, floor 1e-4" in shown and "this window ▂▃▆▇▅" in shown, "and all about it below"
        await pilot.press("tab", "down")
        await pilot.pause()
        assert "moved by 0.12: more than chance at n 20,000" in text(pilot)


async def test_the_window_under_the_cursor_chooses_the_columns(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "card-fraud")
        await pilot.press("down", "down", "down", "down")
        await pilot.pause()
        assert "columns of 2026-03-26" in text(pilot)
        amount = next(line for line in lines(pilot) if "amount" in line)
        assert amount.split()[:5] == [">▲", "drifted", "amount", "0.159", "0.076"]
        await pilot.press("G")
        await pilot.pause()
        assert "columns of 2026-03-01" in text(pilot)
        assert "▲ drifted" not in text(pilot)


async def test_tab_moves_between_the_lists_and_escape_backs_out(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "card-fraud")
        await pilot.press("tab", "j")
        await pilot.pause()
        assert "hour" in cursor(pilot)
        assert "▲ hour  moved by 0.12: more than chance" in lines(pilot)[-2]
        await pilot.press("escape")
        await pilot.pause()
        assert "2026-03-30" in cursor(pilot)
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(pilot.app.screen, FleetScreen)


async def test_metrics_and_other_signals(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "card-fraud")
        await pilot.press("m", "tab")
        await pilot.pause()
        shown = text(pilot)
        assert "metrics and signals of 2026-03-30" in shown
        assert cursor(pilot).split()[:4] == [">✓", "ok", "auc", "0.865"]
        assert "drift.count" in shown and "20,000" in shown
        await pilot.press("G", "k")
        await pilot.pause()
        assert "? data.late  no clock in this data" in text(pilot)


async def test_the_data_report(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "card-fraud")
        await pilot.press("d")
        await pilot.pause()
        assert "Nothing irregular was found in this window's data." in text(pilot)
        await pilot.press("down", "down", "down", "tab")
        await pilot.pause()
        shown = text(pilot)
        assert "bad-cell" in shown and "duplicate-id" in shown and "data report of 2026-03-27" in shown
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, DetailScreen)
        shown = text(pilot)
        assert 'row 17: "n/a" is no number' in shown and "what was done: counted as missing" in shown
        await pilot.press("escape", "c")
        await pilot.pause()
        assert "columns of 2026-03-27" in text(pilot)


async def test_everything_about_a_column(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "card-fraud")
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


async def test_everything_about_a_metric(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "card-fraud")
        await pilot.press("m", "tab", "enter")
        await pilot.pause()
        shown = text(pilot)
        assert "[0.845, 0.885]" in shown and " to 0.944" in shown and "past" in shown


async def test_a_broken_plugin_shows_where_its_value_would_have_been(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "demand")
        shown = lines(pilot)
        stock = next(line for line in shown if " stock " in line)
        assert stock.split()[:7] == [">!", "error", "stock", "-", "0.020", "!", "plugins/stock_gap.py:7"]
        assert any("~ cannot tell price" in line for line in shown), "the rest is complete"
        await pilot.press("tab")
        await pilot.pause()
        assert "! stock  plugin stock_gap: division by zero (/srv/shop/plugins/stock_gap.py:7)" in text(pilot)


async def test_a_model_without_windows(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "new-model")
        shown = text(pilot)
        assert "never checked" in shown and "No window was checked yet." in shown
        await pilot.press("tab", "enter", "m", "d", "c", "down", "s", "S", "enter", "slash", "escape", "escape")
        await pilot.pause()


async def test_filtering_the_columns(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "card-fraud")
        await pilot.press("slash", *"drifted")
        await until(pilot, lambda: "filter: drifted" in text(pilot), "the filter is named")
        assert [c.name for c in pilot.app.screen.columns.rows] == ["amount", "hour"]
        await pilot.press("enter", "escape")
        await pilot.pause()
        assert len(pilot.app.screen.columns.rows) == 6


async def test_sorting_both_lists(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "card-fraud")
        await pilot.press("S")
        await pilot.pause()
        assert pilot.app.screen.windows.rows[0].key == "2026-03-01"
        await pilot.press("tab", "s", "s")
        await pilot.pause()
        assert "by column" in text(pilot)
        names = [c.name for c in pilot.app.screen.columns.rows]
        assert names == sorted(names)


async def test_more_windows_are_read_when_the_cursor_comes_to_the_last(workspace: Callable[[], State]) -> None:
    state = workspace()
    with state.write() as tx:
        for n in range(250):
            window = Window(f"w-{n:04d}", n, None, None, n)
            record.record(tx, [WindowResult("m", window, "", (Signal("drift.share", 0.0),), tui_seed.NOW)])
        models.declare(tx, [models.Declared("m")])
    async with app_on(state).run_test(size=SMALL) as pilot:
        await open_model(pilot, "m")
        assert len(pilot.app.screen.windows.rows) == 100
        await pilot.press("G")
        await until(pilot, lambda: len(pilot.app.screen.windows.rows) == 200, "the second page")
        assert "w-0150" in cursor(pilot), "the cursor stays"
        await pilot.press("G")
        await until(pilot, lambda: len(pilot.app.screen.windows.rows) == 250, "the rest")
        await pilot.press("G", "G")
        await pilot.pause()
        assert "w-0000" in cursor(pilot)


async def test_many_alerts_leave_room_for_the_lists(fleet: State) -> None:
    found = [Alert("churn", f"rule-{n}", "warning", "open", "w", tui_seed.NOW, f"why {n}") for n in range(12)]
    with fleet.write() as tx:
        alerts.store(tx, opened=found, now=tui_seed.NOW)
        alerts.acknowledge(tx, 3, "ana", None, tui_seed.NOW)
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await open_model(pilot, "churn")
        shown = text(pilot)
        assert "(acknowledged by ana): why 0" in shown
        assert "… and 10 more alerts" in shown
        assert "windows" not in lines(pilot)[3]
        assert lines(pilot)[4].split()[:2] == ["window", "rows"]


@pytest.mark.parametrize("size", [(40, 12), (20, 6)])
async def test_any_size(fleet: State, size: tuple[int, int]) -> None:
    async with app_on(fleet).run_test(size=size) as pilot:
        await open_model(pilot, "card-fraud")
        lines(pilot)
        await pilot.press("tab", "m", "d", "c", "enter", "escape", "question_mark", "escape")
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert "columns of 2026-03-30" in text(pilot)


HOSTILE = ("churn[prod]", "[/x]", "\x1b[31mred", "客户流失", "x" * 500, "a\nb", "\u202e")


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_hostile_columns_messages_and_plugins(workspace: Callable[[], State], size: tuple[int, int]) -> None:
    state = workspace()
    found = [
        Signal(f"{name}.{name}", None, state="error", message=name, column=name, source=name,
               detail={"file": name, "line": 3, "definition": name, "p_value": float("nan")})
        for name in HOSTILE
    ]  # fmt: skip
    with state.write() as tx:
        window = Window("\x1b[2J[/w]", 0, None, None, 5)
        record.record(tx, [WindowResult("m", window, "", tuple(found), tui_seed.NOW)])
        models.declare(tx, [models.Declared("m")])
    async with app_on(state).run_test(size=size) as pilot:
        await open_model(pilot, "m")
        shown = text(pilot)
        assert "\\x1b[2J[/w]" in shown and "churn[prod]" in shown and "客户流失" in shown
        await pilot.press("tab")
        for name in HOSTILE[:4]:
            pilot.app.screen.columns.go(name)
            await pilot.press("enter")
            await pilot.pause()
            assert isinstance(pilot.app.screen, DetailScreen)
            lines(pilot)
            await pilot.press("escape")
            lines(pilot)
