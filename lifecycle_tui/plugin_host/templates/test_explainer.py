"""Tests of the explainer `template`."""

from pathlib import Path

import pyarrow as pa
import pytest
from lifecycle_tui import testing

FILE = Path(__file__).parents[1] / "plugins" / "template.py"


@testing.conformance(FILE)
def test_does_what_every_explainer_must(check: testing.Conformance) -> None:
    check.run()


def test_of_a_sum_each_feature_gets_its_distance_from_the_usual_row() -> None:
    request = testing.explain_request({"x": [5.0, 7.0], "y": [1.0, 1.0]}, background={"x": [4.0], "y": [3.0]})
    explainer = testing.load_plugin(FILE)()
    probe = explainer.probe(request).to_pydict()
    scores = pa.array([x + 10 * y for x, y in zip(probe["x"], probe["y"], strict=True)])
    found = explainer.explain(request, scores).contributions
    assert found["x"] == pytest.approx([1.0, 3.0]) and found["y"] == pytest.approx([-20.0, -20.0])
