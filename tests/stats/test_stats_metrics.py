"""Every metric against scikit-learn to 1e-9, on random, tied, constant, tiny and weighted inputs."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from lifecycle_tui.stats import intervals as iv
from lifecycle_tui.stats import metrics_classes as mc
from lifecycle_tui.stats import metrics_regression as mr
from lifecycle_tui.stats import metrics_scores as ms

CLOSE = {"rel": 1e-9, "abs": 1e-9}
seeds = st.integers(0, 2**32 - 1)
sizes = st.sampled_from([1, 2, 3, 7, 30, 200])
weighted = st.booleans()


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def weights(rng, n, wanted):
    return rng.integers(1, 9, n).astype(float) if wanted else None


def same(found, value):
    """Equal, and an interval that holds the value, in order."""
    if value is None or math.isnan(value):
        assert found.value is None and found.message
        return
    assert found.value == pytest.approx(value, **CLOSE)
    if found.lower is not None:
        assert found.lower - 1e-12 <= found.value <= found.upper + 1e-12
        assert math.isfinite(found.lower) and math.isfinite(found.upper)


@given(seeds, sizes, weighted, st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.sampled_from([0.0, 0.3, 1.0]))
def test_binary_classes(seed, n, weigh, positive, flips):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < positive).astype(np.int8)
    p = np.where(rng.random(n) < flips, rng.integers(0, 2, n), y).astype(np.int8)
    w = weights(rng, n, weigh)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same(mc.accuracy(y, p, w), sk.accuracy_score(y, p, sample_weight=w))
        for ours, theirs in ((mc.precision, sk.precision_score), (mc.recall, sk.recall_score), (mc.f1, sk.f1_score)):
            same(ours(y, p, w), theirs(y, p, sample_weight=w, zero_division=np.nan))


@given(seeds, sizes, weighted, st.integers(1, 6), st.sampled_from([0.0, 0.4, 1.0]))
def test_multiclass_classes(seed, n, weigh, k, flips):
    rng = np.random.default_rng(seed)
    labels = np.array([f"class {i}" for i in range(6)])
    y = labels[rng.integers(0, k, n)]
    p = np.where(rng.random(n) < flips, labels[rng.integers(0, 6, n)], y)
    w = weights(rng, n, weigh)
    pairs = (
        (mc.macro_precision, sk.precision_score), (mc.macro_recall, sk.recall_score), (mc.macro_f1, sk.f1_score)
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same(mc.accuracy(y, p, w), sk.accuracy_score(y, p, sample_weight=w))
        for ours, theirs in pairs:
            for a, b in ((y, p), (y.astype(object), p.astype(object))):
                found = ours(a, b, w)
                same(found, theirs(y, p, sample_weight=w, average="macro", zero_division=0))
                assert found.lower is not None


@given(seeds, sizes, weighted, st.sampled_from([1, 2, 5, 10**6]), st.sampled_from([0.0, 0.3, 1.0]))
def test_binary_scores(seed, n, weigh, levels, positive):
    """Few levels give many ties; a score of exactly 0 or 1 is clipped as scikit-learn does."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < positive).astype(np.int8)
    s = rng.integers(0, levels + 1, n) / levels
    w = weights(rng, n, weigh)
    both = 0 < y.sum() < n
    same(ms.roc_auc(y, s, w), sk.roc_auc_score(y, s, sample_weight=w) if both else None)
    same(ms.log_loss(y, s, w), sk.log_loss(y, s, sample_weight=w, labels=[0, 1]))
    same(ms.brier(y, s, w), float(np.average((s - y) ** 2, weights=w)))
    if both:
        assert ms.brier(y, s, w).value == pytest.approx(sk.brier_score_loss(y, s, sample_weight=w), **CLOSE)
        assert ms.roc_auc(y, np.exp(3 * s) - 100, w).value == pytest.approx(ms.roc_auc(y, s, w).value, **CLOSE)


@given(seeds, sizes, weighted, st.integers(2, 5))
def test_multiclass_scores(seed, n, weigh, k):
    rng = np.random.default_rng(seed)
    classes = tuple(sorted(f"c{i}" for i in range(k)))
    y = np.array(classes)[rng.integers(0, k, n)]
    s = rng.integers(0, 4, (n, k)) + 0.01
    s = s / s.sum(axis=1, keepdims=True)
    w = weights(rng, n, weigh)
    same(ms.multi_log_loss(y, s, classes, w), sk.log_loss(y, s, sample_weight=w, labels=list(classes)))
    wanted = (y[:, None] == np.array(classes)).astype(float)
    same(ms.multi_brier(y, s, classes, w), float(np.average(((s - wanted) ** 2).sum(axis=1), weights=w)))
    if k > 2:
        brier = sk.brier_score_loss(y, s, sample_weight=w, labels=list(classes))
        assert ms.multi_brier(y, s, classes, w).value == pytest.approx(brier, **CLOSE)
    per_class = [
        sk.roc_auc_score(y == label, s[:, i], sample_weight=w)
        for i, label in enumerate(classes)
        if 0 < (y == label).sum() < n
    ]
    found = ms.macro_roc_auc(y, s, classes, w)
    same(found, float(np.mean(per_class)) if per_class else None)
    if len(set(y)) == k > 2:
        whole = sk.roc_auc_score(y, s, multi_class="ovr", average="macro", sample_weight=w, labels=list(classes))
        assert found.value == pytest.approx(whole, **CLOSE)


@given(seeds, sizes, weighted, st.sampled_from([0.0, 1e-3, 1.0, 1e6]), st.sampled_from([0.0, 1.0, 1e4]))
def test_regression(seed, n, weigh, noise, level):
    rng = np.random.default_rng(seed)
    y = np.round(rng.normal(size=n) * 3 + level, 1)
    p = y + noise * rng.normal(size=n)
    w = weights(rng, n, weigh)
    same(mr.rmse(y, p, w), sk.root_mean_squared_error(y, p, sample_weight=w))
    same(mr.mae(y, p, w), sk.mean_absolute_error(y, p, sample_weight=w))
    same(mr.r2(y, p, w), None if n < 2 or len(set(y)) == 1 else sk.r2_score(y, p, sample_weight=w))
    kept = y != 0
    if kept.any():
        kept_weights = None if w is None else w[kept]
        same(mr.mape(y, p, w), sk.mean_absolute_percentage_error(y[kept], p[kept], sample_weight=kept_weights))
    else:
        same(mr.mape(y, p, w), None)
    same(iv.mean_estimate(y, w), float(np.average(y, weights=w)))


NONE = np.array([])
ONES, TWO = np.ones(3), np.array([0, 1], np.int8)
ABC = np.array(["a", "b"])


@pytest.mark.parametrize(
    "found, words",
    [
        (mc.accuracy(NONE, NONE), "no rows"),
        (mc.precision(np.array([1, 0]), np.array([0, 0])), "no rows predicted positive"),
        (mc.recall(np.array([0, 0]), np.array([0, 1])), "no positive rows"),
        (mc.f1(np.array([0, 0]), np.array([0, 0])), "no rows that are or are predicted positive"),
        (mc.macro_recall(np.array([], str), np.array([], str)), "no rows"),
        (mc.macro_f1(np.array([], str), np.array([], str)), "no rows"),
        (ms.roc_auc(ONES, ONES), "only one class"),
        (ms.roc_auc(NONE, NONE), "no rows"),
        (ms.roc_auc(TWO, np.array([0.1, np.nan])), "not numbers"),
        (ms.macro_roc_auc(np.array(["a", "a"]), np.ones((2, 2)), ("a", "b")), "only one class"),
        (ms.log_loss(TWO, np.array([-1.0, 3.0])), "not probabilities"),
        (ms.log_loss(TWO, np.array([0.5, np.nan])), "not probabilities"),
        (ms.brier(TWO, np.array([0.5, 1.1])), "not probabilities"),
        (ms.log_loss(NONE, NONE), "no rows"),
        (ms.multi_log_loss(ABC, np.array([[0.9, 0.9], [0.5, 0.5]]), ("a", "b")), "sum to 1"),
        (ms.multi_brier(ABC, np.array([[0.9, 0.1], [0.5, 0.5]]), ("a", "c")), "no score for the class 'b'"),
        (mr.r2(ONES, ONES), "constant"),
        (mr.r2(np.array([1.0]), np.array([1.0])), "two rows"),
        (mr.mape(np.zeros(3), ONES), "every target is 0"),
        (mr.mape(NONE, NONE), "no rows"),
        (mr.rmse(np.array([1.0, 2.0]), np.array([np.inf, 2.0])), "not finite"),
        (mr.r2(np.array([1.0, 2.0]), np.array([np.inf, 2.0])), "not finite"),
        (mr.mae(np.array([np.inf, 2.0]), np.array([np.inf, 2.0])), "not finite"),
        (mr.rmse(NONE, NONE), "no rows"),
        (iv.mean_estimate(NONE), "no rows"),
        (mc.accuracy(ONES, ONES, np.zeros(3)), "no rows"),
        (mr.mae(ONES, ONES, np.zeros(3)), "no rows"),
    ],
)
def test_no_value_says_why(found, words):
    assert (found.value, found.lower, found.upper) == (None, None, None)
    assert words in found.message


def test_what_is_left_out_is_said():
    found = mr.mape(np.array([0.0, 2.0, 4.0]), np.array([1.0, 1.0, 2.0]))
    assert (found.value, found.n, found.message) == (0.5, 2, "1 row with target 0 left out")
    found = ms.macro_roc_auc(np.array(["a", "b"]), np.array([[0.9, 0.1, 0], [0.1, 0.9, 0]]), ("a", "b", "c"))
    assert (found.value, found.message) == (1.0, "without c: no rows")
    found = mc.macro_precision(np.array(["a", "b"]), np.array(["a", "a"]))
    assert (found.value, found.message) == (0.25, "b never predicted: counted as 0")


def test_the_order_of_rows_changes_little_and_the_order_of_days_nothing():
    rng = np.random.default_rng(0)
    y, s, day = rng.integers(0, 2, 500), rng.random(500), rng.integers(0, 20, 500)
    turn = rng.permutation(500)
    first, second = ms.roc_auc(y, s, day=day), ms.roc_auc(y[turn], s[turn], day=day[turn] * 1000 - 5)
    assert first[:3] == pytest.approx(second[:3], rel=1e-12)


def test_a_million_rows_take_a_moment():
    import time

    rng = np.random.default_rng(0)
    y, s = rng.integers(0, 2, 1_000_000), rng.random(1_000_000)
    start = time.process_time()
    ms.roc_auc(y, s)
    assert time.process_time() - start < 3
