"""The supervisor: what becomes of jobs whose workers die, hang, are stopped or do not listen."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from processes_below import Stand, gone, until

from lifecycle_tui.agent.workers import children, supervisor
from lifecycle_tui.agent.workers.supervisor import FALSE_STARTS, Supervisor, WorkersFail
from lifecycle_tui.agent.workers.watch import AGAIN, DEAF, OVER, STILL, STOPPED
from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import jobs, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def state(empty_root: Path, tmp_path: Path) -> Iterator[State]:
    shutil.copytree(empty_root / ".lifecycle", tmp_path / ".lifecycle")
    with State(tmp_path, patience=0.05) as found:
        yield found


@pytest.fixture
def stand() -> Iterator[Stand]:
    found = Stand.start()
    yield found
    found.end()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def watcher(state: State, said: list[str], monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    """A supervisor for whom a second passes at every look."""
    seconds = iter(range(10**6))
    monkeypatch.setattr(supervisor, "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))
    return Supervisor(state, state.root / "lifecycle.toml", say=said.append)


def running(state: State, stand: Stand, **wishes: float) -> int:
    """A job that the stand-in has."""
    with state.write() as tx:
        id_ = jobs.enqueue(tx, "retrain", "bikes", {}, NOW, **wishes)
        assert jobs.claim(tx, stand.process, NOW) is not None
    return id_


def job(state: State, id_: int) -> Job:
    with state.read() as conn:
        found = jobs.job(conn, id_)
        assert found is not None
        return found


def beat(state: State, id_: int, n: int) -> None:
    with state.write(durable=False) as tx:
        jobs.heartbeat(tx, id_, NOW.replace(microsecond=n))


def test_a_stopped_worker_is_killed_with_its_children_and_its_job_queued_once_more(
    state: State, stand: Stand, watcher: Supervisor, said: list[str]
) -> None:
    id_ = running(state, stand)
    stand.signal(signal.SIGSTOP)
    until(lambda: children.is_stopped(stand.process.pid), "it is stopped")
    for _ in range(STOPPED - 1):
        watcher.look()
    assert not gone(stand.process)
    watcher.look()
    until(lambda: gone(stand.process) and gone(stand.child), "both are gone")
    watcher.look()
    assert (job(state, id_).state, job(state, id_).attempts) == ("queued", 1)
    assert said[-1] == f"job {id_} (retrain bikes): its worker is gone: queued again"


def test_a_stopped_worker_that_holds_the_state_is_killed_all_the_same(
    state: State, stand: Stand, watcher: Supervisor
) -> None:
    id_ = running(state, stand)
    stand.signal(signal.SIGSTOP)
    until(lambda: children.is_stopped(stand.process.pid), "it is stopped")
    with contextlib.closing(sqlite3.connect(state.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(STOPPED):
            watcher.look()
        until(lambda: gone(stand.process), "it is gone")
        with pytest.raises(StateError):
            watcher.look()
    watcher.look()
    assert job(state, id_).state == "queued"


def test_a_worker_without_sign_of_life_is_killed_but_not_while_nobody_can_write(
    state: State, stand: Stand, watcher: Supervisor
) -> None:
    id_ = running(state, stand)
    with contextlib.closing(sqlite3.connect(state.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for n in range(3 * STILL):
            with contextlib.suppress(StateError):
                watcher.look()
            assert not gone(stand.process), n
    for n in range(1, 3 * STILL):
        beat(state, id_, n)
        watcher.look()
    assert not gone(stand.process), "its heart beats"
    for _ in range(STILL + AGAIN):
        watcher.look()
    until(lambda: gone(stand.process) and gone(stand.child), "both are gone")
    watcher.look()
    assert job(state, id_).state == "queued"
    with state.read() as conn:
        texts = [event.text for event in jobs.events(conn, id_)]
    killed = f"its worker showed no sign of life: worker {stand.process.pid} was killed"
    assert texts[:2] == ["its worker shows no sign of life", killed]


def test_a_job_that_does_not_stop_when_asked_is_killed_and_cancelled(
    state: State, stand: Stand, watcher: Supervisor
) -> None:
    id_ = running(state, stand)
    watcher.look()
    with state.write() as tx:
        jobs.cancel(tx, id_, NOW, by="ana")
    for n in range(int(DEAF) - 1):
        beat(state, id_, n)
        watcher.look()
    assert not gone(stand.process)
    watcher.look()
    until(lambda: gone(stand.process) and gone(stand.child), "both are gone")
    watcher.look()
    assert (job(state, id_).state, job(state, id_).cancelled_by) == ("cancelled", "ana")


def test_a_job_far_beyond_its_limit_fails_and_is_not_tried_again(
    state: State, stand: Stand, watcher: Supervisor
) -> None:
    id_ = running(state, stand, time_limit=3.0)
    for n in range(int(OVER) + 4):
        beat(state, id_, n)
        watcher.look()
    until(lambda: gone(stand.process) and gone(stand.child), "both are gone")
    watcher.look()
    assert (job(state, id_).state, job(state, id_).error) == ("failed", "it ran far beyond its time limit")


def test_what_a_dead_worker_has_left_is_killed_before_its_job_is_queued_again(
    state: State, stand: Stand, watcher: Supervisor, said: list[str]
) -> None:
    id_ = running(state, stand)
    watcher.look()
    stand.signal(signal.SIGKILL)
    stand.popen.wait()
    assert not gone(stand.child)
    watcher.look()
    until(lambda: gone(stand.child), "its child is gone")
    assert job(state, id_).state == "queued"
    with state.write() as tx:
        jobs.claim(tx, stand.process, NOW)
    watcher.look()
    assert job(state, id_).state == "failed" and said[-1].endswith("its worker is gone: failed")


def test_nobody_else_is_killed(stand: Stand) -> None:
    """Not who has the number of a dead worker by now, nor a process elsewhere, nor this one."""
    for other in (
        dataclasses.replace(stand.process, started="1"),
        dataclasses.replace(stand.process, place="another-boot/pid:[1]"),
        processes.this(),
    ):
        children.kill_worker(other)
    assert not gone(stand.process) and not gone(stand.child)


@pytest.mark.slow
def test_workers_that_end_at_once_are_given_up(state: State, said: list[str]) -> None:
    """There is no lifecycle.toml: no worker can open the workspace."""
    watcher = Supervisor(state, state.root / "lifecycle.toml", say=said.append)
    with state.write() as tx:
        id_ = jobs.enqueue(tx, "retrain", "bikes", {}, NOW)
    until(lambda: watcher.start() or job(state, id_).ended, "its job is given up")
    assert job(state, id_).state == "failed" and "worker.log says why" in job(state, id_).error
    assert (state.root / ".lifecycle" / "worker.log").read_text("utf-8").count("there is no") == FALSE_STARTS
    with state.write() as tx:
        shared = jobs.enqueue(tx, "evaluate", "bikes", {}, NOW)
    with pytest.raises(WorkersFail, match="end at once"):
        until(lambda: bool(watcher.start()), "they are given up")
    assert job(state, shared).state == "queued", "the next agent, or a mended file, may do it"
    watcher.forgive()
    watcher.start()


WRITER = """
import os, signal, sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
conn.execute("BEGIN IMMEDIATE")
os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.mark.parametrize("ours", [True, False])
def test_a_worker_that_is_stopped_while_it_writes_without_a_job_is_killed_but_no_other_program(
    state: State, watcher: Supervisor, said: list[str], ours: bool
) -> None:
    words = [sys.executable, "-c", WRITER, str(state.path), "lifecycle_tui.agent.workers.worker" if ours else "else"]
    writer = subprocess.Popen(words, start_new_session=True)
    try:
        until(lambda: children.stopped_writer(state.path) == writer.pid, "it holds the state and is stopped")
        for _ in range(STOPPED - 1):
            watcher.look()
        assert writer.poll() is None
        watcher.look()
        if ours:
            assert writer.wait(120) == -signal.SIGKILL
            assert said == [
                f"its worker was stopped and did not come back while it held the state: worker {writer.pid} killed"
            ]
            assert children.stopped_writer(state.path) is None
        else:
            assert (writer.poll(), said) == (None, [])
    finally:
        writer.kill()
        writer.wait()


def test_a_worker_that_is_stopped_before_it_has_its_job_is_killed_and_the_job_gets_another(
    state: State, watcher: Supervisor, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Stand.start(), Stand.start()
    stands = iter([first, second])
    monkeypatch.setattr(Supervisor, "_popen", lambda self, words, stdin=None: next(stands).popen)
    try:
        with state.write() as tx:
            id_ = jobs.enqueue(tx, "retrain", "bikes", {}, NOW)
        watcher.start()
        first.signal(signal.SIGSTOP)
        until(lambda: children.is_stopped(first.process.pid), "it is stopped")
        for _ in range(STOPPED):
            watcher.look()
            watcher.start()
        until(lambda: gone(first.process) and gone(first.child), "both are gone")
        first.popen.wait()
        watcher.start()
        assert next(stands, None) is None, "another worker was started for it"
        assert job(state, id_).state == "queued"
        assert said == [f"its worker was stopped and did not come back: worker {first.process.pid} killed"]
    finally:
        first.end()
        second.end()
