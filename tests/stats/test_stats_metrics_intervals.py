"""Intervals that cover, and the pieces they are made of."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from lifecycle_tui.stats import intervals as iv
from lifecycle_tui.stats import metrics_classes as mc
from lifecycle_tui.stats import metrics_regression as mr
from lifecycle_tui.stats import metrics_scores as ms

PHI = NormalDist().cdf


@pytest.mark.parametrize("df", [1, 2, 4, 7, 12, 29, 200])
def test_students_quantile(df):
    assert iv.t_quantile(df) == pytest.approx(stats.t.ppf(0.975, df), rel=5e-3)


@pytest.mark.parametrize("hits, n", [(0, 1), (0, 20), (1, 1), (3, 20), (20, 20), (450, 1000)])
def test_wilson(hits, n):
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert iv.wilson(hits / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert iv.wilson(0.5, 0) == (0.0, 1.0)


def test_delong_equals_its_definition():
    """Variance S10/m + S01/n from placements counted one by one."""
    rng = np.random.default_rng(4)
    y = (rng.random(80) < 0.4).astype(np.int8)
    s = np.round(rng.normal(size=80) + y, 1)
    above, below = s[y == 1], s[y == 0]
    wins = (above[:, None] > below) + 0.5 * (above[:, None] == below)
    variance = wins.mean(axis=1).var(ddof=1) / len(above) + wins.mean(axis=0).var(ddof=1) / len(below)
    value, contributions, sizes = ms._delong(y == 1, s, None)
    assert value == pytest.approx(wins.mean(), abs=1e-12)
    assert float(contributions @ contributions) == pytest.approx(variance, rel=1e-12)
    assert sizes == (len(above), len(below))


def test_repeated_rows_weigh_like_weights():
    rng = np.random.default_rng(5)
    y, s, w = rng.integers(0, 2, 60), np.round(rng.random(60), 1), rng.integers(1, 4, 60)
    again = np.repeat(np.arange(60), w)
    for fn, x in ((ms.roc_auc, s), (ms.log_loss, s), (mr.rmse, s), (mr.r2, s), (mc.f1, (s > 0.5).astype(int))):
        assert fn(y, x, w.astype(float)).value == pytest.approx(fn(y[again], x[again]).value, rel=1e-12)


def test_no_overlap_still_leaves_doubt():
    found = ms.roc_auc(np.array([0] * 10 + [1] * 10), np.arange(20.0))
    assert found.value == found.upper == 1.0 and 0.7 < found.lower < 0.95
    wider = ms.roc_auc(np.array([0] * 3 + [1] * 3), np.arange(6.0))
    assert wider.lower < found.lower
    worst = ms.roc_auc(np.array([1] * 10 + [0] * 10), np.arange(20.0))
    assert worst.value == worst.lower == 0.0 and worst.upper == pytest.approx(1 - found.lower, abs=1e-6)


def test_days_that_go_together_widen_and_days_that_do_not_hardly():
    rng = np.random.default_rng(6)
    day = np.repeat(np.arange(30), 50)
    errors = rng.normal(size=1500) + rng.normal(size=30)[day]
    zero = np.zeros(1500)
    alone, together = mr.mae(errors, zero), mr.mae(errors, zero, day=day)
    assert together.upper - together.lower > 1.5 * (alone.upper - alone.lower)
    shuffled = mr.mae(errors, zero, day=rng.permutation(day))
    assert shuffled.upper - shuffled.lower < 1.5 * (alone.upper - alone.lower)
    few = mr.mae(errors, zero, day=day % 7)
    assert few == alone  # fewer than 8 days are no blocks


def binary(rng, n, day_effect=0.0, days=0):
    day = np.arange(n) % days if days else None
    move = rng.normal(size=days)[day] * day_effect if days else 0.0
    y = (rng.random(n) < 0.3).astype(np.int8)
    return y, rng.normal(size=n) + (1.5 + move) * y, day


def cover(make, truth, runs=400):
    inside = [bool(e.lower <= truth <= e.upper) for e in (make() for _ in range(runs))]
    return sum(inside) / runs


PROBIT = [PHI(1.5 - 1), 1 - PHI(1)]  # P(score > 1) of positives and negatives
PRECISION = 0.3 * PROBIT[0] / (0.3 * PROBIT[0] + 0.7 * PROBIT[1])
TRUTH = {
    "accuracy": 0.3 * PROBIT[0] + 0.7 * (1 - PROBIT[1]),
    "precision": PRECISION,
    "recall": PROBIT[0],
    "f1": 2 * PRECISION * PROBIT[0] / (PRECISION + PROBIT[0]),
}


@pytest.mark.parametrize("n", [40, 400])
@pytest.mark.parametrize("name", TRUTH)
def test_class_metrics_cover(name, n):
    rng = np.random.default_rng(7)

    def make():
        y, s, _ = binary(rng, n)
        return getattr(mc, name)(y, (s > 1).astype(np.int8))

    assert 0.92 <= cover(make, TRUTH[name]) <= 0.99


@pytest.mark.parametrize("n, low", [(40, 0.92), (400, 0.92)])
def test_auc_covers(n, low):
    rng = np.random.default_rng(8)
    assert low <= cover(lambda: ms.roc_auc(*binary(rng, n)[:2]), PHI(1.5 / math.sqrt(2))) <= 0.99


@pytest.mark.parametrize(
    "fn, truth",
    [(mr.rmse, 1.0), (mr.mae, math.sqrt(2 / math.pi)), (mr.r2, 0.8)],
)
@pytest.mark.parametrize("n, low", [(40, 0.90), (400, 0.92)])
def test_regression_metrics_cover(fn, truth, n, low):
    rng = np.random.default_rng(9)

    def make():
        p = 2 * rng.normal(size=n)
        return fn(p + rng.normal(size=n), p)

    assert low <= cover(make, truth) <= 0.985


@pytest.mark.parametrize("fn", [ms.log_loss, ms.brier])
def test_probability_metrics_cover(fn):
    """The truth from the same law by quadrature."""
    x = np.linspace(-8, 8, 200_001)
    p, density = 1 / (1 + np.exp(1 - 1.5 * x)), np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    expected = -(p * np.log(p) + (1 - p) * np.log(1 - p)) if fn is ms.log_loss else p * (1 - p)
    truth = float((expected * density).sum() * (x[1] - x[0]))
    rng = np.random.default_rng(10)

    def make():
        s = 1 / (1 + np.exp(1 - 1.5 * rng.normal(size=200)))
        return fn((rng.random(200) < s).astype(np.int8), s)

    assert 0.92 <= cover(make, truth) <= 0.985


def test_the_mean_of_several_classes_covers_though_one_is_rare():
    rng, share = np.random.default_rng(11), [0.5, 0.3, 0.15, 0.05]
    recall = [0.9, 0.8, 0.6, 0.5]

    def make():
        y = rng.choice(4, size=120, p=share)
        p = np.where(rng.random(120) < np.array(recall)[y], y, (y + 1) % 4)
        return mc.macro_recall(y, p)

    assert 0.92 <= cover(make, float(np.mean(recall))) <= 0.995


@pytest.mark.parametrize("days", [8, 30])
def test_days_cover_where_rows_alone_do_not(days):
    """Accuracy whose level moves from day to day: share of successes PHI(1 + u), u ~ N(0, 0.5)."""
    truth = PHI(1 / math.sqrt(1.25))
    for given, low, high in ((True, 0.90, 0.985), (False, 0.0, 0.85)):
        rng = np.random.default_rng(12)

        def make(given=given, rng=rng):
            day = np.arange(days * 40) % days
            chance = stats.norm.cdf(1 + 0.5 * rng.normal(size=days))[day]
            hit = (rng.random(len(day)) < chance).astype(int)
            return mc.accuracy(np.ones(len(day), int), hit, day=day if given else None)

        assert low <= cover(make, truth, 400) <= high


def test_one_row_and_exact_rows():
    assert iv.mean_estimate(np.array([3.0]))[:2] == (3.0, None)
    assert mr.rmse(np.ones(5), np.ones(5)) == (0.0, None, None, 5, "every row is exact: no interval", None)
