"""A folder that was copied while an agent and jobs ran: in the copy nothing is theirs any more."""

from __future__ import annotations

import shutil
from pathlib import Path

from state_values import day

from lifecycle_tui.state import copied, jobs, lease, processes
from lifecycle_tui.state.database import State


def _busy(state: State) -> tuple[int, int]:
    """An agent, a job that runs and one that waits, all of this process."""
    with state.write() as tx:
        lease.take(tx, processes.this(), "stay", day(0))
        running = jobs.enqueue(tx, "retrain", "bikes", {}, day(0))
        jobs.claim(tx, processes.this(), day(0), job_id=running)
        return running, jobs.enqueue(tx, "deploy", "bikes", {}, day(0))


def _states(state: State, ids: tuple[int, ...]) -> list[tuple[str, str | None]]:
    with state.read() as conn:
        found = [jobs.job(conn, id_) for id_ in ids]
    return [(job.state, job.error) for job in found if job is not None]


def test_a_copy_lets_go_of_the_agent_and_of_its_jobs(state: State, root: Path, tmp_path: Path):
    ids = _busy(state)
    state.close()
    shutil.copytree(root, tmp_path / "copy")
    with State.open(tmp_path / "copy") as copy:
        assert _states(copy, ids) == [("cancelled", copied.ERROR), ("cancelled", None)]
        with copy.write() as tx:
            assert not lease.held(lease.read(tx))
            again = jobs.enqueue(tx, "retrain", "bikes", {}, day(1))
        assert again not in ids
    with State.open(tmp_path / "copy") as copy:
        assert _states(copy, (again,)) == [("queued", None)], "it is at home now"
    with State.open(root) as same, same.read() as conn:
        assert lease.held(lease.read(conn))
        assert _states(same, ids) == [("running", None), ("queued", None)]


def test_a_viewer_of_a_copy_changes_nothing(state: State, root: Path, tmp_path: Path):
    ids = _busy(state)
    state.close()
    shutil.copytree(root, tmp_path / "copy")
    with State.view(tmp_path / "copy") as copy:
        assert _states(copy, ids) == [("running", None), ("queued", None)]
