"""A small workspace of its own for a test: a table that grows by days, a file, a clock that stands still, and checks.

def test_it_fires(workspace):
    workspace.plugin("plugins/kurtosis.py")
    workspace.declare(rules={"tails": "kurtosis.amount > 1"})
    workspace.days(21)                       # the first 14 are the reference
    assert workspace.check().alerts == ()
    workspace.days(7, shift=3.0)
    assert workspace.check().alert("tails") is not None
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.clock import FixedClock

if TYPE_CHECKING:
    from lifecycle_tui.domain.results import Alert
    from lifecycle_tui.domain.signals import Signal

START = datetime(2025, 1, 1, tzinfo=UTC)
REFERENCE_DAYS = 14
MODEL = "toy"
PLACES = ("north", "south", "east", "west")

FILE = """\
[models.toy]
task = "regression"
[models.toy.data]
table = "toy.csv"
reference = { until = 2025-01-14 }
window = "1d"
[models.toy.columns]
timestamp = "ts"
target = "y"
prediction = "p"
numeric = ["amount"]
categorical = ["place"]
"""


@dataclass(frozen=True)
class Checked:
    """What a check has found of one model.

    Attributes:
        window: key of the newest window; "" without one.
        signals: of the newest window, by name; those of its version too.
        alerts: those that have not resolved.
        history: signal → (window key, signal) of every window that has it, oldest first.
    """

    window: str
    signals: Mapping[str, Signal]
    alerts: tuple[Alert, ...]
    history: Mapping[str, tuple[tuple[str, Signal], ...]]

    def alert(self, rule: str) -> Alert | None:
        """The alert of that rule, where it is open."""
        return next((alert for alert in self.alerts if alert.rule == rule), None)


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit code, what it said on stdout and on stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it said, as JSON."""
        return json.loads(self.out)


@dataclass
class Space:
    """A workspace under test; the fixture `workspace`.

    Attributes:
        root: its folder.
        clock: what time it is for `check`; `days` moves it to the end of the last day.
    """

    root: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(START))
    _written: int = 0

    # -- what there is ----------------------------------------------------------------------------------------------

    def write(self, name: str, text: str) -> Path:
        """Write a file of the workspace; its path."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def plugin(self, *files: str | os.PathLike[str]) -> None:
        """Copy plugins, files or folders, into the workspace's plugin folder, over what was there of that name."""
        folder = self.root / "plugins"
        folder.mkdir(exist_ok=True)
        for file in map(Path, files):
            if file.is_dir():
                shutil.copytree(file, folder / file.name, dirs_exist_ok=True)
            else:
                shutil.copy2(file, folder / file.name)

    def declare(
        self,
        *,
        detectors: Sequence[str] | Mapping[str, Mapping[str, Any]] | None = None,
        metrics: Sequence[str] | Mapping[str, Mapping[str, Any]] | None = None,
        rules: Mapping[str, str] | None = None,
        more: str = "",
    ) -> Path:
        """Write lifecycle.toml with the model `toy`, whose windows are days.

        Args:
            detectors, metrics: names, or name → options; what the program takes by default without them.
            rules: name → expression.
            more: TOML that is put at the end.
        """
        import tomli_w

        watch = {"detectors": detectors, "metrics": metrics}
        monitor = {k: dict(v) if isinstance(v, Mapping) else list(v) for k, v in watch.items() if v is not None}
        model: dict[str, Any] = {"rules": {name: {"when": when} for name, when in (rules or {}).items()}}
        if monitor:
            model["monitor"] = monitor
        return self.write("lifecycle.toml", f"{FILE}{tomli_w.dumps({'models': {MODEL: model}})}\n{more}")

    def days(self, count: int, *, rows: int = 40, shift: float = 0.0, wrong: float = 0.0) -> None:
        """Let that many days pass: their rows come to toy.csv, and the clock stands at their end.

        Args:
            rows: of each day.
            shift: how far `amount` has moved, in standard deviations.
            wrong: what is added to the prediction's error, in standard deviations of the target.
        """
        path = self.root / "toy.csv"
        lines = [] if path.exists() else ["ts,amount,place,y,p"]
        for day in range(self._written, self._written + count):
            rng = random.Random(f"toy {day}")
            for row in range(rows):
                at = START + timedelta(days=day, minutes=row * 1440 / rows)
                amount, place = rng.gauss(50 + 10 * shift, 10), rng.choice(PLACES)
                truth = 2 * amount + rng.gauss(0, 5)
                said = 2 * amount + rng.gauss(0, 5) + wrong * 20
                lines.append(f"{at:%Y-%m-%d %H:%M:%S},{amount:.3f},{place},{truth:.3f},{said:.3f}")
        with path.open("a", encoding="utf-8") as out:
            out.write("".join(f"{line}\n" for line in lines))
        self._written += count
        self.clock.instant = START + timedelta(days=self._written)

    # -- what comes of it -------------------------------------------------------------------------------------------

    def check(self, model: str = MODEL) -> Checked:
        """Observe and decide what is due of a model, as of the clock: in this process, its plugins in theirs.

        Raises:
            ConfigError: the file has errors; all of them are listed.
            LifecycleError: the model cannot be evaluated.
        """
        from lifecycle_tui.testing.running import check

        return check(self.root, model, self.clock)

    def lifecycle(self, *words: str, seconds: float = 120.0) -> Ran:
        """Run the program on the workspace, in a process and by the machine's clock: `lifecycle("plugins", "list")`."""
        done = subprocess.run(
            [sys.executable, "-m", "lifecycle_tui", *words],
            cwd=self.root,
            env={**os.environ, "NO_COLOR": "1", "LIFECYCLE_AGENT": "off"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        return Ran(done.returncode, done.stdout, done.stderr)
