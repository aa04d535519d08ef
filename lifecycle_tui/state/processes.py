"""Which process is which, over the reuse of pids: a pid with its start time, on this boot, in this pid namespace.

Called by `jobs` and `outbox` to tell a worker that still runs from one that was killed.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Process:
    """A process for good.

    Attributes:
        pid: its number.
        started: when it started, in the kernel's words (clock ticks since boot on Linux).
        place: boot and pid namespace that the number is from.
    """

    pid: int
    started: str
    place: str

    def __str__(self) -> str:
        return f"{self.pid} {self.started} {self.place}"

    @classmethod
    def parse(cls, text: str) -> Process:
        """The value that `str` wrote."""
        pid, started, place = text.split(" ", 2)
        return cls(int(pid), started, place)


def this() -> Process:
    """The calling process."""
    return of(os.getpid())


def of(pid: int) -> Process:
    """The process that has this pid now; its `started` is "" when there is none."""
    return Process(pid, _started(pid) or "", _place())


def alive(process: Process) -> bool | None:
    """Whether it still runs; None where that cannot be told (it lives in another container on this machine)."""
    boot, _, namespace = process.place.partition("/")
    here_boot, _, here_namespace = _place().partition("/")
    if boot != here_boot:
        return False
    if namespace != here_namespace:
        return None
    return bool(process.started) and _started(process.pid) == process.started


def _place() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as handle:
            boot = handle.read().strip()
    except OSError:
        boot = "here"
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = "pid"
    return f"{boot}/{namespace}"


def _started(pid: int) -> str | None:
    """Field 22 of /proc/PID/stat (see proc(5)); a zombie counts as gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as handle:
            text = handle.read()
    except FileNotFoundError:
        return None if os.path.isdir("/proc/self") else _started_by_ps(pid)
    except (ProcessLookupError, PermissionError):
        return None
    # The command's name may hold spaces and parentheses: count from behind the last one.
    fields = text[text.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else fields[19].decode()


def _started_by_ps(pid: int) -> str | None:
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "-".join(done.stdout.split()) or None
