"""Categorical profiles: canonical labels, exact merging, and a bound on labels that keeps it exact."""

import itertools
import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as hs

from lifecycle_tui.profiles import categorical
from lifecycle_tui.profiles.arrow import label_of
from lifecycle_tui.profiles.categorical import CategoricalProfile, label_hash
from lifecycle_tui.profiles.codec import dump
from lifecycle_tui.profiles.profiler import Profiler


def of(labels):
    one = Profiler("categorical")
    one.update(pa.array(labels, pa.string()))
    return one.result()


@given(hs.lists(hs.one_of(hs.none(), hs.text(max_size=3)), max_size=60), hs.integers(0, 60), hs.integers(0, 60))
def test_split_and_merged_in_any_order_is_one_pass(labels, i, j):
    i, j = sorted((i, j))
    whole = of(labels)
    parts = [of(p) for p in (labels[:i], labels[i:j], labels[j:])]
    for a, b, c in itertools.permutations(parts):
        assert a + (b + c) == (a + b) + c == whole
        assert dump((a + b) + c) == dump(whole)


def test_more_labels_than_the_bound_still_merge_exactly(monkeypatch):
    monkeypatch.setattr(categorical, "MOST_LABELS", 20)
    monkeypatch.setattr("lifecycle_tui.profiles.profiler.MOST_LABELS", 20)
    labels = [f"id{(i * 37) % 90}" for i in range(400)] + [None] * 5
    whole = of(labels)
    assert len(whole.counts) == 20
    assert whole.horizon == sorted(map(label_hash, set(labels) - {None}))[20]
    for label, count in whole.counts.items():
        assert count == labels.count(label)
    assert (whole.rows, whole.n, whole.missing) == (405, 400, 5)
    assert 45 < whole.distinct < 180  # an estimate from 20 labels
    for step in (1, 7, 50, 133, 404):
        parts = [of(labels[i : i + step]) for i in range(0, len(labels), step)]
        forward, backward = parts[0], parts[-1]
        for part in parts[1:]:
            forward = forward + part
        for part in parts[-2::-1]:
            backward = part + backward
        assert forward == backward == whole
        assert dump(forward) == dump(whole)
    one = Profiler("categorical")
    for i in range(0, len(labels), 11):
        one.update(pa.array(labels[i : i + 11]))
    assert one.result() == whole
    beyond = next(label for label in labels if label and label_hash(label) >= whole.horizon)
    assert math.isnan(whole.share(beyond))


def test_what_a_detector_may_ask():
    profile = of(["a", "b", "a", None, "c"])
    assert profile.counts == {"a": 2, "b": 1, "c": 1}
    assert (profile.n, profile.rows, profile.missing, profile.distinct) == (4, 5, 1, 3)
    assert profile.missing_share == 0.2
    assert profile.share("a") == 0.5
    assert profile.share("z") == 0.0
    assert profile.top(2) == [("a", 2), ("b", 1)]
    empty = of([])
    assert math.isnan(empty.share("a"))
    assert math.isnan(empty.missing_share)
    assert empty.top() == []


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (True, "true"), (False, "false"), (7, "7"), (7.0, "7"), (-0.0, "0"), (7.5, "7.5"), (1e300, "1e+300"),
        (math.inf, "inf"), (" a ", " a "), ("", ""), (b"x", "x"),
    ],
)  # fmt: skip
def test_canonical_labels(value, label):
    assert label_of(value) == label


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, 2, 2, None], pa.int8()),
        pa.array([1.0, 2.0, 2.0, None]),
        pa.array([1.0, 2.0, 2.0, math.nan]),
        pa.array(["1", "2", "2", None]),
        pa.array(["1", "2", "2", None]).dictionary_encode(),
        pa.array([1, 2, 2, None]).dictionary_encode(),
        pa.chunked_array([pa.array(["1", "2"], pa.large_string()), pa.array(["2", None], pa.large_string())]),
    ],
    ids=str,
)
def test_one_column_in_any_type_gives_one_profile(column):
    one = Profiler("categorical")
    one.update(column)
    assert one.result() == CategoricalProfile(4, {"1": 1, "2": 2})


def test_booleans_and_dictionaries_with_a_null_entry():
    one = Profiler("categorical")
    one.update(pa.array([True, None, False, True]))
    one.update(pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 1]), pa.array(["x", None])))
    one.update(pa.nulls(2))
    assert one.result() == CategoricalProfile(10, {"true": 2, "false": 1, "x": 1})
