"""Tests of the metric `template`."""

from pathlib import Path

import pytest
from lifecycle_tui import testing

FILE = Path(__file__).parents[1] / "plugins" / "template.py"


@testing.conformance(FILE)
def test_does_what_every_metric_must(check: testing.Conformance) -> None:
    check.run()


@pytest.mark.parametrize(("tolerance", "share"), [(0.1, 0.5), (0.3, 0.25)])
def test_counts_what_is_off_by_too_much(tolerance: float, share: float) -> None:
    metric = testing.load_plugin(FILE)(tolerance=tolerance)
    outcomes = testing.outcomes("regression", target=[100, 100, 100, 100], prediction=[100, 109, 120, 200])
    assert metric.measure(outcomes).value == share
