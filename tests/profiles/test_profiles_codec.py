"""Profiles and grids as bytes: what is loaded is what was dumped, and other bytes are refused in words."""

import math
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as hs

from lifecycle_tui.profiles import categorical, wire
from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.choose import choose_grid
from lifecycle_tui.profiles.codec import dump, dump_grid, load, load_grid
from lifecycle_tui.profiles.grids import AffineGrid, IntegerGrid, PatternGrid, PointGrid
from lifecycle_tui.profiles.moments import Sums
from lifecycle_tui.profiles.numeric import NumericProfile

GRIDS = [
    PointGrid(np.array([-np.inf, -1.5, 0.0, 3.0])),
    PointGrid(np.empty(0)),
    IntegerGrid(-3, 40),
    AffineGrid.over(-3.0, 4.0, 300),
    PatternGrid.over(-3.0, 1e9, 300),
]


@pytest.mark.parametrize("grid", GRIDS, ids=repr)
def test_grids_come_back(grid):
    again = load_grid(dump_grid(grid))
    assert again == grid
    assert again.id == grid.id
    assert len({g.id for g in GRIDS}) == len(GRIDS)


@given(
    hs.sampled_from(GRIDS),
    hs.lists(hs.floats(allow_nan=False), max_size=30),
    hs.integers(0, 9),
    hs.booleans(),
    hs.sampled_from(["numeric", "text", "time"]),
)
def test_numeric_profiles_come_back(grid, values, missing, moments, kind):
    array = np.array(values, dtype=np.float64)
    profile = NumericProfile.of(grid, array, len(values) + missing, moments=moments, kind=kind)
    again = load(dump(profile), grid)
    assert again == profile
    assert dump(again) == dump(profile)
    assert again.values is None
    assert (again.mean == profile.mean) or math.isnan(profile.mean)
    assert wire.decode(wire.encode(profile)) == profile


@given(hs.dictionaries(hs.text(max_size=5), hs.integers(1, 2**40), max_size=20), hs.integers(0, 9))
def test_categorical_profiles_come_back(counts, missing):
    profile = CategoricalProfile(sum(counts.values()) + missing, counts)
    assert load(dump(profile)) == profile
    assert wire.decode(wire.encode(profile)) == profile


def test_a_bounded_profile_comes_back(monkeypatch):
    monkeypatch.setattr(categorical, "MOST_LABELS", 5)
    profile = CategoricalProfile(30, {str(i): 3 for i in range(10)})
    assert load(dump(profile)) == profile
    assert load(dump(profile)).horizon == profile.horizon is not None


def test_counts_and_sums_of_any_size():
    grid = IntegerGrid(0, 3)
    for top in (0, 255, 256, 2**16, 2**32, 2**60):
        sums = Sums(top, -(7 << 1074) * (top + 1), (3 << 2148) + 1)
        profile = NumericProfile(grid, top, np.array([0, top, 0, 0, 0, 0, 0, 0, 0]), sums=sums)
        assert load(dump(profile), grid) == profile
        assert load(dump(profile), grid).sums == sums


def test_a_profile_of_a_small_window_is_small():
    values = np.random.default_rng(0).normal(size=200_000)
    grid = choose_grid(values)
    assert len(dump(NumericProfile.of(grid, values[:1000], 1000, moments=True))) < 4_000
    assert len(dump(NumericProfile.of(grid, values, len(values), moments=True))) < 100_000


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "neither"),
        (b"junk", "neither"),
        (b"lp\x02N" + zlib.compress(b""), "format 2"),
        (b"lp\x01Nnot zlib", "damaged"),
        (b"lp\x01?" + zlib.compress(b"x"), "no "),
    ],
)
def test_other_bytes_are_refused(data, says):
    for read in (load, load_grid):
        with pytest.raises(ValueError, match=says):
            read(data)


def test_the_wrong_grid_is_refused():
    profile = NumericProfile.of(IntegerGrid(0, 3), np.array([1.0]), 1)
    for grid in (None, IntegerGrid(0, 4)):
        with pytest.raises(ValueError, match="another grid"):
            load(dump(profile), grid)
    with pytest.raises(ValueError, match="no profile"):
        load(dump_grid(IntegerGrid(0, 3)))
    with pytest.raises(ValueError, match="no grid"):
        load_grid(dump(profile))


def test_the_stored_format_has_not_moved():
    """Workspaces hold such bytes: a change here needs a new version byte, and a reader for this one."""
    grid = PointGrid(np.array([0.5, 1.5]))
    assert grid.id == "ca1a9ec143816d65"
    assert zlib.crc32(zlib.decompress(dump(NumericProfile.of(grid, np.array([0.5, 9.0]), 3))[4:])) == 1220501195
