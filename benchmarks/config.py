"""What reading a fleet costs: a thousand models in one file, in a thousand, and with an environment's file on top.

    python benchmarks/config.py [--models 1000] [--rounds 5] [--check]

CPU time of this process. As ratios within one run, so that machines compare: reading with every check is divided by
tomllib's bare parsing of the same texts, a file a model by one file, an environment's file on top by without.
`--check` ends with 1 where one is over its budget.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

from lifecycle_tui.config import examine
from lifecycle_tui.config.explain import explain
from lifecycle_tui.config.json_schema import text
from lifecycle_tui.config.origins import resolved
from lifecycle_tui.domain import environment
from lifecycle_tui.plugin_host.catalog import PluginCatalog

BUDGETS = {
    "read and checked / parsed by tomllib": 3.0,
    "a file a model / one file": 1.6,
    "with an environment's file / without": 1.4,
}
DEFAULTS = """\
[defaults.monitor]
detectors = ["psi", "ks", "chi2"]
[defaults.rules.drifted]
when = "drift.max > 0.1"
for = 2
[defaults.training]
gates = ["gain(auc) > 0"]
"""
MODEL = """\
task = "binary"
owner = "team-{n}"
tags = ["fleet"]
[{at}data]
table = "data/m{n}.csv"
reference = {{ until = 2025-01-31 }}
window = "1d"
[{at}columns]
timestamp = "at"
target = "y"
score = "p"
numeric = ["a", "b", "c"]
[{at}rules.auc-low]
when = "auc.upper < 0.{n}"
severity = "critical"
then = ["notify", "retrain"]
[{at}training]
history = "90d"
cooldown = "3d"
"""


def main() -> int:
    """Measure, print, and say whether a budget was broken."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--models", type=int, default=1000)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--check", action="store_true", help="end with 1 where a budget is broken")
    chosen = words.parse_args()
    os.environ.pop(environment.VARIABLE, None)
    with tempfile.TemporaryDirectory() as folder:
        one, many = _write(Path(folder), chosen.models)
        runs: dict[str, list[float]] = {}
        for _ in range(chosen.rounds):
            for name, run in _runs(one, many).items():
                runs.setdefault(name, []).append(_cpu(run))
    cost = {name: statistics.median(times) for name, times in runs.items()}
    ratios = {
        "read and checked / parsed by tomllib": cost["one file"] / cost["tomllib, one file"],
        "a file a model / one file": cost["a file a model"] / cost["one file"],
        "with an environment's file / without": cost["one file, prod"] / cost["one file"],
    }
    for name, ratio in ratios.items():
        print(f"{name:40} {ratio:6.2f}   budget {BUDGETS[name]}")
    for name, seconds in cost.items():
        print(f"{name:40} {1000 * seconds:8.1f} ms CPU")
    return 1 if chosen.check and any(ratio > BUDGETS[name] for name, ratio in ratios.items()) else 0


def _write(folder: Path, count: int) -> tuple[Path, Path]:
    """A workspace with all models in one file, and one with a file a model; a tenth of them differ in prod."""
    one, many = folder / "one" / "lifecycle.toml", folder / "many" / "lifecycle.toml"
    (many.parent / "models").mkdir(parents=True)
    one.parent.mkdir()
    names = [f"m-{n:04d}" for n in range(count)]
    texts = [f"[models.{name}]\n{MODEL.format(n=n, at=f'models.{name}.')}" for n, name in enumerate(names)]
    one.write_text(DEFAULTS + "".join(texts), encoding="utf-8")
    many.write_text('include = ["models/*.toml"]\n' + DEFAULTS, encoding="utf-8")
    for n, name in enumerate(names):
        (many.parent / "models" / f"{name}.toml").write_text(MODEL.format(n=n, at=""), encoding="utf-8")
    prod = "".join(f"[models.{name}.rules.auc-low]\nfor = 3\n" for name in names[::10])
    for file in (one, many):
        environment.overlay(file, "prod").write_text(prod, encoding="utf-8")
    return one, many


def _runs(one: Path, many: Path) -> dict[str, Callable[[], object]]:
    plugins = PluginCatalog.open(None, enabled=False)
    reading = examine(one)
    assert reading.sound, reading.problems[:3]
    return {
        "tomllib, one file": lambda: tomllib.loads(one.read_text(encoding="utf-8")),
        "one file": lambda: examine(one),
        "a file a model": lambda: examine(many),
        "one file, prod": lambda: _in_prod(one),
        "a file a model, prod": lambda: _in_prod(many),
        "every value with its origin": lambda: sum(1 for _ in resolved(reading, plugins)),
        "schema": lambda: text(plugins),
        "explain, a key": lambda: explain("models.NAME.rules.NAME.for", plugins),
    }


def _in_prod(file: Path) -> None:
    os.environ[environment.VARIABLE] = "prod"
    try:
        assert examine(file).spec.environment == "prod"
    finally:
        del os.environ[environment.VARIABLE]


def _cpu(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


if __name__ == "__main__":
    sys.exit(main())
