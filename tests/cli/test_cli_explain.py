"""`lifecycle explain`: what each feature adds, for every task and whatever the version is; refusals in words."""

from __future__ import annotations

import csv
import io
import json
import random
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.agent.work.explain import explain
from lifecycle_tui.agent.work.question import Question
from lifecycle_tui.agent.workers.context import Cancelled, JobContext, OutOfTime
from lifecycle_tui.domain.clock import SystemClock
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.state import jobs, plugin_faults
from lifecycle_tui.state.database import State
from lifecycle_tui.training import artefact
from lifecycle_tui.training.fit import TrainingRows, fit
from lifecycle_tui.workspace import open_workspace
from tests.cli.conftest import Here

NOW = datetime(2025, 3, 1, tzinfo=UTC)
MODEL = """
[models.{name}]
task = "{task}"
[models.{name}.data]
table = "loans.csv"
reference = {{ until = 2025-01-31 }}
window = "1 week"
[models.{name}.columns]
timestamp = "ts"
target = "{target}"
numeric = ["income", "debt"]
categorical = ["sex"]
protected = ["sex"]
ignore = {ignore}
{more}
"""
TASKS: dict[str, Any] = {"worth": "regression", "yes": "binary", "band": "multiclass"}
PLUGIN = '''
from lifecycle_tui.api import DataError, Explanation, hookimpl


class Team:
    """Breaks as it is told."""

    name, tasks = "team", ("regression",)

    def __init__(self, *, how: str = ""):
        self.how = how

    def probe(self, request):
        if self.how == "told":
            raise DataError("not these rows")
        return request.rows

    def explain(self, request, scores):
        if self.how == "raises":
            raise ValueError("out of ideas")
        one = float("nan") if self.how == "not-a-number" else 1.5
        return Explanation(scores[0].as_py() - 1.5, {"debt": [one] * len(scores)}, "by the team")


@hookimpl
def register_explainers(register):
    register(Team)
'''


def data() -> dict[str, list[Any]]:
    rng, found = random.Random(3), dict[str, list[Any]]()
    for i in range(400):
        income, debt, sex = rng.gauss(50, 10), rng.gauss(20, 5), rng.choice("fm")
        worth = income - 1.5 * debt + rng.gauss(0, 2)
        row = {
            "id": f"L{i}", "ts": datetime(2025, 1, 1) + timedelta(hours=3 * i), "income": round(income, 3),
            "debt": round(debt, 3), "sex": sex, "worth": round(worth, 3), "yes": int(worth > 20),
            "band": "low" if worth < 13 else "mid" if worth < 27 else "high",
        }  # fmt: skip
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return found


DATA = data()
FEATURES = ("income", "debt", "sex")


def declared(more: str = "") -> str:
    text = ""
    for name, task in TASKS.items():
        other = [n for n in TASKS if n != name]
        text += MODEL.format(
            name=name, task=task, target=name, ignore=json.dumps(other),
            more='id = "id"' + ("\npositive = 1" if task == "binary" else ""),
        )  # fmt: skip
    return text + MODEL.format(
        name="bare", task="regression", target="worth", ignore=json.dumps(["id", "yes", "band"]), more=more
    )


def table() -> pa.Table:
    columns = {n: pa.array(DATA[n]) for n in FEATURES}
    return pa.table({**columns, "sex": columns["sex"].dictionary_encode()})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose models have a champion of ours each, and `worth` a version that the data names."""
    root = tmp_path_factory.mktemp("explain")
    (root / "lifecycle.toml").write_text(declared(), "utf-8")
    (root / "plugins").mkdir()
    (root / "plugins" / "team.py").write_text(PLUGIN, "utf-8")
    lines = [DATA, *zip(*DATA.values(), strict=True)]
    (root / "loans.csv").write_text("\n".join(",".join(map(str, line)) for line in lines), "utf-8")
    kinds: Any = {"income": "numeric", "debt": "numeric", "sex": "categorical"}
    with State.open(root) as state:
        for name, task in TASKS.items():
            target = np.array(DATA[name], float if task == "regression" else str)
            rows, positive = TrainingRows(table(), target), "1" if name == "yes" else None
            model = fit(rows, task, kinds, estimator="linear", positive=positive)
            champion(root, state, name, artefact.dump(model), "trained")
        with state.write() as tx:
            versions.register(tx, versions.NewVersion("worth", "named", name="outside"), NOW)
    return root


def champion(root: Path, state: State, model: str, data: bytes, origin: Any, format: str = "skops") -> int:
    put = Artifacts(root).put(data)
    with state.write() as tx:
        new = versions.NewVersion(model, origin, artifact=put, size=len(data), format=format)
        number = versions.register(tx, new, NOW).number
        aliases.set_alias(tx, model, aliases.CHAMPION, number, "ana", "it was there", NOW)
    return number


@pytest.fixture
def asked(here: Here, place: Path) -> Callable[..., Any]:
    """The JSON of an explanation."""

    def call(*words: str) -> Any:
        done = here(place, "explain", *words, "--format", "json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    return call


def contributions(row: Any) -> dict[str, float]:
    return {one["feature"]: one["contribution"] for one in row["features"]}


def test_of_a_linear_version_weights_times_distances(asked: Callable[..., Any], place: Path) -> None:
    """Both explainers agree with the closed form, on the newest rows and on named ones."""
    with State.open(place) as state, state.read() as conn:
        ours = versions.get(conn, "worth", 1)
    assert ours is not None and ours.facts.artifact is not None
    model = artefact.load(Artifacts(place).get(ours.facts.artifact))
    found = asked(
        "worth", "--row", "L399", "--row", "L7", "--row", "nobody", "--by", "additive", "--option", "samples=200"
    )
    other = asked("worth", "--row", "L399", "--row", "L7", "--by", "occlusion", "--option", "samples=100")
    assert (found["version"], found["by"], found["background"], found["missing"]) == (1, "additive", 100, ["nobody"])
    assert [r["id"] for r in found["rows"]] == ["L399", "L7"] and found["rows"][1]["window"] == "reference"
    for i, one, two in zip((399, 7), found["rows"], other["rows"], strict=True):
        assert one["prediction"] == one["score"] == pytest.approx(model.predict(table().slice(i, 1)).prediction[0])
        assert one["rest"] == pytest.approx(0, abs=1e-9)
        assert contributions(one) == pytest.approx(contributions(two)) and one["base"] == pytest.approx(two["base"])
        values = {f["feature"]: (f["value"], f["protected"]) for f in one["features"]}
        assert values == {n: (DATA[n][i], n == "sex") for n in FEATURES}
        sizes = [abs(f["contribution"]) for f in one["features"]]
        assert sizes == sorted(sizes, reverse=True)
    raised = table().slice(399, 1).set_column(0, "income", pa.array([DATA["income"][399] + 1]))
    slope = model.predict(raised).prediction[0] - found["rows"][0]["score"]
    gap = contributions(found["rows"][0])["income"] - contributions(found["rows"][1])["income"]
    assert gap == pytest.approx(slope * (DATA["income"][399] - DATA["income"][7]))
    assert asked("worth", "--row", "L7") == {**asked("worth", "--row", "L7"), "job": found["job"] + 2}, "seeded"


def test_binary_and_multiclass_scores_are_probabilities_of_a_class(asked: Callable[..., Any]) -> None:
    found = asked("yes", "--rows", "3")
    assert [r["id"] for r in found["rows"]] == ["L399", "L398", "L397"], "the newest of the newest window"
    assert {r["label"] for r in found["rows"]} == {"1"}
    for row in found["rows"]:
        assert (row["prediction"] == "1") == (row["score"] >= 0.5) and row["rest"] == pytest.approx(0, abs=1e-9)
    bands = asked("band", "--rows", "20", "--option", "samples=8")["rows"]
    assert {r["label"] for r in bands} == {"low", "mid", "high"} and all(r["label"] == r["prediction"] for r in bands)
    assert [r["id"] for r in bands] == [f"L{i}" for i in range(399, 379, -1)]
    assert all(r["base"] + sum(contributions(r).values()) == pytest.approx(r["score"]) for r in bands)
    week = asked("band", "--window", "2025-02-03", "--rows", "1")["rows"]
    assert [r["window"] for r in week] == ["2025-02-03"] and week[0]["time"].startswith("2025-02-09")


def test_for_people_and_for_spreadsheets(here: Here, place: Path) -> None:
    done = here(place, "explain", "yes", "--row", "L5", "--row", "gone")
    assert done.code == 0 and "no row has the id gone" in done.err and "random orders" in done.err
    head, _, row, base, *features = done.out.splitlines()
    assert head == "yes version 1 · by additive" and row.startswith("row L5 · 2025-01-01 15:00 · prediction ")
    assert base.split()[0] == "base" and [f.split()[0] for f in features if "protected" in f] == ["sex"]
    assert {f.split()[0] for f in features} == set(FEATURES), "no rest where all adds up"
    done = here(place, "explain", "yes", "--row", "L5", "--by", "occlusion")
    assert "rest: does not add up" in done.out
    done = here(place, "explain", "yes", "--rows", "2", "--format", "csv")
    lines = list(csv.DictReader(io.StringIO(done.out)))
    assert len(lines) == 2 * 3 and {line["feature"] for line in lines} == set(FEATURES)
    assert lines[0]["id"] == "L399" and float(lines[0]["contribution"]) and lines[0]["by"] == "additive"


REFUSED = [
    (["wort"], 2, ["no model 'wort'", 'did you mean "worth"?']),
    (["bare"], 2, ["bare has no champion to explain", "--version"]),
    (["worth", "--version", "9"], 2, ["worth has no version 9", "lifecycle versions list worth"]),
    (["worth", "--version", "2"], 2, ["version outside of worth is only named by the data", "versions register"]),
    (["worth", "--by", "oclusion"], 2, ["no explainer is called 'oclusion'", 'did you mean "occlusion"?']),
    (["yes", "--by", "team"], 2, ["team explains regression models, and yes is a binary one", "additive, occlusion"]),
    (["worth", "--option", "sample=3"], 2, ["options of additive: sample", "samples"]),
    (["worth", "--option", "samples"], 2, ["not of the form NAME=VALUE"]),
    (["worth", "--option", "samples=0"], 3, ["samples is from 2 to 10000", "additive.py"]),
    (["worth", "--window", "2025-02-3"], 2, ["worth has no window '2025-02-3'", 'did you mean "2025-02-03"?']),
    (["worth", "--row", "nobody"], 2, ["no row of worth has the id nobody"]),
    (["worth", "--row", "L1", "--window", "2025-02-03"], 2, ["no row of worth in window 2025-02-03 has the id L1"]),
]


def test_what_cannot_be_explained_is_refused_in_words(here: Here, place: Path, tmp_path: Path) -> None:
    for words, code, said in REFUSED:
        done = here(place, "explain", *words)
        assert done.code == code and done.out == "", (words, done)
        for part in said:
            assert part in done.err, (words, done.err)
    shutil.copy(place / "lifecycle.toml", tmp_path)
    shutil.copy(place / "loans.csv", tmp_path)
    done = here(tmp_path, "explain", "worth")
    assert done.code == 2 and "`lifecycle check` comes first" in done.err


BROKEN = [
    ("not-a-number", 3, ["explain: contributions of 'debt' must be finite, not nan", "team.py:18"]),
    ("raises", 3, ["explainer team: ValueError: out of ideas", "team.py:20"]),
    ("told", 3, ["error: not these rows"]),
    ("", 0, ["by the team"]),
]


@pytest.mark.thorough
@pytest.mark.parametrize("cases", [BROKEN[:1], BROKEN], ids=["one", "all"])
def test_what_a_team_explainer_gets_wrong_is_told_and_noted(cases: list[Any], here: Here, place: Path) -> None:
    for how, code, said in cases:
        done = here(place, "explain", "worth", "--rows", "1", "--by", "team", "--option", f"how={how}")
        assert (done.code, bool(done.out)) == (code, not code), (how, done)
        for part in said:
            assert part in done.err, (how, done.err)
        with State.open(place) as state, state.read() as conn:
            noted = {(f.name, f.code, f.line) for f in plugin_faults.read(conn)}
        if how != "told":  # what a plugin says to people is no fault of it
            line = {"not-a-number": ("team", "result", 18), "raises": ("team", "raised", 20)}.get(how)
            assert noted == ({line} if line else set()), "a call that works clears it"


def test_a_registered_file_is_explained_and_one_that_nobody_opens_is_not(
    asked: Callable[..., Any], place: Path, here: Here
) -> None:
    import pandas as pd
    from sklearn.linear_model import LinearRegression
    from skops.io import dumps

    fitted = LinearRegression().fit(pd.DataFrame({n: DATA[n] for n in ("income", "debt")}), np.array(DATA["worth"]))
    with State.open(place) as state:
        number = champion(place, state, "bare", dumps(fitted), "registered")
        opaque = champion(place, state, "bare", b"nobody reads this", "registered", "opaque")
    (row,) = asked("bare", "--rows", "1", "--version", str(number), "--option", "samples=200")["rows"]
    assert set(contributions(row)) >= {"income", "debt"} and row["id"] is None
    assert row["rest"] == pytest.approx(0, abs=1e-9) and contributions(row).get("sex", 0.0) == pytest.approx(0)
    done = here(place, "explain", "bare", "--row", "L1", "--version", str(number))
    assert done.code == 2 and "bare declares no id" in done.err and 'id = "COLUMN"' in done.err
    done = here(place, "explain", "bare", "--version", str(opaque))
    assert done.code == 3 and "only a program of yours can score" in done.err


@pytest.mark.slow
def test_a_version_behind_a_program_is_explained_in_a_few_runs_of_it(place: Path, here: Here, tmp_path: Path) -> None:
    root = tmp_path / "w"
    shutil.copytree(place, root)
    more = f'[models.bare.training]\npredict = ["{sys.executable}", "predict.py"]\n'
    (root / "lifecycle.toml").write_text(declared() + more, "utf-8")
    (root / "predict.py").write_text(
        "import os, pyarrow as pa, pyarrow.parquet as pq\n"
        "rows = pq.read_table(os.environ['LIFECYCLE_ROWS'])\n"
        "said = [2 * i - d for i, d in zip(rows['income'].to_pylist(), rows['debt'].to_pylist())]\n"
        "pq.write_table(pa.table({'prediction': said}), os.environ['LIFECYCLE_OUTPUT'] + '/predictions.parquet')\n"
        "open('ran', 'a').write('.')\n"
    )
    with State.open(root) as state:
        champion(root, state, "bare", b"weights", "registered", "opaque")
    done = here(root, "explain", "bare", "--rows", "4", "--format", "json")
    assert done.code == 0, done.err
    for row in json.loads(done.out)["rows"]:
        assert row["base"] + sum(contributions(row).values()) == pytest.approx(row["score"])
    assert (root / "ran").read_text() == "..", "once for the rows, once for all that the explainer asked for"


def test_the_job_stops_when_it_is_asked_to_and_when_time_is_up(place: Path) -> None:
    workspace = open_workspace(place / "lifecycle.toml")
    row: Any = SimpleNamespace(payload=Question(count=1).payload())
    with State.open(place) as state:
        for more, stops in (({"stop": lambda: True}, Cancelled), ({"late": lambda: "time is up"}, OutOfTime)):
            with state.write() as tx:
                id_ = jobs.enqueue(tx, "explain", "worth", {}, NOW, alone=False)
            context = JobContext(state, workspace, id_, SystemClock(), place / "calls.jsonl", model="worth", **more)
            with pytest.raises(stops):
                explain(context, workspace.spec.model("worth"), row)
            with state.write() as tx:
                jobs.cancel(tx, id_, NOW)
