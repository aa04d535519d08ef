"""`lifecycle profile`: what it lists, what it stores, and that `lifecycle drift` takes it in place of the file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lifecycle_tui.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`lifecycle …` in a folder with `old.parquet` and `new.parquet`."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(4)
    for name, by in (("old", 0.0), ("new", 2.0)):
        columns = {
            "income": pa.array(random.normal(30 + by, 5, 3_000), mask=random.random(3_000) < 0.1),
            "city\x1b[31m": random.choice(["Oslo", "Rom", "Rom"], 3_000),
            "day": pa.array(range(3_000), pa.date32()),
            "list": [[1]] * 3_000,
        }
        pq.write_table(pa.table(columns), f"{name}.parquet")

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lifecycle", *words])
        code = main()
        return code, *capsys.readouterr()

    return call


def test_columns_are_listed(run: Run) -> None:
    code, out, _ = run("profile", "old.parquet", "--format", "json")
    rows = {row["column"]: row for row in json.loads(out)}
    assert code == 0
    assert list(rows) == ["income", "city\x1b[31m", "day", "list"]
    assert rows["income"]["kind"] == "numeric"
    assert rows["income"]["values"] + rows["income"]["missing"] == 3_000
    assert rows["income"]["minimum"] < 30 < rows["income"]["maximum"]
    assert abs(rows["income"]["median"] - 30) < 1
    assert rows["city\x1b[31m"] | {"distinct": 2, "most": "Rom"} == rows["city\x1b[31m"]
    assert rows["day"]["kind"] == "time"
    assert "has no drift" in rows["list"]["error"]
    code, out, _ = run("profile", "old.parquet")
    assert code == 0
    assert "income" in out
    assert "\x1b[31m" not in out


def test_drift_takes_a_stored_profile(run: Run, tmp_path: Path) -> None:
    code, _, said = run("profile", "old.parquet", "-o", "old.profile")
    assert code == 0
    assert "4 columns of 3,000 rows" in said
    (tmp_path / "old.parquet").unlink()
    code, out, _ = run("drift", "old.profile", "new.parquet", "--share", "0", "--format", "json")
    found = json.loads(out)
    assert code == 1
    assert found["columns"]["income"]["state"] == "drifted"
    assert found["dataset"]["rows"] == {"reference": 3_000, "current": 3_000}
    assert run("profile", "old.profile", "--format", "csv")[1].startswith("column,kind,values,missing")


def test_what_cannot_be_used_is_said(run: Run, tmp_path: Path) -> None:
    run("profile", "old.parquet", "-o", "old.profile")
    whole = (tmp_path / "old.profile").read_bytes()
    (tmp_path / "old.profile").write_bytes(whole[:-7])
    code, _, said = run("drift", "old.profile", "new.parquet")
    assert code == 3
    assert "cut short" in said
    assert "lifecycle profile" in said
    assert run("profile", "gone.parquet")[0] == 2
    assert run("profile", "old.parquet", "--columns", "nope")[0] == 2
    code, _, said = run("profile", "old.parquet", "-o", "no/such/folder.profile")
    assert code == 3
    assert "cannot be written" in said
