"""Grids keep the order of values, and are chosen from the multiset of the reference's values alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as hs

from lifecycle_tui.profiles import choose
from lifecycle_tui.profiles.choose import affine_cells, choose_and_count, choose_grid
from lifecycle_tui.profiles.grids import MOST_CELLS, AffineGrid, IntegerGrid, PatternGrid, PointGrid
from lifecycle_tui.profiles.survey import Survey

floats = hs.floats(allow_nan=False)
samples = hs.lists(floats, max_size=60).map(lambda v: np.array(v, dtype=np.float64))
points = hs.lists(floats, max_size=12).map(lambda v: PointGrid(np.unique(np.array(v, dtype=np.float64))))
integers = hs.tuples(hs.integers(-50, 50), hs.integers(0, 30)).map(lambda t: IntegerGrid(t[0], t[0] + t[1]))
finite = hs.floats(allow_nan=False, allow_infinity=False)
affine = hs.tuples(finite, finite, hs.integers(2, 64)).map(lambda t: AffineGrid.over(min(t[:2]), max(t[:2]), t[2]))
pattern = hs.tuples(floats, floats, hs.integers(2, 64)).map(lambda t: PatternGrid.over(min(t[:2]), max(t[:2]), t[2]))
grids = hs.one_of(points, integers, affine, pattern)


@given(grids, samples)
def test_cells_keep_the_order_of_values(grid, values):
    ordered = np.sort(values)
    cells = grid.index(ordered)
    assert ((cells[1:] >= cells[:-1]) | (len(cells) < 2)).all()
    assert ((cells >= 0) & (cells < grid.cells)).all()
    same = ordered[1:] == ordered[:-1]
    assert (cells[1:][same] == cells[:-1][same]).all()


@given(grids, samples)
def test_the_histogram_counts_the_cells(grid, values):
    expected = np.bincount(grid.index(values).astype(np.intp), minlength=grid.cells)
    assert np.array_equal(grid.histogram(values), expected)
    assert grid.histogram(values).dtype == np.int64


@given(hs.one_of(points, integers), samples)
def test_values_lie_within_their_cells(grid, values):
    cells = grid.index(values)
    lower, upper = grid.bounds(cells)
    single = grid.single()[cells]
    assert ((lower == values) & (upper == values))[single].all()
    inside = (lower < values) & (values < upper)
    at_open_end = np.isinf(values)  # an infinity that is no point lies in the outermost cell, whose end it is
    assert (inside | at_open_end)[~single].all()


@given(pattern, samples)
def test_values_lie_within_cells_of_equal_ratio(grid, values):
    lower, upper = grid.bounds(grid.index(values))
    assert ((lower <= values) & (values <= upper)).all()


def test_both_zeros_share_a_cell():
    zeros = np.array([-0.0, 0.0])
    for grid in (
        PatternGrid.over(-1.0, 1.0, 64),
        AffineGrid.over(-1.0, 1.0, 64),
        PointGrid(zeros[:1]),
        IntegerGrid(-1, 1),
    ):
        assert len(set(grid.index(zeros).tolist())) == 1
        assert grid.histogram(zeros).max() == 2


def test_a_pattern_grid_goes_to_the_limit_of_cells():
    for low in (1.0, 1.1, -3.0, 0.0):
        for high in (1e300, np.nextafter(2.0, 3), np.inf):
            assert PatternGrid.over(low, high, MOST_CELLS).cells <= MOST_CELLS


@given(grids)
def test_a_grid_equals_itself_by_content(grid):
    twin = type(grid).__new__(type(grid))
    twin.__dict__.update(grid.__dict__)
    assert twin == grid
    assert twin.id == grid.id
    assert hash(twin) == hash(grid)
    assert grid != PointGrid(np.array([123.456]))


@given(hs.lists(hs.integers(-80, 80), max_size=50), integers)
def test_integers_fall_where_their_floats_do(values, grid):
    whole = np.array(values, dtype=np.int64)
    assert np.array_equal(grid.index(whole), grid.index(whole.astype(np.float64)))
    assert np.array_equal(grid.histogram(whole), grid.histogram(whole.astype(np.float64)))


def test_an_integer_grid_sees_fractions():
    grid = IntegerGrid(1, 3)  # cells: <1, =1, between, =2, between, =3, >3
    assert grid.index(np.array([-np.inf, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, np.inf])).tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 6]


@pytest.mark.parametrize(
    "make",
    [
        lambda: PointGrid(np.array([1.0, 1.0])),
        lambda: PointGrid(np.array([2.0, 1.0])),
        lambda: PointGrid(np.array([np.nan])),
        lambda: PointGrid(np.arange(MOST_CELLS + 1)),
        lambda: IntegerGrid(3, 2),
        lambda: IntegerGrid(0, MOST_CELLS),
        lambda: IntegerGrid(2**53, 2**53 + 2),
        lambda: AffineGrid(np.inf, 1.0, 8),
        lambda: AffineGrid(0.0, 0.0, 8),
        lambda: AffineGrid(0.0, 1.0, MOST_CELLS + 1),
        lambda: PatternGrid(0, 0, 8),
        lambda: PatternGrid(0, 1, MOST_CELLS + 1),
    ],
)
def test_grids_that_cannot_be(make):
    with pytest.raises(ValueError, match="grid"):
        make()


# ---- choice

RNG = np.random.default_rng(7)
NORMAL = RNG.normal(size=70_000)


@pytest.fixture(autouse=True)
def same_numbers_in_any_order():
    """Each test draws from the start of the sequence, whatever ran before it."""
    RNG.bit_generator.state = np.random.default_rng(7).bit_generator.state


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.empty(0), PointGrid),
        (np.array([3.0]), IntegerGrid),
        (np.array([3.5]), PointGrid),
        (np.array([3, 4, 99], dtype=np.int64), IntegerGrid),
        (np.array([3.0, 4.0, np.inf]), PointGrid),
        (np.array([0, MOST_CELLS - 1]), IntegerGrid),
        (np.array([0, MOST_CELLS]), PointGrid),
        (np.array([2**60, 2**60 + 1]), PointGrid),
        (np.round(NORMAL, 2), PointGrid),
        (NORMAL, AffineGrid),
        (np.append(NORMAL, [np.inf, -np.inf]), AffineGrid),
        (np.arange(70_000) * 10, AffineGrid),
        (np.exp(NORMAL * 3), PatternGrid),
        (-np.exp(NORMAL * 30), PatternGrid),
    ],
)
def test_what_kind_of_grid(values, kind):
    grid, counts, index = choose_and_count(values)
    assert type(grid) is kind
    assert np.array_equal(counts, grid.histogram(values))
    assert (index is not None) == (kind in (AffineGrid, PatternGrid))
    if index is not None:
        assert np.array_equal(index, grid.index(values))


@pytest.mark.parametrize(
    "values",
    [
        NORMAL,
        RNG.standard_t(1.2, 70_000),
        1e9 + NORMAL,
        np.append(NORMAL, [1e300, -1e300]),
        np.exp(NORMAL * 40),
        np.append(NORMAL, [np.inf]),
        RNG.random(150_000),
        RNG.lognormal(3, 0.8, 150_000),
    ],
    ids=["normal", "heavy", "offset", "outliers", "wild", "infinite", "uniform", "lognormal"],
)
def test_affine_grids_use_their_cells_and_ignore_the_order_of_rows(values):
    grid = choose_grid(values)
    assert choose_grid(RNG.permutation(values)) == grid
    assert choose_grid(np.sort(values)) == grid
    assert grid.histogram(values).max() < 0.02 * len(values)  # which bounds the certified interval of KS


def test_a_whole_number_column_gets_one_grid_as_integers_or_floats():
    for whole in (RNG.integers(-5, 500, 1000), RNG.integers(0, 10**7, 1000), RNG.integers(0, 10**12, 80_000)):
        assert choose_grid(whole) == choose_grid(whole.astype(np.float64))


def test_one_value_with_rare_exceptions_still_spreads_the_rest():
    values = np.zeros(2_097_152)
    rest = values[:70_000]
    rest[:] = 1 + RNG.random(70_000) * 9
    grid = choose_grid(values)
    assert grid.histogram(rest).max() < 0.02 * len(rest)


@pytest.mark.parametrize(("n", "cells"), [(65_537, 32_768), (98_000, 32_768), (131_073, 65_536), (10**7, 65_536)])
def test_fewer_values_get_fewer_cells(n, cells):
    assert affine_cells(n) == cells


# ---- two passes

SETS = [
    np.array([1.0, 2.0, 5.0, 5.0]),
    np.array([0.1, 0.2, -7.5, np.inf]),
    NORMAL,
    RNG.standard_t(1.2, 70_000),
    -np.exp(NORMAL * 30),
    np.append(NORMAL + 1000, [-np.inf, np.inf]),
]


@pytest.mark.parametrize("values", SETS)
def test_a_survey_ignores_batches_and_order(values):
    results = []
    for pieces in (1, 3, 7):
        survey = Survey()
        for part in np.array_split(RNG.permutation(values), pieces):
            survey.update(part)
        results.append(survey.grid())
    assert results[0] == results[1] == results[2]
    if isinstance(results[0], AffineGrid | PatternGrid):
        counts = results[0].histogram(values)
        assert counts.max() < 0.02 * len(values)
    else:
        assert results[0] == choose_grid(values)


def test_an_empty_survey_gives_the_grid_of_nothing():
    survey = Survey()
    survey.update(np.empty(0))
    assert survey.grid() == choose_grid(np.empty(0))


def test_above_the_limit_in_memory_and_in_two_passes_agree(monkeypatch):
    monkeypatch.setattr(choose, "MOST_KEPT", 1_000)
    survey = Survey()
    survey.update(NORMAL)
    grid, counts, index = choose_and_count(NORMAL)
    assert grid == survey.grid()
    assert np.array_equal(counts, grid.histogram(NORMAL))
    assert np.array_equal(index, grid.index(NORMAL))
