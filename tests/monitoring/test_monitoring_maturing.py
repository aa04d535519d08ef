"""Windows whose labels are still coming in: early labels are a biased sample, and what is filled in is less so."""

from __future__ import annotations

import numpy as np
import pytest

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring import maturing
from lifecycle_tui.monitoring.estimate_rows import ScoredRows
from lifecycle_tui.stats.calibration import calibrate, expit
from lifecycle_tui.stats.expected import Expected
from lifecycle_tui.stats.metrics_scores import roc_auc

DAY = 86_400_000_000
METRICS = ("auc", "recall", "accuracy", "mean_target")


def life(rng, n, *, absent):
    """Scores, labels, and when they come: positives within days; negatives as slowly, or only when 30 days are over."""
    z = rng.normal(0, 1, n)
    score = expit(1.5 * z - 1.5)
    y = (rng.random(n) < score).astype(float)
    time = rng.integers(0, 7 * DAY, n)
    quick, slow = rng.exponential(5 * DAY, n), rng.exponential(15 * DAY, n)
    late = np.full(n, 30 * DAY) if absent else np.minimum(slow, 30 * DAY)
    arrived = time + np.where(y == 1, np.minimum(quick, 29 * DAY), late).astype(np.int64)
    return score, y, time, arrived


def as_of(now, score, y, time, arrived):
    known = arrived <= now
    return ScoredRows(len(y), score, (score >= 0.3).astype(float), np.where(known, y, np.nan), known,
                      time=time, arrived=arrived)  # fmt: skip


@pytest.mark.parametrize("absent", [False, True])
def test_what_is_filled_in_is_less_biased_than_early_labels(absent):
    rng = np.random.default_rng(1)
    score, y, time, arrived = life(rng, 20_000, absent=absent)
    curve, come = calibrate(score, y), maturing.arrivals(as_of(10**18, score, y, time, arrived))
    early, filled, inside = {m: [] for m in METRICS}, {m: [] for m in METRICS}, []
    for _ in range(30):
        data = life(rng, 1_500, absent=absent)
        rows = as_of(12 * DAY, *data)
        found = maturing.completed(curve, come, rows, 12 * DAY, METRICS, probabilities=True)
        s, truth, known = data[0], data[1], rows.known
        said = s >= 0.3
        real = {"auc": roc_auc(truth, s).value, "recall": said[truth == 1].mean(),
                "accuracy": (said == truth).mean(), "mean_target": truth.mean()}  # fmt: skip
        t, p = truth[known], said[known]
        quick = {"auc": roc_auc(t, s[known]).value if 0 < t.sum() < len(t) else np.nan, "recall": p[t == 1].mean(),
                 "accuracy": (p == t).mean(), "mean_target": t.mean()}  # fmt: skip
        for name in METRICS:
            early[name].append(quick[name] - real[name])
            filled[name].append(found[name].value - real[name])
            inside.append(found[name].lower <= real[name] <= found[name].upper)
    for name in ("accuracy", "mean_target"):
        assert abs(np.mean(filled[name])) < 0.2 * abs(np.mean(early[name])), name
    for name in METRICS:
        assert abs(np.mean(filled[name])) < 0.01, name
    assert np.mean(inside) >= 0.96


def test_with_all_labels_in_it_is_the_metric_itself():
    rng = np.random.default_rng(2)
    score, y, time, arrived = life(rng, 3_000, absent=False)
    rows = as_of(10**18, score, y, time, arrived)
    found = maturing.completed(calibrate(score, y), maturing.arrivals(rows), rows, 10**18, ("auc",), probabilities=True)
    assert found["auc"].value == pytest.approx(roc_auc(y, score).value, abs=1e-12)
    assert found["auc"].error == 0 and found["auc"].upper - found["auc"].lower < 1e-12


def test_labels_that_have_not_come_change_nothing():
    rng = np.random.default_rng(3)
    score, y, time, arrived = life(rng, 2_000, absent=True)
    curve, come = calibrate(score, y), maturing.arrivals(as_of(10**18, score, y, time, arrived))
    rows = as_of(5 * DAY, score, y, time, arrived)
    one = maturing.completed(curve, come, rows, 5 * DAY, METRICS, probabilities=True)
    other = np.where(rows.known, y, 1 - y)
    assert maturing.completed(
        curve, come, as_of(5 * DAY, score, other, time, arrived), 5 * DAY, METRICS, probabilities=True
    ) == one  # fmt: skip


def test_arrivals_need_times_and_both_classes():
    rng = np.random.default_rng(4)
    score, y, time, arrived = life(rng, 500, absent=False)
    assert maturing.arrivals(ScoredRows(500, score, None, y, np.ones(500, bool))) is None
    assert maturing.arrivals(as_of(10**18, score, np.zeros(500), time, arrived)) is None
    assert maturing.arrivals(as_of(-1, score, y, time, arrived)) is None
    curve, come = calibrate(score, y), maturing.arrivals(as_of(10**18, score, y, time, arrived))
    assert maturing.completed(curve, come, ScoredRows(0), 0, METRICS, probabilities=True) == {}


def test_marks_say_how_many_labels_are_in_and_what_stands_beside():
    auc, f1, mae = Signal("auc", 0.9), Signal("f1", None, state="unknown", message="no labels yet"), Signal("mae", 2.0)
    said = {"f1": Signal("estimated.f1", 0.5, 0.4, 0.6)}
    found = maturing.marked([auc, f1, mae], 200, 30, {"auc": Expected(0.7, 0.6, 0.8)}, said)
    assert [s.detail["maturing"]["arrived"] for s in found] == [0.15] * 3
    assert found[0].value == 0.9 and found[0].detail["maturing"]["completed"] == [0.7, 0.6, 0.8]
    assert "15% of the labels are in" in found[0].message and "filled in 0.7 (0.6 to 0.8)" in found[0].message
    assert found[1].message.startswith("no labels yet; ") and found[1].message.endswith("estimated 0.5 (0.4 to 0.6)")
    assert "completed" not in found[2].detail["maturing"]
    assert maturing.marked([auc], 0, 0, {}, {})[0].detail["maturing"] == {"arrived": 0.0}
