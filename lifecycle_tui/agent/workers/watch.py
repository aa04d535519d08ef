"""When a running job's worker must be killed: a pure judgement over looks. Asked by the supervisor, once a second.

Looks are counted, and time only as far as it passed between two of them: a clock that is set back, or a watcher that
was stopped itself, makes nobody look hung.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

STILL = 20
"""Looks at a worker that shows no sign of life before it is killed."""

AGAIN = 5
"""Of these so many after it was shown that the worker could have written its heartbeat."""

STOPPED = 10
"""Looks at a worker that is stopped (SIGSTOP) before it is killed: it may hold the state's lock."""

DEAF = 10.0
"""Seconds that a job has to stop once somebody has asked it to."""

OVER = 30.0
"""Seconds beyond its time limit, after which a job whose own watchdog has failed is killed."""

STEP = 5.0
"""Of the time between two looks so much counts, at most."""

Verdict = Literal["fine", "silent", "stopped", "still", "deaf", "over"]
"""What to do: nothing, show that state takes writes, or kill."""

SAID = {
    "stopped": "its worker was stopped and did not come back",
    "still": "its worker showed no sign of life",
    "deaf": "it did not stop when it was asked to",
    "over": "it ran far beyond its time limit",
}
"""What the job's log says of a worker that was killed."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What can be seen of a worker: its heartbeat as written, the processor time it has used, whether it is stopped."""

    beat: str | None
    cpu: int | None
    stopped: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """What was seen of one job so far.

    Attributes:
        attempt: of which worker, by number.
        still, stopped: looks in a row without a change, or with the worker stopped.
        proven: since the last change state has taken a write, so the silence says something.
        age, asked: seconds since the first look, and since somebody asked it to stop.
    """

    attempt: int
    sign: Sign | None = None
    still: int = 0
    stopped: int = 0
    proven: bool = False
    age: float = 0.0
    asked: float = 0.0

    def look(self, sign: Sign, elapsed: float, *, cancel: bool) -> Watch:
        """What is known after one more look, `elapsed` seconds after the last."""
        step = min(elapsed, STEP) if self.sign is not None else 0.0
        return replace(
            self,
            sign=sign,
            # A worker that computes without letting its heart beat (a library that keeps Python's lock) is alive.
            still=self.still + 1 if sign == self.sign else 0,
            stopped=self.stopped + 1 if sign.stopped else 0,
            proven=self.proven and sign == self.sign,
            age=self.age + step,
            asked=self.asked + step if cancel else 0.0,
        )

    def wait(self, *, proven: bool) -> Watch:
        """The same with some more looks to come: as it can be written to state now, or not at all."""
        return replace(self, still=STILL - AGAIN if proven else 0, proven=proven)

    def verdict(self, time_limit: float | None) -> Verdict:
        """Whether it is to be killed, and why."""
        if self.stopped >= STOPPED:
            return "stopped"
        if self.asked >= DEAF:
            return "deaf"
        if time_limit is not None and self.age >= time_limit + OVER:
            return "over"
        if self.still < STILL:
            return "fine"
        return "still" if self.proven else "silent"
