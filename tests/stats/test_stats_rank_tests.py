"""Cramér–von Mises and Anderson–Darling against SciPy, published critical values and simulation without drift."""

import math
import warnings

import numpy as np
import pytest
import scipy.stats as st
from hypothesis import given, settings
from hypothesis import strategies as hs

from lifecycle_tui.stats.quadratic import quadratic_sf
from lifecycle_tui.stats.rank_tests import GROUPS, anderson_darling, cramer_von_mises, rank_statistic

J = np.arange(1, 2_000)
values = hs.lists(hs.integers(-6, 6).map(float), min_size=1, max_size=30)


def groups(x, y):
    points = np.unique(np.concatenate([x, y]))
    return tuple(np.bincount(np.searchsorted(points, side), minlength=len(points)) for side in (x, y))


def definition(x, y):
    """nm/N² Σ over all values of (F − G)²."""
    at = np.concatenate([x, y])
    f, g = ((np.asarray(side)[None, :] <= at[:, None]).mean(axis=1) for side in (x, y))
    return len(x) * len(y) / len(at) ** 2 * ((f - g) ** 2).sum()


def standardised(statistic, n, m):
    """(A² − 1)/σ of Scholz and Stephens (1987), two samples."""
    total = n + m
    inverse, h = 1 / n + 1 / m, sum(1 / i for i in range(1, total))
    upper = np.cumsum((1 / np.arange(1, total))[::-1])[::-1]
    g = sum(upper[i] / (total - i) for i in range(1, total - 1))
    a = (4 * g - 6) + (10 - 6 * g) * inverse
    b = (2 * g - 4) * 4 + 16 * h + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6
    c = (6 * h + 2 * g - 2) * 4 + (4 * h - 4 * g + 6) * 2 + (2 * h - 6) * inverse + 4 * h
    d = (2 * h + 6) * 4 - 8 * h
    variance = (a * total**3 + b * total**2 + c * total + d) / ((total - 1) * (total - 2) * (total - 3))
    return (statistic - 1) / math.sqrt(variance)


@pytest.mark.parametrize(("x", "p"), [(0.46136, 0.05), (0.74346, 0.01), (1.16786, 0.001)])
def test_the_limiting_law_of_cramer_von_mises(x, p):
    assert quadratic_sf(x, 1 / (J * np.pi) ** 2) == pytest.approx(p, rel=0.07)


@pytest.mark.parametrize(("x", "p"), [(1.933, 0.1), (2.492, 0.05), (3.857, 0.01)])
def test_the_limiting_law_of_anderson_darling(x, p):
    assert quadratic_sf(x, 1 / (J * (J + 1.0))) == pytest.approx(p, rel=0.08)


@pytest.mark.parametrize("k", [1, 3, 40])
def test_equal_weights_are_a_chi_square_far_into_the_tail(k):
    for x in (0.01, 0.5 * k, float(k), k + 1e-9, 2.0 * k, 10.0 * k + 30, 200.0 * k):
        found, truth = quadratic_sf(2.5 * x, np.full(k, 2.5)), st.chi2.sf(x, k)
        assert truth * 0.95 <= found <= truth * 1.17, x


def test_the_law_at_its_edges():
    assert quadratic_sf(0.0, np.ones(3)) == quadratic_sf(-1.0, np.ones(3)) == 1.0
    for x, weights in ((math.nan, [1.0]), (1.0, [0.0]), (1.0, []), (1.0, [-1.0])):
        with pytest.raises(ValueError, match="positive weight"):
            quadratic_sf(x, np.array(weights))


@settings(max_examples=60, deadline=None)
@given(values, values)
def test_statistics_are_their_definitions_with_ties(x, y):
    a, b = groups(x, y)
    assert cramer_von_mises(a, b).statistic == pytest.approx(definition(x, y), abs=1e-12)
    if len(x) > 1 and len(y) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert rank_statistic(a, b) == pytest.approx(st.cramervonmises_2samp(x, y).statistic, abs=1e-9)
    if len(set(x) | set(y)) > 1 and len(x) + len(y) > 3:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            truth = st.anderson_ksamp([x, y]).statistic
        assert standardised(anderson_darling(a, b).statistic, len(x), len(y)) == pytest.approx(truth, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(values, values)
def test_sides_can_be_exchanged_and_p_is_a_chance(x, y):
    a, b = groups(x, y)
    for test in (cramer_von_mises, anderson_darling):
        one, two = test(a, b), test(b, a)
        assert one.statistic == pytest.approx(two.statistic, abs=1e-9)
        assert 0 <= one.p_value <= 1
        if one.method == "exact":
            assert one.p_value == pytest.approx(two.p_value)


def test_without_ties_p_is_scipys():
    random = np.random.default_rng(5)
    x, y = random.normal(size=6), random.normal(1.0, size=7)
    found, truth = cramer_von_mises(*groups(x, y)), st.cramervonmises_2samp(x, y, method="exact")
    assert (found.statistic, found.p_value) == (pytest.approx(truth.statistic), pytest.approx(truth.pvalue))
    assert found.method == "exact"
    for n, m, shift in ((60, 90, 0.0), (400, 3_000, 0.12), (5_000, 5_000, 0.1)):
        x, y = random.normal(size=n), random.normal(shift, size=m)
        found = cramer_von_mises(*groups(x, y))
        truth = st.cramervonmises_2samp(x, y, method="asymptotic")
        assert found.statistic == pytest.approx(truth.statistic)
        assert found.p_value == pytest.approx(truth.pvalue, rel=0.15)


def test_anderson_is_evidentlys_example_with_all_ways_to_deal_it_out():
    x = [38.7, 41.5, 43.8, 44.5, 45.5, 46.0, 47.7, 58.0]
    y = [39.2, 39.3, 39.7, 41.4, 41.8, 42.9, 43.3, 45.8]
    found = anderson_darling(*groups(x, y))
    assert found.method == "exact"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        truth = st.anderson_ksamp([x, y], method=st.PermutationMethod(100_000))
    assert standardised(found.statistic, 8, 8) == pytest.approx(truth.statistic)
    assert found.p_value == pytest.approx(truth.pvalue, abs=1e-6)


def test_one_group_and_one_value_say_nothing():
    for test in (cramer_von_mises, anderson_darling):
        assert test(np.array([5]), np.array([9])).p_value == 1.0
        assert test(np.array([1, 0]), np.array([0, 1])).p_value == 1.0
        with pytest.raises(ValueError, match="a value on each side"):
            test(np.array([0]), np.array([3]))


def test_far_apart_large_samples_keep_a_p_value():
    a, b = np.zeros(1_000, dtype=np.int64), np.zeros(1_000, dtype=np.int64)
    a[:600], b[400:] = 1_000, 1_000
    for test in (cramer_von_mises, anderson_darling):
        assert 0 <= test(a, b).p_value < 1e-200


def test_resampled_p_is_the_same_for_the_same_table():
    a, b = np.array([46, 2, 0]), np.array([3_000, 20, 4])
    for test in (cramer_von_mises, anderson_darling):
        one = test(a, b)
        assert one == test(a.copy(), b.copy())
        assert one.method == "resampled"
        assert 0.001 < one.p_value < 0.2


@pytest.mark.parametrize("test", [cramer_von_mises, anderson_darling])
@pytest.mark.parametrize(
    "draw",
    [
        lambda r, n: r.normal(size=n),
        lambda r, n: r.normal(size=n) * (r.random(n) > 0.7),  # mostly zeros
        lambda r, n: r.integers(0, 4, n).astype(float),
    ],
    ids=["continuous", "zeros", "few values"],
)
def test_false_alarms_are_as_many_as_said(test, draw):
    random, rounds = np.random.default_rng(11), 60
    p = np.array([test(*groups(draw(random, 600), draw(random, 200))).p_value for _ in range(rounds)])
    for level in (0.05, 0.2):
        assert (p <= level).mean() < level + 3.3 * math.sqrt(level * (1 - level) / rounds), level
        assert (p <= level).mean() > level - 3.5 * math.sqrt(level * (1 - level) / rounds) - 0.01, level


def test_many_groups_are_cut_at_their_quantiles_and_the_atom_stands_alone():
    random = np.random.default_rng(2)
    x = np.concatenate([random.normal(size=2_000), np.zeros(500)])
    y = np.concatenate([random.normal(size=1_000), np.zeros(900)])
    found = cramer_von_mises(*groups(x, y))
    assert len(groups(x, y)[0]) > GROUPS and found.p_value < 1e-4
    same = cramer_von_mises(*groups(x, np.concatenate([random.normal(size=1_000), np.zeros(250)])))
    assert same.p_value > 0.01
