"""What a screen, a pane or a widget raises stays there: it is told, and everything else goes on."""

from __future__ import annotations

import pytest
import tui_seed
from tui_screen import SMALL, app_on, lines, text, until

from lifecycle_tui.state import models
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import banners
from lifecycle_tui.tui.faults import MOST, Faults
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.panes.overview import OverviewPane
from lifecycle_tui.tui.screens import base
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.screens.fleet import FleetScreen
from lifecycle_tui.tui.widgets.lines import Footer, Lines
from lifecycle_tui.tui.widgets.pager import Pager


def broken(*args: object, **more: object) -> None:
    raise RuntimeError("[on] purpose \x1b[2J")


SAID = "internal error: RuntimeError: [on] purpose"


async def test_a_read(fleet: State, monkeypatch: pytest.MonkeyPatch, faults: list[Exception]) -> None:
    monkeypatch.setattr(OverviewPane, "load", broken)
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("enter")
        assert SAID in lines(pilot)[0]
        monkeypatch.setattr(base, "SAID_SECONDS", 0.0)
        await pilot.press("2", "1")
        assert SAID in lines(pilot)[0]
        await pilot.press("2")
        assert SAID in lines(pilot)[0] or "drift" in text(pilot)
        await pilot.press("escape", "escape")
        assert "models" in text(pilot) or "house-prices" in text(pilot)
    assert len(faults) == 1
    faults.clear()


@pytest.mark.parametrize("method", ["heading", "about"])
async def test_the_bars(fleet: State, monkeypatch: pytest.MonkeyPatch, faults: list[Exception], method: str) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        monkeypatch.setattr(FleetScreen, method, broken)
        await pilot.press("j")
        assert SAID in lines(pilot)[0]
        monkeypatch.undo()
        await pilot.press("enter")
        assert "overview" in text(pilot)
    faults.clear()


async def test_a_widget_that_cannot_be_drawn(
    fleet: State, monkeypatch: pytest.MonkeyPatch, faults: list[Exception]
) -> None:
    monkeypatch.setattr(Pager, "render_line", broken)
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("enter")
        assert any(SAID in line for line in lines(pilot)[2:])
        await pilot.press("escape", "j")
        assert "house-prices" in text(pilot)
    assert faults
    faults.clear()


async def test_a_key(fleet: State, monkeypatch: pytest.MonkeyPatch, faults: list[Exception]) -> None:
    monkeypatch.setattr(FleetScreen, "action_reverse", broken)
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("S")
        assert SAID in lines(pilot)[0]
        await pilot.press("s")
        assert pilot.app.is_running
    faults.clear()


@pytest.mark.parametrize(
    "where", [(FleetScreen, "subject"), (FleetScreen, "likely"), (Footer, "renew"), (View, "heard")]
)
async def test_what_the_footer_asks(
    fleet: State, monkeypatch: pytest.MonkeyPatch, faults: list[Exception], where: tuple[type, str]
) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        monkeypatch.setattr(*where, broken)
        await pilot.press("j")
        assert SAID in lines(pilot)[0]
        assert "q quit" in lines(pilot)[-1]
        monkeypatch.undo()
        await pilot.press("enter")
        assert "overview" in text(pilot)
    assert faults
    faults.clear()


@pytest.mark.parametrize("where", [(Grid, "_point"), (Lines, "get_content_height")])
async def test_what_textual_calls_outside_of_messages(
    fleet: State, monkeypatch: pytest.MonkeyPatch, faults: list[Exception], where: tuple[type, str]
) -> None:
    """A callback after drawing, and laying out."""
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        monkeypatch.setattr(*where, broken)
        await pilot.resize_terminal(90, 30)
        await pilot.press("j", "slash", "escape")
        monkeypatch.undo()
        await pilot.resize_terminal(*SMALL)
        await pilot.press("enter")
        assert "overview" in text(pilot)
        assert pilot.app._exception is None
    assert faults
    faults.clear()


async def test_a_look_that_fails_leaves_screens_live(
    fleet: State, monkeypatch: pytest.MonkeyPatch, faults: list[Exception]
) -> None:
    monkeypatch.setattr(banners, "look", broken)
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        with fleet.write() as tx:
            models.put_model(tx, tui_seed.facts("churn", "critical", message="it is new"))
        await until(pilot, lambda: "critical churn" in text(pilot), "the change shows")
        assert SAID in text(pilot)
    assert faults
    faults.clear()


async def test_a_line_that_is_typed_into(
    fleet: State, monkeypatch: pytest.MonkeyPatch, faults: list[Exception]
) -> None:
    from lifecycle_tui.tui.widgets.typed import TypedLine

    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("slash")
        monkeypatch.setattr(TypedLine, "_on_key", broken)
        await pilot.press("a")
        assert SAID in lines(pilot)[0]
        await pilot.press("escape", "enter")
        assert "overview" in text(pilot)
    assert faults
    faults.clear()


def test_what_comes_again_and_again_ends_it(faults: list[Exception]) -> None:
    kept = Faults()
    assert all(kept.add(ValueError(n)) for n in range(MOST - 1))
    assert not kept.add(ValueError("once more"))
    assert len(faults) == 1  # the same place is written once
    faults.clear()
