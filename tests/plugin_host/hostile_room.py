"""A small workspace with hostile plugins in it, and the program run on it as people run it: in processes of its own.

Every process of a room carries a mark in its environment, so that what a plugin left running is found, however deep it
was started and whoever adopted it.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

MARK = "LIFECYCLE_HOSTILE"
LIMITS = {"LIFECYCLE_PLUGIN_SECONDS": "120", "LIFECYCLE_PLUGIN_MEMORY": "400"}
FILE = """\
[models.m]
task = "regression"
[models.m.data]
table = "rows.csv"
reference = { until = 2025-01-09 }
window = "1 day"
[models.m.columns]
timestamp = "ts"
target = "y"
prediction = "p"
numeric = ["x"]
categorical = ["c"]
[models.m.rules.error]
when = "mae > 0.01"
severity = "critical"
"""


@dataclass
class Room:
    """One workspace."""

    root: Path
    more: dict[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def make(cls, root: Path, file: str = FILE) -> Room:
        """The workspace without plugins: eight days of reference, two windows."""
        (root / "plugins").mkdir(parents=True)
        (root / "lifecycle.toml").write_text(file, "utf-8")
        rng, lines = random.Random(5), ["ts,x,c,y,p"]
        for n in range(400):
            at = datetime(2025, 1, 1) + timedelta(minutes=36 * n)
            x = rng.gauss(0, 1)
            y = 2 * x
            lines.append(f"{at:%Y-%m-%d %H:%M:%S},{x:.3f},{rng.choice('abc')},{y:.3f},{y + rng.gauss(0, 0.1):.3f}")
        (root / "rows.csv").write_text("\n".join(lines) + "\n", "utf-8")
        return cls(root)

    def put(self, name: str, text: str | bytes) -> None:
        """A plugin file."""
        (self.root / "plugins" / f"{name}.py").write_bytes(text if isinstance(text, bytes) else text.encode())

    def end_after(self, seconds: int) -> None:
        """From now on end a call after so long, where one is going to hang. What is here already is indexed before, as
        good plugins have to be imported too, and a machine that is busy takes its time for that."""
        self.run("plugins", "list", "--no-builtins")
        self.more["LIFECYCLE_PLUGIN_SECONDS"] = str(seconds)

    @property
    def environment(self) -> dict[str, str]:
        """Of its processes."""
        return {**os.environ, **LIMITS, "OMP_NUM_THREADS": "1", "LIFECYCLE_AGENT": "off", MARK: self.mark, **self.more}

    def run(self, *words: str) -> tuple[int, bytes, bytes]:
        """A command to its end: exit code and every byte that it wrote."""
        done = subprocess.run(
            [sys.executable, "-m", "lifecycle_tui", *words],
            cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=600,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def check(self) -> tuple[int, dict[str, Any], bytes]:
        """`check --format json`: exit code, what it said, and what it wrote to stderr."""
        code, out, err = self.run("check", "--format", "json")
        assert out, err.decode("utf-8", "replace")
        return code, json.loads(out.replace(str(self.root).encode(), b"ROOT")), err

    def left(self) -> list[str]:
        """Command lines of processes of this room that still live after a while."""
        pause = threading.Event()
        for _ in range(3000):  # its worker may have gone on to the windows of the reference
            if not (found := living(self.mark)):
                break
            pause.wait(0.1)
        return found


def living(mark: str) -> list[str]:
    """Command lines of processes with this mark that live now."""
    found, wanted = [], f"{MARK}={mark}".encode()
    for name in filter(str.isdigit, os.listdir("/proc")):
        # Gone meanwhile, or not ours to look at: none of ours.
        with contextlib.suppress(OSError):
            if wanted in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                found.append(f"{name} {Path(f'/proc/{name}/cmdline').read_bytes()!r}")
    return found


def signals(said: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every signal of every window of the model, as `window name`; not the one that moves with the clock."""
    windows = said["models"]["m"]["windows"]
    found = {f"{w['key']} {w['version']} {name}": s for w in windows for name, s in w["signals"].items()}
    return {key: s for key, s in found.items() if not key.endswith(" data.late")}


def facts(said: dict[str, Any]) -> Any:
    """What else is known of the model, without what moves from one check to the next although nothing has happened."""
    model = said["models"]["m"]
    return _still({k: model[k] for k in ("health", "message", "champion", "alerts", "rules", "reference", "findings")})


def _still(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _still(v) for k, v in value.items() if k not in ("id", "opened")}
    return [_still(v) for v in value] if isinstance(value, list) else value
