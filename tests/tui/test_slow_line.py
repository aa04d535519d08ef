"""The poor line that docs/walk.md was walked over: bytes arrive whole and late, and a drop is a hang-up."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "slow_line.py"
ECHO = """
import os, signal, sys, termios
signal.signal(signal.SIGHUP, lambda *_: (open(sys.argv[1], "w").write("hung up"), os._exit(1)))
print(*os.get_terminal_size(), flush=True)
settings = termios.tcgetattr(0)
settings[3] &= ~(termios.ECHO | termios.ICANON)
termios.tcsetattr(0, termios.TCSANOW, settings)
print("ready", flush=True)
while (key := os.read(0, 1)) != b"q":
    os.write(1, b"<" + key * 2000 + b">")
sys.exit(7)
"""


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The relay in a terminal of 70x20 cells, and the program behind it."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 70, 0, 0))
    command = [sys.executable, str(SCRIPT), "--rate", "20", "--rtt", "100", "--told", str(tmp_path / "told"), "--"]
    runs = subprocess.Popen(
        [*command, sys.executable, "-c", ECHO, str(tmp_path / "end")],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(slave)
    yield master, runs
    if runs.poll() is None:
        os.killpg(runs.pid, signal.SIGKILL)
        runs.wait()
    os.close(master)


def until(master: int, words: bytes) -> bytes:
    """What comes until these words have come."""
    found, end = b"", time.monotonic() + 20
    while words not in found:
        assert select.select([master], [], [], max(0.0, end - time.monotonic()))[0], f"no {words!r} in {found[-200:]!r}"
        found += os.read(master, 65536)
    return found


def test_what_is_typed_comes_back_whole_and_late(line: tuple[int, subprocess.Popen[bytes]], tmp_path: Path) -> None:
    master, runs = line
    assert b"70 20" in until(master, b"ready"), "as large as the terminal"
    begun = time.monotonic()
    os.write(master, b"x")
    assert b"<" + b"x" * 2000 + b">" in until(master, b">")
    assert time.monotonic() - begun >= 0.190, "a round trip of 0.1 s, and 2 KB at 20 KiB a second"
    os.write(master, b"q")
    assert runs.wait(20) == 7, "the program's own exit code"
    assert (tmp_path / "told").read_text().endswith("s behind\n")


def test_when_the_terminal_goes_the_program_is_hung_up_on(
    line: tuple[int, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    master, runs = line
    until(master, b"ready")
    runs.send_signal(signal.SIGHUP)
    runs.wait(20)
    assert (tmp_path / "end").read_text() == "hung up"


def test_a_way_delivers_in_order_at_its_rate() -> None:
    way = module().Way(rate=1024.0, delay=0.5)
    way.put(b"a" * 512 + b"b" * 512, 0.0)
    assert (way.waiting(0.0), way.next) == (1024.0, 1.0)
    assert way.take(0.99) == b"" and way.take(1.0) == b"a" * 512 and way.take(1.5) == b"b" * 512
    way.put(b"c", 10.0)
    assert way.next == pytest.approx(10.5 + 1 / 1024), "an idle line owes nothing"


def module() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("slow_line", SCRIPT)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules["slow_line"] = found
    spec.loader.exec_module(found)
    return found
