"""A reference's column put together from shares: whatever the split and the grouping, the same bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_tui.profiles import pending, profiler
from lifecycle_tui.profiles.codec import dump, dump_grid
from lifecycle_tui.profiles.pending import Pending, added
from lifecycle_tui.profiles.profiler import Profiler, profile_column
from lifecycle_tui.profiles.survey import Survey

CELL = st.one_of(
    st.none(), st.floats(allow_nan=True, allow_infinity=True), st.integers(-5, 5).map(float), st.just(-0.0)
)


def tree(draw: Any, shares: list[Pending]) -> Pending:
    """Added up in some grouping, in order."""
    while len(shares) > 1:
        at = draw(st.integers(0, len(shares) - 2))
        shares[at : at + 2] = [shares[at] + shares[at + 1]]
    return shares[0]


def share(values: list[Any]) -> Pending:
    one = Profiler("numeric")
    one.update(pa.array(values, pa.float64()))
    return Pending.of(one)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_split_in_any_grouping_is_the_whole(data: st.DataObject) -> None:
    most = data.draw(st.sampled_from([4, 10_000]), "values that are kept at most")
    pieces = data.draw(st.lists(st.lists(CELL, max_size=8), min_size=1, max_size=6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pending, "MOST_KEPT", most)
        patch.setattr(profiler, "MOST_KEPT", most)
        whole = profile_column("numeric", lambda: [pa.array([v for p in pieces for v in p], pa.float64())])
        found = tree(data.draw, [share(p) for p in pieces])
        grid = found.grid()
        if grid is None:
            profile = found.profile()
        else:
            counts = [Profiler("numeric", grid) for _ in pieces]
            for one, piece in zip(counts, pieces, strict=True):
                one.update(pa.array(piece, pa.float64()))
            profile = counts[0].result()
            for one in counts[1:]:
                profile = profile + one.result()
            with pytest.raises(RuntimeError, match="count it on its grid"):
                found.profile()
    assert dump_grid(profile.grid) == dump_grid(whole.grid)
    assert dump(profile) == dump(whole)


@given(st.lists(st.floats(allow_nan=False), max_size=40), st.integers(0, 40))
@settings(max_examples=25, deadline=None)
def test_a_survey_survives_its_bytes(values: list[float], cut: int) -> None:
    one, whole = Survey(), Survey()
    one.update(np.array(values[:cut]))
    other = Survey.load(one.dump())
    other.update(np.array(values[cut:]))
    whole.update(np.array(values))
    assert other.grid() == whole.grid()
    assert other.dump() == whole.dump() or {0.0} <= {abs(v) for v in values}


def test_many_distinct_values_are_surveyed_alike() -> None:
    values = np.random.default_rng(3).normal(size=200_000)
    whole, left, right = Survey(), Survey(), Survey()
    whole.update(values)
    left.update(values[:70_000])
    right.update(values[70_000:])
    right.add(Survey.load(left.dump()))
    assert right.grid() == whole.grid()
    assert right.dump() == whole.dump()


def test_whole_numbers_stay_whole() -> None:
    found = added([Pending("text", 3, np.array([1, 2], dtype=np.int64)), Pending("text", 1, np.empty(0))])
    assert found.values is not None and found.values.dtype == np.int64
    assert (found.rows, found.profile().missing) == (4, 2)


def test_shares_of_one_column_are_of_one_kind() -> None:
    with pytest.raises(ValueError, match="of one kind, not of 2"):
        added([Pending("text", 0, np.empty(0)), Pending("numeric", 0, np.empty(0))])
    with pytest.raises(ValueError, match="not of 0"):
        added([])
