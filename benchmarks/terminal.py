"""What the terminal sends over the line, at 1,000 models: until it has settled, while nobody does anything, per key.

    python benchmarks/terminal.py [--models 1000] [--idle 10] [--check]

Bytes are exact, so one run says them; a blank Textual app is measured beside it in the same run. CPU at the start is
measured by `start.py`. Standard library alone.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

from start import BLANK, LIFECYCLE, seed

QUIET = 1.3
"""Seconds without a byte after which a screen has settled."""
BUDGETS = {"start": 10_000, "idle": 0, "row down": 400, "page down": 3_000, "open model": 6_000, "back": 6_000}
"""Bytes; of idle, a second. The budgets of the first paint and of keys that scroll are 6 of 6's: here they are told."""
KEYS = {"row down": "j", "page down": "\x06", "open model": "\r", "next pane": "\t", "back": "\x1b", "palette": ":"}


class Line:
    """A program at the other end of a line of 80x24."""

    def __init__(self, command: list[str], root: Path) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LIFECYCLE_AGENT": "off"}
        self.process = subprocess.Popen(
            command, cwd=root, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)

    def settled(self) -> int:
        """Bytes until nothing has come for a while."""
        found, last = 0, time.monotonic()
        while time.monotonic() - last < QUIET or not found:
            if select.select([self.master], [], [], 0.1)[0]:
                found += len(os.read(self.master, 65536))
                last = time.monotonic()
            elif time.monotonic() - last > 30:
                raise SystemExit("nothing came for half a minute")
        return found

    def during(self, seconds: float) -> float:
        """Bytes a second while nobody does anything."""
        found, end = 0, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                found += len(os.read(self.master, 65536))
        return found / seconds

    def key(self, text: str) -> int:
        """Bytes that a key leads to."""
        os.write(self.master, text.encode())
        return self.settled()

    def end(self) -> None:
        """Kill it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.master)


def main() -> int:
    """Measure, print, and say whether a budget was broken."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--models", type=int, default=1000)
    words.add_argument("--idle", type=float, default=10.0, help="seconds to listen to an idle screen")
    words.add_argument("--check", action="store_true", help="end with 1 where a budget is broken")
    chosen = words.parse_args()
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        seed(root, chosen.models)
        blank = Line([sys.executable, "-c", BLANK], root)
        whole = blank.settled()
        blank.end()
        line = Line(LIFECYCLE, root)
        try:
            found["start"] = line.settled()
            found["idle"] = line.during(chosen.idle)
            for name, key in KEYS.items():
                found[name] = line.key(key)
        finally:
            line.end()
    print(f"{chosen.models} models, 80x24; a blank Textual app sends {whole:,} bytes at its start\n")
    over = False
    for name, value in found.items():
        budget = BUDGETS.get(name)
        verdict = "" if budget is None else f"budget {budget:,} {'ok' if value <= budget else 'OVER'}"
        over |= budget is not None and value > budget
        print(f"{name:<12}{value:>10,.0f} bytes{'/s' if name == 'idle' else '  '}  {verdict}")
    return int(over and chosen.check)


if __name__ == "__main__":
    sys.exit(main())
