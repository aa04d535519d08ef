"""Simulating a policy from the terminal: what it would have done, also by an edit, also where the file is broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_tui_policy_edit import MODEL, shop
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, text, until

from lifecycle_tui.domain import read_only
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.policy import outlook_lines
from lifecycle_tui.tui.policy.asked import Fired, Outlook
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.screens.policy import PolicyScreen
from lifecycle_tui.tui.screens.simulate import SimulateScreen
from lifecycle_tui.tui.subject import Where

__all__ = ["shop"]


async def replayed(pilot: Pilot) -> str:
    screen = pilot.app.screen
    assert isinstance(screen, SimulateScreen)
    await until(pilot, lambda: screen.outlook is not None or bool(screen.broken), "it is replayed")
    await pilot.pause()
    return text(pilot)


@pytest.mark.parametrize("size", [SMALL, *(pytest.param(size, marks=pytest.mark.slow) for size in ((60, 20), LARGE))])
async def test_the_policy_is_replayed_from_its_pane(shop: State, size: tuple[int, int]) -> None:
    async with app_on(shop).run_test(size=size) as pilot:
        await pilot.pause()
        pilot.app.push_screen(ModelScreen(pilot.app.source, MODEL, Where("policy")))  # type: ignore[attr-defined]
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model")
        await pilot.pause()
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SimulateScreen), "s opens it")
        shown = await replayed(pilot)
        assert "In force: " in shown and "lifecycle policy simulate card-fraud" in shown
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, PolicyScreen), "e edits it")


@pytest.mark.slow
async def test_a_broken_file_is_said_and_read_only_may_simulate(shop: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(read_only.VARIABLE, "1")
    async with app_on(shop).run_test(size=SMALL) as pilot:
        await pilot.pause()
        pilot.app.push_screen(SimulateScreen(pilot.app.source, MODEL))  # type: ignore[attr-defined]
        await until(pilot, lambda: isinstance(pilot.app.screen, SimulateScreen), "it is open")
        shown = await replayed(pilot)
        assert "In force: " in shown and "[RO]" in shown.splitlines()[0]
        (Path(shop.root) / "lifecycle.toml").write_text("[models.card-fraud\n", encoding="utf-8")
        await pilot.press("r")
        assert "lifecycle.toml has errors" in await replayed(pilot)


def test_what_is_said_of_a_course(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    at = datetime(2026, 3, 1, tzinfo=UTC)
    fired = (
        Fired("bad", "critical", at, "w1", ("w1", "w2"), "auc 0.8 < 0.9"),
        Fired("odd", "info", at, "w1", (), "x", True),
    )

    def said(found: Outlook) -> str:
        return "\n".join("".join(span.text for span in line) for line in outlook_lines.course(found, 60))

    shown = said(Outlook(fired, (), (1, 0), 30, 1.0, notes=("labels come late",)))
    assert "2 alerts (2.0 a month) · 1 training · 30 windows" in shown and "labels come late" in shown
    assert "2026-03-01  bad: auc 0.8 < 0.9 (2 windows)" in shown and "? 2026-03-01  odd" in shown
    assert "no alert would have opened" in said(Outlook(windows=1))
    assert said(Outlook(said="no window was checked yet")) == " no window was checked yet"
