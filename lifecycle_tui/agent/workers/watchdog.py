"""The time limit of a job, on the monotonic clock: asks it to stop, then ends its process. Used by the worker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

GRACE = 10.0
"""Seconds that a job has to stop by itself once its time is up."""


class Watchdog:
    """Watches one job; a context manager around it.

    Args:
        limit: seconds; None for no limit.
        give_up: called in a thread when the job has not ended `grace` seconds after its limit. It ends the process.
    """

    def __init__(self, limit: float | None, give_up: Callable[[str], None], *, grace: float = GRACE) -> None:
        self._limit, self._give_up, self._grace = limit, give_up, grace
        self._begun = time.monotonic()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watchdog:
        if self._limit is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._limit is not None:
            self._thread.join()

    @property
    def seconds(self) -> float:
        """How long the job has been running."""
        return time.monotonic() - self._begun

    def late(self) -> str | None:
        """What to say of it once its time is up; None before."""
        return said(self._limit) if self._limit is not None and self.seconds >= self._limit else None

    def _watch(self) -> None:
        assert self._limit is not None
        if not self._done.wait(self._limit + self._grace):
            self._give_up(f"{said(self._limit)}; it did not react, and its process was ended")


def said(limit: float) -> str:
    """The error of a job that ran out of time."""
    if limit < 120:
        return f"stopped at its time limit of {limit:g} s"
    return f"stopped at its time limit of {timedelta(seconds=round(limit))}"
