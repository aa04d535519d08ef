"""The loop as people meet it, by the command alone: a model decays, is retrained, judged, promoted, and taken back.

Riders an hour. What a warm day is worth changes on `TURN`: whatever was fitted before goes stale, and a fit of the last
weeks is right again. The same with a program that trains and scores, and from a file that was made elsewhere.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from e2e_tools import DEADLINE, Run

BEGIN = datetime(2025, 1, 6)
PRODUCTION = BEGIN + timedelta(weeks=4)
TURN = PRODUCTION + timedelta(weeks=1)
END = PRODUCTION + timedelta(weeks=5)

TOML = """\
[models.riders]
task = "regression"
[models.riders.data]
table = "riders.csv"
reference = {{ until = 2025-02-02 }}
window = "1 week"
[models.riders.columns]
timestamp = "ts"
target = "riders"
numeric = ["warmth"]
categorical = ["sky"]
[models.riders.monitor]
metrics = ["mae"]
[models.riders.rules.stale]
when = "mae > 10"
then = ["retrain"]
[models.riders.training]
{training}
history = "14d"
holdout = 0.4
min_samples = 100
"""

TRAIN = """\
import json, os, sys
from pathlib import Path
import pyarrow.parquet as pq
import pyarrow as pa

output = Path(os.environ["LIFECYCLE_OUTPUT"])
rows = pq.read_table(os.environ["LIFECYCLE_TRAIN"]).to_pylist()
asked = pq.read_table(os.environ["LIFECYCLE_VALIDATION"])
assert os.environ["LIFECYCLE_TARGET"] not in asked.column_names
x, y = [r["warmth"] for r in rows], [r["riders"] for r in rows]
mx, my = sum(x) / len(x), sum(y) / len(y)
slope = sum((a - mx) * (b - my) for a, b in zip(x, y)) / sum((a - mx) ** 2 for a in x)
print(f"a degree is worth {slope:.1f}")
(output / "artifact").mkdir()
(output / "artifact" / "line.json").write_text(json.dumps([slope, my - slope * mx]))
said = [slope * v + my - slope * mx for v in asked["warmth"].to_pylist()]
pq.write_table(pa.table({"prediction": said}), output / "predictions.parquet")
"""
PREDICT = """\
import json, os
from pathlib import Path
import pyarrow.parquet as pq
import pyarrow as pa

slope, base = json.loads(Path(os.environ["LIFECYCLE_ARTIFACT"], "line.json").read_text())
said = [slope * v + base for v in pq.read_table(os.environ["LIFECYCLE_ROWS"])["warmth"].to_pylist()]
pq.write_table(pa.table({"prediction": said}), Path(os.environ["LIFECYCLE_OUTPUT"]) / "predictions.parquet")
"""
ELSEWHERE = """\
import csv, sys
import numpy as np, pandas as pd, skops.io
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

rows = pd.read_csv("riders.csv")
rows = rows[rows["ts"] < sys.argv[1]]
coded = make_column_transformer((OneHotEncoder(sparse_output=False), ["sky"]), remainder="passthrough")
skops.io.dump(make_pipeline(coded, LinearRegression()).fit(rows[["warmth", "sky"]], rows["riders"]), "model.skops")
"""
LOAD = """\
import lifecycle_tui
model = lifecycle_tui.load("riders")
print(model.version, *model.predict([{"warmth": 10.0, "sky": "rain"}, {"warmth": 11.0, "sky": "rain"}]))
"""

NewRun = Callable[..., Run]


def rows() -> list[str]:
    rng, found, at = random.Random(7), ["ts,warmth,sky,riders"], BEGIN
    while at < END:
        warmth, sky = rng.gauss(12, 5), rng.choice(["clear", "rain"])
        riders = 40 + (2 if at < TURN else 6) * warmth - (3 if sky == "rain" else 0) + rng.gauss(0, 3)
        found.append(f"{at:%Y-%m-%d %H:%M:%S},{warmth:.2f},{sky},{riders:.2f}")
        at += timedelta(hours=1)
    return found


@pytest.fixture
def riders(new_run: NewRun) -> Callable[[str], Run]:
    def make(training: str) -> Run:
        run = new_run()
        (run.root / "lifecycle.toml").write_text(TOML.format(training=training), "utf-8")
        (run.root / "riders.csv").write_text("\n".join(rows()) + "\n", "utf-8")
        return run

    return make


def simulated(run: Run) -> list[str]:
    """What happened, a line each, on the way from the reference's end to the data's."""
    code, said = run.run("agent", "--simulate", f"{PRODUCTION:%Y-%m-%d}", f"{END:%Y-%m-%d}")
    assert code == 0, said
    return said.splitlines()


def loaded(run: Run) -> tuple[int, float]:
    """The version that serves, and what a degree is worth to it."""
    done = subprocess.run([sys.executable, "-c", LOAD], cwd=run.root, capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stderr
    version, first, second = done.stdout.split()
    return int(version), float(second) - float(first)


def listed(run: Run) -> list[dict]:
    code, said = run.run("versions", "list", "riders", "--format", "json")
    assert code == 0
    return json.loads(said)


def asked(run: Run, *words: str) -> str:
    code, said = run.run(*words)
    assert code == 0, said
    return said


def first_with(said: list[str], *words: str) -> str:
    found = [line for line in said if all(word in line for word in words)]
    assert found, (words, said)
    return found[0]


def check_the_story(run: Run, said: list[str]) -> int:
    """The alert in the week after the turn, a training that answers it, its judgement and promotion; the champion."""
    opened = first_with(said, "alert stale opened: mae")
    assert opened.startswith(f"{TURN + timedelta(weeks=1):%Y-%m-%d}"), said
    first_with(said, "retraining: rule stale (alert 1)")
    first_with(said, "gain(mae)", "> 0 on", "against version 1")
    first_with(said, "serves in place of version 1")
    first_with(said, "alert stale resolved")
    found = listed(run)
    champion = next(v for v in found if "champion" in v["aliases"])
    assert champion["number"] > 1 and champion["judgement"]["verdict"] == "passed"
    version, slope = loaded(run)
    assert version == champion["number"] and slope == pytest.approx(6, abs=0.4)
    return version


@pytest.mark.slow
def test_unattended_and_taken_back(riders: Callable[[str], Run]) -> None:
    run = riders('estimator = "linear"')
    said = simulated(run)
    champion = check_the_story(run, said)
    before = json.loads(asked(run, "history", "riders", "--at", f"{TURN:%Y-%m-%d}", "--format", "json"))
    assert [(a["alias"], a["version"]) for a in before["aliases"]] == [("champion", 1)]
    after = json.loads(asked(run, "history", "riders", "--at", f"{END:%Y-%m-%d}", "--format", "json"))
    moved = next(a for a in after["aliases"] if a["alias"] == "champion")
    assert moved["version"] == champion and "gain(mae)" in moved["why"] and moved["by"] == "agent"
    assert asked(run, "rollback", "riders", "--note", "try it").startswith("version ")
    version, slope = loaded(run)
    assert version < champion and slope < 5, "the one before, from when most rows told of the time before the turn"
    code, shown = run.run("check")  # on the machine's clock: windows keep the version of their time
    table = [line.split() for line in shown.splitlines() if line.startswith("  2025-")]
    assert code in (0, 1) and len(table) == 5
    assert [row[2] for row in table] == sorted(row[2] for row in table) and len({row[2] for row in table}) > 1
    assert all(row[3] != "-" for row in table), shown
    code, _ = run.run("agent", "--simulate", f"{BEGIN:%Y-%m-%d}", f"{END:%Y-%m-%d}")
    assert code == 2, "the clock cannot begin before what is known"


@pytest.mark.slow
def test_a_program_that_trains_and_scores(riders: Callable[[str], Run]) -> None:
    python = json.dumps(sys.executable)
    run = riders(f'command = [{python}, "train.py"]\npredict = [{python}, "predict.py"]')
    (run.root / "train.py").write_text(TRAIN, "utf-8")
    (run.root / "predict.py").write_text(PREDICT, "utf-8")
    champion = check_the_story(run, simulated(run))
    trained = next(j for j in json.loads(asked(run, "jobs", "list", "--format", "json")) if j["kind"] == "retrain")
    assert "a degree is worth" in asked(run, "jobs", "log", str(trained["id"]))
    made = {v["number"]: v for v in listed(run)}
    assert made[champion]["strategy"] == "command"


@pytest.mark.slow
def test_from_a_file_made_elsewhere(riders: Callable[[str], Run]) -> None:
    run = riders('estimator = "linear"')
    script = [sys.executable, "-c", ELSEWHERE, f"{PRODUCTION:%Y-%m-%d}"]
    subprocess.run(script, cwd=run.root, check=True, timeout=DEADLINE)
    assert "version 1 of riders" in asked(run, "versions", "register", "riders", "model.skops")
    assert asked(run, "promote", "riders", "1") == "version 1 serves\n"
    assert loaded(run) == (1, pytest.approx(2, abs=0.3))
    check_the_story(run, simulated(run))
    asked(run, "rollback", "riders", "1")
    assert loaded(run) == (1, pytest.approx(2, abs=0.3))
