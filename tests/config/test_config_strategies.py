"""Strategies in the file: unknown names and wrong options are problems at their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle_tui import workspace

FILE = """\
[models.shop]
task = "regression"
[models.shop.data]
table = "shop.csv"
reference = { rows = 100 }
window = "100 rows"
[models.shop.columns]
target = "y"
[models.shop.training]
{line}
"""
OWN = '''
from lifecycle_tui.api import hookimpl

class Own:
    """A strategy of the team's own."""
    name = "own"
    def __init__(self, *, depth: int): ...
    def fit(self, request): ...

@hookimpl
def register_strategies(register):
    register(Own)
'''


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('strategy = "refit"', []),
        ('strategy = { use = "warm-start", iterations = 20 }', []),
        ('strategy = { use = "own", depth = 3 }', []),
        ('command = ["python", "train.py"]', []),
        ('strategy = "refti"', [("unknown-strategy", 10, 12, 'did you mean "refit"?')]),
        ('strategy = { use = "warmstart" }', [("unknown-strategy", 10, 20, 'did you mean "warm-start"?')]),
        ('strategy = { use = "warm-start", iteration = 20 }', [("unknown-key", 10, 34, 'did you mean "iterations"?')]),
        ('strategy = { use = "warm-start", iterations = "x" }', [("type", 10, 47, None)]),
        ('strategy = "own"', [("missing-option", 10, 12, None)]),
    ],
)
def test_problems_of_strategies(tmp_path: Path, line: str, found: list[tuple[str, int, int, str | None]]) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "own.py").write_text(OWN)
    (tmp_path / "shop.csv").write_text("x,y\n1,2\n")
    file = tmp_path / "lifecycle.toml"
    file.write_text(FILE.replace("{line}", line))
    problems = [p for p in workspace.check(file) if p.level == "error"]
    said = [(p.code, p.place.line if p.place else 0, p.place.column if p.place else 0) for p in problems]
    assert said == [row[:3] for row in found], problems
    for problem, (_, _, _, hint) in zip(problems, found, strict=True):
        assert hint is None or hint == problem.hint
