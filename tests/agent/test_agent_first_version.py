"""Rows without predictions: a first version is fitted on the reference, kept, checked, and honest about itself."""

from __future__ import annotations

import atexit
import functools
import hashlib
import math
import os
import random
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.state.database import State
from lifecycle_tui.training.artefact import load
from tests.agent.conftest import Space

TOML = """\
[models.shop]
task = "{task}"
[models.shop.data]
table = "rows.csv"
reference = {{ until = 2025-03-31 }}
window = "1 month"
[models.shop.columns]
timestamp = "ts"
target = "y"
numeric = ["x"]
categorical = ["c"]
{columns}
[models.shop.rules.moved]
when = "drift.max >= 0.2"
{more}
"""
Row = tuple[datetime, float, str, str]


@functools.cache
def empty_state() -> Path:
    """A state without rows: making one takes a child process, copying it does not."""
    root = Path(tempfile.mkdtemp(prefix="lifecycle-test-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    with State.open(root):
        pass
    return root / ".lifecycle"


@pytest.fixture(autouse=True)
def ready(space: Space) -> None:
    shutil.copytree(empty_state(), space.root / ".lifecycle")
    # Labels without a date of their own are known once their file was first seen: not before today.
    space.clock.instant = datetime.now(UTC) + timedelta(hours=1)


def label(task: str, truth: float, rng: random.Random) -> str:
    if task == "binary":
        return "yes" if rng.random() < 1 / (1 + math.exp(-3 * truth)) else "no"
    if task == "multiclass":
        return "low" if truth < -0.7 else "mid" if truth < 0.7 else "high"
    return f"{truth + rng.gauss(0, 0.3):.4f}"


def made(task: str, days: int = 150, per_day: int = 4, moves_at: int = 9999) -> list[Row]:
    """January to May; what follows from x and c; x moves at a day."""
    rng = random.Random(f"{task}-{per_day}")
    rows = []
    for day in range(days):
        for i in range(per_day):
            x, c = rng.gauss(0 if day < moves_at else 2, 1), rng.choice(["a", "b", "d"])
            truth = x + (c == "b") * 0.8
            at = datetime(2025, 1, 1) + timedelta(days=day, minutes=i * 300)
            rows.append((at, x, c, label(task, truth, rng)))
    return rows


def save(space: Space, rows: list[Row], task: str = "regression", columns: str = "", more: str = "") -> Space:
    space.write("lifecycle.toml", TOML.format(task=task, columns=columns, more=more))
    lines = [f"{at:%Y-%m-%d %H:%M:%S},{x:.4f},{c},{y}" for at, x, c, y in rows]
    space.write("rows.csv", "\n".join(["ts,x,c,y", *lines]) + "\n")
    return space


def champion(space: Space) -> versions.Version:
    with State.open(space.root) as state, state.read() as conn:
        found = aliases.champion(conn, "shop")
    assert found is not None
    return found


def baseline(outcome: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in outcome["reference"]}


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("task", "metric", "low", "high", "detector"),
    [
        ("regression", "mae", 0.15, 0.6, "ks"),
        ("binary", "auc", 0.7, 0.99, "ks"),
        ("multiclass", "accuracy", 0.8, 1.0, "chi2"),
    ],
)
def test_a_first_version_scores_forward(
    space: Space, task: str, metric: str, low: float, high: float, detector: str
) -> None:
    outcome = save(space, made(task, moves_at=120), task).run()
    assert outcome["new"] == 2
    found = champion(space)
    assert (found.number, found.label, found.facts.origin) == (1, "1", "trained")
    assert found.facts.data_rows == 90 * 4 and {"c", "x"} <= set((found.facts.lineage or {})["features"])
    assert {"scikit-learn", "numpy", "skops"} <= set(found.facts.libraries or {})
    with State.open(space.root) as state, state.read() as conn:
        (move,) = aliases.moves(conn, "shop", "champion")
    assert (move.version, move.previous, move.why) == (1, None, "first version")
    assert (found.facts.strategy, found.facts.schema) == (
        "refit", {"task": task, "target": "y", "features": {"c": "categorical", "x": "numeric"}},
    )  # fmt: skip
    assert len(str(found.facts.data_digest)) == 64 and found.facts.code is None
    importance = found.facts.importance or {}
    assert set(importance) == {"x", "c"} and importance["x"] > max(0, importance["c"])
    assert (found.facts.data_start, found.facts.data_end) == (
        datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 3, 31, 15, 0, 0, 1, tzinfo=UTC),
    )  # fmt: skip
    base = baseline(outcome)[metric]
    assert (found.facts.metrics or {})[metric] == {k: base[k] for k in ("value", "lower", "upper", "n")}
    assert base["n"] == 300, "five of six blocks are predicted by versions that had not seen them"
    assert low < base["value"] < high
    windows = {e.window.key: e.signals for e in space.history(version="1")}
    assert set(windows) == {"2025-04", "2025-05"}
    assert low * 0.8 < windows["2025-04"][metric].value < high * 1.2  # type: ignore[operator]
    shared = {e.window.key: e.signals for e in space.history(version="")}
    assert shared["2025-05"][f"{detector}.prediction"].state == "drifted", "what it says moves with what it is told"
    assert shared["2025-04"][f"{detector}.prediction"].state in ("ok", "cannot-tell")
    april = windows["2025-04"]
    assert april["importance.x"].value > max(0, april["importance.c"].value)  # type: ignore[operator, type-var]
    assert april["importance.x"].lower < april["importance.x"].value < april["importance.x"].upper  # type: ignore[operator]
    assert april["importance.shift"].value < 0.3 and april["importance.x"].column == "x"  # type: ignore[operator]
    assert april["reading"].detail["importance_by"] == "permutation"


def test_importance_is_left_out_where_the_file_says_so(space: Space) -> None:
    save(space, made("regression"), more="[models.shop.monitor]\nimportance = false").run()
    assert not [name for e in space.history() for name in e.signals if name.startswith("importance.")]


def test_the_baseline_is_not_how_well_it_learnt_by_heart(space: Space) -> None:
    rows = made("regression")
    outcome = save(space, rows).run()
    model = load(Artifacts(space.root).get(str(champion(space).facts.artifact)))
    seen = [row for row in rows if row[0] < datetime(2025, 4, 1)]
    table = pa.table({"x": [round(r[1], 4) for r in seen], "c": pa.array([r[2] for r in seen]).dictionary_encode()})
    by_heart = float(np.abs(model.predict(table).prediction - [float(r[3]) for r in seen]).mean())
    assert baseline(outcome)["mae"]["value"] > 1.5 * by_heart


def test_the_artefact_is_named_by_its_bytes_and_read_only(space: Space) -> None:
    save(space, made("regression")).run()
    digest = str(champion(space).facts.artifact)
    path = Artifacts(space.root).path(digest)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert path.stat().st_mode & 0o222 == 0 and path.stat().st_size == champion(space).facts.size


def test_a_rerun_loads_what_there_is(space: Space) -> None:
    save(space, made("binary"), "binary").run()
    before, facts = champion(space), space.facts()
    more = made("binary", days=180)
    assert more[:600] == made("binary")
    outcome = save(space, more, "binary").run()
    assert outcome["new"] == 1 and champion(space) == before
    assert [f[:6] for f in space.facts()][: len(facts)] != [] and {f[0] for f in facts} <= {f[0] for f in space.facts()}
    with State.open(space.root) as state, state.read() as conn:
        assert len(versions.versions(conn, "shop")) == 1


@pytest.mark.slow
def test_order_of_rows_changes_no_bit_of_what_it_says(space: Space, tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = made("regression")
    one = save(space, rows).run()
    other = Space(tmp_path_factory.mktemp("other"), FixedClock(space.clock.instant))
    random.Random(4).shuffle(rows)
    two = save(other, rows).run()
    assert baseline(one) == baseline(two)
    assert [f[:6] for f in other.facts()] == [f[:6] for f in space.facts()]


def test_a_changed_reference_is_validated_anew_and_keeps_its_champion(space: Space) -> None:
    rows = made("regression")
    first = save(space, rows).run()
    kept = champion(space)
    second = save(space, rows[8:]).run()
    assert champion(space) == kept
    assert second["reference_digest"] != first["reference_digest"] and second["changed"] == 2
    assert baseline(second)["mae"]["n"] < baseline(first)["mae"]["n"]


@pytest.mark.thorough
@pytest.mark.parametrize("damage", ["swapped", "cut", "gone", "foreign"])
def test_a_swapped_artefact_is_refused(space: Space, damage: str) -> None:
    save(space, made("regression", days=151)).run()
    digest = str(champion(space).facts.artifact)
    path = Artifacts(space.root).path(digest)
    data = path.read_bytes()
    os.chmod(path, 0o644)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"swapped": data[:-1] + b"x", "cut": data[: len(data) // 2], "foreign": b"gotcha"}[damage])
    save(space, made("regression", days=180))
    kept = space.facts()
    outcome = space.run()
    assert outcome["new"] == 1 and digest[:12] in outcome["problems"][0] and space.row().health == "error"
    (whole, own) = (e for e in space.history() if e.window.key == "2025-06")
    (finding,) = (f for f in whole.window.findings if f.code == "unopened-version")
    assert finding.count == own.window.rows == 29 * 4 and digest[:12] in finding.message
    assert (own.signals["mae"].value, own.signals["mae"].state) == (None, "unknown")
    assert digest[:12] in str(own.signals["mae"].message), "the number says why it is not there"
    assert whole.signals["ks.x"].value is not None, "what the version is not needed for is measured"
    assert [f for f in space.facts() if f[0] < "2025-06"] == kept, "nothing else was scored with it"
    assert not any(space.run()[kind] for kind in ("new", "grown", "changed", "relabelled"))
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    outcome = space.run()
    assert outcome["changed"] == 1 and not outcome["problems"], "restored: its rows are scored after all"
    (whole, own) = (e for e in space.history() if e.window.key == "2025-06")
    assert own.signals["mae"].value is not None and not whole.window.findings


def test_an_artefact_whose_digest_was_forged_runs_nothing(space: Space) -> None:
    """Who may write state may name another file; what it holds is not built unless it is on our list."""
    import functools as tools

    from skops.io import dumps

    save(space, made("regression")).run()
    evil = Artifacts(space.root).put(dumps({"format": 1, "estimator": tools.partial(os.system, "touch owned")}))
    with State.open(space.root) as state, state.write() as tx:
        tx.execute("UPDATE versions SET artifact = ?", (evil,))
    save(space, made("regression", days=180))
    (problem,) = space.run()["problems"]
    assert "not trusted" in problem
    assert not Path("owned").exists()


def emptied(rows: list[Row], y: str) -> list[Row]:
    return [(at, x, c, y if at < datetime(2025, 4, 1) else old) for at, x, c, old in rows]


@pytest.mark.parametrize(
    ("rows", "task", "columns", "more", "says"),
    [
        (made("regression")[350:], "regression", "", "", r"10 labelled rows are too few.*widen the reference"),
        (emptied(made("regression"), ""), "regression", "", "", r"no row of the reference has a label"),
        (emptied(made("binary"), "no"), "binary", "", "", r"two labels"),
        (emptied(made("multiclass"), "mid"), "multiclass", "", "", r"all labels are the same"),
        (made("multiclass"), "binary", "", "", r"two labels and has 3: high, low, mid"),
        (made("binary"), "binary", 'positive = "maybe"', "", r'"maybe" is not among the labels no, yes'),
        (made("regression"), "regression", 'ignore = ["x", "c"]', "", r"no feature to learn from"),
        (
            made("regression"), "regression", "", '[models.shop.training]\nestimator = "mine:build"',
            r"no module mine for estimator mine:build",
        ),
        (
            made("regression"), "regression", "", '[models.shop.training]\ncommand = ["false"]',
            r"false ended with code 1",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted_says_what_to_do(
    space: Space, rows: list[Row], task: str, columns: str, more: str, says: str
) -> None:
    save(space, rows, task, columns, more)
    if "ignore" in columns:
        text = (space.root / "lifecycle.toml").read_text()
        space.write("lifecycle.toml", text.replace('numeric = ["x"]\ncategorical = ["c"]\n', ""))
    import re

    with pytest.raises(LifecycleError) as caught:
        space.run()
    assert re.search(says, f"{caught.value.message} {caught.value.hint}", re.S), caught.value
    with State.open(space.root) as state, state.read() as conn:
        assert versions.versions(conn, "shop") == () and aliases.champion(conn, "shop") is None
    assert not list((space.root / ".lifecycle").rglob("artifacts/*/*"))


def test_odd_targets_are_left_out_not_learnt(space: Space) -> None:
    rows = made("regression")
    odd = ["inf", "-inf", "nan", "", "what?"]
    rows = [(at, x, c, odd[i % 5] if i % 23 == 0 else y) for i, (at, x, c, y) in enumerate(rows)]
    outcome = save(space, rows).run()
    assert champion(space).number == 1
    assert 0.15 < baseline(outcome)["mae"]["value"] < 0.6


def test_odd_features_do_not_stop_it(space: Space) -> None:
    rows = made("regression")
    rows = [
        (at, [math.inf, -math.inf, math.nan][i % 3] if i % 29 == 0 else x, c, y) for i, (at, x, c, y) in enumerate(rows)
    ]
    rows = [(at, x, "" if i % 31 == 0 else c, y) for i, (at, x, c, y) in enumerate(rows)]
    outcome = save(space, rows).run()
    assert champion(space).number == 1 and outcome["new"] == 2


@pytest.mark.slow
def test_a_ranking_target_is_a_number_to_predict(space: Space) -> None:
    rows = [(at, x, c, "1" if float(y) > 0.5 else "0") for at, x, c, y in made("regression")]
    outcome = save(space, rows, "ranking").run()
    assert champion(space).number == 1 and outcome["new"] == 2
    assert 0 < baseline(outcome)["mean_target"]["value"] < 1


@pytest.mark.slow
def test_labels_that_come_late_are_not_learnt_early(space: Space) -> None:
    rows = made("regression")
    save(space, rows)
    text = (
        (space.root / "lifecycle.toml")
        .read_text()
        .replace('window = "1 month"', 'window = "1 month"\nlabels = { delay = "20d" }')
    )
    space.write("lifecycle.toml", text)
    space.clock.instant = datetime.fromisoformat("2025-04-10T00:00:00+00:00")
    space.run()
    assert champion(space).facts.data_rows == 4 * 79 + 1, "20 days before April 10"


TRAIN = """\
import os, json, pathlib
import numpy as np, pyarrow.parquet as pq
train = pq.read_table(os.environ["LIFECYCLE_TRAIN"]).to_pandas()
asked = pq.read_table(os.environ["LIFECYCLE_VALIDATION"]).to_pandas()
assert "y" in train and "y" not in asked and train.lifecycle_time.max() < asked.lifecycle_time.min()
slope, level = np.polyfit(train.x, train.y, 1)
out = pathlib.Path(os.environ["LIFECYCLE_OUTPUT"])
(out / "artifact").mkdir()
(out / "artifact" / "line.json").write_text(json.dumps([slope, level]))
asked["prediction"] = slope * asked.x + level
asked[["prediction"]].to_parquet(out / "predictions.parquet")
"""
PREDICT = """\
import os, json, pathlib
import pyarrow.parquet as pq
slope, level = json.loads(pathlib.Path(os.environ["LIFECYCLE_ARTIFACT"], "line.json").read_text())
rows = pq.read_table(os.environ["LIFECYCLE_ROWS"]).to_pandas()
rows["prediction"] = slope * rows.x + level
rows[["prediction"]].to_parquet(pathlib.Path(os.environ["LIFECYCLE_OUTPUT"], "predictions.parquet"))
"""


@pytest.mark.slow
def test_a_program_makes_the_first_version_and_scores_with_it(space: Space) -> None:
    space.write("train.py", TRAIN)
    space.write("predict.py", PREDICT)
    trains = f"[models.shop.training]\ncommand = ['{sys.executable}', 'train.py']\n"
    rows = made("regression")
    outcome = save(space, rows, more=trains).run()
    found = champion(space)
    assert (found.facts.format, found.facts.strategy, found.facts.why) == ("tar", "command", "first version")
    # It learned from all but the newest fifth of the reference, which is the baseline.
    assert found.facts.data_end == datetime(2025, 3, 13, 15, 0, 0, 1, tzinfo=UTC) and found.facts.data_rows == 72 * 4
    base = baseline(outcome)["mae"]
    assert base["n"] == 18 * 4 and 0.2 < base["value"] < 0.7
    assert (found.facts.metrics or {})["mae"] == {k: base[k] for k in ("value", "lower", "upper", "n")}
    assert "only a program of yours can score" in outcome["problems"][0]
    assert all(e.signals["mae"].value is None for e in space.history(version="1"))
    outcome = save(space, rows, more=f"{trains}predict = ['{sys.executable}', 'predict.py']\n").run()
    assert outcome["changed"] == 2 and not outcome["problems"]
    assert all(0.2 < (e.signals["mae"].value or 0) < 0.7 for e in space.history(version="1"))
    assert champion(space) == found


def test_a_function_of_the_team_makes_the_first_version(space: Space) -> None:
    space.write(
        "shop_model.py",
        "from sklearn.compose import make_column_transformer\nfrom sklearn.linear_model import Ridge\n"
        "from sklearn.pipeline import make_pipeline\n"
        "def build():\n    return make_pipeline(make_column_transformer(('passthrough', ['x'])), Ridge(alpha=3.0))\n",
    )
    more = '[models.shop.training]\nestimator = "shop_model:build"'
    outcome = save(space, made("regression"), more=more).run()
    found = champion(space)
    assert (found.facts.lineage or {})["estimator"] == "shop_model:build" and found.facts.format == "skops"
    assert len(str(found.facts.code)) == 64
    assert 0.2 < baseline(outcome)["mae"]["value"] < 0.7
    assert all(e.signals["mae"].value is not None for e in space.history(version="1"))


@pytest.mark.slow
def test_a_strategy_of_the_team_makes_the_first_version(space: Space) -> None:
    space.write(
        "plugins/recent.py",
        "from lifecycle_tui import api\n\n"
        "class Recent:\n    name = 'recent'\n"
        "    def fit(self, request):\n        model = api.fit_model(request)\n"
        "        return api.FitResult(api.dump_model(model, request), model.rows, model.parameters, 'mine')\n\n"
        "@api.hookimpl\ndef register_strategies(register):\n    register(Recent)\n",
    )
    outcome = save(space, made("regression"), more='[models.shop.training]\nstrategy = "recent"\nholdout = 0.25').run()
    facts = champion(space).facts
    assert (facts.strategy, facts.format, facts.data_rows) == ("recent", "skops", 270)
    assert baseline(outcome)["mae"]["n"] == 90 and (facts.importance or {})["x"] > 0
    assert all(e.signals["mae"].value is not None for e in space.history(version="1"))
    assert not any(space.run()[kind] for kind in ("new", "grown", "changed", "relabelled"))
