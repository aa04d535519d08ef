"""Becoming the agent: the kernel's lock, the lease, and waiting for both while another agent holds them.

Who waits takes over at once when the holder dies, because the kernel frees the lock then. A holder that is stopped or
hangs keeps the lock; it is deposed by raising the lease's number when its beat has not moved for a while (looks are
counted, so that a clock that is set back, or the waiter's own stop, deposes nobody).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from lifecycle_tui.agent.workers import children
from lifecycle_tui.domain.clock import SystemClock
from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import folder, lease, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.lease import Lease

LOCK_LOOK = 0.2
"""Seconds between two tries for the lock."""

BEATS = 5
"""Every so many tries the beat is looked at."""

SILENT = 10
"""Looks at a beat that does not move before a holder that is stopped (SIGSTOP) is deposed."""

HUNG = 40
"""The same for one that is not, or whose process cannot be seen: it may only be waiting for its turn to write."""


class AgentLock:
    """The lock on `.lifecycle/agent.lock`; the kernel frees it when this process ends, however it ends."""

    def __init__(self, root: Path) -> None:
        self._path = folder.folder(root) / "agent.lock"
        self._handle: int | None = None

    def try_it(self) -> bool:
        """Take it if nobody else has it; whether it is ours now.

        Raises:
            StateError: if the file cannot be opened.
        """
        import fcntl

        if self._handle is not None:
            return True
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as exc:
            raise StateError(
                f"{self._path} cannot be opened: {exc.strerror}", hint="the agent runs as the workspace's owner"
            ) from exc
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def free(self) -> None:
        """Give it back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def wait(
    state: State, lock: AgentLock, mode: str, ended: threading.Event, say: Callable[[str], None], *, patient: bool
) -> int | None:
    """Wait for the lease.

    Args:
        patient: also while another agent runs.

    Returns:
        one's number; None if `ended` was set, or another agent runs and this one is not patient.
    """
    seen: Lease | None = None
    silent = tries = 0
    while not ended.is_set():
        found = _read(state)
        free = lock.try_it() and found is not None and not lease.held(found)
        if not free and found is not None:
            if not patient:
                lock.free()
                return None
            if seen is None:
                who = f" (pid {found.process.pid})" if found.process else ""
                say(f"another agent{who} runs this workspace: standing by")
                seen = found
            if tries % BEATS == 0:
                silent = silent + 1 if (found.number, found.beat) == (seen.number, seen.beat) else 0
                seen = found
        if free or (found is not None and silent >= _enough(found)):
            number = _take(state, mode, None if free else found)
            if number is not None:
                if not free:
                    say("the agent that ran does not answer: deposed")
                return number
        # A lock that was freed while the lease is another one's (who deposed a stopped agent, say) is left to that one.
        if not free:
            lock.free()
        tries += 1
        ended.wait(LOCK_LOOK)
    return None


def _enough(found: Lease) -> int:
    """How many looks in vain depose the holder."""
    holder = found.process
    alive = None if holder is None else processes.alive(holder)
    if alive and holder is not None and children.is_stopped(holder.pid):
        return SILENT
    return HUNG


def _read(state: State) -> Lease | None:
    with contextlib.suppress(StateError, sqlite3.Error), state.read() as conn:
        return lease.read(conn)
    return None


def _take(state: State, mode: str, silent: Lease | None) -> int | None:
    """Raise the number; None if somebody else was faster or state takes no write now.

    Args:
        silent: the holder that does not answer, where this is against somebody's will.
    """
    try:
        with state.write() as tx:
            found = lease.read(tx)
            unmoved = silent is not None and (found.number, found.beat) == (silent.number, silent.beat)
            if lease.held(found) and not unmoved:
                return None
            return lease.take(tx, processes.this(), mode, SystemClock().now())
    except StateError:
        # Stopped in the middle of a transaction it holds what everybody needs, and nothing but its end frees that.
        holder = None if silent is None else silent.process
        if holder is not None and processes.alive(holder) and children.is_stopped(holder.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(holder.pid, signal.SIGKILL)
        return None
