"""`lifecycle config explain`, `show`, and `--env` on the way to them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from lifecycle_tui.__main__ import options
from lifecycle_tui.domain import environment
from tests.cli.conftest import Here

ROOT = Path(__file__).parents[2]
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


def test_show_says_what_counts_and_where_it_comes_from(tmp_path: Path, here: Here) -> None:
    (tmp_path / "lifecycle.toml").write_text(MAIN + '[notifiers.o]\nuse = "webhook"\nurl = "https://a.example/x"\n')
    done = here(tmp_path, "config", "show", "--origin")
    assert done.code == 0 and done.err == ""
    assert '[models.churn.rules.drift]\nwhen     = "drift.share > 0.5"' in done.out
    assert 'url     = "https://a.example/***"' in done.out and "# lifecycle.toml:11:7" in done.out
    values = tomllib.loads(done.out)  # what is shown is a file of its own
    assert values["models"]["churn"]["monitor"]["min_rows"] == 30
    assert values["notifiers"]["o"]["timeout"] == 10.0
    rules = json.loads(here(tmp_path, "config", "show", "rules.NAME.for", "--format", "json").out)
    assert rules == [
        {"key": "models.churn.rules.drift.for", "value": 1, "text": "1", "origin": "default", "layer": "program",
         "file": None, "line": None, "column": None}
    ]  # fmt: skip
    table = here(tmp_path, "config", "show", "models.churn.data.window", "--format", "csv").out.splitlines()
    assert table == ["key,value,origin", 'models.churn.data.window,"""500 rows""",lifecycle.toml:6:10']
    done = here(tmp_path, "config", "show", "cooldwn")
    assert done.code == 2 and 'did you mean "cooldown"?' in done.err
    done = here(tmp_path, "config", "show", "rollout.steps")
    assert done.code == 2 and "nothing here has" in done.err
    (tmp_path / "lifecycle.toml").write_text(MAIN.replace("table =", "tabel ="))
    done = here(tmp_path, "config", "show")
    assert done.code == 2 and done.out == "" and "has 1 error" in done.err


def test_what_is_shown_is_read_as_the_same_workspace(tmp_path: Path, here: Here) -> None:
    """The demo's own file: what `config show` prints, in its place, declares the same."""
    import shutil
    from dataclasses import replace

    from lifecycle_tui.config import load
    from lifecycle_tui.workspace import open_workspace

    for name in ("lifecycle.toml", "plugins"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    before = load(tmp_path)
    done = here(tmp_path, "config", "show")
    assert done.code == 0, done.err
    (tmp_path / "lifecycle.toml").write_text(done.out)
    after = open_workspace(tmp_path / "lifecycle.toml").spec
    assert [m.name for m in after.models] == [m.name for m in before.models]
    for mine, theirs in zip(after.models, before.models, strict=True):
        assert (mine.data.window, mine.data.labels.delay, mine.columns, mine.tags) == (
            theirs.data.window, theirs.data.labels.delay, theirs.columns, theirs.tags,
        )  # fmt: skip
        assert [replace(r, place=None) for r in mine.rules] == [replace(r, place=None) for r in theirs.rules]
        assert [u.name for u in mine.monitor.detectors] == [u.name for u in theirs.monitor.detectors]
        if mine.training and theirs.training:
            assert [g.when for g in mine.training.gates] == [g.when for g in theirs.training.gates]
            assert (mine.training.history, mine.training.strategy) == (
                theirs.training.history,
                theirs.training.strategy,
            )


def test_a_secret_as_text_is_neither_shown_nor_passed_over(tmp_path: Path, here: Here) -> None:
    text = MAIN + '[notifiers.o]\nuse = "webhook"\nurl = "https://a.example/x"\ntoken = "hush-hush"\n'
    (tmp_path / "lifecycle.toml").write_text(text)
    for words in (["check", "--no-data"], ["show"], ["show", "token", "--format", "json"], ["explain", "token"]):
        done = here(tmp_path, "config", *words)
        assert done.code == 0 and "hush" not in done.out + done.err
        if words[0] != "explain":
            assert "lifecycle.toml:12:1: " in done.out + done.err and "{ env =" in done.out + done.err
