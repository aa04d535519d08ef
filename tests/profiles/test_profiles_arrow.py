"""Arrow columns of every type as NumPy values: offsets, bitmaps, NaN, dictionaries, text."""

import decimal
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as hs

from lifecycle_tui.profiles import arrow

TYPES = [pa.int8(), pa.uint16(), pa.int64(), pa.float32(), pa.float64(), pa.float16()]


@given(hs.sampled_from(TYPES), hs.lists(hs.one_of(hs.none(), hs.integers(0, 100)), max_size=40), hs.integers(0, 20))
def test_numbers_of_any_slice(kind, values, offset):
    whole = pa.array([None if v is None else np.float16(v) if kind == pa.float16() else v for v in values], kind)
    column = pa.chunked_array([whole.slice(offset), whole.slice(0, offset)], kind)
    found = arrow.numbers(column)
    expected = [v for v in values[offset:] + values[:offset] if v is not None]
    assert found.values.tolist() == expected
    assert (found.rows, found.missing) == (len(values), len(values) - len(expected))
    assert found.values.dtype in (np.float64, np.int64)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pa.array([1.5, math.nan, None, math.inf]), [1.5, math.inf]),
        (pa.array([True, False, None, True]), [1, 0, 1]),
        (pa.array([decimal.Decimal("1.25"), None]), [1.25]),
        (pa.array([1.5, None, 1.5]).dictionary_encode(), [1.5, 1.5]),
        (pa.array([2**63, 1], pa.uint64()), [2.0**63, 1.0]),
        (pa.nulls(3), []),
        (pa.array([], pa.float64()), []),
        (pa.chunked_array([], pa.int64()), []),
        (pa.array([None, None], pa.int32()), []),
    ],
    ids=str,
)
def test_numbers_of_every_type(column, values):
    assert arrow.numbers(column).values.tolist() == values
    assert arrow.numbers(column).rows == len(column)


@pytest.mark.parametrize("column", [pa.array(["1"]), pa.array([0], pa.timestamp("s")), pa.array([[1]])], ids=str)
def test_what_holds_no_numbers_is_refused(column):
    with pytest.raises(TypeError, match="not numbers"):
        arrow.numbers(column)


@given(hs.lists(hs.one_of(hs.none(), hs.text(max_size=6)), max_size=30), hs.integers(0, 10))
def test_lengths_are_in_characters(texts, offset):
    texts = [None if t is None else t.encode("utf-8", "replace").decode() for t in texts]
    expected = [len(t) for t in texts[offset:] if t is not None]
    for kind in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())):
        column = pa.array(texts, pa.string()).cast(kind) if kind != pa.string() else pa.array(texts, kind)
        found = arrow.text_lengths(column.slice(offset))
        assert found.values.tolist() == expected
        assert found.values.dtype == np.int64
    raw = pa.array([None if t is None else t.encode() for t in texts], pa.binary())
    assert arrow.text_lengths(raw).values.tolist() == [len(t.encode()) for t in texts if t is not None]


@pytest.mark.parametrize(
    "kind", [pa.timestamp("us", "UTC"), pa.timestamp("s"), pa.date32(), pa.date64(), pa.time32("ms"), pa.duration("ns")]
)
def test_times_are_whole_numbers(kind):
    width = pa.int32() if kind.bit_width == 32 else pa.int64()
    column = pa.array([86_400_000, None, 0], width).cast(kind)
    assert arrow.times(column).values.tolist() == [86_400_000, 0]


def test_labels_count_rows():
    found = arrow.labels(pa.chunked_array([["a", None], ["b", "a"]]))
    assert found == ({"a": 2, "b": 1}, 4, 1)
    assert arrow.labels(pa.array([1.5, math.nan, 2.0])).counts == {"1.5": 1, "2": 1}
    assert arrow.labels(pa.array([True, True])).counts == {"true": 2}
    assert arrow.labels(pa.nulls(2)) == ({}, 2, 2)
