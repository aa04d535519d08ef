"""The last line says whether an agent runs; opening the terminal starts one only where that is wanted."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tui_pty import Terminal
from tui_screen import SMALL, app_on, lines, until
from tui_seed import NOW

from lifecycle_tui.agent import spawn, viewers
from lifecycle_tui.state import jobs, lease, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import start


async def test_the_last_line_says_whether_an_agent_runs(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await until(pilot, lambda: lines(pilot)[-1].endswith(" agent off"), "none runs")
        assert lines(pilot)[-1].startswith(" Enter open") and "? help" in lines(pilot)[-1]
        with fleet.write() as tx:
            number = lease.take(tx, processes.this(), "stay", NOW)
        await until(pilot, lambda: lines(pilot)[-1].endswith(" agent on"), "one runs")
        with fleet.write() as tx:
            lease.put_note(tx, number, "lifecycle.toml has 1 error")
        await until(pilot, lambda: lines(pilot)[-1].endswith(" agent on, file has errors"), "it keeps the old file")
        pilot.app.screen.grid.go("card-fraud")
        await pilot.press("enter")
        await until(pilot, lambda: lines(pilot)[-1].endswith("file has errors"), "every screen says so")
        with fleet.write() as tx:
            lease.put_note(tx, number, None)
        await until(pilot, lambda: "errors" not in lines(pilot)[-1], "the file is mended")
        assert "Esc back" in lines(pilot)[-1] and "? help" in lines(pilot)[-1]
        with fleet.write() as tx:
            lease.release(tx, number)
        await pilot.press("escape")
        await until(pilot, lambda: lines(pilot)[-1].endswith(" agent off"), "it has ended")


@pytest.mark.slow
def test_it_starts_an_agent_that_outlives_it_and_ends_by_itself(workspace: Callable[[], State]) -> None:
    state = workspace()
    (state.root / "lifecycle.toml").write_text("[workspace]\nplugins = []\n", "utf-8")
    pause = threading.Event()
    found: lease.Lease | None = None
    try:
        with Terminal(state.root, env={"LIFECYCLE_AGENT": None}) as terminal:
            terminal.shows("agent on")
            with state.read() as conn:
                found = lease.read(conn)
            assert found.mode == "auto" and found.process is not None
            assert viewers.anybody(state.root)
            assert os.getsid(found.process.pid) == found.process.pid != terminal.process.pid
            terminal.process.kill()  # as a link that breaks
        assert processes.alive(found.process)
        end = time.monotonic() + 120
        while viewers.anybody(state.root):  # the agent, too, has the lock for the moment that it looks
            assert time.monotonic() < end, "nobody looks any more"
            pause.wait(0.001)
        while processes.alive(found.process):
            assert time.monotonic() < end, "it ends by itself"
            pause.wait(0.05)
        with state.read() as conn:
            assert lease.read(conn).process is None
        assert "nobody looks and nothing is under way" in spawn.log_file(state.root).read_text("utf-8")
    finally:
        if found is not None and found.process is not None and processes.alive(found.process):
            os.kill(found.process.pid, signal.SIGKILL)


@pytest.mark.parametrize(("mode", "starts"), [("stay", False), ("auto", False), ("check", True), (None, True)])
def test_it_waits_for_a_check_and_leaves_it_to_an_agent(
    fleet: State, monkeypatch: pytest.MonkeyPatch, mode: str | None, starts: bool
) -> None:
    (fleet.root / "lifecycle.toml").write_text("", "utf-8")
    monkeypatch.delenv("LIFECYCLE_AGENT")
    monkeypatch.setattr(start, "AGAIN", 0.01)
    started: list[tuple[Path, str]] = []
    monkeypatch.setattr(spawn, "start", lambda file, mode: started.append((file, mode)))
    with fleet.write() as tx:
        number = 0 if mode is None else lease.take(tx, processes.this(), mode, NOW)
    looks: list[bool] = []
    held = lease.held

    def look(found: lease.Lease) -> bool:
        looks.append(held(found))
        if len(looks) == 3:
            with fleet.write() as tx:
                lease.release(tx, number)
        return looks[-1]

    monkeypatch.setattr(lease, "held", look)
    start.attend(fleet.root)
    assert started == ([(fleet.root / "lifecycle.toml", "auto")] if starts else [])
    assert looks == {"check": [True, True, True, False], None: [False]}.get(mode, [True])
    start._HELD.clear()


@pytest.mark.parametrize(("how", "anew"), [("killed", start.MOST), ("stopped", 0), ("check", 0), ("torn", 0)])
def test_an_agent_that_was_killed_is_started_anew(
    fleet: State, monkeypatch: pytest.MonkeyPatch, how: str, anew: int
) -> None:
    (fleet.root / "lifecycle.toml").write_text("", "utf-8")
    monkeypatch.delenv("LIFECYCLE_AGENT")
    monkeypatch.setattr(start, "KILLED", 0.01)
    monkeypatch.setattr(start, "attend", lambda root: None)
    started: list[str] = []
    monkeypatch.setattr(spawn, "start", lambda file, mode: started.append(mode))
    gone = processes.Process.parse(str(processes.this()).replace(str(os.getpid()), "999999999", 1))
    with fleet.write() as tx:
        number = lease.take(tx, gone, "check" if how == "check" else "auto", NOW)
        if how == "stopped":
            lease.release(tx, number)
        if how == "torn":
            tx.execute("ALTER TABLE lease RENAME TO away")
    looks: list[int] = []
    wanted = spawn.wanted

    def asked(root: Path) -> str | None:
        looks.append(1)
        return wanted(root) if len(looks) < 20 else None

    monkeypatch.setattr(spawn, "wanted", asked)
    start.keep(fleet.root)
    assert started == ["auto"] * anew
    start._HELD.clear()


@contextlib.contextmanager
def next_in_line(root: Path) -> Iterator[None]:
    """Be the next to have the agents' lock once the agent that has it is gone."""
    lock = os.open(root / ".lifecycle" / "agent.lock", os.O_RDWR)
    waits = threading.Thread(target=fcntl.flock, args=(lock, fcntl.LOCK_EX))
    waits.start()
    end, pause = time.monotonic() + 30, threading.Event()
    me = re.compile(rf"-> FLOCK .* {os.getpid()} ")
    while waits.is_alive() and not me.search(Path("/proc/locks").read_text("utf-8")):
        assert time.monotonic() < end, "it waits"
        pause.wait(0.01)
    try:
        yield
        waits.join(60)
        assert not waits.is_alive(), "another agent was quicker"
    finally:
        os.close(lock)


@pytest.mark.slow
def test_a_killed_agent_comes_back_beside_an_open_terminal(workspace: Callable[[], State]) -> None:
    state = workspace()
    (state.root / "lifecycle.toml").write_text("[workspace]\nplugins = []\n", "utf-8")
    found: list[lease.Lease] = []

    def another() -> bool:
        with state.read() as conn:
            now = lease.read(conn)
        if lease.held(now) and now.number not in [old.number for old in found]:
            found.append(now)
            return True
        return False

    try:
        with Terminal(state.root, env={"LIFECYCLE_AGENT": None}) as terminal:
            terminal.until(another, "an agent")
            assert found[0].process is not None
            with next_in_line(state.root):  # else another one may be there before anybody has seen that there is none
                os.kill(found[0].process.pid, signal.SIGKILL)
                terminal.shows("agent off")
            terminal.until(another, "another one")
            terminal.shows("agent on")
            terminal.type("q")
            assert terminal.ends() == 0
    finally:
        for old in found:
            if old.process is not None and processes.alive(old.process):
                os.kill(old.process.pid, signal.SIGKILL)


async def test_heartbeats_repaint_nothing(fleet: State) -> None:
    with fleet.write() as tx:
        number = lease.take(tx, processes.this(), "stay", NOW)
        job = jobs.enqueue(tx, "evaluate", "churn", {}, NOW)
        jobs.claim(tx, processes.this(), NOW)
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        source = pilot.app.source
        await pilot.pause()
        await source.look()
        with fleet.write(durable=False) as tx:
            lease.beat(tx, number)
            jobs.heartbeat(tx, job, NOW)
        assert not await source.look()
        with fleet.write(durable=False) as tx:
            jobs.progress(tx, job, 1, 2, "rows", "half")
        assert await source.look() and not await source.look()


@pytest.mark.parametrize(
    ("text", "env", "mode"),
    [
        ("", {}, "auto"),
        ('[workspace]\nagent = "stay"', {}, "stay"),
        ('[workspace]\nagent = "off"', {}, None),
        ('[workspace]\nagent = "sometimes"', {}, None),
        ("workspace = 3", {}, None),
        ("[workspace", {}, None),
        ("", {"LIFECYCLE_AGENT": "off"}, None),
        ("", {"LIFECYCLE_AGENT": "on"}, "auto"),
    ],
)
def test_when_the_terminal_starts_an_agent(fleet: State, text: str, env: dict[str, str], mode: str | None) -> None:
    (fleet.root / "lifecycle.toml").write_text(text, "utf-8")
    assert spawn.wanted(fleet.root, env) == mode


def test_it_starts_none_without_a_file_or_a_state(fleet: State, tmp_path: Path) -> None:
    (tmp_path / "lifecycle.toml").write_text("", "utf-8")
    assert spawn.wanted(tmp_path, {}) is None
    (fleet.root / "lifecycle.toml").unlink(missing_ok=True)
    assert spawn.wanted(fleet.root, {}) is None


def test_it_starts_none_without_write_access(fleet: State, monkeypatch: pytest.MonkeyPatch) -> None:
    (fleet.root / "lifecycle.toml").write_text("", "utf-8")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert spawn.wanted(fleet.root, {}) is None
