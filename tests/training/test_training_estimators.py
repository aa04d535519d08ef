"""Estimators by name and by a team's function: all tasks, determinism, odd cells, and what goes wrong with its line."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain.delivery import ESTIMATORS
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.training.features import learn
from lifecycle_tui.training.fit import fit
from tests.training.rows import FRAME, KINDS, TASKS, make, write


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A workspace; what it put on the path and imported is forgotten afterwards."""
    modules, path = set(sys.modules), list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.thorough
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_learns_every_task_and_the_same_twice(name: str, task: str) -> None:
    rows = make(task)
    said, again = (fit(rows, task, KINDS, estimator=name).predict(rows.table) for _ in range(2))
    assert (said.prediction == again.prediction).all()
    if not TASKS[task]:
        assert 1 - np.var(said.prediction - rows.target) / np.var(rows.target) > 0.7
        return
    # One line a class cannot cut out the class in the middle.
    assert (said.prediction == rows.target).mean() > (0.55 if (name, task) == ("sgd", "multiclass") else 0.75)
    assert said.classes == TASKS[task] and said.score is not None
    assert said.score.shape == ((300,) if task == "binary" else (300, 3))


def test_positive_and_cutoff_are_the_declared_ones() -> None:
    rows = make("binary")
    model = fit(rows, "binary", KINDS, estimator="linear", positive="no", cutoff=0.9)
    said = model.predict(rows.table)
    assert said.score is not None
    assert ((said.score >= 0.9) == (said.prediction == "no")).all() and (said.prediction == "no").sum() > 0


ODD = pa.table(
    {
        "x": pa.array([None, float("inf"), 1e308, float("nan"), -1e308]),
        "z": pa.array([0.0, 1.0, None, None, 2.0]),
        "c": pa.array(["unseen", None, "a", "b", ""]).dictionary_encode(),
    }
)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("table", [ODD, ODD.select(["c"]), ODD.slice(0, 0)], ids=["odd cells", "one column", "no row"])
def test_every_estimator_scores_odd_rows(name: str, table: pa.Table) -> None:
    said = fit(make("binary"), "binary", KINDS, estimator=name).predict(table)
    assert said.score is not None and len(said.score) == len(said.prediction) == table.num_rows
    assert np.isfinite(said.score).all()


@pytest.mark.parametrize("name", ["linear", "sgd"])
def test_scaled_estimators_bear_dead_and_huge_columns(name: str) -> None:
    rows = make()
    table = rows.table.append_column("none", pa.nulls(300, pa.float64())).append_column(
        "huge", pa.array(np.where(np.arange(300) == 7, 1e307, 1.0))
    )
    table = table.append_column("same", pa.array(np.full(300, 5.0)))
    kinds = KINDS | {"none": "numeric", "huge": "numeric", "same": "numeric"}
    said = fit(type(rows)(table, rows.target, rows.time), "regression", kinds, estimator=name).predict(table)
    assert 1 - np.var(said.prediction - rows.target) / np.var(rows.target) > 0.7


@pytest.mark.thorough
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(("unit", "zero"), [(1e-6, 5e-3), (1e6, 1e9), (1.0, 1e6)])
def test_the_unit_of_the_target_does_not_matter(name: str, unit: float, zero: float) -> None:
    rows = make(n=1000)
    other = type(rows)(rows.table, rows.target * unit + zero, rows.time)
    said = fit(other, "regression", KINDS, estimator=name).predict(rows.table)
    assert 1 - np.var(said.prediction - other.target) / np.var(other.target) > 0.8


@pytest.mark.thorough
@pytest.mark.parametrize("task", TASKS)
def test_a_teams_function_gets_a_frame(folder: Path, task: str) -> None:
    name = f"m{uuid.uuid4().hex}"
    write(folder, f"{name}.py", FRAME)
    rows = make(task)
    function = "classes" if TASKS[task] else "regression"
    model = fit(rows, task, KINDS, estimator=f"{name}:{function}", folder=folder)
    frame = model.encoder.frame(ODD)
    assert list(frame.columns) == ["c", "x", "z"] and str(frame["x"].dtype) == "float64"
    assert list(frame["c"].cat.categories) == ["a", "b"] and frame["c"].isna().tolist() == [
        True,
        True,
        False,
        False,
        True,
    ]
    said = model.predict(rows.table)
    assert len(said.prediction) == 300 and said.classes == TASKS[task]


WHOLE = """
import numpy as np
class Model:
    def fit(self, X, y):
        assert y.dtype == np.int64 and y.ndim == 1
        self.classes_ = np.array([1, 0])
        return self
    def predict(self, X): return np.ones(len(X))
    def predict_proba(self, X): return np.column_stack([np.full(len(X), 0.8), np.full(len(X), 0.2)])
"""


def test_whole_number_labels_are_numbers_to_a_team_and_columns_follow_its_classes(folder: Path) -> None:
    write(folder, "whole.py", WHOLE)
    rows = make("binary")
    rows = type(rows)(rows.table, np.where(rows.target == "yes", "1", "0"), rows.time)
    said = fit(rows, "binary", KINDS, estimator="whole:Model", folder=folder).predict(rows.table)
    assert said.classes == ("0", "1") and said.score is not None and (said.score == 0.8).all()


BAD = {
    "gone:build": ("", "there is no module gone"),
    "absent:build": ("import nobody_has_this\n", "absent.py:1: absent cannot be imported: ModuleNotFoundError"),
    "unparsed:build": ("\n1 +\n", "unparsed.py:2: unparsed cannot be imported: SyntaxError"),
    "nofunc:build": ("def buidl(): ...\n", "nofunc.py:1: there is no function build"),
    "raising:build": ("def help():\n    raise RuntimeError('oh')\ndef build():\n    help()\n", "raising.py:2:.*oh"),
    "leaving:build": ("import sys\ndef build():\n    sys.exit(3)\n", r"leaving.py:3:.*ends the program \(exit 3\)"),
    "nothing:build": ("\ndef build():\n    return None\n", "nothing.py:2: nothing:build returned a NoneType"),
    "aclass:build": ("from sklearn.linear_model import Ridge\ndef build(): return Ridge\n", "returned the class Ridge"),
    "wants:build": ("def build(alpha): ...\n", "wants:build cannot build an estimator: TypeError"),
    "json:build": ("def build(): ...\n", "json.py is not imported: json is the name of another module"),
    "unfit:M": (
        "class M:\n    def fit(self, X, y):\n        return X.no_such\n    def predict(self, X): ...\n",
        "unfit.py:3: unfit:M cannot be fitted: AttributeError",
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize("estimator", BAD)
def test_what_is_wrong_with_a_teams_function_is_said_with_its_line(folder: Path, estimator: str) -> None:
    source, says = BAD[estimator]
    if source:
        write(folder, f"{estimator.split(':')[0]}.py", source)
    with pytest.raises(TrainingError, match=says):
        fit(make(), "regression", KINDS, estimator=estimator, folder=folder)


MODEL = """import numpy as np
class M:
    def fit(self, X, y): return self
    def predict(self, X):
        return {answer}
"""
CONSTANT = """from sklearn.dummy import DummyRegressor
def build(): return DummyRegressor(strategy='constant', constant={alpha})
"""
ANSWERS = {
    "np.zeros(3)": "shape",
    "np.full(len(X), np.nan)": "missing or infinite",
    "['a'] * len(X)": "no numbers",
    "1 / 0": r"answer.py:5: answer:M cannot score: ZeroDivisionError",
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_nonsense_answers_are_refused(folder: Path, answer: str) -> None:
    source = MODEL.format(answer=answer)
    write(folder, "answer.py", source)
    model = fit(make(), "regression", KINDS, estimator="answer:M", folder=folder)
    sys.modules.pop("answer")
    with pytest.raises(TrainingError, match=ANSWERS[answer]):
        model.predict(make().table)


def test_a_classifier_without_probabilities_is_refused_kindly(folder: Path) -> None:
    write(folder, "svc.py", "from sklearn.svm import LinearSVC as build\n")
    with pytest.raises(TrainingError, match="without predict_proba") as caught:
        fit(make("binary"), "binary", KINDS, estimator="svc:build", folder=folder)
    assert "CalibratedClassifierCV" in (caught.value.hint or "")


def test_a_changed_module_is_imported_anew(folder: Path) -> None:
    for alpha in (1.0, 20.0):
        write(folder, "alphas.py", CONSTANT.format(alpha=alpha))
        model = fit(make(), "regression", KINDS, estimator="alphas:build", folder=folder)
        assert set(model.predict(ODD).prediction) == {alpha}


@pytest.mark.slow
def test_the_folder_never_shadows_what_is_installed(folder: Path) -> None:
    """In a process that trains with the team's function, `import random` is still the standard library's."""
    write(folder, "random.py", "raise SystemExit('shadowed')")
    write(folder, "sklearn.py", "raise SystemExit('shadowed')")
    write(folder, "mine.py", "import random\nfrom sklearn.linear_model import Ridge\ndef build(): return Ridge()\n")
    code = (
        "import sys; from pathlib import Path; from lifecycle_tui.training import team\n"
        f"print(type(team.build('mine:build', {str(folder)!r})).__name__, sys.path[-1])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Ridge", str(folder)]


def test_encoders_come_back_from_their_data() -> None:
    for form in ("codes", "narrow", "scaled", "frame"):
        encoder = learn(make().table, {k: v for k, v in KINDS.items() if v != "text"}, form)  # type: ignore[arg-type]
        assert type(encoder).from_data(encoder.as_data(), encoder.form) == encoder
