"""What the system tells a process: signals, heard without a lock. Called by the agent's command, workers and the demo.

A handler runs between any two steps of the main thread, also where that holds the lock of the very event that the
handler would set, and then it waits for ever. So the deed is done in a thread of its own.
"""

from __future__ import annotations

import _thread
import signal
from collections.abc import Callable, Iterable


def hear(numbers: Iterable[signal.Signals], act: Callable[[], object]) -> list[int]:
    """Do `act` on each of these signals, from now on; those that came, in their order. Called in the main thread."""
    came: list[int] = []

    def heard(number: int, _: object) -> None:
        came.append(number)
        try:
            _thread.start_new_thread(act, ())
        except RuntimeError:  # there is no room for one, or the program is about to end
            act()

    for number in numbers:
        signal.signal(number, heard)
    return came
