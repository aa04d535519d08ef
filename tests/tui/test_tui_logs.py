"""The logs pane: there where a model has logs, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tui_seed
from tui_screen import LARGE, SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.state import models, panels, record
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.panes import logs as pane
from lifecycle_tui.tui.reads import logs
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.text import safe, width

NEW: dict[str, Any] = {
    "id": 7, "template": "no upstream <*>", "count": 40, "share": 0.02, "reference_share": 0.0, "p_value": 1e-9,
    "example": "no upstream pay-3 \x1b[31m[/x]",
}  # fmt: skip
UNSURE = {**NEW, "id": 8, "template": "odd", "count": 1, "p_value": 0.4}
GROWN = {**NEW, "id": 9, "template": "timeout after <*> ms", "count": 90, "share": 0.05, "reference_share": 0.01}


def log_signals(errors: float) -> tuple[Signal, ...]:
    """What a window's logs come to."""
    return (
        Signal("log.lines", 2000.0, n=2000),
        Signal("log.bad_lines", 3.0, n=2003),
        Signal("log.errors.share", errors, errors - 0.01, errors + 0.01, 2000, "drifted", "6%; in the reference 1%"),
        Signal("log.latency.p95", 812.0, 790.0, 840.0, 2000, message="812; in the reference 800"),
        Signal("log.latency.p99", None, state="unknown", message="no latency"),
        Signal("log.patterns.new", 2.0, n=2000, state="drifted", message="2 patterns that the reference lacks",
               detail={"patterns": [UNSURE, NEW, 5], "level": 0.001}),
        Signal("log.patterns.growing", 1.0, n=2000, state="drifted", message="1 patterns whose share grows",
               detail={"patterns": [GROWN], "level": 0.001}),
    )  # fmt: skip


@pytest.fixture
def shop(workspace: Callable[[], State]) -> State:
    """A model with logs in all windows but the newest, and one without."""
    state = workspace()
    with state.write() as tx:
        for n in range(4):
            found = log_signals(0.02 * (n + 1)) if n < 3 else (Signal("rows", 5.0),)
            window = Window(f"w{n}", n, None, None, 9)
            record.record(tx, [WindowResult("m", window, "", found, tui_seed.NOW)])
            record.record(tx, [WindowResult("plain", window, "", (Signal("rows", 9.0),), tui_seed.NOW)])
        models.declare(tx, [models.Declared("m"), models.Declared("plain")])
        models.put_model(tx, tui_seed.facts("m"))
    return state


async def open_model(pilot, name: str) -> ModelScreen:
    """Its screen."""
    await pilot.pause()
    await pilot.app.push_screen(ModelScreen(pilot.app.source, name))
    await pilot.pause()
    return pilot.app.screen


async def test_numbers_patterns_and_an_example(shop: State) -> None:
    async with app_on(shop).run_test(size=SMALL) as pilot:
        screen = await open_model(pilot, "m")
        assert lines(pilot)[1].endswith("7 history 9 logs")
        await pilot.press("9")
        await until(pilot, lambda: screen.pane.NAME == "logs", "the pane")
        shown = lines(pilot)
        assert (
            shown[2].split()[0] == "errors" and "▲" in shown[2] and "6.0%" in shown[2] and "[0.050, 0.070]" in shown[2]
        )
        assert shown[3].split()[:2] == ["latency", "p95"] and "812.0" in shown[3]
        assert [p.template for p in screen.pane.patterns.rows] == ["no upstream <*>", "timeout after <*> ms", "odd"]
        assert cursor(pilot).split()[:5] == [">▲", "new", "40", "2.0%", "-"]
        assert "e.g. no upstream pay-3 \\x1b[31m[/x]" in text(pilot), "never raw"
        await pilot.press("down")
        await pilot.pause()
        assert "growing, 90 lines · 5.0% of all, 1.0% in the reference's period" in text(pilot)
        await pilot.press("s", "S")
        await pilot.pause()
        assert "2 patterns that the reference lacks · 1 patterns whose share grows" in text(pilot)
        await pilot.resize_terminal(*LARGE)
        await pilot.pause()
        assert "example" in text(pilot)


async def test_a_model_without_logs_has_no_such_pane_and_its_key_says_how(shop: State) -> None:
    async with app_on(shop).run_test(size=SMALL) as pilot:
        screen = await open_model(pilot, "plain")
        assert "logs" not in lines(pilot)[1]
        await pilot.press("9")
        await until(pilot, lambda: screen.pane.NAME == "logs", "its key always works")
        assert "No window has logs." in text(pilot) and "docs/data.md" in text(pilot)


@pytest.mark.slow
async def test_with_panels_besides_the_line_of_panes_still_fits(shop: State) -> None:
    with shop.write() as tx:
        panels.put(tx, "m", "mine", tui_seed.NOW, error="ValueError: no luck")
    async with app_on(shop).run_test(size=SMALL) as pilot:
        await open_model(pilot, "m")
        assert lines(pilot)[1] == "1 overview 2 drift 3 perf 4 versions 5 alerts 6 policy 7 history 8 panels 9 logs"


@pytest.mark.parametrize("cells", [200, 80, 40, 3])
@pytest.mark.parametrize("rows", [10, 4, 1, 0])
def test_an_example_fits(cells: int, rows: int) -> None:
    long = logs.Pattern(True, "1", "a <*> " * 400, 3, 0.1, 0.0, None, False, "b 客户 " * 400)
    found = pane.example_lines(long, cells, rows)
    assert len(found) <= rows
    for line in found:
        shown = "".join(safe(span.text) for span in line)
        assert cells < 14 or width(shown) <= cells
    assert pane.example_lines(None, cells, rows) == []


@pytest.mark.parametrize(
    "detail", [{}, {"patterns": 3}, {"patterns": [{"template": 3, "count": "x", "share": float("nan"), "p_value": []}]}]
)
def test_odd_patterns_are_read_as_far_as_they_go(detail: dict) -> None:
    found = logs._patterns(Signal("log.patterns.new", 1.0, detail=detail), new=True)
    assert all(p.template == "" and p.count == 0 and p.share == 0.0 and not p.certain for p in found)
