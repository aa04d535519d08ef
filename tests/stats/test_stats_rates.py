"""How often something happens, from few events: against SciPy, and the coverage that the intervals promise."""

import math
import random

import pytest
from scipy import stats

from lifecycle_tui.stats.rates import at_least, gamma_cdf, gamma_quantile, poisson_interval, weighted_sum_interval


@pytest.mark.parametrize("shape", [0.3, 1, 2.5, 13, 400])
def test_the_gamma_law_is_scipys(shape):
    for x in (1e-3, 0.5, shape, 2 * shape, 5 * shape + 20):
        assert gamma_cdf(x, shape) == pytest.approx(stats.gamma.cdf(x, shape), rel=1e-10, abs=1e-300)
    for p in (0.001, 0.025, 0.5, 0.975):
        assert gamma_quantile(p, shape) == pytest.approx(stats.gamma.ppf(p, shape), rel=1e-7)


def test_no_event_is_at_most_so_many_and_never_none():
    found = poisson_interval(0, 1.0)
    assert (found.value, found.lower) == (0, 0)
    assert found.upper == pytest.approx(-math.log(0.025))
    five = poisson_interval(5, 2.0)
    assert five.lower == pytest.approx(stats.chi2.ppf(0.025, 10) / 4)
    assert five.upper == pytest.approx(stats.chi2.ppf(0.975, 12) / 4)


def test_equal_weights_are_garwoods_interval():
    for events in (0, 1, 7):
        weighted, plain = weighted_sum_interval([0.5] * events, 0.5), poisson_interval(events, 2.0)
        assert weighted == pytest.approx(plain, rel=1e-7, abs=1e-12)


def test_nothing_that_can_happen_is_nothing_expected():
    assert weighted_sum_interval([], 0.0) == (0, 0, 0)


def test_a_sum_of_different_exposures_is_covered():
    """Three processes, watched for 0.5, 1 and 4 years: the interval holds the true yearly sum in 95 of 100 worlds."""
    rng, rates, years = random.Random(11), (1.0, 3.0, 0.4), (0.5, 1.0, 4.0)
    inside = 0
    for _ in range(600):
        seen = [1 / y for r, y in zip(rates, years, strict=True) for _ in range(poisson(rng, r * y))]
        found = weighted_sum_interval(seen, 2.0)
        inside += found.lower <= sum(rates) <= found.upper
    assert inside >= 560


def poisson(rng, mean):
    count, product = 0, rng.random()
    while product > math.exp(-mean):
        count, product = count + 1, product * rng.random()
    return count


@pytest.mark.parametrize(
    ("k", "n", "p"), [(0, 5, 0.2), (3, 12, 0.01), (12, 12, 0.3), (6, 5, 0.5), (1, 9, 0), (2, 9, 1)]
)
def test_the_binomial_tail_is_scipys(k, n, p):
    assert at_least(k, n, p) == pytest.approx(stats.binom.sf(k - 1, n, p), rel=1e-9)


@pytest.mark.parametrize(
    "call", [lambda: gamma_quantile(0.5, 0), lambda: gamma_quantile(1, 1), lambda: poisson_interval(1, 0)]
)
def test_what_has_no_meaning_is_refused(call):
    with pytest.raises(ValueError, match="no "):
        call()
