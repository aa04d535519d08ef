"""Wasserstein, Jensen–Shannon, Hellinger, L-infinity, rank tests and range against SciPy and plain NumPy."""

import math
import warnings

import numpy as np
import pytest
import scipy.stats as st
from hypothesis import given, settings
from hypothesis import strategies as hs
from scipy.spatial.distance import jensenshannon

from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.choose import choose_grid
from lifecycle_tui.profiles.codec import dump, load
from lifecycle_tui.profiles.compare import ks
from lifecycle_tui.profiles.distances import hellinger, js, linf, wasserstein
from lifecycle_tui.profiles.grids import AffineGrid, IntegerGrid, PatternGrid, PointGrid
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.ranks import anderson, beyond_range, cvm

NUMERIC = (wasserstein, js, hellinger, cvm, anderson, beyond_range)
number = hs.one_of(hs.floats(-1e6, 1e6), hs.integers(-4, 4).map(float), hs.sampled_from([0.0, -0.0, 0.5, 5e-324]))
sample = hs.lists(number, min_size=1, max_size=30).map(lambda v: np.array(v, dtype=np.float64))
wild = hs.lists(
    hs.one_of(number, hs.sampled_from([math.inf, -math.inf, 1.7e308, -1.7e308])), min_size=1, max_size=12
).map(lambda v: np.array(v, dtype=np.float64))
grids = hs.sampled_from(
    [
        AffineGrid.over(-3.0, 3.0, 5),
        IntegerGrid(-2, 2),
        PatternGrid.over(-9.0, 9.0, 8),
        PointGrid(np.array([0.25])),
        PointGrid(np.empty(0)),
    ]
)


def profile(values, grid, **options):
    return NumericProfile.of(grid, values, len(values), keep=False, **options)


def pair(x, y, grid=None, **options):
    grid = grid or choose_grid(x)
    return profile(x, grid, **options), profile(y, grid, **options)


def labels(**counts):
    return CategoricalProfile(sum(counts.values()), counts)


# ---- Wasserstein


@settings(max_examples=100, deadline=None)
@given(sample, sample, hs.one_of(hs.none(), grids))
def test_the_interval_holds_the_distance_of_the_values(x, y, grid):
    truth = st.wasserstein_distance(x, y)
    found = wasserstein(*pair(x, y, grid))
    slack = 1e-9 * (1 + np.abs(np.concatenate([x, y])).max())
    assert found.lower - slack <= truth <= found.upper + slack
    assert found.lower <= found.value <= found.upper
    assert ("exact" in found.definition) == (found.lower == found.upper)


def test_on_points_of_the_reference_it_is_exact():
    x, y = np.array([1.0, 2.0, 2.0, 5.0]), np.array([5.0, 5.0, 1.0])
    found = wasserstein(*pair(x, y))
    assert found.value == found.lower == found.upper == pytest.approx(st.wasserstein_distance(x, y))
    assert found.n == 3


def test_large_samples_have_narrow_intervals_and_a_value_near_the_truth():
    random = np.random.default_rng(1)
    x, y = random.normal(size=150_000), random.normal(0.02, 1.01, size=80_000)
    found, truth = wasserstein(*pair(x, y)), st.wasserstein_distance(x, y)
    assert found.lower <= truth <= found.upper
    assert found.upper - found.lower < 1e-3
    assert found.value == pytest.approx(truth, abs=3e-5)


def test_scales():
    random = np.random.default_rng(2)
    x, y = random.normal(10, 4, size=500), random.normal(12, 4, size=300)
    sides = pair(x, y)
    plain = wasserstein(*sides)
    for scale, unit, said in (("reference-std", x.std(), "standard deviations"), ("range", np.ptp(x), "ranges")):
        found = wasserstein(*sides, scale=scale)
        assert said in found.definition
        for attribute in ("lower", "value", "upper"):
            assert getattr(found, attribute) == pytest.approx(getattr(plain, attribute) / unit, rel=1e-4)
        assert found.detail["by_chance"] == pytest.approx(plain.detail["by_chance"] / unit, rel=1e-4)
    with pytest.raises(ValueError, match="scale is"):
        wasserstein(*sides, scale="mad")


def test_by_chance_is_what_unchanged_samples_give():
    random = np.random.default_rng(3)
    reference = profile(random.normal(size=2_000), AffineGrid.over(-6.0, 6.0, 4_096))
    found = [wasserstein(reference, profile(random.normal(size=400), reference.grid)) for _ in range(60)]
    assert np.mean([f.value for f in found]) == pytest.approx(found[0].detail["by_chance"], rel=0.2)


def test_wasserstein_where_there_is_no_spread_or_no_number():
    still = pair(np.full(5, 3.0), np.full(4, 3.0))
    assert [wasserstein(*still, scale=s).value for s in ("none", "reference-std", "range")] == [0.0, 0.0, 0.0]
    moved = pair(np.full(5, 3.0), np.full(4, 5.0))
    assert wasserstein(*moved).value == 2.0
    for scale in ("reference-std", "range"):
        found = wasserstein(*moved, scale=scale)
        assert found.value is None and "no spread" in found.message
    far = wasserstein(*pair(np.array([-1.7e308, 1.7e308]), np.array([1.7e308])))
    assert far.value is None and "beyond floats" in far.message


def test_infinities_take_no_part_and_are_counted():
    x, y = np.array([1.0, 2.0, 3.0, math.inf]), np.array([-math.inf, 2.0, 3.0])
    found = wasserstein(*pair(x, y))
    assert found.value == pytest.approx(st.wasserstein_distance([1.0, 2.0, 3.0], [2.0, 3.0]))
    assert found.detail["infinite"] == 2 and found.n == 2
    none = wasserstein(*pair(x, np.array([math.inf])))
    assert none.value is None and none.message == "the window has no finite values"


# ---- Jensen–Shannon, Hellinger, L-infinity


@settings(max_examples=100, deadline=None)
@given(
    hs.lists(hs.integers(0, 50), min_size=2, max_size=8).filter(any),
    hs.lists(hs.integers(0, 50), min_size=2, max_size=8).filter(any),
)
def test_distances_of_labels_are_scipys(first, second):
    k = max(len(first), len(second))
    a, b = (np.array(side + [0] * (k - len(side))) for side in (first, second))
    p, q = a / a.sum(), b / b.sum()
    sides = [labels(**{f"l{i}": int(c) for i, c in enumerate(side)}) for side in (a, b)]
    known = a > 0  # labels that the reference lacks are one bin
    p, q = np.append(p[known], 0.0), np.append(q[known], q[~known].sum())
    for base in ("2", "e"):
        truth = jensenshannon(p, q, base=2 if base == "2" else None)
        truth = 0.0 if np.isnan(truth) else truth
        assert js(*sides, base=base).value == pytest.approx(truth, abs=1e-7)
        assert js(*sides, base=base, form="divergence").value == pytest.approx(truth**2, abs=1e-9)
        assert js(*sides, base=base).effect == js(*sides).value
    assert hellinger(*sides).value == pytest.approx(math.sqrt(max(0, 1 - np.sqrt(p * q).sum())), abs=1e-7)
    p, q = a / a.sum(), b / b.sum()
    found = linf(*sides)
    assert found.value == found.effect == pytest.approx(np.abs(p - q).max())
    assert (
        found.detail["reference"] - found.detail["window"] == pytest.approx((p - q)[int(found.detail["label"][1:])])
        or found.value == 0
    )
    assert 0 <= found.p_value <= 1


def test_numbers_are_binned_at_the_references_deciles():
    random = np.random.default_rng(4)
    x, y = random.normal(size=4_000), random.normal(0.4, 1.3, size=2_000)
    edges = np.quantile(x, np.arange(1, 10) / 10, method="inverted_cdf")
    p, q = (np.bincount(np.searchsorted(edges, s, side="left"), minlength=10) / len(s) for s in (x, y))
    sides = pair(x, y)
    assert js(*sides).value == pytest.approx(jensenshannon(p, q, base=2))
    assert hellinger(*sides).value == pytest.approx(math.sqrt(1 - np.sqrt(p * q).sum()))
    assert js(*sides, bins=4).value < js(*sides).value
    assert "reference deciles" in js(*sides).definition


@pytest.mark.parametrize("k", [4, 40])
def test_sizes_by_chance_are_what_unchanged_labels_give(k):
    random, found = np.random.default_rng(k), []
    for _ in range(60):
        a, b = random.multinomial(20_000, np.full(k, 1 / k)), random.multinomial(8_000, np.full(k, 1 / k))
        sides = [labels(**{f"l{i}": int(c) for i, c in enumerate(side)}) for side in (a, b)]
        found.append((js(*sides, form="divergence"), hellinger(*sides)))
    for i, power in ((0, 1), (1, 2)):
        mean = np.mean([f[i].value ** power for f in found])
        assert mean == pytest.approx(found[0][i].detail["by_chance"] ** power, rel=0.35)


def test_options_out_of_range():
    sides = labels(a=3), labels(a=2)
    for call in (lambda: js(*sides, bins=1), lambda: hellinger(*sides, bins=1)):
        with pytest.raises(ValueError, match="at least 2 bins"):
            call()
    for options in ({"base": "10"}, {"form": "root"}):
        with pytest.raises(ValueError, match="base is"):
            js(*sides, **options)


def test_linf_names_the_label_and_pools_what_is_beyond_the_horizon():
    found = linf(labels(a=50, b=50), labels(a=10, b=20, c=70))
    assert (found.detail["label"], found.value) == ("c", 0.7)
    assert found.p_value < 1e-20
    many = CategoricalProfile(66_000, {f"x{i}": 1 for i in range(66_000)})
    pooled = linf(labels(a=5), many)
    assert pooled.value == 1.0 and pooled.detail["label"] == "a"
    assert linf(many, many).value == 0.0 and linf(many, many).p_value == 1.0


# ---- rank tests and range


def test_rank_tests_of_distinct_values_are_scipys():
    random = np.random.default_rng(6)
    x, y = random.normal(size=700), random.normal(0.2, 1.1, size=300)
    found = cvm(*pair(x, y))
    truth = st.cramervonmises_2samp(x, y)
    assert found.value == pytest.approx(truth.statistic)
    assert found.detail["rank_statistic"] == pytest.approx(truth.statistic)
    assert found.p_value == pytest.approx(truth.pvalue, rel=0.15)
    assert found.effect == pytest.approx(ks(*pair(x, y)).value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        deep = st.anderson_ksamp([x, y], method=st.PermutationMethod(2_000, rng=1))
    assert anderson(*pair(x, y)).p_value == pytest.approx(deep.pvalue, abs=0.01)


def test_evidentlys_cramer_von_mises_example():
    x, y = st.norm.rvs(size=100, random_state=0), st.norm.rvs(size=100, random_state=1)
    truth = st.cramervonmises_2samp(x, y)
    found = cvm(*pair(x, y))
    assert truth.pvalue == pytest.approx(0.8076839, abs=1e-6)  # as published; SciPy's exact law
    assert found.value == pytest.approx(truth.statistic)
    assert found.p_value == pytest.approx(truth.pvalue, abs=0.02)


def test_cells_of_a_coarse_grid_are_ties():
    random = np.random.default_rng(7)
    x, y = random.normal(size=90_000), random.normal(0.01, 1, size=20_000)
    sides = pair(x, y)
    assert "tied" in cvm(*sides).definition
    assert cvm(*sides).value == pytest.approx(st.cramervonmises_2samp(x, y, method="asymptotic").statistic, rel=1e-3)


@settings(max_examples=80, deadline=None)
@given(wild, wild, hs.one_of(hs.none(), grids), hs.booleans())
def test_rows_beyond_the_range(x, y, grid, keep):
    grid = grid or choose_grid(x)
    truth = float(((y < x.min()) | (y > x.max())).mean())
    found = beyond_range(profile(x, grid), NumericProfile.of(grid, y, len(y), keep=keep))
    assert found.lower - 1e-12 <= truth <= found.upper + 1e-12
    assert found.value == found.lower == found.effect
    if keep:
        assert found.value == pytest.approx(truth)
    assert 0 <= found.p_value <= 1


def test_rows_beyond_the_range_of_a_reference_on_points_are_counted_from_stored_profiles():
    x, y = np.array([1.0, 4.0, 9.0]), np.array([0.0, 1.0, 9.0, 9.5, 100.0])
    found = beyond_range(*pair(x, y))
    assert (found.value, found.lower, found.upper) == (0.6, 0.6, 0.6)
    assert (found.detail["below"], found.detail["above"]) == (1, 2)
    assert found.detail["by_chance"] == 0.5


def test_false_alarms_of_range_are_as_many_as_said():
    random, rounds = np.random.default_rng(8), 400
    p = []
    for _ in range(rounds):
        x = random.normal(size=50)
        p.append(beyond_range(*pair(x, random.normal(size=60))).p_value)
    assert (np.array(p) <= 0.1).mean() < 0.1 + 3.3 * math.sqrt(0.09 / rounds)


# ---- all of them


@settings(max_examples=25, deadline=None)
@given(sample, sample, hs.integers(0, 30), hs.randoms())
def test_stored_and_merged_in_any_order_they_are_the_same(x, y, cut, random):
    grid = choose_grid(x)
    before, whole = pair(x, y, grid, moments=True)
    parts = [profile(part, grid, moments=True) for part in (y[:cut], y[cut:])]
    random.shuffle(parts)
    merged = load(dump(parts[0]), grid) + load(dump(parts[1]), grid)
    for measure in NUMERIC:
        assert measure(before, whole) == measure(load(dump(before), grid), merged), measure.__name__


@pytest.mark.parametrize("measure", NUMERIC)
def test_edges_of_numbers(measure):
    x = np.array([1.0, 2.0, 3.0])
    empty = np.empty(0)
    grid = choose_grid(x)
    for sides, says in (
        ((empty, x), "the reference has no rows"),
        ((x, empty), "the window has no rows"),
        ((empty, empty), "the reference has no rows"),
    ):
        found = measure(*(profile(side, grid) for side in sides))
        assert (found.value, found.message) == (None, says)
    missing = NumericProfile.of(grid, empty, 4, keep=False)
    assert measure(profile(x, grid), missing).message == "the window has no values"
    one = measure(*pair(np.array([1.0]), np.array([2.0])))
    assert one.value is not None and (one.p_value is None or one.p_value == 1.0)
    same = measure(*pair(np.full(9, 2.0), np.full(7, 2.0)))
    assert same.value == 0 and same.p_value in (None, 1.0)
    with (
        pytest.raises(TypeError, match="compares numeric profiles")
        if measure not in (js, hellinger)
        else (pytest.raises(TypeError))
    ):
        measure(profile(x, grid), labels(a=1))
    with pytest.raises(ValueError, match="different grids"):
        measure(profile(x, grid), profile(x, PointGrid(np.array([0.5]))))


def test_edges_of_labels():
    with pytest.raises(TypeError, match="linf compares categorical"):
        linf(*pair(np.array([1.0]), np.array([1.0])))
    for measure in (js, hellinger, linf):
        assert measure(labels(a=1), CategoricalProfile(3, {})).message == "the window has no values"
        assert measure(CategoricalProfile(0, {}), labels(a=1)).message == "the reference has no rows"
        assert measure(labels(a=4), labels(a=9)).value == 0.0
        assert measure(labels(a=4), labels(b=9)).value == pytest.approx(1.0)
