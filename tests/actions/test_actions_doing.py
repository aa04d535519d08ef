"""The one who carries actions out: the loop's clock, looking only, jobs that somebody has to take in hand."""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from actions_room import NOW, T0, Room

from lifecycle_tui.actions.base import Moved
from lifecycle_tui.actions.doing import Doer
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.agent.workers import supervisor
from lifecycle_tui.domain.errors import ConfigError, StateError
from lifecycle_tui.state import audit, clock, jobs, lease, processes
from lifecycle_tui.state.clock import Simulated
from lifecycle_tui.state.database import State
from lifecycle_tui.state.processes import Process

SHOP = {"model": "shop"}


@pytest.fixture(autouse=True)
def ana(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ana")
    monkeypatch.delenv("SUDO_USER", raising=False)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The jobs that workers were started for; none is."""
    found: list[list[int]] = []
    monkeypatch.setattr(supervisor.Supervisor, "start", lambda self, only=None: found.append(sorted(only or ())))
    return found


def test_what_is_done_is_recorded_at_the_loops_clock(room: Room):
    at = T0 + timedelta(days=40)
    with room.state.write() as tx:
        clock.put(tx, Simulated(at, at + timedelta(days=9), 1.0))
    with Doer(room.root) as doer:
        done = doer.apply(doer.plan(ACTIONS["retrain"], SHOP, "why not"))
    with room.state.read() as conn:
        row = audit.entries(conn)[0]
        job = jobs.job(conn, done.job or 0)
    assert (row.at, row.who, row.detail["note"]) == (at, "ana", "why not")
    assert job is not None and job.created_at == at and job.payload["as_of"] == at.isoformat()


def test_the_person_behind_sudo_acts(room: Room, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SUDO_USER", "eve")
    with Doer(room.root) as doer:
        ask = doer.plan(ACTIONS["retrain"], SHOP).ask
    assert (ask.who, ask.behind) == ("eve", "ana")


def test_one_that_looks_plans_and_writes_nothing(room: Room):
    before = room.dump()
    with Doer(room.root, look=True) as doer:
        found = doer.plan(ACTIONS["retrain"], SHOP)
        assert found.draft is not None and doer.locked() is None
    assert room.dump() == before


def test_a_job_is_given_to_a_worker_unless_an_agent_takes_it(room: Room, started: list[list[int]]):
    with Doer(room.root) as doer:
        done = doer.apply(doer.plan(ACTIONS["retrain"], SHOP))
        doer.hand_over([done.job or 0])
        assert started == [[1]]
        with room.state.write() as tx:
            lease.take(tx, processes.this(), "stay", NOW)
        doer.hand_over([1])
        doer.adopt()
        assert started == [[1]], "the agent does"


def test_jobs_that_nobody_has_in_hand_are_adopted(room: Room, started: list[list[int]]):
    with Doer(room.root) as doer:
        doer.adopt()
        assert started == [], "there is nothing to see to"
        room.enqueue("retrain")
        with room.state.write() as tx:
            jobs.claim(tx, Process(2**22 + 1, "1", processes.this().place), NOW)
        room.enqueue("evaluate")
        doer.adopt()
        assert started == [[1, 2]]
    with room.state.read() as conn:
        lost = jobs.job(conn, 1)
    assert lost is not None and lost.state == "queued", "its dead worker is let go"


def test_a_plan_that_was_made_with_another_doer_is_applied_or_has_moved(room: Room):
    with Doer(room.root, look=True) as doer:
        found = doer.plan(ACTIONS["retrain"], SHOP)
    with Doer(room.root) as doer:
        assert doer.apply(found).job == 1
    with Doer(room.root) as doer, pytest.raises(Moved):
        doer.apply(found)


def test_with_a_broken_file_only_what_is_urgent_or_needs_none_is_done(room: Room):
    (room.root / "lifecycle.toml").write_text("[models.shop\n")
    with Doer(room.root) as doer:
        with pytest.raises(ConfigError):
            doer.plan(ACTIONS["retrain"], SHOP)
        assert doer.plan(ACTIONS["ack"], {"alert": 1}).draft is not None
        with pytest.raises(ConfigError):
            doer.plan(ACTIONS["rollback"], SHOP)  # no agent has accepted anything yet


def test_without_state_one_that_looks_says_so(tmp_path: Path):
    with Doer(tmp_path, look=True) as doer, pytest.raises(StateError, match="no state yet"):
        doer.plan(ACTIONS["ack"], {"alert": 1})
    assert not (tmp_path / ".lifecycle").exists()


def test_who_may_not_write_is_told_so():
    me = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        State.open(root).close()
        folder = root / ".lifecycle"
        with Doer(root, look=True) as doer:
            assert doer.locked() is None
        for path in [root, *root.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            if me == 0:
                os.seteuid(65534)  # to root nothing is read-only
            with Doer(root, look=True) as doer:
                assert doer.locked() == f"ana may only look here: no write access to {folder / 'state.db'}"
        finally:
            os.seteuid(me)
            for path in [root, *root.rglob("*")]:
                path.chmod(0o755)
