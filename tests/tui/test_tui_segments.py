"""The performance pane by segments, and estimates beside what came true."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
import tui_seed
from tui_screen import LARGE, SMALL, app_on, lines, text

from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.state import models, record
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.panes.performance import PerformancePane
from lifecycle_tui.tui.panes.performance_picture import picture
from lifecycle_tui.tui.panes.performance_rows import SERIES_COLUMNS, SeriesLine
from lifecycle_tui.tui.reads import segments
from lifecycle_tui.tui.reads.performance import Measured, Series
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.subject import Where

WORST = "auc is worse above all where country=IT: 50 rows, 80% of it (p 0.001)"
TRUST = {"windows": 12, "covered": 11, "error": 0.013}


def part(value: str, auc: float | None, *, small: bool = False) -> Signal:
    """AUC of one country."""
    state = "cannot-tell" if small else "ok"
    detail = {"segment": {"column": "country", "value": value}, "small": small}
    return Signal(f"auc.country={value}", auc, n=5 if small else 100, state=state, detail=detail)  # type: ignore[arg-type]


@pytest.fixture
def shop(workspace: Callable[[], State]) -> State:
    """A model with segments and estimates; the newest window's labels are not in."""
    state = workspace()
    with state.write() as tx:
        for n in range(4):
            window = Window(f"w{n}", n, None, None, 400)
            auc = None if n == 3 else 0.9 - 0.05 * n
            own = (
                Signal("auc", auc, None if auc is None else auc - 0.02, None if auc is None else auc + 0.02, 400),
                Signal("estimated.auc", 0.88, 0.85, 0.91, 400, message="cbpe", detail={"trust": TRUST}),
                part("FR", auc), part("IT", None if auc is None else auc - 0.2), part("MT", None, small=True),
                Signal("segments.worst", 0.02, message=WORST) if n == 2 else Signal("rows", 400.0),
                Signal("reading", None, message="nothing"),
            )  # fmt: skip
            whole = (Signal("drift.max", 0.1), Signal("drift.max.country=FR", 0.3))
            record.record(tx, [WindowResult("m", window, "", whole, tui_seed.NOW),
                               WindowResult("m", window, "1", own, tui_seed.NOW, 400 * (n < 3), n < 3)])  # fmt: skip
        models.declare(tx, [models.Declared("m")])
        models.put_model(tx, tui_seed.facts("m"))
    return state


async def open_performance(pilot, signal: str | None = None) -> PerformancePane:
    """The pane, at a signal."""
    await pilot.pause()
    await pilot.app.push_screen(ModelScreen(pilot.app.source, "m", Where(pane="performance", signal=signal)))
    await pilot.pause()
    return pilot.app.screen.pane


async def test_v_shows_segments_the_worst_first_and_v_goes_back(shop: State) -> None:
    async with app_on(shop).run_test(size=SMALL) as pilot:
        pane = await open_performance(pilot)
        assert [r.series.name for r in pane.series.rows][:2] == ["auc", "estimated.auc"]
        assert not any("=" in r.series.name or r.series.name == "reading" for r in pane.series.rows)
        await pilot.press("v")
        await pilot.pause()
        shown = lines(pilot)
        assert shown[2].startswith(f" by segment: auc  w2: {WORST[:40]}")
        assert [r.segment for r in pane.series.rows] == ["country=IT", "country=FR", "country=MT"]
        assert "country=IT" in shown[4] and "0.600" in shown[4], "its newest number"
        assert shown[6].split()[:2] == ["~", "small"]
        await pilot.press("v")
        await pilot.pause()
        assert pane.series.row is not None and pane.series.row.series.name == "auc"
        assert "by segment" not in text(pilot)


@pytest.mark.slow
async def test_a_segments_alert_leads_to_it(shop: State) -> None:
    async with app_on(shop).run_test(size=LARGE) as pilot:
        pane = await open_performance(pilot, "auc.country=FR")
        assert pane.series.row is not None and pane.series.row.series.name == "auc.country=FR"
        assert "by segment: auc" in text(pilot)


@pytest.mark.slow
async def test_where_there_are_no_segments_it_says_so(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.app.push_screen(ModelScreen(pilot.app.source, "card-fraud", Where(pane="performance")))
        await pilot.pause()
        await pilot.press("v")
        await pilot.pause()
        assert "no segments here: name columns as `segments`" in text(pilot)
        await pilot.press("v")
        await pilot.pause()
        assert "recall" in text(pilot)


@pytest.mark.slow
async def test_how_far_estimates_were_off_is_no_estimate(shop: State) -> None:
    with shop.write() as tx:
        window = Window("w4", 4, None, None, 400)
        own = (Signal("auc", 0.8), Signal("estimated.auc.error", 0.02, 0.0, 0.04))
        record.record(tx, [WindowResult("m", window, "1", own, tui_seed.NOW, 400, True)])
    async with app_on(shop).run_test(size=SMALL) as pilot:
        await open_performance(pilot, "estimated.auc.error")
        assert "estimated.auc.error as served" in text(pilot) and "held what came true" not in text(pilot)


async def test_estimates_stand_behind_what_came_true(shop: State) -> None:
    async with app_on(shop).run_test(size=SMALL) as pilot:
        await open_performance(pilot)
        assert "estimate, 99 %: 11 of the last 12 held what came true, off by 0.013" in text(pilot)


def test_a_segments_base_is_the_longest_name_it_begins_with() -> None:
    names = ("auc", "drift.max", "drift.max.a.b=c", "drift")
    assert segments.base_of("drift.max.a.b=c", names) == "drift.max"
    assert segments.base_of("auc", names) == "auc"
    assert segments.base_of("gone.x=1", names) == ""


@pytest.mark.parametrize(
    ("name", "better"),
    [("auc", True), ("mae", False), ("estimated.log_loss", False), ("drift.max", False), ("of_a_team", None)],
)
def test_which_end_is_the_better_one(name: str, better: bool | None) -> None:
    assert segments.greater_is_better(name) is better


def test_segments_are_of_the_signal_else_of_the_key_metric(shop: State) -> None:
    with closing(shop.reader()[0]) as conn:
        assert segments.read(conn, "m", "drift.max", "auc").base == "drift.max"
        found = segments.read(conn, "m", "estimated.auc", "auc")
        assert found.base == "auc" and found.worst == f"w2: {WORST}"
        assert segments.read(conn, "nobody", "auc", "auc") == segments.Segments("auc", (), "")


def test_an_estimate_that_is_withheld_shows_no_older_number() -> None:
    points = tuple(
        Measured(f"w{n}", "1", Signal("estimated.auc", value, state="ok" if value else "cannot-tell"), 9, 9, True)
        for n, value in enumerate((0.9, None))
    )
    line = SeriesLine(Series("estimated.auc", "1", True, points), ())
    state, value = (next(c for c in SERIES_COLUMNS if c.key == key).cell(line).text for key in ("state", "value"))
    assert (state, value) == ("~ withheld", "-")


@pytest.mark.parametrize(
    ("signal", "wanted"),
    [(None, []),
     (Signal("estimated.auc", 0.8, 0.7, 0.9), ["none has been held against what came true yet"]),
     (Signal("estimated.auc", 0.8, detail={"trust": "x"}), ["none has been held"]),
     (Signal("estimated.auc", None, state="cannot-tell", message="concept drift is suspected"),
      ["no estimate for w1: concept drift is suspected"])],
)  # fmt: skip
def test_how_far_to_trust_an_estimate(signal: Signal | None, wanted: list[str]) -> None:
    """Before any window was scored, with a strange detail, and where it is withheld."""
    real = Series("auc", "1", True, (Measured("w1", "1", Signal("auc", 0.81), 9, 9, True),))
    estimate = Series("estimated.auc", "1", True, (Measured("w1", "1", signal, 9, 9, True),))
    told = "\n".join("".join(s.text for s in line) for line in picture(SeriesLine(real, ()), None, 90, 9, estimate))
    assert "auc" in told
    for words in wanted:
        assert words in told
    if not wanted:
        assert "estimate" not in told
