"""The largest of many differences, and rows beyond a range: against listing everything, and simulated without drift."""

import math
from itertools import combinations

import numpy as np
import pytest
import scipy.stats as st
from hypothesis import given, settings
from hypothesis import strategies as hs

from lifecycle_tui.stats.largest import beyond_pvalue, largest_difference_pvalue, most_changed
from lifecycle_tui.stats.two_sample import two_proportions


@pytest.mark.parametrize(("n", "m"), [(3, 4), (2, 6), (6, 2), (1, 3)])
def test_rows_beyond_a_range_by_listing_all_orders(n, m):
    seen = []
    for old in combinations(range(n + m), n):
        seen.append(sum(1 for i in range(n + m) if i < old[0] or i > old[-1]))
    for k in range(m + 2):
        truth = np.mean(np.array(seen) >= k) if n > 1 else float(k <= m) or 0.0
        if n > 1 or k <= m:
            assert beyond_pvalue(k, n, m) == pytest.approx(truth, abs=1e-9), k


def test_rows_beyond_a_range_at_the_edges():
    assert beyond_pvalue(0, 5, 5) == beyond_pvalue(3, 1, 5) == 1.0
    assert beyond_pvalue(6, 5, 5) == 0.0
    # Both of two new values beyond a million old ones: 2·3/((N)(N − 1)) to first order.
    assert beyond_pvalue(2, 10**6, 2) == pytest.approx(6e-12, rel=1e-4)
    assert 0 < beyond_pvalue(1, 10**7, 10**5) < 0.03


def brute(distance, pooled, n, m):
    total = 0.0
    for c in pooled:
        x = np.arange(0, min(c, n) + 1)
        x = x[c - x <= m]
        far = np.abs(x / n - (c - x) / m) >= distance - 1e-12
        total += st.hypergeom.pmf(x[far], n + m, c, n).sum()
    return min(1.0, total)


@settings(max_examples=60, deadline=None)
@given(hs.lists(hs.integers(0, 20), min_size=3, max_size=6), hs.lists(hs.integers(0, 20), min_size=6, max_size=6))
def test_largest_difference_is_the_sum_over_labels(first, second):
    a = np.array([*first, *[0] * (6 - len(first)), 1])
    b = np.array([*second, 1])
    n, m = int(a.sum()), int(b.sum())
    d = float(np.abs(a / n - b / m).max())
    if d > 0:
        assert largest_difference_pvalue(d, a + b, n, m).value == pytest.approx(brute(d, a + b, n, m), abs=1e-7)


def test_two_labels_are_one_question_and_large_ones_go_by_the_normal_law():
    p = largest_difference_pvalue(0.1, np.array([40, 160]), 100, 100)
    assert p.value == pytest.approx(two_proportions(15, 100, 25, 100).value)
    big = largest_difference_pvalue(0.002, np.array([400_000, 500_000, 100_000]), 500_000, 500_000)
    assert big.method == "asymptotic"
    z = [0.002 / math.sqrt(s * (1 - s) * 4e-6) for s in (0.4, 0.5, 0.1)]
    assert big.value == pytest.approx(min(1, sum(2 * st.norm.sf(v) for v in z)), rel=1e-4)
    assert largest_difference_pvalue(0.0, np.array([1, 2]), 1, 2).value == 1.0


def test_the_surest_change_is_found_and_rare_labels_cost_nothing():
    a = np.array([500, 0, *[1] * 300])
    b = np.array([510, 12, *[0] * 300])
    places, each, p = most_changed(a, b, 1_000, 1_000)
    assert places[0] == 1
    assert each[0] == two_proportions(0, 1_000, 12, 1_000).value
    assert p == pytest.approx(2 * each[0])  # the 300 labels of one row could never have been as sure
    assert each[0] <= each[1]


def test_no_labels_and_empty_sides():
    none = np.empty(0, dtype=np.int64)
    assert most_changed(none, none, 5, 5)[2] == 1.0
    assert most_changed(np.array([3]), np.array([0]), 3, 0)[2] == 1.0


@pytest.mark.parametrize("k", [2, 40, 800])
def test_false_alarms_are_at_most_as_many_as_said(k):
    random, rounds = np.random.default_rng(k), 200
    weights = 1 / np.arange(1, k + 1)
    weights /= weights.sum()
    hits = np.zeros(2)
    for _ in range(rounds):
        a, b = random.multinomial(1_000, weights), random.multinomial(200, weights)
        d = float(np.abs(a / 1_000 - b / 200).max())
        hits[0] += largest_difference_pvalue(d, a + b, 1_000, 200).value <= 0.05
        hits[1] += most_changed(a, b, 1_000, 200)[2] <= 0.05
    assert (hits / rounds < 0.05 + 3.3 * math.sqrt(0.05 * 0.95 / rounds)).all(), hits
    assert hits.min() / rounds > 0.003
