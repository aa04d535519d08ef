"""The fleet: every model, worst first; keys; filter; nothing there; a thousand models; hostile names."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import tui_seed
from tui_screen import LARGE, SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.state import models
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.screens.model import ModelScreen

WORST_FIRST = ["demand", "card-fraud", "house-prices", "new-model", "churn"]


def names(pilot) -> list[str]:
    return [m.name for m in pilot.app.screen.grid.rows]


async def test_the_fleet_at_80_by_24(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        shown = lines(pilot)
        assert " ".join(shown[0].split()) == "lifecycle shop 1 error · 1 critical · 1 warning · 1 unknown · 1 ok 1/5"
        assert shown[1].split() == ["state", "model", "ver", "window", "drift", "max", "metric", "trend", "!"]
        assert shown[2].split() == [
            ">",
            "!",
            "error",
            "demand",
            "-",
            "2026-03-30",
            "0/6",
            "0.02",
            "mae",
            "1,234",
            "▁▅█",
        ]
        assert shown[3].split() == (
            ["✗", "critical", "card-fraud", "2", "2026-03-30", "2/6", "0.31", "auc", "0.861", "██▇▆▅▄▂▁", "1", "✗"]
        )
        assert shown[5].split() == ["?", "unknown", "new-model", "-", "-", "-", "-"]
        assert names(pilot) == WORST_FIRST
        assert "detector stock_gap failed on every column" in shown[-2]
        said = [" Enter open", "s sort", "/ filter", "t retrain", "q quit", ": go", "? help"]
        assert shown[-1].split("  ")[: len(said)] == said


async def test_the_fleet_uses_a_large_screen(fleet: State) -> None:
    async with app_on(fleet).run_test(size=LARGE) as pilot:
        await pilot.pause()
        shown = text(pilot)
        assert "risk-ml" in shown and "drift share" in shown
        assert shown.count("auc-degraded: auc.upper 0.89 < 0.92 in 3") == 1


async def test_nothing_checked_yet(workspace: Callable[[], State]) -> None:
    async with app_on(workspace()).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "Nothing was checked yet. Run `lifecycle check`" in text(pilot)
        await pilot.press("enter", "down", "G", "s", "S", "slash", "a", "enter", "escape")
        assert isinstance(pilot.app.screen, FleetScreen)


async def test_enter_opens_the_model_and_escape_comes_back(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("j", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ModelScreen)
        assert lines(pilot)[0].startswith(" card-fraud")
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, FleetScreen)
        assert "card-fraud" in cursor(pilot)


@pytest.mark.parametrize(("keys", "code"), [(["q"], 0), (["ctrl+q"], 0), (["ctrl+c"], 130), (["enter", "ctrl+q"], 0)])
async def test_quitting(fleet: State, keys: list[str], code: int) -> None:
    app = app_on(fleet)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(*keys)
    assert app.return_code == code


async def test_filtering_while_typing(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("slash", *"crm")
        await until(pilot, lambda: names(pilot) == ["new-model", "churn"], "the owner's models")
        assert lines(pilot)[-2] == "/crm"
        assert "filter: crm" in lines(pilot)[0] and "· 1/2 of 5" in lines(pilot)[0]
        await pilot.press("down", "enter")
        await pilot.pause()
        assert "churn" in cursor(pilot)
        assert not lines(pilot)[-2].startswith("/")
        await pilot.press("slash")
        await pilot.pause()
        assert lines(pilot)[-2] == "/crm", "the words are still there"
        await pilot.press("escape")
        await until(pilot, lambda: names(pilot) == WORST_FIRST, "all models")
        assert "churn" in cursor(pilot)


async def test_the_filter_never_interprets_what_is_typed(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("slash", *"[/x] (", "enter")
        await until(pilot, lambda: names(pilot) == [], "nothing matches")
        assert "[/x] (" in lines(pilot)[0]
        await pilot.press("escape")
        await until(pilot, lambda: names(pilot) == WORST_FIRST, "escape drops the filter")


async def test_sorting_by_columns(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("s", "s")
        await pilot.pause()
        assert names(pilot) == sorted(WORST_FIRST)
        assert "by model" in lines(pilot)[0]
        await pilot.press("S")
        assert names(pilot) == sorted(WORST_FIRST, reverse=True)


async def test_a_thousand_models(workspace: Callable[[], State]) -> None:
    state = workspace()
    tui_seed.many(state, 1000)
    async with app_on(state).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "250 warning · 750 ok" in lines(pilot)[0]
        await pilot.press("G")
        await pilot.pause()
        assert "1000/1000" in lines(pilot)[0]
        await pilot.press("slash", *"m-00777", "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model opens")
        assert lines(pilot)[0].startswith(" m-00777")


HOSTILE = (
    "churn[prod]",
    "[/x]",
    "\x1b[2J\x1b[31mred",
    "客户流失预测",
    "e\u0301e\u0301",
    "x" * 300,
    "a\nb\tc",
    "\u202ertl",
)


@pytest.mark.parametrize("size", [SMALL, LARGE, (40, 10)])
async def test_hostile_names(workspace: Callable[[], State], size: tuple[int, int]) -> None:
    state = workspace()
    with state.write() as tx:
        for name in HOSTILE:
            models.put_model(
                tx, tui_seed.facts(name, "warning", message=f"why: {name}", metric=name, window_key=name,
                                   drift_column=name)
            )  # fmt: skip
    async with app_on(state).run_test(size=size) as pilot:
        await pilot.pause()
        shown = text(pilot)
        for part in ("churn[prod]", "[/x]", "\\x1b[2J", "客户", "xxxxxx", "a\\x0ab", "\\u202e"):
            assert part in shown or size[1] < 24, part
        for name in ("[/x]", "\x1b[2J\x1b[31mred", "客户流失预测"):
            pilot.app.screen.grid.go(name)
            await pilot.press("enter")
            await pilot.pause()
            assert isinstance(pilot.app.screen, ModelScreen)
            lines(pilot)
            await pilot.press("escape")
            lines(pilot)


async def test_odd_numbers(workspace: Callable[[], State]) -> None:
    state = workspace()
    inf = float("inf")
    with state.write() as tx:
        models.put_model(tx, tui_seed.facts("odd", metric_value=inf, drift_share=None, drift_max=None,
                                            metric_history=(None, 1e308, -1e308, None), window_rows=10**15,
                                            window_key=None, message=""))  # fmt: skip
    async with app_on(state).run_test(size=LARGE) as pilot:
        await pilot.press("enter", "m", "d", "c")
        await pilot.pause()
        assert "No window was checked yet." in text(pilot)


async def test_ascii_and_no_colour(fleet: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_ASCII", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert not set(text(pilot)) & set("▁▂▃▄▅▆▇█✗▲✓")
        for strip in pilot.app.screen._compositor.render_strips():
            for segment in strip.apply_filter(pilot.app._filters[-1], None):
                assert segment.style is None or segment.style.color is None or segment.style.color.is_default
