"""The plugin's process seen from inside: its limits, its streams, and putting back what a plugin has moved.

It protects plugins from each other's accidents. It is no wall against malice: a process of the same user cannot be one.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import io
import os
import resource
import signal
import sys
from typing import Any, TextIO

HIGH = 200
"""Descriptors of the channel are moved up here, out of the way of `os.closerange(3, 100)` and of children."""


def lift(fd: int) -> int:
    """Move a descriptor to a high number that children do not inherit."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH)
    os.close(fd)
    return moved


def resident() -> int:
    """Bytes of memory this process holds; 0 where /proc does not tell."""
    return resident_of(os.getpid())


def resident_of(pid: int) -> int:
    """The same for any process; 0 if it is gone."""
    try:
        with open(f"/proc/{pid}/statm") as statm:
            return int(statm.read().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


_PAGE = os.sysconf("SC_PAGE_SIZE")


def limit_memory(allowed: int) -> None:
    """Let private memory grow by `allowed` bytes from here; then allocations fail with MemoryError, no core dump."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/status") as status:
            now = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData:"))
        resource.setrlimit(resource.RLIMIT_DATA, (now + allowed, now + allowed))


def dump_on_death(trace: int) -> None:
    """Leave the Python stack on `trace` when the process dies natively or gets SIGUSR2, also if it was switched off."""
    faulthandler.disable()
    faulthandler.enable(file=trace, all_threads=False)
    faulthandler.unregister(signal.SIGUSR2)
    faulthandler.register(signal.SIGUSR2, file=trace, all_threads=False, chain=False)


def leave_traced(trace: int) -> None:
    """Leave it as well when the process ends by os._exit."""
    leave, me = os._exit, os.getpid()

    def exit_with_trace(status: int) -> Any:
        if os.getpid() == me:  # a child that a plugin forked may leave unnoticed
            faulthandler.dump_traceback(file=trace, all_threads=False)
        leave(status)

    os._exit = exit_with_trace


class Streams:
    """stdin is empty; stdout and stderr go to the host's log pipe, whatever a plugin did to them in an earlier call."""

    def __init__(self, log: int, trace: int) -> None:
        self._log, self._trace = log, trace
        self._cwd = os.getcwd()
        self._path = list(sys.path)
        self._depth = sys.getrecursionlimit()
        self._streams = (sys.stdout, sys.stderr)
        self.reset()

    def reset(self) -> None:
        """Before a call: streams, working folder, module path, recursion limit and alarms as they were at the start."""
        for fd in (1, 2):
            if not _same(fd, self._log):
                os.dup2(self._log, fd)
        out, err = (s if _usable(s) else _writer(fd) for fd, s in enumerate(self._streams, 1))
        self._streams = (out, err)
        sys.stdout = sys.__stdout__ = out  # type: ignore[misc, assignment]
        sys.stderr = sys.__stderr__ = err  # type: ignore[misc, assignment]
        signal.setitimer(signal.ITIMER_REAL, 0)
        dump_on_death(self._trace)
        with contextlib.suppress(OSError):
            os.chdir(self._cwd)
        sys.path[:] = self._path
        sys.setrecursionlimit(self._depth)

    def flush(self) -> None:
        """After a call: what was printed reaches the log."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()


def _usable(stream: TextIO | None) -> bool:
    try:
        return stream is not None and not stream.closed
    except ValueError:  # its file was taken from it
        return False


def _same(fd: int, other: int) -> bool:
    try:
        return os.path.sameopenfile(fd, other)
    except OSError:
        return False


def _writer(fd: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        open(fd, "wb", buffering=0, closefd=False), encoding="utf-8", errors="backslashreplace", write_through=True
    )
