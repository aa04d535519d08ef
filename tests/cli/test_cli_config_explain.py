"""`lifecycle config …`: what the commands print, and `--env` on the way to them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lifecycle_tui.__main__ import options
from lifecycle_tui.domain import environment
from tests.cli.conftest import Here

MAIN = """\
[models.churn]
task = "binary"
[models.churn.data]
table = "c.csv"
reference = { rows = 100 }
window = "500 rows"
[models.churn.rules.drift]
when = "drift.share > 0.5"
"""


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--env` sets the variable for the whole process: undone after each test."""
    monkeypatch.setenv(environment.VARIABLE, "")


def test_explain_says_what_a_key_means_outside_of_a_workspace(tmp_path: Path, here: Here) -> None:
    done = here(tmp_path, "config", "explain", "rules.psi.for")
    assert done.code == 0 and done.err == ""
    said = [line.split(None, 1) for line in done.out.splitlines()]
    assert said[0] == ["models.NAME.rules.psi.for"] and ["unit", "windows"] in said and ["default", "1"] in said
    (row,) = json.loads(here(tmp_path, "config", "explain", "psi.bins", "--format", "json").out)
    assert row["key"] == "models.NAME.monitor.detectors.psi.bins" and row["readers"] == ["the detector psi"]
    assert row["place"].endswith("psi.py:8") and row["choices"] == []
    every = here(tmp_path, "config", "explain", "--format", "csv").out.splitlines()
    assert every[0] == "key,type,default,meaning" and len(every) > 100
    assert any(line.startswith("notifiers.NAME.url,text,needed,") for line in every)
    done = here(tmp_path, "config", "explain", "colldown")
    assert done.code == 2 and 'did you mean "cooldown"?' in done.err and done.out == ""
    assert done.err.count("\n") == 2


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("psi.income", ["psi.income", "Of the column income.", "from 0 to ∞", "rules, gates"]),
        ('psi["loan amount"]', ['psi["loan amount"]', "when = 'psi[\"loan amount\"] > 0.2'"]),
        ("data.late", ["data.late", "Age of the newest row", 'when = "data.late > 2h"']),
        ("auc.upper", ["auc.upper", "The upper end of its interval.", "from 0 to 1"]),
        ("data.late.n", ["data.late.n", "100"]),
        ("rows", ["models.NAME.data.reference.rows", "The first so many rows.", "\nrows\n", "Rows in the window."]),
    ],
)
def test_explain_knows_signals(tmp_path: Path, here: Here, name: str, wanted: list[str]) -> None:
    done = here(tmp_path, "config", "explain", name)
    text = " ".join(done.out.split("\n  "))
    assert done.code == 0
    for words in wanted:
        assert words in done.out or words in text, done.out


def test_a_slip_in_an_option_is_no_signal(tmp_path: Path, here: Here) -> None:
    done = here(tmp_path, "config", "explain", "psi.bin")
    assert done.code == 2 and 'did you mean "psi.bins"?' in done.err


def test_a_broken_file_breaks_no_explanation(tmp_path: Path, here: Here) -> None:
    (tmp_path / "lifecycle.toml").write_text("[models", encoding="utf-8")
    done = here(tmp_path, "config", "explain", "cooldown")
    assert done.code == 0 and "Least time" in done.out and "1 error" in done.err


def test_env_lays_the_environments_file_over(tmp_path: Path, here: Here) -> None:
    (tmp_path / "lifecycle.toml").write_text(MAIN, encoding="utf-8")
    done = here(tmp_path, "--env", "prod", "config", "check", "--no-data")
    assert done.code == 2 and "there is no lifecycle.prod.toml" in done.err
    (tmp_path / "lifecycle.prod.toml").write_text("[models.churn]\nownr = 1\n", encoding="utf-8")
    done = here(tmp_path, "--env", "prod", "config", "check", "--no-data")
    assert done.code == 2 and "lifecycle.prod.toml:2:1: error[unknown-key] models.churn.ownr" in done.out
    assert "ownr = 1" in done.out  # the line of that file
    (tmp_path / "lifecycle.prod.toml").write_text('[models.churn]\nowner = "risk"\n', encoding="utf-8")
    assert here(tmp_path, "--env", "prod", "config", "check", "--no-data").code == 0
    facts = json.loads(here(tmp_path, "--env", "prod", "info", "--format", "json").out)
    assert facts["environment"].startswith("prod (") and facts["environment"].endswith("lifecycle.prod.toml)")
    facts = json.loads(here(tmp_path, "--env=staging", "info", "--format", "json").out)
    assert facts["environment"].endswith("which is not there)")
    done = here(tmp_path, "--env", "../prod", "info")
    assert done.code == 2 and "no name for an environment" in done.err


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], {}),
        (["--env", "prod"], {"LIFECYCLE_ENV": "prod"}),
        (["--env=prod"], {"LIFECYCLE_ENV": "prod"}),
        (["--no-plugins", "--env", "prod"], {"LIFECYCLE_NO_PLUGINS": "1", "LIFECYCLE_ENV": "prod"}),
        (["--env"], None),
        (["--env", ""], None),
        (["--env="], None),
        (["--env", "--help"], None),
        (["--env", "prod", "status"], None),
        (["status"], None),
        (["--help"], None),
        (["-h"], None),
    ],
)
def test_which_words_open_the_terminal(words: list[str], found: dict[str, str] | None) -> None:
    assert options(words) == found
