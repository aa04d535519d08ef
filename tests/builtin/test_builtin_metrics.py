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
QUERY = np.repeat(np.arange(N // 10), 10)
GAIN = RNG.integers(0, 3, N).astype(float)
RANKING = Outcomes(GAIN, GAIN + RNG.normal(size=N), query=QUERY)


def of_queries(measure):
    return np.mean([measure([GAIN[at]], [RANKING.prediction[at]]) for at in QUERY.reshape(-1, 10) * 10 + np.arange(10)])


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
    ("average_precision", BINARY, sk.average_precision_score(Y, P)),
    ("average_precision", MULTI, sk.average_precision_score(MY, MS)),
    ("balanced_accuracy", BINARY, sk.balanced_accuracy_score(Y, HARD)),
    ("balanced_accuracy", MULTI, sk.balanced_accuracy_score(MY, MP)),
    ("specificity", BINARY, sk.recall_score(Y, HARD, pos_label=0)),
    ("mcc", BINARY, sk.matthews_corrcoef(Y, HARD)),
    ("mcc", MULTI, sk.matthews_corrcoef(MY, MP)),
    ("value", BINARY, -sk.zero_one_loss(Y, HARD)),
    ("value", MULTI, -sk.zero_one_loss(MY, MP)),
    ("rmsle", REGRESSION, sk.root_mean_squared_log_error(RY, RP)),
    ("ctr", BINARY, Y.mean()),
    ("ctr", RANKING, (GAIN > 0).mean()),
    ("ndcg", RANKING, of_queries(lambda gain, said: sk.ndcg_score(gain, said, k=10))),
    ("map", RANKING, of_queries(lambda gain, said: sk.average_precision_score(gain[0] > 0, said[0]))),
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
    tasks = {id(BINARY): "binary", id(MULTI): "multiclass", id(REGRESSION): "regression", id(RANKING): "ranking"}
    assert tasks[id(outcomes)] in metric.tasks
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


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_averages_over_classes(name, average):
    found = registered(name)(average=average).measure(MULTI)
    assert found.value == pytest.approx(getattr(sk, f"{name}_score")(MY, MP, average=average), abs=1e-12)
    assert found.definition == average and found.lower < found.value < found.upper


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
def test_averages_of_auc(average):
    found = registered("auc")(average=average).measure(MULTI)
    assert found.value == pytest.approx(sk.roc_auc_score(MY, MS, multi_class="ovr", average=average), abs=1e-12)


def test_options_of_the_others():
    assert registered("hit_rate")(k=1).measure(RANKING).value < registered("hit_rate")(k=5).measure(RANKING).value
    for name in ("ndcg", "map", "hit_rate"):
        assert "no query is declared" in registered(name)().measure(Outcomes(GAIN, GAIN)).message
        with pytest.raises(ValueError, match="k is 0"):
            registered(name)(k=0)
    with pytest.raises(ValueError, match="bins is 0"):
        registered("ece")(bins=0)
    with pytest.raises(ValueError, match="square"):
        registered("value")(matrix=(1.0, 2, 3))
    found = registered("value")(matrix=(1, 0, 0, 0), total=True).measure(BINARY)
    assert found.value == ((Y == 0) & (HARD == 0)).sum() and found.definition == "total"
    assert "3 classes need 9" in registered("value")(matrix=(1, 0, 0, 1)).measure(MULTI).message
    by_name = Outcomes(MY, MP, MS[:, [2, 0, 1]], ("dog", "bird", "cat"))
    worth = registered("value")(matrix=(5.0, 0, 0, 0, 0, 0, 0, 0, 0)).measure(by_name)  # the first by name: bird
    assert worth.value == pytest.approx(5 * ((MY == "bird") & (MP == "bird")).mean())
    assert registered("ece")().measure(MULTI).value < 1 and registered("ece")(bins=5).measure(BINARY).lower >= 0
    assert "do not sum" in registered("ece")().measure(Outcomes(MY, MP, MS * 2, tuple(LABELS))).message
    assert registered("calibration_slope")().measure(BINARY).value > 1
