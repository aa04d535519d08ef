"""Densities for pictures: they hold the whole law, sit where the values are, and are left out where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from lifecycle_tui.profiles.choose import choose_grid
from lifecycle_tui.profiles.grids import Grid
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.smooth import densities


def profile(values: list[float] | np.ndarray, grid: Grid | None = None) -> NumericProfile:
    every = np.asarray(values, dtype=np.float64)
    found = every[~np.isnan(every)]
    return NumericProfile.of(grid or choose_grid(found), found, len(every))


def test_they_are_those_of_the_law() -> None:
    rng = np.random.default_rng(3)
    before = profile(rng.normal(0, 1, 20_000))
    now = profile(rng.normal(1, 1, 5_000), before.grid)
    found = densities(before, now)
    assert found is not None
    at = np.array(found[0])
    for values, centre in ((found[1], 0.0), (found[2], 1.0)):
        law = np.exp(-((at - centre) ** 2) / 2) / np.sqrt(2 * np.pi)
        assert np.abs(np.array(values) - law).max() < 0.06
        assert np.trapezoid(values, at) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    ("before", "now"),
    [([], [1.0]), ([1.0], []), ([1.0, 1.0], [1.0]), ([np.nan] * 3, [1.0]), ([np.inf, -np.inf], [np.inf])],
)
def test_where_nothing_varies_nothing_is_drawn(before: list[float], now: list[float]) -> None:
    first = profile(before)
    assert densities(first, profile(now, first.grid)) is None


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([0.0, 1.0], [5.0]),
        ([-1e308, 1e308], [0.0]),
        ([0.0, 1.0, np.inf], [0.5, -np.inf, np.nan]),
        ([1e-300, 2e-300], [1e-300]),
    ],
)
def test_odd_values_never_give_odd_numbers(before: list[float], now: list[float]) -> None:
    first = profile(before)
    found = densities(first, profile(now, first.grid))
    assert found is None or all(np.isfinite(side).all() and min(side) >= 0 for side in found)
