"""Artefacts: what comes back is what was saved, the same bytes each time; what is hostile is refused."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skops.io import dumps

from lifecycle_tui.domain.delivery import ESTIMATORS
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.training import trust
from lifecycle_tui.training.artefact import dump, format_of, load, load_object
from lifecycle_tui.training.canonical import canonical
from lifecycle_tui.training.features import Encoder
from lifecycle_tui.training.fit import FittedModel, fit
from tests.training.rows import FRAME, KINDS, make, write


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    modules, path = set(sys.modules), list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.thorough
@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_round_trip_scores_the_same(name: str, task: str) -> None:
    rows = make(task)
    model = fit(rows, task, KINDS, estimator=name)
    data = dump(model)
    again = load(data)
    said, read = model.predict(rows.table), again.predict(rows.table)
    assert (said.prediction == read.prediction).all()
    assert said.score is None or (said.score == read.score).all()  # type: ignore[union-attr]
    assert (again.encoder, again.parameters, again.rows) == (model.encoder, model.parameters, 300)
    assert dump(again) == data and format_of(data) == "skops"


SETS = FRAME + (
    "from sklearn.feature_selection import SelectKBest, f_classif\n"
    "def sets():\n"
    "    made = make_pipeline(columns(), SelectKBest(f_classif, k=2), LogisticRegression())\n"
    "    words = ['alpha', 'beta', 'gamma', 'delta', 'epsilon']\n"
    "    made[-1].words = {*words, 1, ('t', frozenset(words)), frozenset()}\n"
    "    return made\n"
)
AGAIN = """
import hashlib, sys
from lifecycle_tui.training.artefact import dump
from lifecycle_tui.training.fit import fit
from tests.training.rows import KINDS, TASKS, make

junk = [bytearray(int(sys.argv[2]) * 1000 + i) for i in range(99)]  # what comes after lies elsewhere
for task in TASKS:
    for name in ESTIMATORS:
        print(task, name, hashlib.sha256(dump(fit(make(task), task, KINDS, estimator=name))).hexdigest())
for name in ("frames:classes", "frames:sets"):
    model = fit(make("binary"), "binary", KINDS, estimator=name, folder=sys.argv[1])
    print(name, hashlib.sha256(dump(model, trusted=("builtins.frozenset",))).hexdigest())
"""


@pytest.mark.slow
def test_the_same_rows_give_the_same_bytes_in_another_process(folder: Path) -> None:
    write(folder, "frames.py", SETS)
    root = Path(__file__).parents[2]
    said = [
        subprocess.run(
            [sys.executable, "-c", f"ESTIMATORS = {ESTIMATORS}{AGAIN}", str(folder), seed],
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] and len({line.split()[-1] for line in said[0]}) > 4 * 3
    assert len(said[0]) == 4 * len(ESTIMATORS) + 2


@pytest.mark.thorough
@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_the_same_rows_give_the_same_digest_and_others_another(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def digest(**rows: Any) -> str:
        return hashlib.sha256(dump(fit(make(task, **rows), task, KINDS))).hexdigest()

    first = digest()
    monkeypatch.setattr("time.localtime", lambda *of: (2031, 5, 6, 7, 8, 9, 0, 0, 0))  # what zip members are dated by
    assert digest() == first
    assert len({first, digest(seed=1), digest(n=299), digest(shift=0.001)}) == 4


def test_sets_come_back_whole_and_what_keeps_an_order_keeps_it(folder: Path) -> None:
    write(folder, "frames.py", SETS)
    rows = make("binary")
    model = fit(rows, "binary", KINDS, estimator="frames:sets", folder=folder)
    trusted = ("builtins.frozenset",)
    again = load(dump(model, trusted=trusted), trusted=trusted)
    words = frozenset(["alpha", "beta", "gamma", "delta", "epsilon"])
    assert again.estimator[-1].words == {*words, 1, ("t", words), frozenset()}
    assert (again.predict(rows.table).score == model.predict(rows.table).score).all()  # type: ignore[union-attr]
    kept = {"list": ["b", "a"], "tuple": ("z", "y"), "dict": {"k": 1, "j": 2}, "sets": [{2, 1}, {"b", "a"}]}
    data = canonical(dumps(kept))
    found = load_object(data)
    assert found == kept and list(found["dict"]) == ["k", "j"]
    assert canonical(data) == data


def test_an_artefact_of_the_first_format_is_still_read() -> None:
    model = fit(make(), "regression", KINDS)
    old = {
        "format": 1,
        "task": "regression",
        "estimator_name": model.estimator_name,
        "features": model.encoder.as_data(),
        "classes": [],
        "positive": None,
        "cutoff": 0.5,
        "estimator": model.estimator,
    }
    table = make(seed=5).table
    assert (load(dumps(old)).predict(table).prediction == model.predict(table).prediction).all()


# --- what is trusted ---------------------------------------------------------------------------------------------

OWN = FRAME + (
    "from sklearn.base import BaseEstimator, TransformerMixin\n"
    "class Same(TransformerMixin, BaseEstimator):\n"
    "    def fit(self, X, y=None):\n        self.n_ = len(X)\n        return self\n"
    "    def transform(self, X): return X\n"
    "def own(): return make_pipeline(Same(), regression())\n"
)


def test_a_teams_type_needs_the_workspaces_word(folder: Path) -> None:
    write(folder, "own_types.py", OWN)
    model = fit(make(), "regression", KINDS, estimator="own_types:own", folder=folder)
    with pytest.raises(TrainingError, match=r"own_types:own gives cannot be saved.*own_types\.Same") as caught:
        dump(model)
    assert caught.value.hint == ('if they are your own, declare them: [workspace] trust = ["own_types.Same"]')
    for trusted in (("own_types.Same",), ("own_types.*",)):
        data = dump(model, trusted=trusted)
        again = load(data, trusted=trusted, folder=folder)
        assert (again.predict(make().table).prediction == model.predict(make().table).prediction).all()
    for trusted in ((), ("own_types",), ("own_types.Sam",), ("*",), ("own_type*",)):
        with pytest.raises(TrainingError, match="not trusted"):
            load(data, trusted=trusted, folder=folder)


@pytest.mark.parametrize(
    ("name", "patterns", "trusted"),
    [
        ("team.a.B", ("team.a.B",), True),
        ("team.a.B", ("team.*",), True),
        ("team.a.B", ("team.a.B*",), True),
        ("teams.B", ("team.*",), False),
        ("os.system", ("*",), False),
        ("os.system", ("os.*",), False),
        ("os.system", ("os.system",), True),  # their own words
        ("team.B", ("",), False),
        ("team.B", (), False),
    ],
)
def test_trust_is_an_exact_path_or_a_prefix_of_the_teams_own(
    name: str, patterns: tuple[str, ...], trusted: bool
) -> None:
    assert trust.declared(name, patterns) is trusted


def test_our_list_is_by_library_version(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "sklearn.tree._tree.Tree" in trust.trusted_types()
    monkeypatch.setattr("importlib.metadata.version", lambda library: "99.1")
    assert trust.trusted_types() == frozenset()


# --- hostile files -----------------------------------------------------------------------------------------------


def node(module: str, cls: str, loader: str, **more: Any) -> dict[str, Any]:
    return {"__class__": cls, "__module__": module, "__loader__": loader, **more}


def pack(schema: Any, members: dict[str, bytes] | None = None) -> bytes:
    """A skops file by hand."""
    if isinstance(schema, dict):
        schema = {"protocol": 2, "_skops_version": "0.16.0"} | schema
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (members or {}).items():
            archive.writestr(name, data)
        archive.writestr("schema.json", json.dumps(schema) if not isinstance(schema, str) else schema)
    return out.getvalue()


def of(*values: Any) -> dict[str, Any]:
    return node("builtins", "list", "ListNode", content=list(values))


def text(value: Any) -> dict[str, Any]:
    return node("builtins", "str", "JsonNode", content=json.dumps(value), is_json=True)


def array(value: Any, **more: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, value, **more)
    return out.getvalue()


EMPTY = node("builtins", "dict", "DictNode", content={}, key_types=of())
WORDS = node("builtins", "tuple", "TupleNode", content=[text("touch gotcha")])
SYSTEM = node("os", "system", "FunctionNode")
ARRAY = node("numpy", "ndarray", "NdArrayNode", type="numpy", file="0.npy")
SAME = [node("numpy", "float64", "TypeNode", __id__=7), node("os", "system", "TypeNode", __id__=7)]

SCHEMAS = {
    "os.system": (SYSTEM, r"not trusted: os\.system"),
    "posix.system as a type": (node("posix", "system", "TypeNode"), "not trusted: posix.system"),
    "eval": (node("builtins", "eval", "TypeNode"), "not trusted: builtins.eval"),
    "a constructor that is called": (
        node("subprocess", "Popen", "ConstructorFromReduceNode", content=WORDS),
        "not trusted: subprocess.Popen",
    ),
    "an unlisted class": (node("http.client", "HTTPConnection", "ObjectNode"), "not trusted: http.client"),
    "an unlisted function of a known library": (node("numpy", "load", "FunctionNode"), "not trusted: numpy.load"),
    "an unlisted class of a known library": (
        node("sklearn.externals", "array_api_extra", "ObjectNode"),
        "not trusted: sklearn.externals",
    ),
    "a partial of a function": (
        node(
            "functools",
            "partial",
            "PartialNode",
            content={"func": SYSTEM, "args": WORDS, "kwds": EMPTY, "namespace": EMPTY},
        ),
        r"not trusted: os\.system",
    ),
    "a method": (
        node("builtins", "str", "MethodNode", content={"func": "format_map", "obj": text("x")}),
        "node of kind MethodNode",
    ),
    "an operator": (
        node("operator", "methodcaller", "OperatorFuncNode", attrs=WORDS),
        "node of kind OperatorFuncNode",
    ),
    "a loader nobody knows": (node("builtins", "dict", "EvilNode"), "node of kind EvilNode"),
    "a loss that is a function": (
        node("os", "system", "LossNode", __reduce__={"args": WORDS}, content=EMPTY),
        r"not trusted: os\.system",
    ),
    "an old protocol, which names one function and calls another": (
        node("numpy", "abs", "FunctionNode", content={"module_path": "os", "function": "system"}) | {"protocol": 0},
        "its protocol is 0",
    ),
    "one type, then another under the same number": (of(*SAME), "claim to be the same"),
    "a reference to a node elsewhere": (
        of(node("numpy", "float64", "TypeNode", __id__=7), node("x", "y", "CachedNode", __id__=7)),
        "node of kind CachedNode",
    ),
    "a tree without nodes": (
        node("sklearn.tree._tree", "Tree", "ConstructorFromReduceNode", content=WORDS),
        "makes a Tree in an unusual way",
    ),
    "boosted trees without nodes": (
        node("sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor", "ObjectNode", content=EMPTY),
        "cannot be read",
    ),
    "no type at all": (node(None, None, "ObjectNode"), "names no type"),  # type: ignore[arg-type]
    "a member that is not there": (ARRAY, "cannot be read"),
    "a file outside": (ARRAY | {"file": "../../etc/passwd"}, "cannot be read"),
    "no object": (["x"], "no object"),
    "no JSON": ("{", "cannot be read"),
    "nested deeply": ("[" * 200_000 + "]" * 200_000, "cannot be read"),
    "something harmless that is not ours": (of(text("x")), "not an artefact of this program"),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_hostile_schemas_are_refused(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    schema, says = SCHEMAS[name]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrainingError, match=says):
        load(pack(schema))
    assert not list(tmp_path.iterdir())


def nested_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as inner:
        inner.writestr("data.npy", bytes(70 * 1024**2))
    return out.getvalue()


LIE = array(np.zeros(4)).replace(b"(4,)", b"(9,)")
SPARSE = node("scipy.sparse", "csr_matrix", "SparseMatrixNode", type="scipy", file="0.npz")
FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (lambda: pack(ARRAY, {"0.npy": bytes(70 * 1024**2)}), "would unpack to"),
    "a bomb within": (lambda: pack(SPARSE, {"0.npz": nested_bomb()}), "would unpack to"),
    "a path upwards": (lambda: pack(ARRAY, {"../0.npy": array([1.0])}), r"a member is called '\.\./0\.npy'"),
    "an absolute path": (lambda: pack(ARRAY, {"/tmp/0.npy": array([1.0])}), "a member is called"),
    "a folder": (lambda: pack(ARRAY, {"a/0.npy": array([1.0])}), "a member is called"),
    "another suffix": (lambda: pack(ARRAY, {"0.so": b""}), "a member is called"),
    "an array that lies": (lambda: pack(ARRAY, {"0.npy": LIE}), "not what it says"),
    "an array of pickles": (
        lambda: pack(ARRAY, {"0.npy": array(np.array([object], object), allow_pickle=True)}),
        "not what it says",
    ),
    "no array": (lambda: pack(ARRAY, {"0.npy": b"nonsense"}), "cannot be read"),
    "no schema": (lambda: pack(EMPTY).replace(b"schema.json", b"schemx.json"), "called 'schemx.json'"),
    "an empty file": (lambda: b"", "neither a skops file nor a pickle"),
    "another file": (lambda: b"not a zip", "neither a skops file nor a pickle"),
}


@pytest.mark.parametrize("name", FILES)
def test_hostile_files_are_refused(name: str) -> None:
    make_file, says = FILES[name]
    with pytest.raises(TrainingError, match=says):
        load(make_file())


def test_two_members_of_one_name_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("schema.json", json.dumps(EMPTY | {"protocol": 2}))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("schema.json", json.dumps(SYSTEM | {"protocol": 2}))
    with pytest.raises(TrainingError, match="same name"):
        load(out.getvalue())


@pytest.fixture(scope="module")
def whole() -> bytes:
    return dump(fit(make(), "regression", KINDS))


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_truncated_and_damaged_artefacts_are_refused(whole: bytes, share: float) -> None:
    at = int(len(whole) * share)
    with pytest.raises(TrainingError):
        load(whole[:at])
    damaged = bytearray(whole)
    damaged[at : at + 40] = bytes(40)
    with pytest.raises(TrainingError):
        load(bytes(damaged))


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["hist-gradient-boosting", "random-forest"])
@pytest.mark.parametrize("change", ["cycle", "outside", "feature"])
def test_trees_that_lead_outside_are_refused(name: str, change: str) -> None:
    """scikit-learn follows a tree's nodes unchecked: such a file would crash or hang the process that scores."""
    left, feature = ("left", "feature_idx") if name.startswith("hist") else ("left_child", "feature")
    data = dump(fit(make(n=120), "regression", KINDS, estimator=name))
    done = False
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            if member.endswith(".npy") and not done:
                nodes = np.load(io.BytesIO(content))
                if nodes.dtype.names and left in nodes.dtype.names and len(nodes) > 1:
                    nodes[feature if change == "feature" else left][0] = {"cycle": 0, "outside": 10**6, "feature": 99}[
                        change
                    ]
                    content, done = array(nodes), True
            new.writestr(member, content)
    assert done and load(data)
    with pytest.raises(TrainingError, match="leads outside of itself"):
        load(out.getvalue())


def test_nothing_is_imported_for_a_type_that_is_not_trusted(folder: Path) -> None:
    write(folder, "sentinel.py", "import pathlib\npathlib.Path(__file__).with_name('imported').touch()\nclass A: ...\n")
    sys.path.append(str(folder))
    data = pack(node("sentinel", "A", "ObjectNode", content=EMPTY))
    with pytest.raises(TrainingError, match=r"not trusted: sentinel\.A"):
        load_object(data)
    assert not (folder / "imported").exists() and "sentinel" not in sys.modules
    assert type(load_object(data, trusted=("sentinel.A",), folder=folder)).__name__ == "A"
    assert (folder / "imported").exists()


# --- pickles -----------------------------------------------------------------------------------------------------


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch gotcha",)


def test_pickles_are_refused_unless_declared_and_warn_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrainingError, match="pickles are not loaded here") as caught:
        load(pickle.dumps(Evil()))
    assert "pickle = true" in (caught.value.hint or "") and not list(tmp_path.iterdir())
    model = fit(make(), "regression", KINDS)
    odd = FittedModel("regression", "odd", Encoder(model.encoder.features), model.estimator, parameters={})
    odd.estimator.callback = print
    with pytest.raises(TrainingError, match="cannot be saved"):
        dump(odd)
    data = dump(odd, pickle=True)
    heard: list[str] = []
    for _ in range(2):
        said = load(data, pickle=True, warn=heard.append).predict(make().table)
        assert (said.prediction == model.predict(make().table).prediction).all()
    assert format_of(data) == "pickle" and len(heard) == 2 and "runs whatever code" in heard[0]
