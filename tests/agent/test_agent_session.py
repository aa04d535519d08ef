"""Who may run the loop for a while: one at a time; an agent is left to it, another `check --act` is waited for."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from loop_story import PRODUCTION, Story

from lifecycle_tui.agent.session import CHECK, Session, session
from lifecycle_tui.state import jobs, models, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import Workspace, open_workspace


@pytest.fixture
def riders(tmp_path: Path) -> Workspace:
    Story(tmp_path).write()
    return open_workspace(tmp_path / "lifecycle.toml")


@pytest.mark.slow
def test_another_check_is_waited_for(riders: Workspace) -> None:
    order: list[str] = []

    def second() -> None:
        with State.open(riders.spec.root) as state, session(state, riders.spec, CHECK, say=order.append) as found:
            order.append("second" if isinstance(found, Session) else "left to an agent")

    with State.open(riders.spec.root) as state:
        with session(state, riders.spec, CHECK, say=order.append) as found:
            assert found is not None
            thread = threading.Thread(target=second)
            thread.start()
            thread.join(0.2)
            assert thread.is_alive()
            order.append("first")
        thread.join(120)
    assert order == ["first", "second"]


@pytest.mark.parametrize("mode", ["stay", "auto", "simulated"])
def test_an_agent_is_left_to_it(riders: Workspace, mode: str) -> None:
    with State.open(riders.spec.root) as state, session(state, riders.spec, mode, say=str) as agent:
        assert agent is not None
        with session(state, riders.spec, CHECK, say=str) as found:
            assert found is None


def test_what_was_left_behind_is_done_first(riders: Workspace) -> None:
    """A worker was killed together with who had started it: its job would hold up the model for ever."""
    gone = processes.Process(2**22 + 1, "1", processes.this().place)
    with State.open(riders.spec.root) as state:
        with state.write() as tx:
            models.declare(tx, [models.Declared("riders", "regression")])
            left = jobs.enqueue(tx, "judge", "riders", {"version": 9}, PRODUCTION)
            assert jobs.claim(tx, gone, PRODUCTION, job_id=left) is not None
        with session(state, riders.spec, CHECK, say=str) as found:
            assert found is not None
            (job,) = found.rest(models=["riders"])
        assert (job.id, job.state, job.error, job.attempts) == (left, "failed", "riders has no version 9", 2)
