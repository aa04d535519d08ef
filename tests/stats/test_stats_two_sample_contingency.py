"""The contingency chi-square: its statistic against SciPy, its p-value where counts are small against all tables."""

import itertools

import numpy as np
import pytest
import scipy.stats as st
from hypothesis import given, settings
from hypothesis import strategies as hs

from lifecycle_tui.stats.contingency import chi_square, chi_square_moments

vectors = hs.integers(2, 12).flatmap(
    lambda k: hs.tuples(*[hs.lists(hs.integers(0, 60), min_size=k, max_size=k) for _ in range(2)])
)


@settings(max_examples=150, deadline=None)
@given(vectors)
def test_statistic_and_df_are_scipys(pair):
    a, b = map(np.array, pair)
    found = chi_square(a, b)
    seen = (a + b) > 0
    if seen.sum() < 2 or not a.sum() or not b.sum():
        assert (found.statistic, found.df, found.p_value) == (0.0, 0, 1.0)
        return
    truth = st.chi2_contingency([a[seen], b[seen]])
    assert found.statistic == pytest.approx(truth.statistic, rel=1e-9, abs=1e-9)
    assert found.df == truth.dof
    assert found.smallest == pytest.approx(truth.expected_freq.min())
    assert 0 <= found.p_value <= 1
    if found.method == "asymptotic":
        assert found.p_value == pytest.approx(truth.pvalue, rel=1e-9)


@given(vectors)
def test_yates_can_be_left_out(pair):
    a, b = (np.array(v[:2]) for v in pair)
    if a.sum() and b.sum() and ((a + b) > 0).all():
        truth = st.chi2_contingency([a, b], correction=False)
        assert chi_square(a, b, correction=False).statistic == pytest.approx(truth.statistic, rel=1e-9, abs=1e-9)


def tables(pooled, n):
    """Every first row with these margins, and its probability."""
    from math import comb

    total = comb(sum(pooled), n)
    for row in itertools.product(*(range(c + 1) for c in pooled)):
        if sum(row) == n:
            yield np.array(row), np.prod([float(comb(c, x)) for c, x in zip(pooled, row, strict=True)]) / total


def statistic(row, pooled, n):
    total = pooled.sum()
    return ((row - pooled * n / total) ** 2 / (pooled * n / total * (1 - n / total))).sum()


@pytest.mark.parametrize(
    ("pooled", "n"), [([2, 3, 1], 3), ([1, 1, 1, 5], 2), ([2, 1], 1), ([1, 1], 1), ([4, 4, 2, 1], 6), ([9, 1, 1, 3], 5)]
)
def test_moments_are_those_of_all_tables(pooled, n):
    pooled = np.array(pooled)
    values, weights = zip(*((statistic(r, pooled, n), w) for r, w in tables(pooled, n)), strict=True)
    mean = np.average(values, weights=weights)
    found = chi_square_moments(pooled, n, int(pooled.sum()) - n)
    assert found[0] == pytest.approx(mean)
    assert found[1] == pytest.approx(np.average((np.array(values) - mean) ** 2, weights=weights))


def exact_p(a, b):
    pooled, n = a + b, int(a.sum())
    seen = statistic(a, pooled, n)
    return sum(w for r, w in tables(pooled, n) if statistic(r, pooled, n) >= seen * (1 - 1e-9))


@pytest.mark.parametrize(
    ("a", "b"), [([1, 0], [2, 9]), ([3, 0], [1, 8]), ([1, 1], [1, 1]), ([0, 4], [4, 0]), ([2, 5], [9, 3])]
)
def test_two_labels_are_exact(a, b):
    a, b = np.array(a), np.array(b)
    found = chi_square(a, b, correction=False)
    assert found.method == "exact"
    assert found.p_value == pytest.approx(exact_p(a, b), rel=1e-9)


@pytest.mark.parametrize(
    ("a", "b"),
    [([3, 0, 1], [2, 4, 3]), ([5, 1, 0, 1], [2, 4, 3, 2]), ([2, 2, 2, 0], [1, 3, 2, 2]), ([4, 0, 0, 3], [0, 3, 3, 1])],
)
def test_few_counts_are_resampled_near_the_exact_p(a, b):
    a, b = np.array(a), np.array(b)
    found = chi_square(a, b)
    truth = exact_p(a, b)
    assert found.method == "resampled"
    # Besag and Clifford's estimate from 20 extreme tables is off by a quarter, 4 of which are allowed for.
    assert found.p_value == pytest.approx(truth, rel=0.9, abs=0.01)


def test_resampling_is_the_same_every_time_and_in_any_order_of_labels():
    a, b = np.array([5, 1, 0, 1, 2, 1]), np.array([2, 4, 3, 2, 0, 1])
    first = chi_square(a, b)
    for order in itertools.islice(itertools.permutations(range(6)), 0, 720, 97):
        again = chi_square(a[list(order)], b[list(order)])
        assert again.p_value == first.p_value
        assert again.method == first.method == "resampled"


def test_overwhelming_evidence_in_a_sparse_table_gets_a_tiny_p():
    a, b = np.repeat([6, 0], 10), np.repeat([0, 6], 10)
    found = chi_square(a, b)
    assert found.method == "moments"
    assert found.p_value < 1e-9


@pytest.mark.parametrize(("a", "b"), [([], []), ([3], [4]), ([0, 0], [1, 2]), ([1, 2], [0, 0]), ([0, 5], [0, 9])])
def test_nothing_to_compare(a, b):
    found = chi_square(np.array(a, dtype=int), np.array(b, dtype=int))
    assert (found.statistic, found.df, found.p_value) == (0.0, 0, 1.0)


def test_wrong_counts_are_refused():
    for a, b in (([1, 2], [1]), ([-1, 2], [1, 1])):
        with pytest.raises(ValueError, match="counts"):
            chi_square(np.array(a), np.array(b))


@pytest.mark.slow
@pytest.mark.parametrize(("k", "n", "m"), [(5, 30, 300), (20, 50, 500), (300, 400, 4000), (2000, 1000, 20_000)])
def test_false_alarms_are_as_rare_as_promised_on_sparse_tables(k, n, m):
    rng = np.random.default_rng(k)
    weights = 1 / np.arange(1, k + 1) ** 0.9
    weights /= weights.sum()
    runs = 2000 if k > 200 else 400
    p = np.array([chi_square(rng.multinomial(n, weights), rng.multinomial(m, weights)).p_value for _ in range(runs)])
    for level in (0.2, 0.05, 0.01):
        slack = 4 * np.sqrt(level * (1 - level) / runs)
        assert (p <= level).mean() <= level + slack, level
    assert (p <= 0.2).mean() >= 0.08  # and it is not merely silent
