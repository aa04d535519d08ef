"""Estimates in checks: beside metrics whose labels are not there yet, as they stood when labels come, in rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.domain.errors import ConfigError
from tests.agent.conftest import LABELS, PREDICTIONS, SCORED, Space, scored_rows
from tests.agent.test_agent_evaluate import RULES

EARLY, LATE = datetime(2025, 2, 12, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)


def estimates(space: Space, version: str = "a") -> dict[str, dict[str, tuple]]:
    """Window → estimate → value, ends, state."""
    return {
        e.window.key: {
            n: (s.value, s.lower, s.upper, s.state) for n, s in e.signals.items() if n.startswith("estimated.")
        }
        for e in space.history(version=version)
    }


def test_late_labels_have_every_metric_estimated_and_scored_when_they_come(shop: Callable[..., Space]) -> None:
    space = shop(rules=RULES)
    space.clock.instant = EARLY
    space.run()
    before = estimates(space)
    immature = [e.window.key for e in space.history(version="a") if not e.window.mature]
    assert immature
    for key in immature:
        assert set(before[key]) == {"estimated.auc", "estimated.recall"}
        for value, lower, upper, state in before[key].values():
            assert state == "ok" and lower < value < upper
    space.clock.instant = LATE
    space.run()
    after = estimates(space)
    for key in immature:
        # What was said stands: labels do not improve it afterwards.
        assert {n: after[key][n] for n in before[key]} == before[key]
        signals = next(e.signals for e in space.history(version="a") if e.window.key == key)
        error = signals["estimated.auc.error"]
        assert error.value == pytest.approx(signals["estimated.auc"].value - signals["auc"].value)
        assert error.n == signals["auc"].n


def test_no_estimate_sees_a_label_before_it_has_arrived(
    shop: Callable[..., Space], tmp_path_factory: pytest.TempPathFactory
) -> None:
    space = shop()
    space.clock.instant = EARLY
    space.run()
    before = estimates(space), estimates(space, "b")
    predictions, _ = scored_rows(range(58))
    planted = [f"{line.split(',')[0]},1,2025-03-01 00:00:00" for line in predictions]
    other = Space(tmp_path_factory.mktemp("other"), FixedClock(EARLY))
    for name in ("lifecycle.toml", "scored/0.csv", "labels/all.csv"):
        other.write(name, (space.root / name).read_text(encoding="utf-8"))
    other.write("labels/planted.csv", "\n".join([LABELS, *planted]) + "\n")
    other.run()
    assert (estimates(other), estimates(other, "b")) == before


@pytest.mark.slow
def test_trust_grows_and_concept_drift_is_suspected(shop: Callable[..., Space]) -> None:
    space = shop(days=range(110), bad_from=60)
    space.clock.instant = LATE
    space.run()
    found = space.history(version="a")
    trusts = [e.signals["estimated.auc"].detail.get("trust") for e in found]
    assert trusts[0] is None and trusts[3]["windows"] == 3
    # The score means nothing from day 60 on; labels of the first such windows say so.
    last = found[-1].signals["estimated.auc"]
    assert last.state == "cannot-tell" and last.value is None
    assert last.message is not None and last.message.startswith("concept drift is suspected")
    assert any(e.signals["estimated.auc"].state == "ok" for e in found[:4])


def test_rules_read_estimates_before_labels_are_there(shop: Callable[..., Space]) -> None:
    space = shop(rules='[models.shop.rules.soon]\nwhen = "estimated.auc < 0.99"\n')
    space.clock.instant = EARLY
    space.run()
    (alert,) = [a.alert for a in space.alerts()]
    assert alert.rule == "soon" and "estimated.auc" in alert.message


@pytest.mark.slow
def test_a_version_that_the_reference_does_not_know_is_learned_from_its_first_windows(
    shop: Callable[..., Space],
) -> None:
    space = shop(days=range(100), per_day=200)
    text = (space.root / "scored" / "0.csv").read_text(encoding="utf-8")
    kept = [line for i, line in enumerate(text.splitlines()) if i == 0 or line[1:4] >= "030" or ",b," not in line]
    assert kept[0] == PREDICTIONS
    space.write("scored/0.csv", "\n".join(kept) + "\n")
    space.clock.instant = LATE
    space.run()
    found = [e.signals["estimated.auc"] for e in space.history(version="b")]
    assert found[0].state == "unknown" and "the reference has no scores of version b" in found[0].message
    assert found[-1].state == "ok" and found[-1].value is not None


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("named", "estimated"),
    [('["auc", "estimated.recall"]', {"estimated.recall"}), ('["estimated.f1"]', {"estimated.f1"})],
)
def test_a_named_estimate_is_the_only_one_and_brings_its_metric(
    shop: Callable[..., Space], named: str, estimated: set[str]
) -> None:
    space = shop()
    space.write("lifecycle.toml", SCORED.replace('["auc", "recall"]', named))
    space.clock.instant = EARLY
    space.run()
    newest = space.history(version="a")[-1].signals
    assert {n for n in newest if n.startswith("estimated.") and not n.endswith(".error")} == estimated
    assert {n.removeprefix("estimated.") for n in estimated} <= set(newest)


def test_an_estimate_that_cannot_be_is_an_error_of_the_file(shop: Callable[..., Space]) -> None:
    space = shop()
    space.write("lifecycle.toml", SCORED.replace('["auc", "recall"]', '["auc", "estimated.rmse"]'))
    with pytest.raises(ConfigError) as raised:
        space.run()
    assert any(p.code == "unknown-metric" and "estimated.rmse" in p.message for p in raised.value.problems)


@pytest.mark.slow
def test_what_goes_wrong_in_an_estimate_costs_the_estimate_alone(
    shop: Callable[..., Space], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def breaks(*args: object, **kwargs: object) -> None:
        raise ArithmeticError("singular")

    space = shop()
    space.clock.instant = EARLY
    monkeypatch.setattr("lifecycle_tui.agent.work.estimating.estimate", breaks)
    space.run()
    newest = space.history(version="a")[0].signals
    assert newest["auc"].value is not None
    assert newest["estimated.auc"].state == "error" and newest["estimated.auc"].message == "ArithmeticError: singular"
    monkeypatch.undo()
    other = Space(tmp_path_factory.mktemp("other"), FixedClock(EARLY))
    for name in ("lifecycle.toml", "scored/0.csv", "labels/all.csv"):
        other.write(name, (space.root / name).read_text(encoding="utf-8"))
    monkeypatch.setattr("lifecycle_tui.stats.calibration.calibrate", breaks)
    other.run()
    signals = other.history(version="a")[0].signals
    assert signals["auc"].value is not None and signals["estimated.auc"].value is None
    assert "ArithmeticError: singular" in signals["estimated.auc"].message
