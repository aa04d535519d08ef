"""`lifecycle_tui.load`: the champion of the moment, checked before it is parsed, for rows as programs have them."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import lifecycle_tui
from lifecycle_tui.builtin.deployers.local import Local
from lifecycle_tui.domain.delivery import Release
from lifecycle_tui.domain.errors import ConfigError, StateError, TrainingError, UsageError
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.state import folder, models
from lifecycle_tui.state.database import State
from lifecycle_tui.training import artefact, serving
from lifecycle_tui.training.fit import TrainingRows, fit

T0 = datetime(2025, 6, 1, tzinfo=UTC)
MODEL = """
[models.{name}]
task = "{task}"
[models.{name}.data]
table = "rows.csv"
reference = {{ rows = 100 }}
window = "100 rows"
[models.{name}.columns]
target = "y"
{more}
"""
KINDS = {"x": "numeric", "c": "categorical"}
TASKS = {"shop": ("binary", "positive = 1"), "price": ("regression", ""), "kind": ("multiclass", "")}


def fitted(task: str, shift: float = 0.0) -> bytes:
    rng = np.random.default_rng(3)
    x = rng.normal(size=200)
    c = np.array(["red", "blue"])[rng.integers(0, 2, 200)]
    table = pa.table({"x": x, "c": pa.array(c).dictionary_encode()})
    y = {
        "binary": np.where(x > 0, "1", "0"), "regression": 10 * x + shift,
        "multiclass": np.where(x > 0.5, "high", np.where(x < -0.5, "low", "mid")),
    }[task]  # fmt: skip
    positive = "1" if task == "binary" else None
    rows = TrainingRows(table, y if task == "regression" else y.astype(str))
    return artefact.dump(fit(rows, task, KINDS, positive=positive))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return {name: fitted(task) for name, (task, _) in TASKS.items()} | {"price2": fitted("regression", 1000.0)}


class Shop:
    """A workspace whose versions are registered and deployed as the deploy job would."""

    def __init__(self, root: Path) -> None:
        self.root, self.store = root, Artifacts(root)
        self.declare()
        with State.open(root) as state, state.write() as tx:
            models.declare(tx, [models.Declared(name) for name in TASKS])

    def declare(self, more: str = "", workspace: str = "") -> None:
        text = workspace + "".join(MODEL.format(name=n, task=t, more=m) for n, (t, m) in TASKS.items())
        (self.root / "lifecycle.toml").write_text(text + more)

    def register(self, model: str, data: bytes, form: str = "skops", **facts: Any) -> int:
        schema = {"features": KINDS}
        new = NewVersion(model, "trained", artifact=self.store.put(data), format=form, **{"schema": schema, **facts})
        with State.open(self.root) as state, state.write() as tx:
            return versions.register(tx, new, T0).number

    def deploy(self, model: str, number: int, record: bool = True) -> None:
        with State.open(self.root) as state:
            with state.read() as conn:
                version = versions.get(conn, model, number)
            assert version is not None and version.facts.artifact is not None
            path = str(self.store.path(version.facts.artifact))
            folder = str(self.root / ".lifecycle" / "serving" / model)
            Local().deploy(Release(model, number, version.label, version.facts.artifact, "skops", path, folder))
            if record:
                self.champion(model, number)

    def champion(self, model: str, number: int) -> None:
        with State.open(self.root) as state, state.write() as tx:
            aliases.set_alias(tx, model, "champion", number, "ana", None, T0)

    def stable(self, model: str) -> Path:
        return self.root / ".lifecycle" / "serving" / model / "champion"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    serving._specs.clear()
    serving._loaded.clear()
    return Shop(tmp_path)


ROWS = [{"x": 2.0, "c": "red", "note": "hi"}, {"x": -2.0, "c": "blue"}, {"x": None, "c": "never seen"}]


def test_every_call_gives_the_champion_of_that_moment(shop: Shop, made: dict[str, bytes], monkeypatch):
    one, two = shop.register("price", made["price"]), shop.register("price", made["price2"])
    with pytest.raises(UsageError, match="nothing serves price yet"):
        lifecycle_tui.load("price", shop.root)
    shop.champion("price", one)
    first = lifecycle_tui.load("price", shop.root)
    assert (first.model, first.version, first.label) == ("price", 1, "1"), "a first version was never deployed"
    assert lifecycle_tui.load("price", shop.root) is first, "kept while it is champion"
    shop.deploy("price", two)
    (shop.root / "below").mkdir()
    monkeypatch.chdir(shop.root / "below")
    second = lifecycle_tui.load("price")
    assert second.version == 2 and second.digest != first.digest
    assert second.predict(ROWS)[0] - first.predict(ROWS)[0] == pytest.approx(1000, abs=20)
    shop.deploy("price", one)
    assert lifecycle_tui.load("price").version == 1
    assert lifecycle_tui.load("price", shop.root / "lifecycle.toml").version == 1


@pytest.mark.thorough
@pytest.mark.parametrize(
    "given",
    [
        ROWS,
        pd.DataFrame(ROWS),
        pa.table({"c": ["red", "blue", "never seen"], "x": [2.0, -2.0, None]}),
        pa.table({"c": pa.array(["red", "blue", None]).dictionary_encode(), "x": ["2.0", "-2", ""]}),
        pa.record_batch({"c": ["red", "blue", "?"], "x": pa.array([2, -2, None], pa.int16())}),
        pd.DataFrame({"x": ["2", -2, None], "c": pd.Categorical(["red", "blue", None])}),
        pd.DataFrame({"x": pd.array([2, -2, None], dtype="Int64"), "c": ["red", "blue", None]}),
    ],
    ids=["dicts", "frame", "table", "text", "batch", "mixed", "nullable"],
)
def test_rows_in_every_form_that_programs_have(shop: Shop, made: dict[str, bytes], given: Any):
    shop.deploy("price", shop.register("price", made["price"]))
    found = lifecycle_tui.load("price", shop.root).predict(given)
    assert found.dtype == np.float64 and found.shape == (3,) and np.isfinite(found).all()
    assert found[0] > 10 and found[1] < -10


def test_labels_and_probabilities(shop: Shop, made: dict[str, bytes]):
    for model in ("shop", "kind"):
        shop.deploy(model, shop.register(model, made[model]))
    binary, multi = (lifecycle_tui.load(model, shop.root) for model in ("shop", "kind"))
    assert binary.classes == ("0", "1") and list(binary.predict(ROWS[:2])) == ["1", "0"]
    score = binary.score(ROWS)
    assert score.shape == (3,) and score[0] > 0.9 > 0.1 > score[1]
    assert np.array_equal(binary.predict_proba(ROWS)[:, 1], score)
    assert set(multi.classes) == {"high", "low", "mid"} and list(multi.predict(ROWS[:2])) == ["high", "low"]
    proba = multi.predict_proba(ROWS)
    assert proba.shape == (3, 3) and np.allclose(proba.sum(axis=1), 1)
    assert [multi.classes[i] for i in proba[:2].argmax(axis=1)] == ["high", "low"]
    assert binary.predict([]).shape == (0,) and multi.predict(pd.DataFrame({"x": []})).shape == (0,)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"x": 1.0}], "version 1 of price needs the columns c"),
        ({"x": 1.0, "c": "red"}, "a dict is nothing that can be scored"),
        ("x", "a str is nothing"),
        ([1, 2], "row 0 is a int and no dict"),
        (np.zeros((2, 2)), "a ndarray is nothing"),
        (None, "a NoneType is nothing"),
    ],
)
def test_rows_that_cannot_be_scored(shop: Shop, made: dict[str, bytes], rows: Any, says: str):
    shop.deploy("price", shop.register("price", made["price"]))
    found = lifecycle_tui.load("price", shop.root)
    with pytest.raises(UsageError, match=says):
        found.predict(rows)
    with pytest.raises(UsageError, match="has no scores"):
        found.score(ROWS)


def test_a_file_from_elsewhere_serves(shop: Shop):
    from sklearn.linear_model import LinearRegression
    from skops.io import dumps

    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0], "z": [1.0, 0.0, 1.0]})
    data = dumps(LinearRegression().fit(frame, [1.0, 3.0, 5.0]))
    shop.deploy("price", shop.register("price", data, schema={}))
    found = lifecycle_tui.load("price", shop.root)
    assert found.predict([{"z": "1", "x": 10}]) == pytest.approx([21.0])
    with pytest.raises(UsageError, match="needs the columns z"):
        found.predict([{"x": 1}])


def test_what_is_not_what_was_deployed_is_refused_before_it_is_parsed(shop: Shop, made: dict[str, bytes], monkeypatch):
    one = shop.register("price", made["price"])
    shop.deploy("price", one)

    def parsed(*_: object, **__: object) -> None:
        raise AssertionError("it was parsed")

    monkeypatch.setattr(serving, "open_version", parsed)
    there = shop.stable("price").resolve()
    (there / "artifact").unlink()
    (there / "artifact").write_bytes(made["price2"])
    with pytest.raises(StateError, match="not what was deployed"):
        lifecycle_tui.load("price", shop.root)
    (there / "artifact").unlink()
    with pytest.raises(StateError, match="cannot be read"):
        lifecycle_tui.load("price", shop.root)
    (there / "version.json").write_text(json.dumps({"number": 9}))
    with pytest.raises(StateError, match="version 9 of price, which the record does not know"):
        lifecycle_tui.load("price", shop.root)
    (there / "version.json").write_text("{")
    with pytest.raises(StateError, match="cannot be read"):
        lifecycle_tui.load("price", shop.root)


class Boom:
    """Unpickling it is seen."""

    def __reduce__(self):
        return (os.mkdir, ("ran",))


def test_a_pickle_is_loaded_only_where_the_workspace_says_so_and_is_warned_of_each_time(
    shop: Shop, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    shop.deploy("price", shop.register("price", pickle.dumps(Boom()), "pickle"))
    with pytest.raises(TrainingError, match="pickles are not loaded here"):
        lifecycle_tui.load("price", shop.root)
    assert not (tmp_path / "ran").exists()
    shop.declare(workspace="[workspace]\npickle = true\n")
    with pytest.warns(RuntimeWarning, match="pickle"), pytest.raises(TrainingError):
        lifecycle_tui.load("price", shop.root)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("model", "root", "error", "says"),
    [
        ("prce", "", UsageError, "declares no model 'prce'"),
        ("price", "../nowhere", ConfigError, "lifecycle.toml"),
        ("shop", "", UsageError, "only named by the data"),
    ],
)
def test_errors_in_words(shop: Shop, model: str, root: str, error: type[Exception], says: str):
    with State.open(shop.root) as state, state.write() as tx:
        versions.register(tx, NewVersion("shop", "named", name="prod"), T0)
        aliases.set_alias(tx, "shop", "champion", 1, "ana", None, T0)
    with pytest.raises(error, match=says):
        lifecycle_tui.load(model, shop.root / root if root else shop.root)


def test_without_a_state(tmp_path: Path):
    (tmp_path / "lifecycle.toml").write_text(MODEL.format(name="price", task="regression", more=""))
    with pytest.raises(StateError, match="no state yet"):
        lifecycle_tui.load("price", tmp_path)
    assert not (tmp_path / ".lifecycle").exists(), "it writes nothing"


def test_a_file_that_becomes_wrong_does_not_stop_what_serves(shop: Shop, made: dict[str, bytes]):
    shop.deploy("price", shop.register("price", made["price"]))
    two = shop.register("price", made["price2"])
    assert lifecycle_tui.load("price", shop.root).version == 1
    before = (shop.root / "lifecycle.toml").read_text()
    (shop.root / "lifecycle.toml").write_text("[models.price]\ntsk = 1\n")
    assert lifecycle_tui.load("price", shop.root).version == 1
    shop.deploy("price", two)
    assert lifecycle_tui.load("price", shop.root).version == 2
    serving._specs.clear()
    with pytest.raises(ConfigError):
        lifecycle_tui.load("price", shop.root)
    serving._specs.clear()
    file = shop.root / "lifecycle.toml"
    (folder.folder(shop.root) / folder.ACCEPTED).write_text(json.dumps({str(file): before}))
    assert lifecycle_tui.load("price", shop.root).version == 2, "a program that starts now: as the agent accepted it"


def test_with_a_teams_own_deployer_the_record_says_what_serves(shop: Shop, made: dict[str, bytes]):
    one, two = shop.register("price", made["price"]), shop.register("price", made["price2"])
    shop.deploy("price", one)
    shop.champion("price", two)
    assert lifecycle_tui.load("price", shop.root).version == one, "the stable place is what the local deployer serves"
    shop.declare('[models.price.rollout]\ndeployer = "mine"\n')
    assert lifecycle_tui.load("price", shop.root).version == two


def test_a_state_that_was_replaced_is_read_anew_and_a_forked_process_opens_its_own(shop: Shop, made: dict[str, bytes]):
    shop.deploy("price", shop.register("price", made["price"]))
    assert lifecycle_tui.load("price", shop.root).version == 1
    conn = serving._reading(shop.root)
    assert serving._reading(shop.root) is conn
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            fine = serving._reading(shop.root) is not conn and lifecycle_tui.load("price", shop.root).version == 1
            code = 0 if fine else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    database = shop.root / ".lifecycle" / "state.db"
    other = shop.root / "other.db"
    other.write_bytes(database.read_bytes())
    os.replace(other, database)
    assert serving._reading(shop.root) is not conn
    assert lifecycle_tui.load("price", shop.root).version == 1


def test_while_it_is_switched_a_reader_always_gets_one_of_the_two(shop: Shop, made: dict[str, bytes]):
    both = [shop.register("price", made["price"]), shop.register("price", made["price2"])]
    shop.deploy("price", both[0])
    stop, problems, seen = threading.Event(), [], set()

    def read() -> None:
        while not stop.is_set():
            serving._loaded.clear()
            try:
                seen.add(lifecycle_tui.load("price", shop.root).version)
            except Exception as exc:
                problems.append(exc)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(30):
        shop.deploy("price", both[turn % 2], record=False)
    stop.set()
    reader.join()
    assert problems == [] and seen <= set(both)


def test_importing_the_program_stays_light():
    code = (
        "import sys, lifecycle_tui; assert callable(lifecycle_tui.load)\n"
        "print([m for m in ('numpy', 'pydantic', 'sqlite3', 'sklearn', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
