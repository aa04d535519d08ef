"""What a job is given by its worker: the state, the clock, and ways to report, log and be cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from lifecycle_tui.domain.clock import Clock
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state import jobs
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import Workspace

EVERY = 0.25
"""Seconds between two reports of progress: each one is a change that every viewer reads."""


class Cancelled(LifecycleError):
    """Somebody asked the job to stop; what was recorded until then stays."""

    exit_code = 130


@dataclass
class JobContext:
    """One running job.

    Attributes:
        job_id: its row.
        now: the loop's clock when the job began; everything in the job is as of this instant.
        journal: where calls of team plugins are noted before they are made.
    """

    state: State
    workspace: Workspace
    job_id: int
    clock: Clock
    journal: Path
    stop: Callable[[], bool] = lambda: False
    now: datetime = field(init=False)
    _last: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.now = self.clock.now()

    def progress(self, done: float, total: float | None, unit: str, text: str) -> None:
        """Say how far the job is, a few times a second at most, and stop here if it was cancelled.

        Raises:
            Cancelled: somebody asked for it.
        """
        at = time.monotonic()
        if at - self._last < EVERY:
            return
        self._last = at
        with self.state.write(durable=False) as tx:
            jobs.progress(tx, self.job_id, done, total, unit, text)
            if jobs.cancelled(tx, self.job_id):
                raise Cancelled("cancelled")
        if self.stop():
            raise Cancelled("the worker was asked to end")

    def log(self, level: str, text: str) -> None:
        """Add a line to the job's log."""
        with self.state.write(durable=False) as tx:
            jobs.log(tx, self.job_id, level, text, self.clock.now())
