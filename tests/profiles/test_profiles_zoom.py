"""An exact KS distance from counts and further looks: equal to the one of all values, whatever the values are."""

import numpy as np
import pytest

from lifecycle_tui.profiles import kolmogorov
from lifecycle_tui.profiles.choose import choose_grid
from lifecycle_tui.profiles.grids import AffineGrid, PatternGrid
from lifecycle_tui.profiles.kolmogorov import ks_bounds, ks_by_looks, ks_refine
from lifecycle_tui.profiles.zoom import Split, Zoomed

RNG = np.random.default_rng(8)


def refined(grid, x, y):
    """D from all values at once."""
    f, g = grid.histogram(x), grid.histogram(y)
    bounds = ks_bounds(f, g, grid.single())
    return ks_refine(bounds, (f, x, grid.index(x)), (g, y, grid.index(y)))


def looked(grid, x, y, parts=7):
    """D from counts and looks, in parts of any size and order; and how many looks there were."""
    seen = [0]

    def look(values):
        def again():
            seen[0] += 1
            yield from np.array_split(RNG.permutation(values), parts)

        return again

    return ks_by_looks(grid, grid.histogram(x), grid.histogram(y), (look(x), look(y))), seen[0]


SAMPLES = {
    "continuous": (RNG.normal(size=4_000), RNG.normal(size=3_000)),
    "moved": (RNG.normal(size=4_000), RNG.normal(0.3, 1.1, size=3_000)),
    "heavy tails": (RNG.standard_t(1.2, 5_000), RNG.standard_t(1.2, 5_000) * 1.02),
    "half of it one value": (
        np.where(RNG.random(4_000) < 0.5, 0.0, RNG.normal(size=4_000)),
        np.where(RNG.random(4_000) < 0.52, -0.0, RNG.normal(size=4_000)),
    ),
    "infinities": (np.append(RNG.normal(size=999), np.inf), np.append(RNG.normal(size=998), [-np.inf, np.inf])),
    "whole numbers": (RNG.poisson(4, 3_000), RNG.poisson(4.1, 3_000)),
}


@pytest.mark.parametrize("gathered", [1, 50, 100_000])
@pytest.mark.parametrize(
    "grid", [AffineGrid.over(-3.0, 3.0, 16), AffineGrid.over(-50.0, 50.0, 4), PatternGrid.over(-4.0, 4.0, 16)], ids=str
)
@pytest.mark.parametrize("name", SAMPLES)
def test_looks_give_the_distance_of_all_values(monkeypatch, name, grid, gathered):
    """`gathered`: with little room the open cells must be divided, again and again."""
    x, y = SAMPLES[name]
    x, y = x.astype(np.float64), y.astype(np.float64)
    monkeypatch.setattr(kolmogorov, "MOST_GATHERED", max(2, gathered))
    monkeypatch.setattr(kolmogorov, "MOST_CELLS", 64)
    d, looks = looked(grid, x, y)
    assert d == refined(grid, x, y)
    assert d == refined(choose_grid(x), x, y)
    if gathered == 100_000:
        assert looks in (0, 2)


def test_integers_can_be_looked_at():
    x, y = RNG.poisson(40, 3_000), RNG.poisson(41, 2_000)
    grid = AffineGrid.over(0.0, 90.0, 8)
    assert looked(grid, x, y)[0] == refined(grid, x.astype(float), y.astype(float))


def test_data_that_changes_between_looks_is_an_error():
    x = RNG.normal(size=1_000)
    grid = AffineGrid.over(-3.0, 3.0, 8)
    counts = grid.histogram(x)
    with pytest.raises(ValueError, match="changed while it was being read"):
        ks_by_looks(grid, counts, counts, (lambda: [x], lambda: [x[:500]]))


@pytest.mark.parametrize("shape", [8, 1_000])
def test_divided_grids_keep_the_order(shape):
    base = AffineGrid.over(-1.0, 1.0, shape)
    values = np.sort(np.concatenate([RNG.normal(size=2_000), [-np.inf, np.inf, 0.0, -0.0, 1e300, -1e300]]))
    divided = RNG.random(shape) < 0.5
    points = np.unique(values[np.isfinite(values)][::5])
    for grid in (Split(base, divided, 9), Zoomed(base, points), Zoomed(Split(base, divided, 9), points)):
        cells = grid.index(values)
        assert (np.diff(cells) >= 0).all()
        assert cells[0] >= 0
        assert cells[-1] < grid.cells
        assert (np.bincount(cells, minlength=grid.cells) == grid.histogram(values)).all()
        single = grid.single()
        if single is not None:
            for cell in np.flatnonzero(single):
                assert len(np.unique(values[cells == cell])) <= 1
            assert single[grid.index(points)].all()
