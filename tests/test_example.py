"""The example workspace at the top of the repository: what its script writes, and what a check finds in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui import workspace
from lifecycle_tui.demo import example

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("example")
    example.write(root)
    return root


@pytest.fixture(scope="module")
def checked(copy: Path) -> tuple[int, dict[str, Any]]:
    """A real check of a copy, workers and all."""
    done = subprocess.run(
        [sys.executable, "-m", "lifecycle_tui", "check", "--format", "json"],
        cwd=copy,
        capture_output=True,
        env={**os.environ, "PYTHONUTF8": "1"},
        timeout=180,
    )
    assert done.stderr == b""
    return done.returncode, json.loads(done.stdout)["models"]


def test_the_committed_files_are_what_the_script_writes(copy: Path) -> None:
    written = sorted(str(p.relative_to(copy)) for p in copy.rglob("*") if p.is_file() and ".lifecycle" not in p.parts)
    tables = ["data/chargebacks.csv", "data/houses.csv", "data/payments.csv"]
    assert written == [*tables, "lifecycle.toml", "plugins/tails.py"]
    for name in written:
        assert (ROOT / name).read_bytes() == (copy / name).read_bytes(), name
    assert {p.name for p in (ROOT / "data").iterdir()} == {"chargebacks.csv", "houses.csv", "payments.csv"}


def test_what_the_script_writes_is_all_it_needs(tmp_path: Path) -> None:
    example.write(tmp_path)
    assert workspace.check(tmp_path / "lifecycle.toml") == ()


def test_a_rule_fires_so_the_check_ends_with_1(checked: tuple[int, dict[str, Any]]) -> None:
    code, models = checked
    assert code == 1
    assert {name: model["health"] for name, model in models.items()} == {
        "house-prices": "critical",
        "card-fraud": "critical",
    }
    assert all(model["problems"] == [] and model["job"]["state"] == "done" for model in models.values())


def test_the_law_of_september_is_found(checked: tuple[int, dict[str, Any]]) -> None:
    model = checked[1]["house-prices"]
    assert model["champion"] == 1, "fitted on the reference: the data brings no predictions"
    alerts = {a["rule"]: a for a in model["alerts"]}
    assert set(alerts) == {"error-high", "inputs-moved"}
    assert alerts["error-high"]["since"] == "2025-09" and alerts["error-high"]["severity"] == "critical"
    assert alerts["inputs-moved"]["since"] == "2025-09"
    by_key = {w["key"]: w["signals"] for w in model["windows"] if w["version"] == ""}
    drifted = {key: signals["drift.share"]["detail"]["columns"] for key, signals in by_key.items()}
    assert drifted["2025-07"] == drifted["2025-08"] == []
    assert all("rent_index" in drifted[f"2025-{month:02}"] for month in (9, 10, 11, 12))
    assert not any({"area", "rooms", "age", "district"} & set(columns) for columns in drifted.values())
    mae = {w["key"]: w["signals"]["mae"]["value"] for w in model["windows"] if "mae" in w["signals"]}
    assert mae["2025-08"] < 25_000 < 40_000 < mae["2025-09"]


def test_the_fraud_of_march_is_found(checked: tuple[int, dict[str, Any]]) -> None:
    model = checked[1]["card-fraud"]
    (alert,) = model["alerts"]
    assert alert["rule"] == "auc-degraded" and alert["severity"] == "critical"
    assert alert["since"] in ("2026-02-23", "2026-03-02"), "fraud moves on March 1, a Sunday"
    versions = {w["version"] for w in model["windows"]}
    assert versions == {"", "v7", "v8"}
    auc = {w["key"]: w["signals"]["auc"]["value"] for w in model["windows"] if w["version"] == "v7"}
    assert min(v for k, v in auc.items() if k < "2026-02-23") > 0.85
    assert max(v for k, v in auc.items() if k >= "2026-03-02") < 0.5
    assert model["signals"]["drift.count"]["value"] == 0, "the inputs did not move: only the truth did"
