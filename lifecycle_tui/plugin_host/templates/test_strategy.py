"""Tests of the strategy `template`."""

from pathlib import Path

import pytest
from lifecycle_tui import testing

FILE = Path(__file__).parents[1] / "plugins" / "template.py"


@testing.conformance(FILE)
def test_does_what_every_strategy_must(check: testing.Conformance) -> None:
    check.run()


@pytest.mark.parametrize(("rows", "learned"), [(400, 200), (80, 50), (40, 40)])
def test_learns_from_the_newest_rows(rows: int, learned: int) -> None:
    features = {"size": [float(i) for i in range(rows)]}
    request = testing.fit_request("regression", features, [2.0 * i for i in range(rows)], estimator="linear")
    assert testing.load_plugin(FILE)().fit(request).rows == learned
