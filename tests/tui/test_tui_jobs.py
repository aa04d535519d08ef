"""The list of jobs: order, what is left out, pages, live changes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

import pytest
import seed_jobs
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.state import jobs
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.reads.jobs import Listing
from lifecycle_tui.tui.screens.job import JobScreen
from lifecycle_tui.tui.screens.jobs import JobsScreen

Workspace = Callable[[], State]


async def opened(pilot: Pilot) -> JobsScreen:
    await pilot.press("J")
    await until(pilot, lambda: isinstance(pilot.app.screen, JobsScreen) and pilot.app.screen.ready, "the jobs")
    return pilot.app.screen


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_what_lives_comes_first_and_done_evaluations_are_left_out(
    workspace: Workspace, size: tuple[int, int]
) -> None:
    state = workspace()
    made = seed_jobs.five(state)
    async with app_on(state).run_test(size=size) as pilot:
        screen = await opened(pilot)
        order = [row.job.id for row in screen.grid.rows]
        assert order == [made[k] for k in ("running", "queued", "done", "cancelled", "failed")]
        shown = text(pilot)
        assert "● running" in shown and "24 % · 2 min left" in shown
        assert "○ queued" in shown and "✗ failed" in shown and "– cancelled" in shown
        assert "1 running · 1 queued" in lines(pilot)[0] and "1 hidden" in lines(pilot)[0]
        assert "churn[prod" in shown and "\x1b" not in shown
        assert "asked by policy auc-degraded" in lines(pilot)[-2], "why it runs"
        assert ("1,200 of 5,000 rows" in shown) == (size == LARGE)


async def test_f_goes_through_the_kinds(workspace: Workspace) -> None:
    state = workspace()
    made = seed_jobs.five(state)
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("f")
        assert len(screen.grid.rows) == 6 and "all" in lines(pilot)[0] and "hidden" not in lines(pilot)[0]
        await pilot.press("f")
        assert [r.job.id for r in screen.grid.rows] == [made["running"], made["queued"]]
        assert "queued and running" in lines(pilot)[0]
        await pilot.press("f")
        assert [r.job.id for r in screen.grid.rows] == [made["failed"]]
        await pilot.press("f")
        assert len(screen.grid.rows) == 5


async def test_progress_changes_one_row_and_the_cursor_stays(workspace: Workspace) -> None:
    state = workspace()
    made = seed_jobs.five(state)
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("down", "down")
        assert "✓ done" in cursor(pilot)
        painted: list[int] = []
        repaint = screen.grid._repaint
        screen.grid._repaint = lambda line: painted.append(line) or repaint(line)
        with state.write() as tx:
            jobs.progress(tx, made["running"], 4000, 5000, "rows", "fraud: fitting", 20.0)
        await until(pilot, lambda: "80 % · 20 s left" in text(pilot), "the progress")
        assert set(painted) == {0} and "✓ done" in cursor(pilot)
        with state.write() as tx:
            jobs.cancel(tx, made["running"], seed_jobs.NOW, by="raj")
        await until(pilot, lambda: "◐ stopping" in text(pilot), "it stops")
        with state.write() as tx:
            jobs.finish(tx, made["running"], "cancelled", seed_jobs.NOW)
        await until(pilot, lambda: "1 running" not in lines(pilot)[0], "it has stopped")
        assert "✓ done" in cursor(pilot)


async def test_an_evaluation_that_is_done_leaves_the_list_under_the_cursor(workspace: Workspace) -> None:
    state = workspace()
    made = seed_jobs.five(state)
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("down")
        assert "○ queued" in cursor(pilot)
        with state.write() as tx:
            jobs.claim(tx, seed_jobs.ME, seed_jobs.NOW, job_id=made["queued"])
            jobs.finish(tx, made["queued"], "done", seed_jobs.NOW)
        await until(pilot, lambda: "2 hidden" in lines(pilot)[0], "it is left out")
        assert made["queued"] not in {r.job.id for r in screen.grid.rows}
        assert screen.grid.row is not None and ">" in cursor(pilot)


async def test_pages_come_as_the_cursor_nears_the_end(workspace: Workspace) -> None:
    state = workspace()
    seed_jobs.many(state, 350, kind="retrain")
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert len(screen.grid.rows) == 100 and "1/100+" in lines(pilot)[0]
        for n in (200, 300, 350, 350):
            await pilot.press("G")
            await until(pilot, lambda n=n: len(screen.grid.rows) == n, f"{n} rows")
        await pilot.press("G")
        await until(pilot, lambda: "350/350 " in lines(pilot)[0] + " ", "the end, and no more is promised")


def test_another_connection_reads_as_many_pages_again(workspace: Workspace) -> None:
    state = workspace()
    seed_jobs.many(state, 350, kind="retrain")
    with state.write() as tx:
        for n in range(250):
            jobs.enqueue(tx, "evaluate", f"m{n}", {}, seed_jobs.NOW)
    listing = Listing()
    with state.read() as first:
        listing.refresh(first)
        listing.more(first)
    with State.view(state.root) as view, view.read() as other:
        listing.refresh(other)
    assert len(listing.rows()) == 250 + 200 and not listing.whole


async def test_a_page_that_cannot_be_read_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    state = workspace()
    seed_jobs.many(state, 150, kind="retrain")
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)

        def fail(listing: Listing, conn: sqlite3.Connection) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        with monkeypatch.context() as patch:
            patch.setattr(Listing, "more", fail)
            patch.setattr(Listing, "refresh", fail)  # else the next poll may read before anybody looks
            await pilot.press("G")
            await until(pilot, lambda: "disk I/O error" in lines(pilot)[0], "the trouble")
        await pilot.press("home", "G")
        await until(pilot, lambda: len(screen.grid.rows) == 150, "it can be read again")


@pytest.mark.slow
async def test_a_long_history_costs_no_more(workspace: Workspace) -> None:
    state = workspace()
    seed_jobs.many(state, 60_000, step=997)
    with state.read() as conn:
        took = []
        for _ in range(5):  # a machine that is busy with other things slows some of them down
            listing = Listing()
            begun = time.process_time()
            listing.refresh(conn)
            took.append(time.process_time() - begun)
        assert min(took) < 0.1
        assert listing.hidden < 1_000 and not listing.whole and 0 < len(listing.rows()) < 100
        for _ in range(100):
            listing.more(conn)
        assert listing.whole and len(listing.rows()) == 61 and listing.hidden == 60_000 - 61


async def test_an_empty_state_says_what_to_do(workspace: Workspace) -> None:
    state = workspace()
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert "No job but evaluations" in text(pilot) and "nothing runs" in lines(pilot)[0]
        await pilot.press("f")
        assert "There was no job yet" in text(pilot)
        seed_jobs.ended(state, "retrain", "demand", "failed", error="too little")
        await until(pilot, lambda: "too little" in text(pilot), "the first job")


async def test_filter_and_open(workspace: Workspace) -> None:
    state = workspace()
    made = seed_jobs.five(state)
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        await pilot.press("slash", *"retrain", "enter")
        assert {r.job.kind for r in screen.grid.rows} == {"retrain"} and "filter: retrain" in lines(pilot)[0]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobScreen), "the job")
        assert pilot.app.screen.job_id == made["running"]
        await pilot.press("escape")
        assert pilot.app.screen is screen
