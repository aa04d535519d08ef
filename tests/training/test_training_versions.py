"""Versions opened to score, whatever their artefact: ours, scikit-learn's, pickles, ONNX, and behind a program."""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from skops.io import dumps

from lifecycle_tui.domain.errors import StateError, TrainingError
from lifecycle_tui.domain.specs import ColumnsSpec, DataSpec, ModelSpec, ReferenceSpec, TrainingSpec, WorkspaceSpec
from lifecycle_tui.domain.windows import CountWindow
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.training import archive, artefact, guard
from lifecycle_tui.training.fit import fit
from lifecycle_tui.training.versions import Scorable, open_version
from tests.training.rows import KINDS, TASKS, make, write


def model(task: str = "regression", predict: tuple[str, ...] = (), **columns: Any) -> ModelSpec:
    data = DataSpec(ReferenceSpec(end=datetime(2026, 1, 1, tzinfo=UTC)), CountWindow(1000))
    training = TrainingSpec(predict=predict, time_limit=timedelta(minutes=1)) if predict else None
    return ModelSpec("demand", task, data, ColumnsSpec(target="cnt", **columns), training=training)  # type: ignore[arg-type]


Open = Callable[..., Scorable]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """`opened(bytes, format, spec, …)`: the artefact stored, and its version opened."""

    def make_one(
        data: bytes, kind: str | None, spec: ModelSpec, facts: Any = None, warn: Any = None, **workspace: Any
    ) -> Scorable:
        artifacts = Artifacts(tmp_path)
        about = NewVersion("demand", "registered", artifact=artifacts.put(data), format=kind, **(facts or {}))
        place = WorkspaceSpec(tmp_path, tmp_path / "lifecycle.toml", **workspace)
        return open_version(about, artifacts, spec, place, tmp_path / "scratch", warn=warn)

    return make_one


def frame(task: str = "regression") -> tuple[pd.DataFrame, np.ndarray, pa.Table]:
    """The rows as a team had them in pandas, their target, and as we have them."""
    rows = make(task)
    table = rows.table.drop_columns(["note"])
    data = table.set_column(2, "c", table.column("c").cast(pa.string())).to_pandas()
    return data.assign(c=data["c"].astype(object)), rows.target, table


@pytest.mark.thorough
@pytest.mark.parametrize("task", TASKS)
def test_ours(opened: Open, task: str) -> None:
    rows = make(task)
    found = fit(rows, task, KINDS)  # type: ignore[arg-type]
    again = opened(artefact.dump(found), "skops", model(task))
    assert (again.predict(rows.table).prediction == found.predict(rows.table).prediction).all()


def pipeline(task: str) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["z", "x"]), (OneHotEncoder(handle_unknown="ignore"), ["c"])
    )
    return make_pipeline(columns, LogisticRegression() if TASKS[task] else Ridge())


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", ["skops", "pickle", None])
def test_a_pipeline_from_elsewhere(opened: Open, task: str, kind: str | None) -> None:
    data, target, table = frame(task)
    fitted = pipeline(task).fit(data, target)
    stored = pickle.dumps(fitted) if kind == "pickle" else dumps(fitted)
    # Columns that it does not know do no harm, and their order neither.
    rows = table.select(["z", "c", "x"]).append_column("more", table.column("x"))
    found = opened(stored, kind, model(task), pickle=True).predict(rows)
    assert (found.prediction == fitted.predict(data)).all()
    if TASKS[task]:
        wanted = fitted.predict_proba(data)
        assert found.classes == TASKS[task] and found.score is not None
        assert (found.score == (wanted[:, 1] if task == "binary" else wanted)).all()


@pytest.mark.parametrize("labels", [(0, 1), (False, True), (0.0, 1.0)])
def test_labels_and_codes_as_the_team_had_them(opened: Open, labels: tuple[Any, Any]) -> None:
    """Numbers read from a file are text to us: labels of the target, and codes of a categorical column."""
    data, target, table = frame("binary")
    data["c"] = data["c"].map({"a": 7, "b": 12})
    codes = pa.array([None if v != v else str(int(v)) for v in data["c"]]).dictionary_encode()
    y = np.where(target == "yes", labels[1], labels[0])
    fitted = pipeline("binary").fit(data, y)
    names = ("false", "true") if isinstance(labels[0], bool) else ("0", "1")
    spec = model("binary", positive=labels[0], cutoff=0.7)
    found = opened(dumps(fitted), "skops", spec).predict(table.set_column(2, "c", codes))
    assert found.classes == names and (found.score == fitted.predict_proba(data)[:, 0]).all()  # type: ignore[union-attr]
    assert (found.prediction == np.where(fitted.predict_proba(data)[:, 0] >= 0.7, *names)).all()


def test_an_estimator_without_names_gets_the_features_in_order(opened: Open) -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    _, target, table = frame()
    x = np.column_stack([table.column(n).to_numpy() for n in ("x", "z")])
    fitted = HistGradientBoostingRegressor(max_iter=5).fit(x, target)
    numbers = table.select(["z", "x"])
    for facts in ({}, {"schema": {"features": {"x": "numeric", "z": "numeric"}}}):
        found = opened(dumps(fitted), "skops", model(), facts).predict(numbers)
        assert (found.prediction == fitted.predict(x)).all()


def test_a_classifier_without_probabilities_gives_labels(opened: Open) -> None:
    from sklearn.svm import LinearSVC

    _, target, table = frame("binary")
    x = np.nan_to_num(np.column_stack([table.column(n).to_numpy() for n in ("x", "z")]))
    fitted = LinearSVC().fit(x, target)
    filled = pa.table({"x": x[:, 0], "z": x[:, 1]})
    found = opened(dumps(fitted), "skops", model("binary")).predict(filled)
    assert found.score is None and (found.prediction == fitted.predict(x)).all()


def test_what_does_not_fit_is_said(opened: Open) -> None:
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    data, target, table = frame()
    numbers = data[["x", "z"]].fillna(0)
    named = dumps(Ridge().fit(numbers.rename(columns={"z": "speed"}), target))
    with pytest.raises(TrainingError, match="needs the columns speed") as caught:
        opened(named, "skops", model()).predict(table)
    assert caught.value.hint == "the model's features are x, z, c"
    with pytest.raises(TrainingError, match="which predicts nothing"):
        opened(dumps(StandardScaler().fit(numbers)), "skops", model())
    with pytest.raises(TrainingError, match="knows no labels; demand is a binary model"):
        opened(dumps(Ridge().fit(numbers, target)), "skops", model("binary"))
    with pytest.raises(TrainingError, match="cannot score: ValueError"):
        opened(dumps(Ridge().fit(numbers, target)), "skops", model()).predict(table.select(["x", "z"]))
    multi = pipeline("multiclass").fit(data, make("multiclass").target)
    with pytest.raises(TrainingError, match="knows 3 labels; demand is a binary model"):
        opened(dumps(multi), "skops", model("binary"))
    two = pipeline("binary").fit(data, make("binary").target)
    with pytest.raises(TrainingError, match='positive is "1"'):
        opened(dumps(two), "skops", model("binary", positive=1)).predict(table)


# --- swapped and hostile -----------------------------------------------------------------------------------------


def test_a_swapped_file_is_refused_before_anything_is_parsed(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = artefact.dump(fit(make(), "regression", KINDS))
    opened(data, "skops", model())
    (file,) = (p for p in (tmp_path / ".lifecycle" / "artifacts").rglob("*") if p.is_file())
    file.chmod(0o644)
    file.write_bytes(artefact.dump(fit(make(seed=9), "regression", KINDS)))

    def parsed(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the file was parsed")

    for name in ("names", "ZipFile"):
        monkeypatch.setattr(guard, name, parsed)
    monkeypatch.setattr("skops.io.loads", parsed)
    artifacts = Artifacts(tmp_path)
    facts = NewVersion("demand", "trained", artifact=file.parent.name + file.name, format="skops")
    place = WorkspaceSpec(tmp_path, tmp_path / "lifecycle.toml")
    with pytest.raises(StateError, match="is not what was stored"):
        open_version(facts, artifacts, model(), place, tmp_path)
    file.unlink()
    with pytest.raises(StateError, match="is missing"):
        open_version(facts, artifacts, model(), place, tmp_path)
    with pytest.raises(TrainingError, match="only named by the data"):
        open_version(replace(facts, artifact=None), artifacts, model(), place, tmp_path)


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch gotcha",)


def test_a_pickle_needs_the_workspaces_word_and_warns_each_time(
    opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    evil = pickle.dumps(Evil())
    for kind in ("pickle", None):
        with pytest.raises(TrainingError, match="pickles are not loaded here"):
            opened(evil, kind, model())
    with pytest.raises(TrainingError, match="registered as skops, and its artefact is something else"):
        opened(evil, "skops", model(), pickle=True)
    assert not (tmp_path / "gotcha").exists()
    data, target, _ = frame()
    stored = pickle.dumps(pipeline("regression").fit(data, target))
    heard: list[str] = []
    for _ in range(2):
        opened(stored, "pickle", model(), warn=heard.append, pickle=True)
    assert len(heard) == 2


@pytest.mark.parametrize("compress", [0, 3])
def test_joblib_files_are_pickles_too(opened: Open, compress: int) -> None:
    import joblib

    data, target, table = frame()
    fitted = pipeline("regression").fit(data, target)
    out = io.BytesIO()
    joblib.dump(fitted, out, compress=compress)
    found = opened(out.getvalue(), "pickle", model(), pickle=True).predict(table)
    assert (found.prediction == fitted.predict(data)).all()
    with pytest.raises(TrainingError, match="pickles are not loaded here"):
        opened(out.getvalue(), "pickle", model())
    with pytest.raises(TrainingError, match="the pickle cannot be loaded"):
        opened(b"\x80nonsense", "pickle", model(), pickle=True)


# --- behind a program --------------------------------------------------------------------------------------------

PREDICT = """
import os
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
artifact, output = Path(os.environ["LIFECYCLE_ARTIFACT"]), Path(os.environ["LIFECYCLE_OUTPUT"])
rows = pq.read_table(os.environ["LIFECYCLE_ROWS"])
weight = float((artifact / "weight.txt" if artifact.is_dir() else artifact).read_text())
answers = {answers}
pq.write_table(pa.table(answers), output / "predictions.parquet")
"""
WORDS = (sys.executable, "predict.py")


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["tar", "opaque"])
def test_a_program_scores(opened: Open, tmp_path: Path, kind: str) -> None:
    write(
        tmp_path,
        "predict.py",
        PREDICT.replace("{answers}", "{'prediction': [weight * v for v in rows['z'].to_pylist()]}"),
    )
    write(tmp_path, "made/weight.txt", "2.5")
    data = archive.pack(tmp_path / "made") if kind == "tar" else b"2.5"
    found = opened(data, kind, model(predict=WORDS), {"lineage": {"file": "../w.txt"}})
    table = make().table
    for some in (table, table.slice(0, 3), table.slice(0, 0)):
        assert found.predict(some).prediction.tolist() == [2.5 * v for v in some.column("z").to_pylist()]
    assert kind == "tar" or list((tmp_path / "scratch").glob("version-*/w.txt"))
    assert not list((tmp_path / "scratch").glob("predict-*"))


@pytest.mark.parametrize(
    ("task", "answers", "says"),
    [
        ("regression", "{'prediction': [1.0]}", "has 1 rows for 40"),
        ("regression", "1 / 0", "ended with code 1: ZeroDivisionError"),
        ("binary", "{'score': [2.0] * len(rows)}", "score goes from 2 to 2"),
        ("multiclass", "{'score.z': [2.0] * len(rows)}", "there is no label z for score.z"),
    ],
)
def test_wrong_answers_of_a_program(opened: Open, tmp_path: Path, task: str, answers: str, says: str) -> None:
    write(tmp_path, "predict.py", PREDICT.replace("{answers}", answers))
    facts = {"lineage": {"classes": ["p", "q", "r"]}} if task == "multiclass" else {}
    with pytest.raises(TrainingError, match=says):
        opened(b"1", "opaque", model(task, WORDS), facts).predict(make(n=40).table)


def test_scores_of_a_program_become_labels(opened: Open, tmp_path: Path) -> None:
    write(tmp_path, "predict.py", PREDICT.replace("{answers}", "{'score': [i / 40 for i in range(len(rows))]}"))
    found = opened(b"1", "opaque", model("binary", WORDS, positive=1, cutoff=0.25)).predict(make(n=40).table)
    assert found.prediction.tolist() == ["0"] * 10 + ["1"] * 30


def test_no_program_no_score(opened: Open) -> None:
    for kind in ("opaque", "tar", "gguf"):
        with pytest.raises(TrainingError, match="only a program of yours can score") as caught:
            opened(b"x", kind, model())
        assert "predict = " in (caught.value.hint or "")


# --- ONNX --------------------------------------------------------------------------------------------------------

onnx = pytest.mark.slow
"""They need onnxruntime, onnx and skl2onnx, which `.ci/run` installs before the slow tests."""


def test_onnx_needs_its_library(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(TrainingError, match="onnxruntime is not installed") as caught:
        opened(b"x", "onnx", model())
    assert caught.value.hint == "pip install onnxruntime"


def graph(inputs: list[tuple[str, int]], outputs: list[tuple[str, int]], nodes: list[Any], width: int) -> bytes:
    from onnx import helper

    made = helper.make_graph(
        [helper.make_node(*node[:3], **node[3]) for node in nodes],
        "g",
        [helper.make_tensor_value_info(name, kind, [None, width]) for name, kind in inputs],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 15)], ir_version=8).SerializeToString()  # type: ignore[no-any-return]


@onnx
def test_onnx_matrix_of_numbers(opened: Open) -> None:
    data = graph([("X", 1)], [("y", 1)], [("ReduceMean", ["X"], ["y"], {"axes": [1], "keepdims": 1})], 2)
    table = make().table.select(["z", "x"])
    filled = pa.table({"z": table["z"], "x": table["x"].fill_null(0.0)})
    found = opened(data, "onnx", model()).predict(filled)
    wanted = (filled["x"].to_numpy() + filled["z"].to_numpy()) / 2
    assert np.allclose(found.prediction, wanted, rtol=1e-4)
    with pytest.raises(TrainingError, match="takes 2 columns, and the model has 3 features"):
        opened(data, "onnx", model()).predict(filled.append_column("w", filled["x"]))
    with pytest.raises(TrainingError, match="cannot be read"):
        opened(b"nonsense", "onnx", model())


@onnx
def test_onnx_one_input_a_column_and_probabilities(opened: Open) -> None:
    nodes = [
        ("Sigmoid", ["z"], ["p"], {}),
        ("Neg", ["p"], ["n"], {}),
        ("Concat", ["n", "p"], ["probabilities"], {"axis": 1}),
        ("Identity", ["c"], ["label"], {}),
    ]
    data = graph([("z", 1), ("c", 8)], [("label", 8), ("probabilities", 1)], nodes, 1)
    rows = make("binary")
    spec = model("binary", positive="yes")
    found = opened(data, "onnx", spec, {"schema": {"classes": ["no", "yes"]}}).predict(rows.table)
    wanted = 1 / (1 + np.exp(-np.clip(rows.table["z"].to_numpy(), -500, 500)))
    assert found.score is not None and np.allclose(found.score, wanted, atol=1e-6)
    assert set(found.prediction) == {"no", "yes"}
    with pytest.raises(TrainingError, match="gives 2 probabilities a row; labels: none is known here"):
        opened(data, "onnx", spec).predict(rows.table)
    with pytest.raises(TrainingError, match="needs the columns c"):
        opened(data, "onnx", spec).predict(rows.table.drop_columns(["c"]))


@onnx
@pytest.mark.parametrize("zipmap", [True, False])
def test_onnx_of_scikit_learn(opened: Open, zipmap: bool) -> None:
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.linear_model import LogisticRegression

    rows = make("multiclass")
    x = np.column_stack([np.nan_to_num(rows.table["x"].to_numpy()), rows.table["z"].to_numpy() / 1e4]).astype(
        np.float32
    )
    fitted = LogisticRegression().fit(x, rows.target)
    made = skl2onnx.convert_sklearn(
        fitted, initial_types=[("X", FloatTensorType([None, 2]))], options={"zipmap": zipmap}
    )
    table = pa.table({"x": x[:, 0].astype(float), "z": x[:, 1].astype(float)})
    facts = {"schema": {"classes": list("pqr")}}
    found = opened(made.SerializeToString(), "onnx", model("multiclass"), facts).predict(table)
    assert found.classes == ("p", "q", "r") and np.allclose(found.score, fitted.predict_proba(x), atol=1e-5)  # type: ignore[arg-type]
    assert (found.prediction == fitted.predict(x)).mean() > 0.99
