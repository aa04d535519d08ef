"""The loop in the hands of one caller for a while: holds the lease, turns until nothing more follows, runs the jobs.

For `check --act` on the machine's clock and for the agent on a simulated one. The agent itself never rests (`agent`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime

from lifecycle_tui.agent import loop
from lifecycle_tui.agent.pulse import Pulse
from lifecycle_tui.agent.standby import AgentLock
from lifecycle_tui.agent.workers.supervisor import Supervisor
from lifecycle_tui.domain.clock import SystemClock
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.specs import WorkspaceSpec
from lifecycle_tui.state import jobs, lease, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job

POLL = 0.02
"""Seconds between two looks at the jobs."""

TURNS = 50
"""Turns after which something must be wrong: each one begins only when all jobs have ended."""

MOVES = ("retrain", "judge", "deploy")
"""Kinds of jobs that a turn waits for."""

CHECK = "check"
"""The mode of `check --act`, which holds the lease for a moment only."""

Watch = Callable[[Sequence[Job]], None]


def _silent(found: object) -> None:
    """Nobody listens."""


class Session:
    """The loop while its lease is held; made by `session`.

    Args:
        number: of the lease; every transaction checks it. `pulse` beats for it.
        say: hears each thing that is set off.
        watch: sees the jobs on their way; `ended` hears of each that has come to its end.
    """

    def __init__(
        self, state: State, spec: WorkspaceSpec, supervisor: Supervisor, number: int, pulse: Pulse,
        say: Callable[[str], None], watch: Watch = _silent, ended: Callable[[Job], None] = _silent,
    ) -> None:  # fmt: skip
        self._state, self._spec, self._supervisor, self._pulse = state, spec, supervisor, pulse
        self._number, self._say, self._watch, self._ended = number, say, watch, ended

    def rest(self, now: datetime | None = None, models: Collection[str] | None = None) -> tuple[Job, ...]:
        """Turn and run what is set off until a turn sets nothing off; returns the jobs that ran.

        Jobs that are under way already come first: a model has nothing set off before they have ended, and those that a
        command or an agent left behind when it was killed would never end by themselves.

        Args:
            now: the simulated clock; None for the machine's.

        Raises:
            LeaseLost: another agent has taken over.
        """
        with self._state.read() as conn:
            live = jobs.jobs(conn, live=True, limit=100_000)
        left = [job.id for job in live if job.kind in MOVES and (models is None or job.model in models)]
        done = list(self.finish(left)) if left else []
        for _ in range(TURNS):
            with self._state.write() as tx:
                lease.check(tx, self._number)
                at = now or SystemClock().now()
                turned = loop.turn(tx, self._spec, at, models=models, simulated=now is not None)
            for text in turned.said:
                self._say(text)
            if not turned.jobs:
                return tuple(done)
            done += self.finish(turned.jobs)
        raise LifecycleError(
            "the loop does not come to rest", hint="please report it; `lifecycle history` tells what it did"
        )

    def wait(self) -> None:
        """Say that the loop is there although it has nothing to do.

        Raises:
            LeaseLost: another agent has taken over.
        """
        self._pulse.round()
        with self._state.read() as conn:
            lease.check(conn, self._number)

    def note(self, text: str | None) -> None:
        """Say something to all viewers; None takes it back."""
        with self._state.write() as tx:
            lease.put_note(tx, self._number, text)

    def finish(self, ids: Sequence[int]) -> tuple[Job, ...]:
        """Run these jobs to their end."""
        while True:
            self._pulse.round()
            self._supervisor.look()
            with self._state.read() as conn:
                found = tuple(job for job in (jobs.job(conn, id_) for id_ in ids) if job is not None)
            self._watch(found)
            if all(job.ended for job in found):
                for job in found:
                    self._ended(job)
                return found
            self._supervisor.start([job.id for job in found])
            time.sleep(POLL)


@contextlib.contextmanager
def session(
    state: State, spec: WorkspaceSpec, mode: str, *, say: Callable[[str], None], watch: Watch = _silent,
    ended: Callable[[Job], None] = _silent, idle: float = 0.0, spare: bool = False, plugins: bool = True,
    since: datetime | None = None,
) -> Iterator[Session | None]:  # fmt: skip
    """Hold the lease for the length of the context; None if an agent runs, which then does the work.

    Another `check --act`, which may be about other models, is waited for.

    Args:
        mode: what viewers are told: "check" or "simulated".
        idle: seconds that warm workers wait for further jobs; spare: see `Supervisor`.
        since: the loop's clock; None for the machine's.
    """
    lock = AgentLock(spec.root)
    while not lock.try_it():
        with state.read() as conn:
            if lease.read(conn).mode != CHECK:
                yield None
                return
        time.sleep(POLL)
    supervisor = Supervisor(state, spec.file, size=spec.jobs, plugins=plugins, idle=idle, spare=spare)
    try:
        with state.write() as tx:
            free = not lease.held(lease.read(tx))
            number = lease.take(tx, processes.this(), mode, since or SystemClock().now()) if free else 0
        if not free:
            yield None
            return
        try:
            with Pulse(state, number) as pulse:
                yield Session(state, spec, supervisor, number, pulse, say, watch, ended)
        finally:
            supervisor.leave()
            with state.write() as tx:
                lease.release(tx, number)
    finally:
        lock.free()
