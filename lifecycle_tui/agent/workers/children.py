"""Processes below a worker, and how all of them end: nothing that a job has started outlives its worker.

A worker is the leader of its own session and process group, and takes in orphans that its children leave. Called by the
worker at its end, and by the supervisor for workers that are dead or must die.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

from lifecycle_tui.plugin_host.guardian import descendants
from lifecycle_tui.state import processes
from lifecycle_tui.state.processes import Process

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Let processes below whose parent dies become this one's children, so that it finds them at its end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_below() -> None:
    """kill -9 of everything below this process, again until nothing is left (a fork may be under way)."""
    for _ in range(100):
        below = descendants(os.getpid())
        if not below:
            return
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, 0)[0]:
                pass


def kill_worker(worker: Process) -> None:
    """kill -9 of a worker with all that it has started; of one that is dead, what it has left.

    Nothing is done to a process that only has its number, or that is this one.
    """
    if worker.pid == os.getpid() or worker.place != processes.this().place:
        return
    if processes.alive(worker):
        # First it alone: while it is dead and not yet collected, nobody else can get its number or its group's.
        below = descendants(worker.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(worker.pid, signal.SIGKILL)
        for pid in below:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        _kill_group(worker.pid)
    elif not processes.of(worker.pid).started:
        # No process has the number now, so a group of this number can only be the dead worker's.
        _kill_group(worker.pid)


def _kill_group(leader: int) -> None:
    if leader > 1 and leader != os.getpgrp():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def is_stopped(pid: int) -> bool:
    """Whether a process is stopped (SIGSTOP), as /proc says; False where that cannot be told."""
    return _fields(pid)[:1] in ([b"T"], [b"t"])


_WRITE_LOCK = b"120"
"""Byte of the shared-memory file that whoever writes in WAL mode has locked (SQLite's file format, section 4)."""


def stopped_writer(state: Path) -> int | None:
    """The stopped process that holds the write lock of a database in WAL mode; None where there is none to be seen."""
    try:
        inode = str(os.stat(f"{state}-shm").st_ino).encode()
        with open("/proc/locks", "rb") as handle:
            lines = [line.split() for line in handle]
    except OSError:
        return None
    for line in lines:
        # 7: POSIX ADVISORY WRITE 4711 fe:01:131073 120 120; one that waits has an arrow after the number.
        if line[1:2] == [b"POSIX"] and line[3] == b"WRITE" and line[6] == _WRITE_LOCK:
            pid = int(line[4])
            if line[5].rsplit(b":", 1)[-1] == inode and pid > 0 and is_stopped(pid):
                return pid
    return None


def is_worker(pid: int) -> bool:
    """Whether a process is one of this program's workers, as its command says."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as handle:
            return b"lifecycle_tui.agent.workers.worker" in handle.read().split(b"\0")
    except OSError:
        return False


def cpu_ticks(pid: int) -> int | None:
    """Processor time that a process has used, in the kernel's ticks; None where that cannot be told."""
    fields = _fields(pid)
    return int(fields[11]) + int(fields[12]) if len(fields) > 12 else None


def _fields(pid: int) -> list[bytes]:
    """Fields of /proc/PID/stat from the third on (see proc(5)); empty where there is no such file."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as handle:
            text = handle.read()
    except OSError:
        return []
    return text[text.rindex(b")") + 2 :].split()
