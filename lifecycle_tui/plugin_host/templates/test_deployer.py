"""Tests of the deployer `template`."""

import json
from pathlib import Path

import pytest
from lifecycle_tui import testing

FILE = Path(__file__).parents[1] / "plugins" / "template.py"


@testing.conformance(FILE)
def test_does_what_every_deployer_must(check: testing.Conformance) -> None:
    check.run()


def test_a_version_without_an_artefact_is_refused_and_the_one_before_serves(tmp_path: Path) -> None:
    deployer = testing.load_plugin(FILE)(path=str(tmp_path / "shelf"))
    deployer.deploy(testing.release(tmp_path, 1))
    with pytest.raises(ValueError, match="only named"):
        deployer.deploy(testing.release(tmp_path, 2, artifact=None))
    assert json.loads((tmp_path / "shelf" / "serves.json").read_text()) == {"version": 1, "file": "v1.skops"}
