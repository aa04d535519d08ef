"""PSI, KS, chi-square, missing and unseen against SciPy and plain NumPy, on every kind of awkward input."""

import itertools
import math
import warnings

import numpy as np
import pyarrow as pa
import pytest
import scipy.stats as st
from hypothesis import example, given, settings
from hypothesis import strategies as hs

from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.choose import choose_grid
from lifecycle_tui.profiles.codec import dump, load
from lifecycle_tui.profiles.compare import chi2, ks, missing_test, psi, total_variation, unseen
from lifecycle_tui.profiles.grids import AffineGrid, IntegerGrid, PatternGrid, PointGrid
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.profiler import Profiler

RNG = np.random.default_rng(3)
number = hs.one_of(
    hs.floats(allow_nan=False),
    hs.integers(-4, 4).map(float),
    hs.sampled_from([0.0, -0.0, 0.5, 1e308, -1e308, 5e-324, math.inf, -math.inf]),
)
sample = hs.lists(number, min_size=1, max_size=40).map(lambda v: np.array(v, dtype=np.float64))
coarse = hs.sampled_from(
    [AffineGrid.over(-3.0, 3.0, 5), IntegerGrid(-2, 2), PatternGrid.over(-9.0, 9.0, 8), PointGrid(np.array([0.25]))]
)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    """Each test draws from the start of the sequence, whatever ran before it."""
    RNG.bit_generator.state = np.random.default_rng(3).bit_generator.state


def profile(values, grid, missing=0, **options):
    return NumericProfile.of(grid, values, len(values) + missing, **options)


def pair(x, y, grid=None, **options):
    grid = grid or choose_grid(x)
    return profile(x, grid, **options), profile(y, grid, **options)


# ---- Kolmogorov–Smirnov


@settings(max_examples=200)
@given(sample, sample)
@example(np.array([1.0]), np.array([1.0]))
@example(np.array([5.0, 5.0]), np.array([5.0]))
@example(np.array([0.0]), np.array([-0.0]))
@example(np.array([np.inf]), np.array([-np.inf, np.inf]))
def test_ks_against_the_reference_is_scipys_without_values(x, y):
    found = ks(*pair(x, y, keep=False))
    with warnings.catch_warnings(record=True) as gave_up:  # where SciPy's own rounding passes 1
        warnings.simplefilter("always")
        truth = st.ks_2samp(x, y, method="exact")
    assert found.value == found.lower == found.upper == found.effect
    assert found.value == pytest.approx(truth.statistic, abs=1e-12)
    assert found.p_value == pytest.approx(1.0 if gave_up else truth.pvalue, rel=1e-9)
    assert found.n == min(len(x), len(y))
    assert "exact" in found.definition


def distance(x, y):
    """D by its definition, at every value of either sample."""
    at = np.concatenate([x, y])
    f, g = ((s[None, :] <= at[:, None]).mean(axis=1) for s in (x, y))
    return np.abs(f - g).max()


@settings(max_examples=200)
@given(sample, sample, coarse)
def test_on_any_grid_values_make_it_exact_and_the_interval_holds_it(x, y, grid):
    truth = distance(x, y)
    assert ks(*pair(x, y, grid)).value == pytest.approx(truth, abs=1e-12)
    interval = ks(*pair(x, y, grid, keep=False))
    assert interval.lower - 1e-12 <= truth <= interval.upper + 1e-12
    assert interval.value == interval.lower
    again = ks(*pair(x, y, grid), exact=False)
    assert (again.lower, again.upper) == (interval.lower, interval.upper)
    assert ("certified" in interval.definition) == (interval.lower < interval.upper)
    assert interval.p_value >= ks(*pair(x, y, grid)).p_value - 1e-12


LARGE = {
    "normal": lambda n: RNG.normal(size=n),
    "shifted": lambda n: RNG.normal(0.02, 1, size=n),
    "heavy": lambda n: RNG.standard_t(1.2, size=n),
    "lognormal": lambda n: RNG.lognormal(0, 3, size=n),
    "zeros": lambda n: RNG.normal(size=n) * (RNG.random(n) > 0.5),
    "offset": lambda n: 1e9 + RNG.normal(size=n),
    "rounded": lambda n: np.round(RNG.normal(size=n), 2),
    "wide integers": lambda n: RNG.integers(0, 10**9, n),
}


@pytest.mark.parametrize("reference", LARGE)
@pytest.mark.parametrize("window", ["normal", "shifted", "heavy", "rounded"])
def test_large_samples(reference, window):
    x, y = LARGE[reference](90_000), LARGE[window](70_000)
    truth = st.ks_2samp(x, y, method="asymp").statistic
    grid = choose_grid(x)
    assert ks(*pair(x, y, grid)).value == pytest.approx(truth, abs=1e-12)
    interval = ks(*pair(x, y, grid, keep=False))
    assert interval.lower - 1e-12 <= truth <= interval.upper + 1e-12
    if reference == window:
        assert interval.upper - interval.lower < 2e-3


def test_stored_and_merged_profiles_give_the_same_numbers():
    x, y = RNG.normal(size=3_000), RNG.normal(0.1, 1.2, size=2_000)
    before, after = pair(x, y)
    stored = load(dump(profile(y[:700], before.grid)), before.grid) + load(
        dump(profile(y[700:], before.grid)), before.grid
    )
    for statistic in (ks, psi, total_variation):
        assert statistic(before, stored) == statistic(before, after)


def test_profiles_that_cannot_be_compared():
    a, b = pair(np.array([1.0]), np.array([2.0]))
    other = profile(np.array([1.0]), IntegerGrid(0, 9))
    labels = CategoricalProfile(1, {"a": 1})
    for statistic in (ks, psi, total_variation):
        with pytest.raises(ValueError, match="different grids"):
            statistic(a, other)
    for statistic, left, right in ((ks, a, labels), (chi2, a, b), (unseen, labels, b), (psi, labels, a)):
        with pytest.raises(TypeError, match="compares"):
            statistic(left, right)


# ---- PSI


def naive_psi(x, y, bins=10, floor=1e-4):
    """Reference quantiles by sorting; a value that holds two of them is a bin of its own."""
    ordered = np.sort(x)
    ends = [ordered[math.ceil(i * len(x) / bins) - 1] for i in range(1, bins)]
    cuts = {(e, 1) for e in ends} | {(a, 0) for a, b in itertools.pairwise(ends) if a == b}
    cuts = sorted(cuts)  # (value, 1): just above it; (value, 0): just below it

    def shares(v):
        place = [sum((value < z) if above else (value <= z) for value, above in cuts) for z in v]
        return np.maximum(np.bincount(place, minlength=len(cuts) + 1) / len(v), floor)

    p, q = shares(x), shares(y)
    return float(((q - p) * np.log(q / p)).sum())


@settings(max_examples=150)
@given(sample, sample, hs.sampled_from([2, 5, 10]), hs.sampled_from([1e-4, 1e-2]))
@example(np.array([3.0]), np.array([4.0]), 10, 1e-4)
@example(np.array([3.0]), np.array([2.0]), 10, 1e-4)
def test_psi_is_the_sum_over_reference_quantiles(x, y, bins, floor):
    found = psi(*pair(x, y), bins=bins, floor=floor)
    assert found.value == pytest.approx(naive_psi(x, y, bins, floor), rel=1e-9, abs=1e-12)
    assert found.p_value is None
    assert found.effect is None
    assert f"{floor:g}" in found.definition


def test_psi_of_a_large_continuous_column_is_near_the_ungridded_one():
    x, y = RNG.normal(size=80_000), RNG.normal(0.3, 1, size=50_000)
    edges = np.quantile(x, np.arange(1, 10) / 10)
    p, q = (np.bincount(np.searchsorted(edges, v), minlength=10) / len(v) for v in (x, y))
    assert psi(*pair(x, y)).value == pytest.approx(((q - p) * np.log(q / p)).sum(), rel=1e-3)


def test_psi_sees_a_wide_lognormal():
    x, y = RNG.lognormal(0, 3, 80_000), RNG.lognormal(0.6, 3, 80_000)
    normal = psi(*pair(np.log(x), np.log(y))).value
    assert psi(*pair(x, y)).value == pytest.approx(normal, rel=0.02)


def test_a_constant_that_moves_is_seen_in_both_directions():
    for moved in (4.0, 2.0):
        found = psi(*pair(np.full(50, 3.0), np.full(50, moved)))
        assert found.value == pytest.approx(2 * (1 - 1e-4) * math.log(1 / 1e-4), rel=1e-9)
    assert psi(*pair(np.full(50, 3.0), np.full(9, 3.0))).value == 0.0


def test_psi_with_a_bin_for_missing_values():
    grid = IntegerGrid(0, 1)
    x = np.repeat([0.0, 1.0], 50)
    before, after = profile(x, grid), profile(x[::2], grid, missing=50)
    assert psi(before, after).value == pytest.approx(0.0)
    p, q = np.array([0.5, 0.5, 1e-4]), np.array([0.25, 0.25, 0.5])
    found = psi(before, after, missing=True)
    assert found.value == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert "missing" in found.definition


labels = hs.dictionaries(hs.sampled_from("abcdefgh"), hs.integers(1, 50), min_size=1)


def category(counts, missing=0):
    return CategoricalProfile(sum(counts.values()) + missing, counts)


@given(labels, labels)
def test_psi_of_categories(a, b):
    names = sorted(a)
    p = np.array([a[k] for k in names] + [0]) / sum(a.values())
    q = np.array([b.get(k, 0) for k in names] + [sum(v for k, v in b.items() if k not in a)]) / sum(b.values())
    p, q = np.maximum(p, 1e-4), np.maximum(q, 1e-4)
    assert psi(category(a), category(b)).value == pytest.approx(float(((q - p) * np.log(q / p)).sum()), abs=1e-12)


@pytest.mark.parametrize("options", [{"bins": 1}, {"floor": 0}, {"floor": 0.5}])
def test_psi_refuses_options_out_of_range(options):
    with pytest.raises(ValueError, match="psi needs"):
        psi(*pair(np.arange(3.0), np.arange(3.0)), **options)


# ---- chi-square and total variation


@settings(max_examples=150, deadline=None)
@given(labels, labels)
def test_chi2_is_scipys(a, b):
    found = chi2(category(a, missing=3), category(b))
    names = sorted({*a, *b})
    table = np.array([[side.get(k, 0) for k in names] for side in (a, b)])
    assert found.effect == pytest.approx(0.5 * np.abs(table[0] / table[0].sum() - table[1] / table[1].sum()).sum())
    if len(names) == 1:
        assert (found.value, found.p_value, found.effect) == (0.0, 1.0, 0.0)
        return
    truth = st.chi2_contingency(table)
    assert found.value == pytest.approx(truth.statistic, rel=1e-9, abs=1e-9)
    assert found.detail["df"] == truth.dof
    if found.detail["p_method"] == "asymptotic":
        assert found.p_value == pytest.approx(truth.pvalue, rel=1e-9)
    assert found.detail["p_method"] in found.definition


@given(labels, labels)
def test_total_variation_of_categories(a, b):
    found = total_variation(category(a), category(b))
    assert found.value == found.effect == chi2(category(a), category(b)).effect


def test_total_variation_of_numbers_is_over_quantile_bins():
    x = np.arange(100.0)
    assert total_variation(*pair(x, x)).value == 0.0
    assert total_variation(*pair(x, x + 50)).value == pytest.approx(0.5)
    assert total_variation(*pair(x, x + 200)).value == pytest.approx(0.9)  # the last decile has no upper end
    with pytest.raises(ValueError, match="bins"):
        total_variation(*pair(x, x), bins=1)


def test_categories_beyond_the_bound_are_compared_where_both_count(monkeypatch):
    monkeypatch.setattr("lifecycle_tui.profiles.categorical.MOST_LABELS", 40)
    before = CategoricalProfile(4000, {f"k{i}": 40 for i in range(100)})
    after = CategoricalProfile(2000, {f"k{i}": 40 for i in range(50)})
    same = CategoricalProfile(4000, {f"k{i}": 40 for i in range(100)})
    assert before.horizon is not None
    assert chi2(before, same).value == pytest.approx(0.0)
    found = chi2(before, after)
    assert found.p_value < 1e-6
    assert found.detail["categories"] == 41
    # Labels above the horizon are one pool: a label there can be neither seen nor missed.
    assert unseen(before, after).value == 0.0
    assert unseen(after, before).value > 0.1


# ---- missing and unseen


@pytest.mark.parametrize(
    ("before", "after"), [((90, 10), (80, 20)), ((100, 0), (30, 0)), ((5, 0), (0, 5)), ((1, 1), (1, 0))]
)
def test_missing_share_is_tested_as_two_proportions(before, after):
    grid = IntegerGrid(0, 0)
    found = missing_test(*(profile(np.zeros(n), grid, missing=k) for n, k in (before, after)))
    assert found.value == after[1] / sum(after)
    assert found.effect == pytest.approx(abs(after[1] / sum(after) - before[1] / sum(before)))
    assert found.p_value == pytest.approx(st.fisher_exact([before, after])[1], rel=1e-9)


def test_unseen_labels_are_named_and_weighed():
    found = unseen(category({"a": 500, "b": 500}), category({"a": 90, "new": 8, "newer": 2}))
    assert found.value == found.effect == 0.1
    assert found.p_value < 1e-6
    assert found.message == "new: new, newer"
    assert unseen(category({"a": 5}), category({"a": 2})).p_value == 1.0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 6, "b": 1}, {"a": 2, "c": 1}),
        ({"a": 4}, {"c": 1, "d": 1}),
        ({"a": 3, "b": 3}, {"a": 1, "c": 2}),
        ({"a": 2, "b": 1, "c": 1}, {"d": 1, "e": 1, "f": 1}),
        ({"a": 9}, {"b": 4}),
    ],
)
def test_the_bound_on_unseen_labels_holds_over_all_ways_to_deal_the_rows(before, after):
    rows = [k for side in (before, after) for k, v in side.items() for _ in range(v)]
    seen = sum(v for k, v in after.items() if k not in before)
    hits = total = 0
    for window in itertools.combinations(range(len(rows)), sum(after.values())):
        left = {rows[i] for i in range(len(rows)) if i not in window}
        hits += sum(rows[i] not in left for i in window) >= seen
        total += 1
    assert hits / total - 1e-9 <= unseen(category(before), category(after)).p_value <= 1.0


@pytest.mark.slow
@pytest.mark.parametrize(("k", "n", "m"), [(50, 100, 100), (500, 1000, 200), (5000, 2000, 2000)])
def test_unseen_raises_no_more_alarms_than_promised(k, n, m):
    weights = 1 / np.arange(1, k + 1)
    weights /= weights.sum()
    names = [str(i) for i in range(k)]

    def draw(size):
        return CategoricalProfile(size, dict(zip(names, RNG.multinomial(size, weights).tolist(), strict=True)))

    p = np.array([unseen(draw(n), draw(m)).p_value for _ in range(300)])
    assert (p <= 0.05).mean() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)


# ---- nothing there


def test_every_statistic_on_every_kind_of_nothing():
    grid = choose_grid(np.array([1.0, 2.0]))
    full = profile(np.array([1.0, 2.0]), grid)
    none, blank = profile(np.empty(0), grid), profile(np.empty(0), grid, missing=4)
    for statistic in (ks, psi, total_variation):
        for before, after, says in (
            (full, none, "the window has no rows"),
            (full, blank, "the window has no values"),
            (none, full, "the reference has no rows"),
            (blank, blank, "the reference has no values"),
        ):
            found = statistic(before, after)
            assert (found.value, found.p_value, found.n, found.message) == (None, None, 0, says)
    some, empty, gaps = category({"a": 2}), category({}), category({}, missing=3)
    for statistic in (chi2, psi, total_variation, unseen):
        assert statistic(some, empty).message == "the window has no rows"
        assert statistic(gaps, some).message == "the reference has no values"
        assert statistic(some, gaps).value is None
    assert missing_test(full, none).value is None
    assert missing_test(none, full).message == "the reference has no rows"
    assert missing_test(full, blank).value == 1.0
    assert psi(full, blank, missing=True).value > 1


def test_one_row_against_one_row():
    found = ks(*pair(np.array([1.0]), np.array([2.0])))
    assert (found.value, found.p_value, found.n) == (1.0, 1.0, 1)
    assert chi2(category({"a": 1}), category({"b": 1})).p_value == 1.0


def test_text_says_that_lengths_are_compared():
    sides = []
    for texts in (["a", "bb", None], ["ccc", "dddd"]):
        one = Profiler("text", sides[0].grid if sides else None)
        one.update(pa.array(texts))
        sides.append(one.result())
    assert ks(*sides).value == 1.0
    assert "text lengths" in ks(*sides).definition
    assert "text lengths" in psi(*sides).definition
