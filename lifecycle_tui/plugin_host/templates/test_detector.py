"""Tests of the detector `template`."""

from pathlib import Path

from lifecycle_tui import testing

FILE = Path(__file__).parents[1] / "plugins" / "template.py"


@testing.conformance(FILE)
def test_does_what_every_detector_must(check: testing.Conformance) -> None:
    check.run()


def test_sees_heavier_tails_and_only_those() -> None:
    detector = testing.load_plugin(FILE)()
    calm = [float(i) for i in range(1000)]
    assert abs(testing.measure(detector, calm, [2 * value + 7 for value in calm]).value or 0) < 0.01
    wild = [*calm, *[-9e3] * 20, *[9e3] * 20]
    assert (testing.measure(detector, calm, wild).value or 0) > 5
