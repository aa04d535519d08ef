"""Runs jobs to their end: starts workers for them, watches them, waits. Called by `check`, which then shows what came.

Whoever calls may die: the workers go on, and the next call, or the agent, adopts what still runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lifecycle_tui.agent.workers.supervisor import Supervisor
from lifecycle_tui.domain.clock import SystemClock
from lifecycle_tui.state import jobs, lease
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job

POLL = 0.05
"""Seconds between two looks at the jobs."""

AGENT = 2.0
"""Seconds that an agent which runs has to take a job, before a worker is started here."""


class Pool:
    """Workers of one workspace, for as long as the jobs of one call need them."""

    def __init__(self, state: State, file: Path, *, size: int | None = None, plugins: bool = True) -> None:
        self._state = state
        self._supervisor = Supervisor(state, file, size=size, plugins=plugins)

    def run(self, ids: Sequence[int], watch: Callable[[Sequence[Job]], None] = lambda found: None) -> tuple[Job, ...]:
        """Wait until every job of `ids` has ended, and return them. `watch` sees them on the way.

        On KeyboardInterrupt the jobs are cancelled, and what they had recorded stays.
        """
        try:
            return self._run(ids, watch)
        except KeyboardInterrupt:
            now = SystemClock().now()
            with self._state.write() as tx:
                for id_ in ids:
                    jobs.cancel(tx, id_, now)
            self._supervisor.stop()
            raise

    def _run(self, ids: Sequence[int], watch: Callable[[Sequence[Job]], None]) -> tuple[Job, ...]:
        begun = time.monotonic()
        while True:
            self._supervisor.look()
            found = self._jobs(ids)
            watch(found)
            if all(job.ended for job in found):
                return found
            if time.monotonic() - begun >= AGENT or not self._agent_runs():
                self._supervisor.start([job.id for job in found])
            time.sleep(POLL)

    def _jobs(self, ids: Sequence[int]) -> tuple[Job, ...]:
        with self._state.read() as conn:
            return tuple(found for found in (jobs.job(conn, id_) for id_ in ids) if found is not None)

    def _agent_runs(self) -> bool:
        with self._state.read() as conn:
            return lease.held(lease.read(conn))
