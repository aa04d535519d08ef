"""What the terminal costs while nobody touches it: idle, a hundred events a second, and a plot that grows."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from terminal_line import Failed, Line, spent
from terminal_programs import blank, counts, environment, lifecycle, settled
from terminal_seed import Shape, copy, kept
from terminal_table import Value, middle

WRITER = Path(__file__).with_name("terminal_writer.py")
BRAILLE = re.compile("[\u2801-\u28ff]")
SECONDS = 10.0
"""How long is listened at once."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Bytes a second, and per cent of a CPU."""

    bytes: float
    cpu: float


@contextmanager
def writer(root: Path, mode: str, rate: float, shape: Shape) -> Iterator[None]:
    """A worker that writes so many events a second, until the end."""
    words = [sys.executable, str(WRITER), str(root), mode, str(rate), str(shape.models), str(shape.windows)]
    process = subprocess.Popen(words, env=environment(root / "home"), stdin=subprocess.DEVNULL)
    try:
        yield
        if process.poll() is not None:
            raise Failed("the writer ended before its time")
    finally:
        process.kill()
        process.wait()


def listen(line: Line, seconds: float = SECONDS) -> Heard:
    """What a line says, and its program uses, while nobody types."""
    begun, used = time.perf_counter(), spent(line.pid)
    found = line.listen(seconds, seconds, begun=begun)
    took = time.perf_counter() - begun
    return Heard(found.bytes / took, 100 * (spent(line.pid) - used) / took)


def idle(folder: Path, rounds: int, models: int) -> Iterator[Value]:
    """Nobody does anything, and nothing happens."""
    with lifecycle(kept(Shape(models, 8)), folder) as ours, blank(folder) as base:
        settled(ours, quiet=3.0)
        settled(base, counts)
        ours.listen(5.0, 5.0)  # what follows the first picture, e.g. looking for an agent
        heard = [(listen(ours), listen(base)) for _ in range(rounds)]
    yield Value("idle: bytes", middle(a.bytes for a, _ in heard), "B/s", 0,
                f"most {max(a.bytes for a, _ in heard):.0f}: ages move each minute")  # fmt: skip
    yield Value(
        "idle: CPU", middle(a.cpu for a, _ in heard), "%", 0.5, f"blank {middle(b.cpu for _, b in heard):.2f} %"
    )


def live(folder: Path, rounds: int, models: int) -> Iterator[Value]:
    """A hundred events a second, on the fleet."""
    shape = Shape(models, 8)
    with copy(shape) as root, lifecycle(root, folder) as line:
        settled(line)
        with writer(root, "fleet", 100, shape):
            line.listen(2.0, 2.0)
            heard = [listen(line) for _ in range(rounds)]
    yield Value("live, 100 events a second: bytes", middle(h.bytes for h in heard), "B/s", 4_000)
    yield Value("live, 100 events a second: CPU", middle(h.cpu for h in heard), "%", 3)


def plot(folder: Path, rounds: int, models: int) -> Iterator[Value]:
    """A metric drawn over its windows, of which there is one more each second."""
    shape = Shape(models, 90)
    with copy(shape) as root, lifecycle(root, folder) as line:
        settled(line)
        for key in (b"\r", b"3"):
            line.listen(0.5, 5, begun=line.press(key))
        if not BRAILLE.search(line.text):
            raise Failed(f"no plot of a metric; the screen shows:\n{line.text}")
        with writer(root, "windows", 1, shape):
            line.listen(2.0, 2.0)
            heard = [listen(line) for _ in range(rounds)]
    yield Value("plot at 1 Hz: bytes a frame", middle(h.bytes for h in heard), "B", 4_000,
                f"{middle(h.cpu for h in heard):.1f} % cpu")  # fmt: skip
