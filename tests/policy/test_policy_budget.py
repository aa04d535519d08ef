"""Honest alarms: the budget shared out, Holm, the floor, and windows that cannot tell."""

import math
from datetime import timedelta

import numpy as np
import pytest
from scipy import stats

from lifecycle_tui.domain.specs import Rate
from lifecycle_tui.policy.budget import LOOSEST, detectable_ks, detectable_tv, window_alpha
from lifecycle_tui.policy.verdicts import ColumnTest, judge, summary

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "count, per, length, models, alpha",
    [
        (1, 7 * DAY, DAY, 10, 1 / 70),
        (1, 7 * DAY, DAY / 24, 1, 1 / 168),
        (1, 7 * DAY, DAY, 1, LOOSEST),
        (1, 7 * DAY, 30 * DAY, 1000, 30 / 7000),
        (0.5, 7 * DAY, DAY, 100, 1 / 1400),
        (1, 7 * DAY, None, 10, 1 / 70),
        (1, 7 * DAY, timedelta(0), 10, 1 / 70),
        (1, 7 * DAY, DAY, 0, LOOSEST),
        (0, 7 * DAY, DAY, 10, 0.0),
    ],
)
def test_the_budget_of_a_window(count, per, length, models, alpha):
    assert window_alpha(Rate(count, per), length, models) == pytest.approx(alpha)


def column_test(column, p, effect, n=1000, detector="ks", reference_n=10_000, categories=None):
    return ColumnTest(column, detector, p, effect, n, reference_n, categories)


@pytest.mark.parametrize(
    "tests, states",
    [
        ([column_test("a", 0.001, 0.3), column_test("b", 0.5, 0.02)], {"a": "drifted", "b": "ok"}),
        # Holm over the window: 0.03 alone would pass at 0.05, as one of two it does not.
        ([column_test("a", 0.03, 0.3)], {"a": "drifted"}),
        ([column_test("a", 0.03, 0.3), column_test("b", 0.5, 0.0)], {"a": "ok", "b": "ok"}),
        ([column_test("a", 0.03, 0.3), column_test("b", 0.02, 0.3)], {"a": "drifted", "b": "drifted"}),
        # Below the floor, however certain.
        ([column_test("a", 1e-30, 0.005, n=10**6, reference_n=10**6)], {"a": "ok"}),
        # Too few rows, on either side.
        ([column_test("a", 1e-9, 0.9, n=29)], {"a": "cannot-tell"}),
        ([column_test("a", 1e-9, 0.9, reference_n=5)], {"a": "cannot-tell"}),
        ([column_test("a", 0.5, 0.1, n=40)], {"a": "cannot-tell"}),
        # A strong finding in a small window is a finding.
        ([column_test("a", 1e-9, 0.9, n=40)], {"a": "drifted"}),
        # A detector without p-value takes no share; its effect stands in where a test has none.
        ([column_test("a", None, 0.3, detector="psi"), column_test("a", 0.03, None)], {"a": "drifted"}),
        ([column_test("a", None, 0.3, detector="psi")], {"a": "cannot-tell"}),
        ([column_test("a", 0.001, None)], {"a": "ok"}),
        ([column_test("a", math.nan, 0.3), column_test("b", 7.0, 0.3), column_test("c", 0.03, math.nan)],
         {"a": "cannot-tell", "b": "cannot-tell", "c": "ok"}),
        # Few values among many rows: that as many are missing as ever does not speak for the values.
        ([column_test("a", 0.5, 0.1, n=20), column_test("a", 0.9, 0.0, n=5000, detector="missing")],
         {"a": "cannot-tell"}),
        ([column_test("a", 0.5, 0.1, n=60), column_test("a", 0.9, 0.0, n=5000, detector="missing")],
         {"a": "cannot-tell"}),
        ([column_test("a", 0.5, 0.1, n=20), column_test("a", 1e-9, 0.3, n=5000, detector="missing")],
         {"a": "drifted"}),
        # The column's second test may decide.
        ([column_test("a", 1e-9, 0.001), column_test("a", 0.001, 0.2, detector="missing")], {"a": "drifted"}),
    ],
)  # fmt: skip
def test_verdicts(tests, states):
    found = judge(tests, 0.05)
    assert {name: verdict.state for name, verdict in found.items()} == states
    for verdict in found.values():
        assert verdict.alpha == 0.05 and verdict.message
        assert ("cannot tell" in verdict.message) is (verdict.state == "cannot-tell")


def test_a_thin_window_says_what_it_could_have_shown():
    found = judge([column_test("a", 0.4, 0.05, n=40, reference_n=4000)], 0.01)["a"]
    assert found.detectable == pytest.approx(detectable_ks(40, 4000, 0.01))
    assert found.message == (
        f"cannot tell: with 40 rows only a shift of {found.detectable:.2g} or more would have shown (asked for: 0.2)"
    )
    assert judge([column_test("a", 0.4, 0.05, n=40, reference_n=4000)], 0.01, shift=0.5)["a"].state == "ok"


def test_no_alarm_budget_no_alarm():
    assert judge([column_test("a", 1e-300, 1.0)], 0.0)["a"].state != "drifted"


@pytest.mark.parametrize("n, m, alpha", [(200, 200, 0.05), (300, 3000, 0.001)])
def test_the_detectable_ks_shift_shows_in_four_of_five(n, m, alpha):
    """A shift of exactly that distance (moved uniform: the worst case has its error at the largest difference)."""
    rng, distance = np.random.default_rng(1), detectable_ks(n, m, alpha)
    hits = sum(
        stats.ks_2samp(rng.random(n), rng.random(m) + distance, method="asymp").pvalue <= alpha for _ in range(300)
    )
    assert hits / 300 >= 0.75  # the bound is from below
    assert detectable_ks(4 * n, 4 * m, alpha) == pytest.approx(distance / 2)


@pytest.mark.parametrize("k, n, m, alpha", [(2, 300, 3000, 0.05), (10, 1000, 2000, 0.01), (40, 3000, 3000, 0.001)])
def test_the_detectable_shift_of_categories_shows_in_four_of_five(k, n, m, alpha):
    rng, distance = np.random.default_rng(2), detectable_tv(n, m, alpha, k)
    p = np.full(k, 1 / k)
    q = p + np.where(np.arange(k) < k // 2, 1, -1) * (2 * distance / k)
    hits = 0
    for _ in range(300):
        table = np.array([rng.multinomial(n, q), rng.multinomial(m, p)])
        hits += stats.chi2_contingency(table, correction=False).pvalue <= alpha
    assert 0.72 <= hits / 300 <= 0.9


def test_edges_of_the_detectable_shift():
    assert detectable_ks(0, 100, 0.05) == detectable_ks(5, 5, 1e-9) == detectable_tv(3, 100, 0.05, 1) == 1.0
    assert detectable_ks(10, 10, 0.0) == 1.0


def test_false_alarms_keep_to_the_budget():
    """20 columns in pairs that go together, nothing changed: windows that call drift, against alpha."""
    rng, alpha, windows, n, m = np.random.default_rng(3), 0.05, 400, 200, 1000
    alarms = 0
    for _ in range(windows):
        fresh = np.sort(rng.normal(size=(10, m)), axis=1)  # a new reference each time: else windows share its luck
        current = np.sort(rng.normal(size=(10, n)), axis=1)
        tests = []
        for i in range(10):
            grid = np.concatenate([fresh[i], current[i]])
            d = np.abs(
                np.searchsorted(fresh[i], grid, side="right") / m - np.searchsorted(current[i], grid, side="right") / n
            ).max()
            p = float(stats.kstwo.sf(d, round(n * m / (n + m))))
            tests += [column_test(f"c{i}", p, d, n, reference_n=m), column_test(f"d{i}", p, d, n, reference_n=m)]
        alarms += any(verdict.state == "drifted" for verdict in judge(tests, alpha).values())
    assert alarms / windows <= alpha + 3 * math.sqrt(alpha * (1 - alpha) / windows)
    assert alarms > 0  # pairs halve the rate; no alarm at all would mean no power


def test_summary():
    tests = [column_test("a", 1e-9, 0.3), column_test("b", 1e-9, 0.4), column_test("c", 0.9, 0.01),
             column_test("d", 0.9, 0.5, n=3), column_test("e", 0.9, 0.02)]  # fmt: skip
    share, count, largest = summary(judge(tests, 0.05))
    assert (share.name, share.value, share.n, share.state) == ("drift.share", 0.5, 4, "drifted")
    assert (count.name, count.value, largest.name, largest.value) == ("drift.count", 2.0, "drift.max", 0.4)
    assert share.message == "2 of 4 columns drifted; 1 more cannot tell"
    assert share.detail == {"columns": ["b", "a"], "judged": 4, "cannot_tell": 1}


@pytest.mark.parametrize(
    "tests, state, value",
    [([], "unknown", None), ([column_test("a", 0.5, 0.1, n=2)], "cannot-tell", None),
     ([column_test("a", 0.5, 0.19)], "ok", 0.0)],
)  # fmt: skip
def test_summary_without_drift(tests, state, value):
    assert [(signal.state, signal.value) for signal in summary(judge(tests, 0.05))] == [(state, value)] * 3
