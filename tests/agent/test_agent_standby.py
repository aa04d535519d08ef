"""Becoming the agent: at once where none is, when the one that is dies, and when it does not answer."""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from processes_below import Stand, gone, until

from lifecycle_tui.agent import standby
from lifecycle_tui.agent.standby import BEATS, HUNG, SILENT, AgentLock
from lifecycle_tui.agent.workers import children
from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import lease, processes
from lifecycle_tui.state.database import State

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ME = processes.this()
DEAD = dataclasses.replace(ME, started="1")
NO_LOCK = "while the one that acts is there, nobody else holds the lock"


class Looks(threading.Event):
    """Ends a wait after so many looks, and does something between two of them."""

    def __init__(self, most: int, between: Callable[[int], None] = lambda n: None) -> None:
        super().__init__()
        self.most, self.between, self.n = most, between, 0

    def wait(self, timeout: float | None = None) -> bool:
        self.n += 1
        self.between(self.n)
        if self.n >= self.most:
            self.set()
        return self.is_set()


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


def take(state: State, process: processes.Process) -> int:
    with state.write() as tx:
        return lease.take(tx, process, "stay", NOW)


def wait(state: State, looks: Looks, said: list[str] | None = None, *, patient: bool = True) -> tuple[int | None, bool]:
    """The number, and whether the lock is ours."""
    lock = AgentLock(state.root)
    number = standby.wait(state, lock, "stay", looks, (said if said is not None else []).append, patient=patient)
    ours = lock._handle is not None
    lock.free()
    return number, ours


def test_where_no_agent_is_it_is_there_at_once(state: State) -> None:
    assert wait(state, Looks(1)) == (1, True)
    take(state, DEAD)
    assert wait(state, Looks(1)) == (3, True)


def test_it_waits_as_long_as_the_other_beats_and_takes_over_when_it_dies(state: State, stand: Stand) -> None:
    number = take(state, stand.process)
    held = AgentLock(state.root)
    assert held.try_it() and held.try_it()
    said: list[str] = []

    def beat(n: int) -> None:
        with state.write() as tx:
            lease.beat(tx, number)

    assert wait(state, Looks(3 * HUNG * BEATS, beat), said) == (None, False)
    assert said == [f"another agent (pid {stand.process.pid}) runs this workspace: standing by"]

    def die(n: int) -> None:
        if n == 3:
            stand.end()
            held.free()  # as the kernel does

    looks = Looks(10, die)
    assert wait(state, looks) == (number + 1, True)
    assert looks.n == 3, "at the next look"


def test_one_that_does_not_stand_by_leaves(state: State, stand: Stand) -> None:
    take(state, stand.process)
    assert wait(state, Looks(5), patient=False) == (None, False)


@pytest.mark.parametrize(("stopped", "looks"), [(True, SILENT), (False, HUNG)])
def test_one_that_does_not_answer_is_deposed_though_it_holds_the_lock(
    state: State, stand: Stand, stopped: bool, looks: int
) -> None:
    number = take(state, stand.process)
    held = AgentLock(state.root)
    assert held.try_it()
    if stopped:
        stand.signal(signal.SIGSTOP)
        until(lambda: children.is_stopped(stand.process.pid), "it is stopped")
    said: list[str] = []
    assert wait(state, Looks((looks - 1) * BEATS)) == (None, False)
    assert wait(state, Looks((looks + 1) * BEATS), said) == (number + 1, False)
    assert said[-1] == "the agent that ran does not answer: deposed"
    assert not gone(stand.process), "it is deposed, not killed"
    held.free()


def test_a_check_that_beats_while_it_waits_for_its_jobs_is_let_finish(state: State, stand: Stand) -> None:
    with state.write() as tx:
        number = lease.take(tx, stand.process, "check", NOW)
    held = AgentLock(state.root)
    assert held.try_it()

    def beat(n: int) -> None:
        with state.write() as tx:
            lease.beat(tx, number)

    assert wait(state, Looks(3 * HUNG * BEATS, beat)) == (None, False)
    assert wait(state, Looks((HUNG + 1) * BEATS)) == (number + 1, False), "and one that hangs is not waited for"
    held.free()


def test_a_free_lock_is_left_to_who_deposed_its_holder(state: State, stand: Stand) -> None:
    number = take(state, stand.process)

    def beat(n: int) -> None:
        with state.write() as tx:
            lease.beat(tx, number)
        other = AgentLock(state.root)
        assert other.try_it(), NO_LOCK
        other.free()

    assert wait(state, Looks(30, beat)) == (None, False)


def test_what_cannot_be_seen_is_judged_by_its_beat(state: State) -> None:
    number = take(state, dataclasses.replace(ME, place=ME.place.partition("/")[0] + "/pid:[1]"))
    assert wait(state, Looks((HUNG - 1) * BEATS)) == (None, False)
    assert wait(state, Looks((HUNG + 1) * BEATS))[0] == number + 1


HOLDS = """
import sqlite3, sys
sys.stdin.readline()
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
conn.execute("BEGIN IMMEDIATE")
print("there", flush=True)
sys.stdin.read()
"""


def test_one_that_was_stopped_in_the_middle_of_a_transaction_is_killed(state: State) -> None:
    """Nothing else would free the state."""
    words = [sys.executable, "-c", HOLDS, str(state.path)]
    popen = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder = processes.of(popen.pid)
    number = take(state, holder)  # before it begins: it waits for a word
    assert popen.stdin is not None and popen.stdout is not None
    popen.stdin.write(b"\n")
    popen.stdin.flush()
    assert popen.stdout.readline() == b"there\n"
    with pytest.raises(StateError):
        take(state, ME)
    popen.send_signal(signal.SIGSTOP)
    until(lambda: children.is_stopped(holder.pid), "it is stopped")
    assert wait(state, Looks(10**5))[0] == number + 1
    assert popen.wait(120) == -signal.SIGKILL
    for pipe in (popen.stdin, popen.stdout):
        assert pipe is not None
        pipe.close()
