"""docs/training.md is true: its programs, its function and its strategy run, and its tables list what there is."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain.delivery import ESTIMATORS, FitRequest
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.runner import Runner
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.training import command, external, programs
from lifecycle_tui.training.command import run_command
from lifecycle_tui.training.fit import fit
from lifecycle_tui.training.strategies import fit_with
from lifecycle_tui.training.versions import open_version
from tests.training.rows import KINDS, make, write
from tests.training.test_training_command import spec as command_spec
from tests.training.test_training_versions import WorkspaceSpec

TEXT = (Path(__file__).parents[2] / "docs" / "training.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    path, modules = list(sys.path), set(sys.modules)
    for name, text in BLOCKS.items():
        write(tmp_path, name, text)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_the_programs_train_and_score(folder: Path) -> None:
    spec = command_spec("regression", sys.executable, "train.py", predict=(sys.executable, "predict.py"))
    rows, log = make(), []
    made = run_command(spec, rows, make(n=40, seed=1), folder, folder / "scratch", log=log.append)
    mean = float(np.mean(rows.target))
    assert log == [f"the mean of 300 rows is {mean:.2f}"] and np.allclose(made.predictions.prediction, mean)
    artifacts = Artifacts(folder)
    facts = NewVersion("demand", "trained", artifact=artifacts.put(made.artifact), format="tar")
    place = WorkspaceSpec(folder, folder / "lifecycle.toml")
    found = open_version(facts, artifacts, spec, place, folder / "scratch").predict(rows.table)
    assert np.allclose(found.prediction, mean)


def test_the_function_builds(folder: Path) -> None:
    rows = make()
    rows = type(rows)(rows.table, np.abs(rows.target), rows.time)
    model = fit(rows, "regression", KINDS, estimator="bike_model:build", folder=folder)
    assert np.corrcoef(model.predict(rows.table).prediction, rows.target)[0, 1] > 0.7


@pytest.mark.slow
def test_the_strategy_runs(folder: Path) -> None:
    catalog = PluginCatalog.open(folder, [folder / "plugins"])
    assert catalog.faults == ()
    rows = make()
    request = FitRequest("m", "regression", rows.table, pa.array(rows.target), pa.array(rows.time), KINDS)  # type: ignore[arg-type]
    with Runner() as runner:
        found = fit_with("recent", {"rows": 50}, catalog, runner, request)
    assert (found.rows, found.note) == (50, "the newest 50")


def test_the_tables_list_what_there_is() -> None:
    section = TEXT.split("## Estimators")[1].split("##")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", section, re.M) == list(ESTIMATORS)
    listed = set(re.findall(r"`(LIFECYCLE_[A-Z]+)`", TEXT))
    sources = "".join(Path(m.__file__).read_text() for m in (command, external, programs))  # type: ignore[arg-type]
    assert listed == set(re.findall(r'"(LIFECYCLE_[A-Z]+)"', sources))
    assert f"{programs.LOG_LINES:,} lines" in TEXT and programs.GRACE == 5.0 and "five seconds" in TEXT
