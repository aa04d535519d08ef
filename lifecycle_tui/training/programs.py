"""Runs a program of the team's, for `command` and `external`: in a session of its own, its lines to a log.

A small guard process stands between: it holds the far end of a pipe that nobody writes to, so that the program ends
when this process does, however it ends, `kill -9` included.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lifecycle_tui.domain.errors import TrainingError

GRACE = 5.0
"""Seconds between asking a program to end (SIGTERM) and killing it with all that it started."""
LOG_LINES, LINE = 2000, 2000
"""Lines of output that go to the log, and characters of each."""
_TAIL = 12
_LOOK = 0.1

_GUARD = """
import os, select, signal, subprocess, sys, time
lifeline, grace = int(sys.argv[1]), float(sys.argv[2])
signal.signal(signal.SIGINT, signal.SIG_IGN)
try:
    program = subprocess.Popen(sys.argv[3:])
except OSError as exc:
    sys.stderr.write(f"{sys.argv[3]} cannot be started: {exc.strerror}\\n")
    sys.exit(127)
wait = 0.005
while program.poll() is None:
    if select.select([lifeline], [], [], wait)[0]:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
        end = time.monotonic() + grace
        while program.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        os.killpg(0, signal.SIGKILL)
    wait = min(wait * 2, 0.05)
code = program.returncode
sys.exit(code if code >= 0 else 128 - code)
"""


class Stopped(TrainingError):
    """Somebody asked for the program to be stopped, and it was."""


def run(
    argv: Sequence[str],
    env: Mapping[str, str],
    folder: Path,
    *,
    stop: Callable[[], bool] = lambda: False,
    log: Callable[[str], None] = lambda line: None,
    limit: float | None = None,
    grace: float = GRACE,
) -> None:
    """Run a program to its end.

    Args:
        argv: its words; no shell.
        env: variables beyond ours, and PYTHONUNBUFFERED=1 unless we have another. Where `python` is not on the path,
            it is the one that runs this program.
        folder: where it runs: the workspace.
        stop: asked several times a second.
        log: hears each line that it prints, up to `LOG_LINES`.
        limit: seconds.

    Raises:
        Stopped: `stop` said so.
        TrainingError: it cannot be started, takes longer than `limit`, or ends with another code than 0.
    """
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), os.path.dirname(sys.executable)))
    # A program in Python says what it says when it says it: its log is live, and an error comes last.
    place = {"PYTHONUNBUFFERED": "1", **os.environ, "PATH": path, "LIFECYCLE_PYTHON": sys.executable, **env}
    _refuse_missing(argv[0], folder, path)
    theirs, ours = os.pipe()
    try:
        guard = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARD, str(theirs), str(grace), *argv],
            cwd=folder,
            env=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs,),
            start_new_session=True,
        )
    except OSError as exc:
        os.close(ours)
        raise TrainingError(f"{argv[0]} cannot be started: {exc.strerror}") from None
    finally:
        os.close(theirs)
    lines = _Lines(log)
    why = ""
    try:
        why = _wait(guard, lines, stop, None if limit is None else time.monotonic() + limit)
    finally:
        os.close(ours)  # tells the guard, if it still lives
        _end(guard, grace)
        lines.close()
    if why == "stop":
        raise Stopped(f"{argv[0]} was stopped")
    if why == "limit":
        hint = "raise [training] time_limit, or let it learn from less"
        raise TrainingError(f"{argv[0]} took longer than {limit:g} s and was stopped{lines.end}", hint=hint)
    if guard.returncode:
        raise TrainingError(
            f"{argv[0]} ended with {_code(guard.returncode)}{lines.end}", hint="its output is in the job's log"
        )


def _refuse_missing(program: str, folder: Path, path: str) -> None:
    place = os.path.join(folder, program) if os.sep in program else program
    if shutil.which(place, path=path) is None:
        what = "is no program that can be run" if os.path.exists(place) else "is not found"
        raise TrainingError(
            f"{program} {what}", hint=f"programs are looked for on the path and, by a path, from {folder}"
        )


def _wait(guard: subprocess.Popen[bytes], lines: _Lines, stop: Callable[[], bool], deadline: float | None) -> str:
    """Until it ends: "", or "stop", or "limit"."""
    assert guard.stdout is not None
    out = guard.stdout.fileno()
    os.set_blocking(out, False)
    poll = select.poll()
    poll.register(out, select.POLLIN)
    done = os.pidfd_open(guard.pid)
    try:
        poll.register(done, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll(_LOOK * 1000)}
            if out in ready and not lines.read(out):
                poll.unregister(out)
            if done in ready:
                lines.read(out)
                return ""
            if deadline is not None and time.monotonic() >= deadline:
                return "limit"
            if stop():
                return "stop"
    finally:
        os.close(done)


def _end(guard: subprocess.Popen[bytes], grace: float) -> None:
    """Wait for the guard to end the program; then whatever is left of its session's group."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        guard.wait(grace + 5)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(guard.pid, signal.SIGKILL)
    guard.wait()
    if guard.stdout is not None:
        guard.stdout.close()


def _code(code: int) -> str:
    number = -code if code < 0 else code - 128
    if code < 0 or 128 < code < 128 + 65:
        with contextlib.suppress(ValueError):
            return f"signal {signal.Signals(number).name}"
    return f"code {code}"


class _Lines:
    """Cuts output into lines for the log, and remembers the last ones."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._rest = b""
        self._count = 0
        self._last: list[str] = []

    def read(self, fd: int) -> bool:
        """Take what is there; False at the end."""
        while True:
            try:
                data = os.read(fd, 1 << 16)
            except (BlockingIOError, OSError):
                return True
            if not data:
                return False
            *whole, self._rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
            for line in whole:
                self._take(line)
            if len(self._rest) > 4 * LINE:
                self._take(self._rest)
                self._rest = b""

    def close(self) -> None:
        self._take(self._rest)
        self._rest = b""
        if self._count > LOG_LINES:
            self._log(f"… {self._count - LOG_LINES:,} more lines were left out")

    def _take(self, raw: bytes) -> None:
        line = raw.decode("utf-8", "replace").rstrip()[:LINE]
        if not line:
            return
        self._count += 1
        self._last = [*self._last[-_TAIL:], line]
        if self._count <= LOG_LINES:
            self._log(line)

    @property
    def end(self) -> str:
        """The last line that says something, as the end of a sentence."""
        return f": {self._last[-1][:500]}" if self._last else ""
