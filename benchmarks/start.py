"""What starting costs, as ratios: `--help`, `status` and the terminal's first paint at 1,000 models.

    python benchmarks/start.py [--models 1000] [--rounds 7] [--check]

Milliseconds say more about the machine than about the program, so every number is CPU time of a whole process divided
by that of `import textual.app` (commands) or of a blank Textual app up to its first paint (terminal), taken in the same
round; the medians of the rounds' ratios are printed beside their budgets (DESIGN, issue "Watch"). `--check` ends with 1
where one is over. Standard library alone; the state is written through the program's own writers.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import pty
import resource
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lifecycle_tui.state import models
from lifecycle_tui.state.database import State

LIFECYCLE = [sys.executable, "-c", "from lifecycle_tui.__main__ import main; main()"]
"""What the console script runs, without looking for it."""
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import textual.app": [sys.executable, "-c", "import textual.app"],
    "lifecycle --help": [*LIFECYCLE, "--help"],
    "lifecycle status": [*LIFECYCLE, "status"],
    "lifecycle status --format json": [*LIFECYCLE, "status", "--format", "json"],
}
BLANK = "from textual.app import App; App().run()"
PAINTS = {
    "blank Textual app": ([sys.executable, "-c", BLANK], b"\x1b[24;1H"),
    "lifecycle": (LIFECYCLE, b"help"),
}
BUDGETS = {"lifecycle --help": 0.25, "lifecycle status": 0.45, "lifecycle": 1.5}


def main() -> int:
    """Measure, print, and say whether a budget was broken."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--models", type=int, default=1000)
    words.add_argument("--rounds", type=int, default=7)
    words.add_argument("--check", action="store_true", help="end with 1 where a budget is broken")
    chosen = words.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        seed(root, chosen.models)
        runs = {name: lambda c=command: cpu(c, root) for name, command in COMMANDS.items()}
        over = report("import textual.app", runs, chosen.rounds)
        paints = {name: lambda c=command, t=text: first_paint(c, t, root) for name, (command, text) in PAINTS.items()}
        over |= report("blank Textual app", paints, chosen.rounds)
    return int(over and chosen.check)


def seed(root: Path, count: int) -> None:
    """A workspace with `count` models, each with a plausible row."""
    (root / "lifecycle.toml").write_text("", encoding="utf-8")
    now = datetime(2026, 4, 1, tzinfo=UTC)
    with State.open(root) as state, state.write() as tx:
        for n in range(count):
            history = tuple(0.9 - 0.001 * ((n + k) % 30) for k in range(12))
            models.put_model(
                tx,
                models.ModelFacts(
                    f"model-{n:05d}", ("ok", "ok", "ok", "warning")[n % 4], now, "inputs-moved: drift.max 0.21 >= 0.2",
                    "2026-03-31", now - timedelta(days=1), now, 20_000 + n, 20_000, 0.1, 2, 20, 0.21, "income",
                    history, "auc", 0.91, 0.9, 0.92, history,
                ),
            )  # fmt: skip


def cpu(command: list[str], root: Path) -> float:
    """CPU seconds, user and system, of the whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def first_paint(command: list[str], text: bytes, root: Path) -> float:
    """CPU seconds of a program in an 80x24 terminal until `text` has been written."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    # Its agent is started after the first paint, and would be left behind.
    env = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LIFECYCLE_AGENT": "off"}
    process = subprocess.Popen(
        command, cwd=root, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    seen, end = b"", time.monotonic() + 60
    try:
        while text not in seen:
            if time.monotonic() > end or process.poll() is not None:
                raise SystemExit(f"{command[-1][:40]} did not paint: {seen[-500:]!r}")
            if select.select([master], [], [], 0.5)[0]:
                seen += os.read(master, 65536)
        return spent(process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        os.close(master)
        os.close(slave)


def spent(pid: int) -> float:
    """CPU seconds of all threads of a running process, from the scheduler's nanoseconds."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def report(base: str, runs: dict, rounds: int) -> bool:
    """Run all in rotation, print medians and ratios to `base`, and say whether a budget was broken."""
    for run in runs.values():
        run()
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            found[name].append(run())
    print(f"{'':<34}{'cpu ms':>8}{'ratio':>8}  budget")
    over = False
    for name, values in found.items():
        ratio = statistics.median(value / whole for value, whole in zip(values, found[base], strict=True))
        budget = BUDGETS.get(name)
        verdict = "" if budget is None else f"{budget:.2f} {'ok' if ratio <= budget else 'OVER'}"
        over |= budget is not None and ratio > budget
        print(f"{name:<34}{1000 * statistics.median(values):>8.0f}{ratio:>8.2f}  {verdict}")
    print()
    return over


if __name__ == "__main__":
    sys.exit(main())
