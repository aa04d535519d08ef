"""A program at the other end of a line: a real pseudo-terminal, an emulator, and a link that may be slow.

The measures of `terminal.py` press keys here and read when the picture changed. A thread time-stamps what the program
writes, together with the CPU time it has used by then; the emulator (pyte) is fed afterwards, so that its cost is in no
latency. The emulator answers the query for synchronized output as terminals do, unless it is told not to.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pyte

SIZE = (80, 24)
QUERY = re.compile(rb"\x1b\[\?([0-9]+)\$p")
HALF = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*)?\Z")
"""A sequence that the next read will end."""
UNKNOWN = re.compile(rb"\x1b\[[<=>?][0-9;]*u|\x1b\[>[0-9;]*[a-zA-Z]|\x1b\[[0-?]*[ -/]+[@-~]|\x1b[P_^X][^\x1b]*\x1b\\")
"""Sequences that pyte takes for others, or for text."""
PIECE = 256
"""Bytes that a slow link delivers at once."""


@dataclass(frozen=True, slots=True)
class Link:
    """What lies between program and screen: a FIFO that drains at `rate` bytes a second, half of `delay` each way.

    More than `flight` bytes in the FIFO, and nothing more is read from the program: it feels that its writes block, as
    behind the full window of an SSH channel. 0 is no limit.
    """

    rate: float = 0.0
    delay: float = 0.0
    flight: int = 65536


LOCAL = Link()
SLOW = Link(rate=32 * 1024, delay=0.150)


class Failed(Exception):
    """Something could not be measured; the message says why, with the screen."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes as they reach the screen: when, the program's CPU seconds when they were read, and its wait for a CPU."""

    at: float
    data: bytes
    cpu: float
    waited: float


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was on the screen.

    Attributes:
        at: seconds since the begin; cpu: those that the program had used by then.
        wait: how long its main thread was ready to run and had no CPU.
    """

    at: float
    cpu: float
    wait: float

    @property
    def adjusted(self) -> float:
        """`at` without the time that other programs had the CPU."""
        return max(0.0, self.at - self.wait)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a key, a start or a time of listening.

    Attributes:
        bytes: how many were written; cpu: seconds that the program used in all.
        changed: the first visible change; last: the last one; seen: when what was looked for stood there first.
    """

    bytes: int
    cpu: float
    changed: Moment | None
    last: Moment | None
    seen: Moment | None


def _take_terminal() -> None:
    """In the child: the terminal is the session's own, so that its end sends SIGHUP."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Line:
    """`command` in a terminal of its own, told of its end (SIGHUP) as over SSH.

    Args:
        environment: replaces this process's.
        answers: whether the terminal knows synchronized output, and says so when it is asked.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], *, link: Link = LOCAL,
        size: tuple[int, int] = SIZE, answers: bool = True,
    ) -> None:  # fmt: skip
        self.link, self.answers = link, answers
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._rows: dict[int, tuple[Any, ...]] = {}
        self._half = b""
        self.written = b""
        self._pieces: deque[Piece] = deque()
        self._there = threading.Condition()
        self._keys: list[tuple[float, int, bytes]] = []
        self._number = count()
        self._free = 0.0
        self._over = False
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.settings = termios.tcgetattr(self.slave)
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdin=self.slave, stdout=self.slave, stderr=self.slave,
            start_new_session=True, preexec_fn=_take_terminal,
        )  # fmt: skip
        self.pid = self.process.pid
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._read, self._send)]
        for thread in self._threads:
            thread.start()

    # ── the two ends ──────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self) -> None:
        asked = b""
        while not self._over:
            behind = (self._free - time.perf_counter()) * self.link.rate if self.link.rate else 0.0
            if behind > self.link.flight:
                time.sleep(min(0.05, (behind - self.link.flight) / self.link.rate + 0.001))
                continue
            try:
                if not select.select([self.master], [], [], 0.1)[0]:
                    continue
                data = os.read(self.master, 65536)
            except (OSError, ValueError):
                return
            cpu, waited = spent(self.pid), delayed(self.pid)
            pieces = [Piece(at, part, cpu, waited) for at, part in self._delivered(data, time.perf_counter())]
            with self._there:
                self._pieces.extend(pieces)
                self._there.notify_all()
            asked = (asked + data)[-4096:]
            end = 0
            for query in QUERY.finditer(asked):
                known = self.answers and query[1] == b"2026"
                self._write(b"\x1b[?%s;%d$y" % (query[1], 2 if known else 0), pieces[-1].at + self.link.delay / 2)
                end = query.end()
            asked = asked[end:] if end else (half[0] if (half := HALF.search(asked)) else b"")

    def _delivered(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """The parts of what was read, and when each reaches the screen."""
        if not self.link.rate:
            return [(now + self.link.delay / 2, data)]
        found = []
        for start in range(0, len(data), PIECE):
            part = data[start : start + PIECE]
            self._free = max(now, self._free) + len(part) / self.link.rate
            found.append((self._free + self.link.delay / 2, part))
        return found

    def _write(self, data: bytes, at: float) -> None:
        with self._there:
            heapq.heappush(self._keys, (at, next(self._number), data))
            self._there.notify_all()

    def _send(self) -> None:
        while not self._over:
            with self._there:
                due = self._keys[0][0] - time.perf_counter() if self._keys else 0.2
                if due > 0:
                    self._there.wait(due)
                    continue
                data = heapq.heappop(self._keys)[2]
            with contextlib.suppress(OSError):
                os.write(self.master, data)

    # ── typing and looking ────────────────────────────────────────────────────────────────────────────────────────

    def press(self, keys: bytes) -> float:
        """Type; returns the moment."""
        now = time.perf_counter()
        if self.link.delay:
            self._write(keys, now + self.link.delay / 2)
        else:
            os.write(self.master, keys)
        return now

    def arrived(self, until: float) -> Piece | None:
        """The next piece that reaches the screen, if one does until then."""
        while True:
            with self._there:
                now = time.perf_counter()
                due = self._pieces[0].at if self._pieces else None
                if due is not None and due <= now:
                    return self._pieces.popleft()
                if now >= until:
                    return None
                self._there.wait(min(until, until if due is None else due) - now)

    def show(self, piece: Piece) -> bool:
        """Give a piece to the emulator; whether any cell of the picture is another one now."""
        self.written += piece.data
        data = self._half + piece.data
        half = HALF.search(data)
        self._half, data = (data[half.start() :], data[: half.start()]) if half else (b"", data)
        self.screen.dirty.clear()
        self._stream.feed(UNKNOWN.sub(b"", data))
        changed = False
        for y in self.screen.dirty:
            row = tuple(self.screen.buffer[y][x] for x in range(self.screen.columns))
            changed |= self._rows.get(y) != row
            self._rows[y] = row
        return changed

    @property
    def text(self) -> str:
        """What the screen shows."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def listen(self, quiet: float, limit: float, *, begun: float | None = None, wait: float | None = None,
               true: Callable[[Line], bool] | None = None) -> Found:  # fmt: skip
        """Take in what comes until nothing has come for `quiet` seconds, then show it and say what came when.

        Args:
            limit: seconds after which it is enough in any case.
            begun: the moment that times count from, e.g. of a key; by default now.
            wait: how long to wait for the first byte, and for what is looked for, where that is longer than `quiet`.
            true: what is looked for on the screen, for `seen`.
        """
        begun = time.perf_counter() if begun is None else begun
        before, used = (0.0, 0.0) if begun <= self.begun else (delayed(self.pid), spent(self.pid))
        end, last, total, pieces = begun + limit, begun, 0, list[Piece]()
        changed = moved = seen = None
        while True:
            patience = quiet if total else max(quiet, wait or 0.0) + self.link.delay
            piece = self.arrived(min(end, max(last, begun) + patience))
            if piece is not None:
                pieces.append(piece)
                last, total = piece.at, total + len(piece.data)
            if (now := time.perf_counter()) < end and (piece is not None or self.coming):
                continue
            for piece in pieces:
                moment = Moment(piece.at - begun, piece.cpu - used, piece.waited - before)
                if self.show(piece):
                    changed, moved = changed or moment, moment
                if seen is None and true is not None and true(self):
                    seen = moment
            if true is None or seen is not None or now >= min(end, begun + (wait or 0.0)):
                return Found(total, spent(self.pid) - used, changed, moved, seen)
            pieces, last = [], now

    @property
    def coming(self) -> bool:
        """Whether something is on its way over the link."""
        with self._there:
            return bool(self._pieces)

    # ── its end ───────────────────────────────────────────────────────────────────────────────────────────────────

    def ended(self, limit: float) -> int | None:
        """Its exit code (128 + n for a signal that it did not catch), if it ends within `limit` seconds."""
        try:
            code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        return 128 - code if code < 0 else code

    def cut(self) -> None:
        """The connection drops: nobody holds the terminal any more."""
        self._over = True
        for thread in self._threads:
            thread.join(1)
        os.close(self.slave)
        os.close(self.master)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        if not self._over:
            self.cut()


def spent(pid: int) -> float:
    """CPU seconds of all threads of a process, ended ones included; 0 once it is gone.

    The process's own clock, as clock_getcpuclockid(3) names it.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def delayed(pid: int) -> float:
    """Seconds that a process's main thread was ready to run and waited for a CPU: the second number of schedstat."""
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def memory(pid: int) -> float:
    """Resident memory of a process in MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
