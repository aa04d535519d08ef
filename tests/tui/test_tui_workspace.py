"""The workspace's screen: what needs attention first, in words; facts by area."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from datetime import timedelta

import pytest
import seed_jobs
import tui_seed
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, lines, text, until

from lifecycle_tui.state import alerts, clock, jobs, lease, loop, models, outbox, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.migrations import LATEST
from lifecycle_tui.tui import workspace_lines
from lifecycle_tui.tui.reads import workspace as reads
from lifecycle_tui.tui.screens import workspace as module
from lifecycle_tui.tui.screens.workspace import WorkspaceScreen

Workspace = Callable[[], State]
ME = processes.this()


async def opened(pilot: Pilot) -> WorkspaceScreen:
    await pilot.press("W")
    await until(pilot, lambda: isinstance(pilot.app.screen, WorkspaceScreen), "the screen")
    await until(pilot, lambda: pilot.app.screen.measured is not None, "the sizes")
    await pilot.pause()
    return pilot.app.screen


def whole(screen: WorkspaceScreen, cells: int = 80) -> str:
    """Everything that the screen says, whatever shows."""
    return "\n".join("".join(span.text for span in line) for line in screen._lines(cells))


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_what_needs_attention_comes_first(fleet: State, size: tuple[int, int]) -> None:
    with fleet.write() as tx:
        jobs.enqueue(tx, "evaluate", "churn", {}, tui_seed.NOW)
        sent = outbox.queue_notification(tx, 1, "oncall", tui_seed.NOW, "opened", tui_seed.NOW)
        outbox.mark_failed(tx, [sent], "connection \x1b[31mrefused [/x] 数字", None)
    async with app_on(fleet).run_test(size=size) as pilot:
        screen = await opened(pilot)
        shown = text(pilot)
        assert "✗ no agent runs, and 1 job waits for one: nothing is checked by itself." in lines(pilot)[2]
        assert "LIFECYCLE_AGENT=off keeps this terminal from starting one" in shown.replace("\n   ", " ")
        assert "✗ 1 notification was not delivered" in shown
        assert "▲ 1 of 5 models could not be evaluated" in shown and "· 1 model was never checked" in shown
        everything = whole(screen, size[0])
        assert "oncall: alert 1 opened · connection" in everything
        if size == LARGE:
            assert "connection \\x1b[31mrefused [/x] 数字" in shown and "LIFECYCLE_AGENT=off" in shown
            assert shown.index("Workspace") < shown.index("Disk") < shown.index("folder"), "in two columns"
        assert "5 declared · 4 checked" in everything and "artefacts" in everything and f"schema {LATEST}" in everything


async def test_all_is_well(workspace: Workspace) -> None:
    state = workspace()
    with state.write() as tx:
        models.declare(tx, [models.Declared("churn", "binary"), models.Declared("old", "binary")])
        models.put_model(tx, tui_seed.facts("churn"))
        models.put_model(tx, tui_seed.facts("old"))
        models.retire_missing(tx, ["churn"])
        lease.take(tx, ME, "stay", tui_seed.NOW)
    async with app_on(state).run_test(size=LARGE) as pilot:
        await opened(pilot)
        shown = text(pilot)
        assert "✓ Nothing here needs attention." in shown
        assert "1 declared · 1 checked · 1 no longer declared, their history is kept" in shown
        assert f"pid {ME.pid} · since 2026-04-01 06:00" in shown and "stays until it is stopped" in shown
        assert "every second" in shown and "the machine's" in shown


async def test_the_agents_note_is_told_in_full_and_goes(workspace: Workspace) -> None:
    state = workspace()
    note = "lifecycle.toml has 2 errors, so what was accepted before counts\nlifecycle.toml:42:5 error[unknown-key] x"
    with state.write() as tx:
        number = lease.take(tx, ME, "auto", tui_seed.NOW)
        lease.put_note(tx, number, note)
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot)
        shown = text(pilot)
        assert "✗ lifecycle.toml has 2 errors" in shown and "42:5 error[unknown-key] x" in shown
        assert "has errors; what was accepted last counts" in shown
        with state.write() as tx:
            lease.put_note(tx, number, None)
            jobs.enqueue(tx, "evaluate", "churn", {}, tui_seed.NOW)
        await until(pilot, lambda: "has 2 errors" not in text(pilot), "the file was mended")


async def test_an_agent_that_does_not_move_and_one_that_was_killed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = workspace()
    with state.write() as tx:
        number = lease.take(tx, ME, "auto", tui_seed.NOW)
    monkeypatch.setattr(module, "STILL", 0.05)
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot)
        await until(pilot, lambda: "has not moved for" in text(pilot), "it hangs")
        assert f"the agent (pid {ME.pid})" in text(pilot)
        monkeypatch.setattr(module, "STILL", 60.0)
        with state.write(durable=False) as tx:
            lease.beat(tx, number)
        await until(pilot, lambda: "has not moved for" not in text(pilot), "it goes on")
        with state.write() as tx:
            tx.execute("UPDATE lease SET process = ?", (str(processes.Process(2**22 + 1, "1", ME.place)),))
            jobs.enqueue(tx, "evaluate", "churn", {}, tui_seed.NOW)
        await until(pilot, lambda: "was killed" in text(pilot), "what became of it")


async def test_clock_and_what_comes_next(workspace: Workspace) -> None:
    state = workspace()
    with state.write() as tx:
        models.declare(tx, [models.Declared("churn", "binary")])
        clock.put(tx, clock.Simulated(tui_seed.NOW, tui_seed.NOW + timedelta(days=9), 2.0))
        loop.put(tx, "churn", {}, "looks at the window 2026-04", tui_seed.NOW + timedelta(hours=3), tui_seed.NOW)
    async with app_on(state).run_test(size=LARGE) as pilot:
        await opened(pilot)
        shown = text(pilot)
        assert "simulated: 2026-04-01 06:00, goes on until 2026-04-10 06:00, a day takes 2 s" in shown
        assert "churn in 3 h · looks at the window 2026-04" in shown
        with state.write() as tx:
            clock.move(tx, tui_seed.NOW + timedelta(days=9))
            jobs.enqueue(tx, "evaluate", "churn", {}, tui_seed.NOW)
        await until(pilot, lambda: "has reached its end" in text(pilot), "the clock went on")


async def test_a_disk_that_is_nearly_full_comes_before_all(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = workspace()
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(100 * 10**9, 99 * 10**9, 312 * 10**6))
    monkeypatch.setattr(workspace_lines, "LARGE_WAL", -1)
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert "✗ only 312 MB are free on the disk" in lines(pilot)[2] and "▲ state.db-wal" in text(pilot)


async def test_sizes_are_counted_anew_by_r(workspace: Workspace) -> None:
    state = workspace()
    own = state.root / ".lifecycle"
    (own / "artifacts" / "ab").mkdir(parents=True)
    (own / "artifacts" / "ab" / "cd").write_bytes(b"x" * 5000)
    (own / "state.db.before-2").write_bytes(b"x" * 2000)
    async with app_on(state).run_test(size=LARGE) as pilot:
        await opened(pilot)
        assert "5.0 kB in 1 file" in text(pilot) and "state.db.before-2 (2.0 kB)" in text(pilot)
        (own / "artifacts" / "ab" / "ef").write_bytes(b"x" * 5000)
        (state.root / "lifecycle.toml").write_text("[models", "utf-8")
        await pilot.press("r")
        await until(pilot, lambda: "10 kB in 2 files" in text(pilot), "counted again")
        assert "lifecycle.toml cannot be read" in text(pilot)


def test_walks_are_bounded(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    state = workspace()
    monkeypatch.setattr(reads, "WALKED", 3)
    folder = state.root / ".lifecycle" / "jobs"
    folder.mkdir()
    for n in range(5):
        (folder / f"{n}-calls.jsonl").write_text("ab", "utf-8")
    found = reads.measured(state.root).journals
    assert (found.files, found.size, found.whole) == (3, 6, False)
    assert workspace_lines._folder(found) == "more than 6 B in 3 files"


def test_notifications_of_a_long_outage_are_listed_in_part(workspace: Workspace) -> None:
    state = workspace()
    with state.write() as tx:
        alerts.store(tx, now=tui_seed.NOW, opened=[
            tui_seed.alert("churn", f"r{n}", "info", "it fires") for n in range(300)
        ])  # fmt: skip
        for n in range(300):
            id_ = outbox.queue_notification(tx, n + 1, "oncall", tui_seed.NOW, "opened", tui_seed.NOW)
            outbox.mark_failed(tx, [id_], "no route", tui_seed.NOW)
    with state.read() as conn:
        found = reads.facts(conn, state.root, tui_seed.NOW)
    assert found.waits == 300 and len(found.waiting) == 20
    seen = workspace_lines.Seen("shop", "/srv/shop", found, None, None, [])
    assert ("oncall cannot be reached: no route; it is tried again", "warning") in workspace_lines.attention(seen)


def test_a_worker_that_is_gone_is_said(workspace: Workspace) -> None:
    state = workspace()
    made = seed_jobs.five(state)
    with state.write() as tx:
        gone = str(processes.Process(2**22 + 1, "1", ME.place))
        tx.execute("UPDATE jobs SET process = ? WHERE id = ?", (gone, made["running"]))
    with state.read() as conn:
        found = reads.facts(conn, state.root, tui_seed.NOW)
    seen = workspace_lines.Seen("shop", "/srv/shop", found, None, None, [])
    assert (f"the worker of job {made['running']} is gone", "warning") in workspace_lines.attention(seen)


async def test_a_state_that_goes_is_said(workspace: Workspace) -> None:
    state = workspace()
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot)
        state.close()
        shutil.rmtree(state.root / ".lifecycle")
        await pilot.press("r")
        await until(pilot, lambda: "is gone" in lines(pilot)[0], "the trouble")
        assert "Workspace" in text(pilot)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (12_345_678, "12 MB"), (4 * 10**12, "4.0 TB")]
)
def test_sizes_in_words(value: int, text: str) -> None:
    assert workspace_lines.size(value) == text


@pytest.mark.parametrize("screen", ["jobs", "job", "plugins", "plugin", "workspace"])
def test_the_screens_load_nothing_heavy(screen: str) -> None:
    code = (
        f"import sys, lifecycle_tui.tui.app, lifecycle_tui.tui.screens.{screen}, lifecycle_tui.plugin_host.remembered; "
        "print([m for m in ('numpy', 'pandas', 'scipy', 'sklearn', 'pyarrow', 'sqlite_utils', 'pydantic') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


async def test_without_the_marks_of_unicode(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_ASCII", "1")
    state = workspace()
    seed_jobs.five(state)
    async with app_on(state).run_test(size=SMALL) as pilot:
        await opened(pilot)
        assert lines(pilot)[2].startswith(" X no agent runs, and 2 jobs wait for one")
        await pilot.press("J")
        await until(pilot, lambda: "* running" in text(pilot) and "o queued" in text(pilot), "the marks of jobs")
