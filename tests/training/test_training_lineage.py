"""What a version records: digests of the team's code, libraries, columns; importance of features."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.specs import ColumnsSpec, DataSpec, ModelSpec, ReferenceSpec
from lifecycle_tui.domain.windows import CountWindow
from lifecycle_tui.training import importance as importances
from lifecycle_tui.training import lineage
from lifecycle_tui.training.fit import Prediction, fit
from lifecycle_tui.training.importance import importance
from tests.training.rows import KINDS, make, write

FILES = {
    "model.py": "import helper\nfrom package import part\ndef build():\n    from late import x\n",
    "helper.py": "import os, numpy\nimport deeper.still\n",
    "deeper/still.py": "1\n",
    "package/__init__.py": "from . import part\n",
    "package/part.py": "from .other import y\nfrom ..outside import z\n",
    "package/other.py": "y = 1\n",
    "late.py": "raise RuntimeError('nobody imports it')\n",
    "unrelated.py": "0\n",
    "package/unrelated.py": "0\n",
}


@pytest.mark.parametrize("file", FILES)
def test_the_code_digest_is_of_all_that_is_imported(tmp_path: Path, file: str) -> None:
    for name, text in FILES.items():
        write(tmp_path, name, text)
    before = lineage.code_digest(tmp_path, "model:build"), lineage.command_digest(tmp_path, ["python", "model.py"])
    assert len(before[0]) == 64 and before == (
        lineage.code_digest(tmp_path, "model:other"),
        lineage.command_digest(tmp_path, ["python", "model.py"]),
    )
    write(tmp_path, file, FILES[file] + "# changed\n")
    after = lineage.code_digest(tmp_path, "model:build"), lineage.command_digest(tmp_path, ["python", "model.py"])
    same = "unrelated" in file
    assert (before[0] == after[0]) is same and (before[1] == after[1]) is same


def test_digests_of_other_code(tmp_path: Path) -> None:
    assert len(lineage.code_digest(tmp_path, "sklearn.linear_model:Ridge")) == 64
    write(tmp_path, "broken.py", "1 +")
    assert len(lineage.code_digest(tmp_path, "broken:build")) == 64
    with pytest.raises(TrainingError, match="there is no module gone"):
        lineage.code_digest(tmp_path, "gone:build")
    one, two = (lineage.command_digest(tmp_path, ["train", *more]) for more in ([], ["--fast"]))
    assert one != two
    write(tmp_path, "train.R", "a")
    one = lineage.command_digest(tmp_path, ["Rscript", "train.R"])
    write(tmp_path, "train.R", "b")
    assert lineage.command_digest(tmp_path, ["Rscript", "train.R"]) != one


def test_libraries_and_columns() -> None:
    found = lineage.libraries()
    assert set(found) >= {"python", "scikit-learn", "skops", "numpy"} and all(found.values())
    data = DataSpec(ReferenceSpec(end=datetime(2026, 1, 1, tzinfo=UTC)), CountWindow(1000))
    spec = ModelSpec("demand", "regression", data, ColumnsSpec(target="cnt"))
    assert lineage.schema(spec, {"b": "numeric", "a": "text"}) == {
        "task": "regression",
        "target": "cnt",
        "features": {"a": "text", "b": "numeric"},
    }


@pytest.mark.parametrize("at_once", [10, 10**6])
@pytest.mark.parametrize("greater", [True, False])
def test_importance_finds_what_matters(monkeypatch: pytest.MonkeyPatch, greater: bool, at_once: int) -> None:
    monkeypatch.setattr(importances, "AT_ONCE", at_once)
    model, rows = fit(make(), "regression", KINDS), make(seed=1)

    def outcomes(said: Prediction, at: np.ndarray) -> Outcomes:
        return Outcomes(rows.target[at], said.prediction)

    def measure(found: Outcomes) -> float:
        assert found.prediction is not None and len(found) == 200
        error = float(np.abs(found.target - found.prediction).mean())
        return -error if greater else error

    one, two = (importance(model, rows.table, outcomes, measure, greater, rows=200) for _ in range(2))
    assert one == two and list(one)[:2] == ["x", "c"]
    assert one["x"] > 1 and one["note"] == 0 and abs(one["z"]) < 0.2
    assert importance(model, rows.table, outcomes, lambda found: None, greater, rows=200) == {}
