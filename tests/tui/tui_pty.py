"""A program in a real pseudo-terminal, its screen read through pyte. For the tests that a pilot cannot make."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import pyte

MODES = ("1049", "1000", "1002", "1003", "1006", "1004", "2004", "2026", "2048")
"""Private modes that must be off at the end: alternate screen, mouse, focus, paste, synchronised output, resize."""

QUERY = b"\x1b[?2026$p"
UNKNOWN = re.compile(rb"\x1b\[[<>=?][0-9;]*u|\x1b\[\?[0-9]+\$p|\x1b\]22;[a-z-]*\x07")
"""What pyte takes for something else: "push keyboard mode" for "restore cursor", the pointer's shape for a title."""


def _take_terminal() -> None:
    """In the child: make the pseudo-terminal the session's own, so that its end sends SIGHUP."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """`python -m lifecycle_tui` (or what `run` says) in a pseudo-terminal of its own.

    Args:
        folder: where it is started.
        controlling: whether the program is told (SIGHUP) when the terminal goes, as over SSH.
        env: what differs from this process's environment; None removes a name.

    Attributes:
        answers: whether it says that it knows synchronized output when it is asked, as terminals do; False holds the
            answers back, as a slow line does, until `answer` sends them.
    """

    def __init__(
        self, folder: Path, *, size: tuple[int, int] = (80, 24), env: dict[str, str | None] | None = None,
        run: Sequence[str] = ("-m", "lifecycle_tui"), controlling: bool = True,
    ) -> None:  # fmt: skip
        columns, rows = size
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.answers = True
        self._asked = self._answered = 0
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        # The size is the terminal's own, whatever somebody has put into the environment.
        fresh = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
        settings: dict[str, str | None] = {**os.environ, **fresh, **(env or {}), "COLUMNS": None, "LINES": None}
        self.process = subprocess.Popen(
            [sys.executable, *run], cwd=folder, stdin=self.slave, stdout=self.slave, stderr=self.slave,
            env={name: value for name, value in settings.items() if value is not None}, start_new_session=True,
            preexec_fn=_take_terminal if controlling else None,
        )  # fmt: skip

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    @property
    def text(self) -> str:
        """What the terminal shows."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, true: Callable[[], bool], what: str, limit: float = 90.0) -> None:
        """Read until something is true of what was written."""
        end = time.monotonic() + limit
        while not true():
            left = end - time.monotonic()
            assert left > 0, f"still not so: {what}\n{self.text}"
            ready, _, _ = select.select([self.master], [], [], min(left, 0.2))
            if ready:
                self._read()

    def _read(self) -> None:
        found = os.read(self.master, 65536)
        self.raw += found
        self._asked = self.raw.count(QUERY)
        if self.answers:
            self.answer()
        self._stream.feed(UNKNOWN.sub(b"", found))

    def calm(self, seconds: float = 0.3) -> None:
        """Read until nothing has come for so long, while the program did not wait for a processor either."""
        end = time.monotonic() + 90
        while True:
            assert time.monotonic() < end, f"it does not come to rest\n{self.text}"
            if select.select([self.master], [], [], seconds)[0]:
                self._read()
            elif not self._runs():
                return

    def _runs(self) -> bool:
        """Whether one of the program's threads computes, or would if it got a processor or its file."""
        found = Path(f"/proc/{self.process.pid}/task").glob("*/stat")
        with contextlib.suppress(OSError):  # one that ends meanwhile
            return any(stat.read_text().rpartition(")")[2].split()[0] in "RD" for stat in found)
        return True

    def drain(self) -> None:
        """Read what has come so far."""
        while select.select([self.master], [], [], 0)[0]:
            self._read()

    def answer(self) -> None:
        """Send the answers that are due to "is synchronized output known here?"."""
        self.type("\x1b[?2026;2$y" * (self._asked - self._answered))
        self._answered = self._asked

    def resize(self, columns: int, rows: int) -> None:
        """The window gets another size; the program is told by SIGWINCH."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def shows(self, text: str) -> None:
        """Wait until the screen shows a text."""
        self.until(lambda: text in self.text, text)

    def type(self, keys: str) -> None:
        """Send keys."""
        if keys:
            os.write(self.master, keys.encode())

    def cut(self) -> None:
        """The terminal itself goes, as a connection that drops: SIGHUP tells the program, which can write no more."""
        os.close(self.master)
        self.master = os.open(os.devnull, os.O_RDWR)

    def ends(self) -> int:
        """Wait for the end and return the exit code (128 + n for a signal that was not caught)."""
        self.until(lambda: self.process.poll() is not None, "the program ended")
        while select.select([self.master], [], [], 0)[0]:
            self._read()
        code = self.process.wait()
        return 128 - code if code < 0 else code

    def left_on(self) -> list[str]:
        """What the program left switched on in the terminal; nothing is right."""
        found = []
        for mode in MODES:
            switched = re.findall(rb"\x1b\[\?" + mode.encode() + rb"([hl])", self.raw)
            if switched and switched[-1] == b"h":
                found.append(mode)
        shown = re.findall(rb"\x1b\[\?25([hl])", self.raw)
        if shown and shown[-1] == b"l":
            found.append("cursor hidden")
        pushed, popped = len(re.findall(rb"\x1b\[>[0-9]+u", self.raw)), len(re.findall(rb"\x1b\[<[0-9]*u", self.raw))
        if pushed > popped:
            found.append("keyboard mode")
        if termios.tcgetattr(self.slave)[:4] != self.before[:4]:
            found.append("terminal settings")
        return found
