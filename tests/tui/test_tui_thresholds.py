"""The lines in a plot: what rules hold a signal against, and the light reading of the file that declares them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lifecycle_tui.tui.declared import LARGE, Declared, Rule, declared
from lifecycle_tui.tui.thresholds import Threshold, thresholds

CASES: dict[str, list[tuple[str, str, float, str]]] = {
    "auc.upper < 0.92": [("auc", "<", 0.92, "upper")],
    "0.92 > auc.upper": [("auc", "<", 0.92, "upper")],
    "mae.lower > 35_000": [("mae", ">", 35_000, "lower")],
    "drift.share >= 5%": [("drift.share", ">=", 0.05, "value")],
    "data.late > 2h": [("data.late", ">", 7200, "value")],
    'psi["loan amount"] > 0.2 and auc < 0.9': [("psi.loan amount", ">", 0.2, "value"), ("auc", "<", 0.9, "value")],
    "auc < 0.8 or (recall < 0.5 and recall < 0.5)": [("auc", "<", 0.8, "value"), ("recall", "<", 0.5, "value")],
    "not (auc >= 0.9)": [("auc", "<", 0.9, "value")],
    "bias < -0.5": [("bias", "<", -0.5, "value")],
    "auc < 1 - 0.2": [("auc", "<", 0.8, "value")],
    "auc < max(0.5, 0.7)": [("auc", "<", 0.7, "value")],
    "auc * 2 < 1": [],
    "auc < recall": [],
    "auc.n < 100": [],
    "1 < 2": [],
    "auc <": [],
    "auc < 1 / 0": [],
    "": [],
}


@pytest.mark.parametrize("when", CASES)
def test_comparisons_with_a_number(when: str) -> None:
    found = thresholds((Rule("r", when, "critical", 3),))
    assert [(t.signal, t.op, t.value, t.bound) for t in found] == CASES[when]
    assert all(t.severity == "critical" and t.windows == 3 for t in found)


def test_those_of_one_signal_in_the_order_of_the_rules() -> None:
    rules = (Rule("low", "auc.upper < 0.9"), Rule("other", "mae > 3"), Rule("lower", "auc < 0.8", "critical"))
    assert [(t.rule, t.text, t.value) for t in thresholds(rules, "auc")] == [
        ("low", "auc.upper <", 0.9), ("lower", "auc <", 0.8),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("op", "below", "at", "above"),
    [("<", True, False, False), ("<=", True, True, False), (">", False, False, True), (">=", False, True, True),
     ("==", False, True, False), ("!=", True, False, True)],
)  # fmt: skip
def test_which_side_holds(op: str, below: bool, at: bool, above: bool) -> None:
    line = Threshold("r", "warning", "auc", op, 0.5)
    assert (line.holds(0.4), line.holds(0.5), line.holds(0.6)) == (below, at, above)


FILE = """
include = ["models/*.toml"]
[defaults.rules.stale]
when = "data.late > 2h"
[defaults.rules.low]
when = "auc < 0.5"
severity = "critical"
[defaults.training]
cooldown = "3d"
[models.a]
task = "binary"
[models.a.rules.low]
for = 2
[models.a.training]
schedule = "0 3 * * *"
[models.a.rollout]
approve = { by = ["ana", "raj"], not = "requester" }
[models."odd name".rules.x]
when = 'psi > 0.1'
"""


def write(root: Path, text: str = FILE) -> Path:
    (root / "models").mkdir(exist_ok=True)
    (root / "lifecycle.toml").write_text(text, "utf-8")
    return root


def test_rules_meet_the_defaults_by_name(tmp_path: Path) -> None:
    assert declared(write(tmp_path), "a") == Declared(
        (Rule("stale", "data.late > 2h"), Rule("low", "auc < 0.5", "critical", 2)), ("ana", "raj"), True,
        "0 3 * * *", "3d",
    )  # fmt: skip
    assert [r.name for r in declared(tmp_path, "odd name").rules] == ["stale", "low", "x"]


def test_an_included_file_is_named_for_its_model(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "models" / "b.toml").write_text('[rules.mine]\nwhen = "mae > 1"\n', "utf-8")
    assert [r.name for r in declared(tmp_path, "b").rules] == ["stale", "low", "mine"]
    (tmp_path / "models" / "b.toml").write_text('[rules.mine]\nwhen = "mae > 22"\n', "utf-8")
    assert declared(tmp_path, "b").rules[-1].when == "mae > 22", "a change is seen"


def test_what_the_agent_accepted_counts_while_the_file_is_broken(tmp_path: Path) -> None:
    write(tmp_path, "[models.a\n")
    assert declared(tmp_path, "a") == Declared()
    (tmp_path / ".lifecycle").mkdir()
    (tmp_path / ".lifecycle" / "accepted.json").write_text(
        json.dumps({str(tmp_path / "lifecycle.toml"): FILE}), "utf-8"
    )
    write(tmp_path, "[models.a \n")
    assert len(declared(tmp_path, "a").rules) == 2


@pytest.mark.parametrize(
    "text",
    ["", "models = 3", "[models]\na = 3", "[models.a]\nrules = 3", "[models.a.rules]\nr = 3", "include = 3", "\x00",
     "[models.a.rules.r]\nwhen = 3", "[models.a]\nrollout = { approve = { by = 3 } }\ntraining = { schedule = 4 }",
     "a = " + "[" * 3000],
)  # fmt: skip
def test_what_is_no_rule_says_nothing(tmp_path: Path, text: str) -> None:
    assert declared(write(tmp_path, text), "a") == Declared()


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert declared(tmp_path, "a") == Declared()
    (tmp_path / "lifecycle.toml").write_bytes(b"\xff\xfe")
    assert declared(tmp_path, "a") == Declared()


def test_of_a_large_file_only_the_tables_that_matter_are_parsed(tmp_path: Path) -> None:
    many = "\n".join(
        f'[models.m-{n}]\ntask = "binary"\n[models.m-{n}.rules.r]\nwhen = "auc < 0.{n}"' for n in range(900)
    )
    assert len(many) > LARGE
    write(tmp_path, FILE + many)
    assert len(declared(tmp_path, "a").rules) == 2
    assert declared(tmp_path, "m-7").rules[-1] == Rule("r", "auc < 0.7")
    text = '[models.m-1]\nnote = """\n[models.m-2]\n"""\n[models.m-1.rules.r]\nwhen = "auc < 0.1"\n'
    write(tmp_path, text + "#" * LARGE)
    assert declared(tmp_path, "m-1").rules == (Rule("r", "auc < 0.1"),), "a string that looks like a table"


def test_reading_imports_nothing_heavy() -> None:
    code = (
        "import sys; import lifecycle_tui.tui.thresholds\n"
        "print(sorted({'numpy', 'pydantic', 'pandas', 'pyarrow', 'textual', 'sqlite_utils'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
