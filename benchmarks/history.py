"""What grows with history and what must not: the 1,000th window beside the 2nd, and screens over a year of hours.

    python benchmarks/history.py [windows] [--windows 1000] [--hours 8760] [--columns 200]

`windows` evaluates many small windows by the evaluate job's own code and prints CPU time a window (reading, judging,
recording) and memory, of those around the 1,000th over those around the 2nd. `screens` writes a year of hourly windows
by the program's own writers (profiles merged upward) and times the queries behind each screen and `lifecycle status`,
`history`; 50 ms is what a screen may take.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lifecycle_tui.agent.work import evaluate as work
from lifecycle_tui.agent.work.windows import Measurer
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.domain.results import StoredProfile, WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import DataReport, FragmentPart, Window
from lifecycle_tui.state import fleet, jobs, models, periods, processes, record, timeline, windows
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.grid_rows import View
from lifecycle_tui.tui.reads import drift, fleet_page, history, model, performance, workspace
from lifecycle_tui.workspace import open_workspace

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOML = """\
[models.shop]
task = "binary"
[models.shop.data]
table = "rows/*.csv"
reference = { until = 2025-01-03 }
window = "1 hour"
[models.shop.columns]
timestamp = "ts"
target = "bought"
positive = 1
score = "p"
"""


def data(root: Path, hours: int) -> None:
    """A file a day, 40 rows an hour, five columns."""
    (root / "lifecycle.toml").write_text(TOML, "utf-8")
    (root / "rows").mkdir()
    rng = random.Random(1)
    for day in range((hours + 23) // 24 + 3):
        lines = ["ts,a,b,c,kind,p,bought"]
        for i in range(24 * 40):
            at = BEGIN + timedelta(days=day, seconds=90 * i)
            x = [f"{rng.gauss(0, 1):.4f}" for _ in range(3)]
            p = rng.random()
            lines.append(f"{at:%Y-%m-%dT%H:%M:%S},{','.join(x)},{rng.choice('abcd')},{p:.3f},{int(rng.random() < p)}")
        (root / f"rows/{day:03}.csv").write_text("\n".join(lines) + "\n", "utf-8")


def each_window(count: int) -> None:
    """CPU time and memory of each window of one long evaluation."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        data(root, count)
        spent: list[tuple[float, int]] = []
        real = Measurer.whole, record.record

        def whole(self, state):  # type: ignore[no-untyped-def]
            begun = time.process_time()
            found = real[0](self, state)
            spent.append((time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
            return found

        def recorded(tx, results, *, whole=False):  # type: ignore[no-untyped-def]
            begun = time.process_time()
            found = real[1](tx, results, whole=whole)
            spent[-1] = spent[-1][0] + time.process_time() - begun, spent[-1][1]
            return found

        Measurer.whole, work.record.record = whole, recorded  # type: ignore[method-assign, assignment]
        try:
            run(root, BEGIN + timedelta(days=3 + count / 24 + 1))
        finally:
            Measurer.whole, work.record.record = real  # type: ignore[method-assign]
        early, late = spent[1:41], spent[count - 40 : count]
        cost = [statistics.median(t for t, _ in some) for some in (early, late)]
        memory = [some[-1][1] / 1024 for some in (early, late)]
        print(f"{len(spent)} windows evaluated; median of 40")
        print(
            f"CPU     {1e3 * cost[0]:.2f} ms early   {1e3 * cost[1]:.2f} ms at {count}   ratio {cost[1] / cost[0]:.2f}"
        )
        print(f"memory  {memory[0]:.0f} MB early   {memory[1]:.0f} MB at {count}   ratio {memory[1] / memory[0]:.2f}")


def run(root: Path, now: datetime) -> None:
    """One evaluation in this process."""
    space = open_workspace(root / "lifecycle.toml")
    with State.open(root) as state:
        with state.write() as tx:
            models.declare(tx, [models.Declared("shop", "binary", None)])
            jobs.enqueue(tx, "evaluate", "shop", {}, now)
            job = jobs.claim(tx, processes.this(), now)
        assert job is not None
        journal = root / ".lifecycle" / "calls.jsonl"
        work.evaluate(JobContext(state, space, job.id, FixedClock(now), journal), space.spec.model("shop"))


def year(root: Path, hours: int, columns: int) -> None:
    """A year of hourly windows: three signals a column, those about no column, and profiles (days, months, hours)."""
    names = [f"column_{i:03}" for i in range(columns)]
    blob = random.Random(1).randbytes(3000)
    detail = json.loads(json.dumps({"p_value": 0.3, "effect": 0.01, "definition": "as measured", "basis": "x" * 40}))
    profiles = tuple(StoredProfile(name, "numeric", "g" * 16, blob) for name in names)
    with State.open(root) as state:
        with state.write() as tx:
            models.declare(tx, [models.Declared("shop", "binary", "web")])
        for first in range(0, hours, 50):
            with state.write(durable=False) as tx:
                for n in range(first, min(hours, first + 50)):
                    record.record(tx, [result(n, names, detail, profiles if n >= hours - 14 * 24 else ())])
                    models.put_model(tx, models.ModelFacts("shop", "ok", BEGIN + n * HOUR))
        with state.write(durable=False) as tx:
            for unit, length, count in (("month", 30, 6), ("day", 1, 170)):
                for i in range(count):
                    start = BEGIN + timedelta(days=i * length + (180 if unit == "day" else 0))
                    end = start + timedelta(days=length)
                    old = [
                        periods.OldWindow(0, f"{start + k * HOUR:%Y-%m-%dT%H}", start, end, 200, 0)
                        for k in range(24 * length)
                    ]
                    periods.merge(tx, periods.PeriodRow(0, "shop", unit, start, end, 4800, len(old)), profiles, [], [])
                    (id_,) = tx.execute("SELECT max(id) FROM periods").fetchone()
                    tx.executemany(
                        "INSERT OR REPLACE INTO period_windows (model, key, period_id) VALUES ('shop', ?, ?)",
                        [(w.key, id_) for w in old],
                    )


def result(n: int, names: list[str], detail: dict, profiles: tuple[StoredProfile, ...]) -> WindowResult:
    """One window."""
    start = BEGIN + n * HOUR
    window = Window(f"{start:%Y-%m-%dT%H}", n, start, start + HOUR, 200, (FragmentPart(f"{n}.csv", 200, f"d{n}"),))
    signals = [
        Signal(f"{kind}.{name}", n % 7 / 100, 0.0, 0.2, 200, "ok", "no drift", name, kind, detail)
        for name in names
        for kind in ("psi", "ks", "change")
    ]
    signals += [
        Signal(name, 0.5 + n % 5 / 10, 0.4, 0.9, 200)
        for name in (
            "drift.share",
            "drift.max",
            "drift.count",
            "rows",
            "labels.share",
            "auc",
            "recall",
            "estimated.auc",
        )
    ]
    signals.append(Signal("reading", None, state="ok", message="nothing is wrong", detail={"kind": "none"}))
    return WindowResult("shop", window, "", tuple(signals), start + HOUR, 200, True, DataReport(200, ()), profiles, "b")


def screens(hours: int, columns: int) -> None:
    """The queries of each screen, and of commands, over a year."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        begun = time.process_time()
        year(root, hours, columns)
        size = (root / ".lifecycle" / "state.db").stat().st_size / 1e6
        print(
            f"{hours} windows x {columns} columns: {size:.0f} MB of state, {time.process_time() - begun:.0f} s to write"
        )
        now = BEGIN + hours * HOUR
        newest, middle = (f"{BEGIN + n * HOUR:%Y-%m-%dT%H}" for n in (hours - 1, hours // 3))
        with State.view(root) as state, state.read() as conn:
            (id_,) = conn.execute("SELECT id FROM windows WHERE key = ?", (newest,)).fetchone()
            looks: dict[str, Callable[[sqlite3.Connection], object]] = {
                "fleet": lambda c: fleet_page.page(c, Path(), View(lines=60), now),
                "model: overview": lambda c: model.story(c, "shop", now),
                "model: drift, newest window": lambda c: windows.of_window(c, "shop", newest),
                "model: drift, windows to choose": lambda c: windows.windows(c, "shop", 60),
                "model: drift, past of a signal": lambda c: drift.signal_past(c, "shop", "psi.column_007", 60),
                "model: drift, a column": lambda c: windows.column_history(c, "shop", "column_007", 60),
                "model: performance": lambda c: performance.series(c, "shop", "auc", 60),
                "model: performance, one": lambda c: performance.one(c, "shop", "auc", 60),
                "model: history": lambda c: history.page(c, "shop", history.CHOICES[1], None),
                "history": lambda c: history.page(c, None, history.CHOICES[0], None),
                "workspace": lambda c: workspace.facts(c, root, now),
                "profiles of a window": lambda c: periods.profiles_for(c, "shop", newest),
                "profiles of an old window": lambda c: periods.profiles_for(c, "shop", middle),
                "signals of a window": lambda c: windows.signals(c, id_),
                "lifecycle status": lambda c: fleet.fleet(c),
                "lifecycle history": lambda c: timeline.timeline(c, "shop", limit=50),
                "merging: what is due": lambda c: periods.with_profiles(c, "shop", now),
            }
            for name, look in looks.items():
                took = []
                for _ in range(5):
                    begun = time.process_time()
                    look(conn)
                    took.append(time.process_time() - begun)
                best = 1e3 * statistics.median(took)
                print(f"{name:36} {best:7.2f} ms{'  MORE THAN 50' if best > 50 else ''}", flush=True)


def main() -> None:
    """As the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["windows", "screens"], help="windows, screens")
    parser.add_argument("--windows", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=8760)
    parser.add_argument("--columns", type=int, default=200)
    args = parser.parse_args()
    if "windows" in args.what:
        each_window(args.windows)
    if "screens" in args.what:
        screens(args.hours, args.columns)


if __name__ == "__main__":
    main()
