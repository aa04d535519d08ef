"""A poor line between your terminal and a program: `python benchmarks/slow_line.py -- lifecycle`.

For people who want to feel what a change costs over SSH; `terminal.py` measures the same in numbers, and docs/walk.md
was walked through it. The program gets a pseudo-terminal of its own. What it writes waits in a queue that drains at
`--rate` KiB a second and reaches your terminal half a round trip later; keys take the other half. While more than
`--flight` KiB wait, nothing is read from the program, so that its writes block as behind a full SSH channel. When your
terminal goes (or SIGHUP or SIGTERM comes), the line drops: the program is hung up on, as by a lost connection. Linux
and macOS; standard library.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
import tty
from collections import deque
from dataclasses import dataclass, field
from types import FrameType

PIECE = 512
"""Bytes that arrive at once."""


@dataclass(slots=True)
class Way:
    """One direction: bytes that are on their way, with the moment at which each piece arrives.

    Attributes:
        rate: bytes a second, 0 for no limit; delay: seconds from the end of the queue to the other side.
    """

    rate: float
    delay: float
    _free: float = 0.0
    _pieces: deque[tuple[float, bytes]] = field(default_factory=deque)

    def put(self, data: bytes, now: float) -> None:
        """Send."""
        for start in range(0, len(data), PIECE):
            part = data[start : start + PIECE]
            self._free = max(now, self._free) + (len(part) / self.rate if self.rate else 0.0)
            self._pieces.append((self._free + self.delay, part))

    def take(self, now: float) -> bytes:
        """What has arrived by now."""
        found = []
        while self._pieces and self._pieces[0][0] <= now:
            found.append(self._pieces.popleft()[1])
        return b"".join(found)

    def waiting(self, now: float) -> float:
        """Bytes that still wait in the queue."""
        return max(0.0, self._free - now) * self.rate

    @property
    def next(self) -> float | None:
        """When the next piece arrives."""
        return self._pieces[0][0] if self._pieces else None


@dataclass(slots=True)
class Told:
    """What went over the line, for `--told`."""

    down: int = 0
    up: int = 0
    behind: float = 0.0

    def words(self) -> str:
        """In a line."""
        return f"{self.down} bytes to the screen, {self.up} from the keys, at most {self.behind:.2f} s behind\n"


class Dropped(Exception):
    """The near side is gone."""


def main() -> int:
    """Run the command over the line; its exit code."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rate", type=float, default=32.0, help="KiB a second to the screen; 0: no limit")
    words.add_argument("--rtt", type=float, default=150.0, help="milliseconds there and back")
    words.add_argument("--flight", type=float, default=64.0, help="KiB that wait before the program's writes block")
    words.add_argument("--told", help="a file for the number of bytes, written at the end")
    words.add_argument("command", nargs="+", help="after --")
    chosen = words.parse_args()
    if not sys.stdin.isatty():
        words.error("standard input is no terminal")
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, _drop)
    found = termios.tcgetattr(0)
    told = Told()
    try:
        tty.setraw(0)
        delay = chosen.rtt / 2000
        return _run(chosen.command, Way(chosen.rate * 1024, delay), Way(0.0, delay), chosen.flight * 1024, told)
    finally:
        with contextlib.suppress(termios.error, OSError):
            termios.tcsetattr(0, termios.TCSADRAIN, found)
        if chosen.told:
            with open(chosen.told, "a", encoding="utf-8") as file:
                file.write(told.words())


def _drop(number: int, frame: FrameType | None) -> None:
    raise Dropped


def _run(command: list[str], down: Way, up: Way, flight: float, told: Told) -> int:
    master, slave = pty.openpty()
    _same_size(master)
    signal.signal(signal.SIGWINCH, lambda *_: _same_size(master))
    runs = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(slave)
    try:
        with contextlib.suppress(Dropped):
            _relay(master, down, up, flight, told)
    finally:
        os.close(master)
    code = runs.wait()
    return 128 - code if code < 0 else code


def _relay(master: int, down: Way, up: Way, flight: float, told: Told) -> None:
    """Until the program has ended and all of its bytes have arrived."""
    ended = False
    while not (ended and down.next is None):
        now = time.monotonic()
        full = down.waiting(now) > flight
        reads = [0] if ended else [0] if full else [0, master]
        due = min((at for at in (down.next, up.next) if at is not None), default=now + 1.0)
        ready = select.select(reads, [], [], max(0.0, min(due - now, 0.02 if full else 1.0)))[0]
        now = time.monotonic()
        if 0 in ready:
            try:
                keys = os.read(0, 4096)
            except OSError:
                keys = b""
            if not keys:
                raise Dropped
            told.up += len(keys)
            up.put(keys, now)
        if master in ready:
            try:
                data = os.read(master, 16384)
            except OSError:  # what Linux says when nobody holds the other side any more
                data = b""
            ended = not data
            told.down += len(data)
            down.put(data, now)
            told.behind = max(told.behind, (down.waiting(now) / down.rate if down.rate else 0.0) + down.delay)
        try:
            _all(1, down.take(now))
        except OSError as exc:
            raise Dropped from exc
        with contextlib.suppress(OSError):
            _all(master, up.take(now))


def _all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _same_size(master: int) -> None:
    with contextlib.suppress(OSError):
        fcntl.ioctl(master, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))


if __name__ == "__main__":
    sys.exit(main())
