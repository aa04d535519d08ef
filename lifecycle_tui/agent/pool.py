"""Runs jobs to their end in worker processes: starts them, watches them, queues again what a dead one left.

Called by `check`. Whoever calls may die: the workers go on, and the next call adopts what still runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lifecycle_tui.domain.clock import SystemClock
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state import jobs
from lifecycle_tui.state.database import State
from lifecycle_tui.state.jobs import Job

POLL = 0.05
"""Seconds between two looks at the jobs."""

LOOK_FOR_LOST = 1.0
"""Seconds between two looks for jobs whose worker is gone."""

FALSE_STARTS = 3
"""Workers that may end with an error, one after the other, before it is given up."""


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """Workers of one workspace."""

    def __init__(self, state: State, file: Path, *, size: int | None = None, plugins: bool = True) -> None:
        self._state, self._file = state, file.absolute()
        self._size = size or max(1, min(cores(), 4))
        self._plugins = plugins
        self._workers: list[subprocess.Popen[bytes]] = []
        self._false_starts = 0

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
            for worker in self._workers:
                worker.terminate()
            raise

    def _run(self, ids: Sequence[int], watch: Callable[[Sequence[Job]], None]) -> tuple[Job, ...]:
        looked = 0.0
        while True:
            if time.monotonic() - looked >= LOOK_FOR_LOST:
                looked = time.monotonic()
                self._adopt()
            found = self._jobs(ids)
            watch(found)
            if all(j.state in ("done", "failed", "cancelled") for j in found):
                return found
            self._start(sum(j.state == "queued" for j in found))
            time.sleep(POLL)

    def _jobs(self, ids: Sequence[int]) -> tuple[Job, ...]:
        with self._state.read() as conn:
            return tuple(found for found in (jobs.job(conn, id_) for id_ in ids) if found is not None)

    def _adopt(self) -> None:
        now = SystemClock().now()
        with self._state.read() as conn:
            if not jobs.lost(conn, now):
                return
        with self._state.write() as tx:
            jobs.requeue_lost(tx, now)

    def _start(self, queued: int) -> None:
        ended = [w for w in self._workers if w.poll() is not None]
        self._workers = [w for w in self._workers if w not in ended]
        for worker in ended:
            # A killed worker (negative code) is a lost job's affair; one that ends by itself with an error cannot work.
            self._false_starts = self._false_starts + 1 if (worker.returncode or 0) > 0 else 0
        if self._false_starts >= FALSE_STARTS:
            log = self._state.path.parent / "worker.log"
            raise LifecycleError("the worker processes end at once", hint=f"{log} says why")
        for _ in range(min(queued, self._size) - len(self._workers)):
            command = [sys.executable, "-P", "-m", "lifecycle_tui.agent.worker", str(self._file)]
            if not self._plugins:
                command.append("--no-plugins")
            log = self._state.path.parent / "worker.log"
            with open(log, "ab") as errors:
                worker = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    # Paths of the file are relative to its folder, wherever the command was typed.
                    cwd=self._file.parent,
                    # Threads that have nothing to do must not spin: the cores are shared with the other workers.
                    env={"OMP_WAIT_POLICY": "passive", **os.environ},
                    start_new_session=True,
                )
            self._workers.append(worker)
