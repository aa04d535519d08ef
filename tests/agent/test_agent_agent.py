"""The agent in this process, with a turn of the test's own: what moves it, what it says, and when it stops acting."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from processes_below import until

from lifecycle_tui.agent import accepted, pulse, rounds, viewers
from lifecycle_tui.agent.agent import Agent
from lifecycle_tui.agent.loop import Turned
from lifecycle_tui.agent.workers.supervisor import Supervisor, WorkersFail
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.domain.errors import LifecycleError, StateError
from lifecycle_tui.domain.specs import WorkspaceSpec
from lifecycle_tui.state import feed, folder, jobs, lease, models, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.lease import LeaseLost

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MODEL = """
[models.{name}]
task = "regression"
[models.{name}.data]
table = "data.csv"
reference = {{ rows = 10 }}
window = "10 rows"
[models.{name}.columns]
target = "y"
prediction = "p"
"""


@dataclass
class Running:
    """An agent in a thread, and what it has said and done."""

    root: Path
    turn: Callable[[sqlite3.Connection, WorkspaceSpec, datetime], Turned] | None = None
    mode: str = "stay"
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    said: list[str] = field(default_factory=list)
    turns: list[tuple[datetime, list[str]]] = field(default_factory=list)
    error: LifecycleError | None = None
    ran: bool | None = None

    def start(self) -> Running:
        self.agent = Agent(
            self.root / "lifecycle.toml", mode=self.mode, say=self.said.append, turn=self._turn, clock=self.clock
        )
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def _run(self) -> None:
        try:
            self.ran = self.agent.run()
        except LifecycleError as exc:
            self.error = exc

    def _turn(self, tx: sqlite3.Connection, spec: WorkspaceSpec, now: datetime) -> Turned:
        self.turns.append((now, [m.name for m in spec.models]))
        # As the real one: each turn stores its memory, which is in the feed.
        for model in spec.models:
            tx.execute(
                "INSERT OR REPLACE INTO loop (model, state, stepped_at) VALUES (?, ?, ?)",
                (model.name, str(len(self.turns)), str(now)),
            )
        return self.turn(tx, spec, now) if self.turn else Turned()

    def says(self, text: str) -> None:
        until(lambda: any(text in line for line in self.said), f"{text!r} in {self.said}")

    def end(self) -> None:
        self.agent.stop()
        self.thread.join(120)
        assert not self.thread.is_alive()


@pytest.fixture
def run(empty_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Running]]:
    """Starts an agent whose workers are never started: what they do has its own tests."""
    shutil.copytree(empty_root / ".lifecycle", tmp_path / ".lifecycle")
    monkeypatch.setattr(Supervisor, "start", lambda self, only=None: None)
    monkeypatch.setattr(rounds, "TICK", 0.01)
    monkeypatch.setattr("lifecycle_tui.agent.agent.TICK", 0.01)
    monkeypatch.setattr(rounds, "SECOND", 0.02)
    monkeypatch.setattr(rounds, "TURN", 1e9)  # a test that takes a minute would see a turn that nothing has moved
    monkeypatch.setattr(pulse, "BEAT", 0.02)
    monkeypatch.setattr(accepted, "SETTLE", 0.02)
    go_round = rounds.Rounds.round

    def counted(self: rounds.Rounds) -> None:
        go_round(self)
        ROUNDS.append(1)

    monkeypatch.setattr(rounds.Rounds, "round", counted)
    started: list[Running] = []

    def start(text: str = MODEL.format(name="bikes"), **facts: object) -> Running:
        (tmp_path / "lifecycle.toml").write_text(text, "utf-8")
        started.append(Running(tmp_path, **facts).start())
        return started[-1]

    yield start
    for found in started:
        found.end()


def read(root: Path, of: Callable[[sqlite3.Connection], object]) -> object:
    with State.view(root) as state, state.read() as conn:
        return of(conn)


def put(file: Path, text: str) -> None:
    """Write a file in one step: the agent must not find half of it while this thread waits for the processor."""
    fresh = file.parent / ".lifecycle" / "fresh"
    fresh.write_text(text, "utf-8")
    fresh.replace(file)


def settled(agent: Running) -> int:
    """How many turns there have been once no more come in twenty rounds."""
    count = -1
    while count != len(agent.turns):
        count, begun = len(agent.turns), len(ROUNDS)
        until(lambda: len(ROUNDS) >= begun + 20 or not agent.thread.is_alive(), "twenty rounds")  # noqa: B023
    return count


ROUNDS: list[int] = []
"""One entry for each round of an agent."""


def test_it_evaluates_turns_once_for_what_moved_and_not_for_its_own_words(run: Callable[..., Running]) -> None:
    agent = run()
    agent.says("agent 1 runs")
    until(lambda: bool(agent.turns), "the first turn")
    count = settled(agent)
    assert count <= 3 and agent.turns[-1] == (NOW, ["bikes"])
    found = read(agent.root, lambda conn: jobs.jobs(conn))
    assert [(j.kind, j.model, j.created_by) for j in found] == [("evaluate", "bikes", "agent")]
    with State.open(agent.root) as state:
        with state.write() as tx:
            jobs.log(tx, found[0].id, "info", "nothing that the loop reads", NOW)
        assert settled(agent) == count, "not in the feed"
        with state.write() as tx:
            models.put_error(tx, "bikes", "its table is gone", NOW)
        until(lambda: len(agent.turns) > count, "a turn")
    beat = read(agent.root, lambda conn: lease.read(conn).beat)
    until(lambda: read(agent.root, lambda conn: lease.read(conn).beat) > beat, "its beat")
    agent.end()
    assert agent.ran and agent.said[-1] == "the agent has ended; 1 jobs go on"
    assert read(agent.root, lambda conn: lease.read(conn).process) is None


def test_it_says_at_its_end_what_has_happened_since_its_last_round(
    run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = run()
    until(lambda: bool(agent.turns), "the first turn")
    settled(agent)
    leave = Supervisor.leave

    def cancelled(self: Supervisor) -> None:
        with State.open(agent.root) as state, state.write() as tx:
            jobs.cancel(tx, 1, NOW, by="anna")
        leave(self)

    monkeypatch.setattr(Supervisor, "leave", cancelled)
    agent.end()
    assert agent.said[-2:] == ["job 1: evaluate bikes cancelled by anna", "the agent has ended"]


@pytest.mark.parametrize(("tries", "held"), [(2, False), (10**9, True)])
def test_its_end_waits_for_another_writer_a_while(
    run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch, tries: int, held: bool
) -> None:
    """The other one lets go before its third try, or never."""
    monkeypatch.setattr("lifecycle_tui.agent.agent.TRIES", 3)
    agent = run()
    until(lambda: bool(agent.turns), "the first turn")
    settled(agent)
    write, tried = State.write, []

    @contextmanager
    def busy(self: State, **how: bool) -> Iterator[sqlite3.Connection]:
        tried.append(1)
        if len(tried) <= tries:
            raise StateError("another program is writing")
        with write(self, **how) as tx:
            yield tx

    leave = Supervisor.leave

    def left(self: Supervisor) -> None:
        leave(self)
        monkeypatch.setattr(State, "write", busy)

    monkeypatch.setattr(Supervisor, "leave", left)
    agent.end()
    monkeypatch.setattr(State, "write", write)
    end = "the agent has ended; state takes no write now" if held else "the agent has ended; 1 jobs go on"
    assert agent.ran and agent.said[-1] == end
    assert (read(agent.root, lambda conn: lease.read(conn).process) is not None) is held


def test_it_turns_when_the_clock_alone_can_change_something(run: Callable[..., Running]) -> None:
    due = NOW + timedelta(hours=3)
    agent = run(turn=lambda tx, spec, now: Turned(due if now < due else None, (f"bikes: due {now:%H:%M}",)))
    until(lambda: bool(agent.turns), "the first turn")
    count = settled(agent)
    agent.clock.advance(timedelta(hours=2))
    assert settled(agent) == count
    agent.clock.advance(timedelta(hours=1))
    agent.says("bikes: due 03:00")
    assert settled(agent) == count + 1


def test_a_deposed_agent_ends_and_writes_nothing_more(run: Callable[..., Running]) -> None:
    agent = run()
    until(lambda: bool(agent.turns), "the first turn")
    settled(agent)
    with State.open(agent.root) as state:
        with state.write() as tx:
            lease.take(tx, processes.this(), "stay", NOW)
            models.put_error(tx, "bikes", "something to decide about", NOW)
            seq, count = feed.latest(tx), len(agent.turns)
        agent.thread.join(120)
        assert isinstance(agent.error, LeaseLost) and agent.error.exit_code == 3
        with state.read() as conn:
            assert (feed.latest(conn), lease.read(conn).number) == (seq, 2)
            assert lease.held(lease.read(conn)), "the new one's lease is not touched"
    assert len(agent.turns) == count


def test_deposed_between_its_look_and_its_decision_it_decides_nothing(run: Callable[..., Running]) -> None:
    """The number is checked inside the transaction, not only before it."""
    checks: list[int] = []

    check = lease.check

    def late(conn: sqlite3.Connection, number: int) -> None:
        check(conn, number)
        if agent.turns and not conn.in_transaction and not checks:
            checks.append(1)
            with State.open(agent.root) as state, state.write() as tx:
                lease.take(tx, processes.this(), "stay", NOW)
                models.put_error(tx, "bikes", "something to decide about", NOW)

    agent = run()
    until(lambda: bool(agent.turns), "the first turn")
    settled(agent)
    count = len(agent.turns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lease, "check", late)
        agent.thread.join(120)
    assert checks and isinstance(agent.error, LeaseLost) and len(agent.turns) == count


def test_a_wrong_file_is_not_taken_and_every_viewer_can_know(run: Callable[..., Running]) -> None:
    agent = run()
    until(lambda: bool(agent.turns), "the first turn")
    file = agent.root / "lifecycle.toml"
    put(file, MODEL.format(name="bikes").replace("window", "widow"))
    agent.says("the agent goes on with the file as it was before")
    until(lambda: read(agent.root, lease.note) is not None, "the note")
    assert "widow" in str(read(agent.root, lease.note))
    assert folder.accepted(agent.root)[file] == MODEL.format(name="bikes").encode()
    put(file, MODEL.format(name="bikes") + MODEL.format(name="taxis"))
    agent.says("lifecycle.toml has changed: taken")
    # What is enqueued then may have moved one of the two alone, and brought another turn already.
    until(lambda: any(names == ["bikes", "taxis"] for _, names in agent.turns), "a turn with the new file")
    until(lambda: read(agent.root, lease.note) is None, "the note is taken back")
    until(lambda: len(read(agent.root, lambda conn: jobs.jobs(conn, kind="evaluate"))) == 2, "both are evaluated")
    assert b"taxis" in folder.accepted(agent.root)[file]
    file.unlink()
    agent.says("there is no ")
    count = settled(agent)
    put(file, MODEL.format(name="taxis"))
    until(lambda: any(names == ["taxis"] for _, names in agent.turns[count:]), "and it goes on")


def test_a_fault_in_the_loop_does_not_cost_the_agent(
    run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "RETRY", 0.05)
    tries: list[int] = []

    def turn(tx: sqlite3.Connection, spec: WorkspaceSpec, now: datetime) -> Turned:
        tries.append(1)
        if len(tries) < 3:
            raise KeyError("on purpose")
        return Turned(None, ("bikes: retraining: at last",))

    agent = run(turn=turn)
    agent.says("the loop failed and is turned again in 0 s: KeyError: 'on purpose'")
    agent.says("bikes: retraining: at last")


def test_workers_that_cannot_start_do_not_cost_the_agent(
    run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(self: Supervisor, only: object = None) -> None:
        raise WorkersFail("the worker processes end at once", hint="worker.log says why")

    monkeypatch.setattr(Supervisor, "start", start)
    agent = run()
    agent.says("the worker processes end at once (worker.log says why)")
    until(lambda: bool(agent.turns), "it turns all the same")


def test_a_full_disk_is_said_once_and_waited_out(run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch) -> None:
    agent = run()
    until(lambda: bool(agent.turns), "the first turn")
    count = settled(agent)
    with State.open(agent.root) as state:
        real = State._writer
        full = threading.Event()

        def writer(self: State) -> sqlite3.Connection:
            conn = real(self)
            if self is not state:
                pages = conn.execute("PRAGMA page_count").fetchone()[0]
                conn.execute(f"PRAGMA max_page_count = {pages if full.is_set() else 10**9}")
            return conn

        monkeypatch.setattr(State, "_writer", writer)
        monkeypatch.setattr(agent, "turn", lambda tx, spec, now: _writes_much(tx))
        full.set()
        with state.write() as tx:
            models.put_error(tx, "bikes", "something to decide about", NOW)
        agent.says("cannot be written: database or disk is full")
        assert len([line for line in agent.said if "disk is full" in line]) == 1
        with state.read() as conn:
            assert conn.execute("SELECT count(*) FROM job_events").fetchone() == (0,), "all of a turn or nothing"
        full.clear()
        agent.says("bikes: told at length")
        with state.read() as conn:
            assert conn.execute("SELECT count(*) > 0 FROM job_events").fetchone() == (1,)
    assert len(agent.turns) > count


def _writes_much(tx: sqlite3.Connection) -> Turned:
    id_ = jobs.enqueue(tx, "judge", "bikes", {}, NOW)
    for _ in range(20):
        jobs.log(tx, id_, "info", "x" * 4000, NOW)
    return Turned(None, ("bikes: told at length",))


def test_a_clock_that_is_set_back_stops_nothing(run: Callable[..., Running]) -> None:
    agent = run()
    until(lambda: bool(agent.turns), "the first turn")
    count = settled(agent)
    agent.clock.instant = NOW - timedelta(days=400)
    with State.open(agent.root) as state, state.write() as tx:
        models.put_error(tx, "bikes", "something to decide about", NOW)
    until(lambda: len(agent.turns) > count, "a turn")
    assert agent.turns[-1][0] == NOW - timedelta(days=400)
    beat = read(agent.root, lambda conn: lease.read(conn).beat)
    until(lambda: read(agent.root, lambda conn: lease.read(conn).beat) > beat + 2, "its beat")


@pytest.mark.parametrize(
    ("mode", "seen", "ends"), [("auto", False, True), ("auto", True, False), ("stay", False, False)]
)
def test_when_it_ends_by_itself(
    run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch, mode: str, seen: bool, ends: bool, tmp_path: Path
) -> None:
    monkeypatch.setattr(rounds, "ALONE", 0.1)
    viewer = viewers.Viewer(tmp_path) if seen else None
    agent = run("[workspace]\nplugins = []\n", mode=mode)
    agent.says("agent 1 runs")
    if ends:
        agent.thread.join(120)
        assert agent.ran and any("nobody looks" in line for line in agent.said)
        return
    settled(agent)
    settled(agent)
    assert agent.thread.is_alive() and viewers.anybody(tmp_path) is seen
    if viewer is not None:
        with State.open(tmp_path) as state, state.write() as tx:
            job = jobs.enqueue(tx, "judge", "bikes", {}, NOW)
        viewer.close()
        settled(agent)
        assert agent.thread.is_alive(), "a job is under way"
        with State.open(tmp_path) as state, state.write() as tx:
            jobs.cancel(tx, job, NOW)
        agent.thread.join(120)
        assert agent.ran


def test_one_that_finds_another_and_does_not_stand_by_says_so(run: Callable[..., Running]) -> None:
    first = run()
    until(lambda: bool(first.turns), "the first turn")
    second = Running(first.root, mode="auto").start()
    second.thread.join(120)
    assert second.ran is False and second.turns == []


def test_a_hanging_loop_stops_the_beat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "BEAT", 0.005)
    monkeypatch.setattr(pulse, "ROUND", 3)
    with State.open(tmp_path) as state:
        with state.write() as tx:
            number = lease.take(tx, processes.this(), "stay", NOW)

        def beats() -> int:
            with state.read() as conn:
                return lease.read(conn).beat

        with pulse.Pulse(state, number) as found:
            until(lambda: beats() >= 2, "it beats")
            pause, before = threading.Event(), -1
            while before != beats():
                before = beats()
                pause.wait(0.1)
            assert before <= 6
            found.round()
            until(lambda: beats() > before, "it goes round again")
            with state.write() as tx:
                lease.take(tx, processes.this(), "stay", NOW)
            found.round()
            assert found.lost.wait(120)
