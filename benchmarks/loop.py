"""What a turn of the loop costs at many models: all of them, and only the one about which something has changed.

    python benchmarks/loop.py [--models 1000] [--windows 60] [--rounds 7] [--check]

CPU time of this process, as ratios in one run: a turn over all models is divided by reading the same models' rows with
one plain query a table and model, a turn over one model by the turn over all. `--check` ends with 1 where one is over
its budget. The state is written through the program's own writers; the data directory is a temporary one.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lifecycle_tui.agent import loop as turns
from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.specs import ColumnsSpec, DataSpec, ModelSpec, ReferenceSpec, TrainingSpec, WorkspaceSpec
from lifecycle_tui.domain.windows import TimeWindow, Window
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import feed, jobs, record
from lifecycle_tui.state import loop as memory
from lifecycle_tui.state.database import State

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BUDGETS = {"turn over all / plain reads": 8.0, "turn over one / turn over all": 0.05}


def main() -> int:
    """Measure, print, and say whether a budget was broken."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--models", type=int, default=1000)
    words.add_argument("--windows", type=int, default=60)
    words.add_argument("--rounds", type=int, default=7)
    words.add_argument("--check", action="store_true", help="end with 1 where a budget is broken")
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, State.open(Path(folder)) as state:
        spec = _fleet(Path(folder), chosen.models)
        _fill(state, spec, chosen.windows)
        found = [_round(state, spec, number) for number in range(chosen.rounds)]
    over = False
    for name, budget in BUDGETS.items():
        ratio = statistics.median(one[name] for one in found)
        over |= ratio > budget
        print(f"{name:32} {ratio:8.3f}   budget {budget}")
    for name in ("plain reads", "turn over all", "turn over one"):
        print(f"{name:32} {1000 * statistics.median(one[name] for one in found):8.1f} ms CPU")
    return 1 if over and chosen.check else 0


def _fleet(root: Path, count: int) -> WorkspaceSpec:
    data = DataSpec(ReferenceSpec(), TimeWindow(1, "day"))
    training = TrainingSpec(schedule="0 3 * * *")
    models = tuple(
        ModelSpec(f"model-{i:05d}", "regression", data, ColumnsSpec(), training=training) for i in range(count)
    )
    return WorkspaceSpec(root, root / "lifecycle.toml", models=models)


def _fill(state: State, spec: WorkspaceSpec, windows: int) -> None:
    for model in spec.models:
        with state.write(durable=False) as tx:
            for day in range(windows):
                start = NOW + (day - windows) * DAY
                window = Window(f"{start:%Y-%m-%d}", day, start, start + DAY, 100)
                record.record(tx, [WindowResult(model.name, window, "", (), start + DAY, 100)])
            for number in (1, 2):
                versions.register(
                    tx, versions.NewVersion(model.name, "trained", artifact="a" * 64, job_id=number), NOW
                )  # fmt: skip
                aliases.set_alias(tx, model.name, "champion", number, "agent", None, NOW)
            jobs.enqueue(tx, "retrain", model.name, {}, NOW - DAY)
    with state.write() as tx:
        tx.execute("UPDATE jobs SET state = 'done', live_key = NULL, outcome = '{}'")


def _round(state: State, spec: WorkspaceSpec, number: int) -> dict[str, float]:
    now = NOW + timedelta(minutes=number)
    with state.write() as tx:
        turns.turn(tx, spec, now)
        plain = _cpu(lambda: _read(tx, spec))
        whole = _cpu(lambda: turns.turn(tx, spec, now + timedelta(seconds=20)))
        seq = feed.latest(tx)
        tx.execute("UPDATE jobs SET progress_done = ? WHERE model = ?", (number, spec.models[0].name))

        def one() -> None:
            names = memory.moved(tx, seq) | memory.due(tx, now)
            some = replace(spec, models=tuple(m for m in spec.models if m.name in names))
            assert len(some.models) == 1
            turns.turn(tx, some, now + timedelta(seconds=30))

        single = _cpu(one)
    return {
        "plain reads": plain, "turn over all": whole, "turn over one": single,
        "turn over all / plain reads": whole / plain, "turn over one / turn over all": single / whole,
    }  # fmt: skip


def _read(tx: sqlite3.Connection, spec: WorkspaceSpec) -> None:
    """What a turn cannot do without: one query a table and model."""
    for model in spec.models:
        name = (model.name,)
        tx.execute("SELECT * FROM loop WHERE model = ?", name).fetchall()
        tx.execute("SELECT * FROM aliases WHERE model = ?", name).fetchall()
        tx.execute("SELECT * FROM alerts WHERE model = ? AND state <> 'resolved'", name).fetchall()
        tx.execute("SELECT * FROM jobs WHERE model = ? ORDER BY id DESC LIMIT 1", name).fetchall()
        tx.execute("SELECT * FROM judgements WHERE model = ? ORDER BY id DESC LIMIT 1", name).fetchall()
        tx.execute(
            "SELECT sum(labels), max(key) FROM windows WHERE model = ? AND version = '' AND current = 1", name
        ).fetchall()


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    sys.exit(main())
