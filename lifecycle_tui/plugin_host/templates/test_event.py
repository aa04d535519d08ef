"""Tests of the event hooks of `template`."""

import csv
from pathlib import Path

import pytest
from lifecycle_tui import testing

FILE = Path(__file__).parents[1] / "plugins" / "template.py"


@testing.conformance(FILE)
def test_does_what_every_listener_must(check: testing.Conformance) -> None:
    check.run()


def test_an_event_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = testing.load_module(FILE)
    for event in (testing.rollout_event(1), testing.rollout_event(2, kind="rolled-back"), testing.rollout_event(2)):
        module.on_rollout(event)
    with module.FILE.open(encoding="utf-8", newline="") as file:
        assert [(row["id"], row["kind"]) for row in csv.DictReader(file)] == [("1", "promoted"), ("2", "rolled-back")]
