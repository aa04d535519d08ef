"""How soon a changed file counts, in a workspace of many models: as a ratio to reading its files once.

    python benchmarks/following.py [--models 1000] [--rounds 5] [--check]

An agent runs at its own pace, without workers. Each round edits one model's file; wall time passes from the edit to the
line that says it is taken, and is divided by what `open_workspace` takes on the same files just before. `--check` ends
with 1 where that is over its budget: 2 seconds on a machine that reads the files in 0.75, or 4 readings.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from lifecycle_tui.agent.agent import Agent
from lifecycle_tui.agent.workers.supervisor import Supervisor
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace

BUDGET = 4.0
FLOOR = 2.0
MODEL = """\
task = "regression"
[data]
table = "t.csv"
reference = {{ rows = 100 }}
window = "100 rows"
[columns]
target = "y"
prediction = "p"
[rules.moved]
when = "drift.max >= {level}"
"""


def main() -> int:
    """Measure, print, and say whether the budget was broken."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--models", type=int, default=1000)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--check", action="store_true", help="end with 1 where the budget is broken")
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = _measured(Path(folder), chosen.models, chosen.rounds)
    reads, takes = (statistics.median(values) for values in zip(*found, strict=True))
    print(f"reading the files {reads:6.2f} s   until a change is taken {takes:6.2f} s   ratio {takes / reads:5.2f}")
    return 1 if chosen.check and takes > FLOOR and takes / reads > BUDGET else 0


def _measured(root: Path, models: int, rounds: int) -> list[tuple[float, float]]:
    (root / "models").mkdir()
    (root / "lifecycle.toml").write_text('include = ["models/*.toml"]\n')
    (root / "t.csv").write_text("y,p\n1,2\n")
    for n in range(models):
        (root / "models" / f"m{n}.toml").write_text(MODEL.format(level=0.2))
    State.open(root).close()
    Supervisor.start = lambda self, only=None: None  # type: ignore[assignment,method-assign]
    said: list[str] = []
    agent = Agent(root / "lifecycle.toml", say=said.append)
    thread = threading.Thread(target=agent.run)
    thread.start()
    try:
        threading.Event().wait(3.0)
        return [_taken(root, said, n) for n in range(rounds)]
    finally:
        agent.stop()
        thread.join()


def _taken(root: Path, said: list[str], n: int) -> tuple[float, float]:
    begun = time.perf_counter()
    open_workspace(root / "lifecycle.toml")
    reads, count = time.perf_counter() - begun, sum("taken" in line for line in said)
    begun = time.perf_counter()
    (root / "models" / f"m{n}.toml").write_text(MODEL.format(level=f"0.3{n}"))
    while sum("taken" in line for line in list(said)) == count:
        if time.perf_counter() - begun > 120:
            raise SystemExit("the change has not been taken within two minutes")
        threading.Event().wait(0.005)
    return reads, time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
