"""The fleet: every model, worst first; keys; filter; nothing there; a thousand models; hostile names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import tui_seed
from tui_screen import LARGE, SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.state import clock, jobs, loop, models, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.grid_rows import View
from lifecycle_tui.tui.reads import fleet as read
from lifecycle_tui.tui.reads import fleet_page
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
        assert " card-fraud " in lines(pilot)[0]
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
        assert "1,000/1,000" in lines(pilot)[0]
        await pilot.press("slash", *"m-00777", "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model opens")
        assert " m-00777 " in lines(pilot)[0]


def run(
    state: State, kind: str, model: str, done: float | None = None, total: float | None = None, said: str = ""
) -> int:
    """A job that runs and tells its progress."""
    with state.write() as tx:
        job = jobs.enqueue(tx, kind, model, {}, tui_seed.NOW)
        jobs.claim(tx, processes.this(), tui_seed.NOW, job_id=job)
        jobs.progress(tx, job, done, total, "rows", said)
    return job


def remember(state: State, model: str, following: str, due: timedelta | None, last: str = "") -> None:
    """What the loop stores of a model; the workspace's clock stands at `NOW`."""
    with state.write() as tx:
        clock.put(tx, clock.Simulated(tui_seed.NOW, tui_seed.NOW + timedelta(days=9), 1.0))
        at = None if due is None else tui_seed.NOW + due
        loop.put(tx, model, {"last": last}, following, at, tui_seed.NOW)


def line_of(pilot, name: str) -> str:
    return next(line for line in lines(pilot)[2:-2] if name in line)


@pytest.mark.parametrize(
    ("kind", "done", "total", "shown"),
    [
        ("retrain", 400, 1000, "retrain 40%"), ("judge", 3, 5, "judge 3/5"), ("evaluate", 999.9, 1000, "evaluate 99%"),
        ("evaluate", 2000, 1000, "evaluate 99%"), ("deploy", 0, 1, "deploy"), ("retrain", 0, None, "retrain"),
        ("retrain", None, None, "retrain"), ("evaluate", 3, 5, "evaluate 3/5"),
    ],
)  # fmt: skip
async def test_a_running_job_takes_the_place_of_the_window(
    fleet: State, kind: str, done: float | None, total: float | None, shown: str
) -> None:
    run(fleet, kind, "house-prices", done, total)
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        line = line_of(pilot, "house-prices")
        assert shown in line and "2026-03-30" not in line
        assert "0.56" in line and "41,250" in line and "▃█▁▅" in line and line.endswith("1 ▲")
        await pilot.resize_terminal(120, 24)
        await pilot.pause()
        line = line_of(pilot, "house-prices")
        assert shown in line and "2026-03-30" in line and "job" in lines(pilot)[1]


async def test_a_job_that_waits_and_one_that_is_to_stop(fleet: State) -> None:
    stopping = run(fleet, "retrain", "churn", 1, 100)
    with fleet.write() as tx:
        jobs.cancel(tx, stopping, tui_seed.NOW)
        jobs.enqueue(tx, "evaluate", "churn", {}, tui_seed.NOW)
        jobs.enqueue(tx, "evaluate", "demand", {}, tui_seed.NOW)
        jobs.enqueue(tx, "notify", None, {}, tui_seed.NOW)
    async with app_on(fleet).run_test(size=(120, 24)) as pilot:
        await pilot.pause()
        assert "retrain stops" in line_of(pilot, "churn"), "what runs is said before what waits"
        assert "evaluate queued" in line_of(pilot, "demand") and "2026-03-30" in line_of(pilot, "demand")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "2026-03-30" in line_of(pilot, "demand"), "one that waits leaves the window where it is"
        assert "evaluate queued" in lines(pilot)[-2]


async def test_progress_repaints_one_line_and_the_end_gives_the_window_back(fleet: State) -> None:
    job = run(fleet, "retrain", "house-prices", 100, 1000, "house-prices: fitting")
    app = app_on(fleet)
    async with app.run_test(size=SMALL) as pilot:
        grid = app.screen.grid
        grid.go("house-prices")
        await until(pilot, lambda: "retrain 10%: fitting" in lines(pilot)[-2], "what its worker says")
        assert app.screen.subject().job == job
        painted: list[tuple[int, int]] = []
        refresh = grid.refresh

        def watched(*regions, **more):
            painted.extend((r.y, r.height) for r in regions) if regions else painted.append((0, 99))
            return refresh(*regions, **more)

        grid.refresh = watched
        with fleet.write() as tx:
            jobs.progress(tx, job, 250, 1000, "rows", "house-prices: fitting")
        await until(pilot, lambda: "retrain 25%" in line_of(pilot, "house-prices"), "further")
        assert set(painted) == {(3, 1)}
        with fleet.write() as tx:
            jobs.finish(tx, job, "done", tui_seed.NOW)
        await until(pilot, lambda: "2026-03-30" in line_of(pilot, "house-prices"), "done")


@pytest.mark.parametrize(
    ("following", "due", "last", "shown"),
    [
        ("retraining at 2026-04-01 09:00 by schedule", timedelta(hours=3), "", "next: in 3 h retraining by schedule"),
        ("retraining at 2026-04-01 03:00 by schedule", timedelta(hours=-3), "", "next: due 3 h ago retraining by"),
        ("version 2 waits for approval", timedelta(days=3), "", "next: version 2 waits for approval"),
        ("version 2 is champion", None, "version 2 is champion", "last: version 2 is champion"),
        ("version 2 is champion", timedelta(hours=5), "version 2 is champion", "next: in 5 h the loop looks again"),
        ("rule x at 2026-99-99 99:99", None, "", "next: rule x at 2026-99-99 99:99"),
        ("\x1b[2J[/x]", None, "", "next: \\x1b[2J[/x]"),
    ],
)  # fmt: skip
async def test_what_comes_next(fleet: State, following: str, due: timedelta | None, last: str, shown: str) -> None:
    remember(fleet, "churn", following, due, last)
    async with app_on(fleet).run_test(size=(140, 24)) as pilot:
        await pilot.press("G")
        await pilot.pause()
        assert shown in lines(pilot)[-2]
        label, what = shown.split(": ", 1)
        assert (what[:18] in line_of(pilot, "churn")) is (label == "next")


async def test_what_comes_next_follows_the_clock(fleet: State) -> None:
    remember(fleet, "churn", "retraining at 2026-04-01 09:00 by schedule", timedelta(hours=3))
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("G")
        await until(pilot, lambda: "next: in 3 h" in lines(pilot)[-2], "three hours")
        with fleet.write() as tx:
            clock.move(tx, tui_seed.NOW + timedelta(hours=2))
        await until(pilot, lambda: "next: in 60 min" in lines(pilot)[-2], "time goes on though nothing else changes")


async def test_the_line_below_says_why_before_what_was_last(fleet: State) -> None:
    remember(fleet, "card-fraud", "version 2 is champion, and more", None, "version 2 is champion, and more")
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("down")
        await pilot.pause()
        assert "auc-degraded: auc.upper 0.89 < 0.92 in 3 windows" in lines(pilot)[-2]
        remember(fleet, "card-fraud", "retraining at 2026-04-01 09:00 by schedule", timedelta(hours=3))
        await until(pilot, lambda: "next: in 3 h retraining by" in lines(pilot)[-2], "what comes next")
        assert " ✗ card-fraud  auc-degraded:" in lines(pilot)[-2]


async def test_sorting_by_job_and_by_what_is_due(fleet: State) -> None:
    run(fleet, "retrain", "churn")
    remember(fleet, "new-model", "retraining at 2026-04-01 09:00 by schedule", timedelta(hours=3))
    async with app_on(fleet).run_test(size=LARGE) as pilot:
        grid = pilot.app.screen.grid
        grid.sort_by("job")
        await pilot.pause()
        assert names(pilot)[0] == "churn"
        grid.sort_by("next")
        await pilot.pause()
        assert names(pilot)[0] == "new-model"
        assert "↑next" in lines(pilot)[1] and "by next" in lines(pilot)[0]


async def test_marked_models_are_what_actions_are_about(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("space", "down", "space")
        await pilot.pause()
        screen = pilot.app.screen
        assert screen.subject().models == ("demand", "house-prices") and screen.subject().model == "new-model"
        assert "2 marked" in lines(pilot)[0] and lines(pilot)[2].startswith(" *! error")
        await pilot.press("slash", *"crm", "enter")
        await until(pilot, lambda: "2 of them hidden" in lines(pilot)[0], "a filter hides them")
        assert screen.subject().models == ("demand", "house-prices")
        await pilot.press("escape")
        await until(pilot, lambda: names(pilot) == WORST_FIRST, "first the filter goes")
        assert "2 marked" in lines(pilot)[0]
        await pilot.press("escape")
        await until(pilot, lambda: "marked" not in lines(pilot)[0], "then the marks")
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, FleetScreen) and screen.subject().models == ()


async def test_a_marked_model_that_goes_is_marked_no_more(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.press("asterisk")
        await until(pilot, lambda: "5 marked" in lines(pilot)[0], "all")
        with fleet.write() as tx:
            models.retire_missing(tx, ["churn", "demand"])
        await until(pilot, lambda: "2 marked" in lines(pilot)[0], "those that are left")
        assert set(pilot.app.screen.subject().models) == {"churn", "demand"}


async def test_where_there_is_no_model_it_says_what_to_do(workspace: Callable[[], State]) -> None:
    state = workspace()
    async with app_on(state).run_test(size=SMALL) as pilot:
        await pilot.pause()
        for said in ("`lifecycle check`", "`lifecycle init FILE`", "`lifecycle demo`"):
            assert said in " ".join(text(pilot).split()), said
        tui_seed.many(state, 2)
        await until(pilot, lambda: "m-00001" in text(pilot), "models")
        with state.write() as tx:
            models.retire_missing(tx, [])
        await until(pilot, lambda: "declares no model any more" in text(pilot), "all are gone")
        (state.root / "lifecycle.toml").unlink()
        tui_seed.many(state, 1)
        with state.write() as tx:
            models.retire_missing(tx, [])
        await until(pilot, lambda: "There is no lifecycle.toml here." in text(pilot), "no file")


async def test_a_model_that_nobody_looked_at(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        pilot.app.screen.grid.go("new-model")
        await pilot.pause()
        assert "never checked: `lifecycle check` looks at it" in lines(pilot)[-2]


async def test_narrow_screens_leave_out_what_matters_least(fleet: State) -> None:
    async with app_on(fleet).run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert lines(pilot)[1].split() == ["state", "model", "window", "drift", "max", "!"]
        assert lines(pilot)[3].endswith("1 ✗") and "critical" in lines(pilot)[3]
        assert "q quit" in lines(pilot)[-1] and "? help" in lines(pilot)[-1]


def test_a_page_of_models_with_jobs_and_memories_is_read_in_a_few_questions(workspace: Callable[[], State]) -> None:
    state = workspace()
    tui_seed.many(state, 1000)
    due = "retraining at 2026-04-02 03:00 by schedule"
    with state.write() as tx:
        for n in range(1000):
            jobs.enqueue(tx, "evaluate", f"m-{n:05d}", {}, tui_seed.NOW)
            loop.put(tx, f"m-{n:05d}", {"last": "x"}, due, tui_seed.NOW, tui_seed.NOW)
    asked: list[str] = []
    with state.read() as conn:
        conn.set_trace_callback(asked.append)
        found = fleet_page.page(conn, state.root, View(lines=22), tui_seed.NOW).page
        conn.set_trace_callback(None)
        plan = " ".join(str(row) for row in conn.execute(f"EXPLAIN QUERY PLAN {read._JOBS}", {"some": None}))
    assert len(asked) == 10, [said[:60] for said in asked]
    assert (found.total, len(found.rows)) == (1000, 44)
    assert all(m.job.short == "evaluate queued" and m.following.when == "in 21 h" for m in found.rows)
    assert "jobs_running" in plan and "jobs_queued" in plan, "ended jobs cost nothing"


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
        assert " odd " in lines(pilot)[0]


async def test_ascii_and_no_colour(fleet: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_ASCII", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert not set(text(pilot)) & set("▁▂▃▄▅▆▇█✗▲✓")
        for strip in pilot.app.screen._compositor.render_strips():
            for segment in strip.apply_filter(pilot.app._filters[-1], None):
                assert segment.style is None or segment.style.color is None or segment.style.color.is_default


@pytest.mark.parametrize(("left", "said"), [(1, "simulated 2026-04-01 06:00  "), (0, "2026-04-01 06:00, the end  ")])
async def test_a_simulated_clock_that_has_arrived_says_so(fleet: State, left: int, said: str) -> None:
    with fleet.write() as tx:
        clock.put(tx, clock.Simulated(tui_seed.NOW, tui_seed.NOW + timedelta(days=left), 1.0))
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await until(pilot, lambda: said in lines(pilot)[0], "the clock")
