"""Workspaces with small known stories, and the program run on them as people run it: in processes of its own.

Every process of a run carries a mark in its environment, so that a test finds (and kills) its own processes and no
others, however deep they were started and whoever adopted them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

PLUGINS = Path(__file__).parent / "plugins"
MARK = "LIFECYCLE_E2E"
"""Environment variable that names the run a process belongs to."""

DEADLINE = 300.0
"""Seconds after which something that should have happened has not: no measure of how quick it is."""

HEAD = """\
[notifiers.file]
use = "log"
"""

MODELS = {
    "shop": """\
[models.shop]
task = "binary"
owner = "web"
[models.shop.data]
predictions = { path = "scored/*.csv", on = "id" }
labels = { path = "labels/*.csv", on = "id", arrived = "known_at", delay = "10d", absent = 0 }
reference = { until = 2025-01-21 }
window = "1 week"
[models.shop.columns]
id = "id"
timestamp = "ts"
version = "version"
target = "bought"
positive = 1
score = "p"
numeric = ["age"]
categorical = ["city"]
[models.shop.rules.drift]
when = "drift.count >= 1"
severity = "critical"
[models.shop.rules.moved]
when = "ks.age > 0.3"
for = 2
[models.shop.rules.thin]
when = "rows < 90"
""",
    "rides": """\
[models.rides]
task = "regression"
[models.rides.data]
table = "rides.csv"
reference = { until = 2025-01-21 }
window = "1 week"
[models.rides.columns]
timestamp = "ts"
target = "riders"
numeric = ["warmth", "wind"]
categorical = ["day"]
[models.rides.rules.error]
when = "mae > 15"
severity = "critical"
""",
}
"""`shop` brings predictions of two versions, and labels that arrive later; `rides` brings no predictions."""

DAYS = 56
SPLIT = 40
"""The first day of the second delivery of data, in the middle of a window."""


def write_workspace(root: Path, *models: str, until: int = DAYS) -> Path:
    """A workspace of these models (all by default) without plugins, with the data of the days before `until`."""
    for folder in ("scored", "labels", "plugins"):
        (root / folder).mkdir(parents=True)
    (root / "lifecycle.toml").write_text(HEAD + "".join(MODELS[m] for m in models or MODELS), "utf-8")
    write_data(root, until)
    return root


def write_data(root: Path, until: int) -> None:
    """The tables as they are when `until` days have passed; files of before stay as they are, but for rides.csv."""
    rides = ["ts,warmth,wind,day,riders"]
    for name, days in (("early", range(min(SPLIT, until))), ("late", range(SPLIT, until))):
        scored, labels = ["id,ts,version,age,city,p"], ["id,bought,known_at"]
        for day in days:
            _shop_day(day, scored, labels)
            _rides_day(day, rides)
        for folder, lines in (("scored", scored), ("labels", labels)):
            path = root / folder / f"{name}.csv"
            if len(days) and not path.exists():
                path.write_text("\n".join(lines) + "\n", "utf-8")
    (root / "rides.csv").write_text("\n".join(rides) + "\n", "utf-8")


def _shop_day(day: int, scored: list[str], labels: list[str]) -> None:
    """Ages move on day 35; fewer people come in the fifth week; version b takes over on day 46."""
    rng, start = random.Random(f"shop {day}"), datetime(2025, 1, 1) + timedelta(days=day)
    for i in range(11 if 28 <= day < 35 else 14):
        at = start + timedelta(minutes=i * 100)
        age, p = rng.gauss(40 if day < 35 else 55, 9), min(0.99, max(0.01, rng.betavariate(2, 4)))
        id_, version = f"r{day:02d}-{i:02d}", "b" if i % 5 == 0 or day > 45 else "a"
        scored.append(f"{id_},{at:%Y-%m-%d %H:%M:%S},{version},{age:.2f},{rng.choice(['Gent', 'Lyon', 'Ulm'])},{p:.4f}")
        if rng.random() < p:
            labels.append(f"{id_},1,{at + timedelta(days=rng.uniform(0.5, 9)):%Y-%m-%d %H:%M:%S}")


def _rides_day(day: int, rides: list[str]) -> None:
    """It turns warm on day 42, and warmth counts for more than before."""
    rng, start = random.Random(f"rides {day}"), datetime(2025, 1, 1) + timedelta(days=day)
    for i in range(12):
        warmth, wind = rng.gauss(15 if day < 42 else 24, 4), rng.uniform(0, 30)
        riders = 40 + (2 if day < 42 else 4) * warmth - 0.5 * wind + rng.gauss(0, 3)
        at = start + timedelta(minutes=i * 110)
        rides.append(f"{at:%Y-%m-%d %H:%M:%S},{warmth:.2f},{wind:.2f},{start:%a},{riders:.1f}")


@dataclass(frozen=True)
class Found:
    """A process of a run, as /proc shows it.

    Attributes:
        role: "check", "agent", "writer", "worker", "migrate", "guardian", "plugin" (the process that plugin code
            runs in) or "other".
    """

    pid: int
    role: str


def drop_in(root: Path, *names: str) -> None:
    """Copy our plugin files into a workspace; one that no tool could read as Python is kept as `.txt`."""
    for name in names:
        source = next(path for path in (PLUGINS / f"{name}.py", PLUGINS / f"{name}.txt") if path.exists())
        shutil.copy2(source, root / "plugins" / f"{name}.py")


@dataclass
class Run:
    """The program on one workspace: commands, its processes, its state."""

    root: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    env: dict[str, str] = field(default_factory=dict)

    def start(self, *words: str, command: str = "check", quiet: bool = False) -> subprocess.Popen[str]:
        """Start a command of the program in the workspace; `quiet` if nobody is going to read what it prints."""
        return subprocess.Popen(
            [sys.executable, "-m", "lifecycle_tui", command, *words],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.PIPE,
            text=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        """Of its processes: the mark, a folder of its own for what is temporary."""
        scratch = self.root.parent / f"{self.root.name}.tmp"
        scratch.mkdir(exist_ok=True)
        return {**os.environ, "TMPDIR": str(scratch), MARK: self.mark, "OMP_NUM_THREADS": "1", **self.env}

    def check(self, *words: str) -> tuple[int, dict[str, Any]]:
        """`check --format json` to its end: exit code and what it printed."""
        process = self.start("--format", "json", *words)
        said, errors = process.communicate(timeout=DEADLINE)
        assert said, f"check said nothing (exit code {process.returncode}):\n{errors}"
        return process.returncode, json.loads(said)

    def processes(self) -> list[Found]:
        """Every living process of this run."""
        found: dict[int, tuple[bytes, int]] = {}
        wanted = f"{MARK}={self.mark}".encode()
        for name in os.listdir("/proc"):
            if name.isdigit():
                # Gone meanwhile, or a zombie, or not ours to look at: none of these is one to kill.
                with contextlib.suppress(OSError, ValueError):
                    if wanted in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                        words = Path(f"/proc/{name}/cmdline").read_bytes()
                        stat = Path(f"/proc/{name}/stat").read_text()
                        found[int(name)] = (words, int(stat[stat.rindex(")") + 2 :].split()[1]))
        return [Found(pid, _role(pid, found)) for pid in sorted(found)]

    def kill(self, role: str) -> list[str]:
        """kill -9 of one process of that role, or of "all" at once; the roles that were hit."""
        hit = []
        for process in self.processes():
            if role in ("all", process.role):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
                    hit.append(process.role)
                if role != "all":
                    break
        return hit

    def run(self, command: str, *words: str) -> tuple[int, str]:
        """Any command to its end: exit code and what it printed on stdout."""
        process = self.start(*words, command=command)
        said, _ = process.communicate(timeout=DEADLINE)
        return process.returncode, said

    def until_quiet(self) -> None:
        """Wait until no process of the run is left."""
        wait_for(lambda: not self.processes(), "the end of all processes")


def _role(pid: int, found: dict[int, tuple[bytes, int]]) -> str:
    words, parent = found[pid]
    if b"lifecycle_tui.agent.workers.worker" in words:
        return "worker"
    if b"lifecycle_tui.plugin_host.child" in words:
        return "plugin" if b"plugin_host.child" in found.get(parent, (b"", 0))[0] else "guardian"
    if b"lifecycle_tui.state.migrate" in words:
        return "migrate"
    for role in ("check", "agent"):
        if f"lifecycle_tui\0{role}".encode() in words or f"scripted_{role}.py".encode() in words:
            return role
    return "writer" if b"e2e/writer.py" in words else "other"


def wait_for(condition: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
    """Look until it holds.

    Raises:
        AssertionError: if it does not within `seconds`.
    """
    pause, until = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds:.0f} s for {what}"
        pause.wait(0.01)


# -- what a state says ------------------------------------------------------------------------------------------------

_CLOCKS = {
    "as_of", "recorded_at", "created_at", "opened_at", "resolved_at", "acknowledged_at", "evaluated_at", "seen_at",
    "at", "due_at", "sent_at",
}  # fmt: skip
_NUMBERS = {"id", "seq", "job_id", "process", "stamp"}
_UNCOMPARED = {"feed", "jobs", "job_events", "heartbeats", "meta", "audit", "lease", "loop"}
"""What a run was, not what it found: another run has other jobs."""
_NAMES = {
    "window_id": "SELECT model || ' ' || key || ' ' || version || ' ' || revision FROM windows WHERE id = ?",
    "alert_id": "SELECT model || ' ' || rule || ' ' || since FROM alerts WHERE id = ?",
    "reference_id": "SELECT model || ' ' || rows FROM reference WHERE id = ?",
}
"""Column → what stands for the id in it."""

Facts = dict[str, list[str]]


def facts(root: Path) -> Facts:
    """Every row of every table that says what was found, without ids and clocks, in an order of its own; digests of
    artefacts too: the same rows give the same bytes."""
    with contextlib.closing(sqlite3.connect(f"file:{root}/.lifecycle/state.db?mode=ro", uri=True)) as conn:
        tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            t: _rows(conn, t) for t in tables if t not in _UNCOMPARED and not t.startswith(("sqlite_", "_sqlite_"))
        }
    assert {"windows", "window_parts", "signals", "profiles", "alerts", "alert_events", "versions"} <= set(found)
    return found


def _rows(conn: sqlite3.Connection, table: str) -> list[str]:
    cursor = conn.execute(f"SELECT * FROM [{table}]")
    columns = [c[0] for c in cursor.description]
    clocks = _CLOCKS | _NUMBERS | ({"since"} if table == "aliases" else set())
    rows = []
    for row in cursor.fetchall():
        known = dict(zip(columns, row, strict=True))
        if known.get("name") == "data.late":  # the age of the newest row: it moves with the clock
            known = {"window_id": known["window_id"], "name": known["name"], "state": known["state"]}
        said = {c: _said(conn, c, value) for c, value in known.items() if c not in clocks}
        rows.append(json.dumps(said, sort_keys=True))
    return sorted(rows)


def _said(conn: sqlite3.Connection, column: str, value: Any) -> Any:
    if column in _NAMES:
        return conn.execute(_NAMES[column], (value,)).fetchone()[0]
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value


def differences(expected: Facts, found: Facts) -> list[str]:
    """Rows lost and rows too many, a line each."""
    said = []
    for table in sorted(expected.keys() | found.keys()):
        was, now = Counter(expected.get(table, [])), Counter(found.get(table, []))
        said += [f"{table} lost: {row}" for row in (was - now).elements()]
        said += [f"{table} too many: {row}" for row in (now - was).elements()]
    return said


def damage(root: Path) -> list[str]:
    """What is not whole in a workspace at rest: the file, its promises, its artefacts, its index of plugins."""
    said = []
    home = root / ".lifecycle"
    with contextlib.closing(sqlite3.connect(f"file:{home}/state.db?mode=ro", uri=True)) as conn:
        said += [row[0] for row in conn.execute("PRAGMA integrity_check") if row[0] != "ok"]
        said += [f"foreign key: {row}" for row in conn.execute("PRAGMA foreign_key_check")]
        live = conn.execute("SELECT id, kind, state FROM jobs WHERE state IN ('queued', 'running')").fetchall()
        said += [f"job never ended: {row}" for row in live]
        twice = (
            "SELECT model, key, version, count(*) FROM windows WHERE current = 1 GROUP BY 1, 2, 3 HAVING count(*) > 1"
        )
        said += [f"window twice: {row}" for row in conn.execute(twice)]
        (counter,) = conn.execute("SELECT seq FROM feed").fetchone()
        for table in ("models", "windows", "signals", "alerts", "versions", "aliases", "jobs"):
            ahead, doubled = conn.execute(
                f"SELECT max(seq), count(seq) - count(DISTINCT seq) FROM [{table}]"
            ).fetchone()
            if (ahead or 0) > counter or doubled:
                said.append(f"feed of {table}: highest {ahead} of {counter}, {doubled} numbers twice")
        wanted = [d for (d,) in conn.execute("SELECT artifact FROM versions WHERE artifact IS NOT NULL")]
    kept = {}
    for path in (home / "artifacts").rglob("*"):
        if path.is_file() and not path.name.startswith(".new-"):  # what a killed writer left: `sweep` removes it
            kept[path.parent.name + path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    said += [f"artefact {name} hashes to {found}" for name, found in kept.items() if name != found]
    said += [f"artefact {name} is gone" for name in wanted if name not in kept]
    json.loads((home / "plugin-index.json").read_text("utf-8"))
    return said
