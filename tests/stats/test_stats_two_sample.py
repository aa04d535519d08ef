"""Tails, two-sample tests and Holm's correction against SciPy, on the whole range where alarms need them."""

import itertools
import math
import warnings

import numpy as np
import pytest
import scipy.special
import scipy.stats as st
from hypothesis import assume, given, settings
from hypothesis import strategies as hs

from lifecycle_tui.stats import tails
from lifecycle_tui.stats.multiple import holm
from lifecycle_tui.stats.two_sample import (
    EXACT_CELLS,
    ks_asymptotic,
    ks_detectable,
    ks_exact,
    ks_pvalue,
    two_proportions,
)


@pytest.mark.parametrize("df", [1, 2, 3, 7, 39, 40, 41, 100, 999, 5_000, 65_535, 10**6])
def test_chi2_sf_keeps_its_digits_in_the_tail(df):
    for z in (-4, -1, 0, 0.5, 1, 3, 6, 10, 30):
        x = max(1e-3, df + z * math.sqrt(2 * df))
        truth = st.chi2.sf(x, df)
        if truth > 1e-290:
            assert tails.chi2_sf(x, df) == pytest.approx(truth, rel=1e-11)


def test_chi2_sf_at_its_ends():
    assert tails.chi2_sf(0, 3) == tails.chi2_sf(-1, 3) == 1.0
    assert tails.chi2_sf(math.inf, 3) == 0.0
    for x, df in ((math.nan, 1), (1, 0), (1, -2)):
        with pytest.raises(ValueError, match="chi2_sf"):
            tails.chi2_sf(x, df)


def test_normal_and_kolmogorov_tails():
    for z in np.linspace(-8, 37, 91):
        assert tails.normal_sf(z) == pytest.approx(st.norm.sf(z), rel=1e-12)
    for t in np.linspace(0.2, 10, 200):
        assert tails.kolmogorov_sf(t) == pytest.approx(scipy.special.kolmogorov(t), rel=1e-12)
    assert tails.kolmogorov_sf(0) == 1.0


counts = hs.integers(0, 400)


@given(counts, counts, hs.floats(0.001, 0.999))
def test_binomial_tails(n, k, p):
    # Below 1e-250 SciPy's own incomplete beta function is good to fewer digits (n=327, k=22, p=0.90625).
    assert tails.binomial_sf(k, n, p) == pytest.approx(st.binom.sf(k - 1, n, p), rel=1e-9, abs=1e-250)
    assert tails.binomial_cdf(k, n, p) == pytest.approx(st.binom.cdf(k, n, p), rel=1e-9, abs=1e-250)


@pytest.mark.parametrize(
    ("k", "n", "p", "tail"), [(1, 5, 0.0, 0.0), (0, 5, 0.0, 1.0), (5, 5, 1.0, 1.0), (6, 5, 1.0, 0.0)]
)
def test_binomial_at_the_ends(k, n, p, tail):
    assert tails.binomial_sf(k, n, p) == tail


@given(hs.data())
def test_hypergeometric_tail(data):
    total = data.draw(hs.integers(1, 500))
    marked, drawn = data.draw(hs.integers(0, total)), data.draw(hs.integers(0, total))
    k = data.draw(hs.integers(0, total))
    truth = st.hypergeom.sf(k - 1, total, marked, drawn)
    assert tails.hypergeometric_sf(k, total, marked, drawn) == pytest.approx(truth, rel=1e-9, abs=1e-290)


def test_impossible_laws_are_refused():
    with pytest.raises(ValueError, match="binomial"):
        tails.binomial_sf(1, 5, 1.5)
    with pytest.raises(ValueError, match="draw"):
        tails.hypergeometric_weights(5, 6, 2)


# ---- Kolmogorov–Smirnov


def brute_ks(d_bar, n, m):
    """P(max |i·m − j·n| ≥ d_bar) over all paths, one by one."""
    hits = total = 0
    for steps in itertools.combinations(range(n + m), n):
        i = j = worst = 0
        taken = set(steps)
        for s in range(n + m):
            i, j = (i + 1, j) if s in taken else (i, j + 1)
            worst = max(worst, abs(i * m - j * n))
        hits += worst >= d_bar
        total += 1
    return hits / total


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 4), (2, 3), (4, 4), (3, 7), (5, 6)])
def test_exact_p_is_a_count_of_paths(n, m):
    for bar in range(n * m + 1):
        assert ks_exact(bar / (n * m), n, m) == pytest.approx(brute_ks(bar, n, m), abs=1e-13)


@settings(max_examples=60, deadline=None)
@given(hs.integers(1, 120), hs.integers(1, 120), hs.sampled_from([0, 0.3, 1, 4]), hs.integers(0, 2**32 - 1))
def test_exact_p_is_scipys(n, m, shift, seed):
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings(record=True) as gave_up:
        warnings.simplefilter("always")
        truth = st.ks_2samp(rng.normal(size=n), rng.normal(shift, size=m), method="exact")
    found = ks_pvalue(truth.statistic, n, m)
    assert found.method == "exact"
    assume(not any("Exact calculation unsuccessful" in str(w.message) for w in gave_up))  # SciPy's own falls back
    assert found.value == pytest.approx(truth.pvalue, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(300, 300), (999, 1000), (50, 2000), (400, 1700), (7, 9000)])
def test_exact_p_in_the_far_tail(n, m):
    from scipy.stats._stats_py import _attempt_exact_2kssamp

    lcm = math.lcm(n, m)
    for t in (0.3, 1, 3, 6, 10):
        h = min(lcm, max(1, round(t * math.sqrt((n + m) / n / m) * lcm)))
        truth = _attempt_exact_2kssamp(n, m, math.gcd(n, m), h / lcm, "two-sided")[2]
        assert ks_exact(h / lcm, n, m) == pytest.approx(truth, rel=1e-9, abs=1e-290)


@pytest.mark.parametrize(("n", "m"), [(1000, 1001), (100, 10_001), (500, 2500), (3000, 500)])
def test_asymptotic_p_is_close_where_it_takes_over(n, m):
    assert n * m > EXACT_CELLS
    for t in (0.6, 1, 1.36, 2, 2.5):
        d = round(t * math.sqrt((n + m) / n / m) * n * m) / (n * m)
        exact = ks_exact(d, n, m)
        assert ks_asymptotic(d, n, m) == pytest.approx(exact, abs=8e-3, rel=0.15)
        if exact < 0.06:
            assert abs(ks_asymptotic(d, n, m) - exact) < 0.002


def test_asymptotic_p_at_large_n_is_the_one_sample_law():
    for t in (0.5, 1, 1.5, 2.5):
        n = 20_000
        d = t / math.sqrt(n / 2)
        assert ks_asymptotic(d, n, n) == pytest.approx(st.kstwo.sf(d, n // 2), abs=5e-6)


def test_no_distance_is_no_evidence_and_full_distance_is_the_most():
    assert ks_pvalue(0, 10, 20).value == 1.0
    assert ks_pvalue(1, 4, 4).value == pytest.approx(2 / math.comb(8, 4))
    for d, n, m in ((0.5, 0, 3), (1.1, 3, 3), (-0.1, 3, 3)):
        with pytest.raises(ValueError, match="no KS test"):
            ks_pvalue(d, n, m)


@pytest.mark.parametrize(("n", "m", "alpha"), [(100, 100, 0.05), (10_000, 500, 0.001), (10**6, 10**6, 1e-6)])
def test_detectable_is_where_significance_begins(n, m, alpha):
    d = ks_detectable(n, m, alpha)
    assert ks_asymptotic(d * 1.001, n, m) <= alpha < ks_asymptotic(d * 0.999, n, m)


def test_nothing_is_detectable_in_tiny_samples():
    assert ks_detectable(2, 2, 0.05) is None
    assert ks_detectable(0, 10, 0.05) is None


# ---- proportions


@given(counts, counts, hs.data())
def test_two_proportions_is_fishers_test(n1, n2, data):
    k1, k2 = data.draw(hs.integers(0, n1)), data.draw(hs.integers(0, n2))
    found = two_proportions(k1, n1, k2, n2)
    truth = st.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]])[1] if n1 and n2 else 1.0
    assert found.method == "exact"
    assert found.value == pytest.approx(truth, rel=1e-9)
    assert two_proportions(n1 - k1, n1, n2 - k2, n2).value == pytest.approx(found.value, rel=1e-9)


def test_many_of_both_outcomes_use_the_pooled_test():
    found = two_proportions(5_000, 100_000, 5_300, 100_000)
    truth = st.chi2_contingency([[5_000, 95_000], [5_300, 94_700]], correction=False).pvalue
    assert found.method == "asymptotic"
    assert found.value == pytest.approx(truth, rel=1e-9)


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="proportions"):
        two_proportions(3, 2, 0, 1)


# ---- Holm


@pytest.mark.parametrize(
    ("p", "adjusted"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
        ([0.0, 1.0], [0.0, 1.0]),
    ],
)
def test_holm(p, adjusted):
    assert holm(p) == pytest.approx(adjusted)


@given(hs.lists(hs.floats(0, 1), min_size=1, max_size=30), hs.floats(0.001, 0.2))
def test_holm_rejects_what_the_step_down_rejects(p, alpha):
    rejected = set()
    for rank, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[i] * (len(p) - rank) > alpha:
            break
        rejected.add(i)
    assert {i for i, a in enumerate(holm(p)) if a <= alpha} == rejected


def test_holm_refuses_what_is_no_probability():
    for bad in ([1.2], [math.nan], [-0.1]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            holm(bad)
