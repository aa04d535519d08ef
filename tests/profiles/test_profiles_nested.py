"""Coarser grids: counting on them, and adding up what was counted more finely, are the same; comparisons hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs

from lifecycle_tui.profiles import compare, distances, ranks
from lifecycle_tui.profiles.bars import bars
from lifecycle_tui.profiles.choose import choose_grid
from lifecycle_tui.profiles.codec import dump, load
from lifecycle_tui.profiles.grids import AffineGrid, IntegerGrid, PatternGrid, PointGrid
from lifecycle_tui.profiles.nested import MOST_STEPS, MOST_STORED, find, small, together
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.rest import rest
from lifecycle_tui.profiles.scores import RankScores
from lifecycle_tui.stats.two_sample import ks_pvalue

GRIDS = [
    AffineGrid.over(-3.0, 4.0, 300),
    AffineGrid.over(1e-9, 1e9, 1 << 16),
    AffineGrid.over(-4e307, 1.7e308, 1 << 15),
    AffineGrid(0.0, 2.0, 2),
    PatternGrid.over(-3.0, 1e9, 301),
    PatternGrid.over(0.5, 1e300, 1 << 16),
    IntegerGrid(-37, 4000),
    PointGrid(np.array([-np.inf, -1.5, 0.0, 1e-300, 3.0, 7.5, np.inf])),
    PointGrid(np.empty(0)),
]
OLD = (
    "6c70014e789c5b182a2efef1d61a6f061606086062c00e66cd04819df610de037b4606362906462666a8f46f660e86b36740"
    "a087e11b3b1f83664cffa1af1a771617d8725d5fac0000a41d17eb"
)
VALUES = hs.lists(hs.one_of(hs.floats(allow_nan=False), hs.floats(-5, 5), hs.integers(-40, 4100)), max_size=30)


@settings(max_examples=40)
@given(hs.sampled_from(GRIDS), VALUES, hs.integers(0, MOST_STEPS))
def test_a_coarser_profile_is_that_of_the_coarser_grid(grid, values, steps):
    array = np.array(values, dtype=np.float64)
    fine = NumericProfile.of(grid, array, len(array) + 2, moments=True)
    direct = NumericProfile.of(grid.coarser(steps), array, len(array) + 2, moments=True)
    assert fine.coarser(steps) == direct
    assert dump(fine.coarser(steps)) == dump(direct)
    assert load(dump(direct), grid) == direct
    assert fine.coarser(steps).n == fine.n


@settings(max_examples=40)
@given(hs.sampled_from(GRIDS), hs.integers(0, 4), hs.integers(0, 4))
def test_coarser_twice_is_once_and_every_cell_has_one_parent(grid, one, two):
    assert grid.coarser(one).coarser(two) == grid.coarser(one + two)
    parents = grid.parents(np.arange(grid.cells), one)
    assert parents[0] == 0 and (np.diff(parents) >= 0).all() and (np.diff(parents) <= 1).all()
    assert parents[-1] <= grid.coarser(one).cells - 1
    assert find(grid, grid.coarser(one).id) == grid.coarser(one)


def test_grids_that_are_not_nested_stay_apart():
    one, other = AffineGrid.over(0, 1, 1024), AffineGrid.over(0, 1, 1000)
    a, b = (NumericProfile.of(g, np.array([0.5]), 1) for g in (one, other))
    assert together(a, b) is None
    assert find(one, other.id) is None
    with pytest.raises(ValueError, match="different grids"):
        a + b
    with pytest.raises(ValueError, match="different grids"):
        rest(a, b)
    with pytest.raises(ValueError, match="different grids"):
        bars(a, b)
    with pytest.raises(ValueError, match="another grid"):
        load(dump(b), one)


@pytest.fixture(scope="module")
def sides():
    rng = np.random.default_rng(5)
    reference, window = rng.normal(size=100_000), rng.normal(0.03, 1, 60_000)
    grid = choose_grid(reference)
    return [NumericProfile.of(grid, v, len(v) + 7, moments=True) for v in (reference, window)]


def test_what_is_stored_is_small_and_the_same_whatever_it_was_added_up_from(sides):
    _, window = sides
    halves = [NumericProfile.of(window.grid, v, len(v), moments=True) for v in np.split(window.values, 2)]
    stored = small(window)
    assert MOST_STORED / 2 < len(stored.sparse()[0]) <= MOST_STORED
    assert len(dump(stored)) < 4_096 < len(dump(window))
    assert (stored.n, stored.rows, stored.sums) == (window.n, window.rows, window.sums)
    assert (stored.minimum, stored.maximum, stored.mean, stored.std) == (
        window.minimum, window.maximum, window.mean, window.std,
    )  # fmt: skip
    added = small(halves[1] + halves[0])
    assert np.array_equal(added.dense(), stored.dense()) and added.grid == stored.grid
    assert small(stored) is stored
    few = NumericProfile.of(window.grid, window.values[:1000], 1000)
    assert small(few) is few
    assert small(NumericProfile.of(window.grid, np.empty(0), 5)).rows == 5


def test_of_many_points_some_are_stored():
    values = np.random.default_rng(2).integers(0, 60_000, 90_000)
    profile = NumericProfile.of(IntegerGrid(0, 59_999), values, len(values))
    stored = small(profile)
    assert len(stored.sparse()[0]) <= MOST_STORED
    assert load(dump(stored), profile.grid) == stored
    assert len(dump(stored)) < 4_096


def test_profiles_of_two_levels_are_compared_on_the_coarser_one_in_bounds_that_hold(sides):
    reference, window = sides
    true = compare.ks(reference, window)
    assert true.lower == true.upper
    stored = small(window)
    for found in (
        compare.ks(reference, stored),
        compare.ks(stored, reference),
        compare.ks(reference.compact(), stored),
    ):
        assert found.lower <= true.value <= found.upper < found.lower + 2e-3
        assert "interval" in found.definition
        assert found.p_value == ks_pvalue(found.lower, reference.n, window.n).value
    moved = distances.wasserstein(reference, window)
    coarse = distances.wasserstein(reference, stored)
    assert coarse.lower <= moved.lower and moved.upper <= coarse.upper
    assert compare.psi(reference, stored).value == pytest.approx(compare.psi(reference, window).value, rel=0.05)
    assert ranks.cvm(reference, stored).value == pytest.approx(ranks.cvm(reference, window).value, rel=0.01)
    beyond, certain = ranks.beyond_range(reference, stored), ranks.beyond_range(reference, window)
    assert beyond.lower <= certain.value <= beyond.upper
    assert sum(bars(reference, stored).window) == window.n


def test_levels_add_up_and_are_taken_apart_on_the_coarser_one(sides):
    reference, window = sides
    both = reference + window
    stored = small(window)
    assert stored.grid == window.grid.coarser(4)
    assert reference + stored == stored + reference == both.coarser(4)
    left = rest(both, stored)
    assert np.array_equal(left.dense(), reference.coarser(4).dense())
    assert left.sums == reference.sums


def test_ranks_are_not_taken_from_a_coarser_window(sides):
    reference, window = sides
    scores = RankScores(reference)
    assert len(scores.sums(window).values) == 4
    with pytest.raises(ValueError, match="own grid"):
        scores.sums(small(window))


def test_bytes_of_before_still_load():
    # AffineGrid.over(0.0, 1.0, 64), values 0.1, 0.5, 0.5 and a missing one, written before there were coarser grids.
    data = bytes.fromhex(OLD)
    grid = AffineGrid.over(0.0, 1.0, 64)
    assert load(data, grid) == NumericProfile.of(grid, np.array([0.1, 0.5, 0.5]), 4, moments=True)
    assert dump(load(data, grid)) == data
