"""A spare worker: it has loaded what a training needs, takes the next one, and ends with whoever started it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from loop_story import PRODUCTION, Story
from processes_below import until

from lifecycle_tui.agent.workers.supervisor import Supervisor
from lifecycle_tui.state import jobs, models
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job

AT = {"as_of": PRODUCTION.isoformat()}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    Story(tmp_path).write()
    with State.open(tmp_path) as found:
        with found.write() as tx:
            models.declare(tx, [models.Declared("riders", "regression")])
        yield found


@contextmanager
def supervised(state: State, *, spare: bool) -> Iterator[Supervisor]:
    found = Supervisor(state, state.root / "lifecycle.toml", spare=spare)
    try:
        yield found
    finally:
        found.leave()


def done(state: State, supervisor: Supervisor, kind: str, model: str | None) -> tuple[Job, int]:
    """A job of that kind, run to its end, and the process that did it."""
    with state.write() as tx:
        id_ = jobs.enqueue(tx, kind, model, AT, PRODUCTION, by="agent")
    by: list[int] = []

    def ended() -> bool:
        supervisor.look()
        supervisor.start([id_])
        with state.read() as conn:
            job = jobs.job(conn, id_)
        assert job is not None
        if job.process is not None:
            by[:] = [job.process.pid]
        return job.ended

    until(ended, f"{kind} ends")
    with state.read() as conn:
        job = jobs.job(conn, id_)
    assert job is not None
    return job, by[0]


@pytest.mark.slow
def test_a_training_goes_to_the_spare_worker_and_the_next_one_to_another(state: State) -> None:
    with supervised(state, spare=True) as supervisor:
        assert supervisor.spare is None, "nothing was asked for yet"
        done(state, supervisor, "notify", None)
        first = supervisor.spare
        assert first is not None
        job, by = done(state, supervisor, "retrain", "riders")
        assert job.state == "done" and by == first
        # The first one may need a moment to end after its job: until then it is what trains.
        until(
            lambda: bool(done(state, supervisor, "notify", None)) and supervisor.spare is not None, "there is another"
        )
        second = supervisor.spare
        assert second != first
    until(lambda: not _runs(second), "it ends when it is not needed any more")


@pytest.mark.slow
def test_a_spare_worker_that_was_killed_costs_nothing_but_time(state: State) -> None:
    with supervised(state, spare=True) as supervisor:
        done(state, supervisor, "notify", None)
        spare = supervisor.spare
        assert spare is not None
        os.kill(spare, signal.SIGKILL)
        until(lambda: not _runs(spare), "it is gone")
        job, by = done(state, supervisor, "retrain", "riders")
        assert job.state == "done" and job.attempts == 1 and by != spare


def test_nobody_keeps_one_unless_asked_to(state: State) -> None:
    with supervised(state, spare=False) as supervisor:
        done(state, supervisor, "notify", None)
        assert supervisor.spare is None


def _runs(pid: int | None) -> bool:
    """Whether the process is there and not just waiting to be collected."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as handle:
            return handle.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
