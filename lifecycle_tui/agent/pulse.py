"""The agent's beat: a thread that raises a number in the lease every second, as long as the agent's loop goes round.

A standby goes by it (see `standby`). The loop may be busy for a while, e.g. with a file of a thousand models, so the
beat is a thread; but it must not cover up for a loop that hangs.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading

from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import lease
from lifecycle_tui.state.database import State
from lifecycle_tui.state.lease import LeaseLost

BEAT = 1.0
"""Seconds between two beats."""

ROUND = 60
"""Beats that one round of the agent's loop may take."""


class Pulse:
    """Beats for one holder of the lease; a context manager around its loop.

    Attributes:
        lost: set when another agent has taken over.
    """

    def __init__(self, state: State, number: int) -> None:
        self._state, self._number = state, number
        self._rounds = 0
        self._done = threading.Event()
        self.lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def round(self) -> None:
        """The loop has gone round once more."""
        self._rounds += 1

    def _beat(self) -> None:
        seen, same = -1, 0
        while not self._done.wait(BEAT):
            same = same + 1 if self._rounds == seen else 0
            seen = self._rounds
            if same > ROUND:
                continue
            try:
                with contextlib.suppress(StateError, sqlite3.Error), self._state.write(durable=False) as tx:
                    lease.beat(tx, self._number)
            except LeaseLost:
                self.lost.set()
                return
