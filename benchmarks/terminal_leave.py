"""Six ways to leave: is the terminal as it was found, and is the exit code the right one?"""

from __future__ import annotations

import os
import re
import signal
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

from terminal_line import Failed, Line
from terminal_programs import lifecycle, settled
from terminal_seed import Shape, kept
from terminal_table import Value

SHAPE = Shape(50, 8)
MODES = (1049, 47, 1047, 9, 1000, 1002, 1003, 1005, 1006, 1015, 1016, 1004, 2004, 2026, 2048, 1)
"""Private modes that are off in a terminal as one finds it: other screen, mouse, focus, paste, output in one piece."""
ON = (25, 7)
"""Those that are on: the cursor shows, lines wrap."""
PATIENCE = 10.0


def send(number: int) -> Callable[[Line], object]:
    """How to leave by a signal."""
    return lambda line: os.kill(line.pid, number)


WAYS: dict[str, tuple[Callable[[Line], object], int]] = {
    "quit": (lambda line: line.press(b"q"), 0),
    "exception": (lambda line: line.press(b"X"), 3),
    "SIGINT": (send(signal.SIGINT), 130),
    "SIGTERM": (send(signal.SIGTERM), 143),
    "SIGHUP": (send(signal.SIGHUP), 129),
    "connection lost": (lambda line: line.cut(), 129),
}
"""How to leave, and the code that is right."""


def leaving(folder: Path) -> Iterator[Value]:
    """Every way once; what is wrong is counted, and named."""
    for name, (leave, code) in WAYS.items():
        try:
            wrong = _left(folder, leave, code, name)
        except Failed as exc:
            wrong = [str(exc)]
        yield Value(f"leaving: {name}", len(wrong), "", 0, ", ".join(wrong) or f"as found, code {code}")


def _left(folder: Path, leave: Callable[[Line], object], code: int, name: str) -> list[str]:
    """What is wrong after leaving."""
    with lifecycle(kept(SHAPE), folder, broken=name == "exception") as line:
        settled(line, quiet=0.5)
        leave(line)
        ended = line.ended(PATIENCE)
        wrong = [] if ended == code else [f"code {ended}, not {code}"]
        if name != "connection lost":
            line.listen(0.1, 1.0)
            wrong += left_on(line)
        return wrong


def left_on(line: Line) -> list[str]:
    """What is not in the terminal as it was found, by what was written and by its settings."""
    found = []
    last = {mode.decode(): value for modes, value in re.findall(rb"\x1b\[\?([0-9;]+)([hl])", line.written)
            for mode in modes.split(b";")}  # fmt: skip
    found += [f"mode {mode} on" for mode in MODES if last.get(mode) == b"h"]
    found += [f"mode {mode} off" for mode in ON if last.get(mode) == b"l"]
    pushed = len(re.findall(rb"\x1b\[>[0-9]+u", line.written))
    popped = sum(int(n or 1) for n in re.findall(rb"\x1b\[<([0-9]*)u", line.written))
    if pushed > popped:
        found.append("keyboard mode pushed")
    colours = re.findall(rb"\x1b\[([0-9;:]*)m", line.written)
    if colours and colours[-1] not in (b"", b"0"):
        found.append("colours on")
    if termios.tcgetattr(line.slave)[:4] != line.settings[:4]:
        found.append("tty settings differ")
    return found
