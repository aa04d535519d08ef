"""One job: facts, a log that follows or holds still, searching, how it ended; a huge log costs no more."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
import seed_jobs
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.state import jobs, lease, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.job_words import rate_text
from lifecycle_tui.tui.log_lines import laid_out, marked
from lifecycle_tui.tui.reads.job_log import LogLine
from lifecycle_tui.tui.screens.job import JobScreen
from lifecycle_tui.tui.text import width

Workspace = Callable[[], State]


async def opened(pilot: Pilot, job_id: int) -> JobScreen:
    await pilot.pause()
    pilot.app.push_screen(JobScreen(pilot.app.source, job_id))
    await until(pilot, lambda: isinstance(pilot.app.screen, JobScreen) and pilot.app.screen.ready, "the job")
    await pilot.pause()
    return pilot.app.screen


def say(state: State, job_id: int, *said: str, level: str = "info") -> None:
    with state.write() as tx:
        for one in said:
            jobs.log(tx, job_id, level, one, seed_jobs.NOW)


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_a_running_job_shows_how_far_it_is_and_what_it_says(workspace: Workspace, size: tuple[int, int]) -> None:
    state = workspace()
    made = seed_jobs.five(state)
    async with app_on(state).run_test(size=size) as pilot:
        await opened(pilot, made["running"])
        shown = text(pilot)
        assert f"job {made['running']}  retrain fraud" in lines(pilot)[0] and "● running" in lines(pilot)[0]
        assert "1,200 of 5,000 rows (24 %) · 40 rows/s · 2 min left" in shown
        assert "strategy refit" in shown and "because auc-degraded" in shown and "by policy auc-degraded" in shown
        assert f"pid {seed_jobs.ME.pid}" in shown and "since 06:00:00 · limit 2.0 h" in shown
        assert "06:00:00 960 rows to learn from" in shown
        assert "▲ warning: bad [b]markup[/b] \\x1b[31mred\\x1b[0m 数字" in shown
        with state.write() as tx:
            jobs.progress(tx, made["running"], 5000, 5000, "rows", "fitting", 0.0)
        await until(pilot, lambda: "(100 %)" in text(pilot), "progress")


async def test_a_line_of_the_log_alone_shows(workspace: Workspace) -> None:
    state = workspace()
    job = seed_jobs.five(state)["running"]
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot, job)
        say(state, job, "epoch 1 of 3")
        await until(pilot, lambda: "epoch 1 of 3" in text(pilot), "no change of the job itself")


async def test_it_follows_the_end_and_holds_still_above_it(workspace: Workspace) -> None:
    state = workspace()
    job = seed_jobs.five(state)["running"]
    seed_jobs.log(state, job, 100)
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot, job)
        assert "line 100" in lines(pilot)[-3] and screen.log_view.follows
        say(state, job, "one more")
        await until(pilot, lambda: "one more" in lines(pilot)[-3], "it scrolls by itself")
        await pilot.press("k", "k", "k")
        top = lines(pilot)[6]
        assert "holds still" in lines(pilot)[-2]
        say(state, job, *(f"new {n}" for n in range(12)))
        await until(pilot, lambda: "12 new lines below: G goes there" in text(pilot), "it says what has come")
        assert lines(pilot)[6] == top
        await pilot.press("G")
        assert "new 11" in lines(pilot)[-3] and "below" not in lines(pilot)[-2]
        say(state, job, "and on")
        await until(pilot, lambda: "and on" in lines(pilot)[-3], "it follows again")


async def test_search_sets_off_and_jumps(workspace: Workspace) -> None:
    state = workspace()
    job = seed_jobs.five(state)["running"]
    seed_jobs.log(state, job, 300)
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot, job)
        await pilot.press("slash", *"LINE 15", "enter")
        assert "line 159" in text(pilot) and "line 120" not in text(pilot), "the nearest one above"
        assert "/LINE 15" in lines(pilot)[-2] and "n next" in lines(pilot)[-2]
        before = screen.log_view._found
        await pilot.press("N")
        assert screen.log_view._found == before - 1
        await pilot.press("n", "n")
        assert screen.log_view._found == before and "none below" in lines(pilot)[-2]
        assert len([line for line in lines(pilot) if "line 1" in line]) > 9, "other lines are not hidden"
        await pilot.press("escape")
        assert pilot.app.screen is screen and "/LINE" not in lines(pilot)[-2]
        await pilot.press("slash", *"nowhere", "enter")
        assert "none" in lines(pilot)[-2]


async def test_wrapping_is_a_choice(workspace: Workspace) -> None:
    state = workspace()
    job = seed_jobs.five(state)["running"]
    say(state, job, "x" * 200 + "END", "tab\there\nsecond line")
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot, job)
        assert "END" in text(pilot) and "second line" in text(pilot) and "\\x" not in lines(pilot)[-3]
        await pilot.press("w")
        assert "END" not in text(pilot) and "lines are cut" in lines(pilot)[-2]
        for _ in range(18):
            await pilot.press("l")
        assert "END" in text(pilot)
        await pilot.press("w")
        assert "lines are cut" not in lines(pilot)[-2]


async def test_a_huge_log_opens_at_once_and_is_read_in_pages(workspace: Workspace) -> None:
    state = workspace()
    job = seed_jobs.five(state)["running"]
    seed_jobs.log(state, job, 100_000)
    say(state, job, "y" * 1_000_000, "the last one")
    async with app_on(state).run_test(size=SMALL) as pilot:
        begun = time.process_time()
        screen = await opened(pilot, job)
        assert time.process_time() - begun < 4
        log = screen.log_view
        assert "the last one" in text(pilot) and len(log._lines) <= 1_000
        assert "996,000 characters more" in text(pilot)
        for _ in range(3):
            await pilot.press("home")
        assert "960 rows to learn from" in text(pilot), "the first line of all"
        for _ in range(200):
            log.action_page(1)
        await pilot.pause()
        assert len(log._lines) <= 4_000
        shown = [line.split("line ")[1] for line in lines(pilot)[6:-2]]
        assert [int(n) for n in shown] == list(range(int(shown[0]), int(shown[0]) + len(shown))), "none is left out"
        await pilot.press("slash", *"line 77777", "enter", "n", "n", "n", "n")
        await until(pilot, lambda: "line 77777" in text(pilot), "found in twenty thousand lines at a time")
        for _ in range(100):
            log.action_page(-1)
        await pilot.pause()
        shown = [line.split("line ")[1] for line in lines(pilot)[6:-2]]
        assert [int(n) for n in shown] == list(range(int(shown[0]), int(shown[0]) + len(shown)))
        await pilot.press("G")
        assert "the last one" in lines(pilot)[-3] and log.follows


async def test_a_long_run_that_is_followed_holds_a_bounded_part(workspace: Workspace) -> None:
    state = workspace()
    job = seed_jobs.five(state)["running"]
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot, job)
        for n in range(12):
            seed_jobs.log(state, job, 700, text=f"part {n} line")
            screen.reload()
            await pilot.pause()
            assert f"part {n} line 700" in lines(pilot)[-3]
        assert len(screen.log_view._lines) <= 4_000
        await pilot.press("home")
        assert "960 rows to learn from" in text(pilot)


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_it_says_how_a_job_ended(workspace: Workspace, size: tuple[int, int]) -> None:
    state = workspace()
    made = seed_jobs.five(state)
    async with app_on(state).run_test(size=size) as pilot:
        await opened(pilot, made["failed"])
        shown = text(pilot)
        assert "✗ failed" in shown and "with this error:" in shown and "plugins/gap.py:7" in shown
        assert "P shows the plugins" in shown and "\\x1b[31mred" in shown
        assert "jobs cancel" not in lines(pilot)[-1] and "c cancel" not in lines(pilot)[-1]
        await pilot.press("escape")
        await opened(pilot, made["done"])
        shown = text(pilot)
        assert "✓ done" in shown and "after 2 min" in shown and "version 4 passed" in shown
        assert "p promotes it" in shown and "p promote" in lines(pilot)[-1]
        await pilot.press("escape")
        await opened(pilot, made["cancelled"])
        assert "– cancelled" in text(pilot) and "it was stopped" in text(pilot)


async def test_the_end_of_a_job_that_is_followed(workspace: Workspace) -> None:
    state = workspace()
    job = seed_jobs.five(state)["running"]
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot, job)
        assert "c cancel" in lines(pilot)[-1]
        with state.write() as tx:
            jobs.log(tx, job, "error", "Traceback\n  File x\nValueError: no", seed_jobs.NOW)
            jobs.finish(tx, job, "failed", seed_jobs.NOW, error="ValueError: no (fit.py:3)", outcome={"seconds": 61.0})
        await until(pilot, lambda: "it failed after 61 s with this error:" in text(pilot), "how it ended")
        shown = text(pilot)
        assert "! error: Traceback" in shown and "ValueError: no (fit.py:3)" in shown
        assert "Once that is mended, t trains again." in shown and "t retrain" in lines(pilot)[-1]


async def test_a_worker_that_is_gone_and_a_queue_without_an_agent_are_said(workspace: Workspace) -> None:
    state = workspace()
    made = seed_jobs.five(state)
    gone = processes.Process(2**22 + 1, "1", seed_jobs.ME.place)
    with state.write() as tx:
        tx.execute("UPDATE jobs SET process = ? WHERE id = ?", (str(gone), made["running"]))
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot, made["running"])
        assert f"pid {gone.pid} is gone, no agent runs: `lifecycle check --act` goes on" in text(pilot)
        await pilot.press("escape")
        await opened(pilot, made["queued"])
        assert "it is the next one · no agent runs that would do it" in text(pilot)
        with state.write() as tx:
            lease.take(tx, seed_jobs.ME, "stay", seed_jobs.NOW)
            jobs.enqueue(tx, "evaluate", "fraud", {}, seed_jobs.NOW)
        await until(pilot, lambda: "no agent" not in text(pilot), "an agent runs")


async def test_a_job_that_is_not_there(workspace: Workspace) -> None:
    state = workspace()
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot, 41)
        assert "There is no job 41" in text(pilot)
        pilot.app.poll()
        await pilot.press("home", "G", "n", "enter")
        assert "about no model" in text(pilot)


HOSTILE = [
    "\x1b[2J\x1b]0;title\x07\x1b]52;c;aGk=\x07",
    "over\rwritten",
    "bidi \u202eevil\u202c \u2066x\u2069",
    "zero\u200bwidth\ufeff",
    "\u0301\u0301 combining first",
    "\u540d\u524d" * 60,
    "e\u0301" * 200,
    "[bold]markup[/] [/x] [@click=quit]",
    "\x00\x9b31m\x85\u2028",
    "tab\there",
    "\U0001f469\u200d\U0001f4bb joined",
    "z" * 1_000_000,
    "a\nb\r\nc",
    "",
]


@pytest.mark.parametrize("cells", [12, 60, 80, 200])
@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_no_line_of_a_log_reaches_the_terminal_raw(said: str, wraps: bool, cells: int) -> None:
    line = LogLine(7, seed_jobs.NOW, "error", said[:4000], max(0, len(said) - 4000))
    rows = laid_out(line, 3, cells, timed=True, wraps=wraps)
    assert rows
    for row in rows:
        shown = "".join(span.text for span in row)
        assert shown.isprintable() and "\x1b" not in shown and "\u202e" not in shown
        assert not wraps or width(shown) <= max(cells, 20)
        assert marked(row, re.compile("x"), here=True)[0] == row[0], "what is searched for loses nothing"


async def test_a_hostile_log_on_the_screen_and_a_million_line_breaks(workspace: Workspace) -> None:
    state = workspace()
    job = seed_jobs.five(state)["running"]
    say(state, job, *HOSTILE)
    async with app_on(state).run_test(size=(60, 20)) as pilot:
        screen = await opened(pilot, job)
        for key in ("home", "pagedown", "pagedown", "w", "right", "end", "w"):
            await pilot.press(key)
            assert all(line.isprintable() for line in lines(pilot)), "and each as wide as the screen"
        await pilot.press("slash", *"markup", "enter")
        assert "[bold]markup[/]" in text(pilot)
        seed_jobs.log(state, job, 50, text="\n" * 20_000)
        begun = time.process_time()
        screen.reload()
        await pilot.pause()
        await pilot.press("end")
        assert time.process_time() - begun < 8
        assert len(screen.log_view._rows) < 50_000


@pytest.mark.parametrize(
    ("done", "total", "left", "unit", "seconds", "said"),
    [
        (1200, 5000, 95.0, "rows", None, "40 rows/s"),
        (1200, 5000, 950.0, "rows", None, "4.0 rows/s"),
        (3, 9, 600.0, "windows", None, "36 windows/h"),
        (3, 9, 60.0, "windows", None, "6.0 windows/min"),
        (300, None, None, "rows", 10.0, "30 rows/s"),
        (5000, 5000, 0.0, "rows", None, ""),
        (None, 10, 3.0, "rows", None, ""),
        (0, 10, None, "rows", 5.0, ""),
        (5, 10, float("inf"), "rows", None, ""),
        (5, 10, float("nan"), "rows", None, ""),
        (10**12, None, None, None, 2.0, "500,000,000,000 /s"),
    ],
)
def test_how_fast_it_goes(
    done: float | None, total: float | None, left: float | None, unit: str | None, seconds: float | None, said: str
) -> None:
    assert rate_text(done, total, left, unit, seconds) == said
