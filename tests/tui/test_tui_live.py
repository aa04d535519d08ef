"""The screens follow state without being asked: another process commits, and it shows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tui_seed
from tui_screen import SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.state import alerts, models, record
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.screens import base


async def test_a_change_is_seen_and_the_cursor_stays_on_its_row(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("G")
        assert "churn" in cursor(pilot)
        with fleet.write() as tx:
            models.put_model(tx, tui_seed.facts("churn", "error", message="the table is gone"))
        await until(pilot, lambda: "the table is gone" in text(pilot), "the new state")
        assert "! error    churn" in cursor(pilot)
        assert "2 error" in lines(pilot)[0]
        assert [m.name for m in pilot.app.screen.grid.rows][:2] == ["churn", "demand"]


async def test_the_first_check_fills_an_empty_fleet(workspace: Callable[[], State]) -> None:
    state = workspace()
    async with app_on(state).run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "Nothing was checked yet." in text(pilot), "the invitation")
        tui_seed.many(state, 3)
        await until(pilot, lambda: "m-00002" in text(pilot), "the models")
        assert "Nothing was checked yet." not in text(pilot)


async def test_a_model_that_is_retired_goes(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        with fleet.write() as tx:
            models.retire_missing(tx, ["churn", "demand"])
        await until(pilot, lambda: "card-fraud" not in text(pilot), "two models are left")
        assert [m.name for m in pilot.app.screen.grid.rows] == ["demand", "churn"]


async def test_new_windows_and_alerts_show_on_the_model_screen(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        pilot.app.screen.grid.go("card-fraud")
        await pilot.press("enter", "2", "down")
        await pilot.pause()
        assert "2026-03-29" in cursor(pilot)
        with fleet.write() as tx:
            record.record(tx, tui_seed.fraud_window(30, 40))
            alerts.store(tx, opened=[tui_seed.alert("card-fraud", "stale", "warning", "late by 3 h")], now=tui_seed.NOW)
        await until(pilot, lambda: "2026-03-31" in text(pilot), "the window")
        assert "2026-03-29" in cursor(pilot), "the cursor stays on its window"
        assert "columns of 2026-03-29" in text(pilot)
        await pilot.press("1")
        await until(pilot, lambda: "stale  late by 3 h" in text(pilot), "the alert")


async def test_a_corrected_window_shows_its_new_numbers(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        pilot.app.screen.grid.go("card-fraud")
        await pilot.press("enter", "2", "o")
        await pilot.pause()
        assert "0.283" in cursor(pilot)
        window = Window("2026-03-30", 29, None, None, 21_000)
        found = (Signal("ks.amount", 0.456, state="drifted", column="amount"), Signal("drift.share", 1.0))
        with fleet.write() as tx:
            record.record(tx, [WindowResult("card-fraud", window, "", found, tui_seed.NOW)], whole=True)
        await until(pilot, lambda: "0.456" in text(pilot), "the new value")
        assert "21,000" in text(pilot) and "0.283" not in text(pilot)


async def test_changes_behind_another_screen_show_on_return(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("question_mark")
        with fleet.write() as tx:
            models.put_model(tx, tui_seed.facts("churn", "critical", message="behind the help"))
        await pilot.press("escape")
        await until(pilot, lambda: "2 critical" in text(pilot), "what happened meanwhile")


async def test_a_state_that_goes_is_said_and_one_that_comes_back_is_read(
    fleet: State, tmp_path: Path, template: Path
) -> None:
    folder = fleet.root / ".lifecycle"
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        fleet.close()
        shutil.move(folder, tmp_path / "away")
        await until(pilot, lambda: "is gone" in lines(pilot)[0], "the trouble in the title")
        assert "card-fraud" in text(pilot), "what was read last still shows"
        await pilot.press("down", "enter", "escape", "question_mark", "escape")
        folder.mkdir()
        shutil.copy(template / ".lifecycle" / "state.db", folder / "state.db")
        with State.open(fleet.root) as again:
            tui_seed.many(again, 2)
            await until(pilot, lambda: "m-00001" in text(pilot), "the new state")
            assert "is gone" not in text(pilot)


async def test_what_was_said_stays_while_state_moves_and_goes_with_the_next_key(
    fleet: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("a")
        said = "Acknowledge an alert: demand has no unacknowledged alert"
        await until(pilot, lambda: said in text(pilot), "why not")
        with fleet.write() as tx:
            models.put_model(tx, tui_seed.facts("churn", "error", message="the table is gone"))
        await until(pilot, lambda: "2 error" in lines(pilot)[0], "the new state")
        assert said in text(pilot), "nobody reads as fast as state moves"
        await pilot.press("j")
        await until(pilot, lambda: said not in text(pilot), "the row under the cursor")
        monkeypatch.setattr(base, "SAID_SECONDS", 0.0)
        await pilot.press("a")
        with fleet.write() as tx:
            models.put_model(tx, tui_seed.facts("churn", "ok"))
        await until(pilot, lambda: said not in text(pilot), "state, where it changes later")
