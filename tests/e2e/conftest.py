"""Workspaces with small known stories, and the program run on them as people run it: in processes of its own.

Every process of a run carries a mark in its environment, so that a test finds (and kills) its own processes and no
others, however deep they were started and whoever adopted them.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

PLUGINS = Path(__file__).parent / "plugins"
MARK = "LIFECYCLE_E2E"
"""Environment variable that names the run a process belongs to."""

DEADLINE = 120.0
"""Seconds after which something that should have happened has not."""

TOML = """\
[notifiers.file]
use = "log"

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
[models.shop.rules.spread-age]
when = "spread.age > 4"
for = 2
[models.shop.rules.once]
when = "rows < 90"

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
when = "mae > 8"
severity = "critical"
"""


def write_workspace(root: Path) -> Path:
    """A model scored by two versions with labels, a model without predictions, both with a story; no plugin yet."""
    for folder in ("scored", "labels", "plugins"):
        (root / folder).mkdir(parents=True)
    (root / "lifecycle.toml").write_text(TOML, "utf-8")
    scored, labels, rides = ["id,ts,version,age,city,p"], ["id,bought,known_at"], ["ts,warmth,wind,day,riders"]
    rng = random.Random(11)
    for day in range(56):
        start = datetime(2025, 1, 1) + timedelta(days=day)
        for i in range(14 if not 28 <= day < 35 else 11):
            at = start + timedelta(minutes=i * 100)
            age = rng.gauss(40 if day < 35 else 55, 9)
            p = min(0.99, max(0.01, rng.betavariate(2, 4)))
            id_ = f"r{day:02d}-{i:02d}"
            city = rng.choice(["Gent", "Lyon", "Ulm"])
            scored.append(f"{id_},{at:%Y-%m-%d %H:%M:%S},{'b' if i % 5 == 0 or day > 45 else 'a'},{age:.2f},{city},{p:.4f}")
            if rng.random() < p:
                labels.append(f"{id_},1,{at + timedelta(days=rng.uniform(0.5, 9)):%Y-%m-%d %H:%M:%S}")
        for i in range(10):
            warmth, wind = rng.gauss(15 if day < 42 else 24, 4), rng.uniform(0, 30)
            riders = 40 + (2 if day < 42 else 4) * warmth - 0.5 * wind + rng.gauss(0, 3)
            at = start + timedelta(minutes=i * 140)
            rides.append(f"{at:%Y-%m-%d %H:%M:%S},{warmth:.2f},{wind:.2f},{start:%a},{riders:.1f}")
    (root / "scored" / "all.csv").write_text("\n".join(scored) + "\n", "utf-8")
    (root / "labels" / "all.csv").write_text("\n".join(labels) + "\n", "utf-8")
    (root / "rides.csv").write_text("\n".join(rides) + "\n", "utf-8")
    return root


@dataclass(frozen=True)
class Found:
    """A process of a run, as /proc shows it.

    Attributes:
        role: "check", "worker", "migrate", "guardian", "plugin" (the process that plugin code runs in) or "other".
    """

    pid: int
    role: str


@dataclass
class Run:
    """The program on one workspace: commands, its processes, its state."""

    root: Path
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    env: dict[str, str] = field(default_factory=dict)

    def start(self, *words: str, command: str = "check") -> subprocess.Popen[str]:
        """Start a command of the program in the workspace."""
        scratch = self.root.parent / f"{self.root.name}.tmp"
        scratch.mkdir(exist_ok=True)
        env = {**os.environ, "TMPDIR": str(scratch), MARK: self.mark, "OMP_NUM_THREADS": "1", **self.env}
        return subprocess.Popen(
            [sys.executable, "-m", "lifecycle_tui", command, *words],
            cwd=self.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

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

    def until_quiet(self) -> None:
        """Wait until no process of the run is left."""
        wait_for(lambda: not self.processes(), "the end of all processes")


def _role(pid: int, found: dict[int, tuple[bytes, int]]) -> str:
    words, parent = found[pid]
    if b"lifecycle_tui.agent.worker" in words:
        return "worker"
    if b"lifecycle_tui.plugin_host.child" in words:
        return "plugin" if b"plugin_host.child" in found.get(parent, (b"", 0))[0] else "guardian"
    if b"lifecycle_tui.state.migrate" in words:
        return "migrate"
    return "check" if b"lifecycle_tui\0check" in words else "other"


def wait_for(condition: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
    """Look until it holds.

    Raises:
        AssertionError: if it does not within `seconds`.
    """
    pause, until = threading.Event(), time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds:.0f} s for {what}"
        pause.wait(0.01)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace's files, never run; copy them."""
    return write_workspace(tmp_path_factory.mktemp("pristine") / "ws")


@pytest.fixture
def new_run(tmp_path: Path, pristine: Path) -> Iterator[Callable[..., Run]]:
    """Makes runs, each on a fresh copy of the workspace with the named plugin files; ends what is left of them."""
    import shutil

    runs: list[Run] = []

    def make(*plugins: str, env: dict[str, str] | None = None) -> Run:
        root = tmp_path / f"ws{len(runs)}"
        shutil.copytree(pristine, root)
        for name in plugins:
            source = next(p for p in (PLUGINS / f"{name}.py", PLUGINS / f"{name}.txt") if p.exists())
            shutil.copy2(source, root / "plugins" / f"{name}.py")
        runs.append(Run(root, env=env or {}))
        return runs[-1]

    yield make
    for run in runs:
        run.kill("all")
