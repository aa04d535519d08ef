"""Processes that stand for workers in tests: leaders of their own session, with a child, that wait for nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lifecycle_tui.state import processes
from lifecycle_tui.state.processes import Process

SOURCE = (
    "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'])\n"
    "print(child.pid, flush=True)\n"
    "sys.stdin.read()\n"
)


@dataclass
class Stand:
    """A process in a session of its own, with one child in its group."""

    popen: subprocess.Popen[bytes]
    process: Process
    child: Process

    @classmethod
    def start(cls) -> Stand:
        popen = subprocess.Popen(
            [sys.executable, "-c", SOURCE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert popen.stdout is not None
        return cls(popen, processes.of(popen.pid), processes.of(int(popen.stdout.readline())))

    def signal(self, number: int) -> None:
        os.kill(self.popen.pid, number)

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                pipe.close()


def until(true: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
    """Look until it holds."""
    pause, end = threading.Event(), time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"still not so: {what}"
        pause.wait(0.01)


def gone(process: Process) -> bool:
    return processes.alive(process) is False
