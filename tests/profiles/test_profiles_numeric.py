"""Numeric profiles: merged in any order bit for bit, exact sums, and what a detector may ask them."""

import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs

from lifecycle_tui.profiles import choose, profiler
from lifecycle_tui.profiles.choose import choose_grid
from lifecycle_tui.profiles.codec import dump
from lifecycle_tui.profiles.grids import AffineGrid, IntegerGrid, PointGrid
from lifecycle_tui.profiles.moments import Sums
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.profiler import Profiler, profile_column

RNG = np.random.default_rng(11)
cell = hs.one_of(
    hs.none(),
    hs.floats(),
    hs.integers(-20, 20).map(float),
    hs.sampled_from([0.1, -0.0, 0.0, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan]),
)
columns = hs.lists(cell, max_size=40)
GRIDS = [
    PointGrid(np.array([-np.inf, -3.0, 0.0, 0.1, 7.0])),
    PointGrid(np.empty(0)),
    IntegerGrid(-10, 10),
    AffineGrid.over(-5.0, 5.0, 17),
]


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    """Each test draws from the start of the sequence, whatever ran before it."""
    RNG.bit_generator.state = np.random.default_rng(11).bit_generator.state


def of(values, grid, **options):
    one = Profiler("numeric", grid, **options)
    one.update(pa.array(values, pa.float64()))
    return one.result()


@settings(max_examples=150)
@given(columns, hs.sampled_from(GRIDS), hs.integers(0, 40), hs.integers(0, 40), hs.randoms())
def test_split_and_merged_in_any_order_is_bit_for_bit_one_pass(values, grid, i, j, random):
    whole = of(values, grid)
    i, j = sorted((i, j))
    shuffled = values[:]
    random.shuffle(shuffled)
    a, b, c = (of(part, grid) for part in (shuffled[:i], shuffled[i:j], shuffled[j:]))
    for merged in (a + b + c, c + (b + a), (c + a) + b, b + (c + a)):
        assert merged == whole
        assert dump(merged) == dump(whole)
        assert (merged.mean, merged.std) == (whole.mean, whole.std) or math.isnan(whole.mean)
    batched = Profiler("numeric", grid)
    for part in (shuffled[:i], shuffled[i:j], shuffled[j:]):
        batched.update(pa.chunked_array([pa.array(part, pa.float64())]))
    assert batched.result() == whole


@pytest.mark.parametrize(
    "make", [lambda n: RNG.normal(size=n), lambda n: RNG.standard_cauchy(n), lambda n: RNG.integers(0, 10**7, n)]
)
def test_a_large_column_cut_into_pieces(make):
    values = make(100_000)
    grid = choose_grid(values)
    assert isinstance(grid, AffineGrid)
    whole = NumericProfile.of(grid, values, len(values), moments=True)
    parts = [NumericProfile.of(grid, p, len(p), moments=True) for p in np.array_split(RNG.permutation(values), 13)]
    RNG.shuffle(parts)
    total = parts[0]
    for part in parts[1:]:
        total = part + total
    assert dump(total) == dump(whole)


def test_profiles_of_different_grids_or_kinds_do_not_merge():
    a = of([1.0], IntegerGrid(0, 2))
    for other in (of([1.0], IntegerGrid(0, 3)), Profiler("text", IntegerGrid(0, 2)).result()):
        with pytest.raises(ValueError, match="different"):
            a + other
    assert a != of([1.0, None], IntegerGrid(0, 2))
    assert a != of([2.0], IntegerGrid(0, 2))


# ---- exact sums


@given(hs.lists(hs.floats(allow_nan=False, allow_infinity=False), max_size=50))
def test_sums_are_exact_for_any_floats(values):
    sums = Sums.of(np.array(values, dtype=np.float64))
    assert Fraction(sums.total, 2**1074) == sum(map(Fraction, values), Fraction())
    assert Fraction(sums.squares, 2**2148) == sum((Fraction(v) ** 2 for v in values), Fraction())


@given(hs.lists(hs.integers(-(2**63), 2**63 - 1), max_size=50))
def test_sums_are_exact_for_any_integers(values):
    sums = Sums.of(np.array(values, dtype=np.int64))
    assert sums.total == sum(values) << 1074
    assert sums.squares == sum(v * v for v in values) << 2148


@pytest.mark.parametrize(
    "values", [RNG.normal(50, 3, 40_000), RNG.standard_cauchy(40_000) * 1e9, RNG.integers(0, 99, 40_000)]
)
def test_sums_of_many_blocks(values):
    sums = Sums.of(values)
    assert Fraction(sums.total, 2**1074) == sum(map(Fraction, values.tolist()), Fraction())
    assert sums.mean == pytest.approx(values.mean(), rel=1e-12)
    assert math.sqrt(sums.variance) == pytest.approx(values.std(), rel=1e-9)


def test_a_mean_that_floats_lose():
    profile = of([1e308, 1.0, 1e308, -1e308, -1e308], PointGrid(np.empty(0)))
    assert profile.mean == 0.2
    assert profile.std == math.inf  # beyond floats
    assert of([0.1], IntegerGrid(0, 1)).std == 0.0


# ---- what a detector may ask


@settings(max_examples=100)
@given(hs.lists(hs.floats(allow_nan=False), min_size=1, max_size=40), hs.floats(0, 1))
def test_quantiles_on_the_reference_are_numpys(values, q):
    profile = of(values, choose_grid(np.array(values, dtype=np.float64)))
    if (q * len(values)) % 1 > 1e-6:  # at a jump the two round differently
        assert profile.quantile(q) == np.quantile(values, q, method="inverted_cdf")
    assert profile.quantile(0) == min(values)
    assert profile.quantile(1) == max(values)


def test_quantiles_on_an_affine_grid_are_within_a_cell():
    values = RNG.normal(size=100_000)
    profile = NumericProfile.of(choose_grid(values), values, len(values))
    for q in (0.003, 0.1, 0.5, 0.9, 0.997):
        truth = np.quantile(values, q, method="inverted_cdf")
        assert profile.quantile(q) == pytest.approx(truth, abs=1 / profile.grid.scale)


@pytest.mark.parametrize("q", [-0.1, 1.1, math.nan])
def test_a_quantile_is_a_share(q):
    with pytest.raises(ValueError, match="quantile"):
        of([1.0], IntegerGrid(0, 1)).quantile(q)


def test_counts_of_rows():
    profile = of([1.0, None, math.nan, math.inf, -math.inf, 2.5], IntegerGrid(0, 3))
    assert (profile.rows, profile.n, profile.missing, profile.finite) == (6, 4, 2, 2)
    assert profile.missing_share == pytest.approx(1 / 3)
    assert (profile.negative_inf, profile.positive_inf) == (1, 1)
    assert (profile.minimum, profile.maximum) == (1.0, 2.5)
    assert profile.mean == 1.75
    assert profile.std == 0.75
    assert profile.quantile(0) == -math.inf
    assert profile.quantile(1) == math.inf
    assert profile.distinct == 4


def test_no_row_at_all():
    profile = of([], IntegerGrid(0, 3))
    assert (profile.rows, profile.n, profile.missing, profile.distinct) == (0, 0, 0, 0)
    for value in (profile.missing_share, profile.mean, profile.std, profile.quantile(0.5), profile.minimum):
        assert math.isnan(value)
    assert len(profile.histogram().counts) == len(profile.histogram().edges) == 0


def test_only_infinities():
    profile = of([math.inf, math.inf, -math.inf], PointGrid(np.array([-np.inf, np.inf])))
    assert math.isnan(profile.mean)
    assert profile.quantile(0.5) == math.inf
    assert len(profile.histogram().counts) == 0


@given(hs.lists(hs.integers(-30, 30).map(float), min_size=1, max_size=50), hs.integers(1, 12))
def test_histograms_on_the_reference_are_numpys(values, bins):
    profile = of(values, choose_grid(np.array(values)))
    counts, edges = np.histogram(values, bins)
    found = profile.histogram(bins)
    assert found.edges == pytest.approx(edges)
    assert found.counts.sum() == len(values)
    if not np.isin(edges[1:-1], values).any():  # a value on an inner edge may fall either way by rounding
        assert found.counts.tolist() == counts.tolist()
    given_edges = profile.histogram(np.array([-100.5, 0.5, 100.5])).counts
    assert given_edges.tolist() == [sum(v < 0.5 for v in values), sum(v > 0.5 for v in values)]


def test_a_histogram_leaves_infinities_out():
    profile = of([1.0, 2.0, math.inf, -math.inf], AffineGrid.over(0, 3, 8))
    assert profile.histogram(2).counts.tolist() == [1, 1]


def test_mean_and_std_without_sums_are_near():
    values = RNG.normal(10, 2, 100_000)
    profile = NumericProfile.of(choose_grid(values), values, len(values))
    assert profile.sums is None
    assert profile.mean == pytest.approx(values.mean(), abs=0.01)
    assert profile.std == pytest.approx(values.std(), abs=0.05)


# ---- profiler


def test_values_are_kept_only_up_to_the_limit():
    assert of([1.0, 2.0], IntegerGrid(0, 3), keep=2).values.tolist() == [1.0, 2.0]
    assert of([1.0, 2.0, 3.0], IntegerGrid(0, 3), keep=2).values is None
    assert of([1.0], IntegerGrid(0, 3)).compact().values is None


def test_a_reference_decides_its_grid_at_the_end():
    one = Profiler("numeric")
    one.update(pa.array([3, 1, None]))
    one.update(pa.array([2.0, math.nan]))
    profile = one.result()
    assert profile.grid == IntegerGrid(1, 3)
    assert one.second_pass() is None
    assert profile.mean == 2.0
    assert profile.missing == 2


def test_a_reference_of_nothing():
    for kind in ("numeric", "text", "time"):
        profile = Profiler(kind).result()
        assert profile.n == 0
        assert profile.grid.cells == 1


def test_a_large_reference_takes_a_second_pass(monkeypatch):
    monkeypatch.setattr(profiler, "MOST_KEPT", 1_000)
    monkeypatch.setattr(choose, "MOST_KEPT", 1_000)
    values = RNG.normal(size=80_000)
    results = []
    for pieces in (1, 5, 77):
        batches = [pa.array(p) for p in np.array_split(RNG.permutation(values), pieces)]
        results.append(profile_column("numeric", lambda batches=batches: batches))
    assert results[0] == results[1] == results[2]
    assert results[0].n == 80_000
    first = Profiler("numeric")
    first.update(pa.array(values))
    with pytest.raises(RuntimeError, match="second_pass"):
        first.result()


def test_text_is_profiled_by_its_length_in_characters():
    one = Profiler("text")
    one.update(pa.array(["", "é", "日本語", None, "abcd"]))
    profile = one.result()
    assert profile.kind == "text"
    assert (profile.n, profile.missing) == (4, 1)
    assert profile.mean == 2.0
    assert profile.maximum == 4
