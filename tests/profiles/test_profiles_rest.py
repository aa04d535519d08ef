"""Taking a part out of a profile undoes merging it in."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as hs

from lifecycle_tui.profiles import categorical
from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.choose import choose_grid
from lifecycle_tui.profiles.grids import AffineGrid
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.profiler import Profiler
from lifecycle_tui.profiles.rest import rest

numbers = hs.lists(
    hs.one_of(hs.none(), hs.floats(-20, 20, width=16), hs.sampled_from([math.inf, -math.inf])), max_size=25
)
texts = hs.lists(hs.one_of(hs.none(), hs.sampled_from("abcd")), max_size=25)


def numeric(values, grid):
    profiler = Profiler("numeric", grid)
    profiler.update(pa.array(values, pa.float64()))
    return profiler.result()


@given(numbers, numbers)
def test_numbers_without_a_part_are_the_other_part(first, second):
    grid = choose_grid(np.array([v for v in first + second if v is not None], float))
    whole, part, other = (numeric(values, grid) for values in (first + second, second, first))
    assert rest(whole, part) == other


def test_on_a_coarse_grid_an_extreme_is_known_up_to_its_cell():
    grid = AffineGrid.over(0, 10, 10)
    first, second = numeric([2.3, 4, 6.6], grid), numeric([0.5, 9.9], grid)
    found = rest(first + second, second)
    assert np.array_equal(found.dense(), first.dense()) and found.sums == first.sums
    assert (found.minimum, found.maximum) == (2, 7)


@given(texts, texts)
def test_labels_without_a_part_are_the_other_part(first, second):
    def of(labels):
        profiler = Profiler("categorical")
        profiler.update(pa.array(labels, pa.string()))
        return profiler.result()

    found, other = rest(of(first + second), of(second)), of(first)
    assert (found.rows, found.missing, found.counts) == (other.rows, other.missing, other.counts)


def test_more_labels_than_are_counted_stay_exact_below_the_horizon(monkeypatch):
    monkeypatch.setattr(categorical, "MOST_LABELS", 20)
    first = CategoricalProfile(60, {f"a{i}": 2 for i in range(30)})
    second = CategoricalProfile(30, {f"a{i}": 1 for i in range(15)} | {f"b{i}": 1 for i in range(15)})
    found = rest(first + second, second)
    assert found.rows == 60 and found.n == 60 and found.horizon == (first + second).horizon
    counts, _ = first.below(found.horizon)
    assert found.counts == counts


def test_what_was_never_in_it_cannot_be_taken_out():
    grid, other = AffineGrid.over(0, 1, 4), AffineGrid.over(0, 2, 4)
    one, two = numeric([0.1], grid), numeric([0.9], grid)
    labels = CategoricalProfile(1, {"a": 1})
    for whole, part in [
        (one, two), (one, numeric([None], grid)), (one, numeric([0.1], other)),
        (labels, CategoricalProfile(1, {"b": 1})), (labels, CategoricalProfile(2, {})),
        (one, numeric([math.inf], grid)),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=r"the part|taken apart"):
            rest(whole, part)
    with pytest.raises(TypeError):
        rest(one, labels)
    assert isinstance(rest(one, one), NumericProfile) and rest(one, one).rows == 0
