"""The small parent between the program and a plugin: whatever a plugin starts ends with it (called by `child`).

    program ── guardian ── plugin's process ── whatever the plugin starts

It waits for two things: the end of the plugin's process, or the end of the program (its end of the `lifeline` pipe
closes, also after kill -9). Then it kills all that is left below it, tells how the plugin's process ended, and leaves.
It holds no lock, runs no plugin code, and so cannot hang with one. Orphans come back to it: it is their subreaper.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import sys

CHANNEL_LOST = 113
"""Exit code of a plugin's process that can no longer talk to the program."""
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def split(lifeline: int, status: int, spool: str) -> None:
    """Fork: return in the process that will run the plugin; the other becomes the guardian and never returns.

    Args:
        lifeline: read end of a pipe whose write end the program holds.
        status: write end of the pipe on which the end is told, as one JSON object `{"code": n}` or `{"signal": n}`.
        spool: folder to remove at the end, "" for none.
    """
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    worker = os.fork()
    if worker == 0:
        _become_worker(lifeline, status, woken, wake)
        return
    _keep_only(lifeline, status, woken, wake)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ending = _wait(worker, lifeline, woken)
    ending = _kill_all(None if ending else worker) or ending
    if spool:
        from shutil import rmtree

        rmtree(spool, ignore_errors=True)
    with contextlib.suppress(OSError):  # the program may be gone: nobody to tell
        os.write(status, json.dumps(ending or {"signal": int(signal.SIGKILL)}).encode())
    os._exit(0)


def _become_worker(lifeline: int, status: int, woken: int, wake: int) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for fd in (lifeline, status, woken, wake):
        os.close(fd)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # should a plugin kill its guardian
    if os.getppid() == 1:
        os._exit(1)


def _keep_only(*fds: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    keep = sorted({0, 1, 2, *fds})
    for low, high in zip(keep, [*keep[1:], max(keep) + 256], strict=True):
        os.closerange(low + 1, high)


def _wait(worker: int, lifeline: int, woken: int) -> dict[str, int] | None:
    """How the worker ended; None if the program ended first."""
    while True:
        ending = _reap(worker)
        if ending is not None:
            return ending
        ready = select.select([lifeline, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 4096)
        if lifeline in ready:
            return None


def _reap(worker: int) -> dict[str, int] | None:
    """Collect ended processes; the worker's ending if it is among them."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return None
            if pid == worker:
                code = os.waitstatus_to_exitcode(status)
                return {"code": code} if code >= 0 else {"signal": -code}
    return None


def _kill_all(worker: int | None) -> dict[str, int] | None:
    """Kill everything below, again until nothing is left (a fork may be under way).

    Args:
        worker: the plugin's process while it is not collected (its number cannot have been given to another).

    Returns:
        the worker's ending, where it was among those killed.
    """
    ending = None
    while True:
        for pid in {*descendants(os.getpid()), *([worker] if worker and not ending else [])}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return ending
        if pid == worker:
            ending = {"signal": abs(os.waitstatus_to_exitcode(status))}


def descendants(pid: int) -> list[int]:
    """Processes below `pid`, as /proc shows them now; empty where there is no /proc."""
    found: list[int] = []
    todo = [pid]
    while todo:
        tasks = f"/proc/{todo.pop()}/task"
        with contextlib.suppress(OSError):
            for task in os.listdir(tasks):
                with open(f"{tasks}/{task}/children") as listing:
                    below = [int(p) for p in listing.read().split()]
                found += below
                todo += below
    return found
