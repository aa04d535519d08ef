"""Tests of the command `template`."""

from pathlib import Path

import pytest
from lifecycle_tui import testing
from lifecycle_tui.api import DataError

FILE = Path(__file__).parents[1] / "plugins" / "template.py"


@testing.conformance(FILE)
def test_does_what_every_command_must(check: testing.Conformance) -> None:
    check.run()


@pytest.mark.parametrize(("least", "models"), [(1.0, ["fraud"]), (0.1, [])])
def test_lists_models_with_few_labels(least: float, models: list[str]) -> None:
    view = testing.view("fraud", windows=[{"key": "2025-03-01", "rows": 200, "labels": 50}])
    rows = testing.load_plugin(FILE)(least=least).run(view)
    assert [row["model"] for row in rows] == models
    assert all(row["share"] == 0.25 for row in rows)


def test_refuses_what_is_no_share() -> None:
    with pytest.raises(DataError):
        testing.load_plugin(FILE)(least=3.0).run(testing.view("fraud"))
