"""The key metric in a model's row of the fleet: what came true, and the estimate where labels are still to come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lifecycle_tui.agent.work import decide
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.state.windows import WindowRow, WindowSignals

NOW = datetime(2026, 4, 1, tzinfo=UTC)


class Metric:
    def __init__(self, name: str) -> None:
        self.name = name


class Two:
    """Instruments as far as the row reads them."""

    metrics = (Metric("auc"), Metric("recall"))


def entry(day: int, mature: bool, **values: float) -> WindowSignals:
    key = f"2026-03-{day:02d}"
    window = WindowRow(day, "m", key, "v1", 1, True, day, None, None, 9, 9, mature, True, "", NOW, NOW, None, 1)
    return WindowSignals(window, {name: Signal(name, value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("newest", "metric", "estimate"),
    [
        ({"estimated.auc": 0.8}, "auc", 0.8),
        ({"auc": 0.7, "estimated.auc": 0.8}, "auc", 0.8),
        ({"estimated.recall": 0.3}, "auc", None),
        ({}, "auc", None),
    ],
)
def test_the_newest_window_is_estimated_while_its_labels_come_in(newest, metric: str, estimate: float | None) -> None:
    history = [entry(1, True, auc=0.9), entry(2, False, **newest)]
    name, values = decide._key_metric(history, "v1", Two())
    assert name == metric and decide._estimate(name, values) == estimate
    ripe = [entry(1, True, auc=0.9), entry(2, True, **newest)]
    assert decide._estimate(*decide._key_metric(ripe, "v1", Two())) is None


def test_a_model_without_any_label_shows_the_first_metric_that_is_estimated() -> None:
    history = [entry(1, False, **{"estimated.recall": 0.4}), entry(2, False, **{"estimated.recall": 0.3})]
    name, values = decide._key_metric(history, "v1", Two())
    assert name == "recall" and [s for _, s in values] == [None, None]
    assert decide._estimate(name, values) == 0.3
    assert decide._key_metric([entry(1, False)], "v1", Two()) == (None, [])
    assert decide._estimate(None, []) is None
