"""A Dask cluster of processes of its own on loopback, a workspace of parquet partitions, and its state laid open."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lifecycle_tui.agent.engine import onworker
from lifecycle_tui.agent.engine.cluster import Cluster as Connection
from lifecycle_tui.agent.work.evaluate import evaluate
from lifecycle_tui.agent.work.retrain import retrain
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.state import jobs, models, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace

NOW = datetime(2025, 6, 1, tzinfo=UTC)

LAKE = """\
[workspace]
engine = {engine}
plugins = ["plugins"]
keep = {{ hours = "3650d", days = "3650d" }}  # how far merging comes in its two seconds is another matter

[models.lake]
task = "binary"
[models.lake.data]
predictions = {{ path = "../data/lake", partition = "dt", on = "id" }}
labels = {{ path = "../data/labels.csv", on = "id", arrived = "known_at", delay = "3d" }}
reference = {{ until = 2025-01-07 }}
window = "3d"
[models.lake.columns]
id = "id"
timestamp = "ts"
version = "version"
target = "bought"
positive = 1
score = "p"
text = ["remark"]
segments = ["city"]
[models.lake.monitor]
detectors = {detectors}
metrics = ["auc", "recall"]
"""

DETECTORS = '["psi", "ks", "chi2", "missing", "wasserstein"]'


WITHOUT = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name == "lifecycle_tui":
            raise ModuleNotFoundError("No module named 'lifecycle_tui'", name=name)

sys.meta_path.insert(0, Nothing())
"""
"""A scheduler passes on what it is given: it has nothing of this program."""


@dataclass
class Cluster:
    """The processes; each is ended by its own number."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def engine(self) -> str:
        return f'{{ dask = "{self.address}" }}'


@contextlib.contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A scheduler and workers of one thread each."""
    file = folder / "scheduler.json"
    common = ["--dashboard-address", "127.0.0.1:0", "--host", "127.0.0.1"]
    with contextlib.ExitStack() as stack:

        def start(module: str, *words: str, path: str = "") -> subprocess.Popen[bytes]:
            log = stack.enter_context((folder / f"{module}-{len(started)}.log").open("wb"))
            command = [sys.executable, "-m", f"distributed.cli.{module}", *words, *common]
            env = {**os.environ, "PYTHONPATH": path or os.environ.get("PYTHONPATH", "")}
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=env, start_new_session=True)
            started.append(process)
            stack.callback(end, process)
            return process

        started: list[subprocess.Popen[bytes]] = []
        (folder / "without").mkdir()
        (folder / "without" / "sitecustomize.py").write_text(WITHOUT)
        words = ["--port", "0", "--no-show", "--scheduler-file", str(file)]
        scheduler = start("dask_scheduler", *words, path=str(folder / "without"))
        words = ["--scheduler-file", str(file), "--no-nanny", "--nthreads", "1", "--local-directory", str(folder)]
        found = [start("dask_worker", *words, "--name", f"w{i}") for i in range(workers)]
        wait_for(lambda: file.exists() and file.stat().st_size > 0)
        made = Cluster(json.loads(file.read_text())["address"], scheduler, found)
        with watched(made) as tasks:  # the program waits a few seconds for a worker, and a machine may be slower
            wait_for(lambda: len(tasks()) == workers)
        yield made


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it, whatever it does."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=120)


@contextlib.contextmanager
def watched(found: Cluster) -> Iterator[Callable[[], dict[str, int]]]:
    """How many tasks each worker is at, by its name, as the scheduler knows it."""
    from distributed import Client

    with Client(found.address, set_as_default=False, timeout=120) as client:

        def look() -> dict[str, int]:
            tasks = client.processing()
            return {w["name"]: len(tasks.get(at, ())) for at, w in client.scheduler_info(-1)["workers"].items()}

        yield look


@contextlib.contextmanager
def stopped_at_work(process: subprocess.Popen[bytes], name: str) -> Iterator[threading.Event]:
    """Have a worker stop for ever as soon as an evaluation of this process hands out the first share of a window; that
    share is its, so that the evaluation cannot come to its end without it. The event: this has happened.

    To look for a worker that is at work, again and again, would miss it on a machine that gives the looks no time.
    """
    submit, reached = Connection.submit, threading.Event()

    def submitted(self: Connection, function: Callable[..., Any], *args: Any) -> Any:
        if function is not onworker.read or args[2] is None or reached.is_set():  # of the reference there are no grids
            return submit(self, function, *args)
        os.kill(process.pid, signal.SIGSTOP)
        send = self._client.submit
        self._client.submit = functools.partial(send, workers=[name], allow_other_workers=True)
        try:
            return submit(self, function, *args)
        finally:
            self._client.submit = send
            reached.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "submit", submitted)
        try:
            yield reached
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)


def wait_for(test: Callable[[], bool], seconds: float = 120.0) -> None:
    """Until it holds."""
    over, pause = time.monotonic() + seconds, threading.Event()
    while not test():
        assert time.monotonic() < over, "waited in vain"
        pause.wait(0.02)


@dataclass
class Lake:
    """A workspace over the parquet partitions beside it."""

    root: Path
    workspace: str = ""

    def declare(self, engine: str, detectors: str = DETECTORS, text: str = LAKE) -> None:
        (self.root / "lifecycle.toml").write_text(text.format(engine=engine, detectors=detectors))

    def context(
        self, state: State, *, model: str = "lake", stop: Callable[[], bool] = lambda: False, kind: str = "evaluate"
    ) -> JobContext:
        workspace = open_workspace(self.root / "lifecycle.toml")
        with state.write() as tx:
            models.declare(tx, [models.Declared(m.name, m.task, m.owner) for m in workspace.spec.models])
            number = jobs.enqueue(tx, kind, model, {}, NOW)
            job = jobs.claim(tx, processes.this(), NOW, job_id=number)
        assert job is not None
        journal = self.root / ".lifecycle" / "calls.jsonl"
        return JobContext(state, workspace, job.id, FixedClock(NOW), journal, stop, model=model)

    def check(self, model: str = "lake", stop: Callable[[], bool] = lambda: False) -> dict[str, Any]:
        """One evaluation in this process."""
        with State.open(self.root) as state:
            context = self.context(state, model=model, stop=stop)
            ending: jobs.Outcome = "failed"
            try:
                outcome = evaluate(context, context.workspace.spec.model(model))
                ending = "done"
                return outcome
            finally:
                with state.write() as tx:
                    jobs.finish(tx, context.job_id, ending, NOW)

    def train(self) -> dict[str, Any]:
        """One training in this process."""
        with State.open(self.root) as state:
            context = self.context(state, kind="retrain")
            with state.read() as conn:
                row = jobs.job(conn, context.job_id)
            assert row is not None
            outcome = retrain(context, context.workspace.spec.model("lake"), row)
            with state.write() as tx:
                jobs.finish(tx, context.job_id, "done", NOW, outcome=outcome)
            return outcome

    def versions(self) -> list[tuple[Any, ...]]:
        """Every version that was made, without clocks."""
        asked = "SELECT number, artifact, size, format, data_start, data_end, data_rows, data_digest FROM versions"
        with contextlib.closing(sqlite3.connect(self.root / ".lifecycle" / "state.db")) as conn:
            return conn.execute(asked).fetchall()

    def log(self) -> list[str]:
        with contextlib.closing(sqlite3.connect(self.root / ".lifecycle" / "state.db")) as conn:
            return [text for (text,) in conn.execute("SELECT text FROM job_events ORDER BY id")]

    def facts(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that was measured, byte for byte, without numbers of rows and clocks."""
        asked = {
            "windows": 'SELECT key, version, revision, current, position, start, "end", rows, labels, mature, '
            "complete, basis, digest, report FROM windows ORDER BY 1, 2, 3",
            "parts": "SELECT key, version, fragment, p.rows, p.digest FROM window_parts p JOIN windows "
            "ON id = window_id ORDER BY 1, 2, 3",
            "signals": 'SELECT key, version, name, value, lower, upper, n, state, message, "column", source, detail '
            "FROM signals JOIN windows ON id = window_id WHERE name <> 'data.late' ORDER BY 1, 2, 3",
            "profiles": 'SELECT key, version, "column", kind, grid, data FROM profiles JOIN windows ON id = window_id '
            "ORDER BY 1, 2, 3",
            "grids": 'SELECT "column", version, grid, data FROM grids ORDER BY 1, 2',
            "reference": "SELECT digest, rows, facts FROM reference ORDER BY 1",
            "reference_profiles": 'SELECT "column", kind, grid, data FROM reference_profiles ORDER BY 1',
            "reference_windows": "SELECT window, name, value, lower, upper, n, state FROM reference_signals "
            "ORDER BY reference_id, 1, 2",
            "fragments": "SELECT fragment, stamp, facts FROM fragments ORDER BY 1, 2, 3",
        }
        with contextlib.closing(sqlite3.connect(self.root / ".lifecycle" / "state.db")) as conn:
            return {name: conn.execute(sql).fetchall() for name, sql in asked.items()}


def fill(root: Path, days: int = 12, rows: int = 40) -> None:
    """Partitions by day with what real lakes have: ids that come twice, in two files too, cells that are missing or
    infinite, a column that a day lacks, labels that come late, a file that cannot be read."""
    rng, luck = np.random.default_rng(7), random.Random(7)
    labels, begin = [], datetime(2025, 1, 1, tzinfo=UTC)
    for day in range(days):
        ids = [f"r{day * rows + i}" for i in range(rows)]
        ids[1] = ids[0]  # twice in one file
        if day % 2:
            ids[2] = f"r{day * rows - 3}"  # and in two of one window, or of two
        times = [begin + timedelta(days=day, minutes=30 * i) for i in range(rows)]
        if day % 2:
            times[2] = begin + timedelta(days=day, minutes=1)
        amount = rng.normal(100 + 5 * day, 20, rows)
        amount[3:5] = np.nan
        amount[6] = np.inf
        city = [luck.choice(["Lyon", "Paris", None, "Nîmes"]) for _ in range(rows)]
        p = rng.random(rows)
        columns: dict[str, Any] = {
            "id": ids, "ts": pa.array(times, pa.timestamp("us", "UTC")), "version": [f"v{i % 2}" for i in range(rows)],
            "p": p, "amount": amount, "age": rng.integers(18, 80, rows), "city": city,
            "remark": [None if i % 7 == 0 else "ok " * (i % 5) + "é" for i in range(rows)],
        }  # fmt: skip
        if day == 9:
            del columns["age"]
        folder = root / "lake" / f"dt={times[0]:%Y-%m-%d}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table(columns), folder / "part.parquet")
        for i, (name, when, score) in enumerate(zip(ids, times, p, strict=True)):
            if i % 5:
                known = when + timedelta(days=luck.choice([1, 2, 200]))
                labels.append(f"{name},{int(luck.random() < score)},{known:%Y-%m-%dT%H:%M:%S}")
    (root / "lake" / "dt=2025-01-11" / "torn.parquet").write_bytes(b"PAR1 and then nothing")
    (root / "labels.csv").write_text("id,bought,known_at\n" + "\n".join(labels) + "\n")
