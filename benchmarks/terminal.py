"""The terminal's budgets, measured through a real pseudo-terminal, as ratios to a blank Textual app in the same run.

    python benchmarks/terminal.py [--check] [--only start --only keys] [--rounds 5] [--models 1000]

Bytes are exact; times are told without those that other programs had the CPU, and with them. What a line means, and
what was measured when, stands in docs/terminal-budgets.md. `--check` ends with 1 where a value is over its budget.
Needs pyte, of `pip install lifecycle-tui[test]`. States are kept in the machine's temporary folder for the next run.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import terminal_keys
import terminal_leave
import terminal_live
import terminal_reads
import terminal_start
from terminal_line import Failed
from terminal_table import HEAD, Value

MANY = 10_000


def measures(folder: Path, rounds: int, models: int) -> dict[str, Callable[[], Iterator[Value]]]:
    """What can be measured, by the name that `--only` takes."""
    return {
        "start": lambda: terminal_start.starts(folder, rounds, models, MANY),
        "keys": lambda: terminal_keys.keys(folder, rounds, models),
        "busy": lambda: terminal_keys.busy(folder, rounds, models),
        "held": lambda: terminal_keys.held(folder, rounds, models),
        "idle": lambda: terminal_live.idle(folder, rounds, models),
        "live": lambda: terminal_live.live(folder, rounds, models),
        "plot": lambda: terminal_live.plot(folder, rounds, models),
        "leave": lambda: terminal_leave.leaving(folder),
        "reads": lambda: terminal_reads.reads(),
    }


def main() -> int:
    """Measure, print, and say whether a budget was broken."""
    names = list(measures(Path(), 1, 1))
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--only", action="append", choices=names, help="measure this alone; several times for several")
    words.add_argument("--rounds", type=int, default=5, help="how often each is done; medians are printed")
    words.add_argument("--models", type=int, default=1000, help="of the fleet; the start is measured at 10,000, too")
    words.add_argument("--check", action="store_true", help="end with 1 where a value is over its budget")
    chosen = words.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.setswitchinterval(0.0005)  # the thread that stamps times must not wait for the one that draws
    over = 0
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; 80x24; {chosen.models:,} models\n\n{HEAD}")
    with tempfile.TemporaryDirectory() as folder:
        for name, measure in measures(Path(folder), chosen.rounds, chosen.models).items():
            if chosen.only and name not in chosen.only:
                continue
            try:
                for value in measure():
                    print(value.line(), flush=True)
                    over += value.over
            except Failed as exc:
                print(f"{name}: not measured: {exc}", flush=True)
                over += 1
    print(f"\n{over} over budget; load {os.getloadavg()[0]:.1f}")
    return int(bool(over) and chosen.check)


if __name__ == "__main__":
    sys.exit(main())
