"""The audit log: who did what yesterday in few keys, all of a row with what it changed, and on to its subject."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import seed_life
from seed_life import MODEL, NOW, WIDE
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, cursor, lines, text, until

from lifecycle_tui.state import audit as log
from lifecycle_tui.state import jobs, processes
from lifecycle_tui.state.audit import AuditRow
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.reads import audit
from lifecycle_tui.tui.reads.audit import AuditLine
from lifecycle_tui.tui.screens.audit import AuditScreen
from lifecycle_tui.tui.screens.job import JobScreen
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.screens.page import PageScreen

SLOW = pytest.mark.slow
KEY = f'models."{MODEL}".rules.moved.when'


@pytest.fixture
def life(workspace: Callable[[], State]) -> State:
    state = workspace()
    seed_life.life(state)
    with state.write() as tx:
        job = jobs.enqueue(tx, "retrain", MODEL, {}, NOW - timedelta(days=1), by="anna")
        jobs.claim(tx, processes.this(), NOW - timedelta(days=1), job_id=job)
        jobs.finish(tx, job, "failed", NOW - timedelta(days=1), error="no memory")
        log.append(tx, "retrain", MODEL, NOW - timedelta(days=1), model=MODEL, detail={"job": job}, who="anna")
        log.append(tx, "configure", KEY, NOW - timedelta(hours=25), model=MODEL, who="raj", behind="deploy",
                   detail={"key": KEY, "old": "psi.amount > 0.2", "new": "psi.amount > 0.3", "note": WIDE})  # fmt: skip
        log.append(tx, "cancel", f"job {job}", NOW, model=MODEL, detail={"note": None}, who="anna")
    return state


async def opened(pilot: Pilot) -> AuditScreen:
    await pilot.pause()
    await pilot.press("U")
    await until(pilot, lambda: isinstance(pilot.app.screen, AuditScreen), "the screen")
    await pilot.pause()
    return pilot.app.screen  # type: ignore[return-value]


@pytest.mark.parametrize("size", [(60, 20), pytest.param(SMALL, marks=SLOW), pytest.param(LARGE, marks=SLOW)])
async def test_who_did_what_yesterday_in_two_keys(life: State, size: tuple[int, int]) -> None:
    async with app_on(life).run_test(size=size) as pilot:
        screen = await opened(pilot)
        assert [line.row.action for line in screen.grid.rows] == [
            "cancel", "configure", "retrain", "deploy", "acknowledge"
        ]  # fmt: skip
        await pilot.press("d")
        assert [line.row.who for line in screen.grid.rows] == ["raj", "anna"]
        assert "filter: yesterday" in lines(pilot)[0] and "2026-03-31 05:00" in text(pilot)
        await pilot.press("d")
        assert [line.row.action for line in screen.grid.rows] == ["cancel"], "today"
        await pilot.press("d")
        assert len(screen.grid.rows) == 5 and "filter" not in lines(pilot)[0]


@pytest.mark.parametrize(
    ("words", "actions"),
    [("by:anna", ["cancel", "retrain"]), ("by:deploy", ["configure"]), ("psi.amount > 0.3", ["configure"]),
     ("yesterday !anna", ["configure"]), ("failed", ["cancel", "retrain"]), ("nothing like it", [])],
)  # fmt: skip
async def test_the_filter(life: State, words: str, actions: list[str]) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        screen.grid.filter = words
        await pilot.pause()
        assert [line.row.action for line in screen.grid.rows] == actions
        assert bool(actions) or "Nobody has done anything like that." in text(pilot)


async def test_an_edit_in_full_with_its_difference(life: State) -> None:
    async with app_on(life).run_test(size=(100, 40)) as pilot:
        await opened(pilot)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PageScreen), "its page")
        await pilot.pause()
        shown = text(pilot)
        for part in ("as account", "deploy", "- ", "psi.amount > 0.2", "+ ", "psi.amount > 0.3",
                     "lifecycle config set", "hash", "[/x] \\x1b[31mred"):  # fmt: skip
            assert part in shown, part
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the model")


async def test_what_came_of_it_and_on_to_the_job(life: State) -> None:
    async with app_on(life).run_test(size=(100, 40)) as pilot:
        await opened(pilot)
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PageScreen), "its page")
        await pilot.pause()
        assert "what came of it" in text(pilot) and "no memory" in text(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobScreen), "the job")


async def test_a_new_row_comes_in_above_and_nothing_yet(workspace: Callable[[], State]) -> None:
    state = workspace()
    async with app_on(state).run_test(size=(60, 20)) as pilot:
        screen = await opened(pilot)
        assert "Nobody has done anything here yet" in text(pilot)
        await pilot.press("enter", "d", "s", "S", "escape")
        with state.write() as tx:
            log.append(tx, "promote", "m/1", NOW, who="anna")
            tx.execute("INSERT INTO models (name) VALUES ('m')")
        await until(pilot, lambda: len(screen.grid.rows) == 1, "the row")
        assert "anna" in cursor(pilot) and "promote" in cursor(pilot)


@pytest.mark.slow
async def test_pages_and_a_filter_that_reads_on(workspace: Callable[[], State]) -> None:
    state = workspace()
    with state.write() as tx:
        for n in range(audit.PAGE * 3):
            log.append(tx, "check", f"m{n}", NOW + timedelta(minutes=n), who="rare" if n == 0 else "agent")
    async with app_on(state).run_test(size=SMALL) as pilot:
        screen = await opened(pilot)
        assert len(screen.grid.rows) == audit.PAGE and lines(pilot)[0].rstrip().endswith("+")
        screen.grid.filter = "by:rare"
        await pilot.pause()
        assert [line.row.subject for line in screen.grid.rows] == ["m0"], "the oldest of all"


def row(action: str, subject: str, model: str | None = "m", **detail: object) -> AuditRow:
    return AuditRow(1, NOW, "anna", None, action, subject, model, detail, "h")


@pytest.mark.parametrize(
    ("found", "command"),
    [
        (row("acknowledge", "alert 3"), "lifecycle ack 3"),
        (row("unsnooze", "alert 3"), "lifecycle unsnooze 3"),
        (row("cancel", "job 7"), "lifecycle jobs cancel 7"),
        (row("promote", "m/4"), "lifecycle promote m 4"),
        (row("promote", "a/b/4"), "lifecycle promote a/b 4"),
        (row("rollback", "m/4"), "lifecycle rollback m"),
        (row("retrain", "m"), "lifecycle retrain m"),
        (row("configure", "k", key="a.b", old="1", new='"x y"'), "lifecycle config set a.b '\"x y\"'"),
        (row("configure", "k", key="a.b", old="1", new=None), "lifecycle config unset a.b"),
        (row("configure", "2 files", changes=[]), ""),
        (row("retrain", "m", model=None), ""),
        (row("something else", "x"), ""),
    ],
)
def test_the_same_command(found: AuditRow, command: str) -> None:
    assert audit.command(found) == command


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (row("promote", "m/4", version=4, previous=2, note="why"), "why · version 4 in place of version 2"),
        (row("configure", "x", changes=[{"key": "a", "old": None, "new": "1"}], keys=3), "a: not set → 1 and 2 more"),
        (row("configure", "x", changes="broken", keys="many", note=7), "7"),
        (row("configure", "a", key="a", old=None, new="1"), "not set → 1"),
        (row("x", "y"), ""),
    ],
)
def test_what_a_row_says(found: AuditRow, said: str) -> None:
    assert audit.said(AuditLine(found)) == said


@pytest.mark.parametrize("size", [(60, 20), pytest.param(SMALL, marks=SLOW), pytest.param(LARGE, marks=SLOW)])
async def test_nothing_of_a_hostile_row_is_raw_and_every_screen_of_records_fits(
    life: State, size: tuple[int, int]
) -> None:
    evil = "\x1b]52;c;aGk=\x07 \u202e[b]x[/] over\rwritten \u0301" + "\u540d" * 300
    with life.write() as tx:
        detail = {"key": evil, "old": evil, "new": "z" * 100_000, "note": evil, evil: evil, "job": evil}
        log.append(tx, evil, f"alert {evil}", NOW, model=MODEL, who=evil, behind=evil, detail=detail)
    async with app_on(life).run_test(size=size) as pilot:
        await opened(pilot)
        assert "\\x1b]52" in text(pilot), "lines() holds every line to what can be printed, and to the screen's width"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PageScreen), "its page")
        for key in ("pagedown", "end", "home", "escape", "H", "d", *"today", "enter", "A", "down", "J", "P", "W"):
            await pilot.press(key)
            lines(pilot)
