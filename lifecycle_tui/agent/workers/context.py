"""What a job is given by its worker: the state, the clock, and ways to report, log and be stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.workers.ledger import Ledger
from lifecycle_tui.domain.clock import Clock
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.plugin_host.secrets import hidden
from lifecycle_tui.state import jobs
from lifecycle_tui.state.database import State

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.runner import Codec, Limits, Runner
    from lifecycle_tui.workspace import Workspace

EVERY = 0.25
"""Seconds between two reports of progress: each one is a change that every viewer reads."""


class Cancelled(LifecycleError):
    """Somebody asked the job to stop; what was recorded until then stays."""

    exit_code = 130


class OutOfTime(LifecycleError):
    """The job has reached its time limit; what was recorded until then stays."""


@dataclass
class Pace:
    """How fast a job gets on in the phase that it is in: work of one unit towards one total.

    Attributes:
        phase: unit and total.
        begun: seconds of the monotonic clock, and how much was done, when it began.
    """

    phase: tuple[str, float | None] = ("", None)
    begun: tuple[float, float] = (0.0, 0.0)

    def left(self, done: float, total: float | None, unit: str, at: float) -> float | None:
        """Seconds that are left of this phase, by its own rate; None while that says nothing yet."""
        begun, done_then = self.begun
        if (unit, total) != self.phase or done < done_then:
            self.phase, self.begun = (unit, total), (at, done)
            return None
        if total is None or done <= done_then or at - begun < 1.0:
            return None
        return max(0.0, (total - done) * (at - begun) / (done - done_then))


@dataclass
class JobContext:
    """One running job.

    Attributes:
        job_id: its row.
        now: the loop's clock when the job began; everything in the job is as of this instant.
        journal: where calls of team plugins are noted before they are made.
        stop: whether the worker was asked to end.
        payload: what to do, JSON values.
        by: who asked for the job; `model`: the model that it is about.
        late: what to say once the time limit is reached; None before.
        ledger: which plugins failed and which worked, told by `runner`'s.
    """

    state: State
    workspace: Workspace
    job_id: int
    clock: Clock
    journal: Path
    stop: Callable[[], bool] = lambda: False
    payload: Mapping[str, Any] = field(default_factory=dict)
    by: str | None = None
    model: str | None = None
    late: Callable[[], str | None] = lambda: None
    ledger: Ledger = field(default_factory=Ledger)
    now: datetime = field(init=False)
    _last: float = field(default=0.0, init=False)
    _asked: float = field(default=0.0, init=False)
    _cancelled: bool = field(default=False, init=False)
    _pace: Pace = field(default_factory=Pace, init=False)

    def __post_init__(self) -> None:
        self.now = self.clock.now()

    @property
    def simulated(self) -> bool:
        """Whether the loop runs on a simulated clock."""
        return self.payload.get("as_of") is not None

    def runner(self, limits: Limits | None = None, codec: Codec | None = None) -> Runner:
        """A further process for team plugins: its calls are noted before they are made, and their ends after."""
        from lifecycle_tui.plugin_host.limits import call_limits
        from lifecycle_tui.plugin_host.runner import Runner

        return Runner(limits=limits or call_limits(), codec=codec, journal=self.journal, on_end=self.ledger.note)

    def progress(self, done: float, total: float | None, unit: str, text: str) -> None:
        """Say how far the job is, a few times a second at most, and stop here if it is to stop.

        Raises:
            Cancelled: somebody asked for it.
            OutOfTime: it has reached its time limit.
        """
        at = time.monotonic()
        if at - self._last < EVERY:
            return
        self._last = at
        left = self._pace.left(done, total, unit, at)
        with self.state.write(durable=False) as tx:
            jobs.progress(tx, self.job_id, done, total, unit, text, left)
            cancelled = jobs.cancelled(tx, self.job_id)
        self._stop(cancelled)

    def check(self) -> None:
        """Stop here if the job is to stop: for work that has nothing to report.

        Raises:
            Cancelled, OutOfTime: see `progress`.
        """
        with self.state.read() as conn:
            cancelled = jobs.cancelled(conn, self.job_id)
        self._stop(cancelled)

    def stopping(self) -> bool:
        """Whether the job is to stop; asks state a few times a second at most, so it may be called often."""
        if self.stop() or self.late() is not None:
            return True
        at = time.monotonic()
        if not self._cancelled and at - self._asked >= EVERY:
            self._asked = at
            with self.state.read() as conn:
                self._cancelled = jobs.cancelled(conn, self.job_id)
        return self._cancelled

    def _stop(self, cancelled: bool) -> None:
        if cancelled:
            raise Cancelled("cancelled")
        if (late := self.late()) is not None:
            raise OutOfTime(late)
        if self.stop():
            raise Cancelled("the worker was asked to end")

    def log(self, level: str, text: str) -> None:
        """Add a line to the job's log; secrets that the job has read are blotted out."""
        with self.state.write(durable=False) as tx:
            jobs.log(tx, self.job_id, level, hidden(text), self.clock.now())
