"""The agent of a workspace on a simulated clock: time goes on, people are served, a changed file is taken."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from loop_story import PRODUCTION, WEEK, Story

from lifecycle_tui.actions.doing import Doer
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.agent import lived
from lifecycle_tui.agent.accepted import Watched
from lifecycle_tui.agent.session import session
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state import audit, clock, fleet, jobs, lease
from lifecycle_tui.state.clock import Simulated
from lifecycle_tui.state.database import State

UNTIL = PRODUCTION + 2 * WEEK


def put(file: Path, text: str) -> None:
    """Write a file in one step: the agent must not find half of it while this thread waits for the processor."""
    fresh = file.parent / ".lifecycle" / "fresh"
    fresh.write_text(text)
    fresh.replace(file)


class Life:
    """A workspace whose clock goes on in a thread."""

    def __init__(self, root: Path, mode: str) -> None:
        self.file, self.mode = root / "lifecycle.toml", mode
        self.ended, self.told = threading.Event(), list[str]()
        self.state = State.open(root)
        self.thread = threading.Thread(target=self._live)
        self.broke: Exception | None = None

    def _live(self) -> None:
        try:
            lived.live(
                self.state, Watched(self.file), self.mode, lambda told: self.told.append(told.text), ended=self.ended
            )
        except Exception as exc:
            self.broke = exc

    def until(self, true: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + 300
        while not true():
            assert self.thread.is_alive() and time.monotonic() < end, f"{what}: {self.broke or self.told}"
            self.ended.wait(0.02)

    def arrives(self) -> None:
        def there() -> bool:
            with self.state.read() as conn:
                return clock.now(conn) == UNTIL and jobs.live(conn) == 0

        self.until(there, "the clock shows the end of the data")


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Callable[[str], Life]]:
    made: list[Life] = []
    Story(tmp_path).write()

    def make(mode: str) -> Life:
        made.append(Life(tmp_path, mode))
        with made[0].state.write() as tx:
            clock.put(tx, Simulated(PRODUCTION, UNTIL, 0.0))
        made[0].thread.start()
        return made[0]

    yield make
    for one in made:
        one.ended.set()
        one.thread.join(300)
        assert not one.thread.is_alive() and one.broke is None
        one.state.close()


def test_time_goes_on_and_who_asks_is_served_at_its_instant(life: Callable[[str], Life]) -> None:
    found = life("stay")
    found.arrives()
    with found.state.read() as conn:
        row = fleet.model(conn, "riders")
        held = lease.read(conn)
    assert row is not None and row.evaluated_at == UNTIL and row.window_end == UNTIL
    assert lease.held(held) and held.mode == "stay", "terminals see that an agent runs"
    with Doer(found.file.parent) as doer:
        done = doer.apply(doer.plan(ACTIONS["retrain"], {"model": "riders"}))
    assert done.job is not None

    def ended() -> bool:
        with found.state.read() as conn:
            job = jobs.job(conn, done.job or 0)
        return job is not None and job.ended

    found.until(ended, "the training that was asked for ends")
    with found.state.read() as conn:
        job = jobs.job(conn, done.job)
        entry = audit.entries(conn, model="riders", limit=1)[0]
    assert job is not None and (job.state, job.created_at, job.finished_at) == ("done", UNTIL, UNTIL)
    assert entry.at == UNTIL, "what people do is recorded on the clock that the workspace lives on"


@pytest.mark.slow
def test_nobody_looks_so_it_ends(life: Callable[[str], Life], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lived, "ALONE", 0.0)
    monkeypatch.setattr(lived, "LOOK", 0.0)
    found = life("auto")
    found.thread.join(300)
    assert not found.thread.is_alive() and found.broke is None
    with found.state.read() as conn:
        assert not lease.held(lease.read(conn))


@pytest.mark.slow
def test_a_changed_file_is_taken_and_a_wrong_one_is_not(
    life: Callable[[str], Life], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lived, "LOOK", 0.0)
    found = life("stay")
    found.arrives()
    good = found.file.read_text()
    put(found.file, good + "\nnonsense = 1\n")

    def noted() -> bool:
        with found.state.read() as conn:
            return lease.note(conn) is not None

    found.until(noted, "viewers are told that the file has errors")
    put(found.file, good.replace("[models.riders]", '[models.riders]\nowner = "ana"'))

    def taken() -> bool:
        with found.state.read() as conn:
            row = fleet.model(conn, "riders")
        return row is not None and row.owner == "ana" and not noted()

    found.until(taken, "the file is taken once it is right")


def test_it_needs_a_simulated_clock(tmp_path: Path) -> None:
    Story(tmp_path).write()
    with State.open(tmp_path) as state, pytest.raises(LifecycleError, match="machine's clock"):
        lived.live(state, Watched(tmp_path / "lifecycle.toml"), "stay", print, ended=threading.Event())


@pytest.mark.slow
def test_what_is_asked_for_just_before_it_waits_is_done_all_the_same(tmp_path: Path) -> None:
    Story(tmp_path).write()
    watched = Watched(tmp_path / "lifecycle.toml")
    with State.open(tmp_path) as state:
        with state.write() as tx:
            clock.put(tx, Simulated(PRODUCTION, UNTIL, 0.1))
        with session(state, watched.workspace.spec, "stay", say=str, since=PRODUCTION) as found:
            assert found is not None
            with state.write() as tx:
                asked = jobs.enqueue(tx, "notify", None, {}, PRODUCTION, by="ana")
            waits = lived._Waits(state, watched, "stay", threading.Event(), 0.1)
            assert waits(found, PRODUCTION + WEEK)
        with state.read() as conn:
            job = jobs.job(conn, asked)
    assert job is not None and job.state == "done"
