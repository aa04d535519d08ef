"""docs/config-errors.md has every code that the program can report, and no other; what `see:` names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import lifecycle_tui
from lifecycle_tui.domain.problems import PAGE, Problem

ROOT = Path(lifecycle_tui.__file__).parent
CALLS = {"Problem": 0, "row": 0, "problem": 0, "_add": 0, "ExpressionProblem": 0, "OptionProblem": 1,
         "KeyFlaw": 0}  # fmt: skip
KINDS = {
    "config/build.py": ("model", "rule", "owner"),
    "checking/options.py": ("detector", "metric", "strategy", "deployer"),
}
"""What follows `unknown-` where a code is put together."""
INDIRECT = {"value", "type", "expression"}
"""Codes that are given on, not written where a problem is made."""


def codes() -> set[str]:
    """The codes that stand in the source."""
    found = set(INDIRECT)
    for path in ROOT.rglob("*.py"):
        name = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code" and "Error" in called]
            if called in CALLS and len(node.args) > CALLS[called]:
                given.append(node.args[CALLS[called]])
            words = [part.value for arg in given for part in ast.walk(arg) if isinstance(part, ast.Constant)]
            for word in words:
                if word == "unknown-":
                    found.update(f"unknown-{kind}" for kind in KINDS[name])
                elif isinstance(word, str) and re.fullmatch(r"[a-z]+(-[a-z]+)*", word):
                    found.add(word)
    return found


def test_every_code_has_its_paragraph() -> None:
    page = (ROOT.parent / PAGE).read_text(encoding="utf-8")
    heads = re.findall(r"^### (.*)$", page, re.M)
    written = [code for head in heads for code in re.findall(r"`([a-z-]+)`", head)]
    assert len(written) == len(set(written))
    assert set(written) == codes()
    for block in re.split(r"^### .*$", page, flags=re.M)[1:]:
        assert len(block.split("## ")[0].strip()) > 20


@pytest.mark.parametrize(
    ("code", "key", "see"),
    [
        ("value", "models.churn.rules.psi.for", "lifecycle config explain models.NAME.rules.NAME.for"),
        ("value", 'models."my.churn".rules."a b".then[0]', "lifecycle config explain models.NAME.rules.NAME.then"),
        ("unknown-key", "models.m.columns.labl", "lifecycle config explain models.NAME.columns"),
        ("unknown-key", "workspce", f"{PAGE}#unknown-key"),
        ("unknown-metric", "models.m.monitor.metrics.ua", "lifecycle config explain models.NAME.monitor.metrics"),
        ("unknown-metric", "models.m.monitor.metrics[1]", "lifecycle config explain models.NAME.monitor.metrics"),
        ("missing-key", "notifiers.n.use", "lifecycle config explain notifiers.NAME.use"),
        ("unknown-signal", "defaults.rules.r.when", "lifecycle config explain defaults.rules.NAME.when"),
        ("type", "models.m.rollout.steps[0].weight", "lifecycle config explain models.NAME.rollout.steps.weight"),
        ("duplicate-key", "models.m.task", f"{PAGE}#duplicate-key"),
        ("syntax", "", f"{PAGE}#syntax"),
    ],
)
def test_where_to_read_more(code: str, key: str, see: str) -> None:
    assert Problem(code, "", key).see == see
