"""Workers: time limits, cancelling, warm ones, and that nothing which a job has started outlives its worker."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from processes_below import gone, until

from lifecycle_tui.agent import accepted
from lifecycle_tui.agent.workers import kinds, worker
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.agent.workers.kinds import Kind
from lifecycle_tui.agent.workers.watchdog import Watchdog
from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import jobs, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.workspace import open_workspace

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NOTHING = "[workspace]\nplugins = []\n"


# --- what the workers of these tests do instead of evaluating ----------------------------------------------------


def goes_on(context: JobContext, spec: None, job: Job) -> dict[str, Any]:
    """Reports for ever."""
    pause = threading.Event()
    while True:
        context.progress(1, 2, "rows", "half")
        pause.wait(0.01)


def asks(context: JobContext, spec: None, job: Job) -> dict[str, Any]:
    """Has nothing to report, and asks whether it is to stop."""
    pause = threading.Event()
    while not context.stopping():
        pause.wait(0.01)
    assert context.stopping(), "once true it stays true"
    context.check()
    return {"never": "here"}


def tells(context: JobContext, spec: None, job: Job) -> dict[str, Any]:
    return {"payload": dict(context.payload), "by": context.by, "simulated": context.simulated, "now": str(context.now)}


def breaks(context: JobContext, spec: None, job: Job) -> dict[str, Any]:
    raise RuntimeError("on purpose")


# -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "lifecycle.toml").write_text(NOTHING, "utf-8")
    return tmp_path


@pytest.fixture
def does(monkeypatch: pytest.MonkeyPatch, root: Path) -> Iterator[Callable[..., Job]]:
    """`does(f, payload…)`: a job of that function, done by a worker in this process; the job afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)}

    def run(function: Callable[..., Any], payload: dict[str, Any] | None = None, **wishes: Any) -> Job:
        monkeypatch.setitem(kinds.KINDS, "retrain", Kind(f"{__name__}:{function.__name__}", own=True))
        with State.open(root) as state:
            with state.write() as tx:
                other = jobs.enqueue(tx, "retrain", None, {}, NOW, alone=False)
                id_ = jobs.enqueue(tx, "retrain", None, payload or {}, NOW, by="ana", alone=False, **wishes)
            worker.run(root / "lifecycle.toml", job_id=id_)
            with state.read() as conn:
                assert jobs.job(conn, other).state == "queued", "it takes its own job alone"
                return jobs.job(conn, id_)

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.thorough
@pytest.mark.parametrize("function", [goes_on, asks])
def test_a_job_is_stopped_at_its_time_limit(does: Callable[..., Job], function: Callable[..., Any]) -> None:
    job = does(function, time_limit=0.4)
    assert (job.state, job.error) == ("failed", "stopped at its time limit of 0.4 s")
    assert 0.4 <= job.outcome["seconds"] < 10


@pytest.mark.thorough
@pytest.mark.parametrize("function", [goes_on, asks])
def test_a_job_that_was_cancelled_stops(
    does: Callable[..., Job], function: Callable[..., Any], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = jobs.claim

    def claim_and_cancel(tx: Any, *args: Any, **kwargs: Any) -> Job | None:
        found = claim(tx, *args, **kwargs)
        assert found is not None
        jobs.cancel(tx, found.id, NOW, by="raj")
        return found

    monkeypatch.setattr(jobs, "claim", claim_and_cancel)
    job = does(function)
    assert (job.state, job.error, job.cancelled_by) == ("cancelled", "cancelled", "raj")


def test_a_job_is_told_what_it_needs_and_runs_on_the_loops_clock(does: Callable[..., Job]) -> None:
    job = does(tells, {"as_of": "2012-03-01T00:00:00+00:00", "why": "x"})
    assert job.outcome["simulated"] is True and job.outcome["now"] == "2012-03-01 00:00:00+00:00"
    assert job.outcome["payload"]["why"] == "x" and job.outcome["by"] == "ana" and job.outcome["seconds"] < 10
    assert str(job.started_at) == str(job.finished_at) == "2012-03-01 00:00:00+00:00"
    job = does(tells)
    assert job.outcome["simulated"] is False and job.finished_at.year >= 2024


def test_a_bug_in_a_job_fails_it_with_its_place(does: Callable[..., Job], root: Path) -> None:
    job = does(breaks)
    assert job.state == "failed" and job.error.startswith("RuntimeError: on purpose (test_agent_worker.py:")
    with State.view(root) as state, state.read() as conn:
        assert any("Traceback" in event.text for event in jobs.events(conn, job.id))


def test_a_model_that_is_no_longer_declared_fails_its_job(root: Path, does: Callable[..., Job]) -> None:
    with State.open(root) as state:
        with state.write() as tx:
            id_ = jobs.enqueue(tx, "evaluate", "gone", {}, NOW)
        worker.run(root / "lifecycle.toml")
        with state.read() as conn:
            assert jobs.job(conn, id_).error == "the file no longer declares gone"


def test_the_workspace_comes_last_on_the_path(root: Path, does: Callable[..., Job]) -> None:
    before = list(sys.path)
    try:
        does(tells)
        assert sys.path == [*before, str(root)]
        does(tells)
        assert sys.path.count(str(root)) == 1
    finally:
        sys.path[:] = before


def test_the_end_of_a_job_is_written_again_while_state_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BEAT", 0.001)
    monkeypatch.setattr(worker, "hear", lambda *_: None)
    tries: list[int] = []

    def settle() -> None:
        tries.append(1)
        if len(tries) < 4:
            raise StateError("the disk is full")

    worker._insist(settle, worker.Signals())
    assert len(tries) == 4
    stopped = worker.Signals()
    stopped.stop.set()
    tries.clear()
    with pytest.raises(StateError):
        worker._insist(settle, stopped)


def test_a_watchdog_lets_a_job_that_ends_in_time_go() -> None:
    said: list[str] = []
    with Watchdog(30.0, said.append) as dog:
        assert dog.late() is None
    with Watchdog(None, said.append) as dog:
        assert dog.late() is None
    assert said == []


# --- in processes of their own -----------------------------------------------------------------------------------

HANGS = """
import functools, subprocess, sys, threading, types
from lifecycle_tui.agent.workers import kinds, worker
from lifecycle_tui.agent.workers.watchdog import Watchdog

hung = threading.Event()

class Late(Watchdog):
    # The job's time begins when it hangs: a slow machine may need all of it to start what the job leaves.
    def _watch(self):
        hung.wait()
        super()._watch()

def hang(context, spec, job):
    # A child, and an orphan in a session of its own: `sh` ends at once and leaves it.
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    orphan = subprocess.run(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True)
    context.log("info", f"{child.pid} {orphan.stdout.strip()}")
    hung.set()
    if job.payload["hang"]:
        threading.Event().wait()
    return {}

module = sys.modules["hangs"] = types.ModuleType("hangs")
module.hang = hang
kinds.KINDS["retrain"] = kinds.Kind("hangs:hang", own=True)
worker.Watchdog = functools.partial(Late, grace=0.2)
raise SystemExit(worker.main())
"""


def _started_below(root: Path, id_: int) -> list[processes.Process]:
    with State.view(root) as state, state.read() as conn:
        found = [event.text.split() for event in jobs.events(conn, id_) if event.level == "info"]
    return [processes.of(int(pid)) for pid in found[0]] if found and len(found[0]) == 2 else []


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("hang", "limit", "state_", "error"),
    [
        (True, 0.6, "failed", "stopped at its time limit of 0.6 s; it did not react, and its process was ended"),
        (False, None, "done", None),
    ],
)
def test_nothing_that_a_job_has_started_outlives_its_worker(
    root: Path, hang: bool, limit: float | None, state_: str, error: str | None
) -> None:
    with State.open(root) as state, state.write() as tx:
        id_ = jobs.enqueue(tx, "retrain", None, {"hang": hang}, NOW, time_limit=limit)
    words = [sys.executable, "-c", HANGS, str(root / "lifecycle.toml"), "--job", str(id_)]
    process = subprocess.Popen(words, start_new_session=True)
    below: list[processes.Process] = []
    until(lambda: below.extend(_started_below(root, id_)) or bool(below), "what it has started")
    assert process.wait(120) == 0
    with State.view(root) as state, state.read() as conn:
        job = jobs.job(conn, id_)
    assert (job.state, job.error) == (state_, error)
    until(lambda: all(gone(found) for found in below), "everything below is gone")


def _warm(root: Path, idle: float = 60.0) -> subprocess.Popen[bytes]:
    words = [
        sys.executable,
        "-P",
        "-m",
        "lifecycle_tui.agent.workers.worker",
        str(root / "lifecycle.toml"),
        "--idle",
        str(idle),
    ]
    return subprocess.Popen(words, cwd=root, start_new_session=True)


@pytest.mark.slow
def test_a_warm_worker_waits_follows_the_file_and_ends_when_it_is_let_go(shop: Callable[..., Any]) -> None:
    space = shop(days=range(40))
    file = space.root / "lifecycle.toml"
    with State.open(space.root) as state:

        def evaluated() -> Job:
            with state.write() as tx:
                id_ = jobs.enqueue(tx, "evaluate", "shop", {}, NOW)

            def ended() -> bool:
                with state.read() as conn:
                    return jobs.job(conn, id_).ended

            until(ended, "the job's end")
            with state.read() as conn:
                return jobs.job(conn, id_)

        accepted.accept(open_workspace(file))
        process = _warm(space.root)
        try:
            first = evaluated()
            assert first.state == "done" and first.outcome["rules"] == []
            good = file.read_text("utf-8") + '[models.shop.rules.many]\nwhen = "rows > 1"\n'
            file.write_text(good, "utf-8")
            second = evaluated()
            assert [rule["rule"] for rule in second.outcome["rules"]] == ["many"]
            assert first.process == second.process and second.process.pid == process.pid
            accepted.accept(open_workspace(file))
            file.write_text(good.replace("[models.shop.rules.many]", "[models.shop.rules.many"), "utf-8")
            third = evaluated()
            assert third.state == "done" and [rule["rule"] for rule in third.outcome["rules"]] == ["many"]
            process.send_signal(signal.SIGUSR1)
            assert process.wait(120) == 0
            # One that starts while the file is broken works by what the agent has accepted, too.
            process = _warm(space.root)
            fourth = evaluated()
            assert fourth.state == "done" and [rule["rule"] for rule in fourth.outcome["rules"]] == ["many"]
        finally:
            process.kill()
            process.wait()


def test_what_was_accepted_is_not_what_has_changed_meanwhile(root: Path) -> None:
    workspace = open_workspace(root / "lifecycle.toml")
    assert accepted.accept(workspace)
    kept = json.loads((root / ".lifecycle" / "accepted.json").read_text("utf-8"))
    assert kept == {str(root / "lifecycle.toml"): NOTHING}
    (root / "lifecycle.toml").write_text(NOTHING + "# more\n", "utf-8")
    assert not accepted.accept(workspace)
