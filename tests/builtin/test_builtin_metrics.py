"""The shipped metrics as plugins: they declare what they are, and measure through the public API."""

from importlib import import_module

import numpy as np
import pytest
from sklearn import metrics as sk

from lifecycle_tui.api import Measurement, Outcomes

RNG = np.random.default_rng(0)
N = 300
Y = (RNG.random(N) < 0.4).astype(np.int8)
P = np.clip(0.3 * Y + 0.7 * RNG.random(N), 0, 1)
HARD = (P > 0.5).astype(np.int8)
LABELS = np.array(["bird", "cat", "dog"])
MY = LABELS[RNG.integers(0, 3, N)]
MS = RNG.random((N, 3)) + 0.5 * (MY[:, None] == LABELS)
MS = MS / MS.sum(axis=1, keepdims=True)
MP = LABELS[MS.argmax(axis=1)]
RY = RNG.normal(size=N) + 10
RP = RY + RNG.normal(size=N)
BINARY = Outcomes(Y, HARD, P, ("no", "yes"))
MULTI = Outcomes(MY, MP, MS, tuple(LABELS))
REGRESSION = Outcomes(RY, RP)

CASES = [
    ("accuracy", BINARY, sk.accuracy_score(Y, HARD)),
    ("accuracy", MULTI, sk.accuracy_score(MY, MP)),
    ("precision", BINARY, sk.precision_score(Y, HARD)),
    ("precision", MULTI, sk.precision_score(MY, MP, average="macro")),
    ("recall", BINARY, sk.recall_score(Y, HARD)),
    ("recall", MULTI, sk.recall_score(MY, MP, average="macro")),
    ("f1", BINARY, sk.f1_score(Y, HARD)),
    ("f1", MULTI, sk.f1_score(MY, MP, average="macro")),
    ("auc", BINARY, sk.roc_auc_score(Y, P)),
    ("auc", MULTI, sk.roc_auc_score(MY, MS, multi_class="ovr")),
    ("log_loss", BINARY, sk.log_loss(Y, P)),
    ("log_loss", MULTI, sk.log_loss(MY, MS)),
    ("brier", BINARY, sk.brier_score_loss(Y, P)),
    ("brier", MULTI, sk.brier_score_loss(MY, MS)),
    ("rmse", REGRESSION, sk.root_mean_squared_error(RY, RP)),
    ("mae", REGRESSION, sk.mean_absolute_error(RY, RP)),
    ("r2", REGRESSION, sk.r2_score(RY, RP)),
    ("mape", REGRESSION, sk.mean_absolute_percentage_error(RY, RP)),
    ("mean_target", REGRESSION, RY.mean()),
    ("mean_target", BINARY, Y.mean()),
]


def registered(name):
    found = []
    import_module(f"lifecycle_tui.builtin.metrics.{name}").register_metrics(found.append)
    (metric,) = found
    return metric


@pytest.mark.parametrize("name, outcomes, expected", CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_values(name, outcomes, expected):
    metric = registered(name)
    found = metric().measure(outcomes)
    assert isinstance(found, Measurement) and metric.name == name
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.lower < found.value < found.upper
    low, high = metric.range
    assert (low is None or found.lower >= low) and (high is None or found.upper <= high)
    task = {id(BINARY): "binary", id(MULTI): "multiclass", id(REGRESSION): "regression"}[id(outcomes)]
    assert task in metric.tasks
    assert found.n and found.n <= N


@pytest.mark.parametrize("name", sorted({case[0] for case in CASES}))
def test_declarations_and_missing_inputs(name):
    metric = registered(name)
    assert metric.__doc__ and metric.needs in ("prediction", "score", "target")
    assert metric.greater_is_better in (True, False, None)
    if metric.needs != "target":
        found = metric().measure(Outcomes(Y))
        assert found.value is None and "there are no" in found.message


def test_days_and_weights_get_through():
    day = np.arange(N) % 20
    plain = registered("rmse")().measure(REGRESSION)
    moved = registered("rmse")().measure(Outcomes(RY, RP + 3 * (day % 2), day=day))
    assert moved.upper - moved.lower > plain.upper - plain.lower
    heavy = registered("mean_target")().measure(Outcomes(RY, weight=np.where(RY > 10, 5.0, 1.0)))
    assert heavy.value > RY.mean()


def test_two_classes_as_labels_of_a_multiclass_task():
    found = registered("recall")().measure(Outcomes(np.array(["a", "b"]), np.array(["a", "a"]), classes=("a", "b")))
    assert found.value == 0.5
