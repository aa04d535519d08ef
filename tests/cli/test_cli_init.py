"""`lifecycle init`: the file it writes, what it says, what it refuses."""

from __future__ import annotations

import csv
import os
import stat
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lifecycle_tui.cli.main import main
from lifecycle_tui.config import check
from lifecycle_tui.domain.specs import ModelSpec, TimestampSpec
from lifecycle_tui.domain.windows import CountWindow, TimeWindow


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`lifecycle init …` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["lifecycle", "init", *words])
        code = main()
        return Ran(code, *capsys.readouterr())

    return call


def write_csv(path: Path, data: Mapping[str, Sequence[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(data)
        writer.writerows(zip(*data.values(), strict=True))


def bikes(days: int = 731) -> dict[str, Sequence[Any]]:
    random = np.random.default_rng(3)
    hours = [datetime(2011, 1, 1) + timedelta(hours=i) for i in range(24 * days)]
    n = len(hours)
    temp = random.random(n).round(2)
    casual, registered = random.poisson(5 + 30 * temp), random.poisson(60 + 90 * temp)
    return {
        "instant": range(1, n + 1),
        "dteday": [f"{h.month}/{h.day}/{h.year}" for h in hours],
        "yr": [h.year - 2011 for h in hours],
        "hr": [h.hour for h in hours],
        "weathersit": random.integers(1, 5, n).tolist(),
        "temp": temp.tolist(),
        "casual": casual.tolist(),
        "registered": registered.tolist(),
        "cnt": (casual + registered).tolist(),
    }


def loans(n: int = 1000) -> dict[str, Sequence[Any]]:
    random = np.random.default_rng(4)
    return {
        "status": random.choice(["A11", "A12", "A13"], n).tolist(),
        "month": random.integers(4, 72, n).tolist(),
        "sex": random.choice(["f", "m"], n).tolist(),
        "credit": random.choice([1, 1, 1, 2], n).tolist(),
    }


def loaded(file: Path, name: str) -> ModelSpec:
    """The model, from a file that must be without problems."""
    spec, problems = check(file)
    assert problems == ()
    assert spec is not None
    return spec.model(name)


# --- the file ----------------------------------------------------------------------------------------------


def test_the_bikes(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "bike_hour.csv", bikes())
    done = run("bike_hour.csv")
    assert (done.code, done.out) == (0, "")
    model = loaded(tmp_path / "lifecycle.toml", "bike-hour")
    assert model.task == "regression"
    assert model.columns.target == "cnt"
    assert model.columns.timestamp == TimestampSpec(("dteday", "hr"), "%m/%d/%Y %H")
    assert model.columns.ignore == ("instant", "casual", "registered", "yr")
    assert model.columns.kinds == {"weathersit": "categorical", "temp": "numeric", "hr": "numeric"}
    assert model.data.window == TimeWindow(1, "month")
    assert model.data.reference.end == datetime(2012, 1, 1, tzinfo=UTC)
    assert model.data.table is not None and model.data.table.location == str(tmp_path / "bike_hour.csv")
    assert [rule.when for rule in model.rules] == ["drift.share >= 0.5"]
    written = (tmp_path / "lifecycle.toml").read_text()
    assert "# casual + registered = cnt in all 17,544 rows: they give the target away" in written
    assert 'table     = "bike_hour.csv"' in written
    assert max(len(line) for line in written.splitlines()) <= 120


def test_what_is_said_of_the_bikes(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "bike_hour.csv", bikes())
    said = run("bike_hour.csv").err
    assert "casual + registered = cnt in all 17,544 rows: they give the target away, ignored" in said
    assert "instant: numbers the rows from 1 to 17,544" in said
    assert "until 2011-12-31  (the first year" in said
    assert "wrote lifecycle.toml" in said
    assert said.rstrip().endswith("lifecycle check")


def test_the_loans(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "german.csv", loans())
    assert run("german.csv").code == 0
    model = loaded(tmp_path / "lifecycle.toml", "german")
    assert (model.task, model.columns.target, model.columns.positive) == ("binary", "credit", 2)
    assert (model.data.window, model.data.reference.rows) == (CountWindow(100), 500)
    assert '# protected   = ["sex"]' in (tmp_path / "lifecycle.toml").read_text()


def test_three_tables(run: Run, tmp_path: Path) -> None:
    n = 4000
    random = np.random.default_rng(8)
    ids = np.arange(n) + 5000
    times = [datetime(2026, 1, 1) + timedelta(minutes=20 * i) for i in range(n)]
    pq.write_table(pa.table({"txn_id": ids, "amount": random.gamma(2, 9, n)}), tmp_path / "features.parquet")
    for day in sorted({t.date() for t in times}):
        folder = tmp_path / "scored" / f"dt={day}"
        folder.mkdir(parents=True)
        rows = [i for i, t in enumerate(times) if t.date() == day]
        piece = {"txn_id": ids[rows], "ts": [times[i] for i in rows], "p_fraud": random.random(len(rows))}
        pq.write_table(pa.table(piece), folder / "part.parquet")
    booked = random.choice(n, n // 20, replace=False)
    late = [(times[i] + timedelta(days=3)).isoformat(" ") for i in booked]
    write_csv(tmp_path / "chargebacks.csv", {"txn_id": ids[booked], "is_fraud": [1] * len(booked), "booked_at": late})
    assert run("scored", "features.parquet", "chargebacks.csv", "--model", "card-fraud").code == 0
    model = loaded(tmp_path / "lifecycle.toml", "card-fraud")
    data = model.data
    assert data.predictions is not None and data.features is not None and data.labels.table is not None
    assert (data.predictions.partition, data.predictions.on) == ("dt", "txn_id")
    assert (data.labels.arrived, data.labels.delay, data.labels.absent) == ("booked_at", timedelta(days=3), 0)
    assert (model.columns.score, model.columns.target, model.columns.id) == ("p_fraud", "is_fraud", "txn_id")
    assert model.columns.kinds == {"amount": "numeric"}
    assert model.columns.timestamp == TimestampSpec(("ts",))


def test_pieces_become_a_pattern(run: Run, tmp_path: Path) -> None:
    for half in (1, 2):
        write_csv(tmp_path / "months" / f"{half}.csv", loans(300))
    assert run("months/1.csv", "months/2.csv", "--model", "m").code == 0
    model = loaded(tmp_path / "lifecycle.toml", "m")
    assert model.data.table is not None and model.data.table.location == str(tmp_path / "months" / "*.csv")


@pytest.mark.parametrize("word", ["months", "months/*.csv"])
def test_folders_and_patterns(run: Run, tmp_path: Path, word: str) -> None:
    for half in (1, 2):
        write_csv(tmp_path / "months" / f"{half}.csv", loans(300))
    assert run(word).code == 0
    assert loaded(tmp_path / "lifecycle.toml", "months").columns.target == "credit"


def test_a_reference_of_its_own(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "train.csv", loans(500))
    write_csv(tmp_path / "live.csv", loans(400))
    assert run("live.csv", "train.csv").code == 0
    model = loaded(tmp_path / "lifecycle.toml", "live")
    assert model.data.reference.table is not None
    assert model.data.reference.table.location == str(tmp_path / "train.csv")


def test_options_win(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "b.csv", bikes(400))
    words = ["--target", "registered", "--window", "1 week", "--reference-until", "2011-03-31", "--time", "dteday,hr"]
    assert run("b.csv", *words, "--task", "regression", "--model", "Big.Bikes_2").code == 0
    model = loaded(tmp_path / "lifecycle.toml", "Big.Bikes_2")
    assert model.columns.target == "registered"
    assert model.data.window == TimeWindow(1, "week")
    assert model.data.reference.end == datetime(2011, 4, 1, tzinfo=UTC)


def test_paths_are_relative_to_the_file(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "data" / "x.csv", loans())
    (tmp_path / "work").mkdir()
    done = run("data/x.csv", "--file", "work/lifecycle.toml")
    assert 'table     = "../data/x.csv"' in (tmp_path / "work" / "lifecycle.toml").read_text()
    assert "cd work && lifecycle check" in done.err


HOSTILE = ['a "quoted" one', "back\\slash", "new\nline", "tab\there", "esc\x1b[31m", "ünï", "a.b", "# hash", "]", " "]


def test_hostile_names_survive(run: Run, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    features = {name: random.random(300).tolist() for name in HOSTILE}
    same = {"leak\n[models.evil]\ntask = 1": random.integers(0, 2, 300).tolist()}
    target = {"targ\x1b]0;t": [7 * v for v in next(iter(same.values()))]}
    pq.write_table(pa.table({**features, **same, **target}), tmp_path / "Odd näme (1).parquet")
    done = run("Odd näme (1).parquet", "--target", next(iter(target)))
    assert done.code == 0
    assert "\x1b" not in done.err
    model = loaded(tmp_path / "lifecycle.toml", "odd-n-me-1")
    assert set(model.columns.kinds) == set(HOSTILE) - {" "}
    assert "a column has no name" in done.err
    assert model.columns.ignore == tuple(same)
    assert model.columns.target == next(iter(target))


# --- an existing file --------------------------------------------------------------------------------------

BY_HAND = "# mine\r\n[workspace]  \nfalse_alarms='1 per 9d' # keep\n\n[models.a]\ntask='binary'\ndata.table='x.csv'\n"
BY_HAND += "data.reference={rows=10}\ndata.window='file'"


def test_a_second_model_is_appended_and_no_byte_touched(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "lifecycle.toml"
    file.write_bytes(BY_HAND.encode())
    file.chmod(0o640)
    write_csv(tmp_path / "b.csv", loans())
    done = run("b.csv")
    assert done.code == 0
    assert "added to lifecycle.toml" in done.err
    assert file.read_bytes().startswith(BY_HAND.encode())
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert loaded(file, "b").columns.target == "credit"
    assert loaded(file, "a").task == "binary"
    assert sorted(os.listdir(tmp_path)) == ["b.csv", "lifecycle.toml"]


def test_a_third_model_after_that(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "b.csv", loans())
    for name in ("one", "two", "three"):
        assert run("b.csv", "--model", name).code == 0
    spec, problems = check(tmp_path / "lifecycle.toml")
    assert problems == () and spec is not None
    assert [m.name for m in spec.models] == ["one", "two", "three"]


def test_a_model_that_is_there_is_left_alone(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "b.csv", loans())
    run("b.csv")
    before = (tmp_path / "lifecycle.toml").read_bytes()
    done = run("b.csv", "--target", "sex")
    assert done.code == 2
    assert 'has a model "b" already' in done.err and "--force" in done.err
    assert (tmp_path / "lifecycle.toml").read_bytes() == before


def test_force_keeps_the_old_file_beside(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "b.csv", loans())
    (tmp_path / "lifecycle.toml").write_text("not = [toml")
    done = run("b.csv", "--force")
    assert done.code == 0
    assert "lifecycle.toml.bak" in done.err
    assert (tmp_path / "lifecycle.toml.bak").read_text() == "not = [toml"
    assert loaded(tmp_path / "lifecycle.toml", "b")


def test_force_without_a_file_keeps_nothing(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "b.csv", loans())
    assert ".bak" not in run("b.csv", "--force").err
    assert not (tmp_path / "lifecycle.toml.bak").exists()


@pytest.mark.parametrize(
    ("old", "says"),
    [("not = [toml", "nothing was added"), ("models = { a = { task = 'binary' } }", "cannot be added to")],
)
def test_files_that_cannot_be_added_to(run: Run, tmp_path: Path, old: str, says: str) -> None:
    write_csv(tmp_path / "b.csv", loans())
    (tmp_path / "lifecycle.toml").write_text(old)
    done = run("b.csv")
    assert done.code == 2
    assert says in done.err
    assert (tmp_path / "lifecycle.toml").read_text() == old


def test_dry_run_prints_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    write_csv(tmp_path / "b.csv", loans())
    done = run("b.csv", "--dry-run")
    assert tomllib.loads(done.out)["models"]["b"]["task"] == "binary"
    assert "nothing was written" in done.err
    assert os.listdir(tmp_path) == ["b.csv"]


# --- what it refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "Missing argument"),
        (["nowhere.csv"], 2, "no file, folder or match for nowhere.csv"),
        (["b.csv", "--target", "kredit"], 2, 'did you mean "credit"'),
        (["b.csv", "--window", "1 fortnight"], 2, "--window"),
        (["b.csv", "--reference-until", "soon"], 2, "--reference-until"),
        (["b.csv", "--reference-until", "2025-01-01"], 2, "needs a time column"),
        (["b.csv", "--model", "a b"], 2, "no model's name"),
        (["b.csv", "--file", "no/where.toml"], 2, "no folder"),
        (["b.csv", "--task", "magic"], 2, "magic"),
        (["empty.csv"], 3, "empty.csv"),
        (["header.csv"], 3, "no rows"),
        (["notes.xyz"], 3, "notes.xyz"),
    ],
)
def test_what_cannot_be(run: Run, tmp_path: Path, words: list[str], code: int, says: str) -> None:
    write_csv(tmp_path / "b.csv", loans())
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header.csv").write_text("a,b\n")
    (tmp_path / "notes.xyz").write_text("?")
    done = run(*words)
    assert says in done.err
    assert done.code == code
    assert not (tmp_path / "lifecycle.toml").exists()


def test_help_has_an_example(run: Run) -> None:
    done = run("--help")
    assert done.code == 0
    assert "lifecycle init bike_hour.csv" in done.out
