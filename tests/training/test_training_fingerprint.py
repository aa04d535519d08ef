"""The fingerprint of training rows: every change of content changes it, no change of layout does."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_tui.training.fingerprint import fingerprint

COLUMNS: dict[str, Any] = {
    "number": pa.array([1.5, None, -0.0, float("nan"), 2.0]),
    "whole": pa.array([1, 2, None, 4, 5]),
    "label": pa.array(["a", "b", None, "a", "c"]).dictionary_encode(),
    "text": pa.array(["x", "", None, "yy", "é"]),
    "flag": pa.array([True, False, None, True, True]),
    "day": pa.array([date(2026, 1, d) for d in range(1, 6)]),
}
TABLE = pa.table(COLUMNS)
TARGET = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
TIME = np.arange(5)
BASE = fingerprint(TABLE, TARGET, TIME)


def with_column(name: str, values: Any) -> pa.Table:
    return TABLE.set_column(TABLE.column_names.index(name), name, values)


CELLS = {
    ("number", 0): 1.5000000000000002,
    ("number", 1): 0.0,  # a null is no zero
    ("number", 2): 0.0,  # nor is minus zero
    ("number", 3): None,
    ("whole", 2): 0,
    ("whole", 0): 257,
    ("label", 0): "b",
    ("label", 2): "None",
    ("label", 4): "d",
    ("text", 1): None,
    ("text", 3): "y",
    ("text", 2): "",
    ("flag", 1): None,
    ("day", 4): date(2026, 1, 6),
}


@pytest.mark.parametrize(("column", "row"), CELLS)
def test_any_cell_changes_it(column: str, row: int) -> None:
    values = TABLE.column(column).to_pylist()
    values[row] = CELLS[column, row]
    kind = TABLE.schema.field(column).type
    array = pa.array(values, pa.string()).dictionary_encode() if column == "label" else pa.array(values, kind)
    assert fingerprint(with_column(column, array), TARGET, TIME) != BASE


OTHER = {
    "the order of rows": (TABLE.take([1, 0, 2, 3, 4]), TARGET[[1, 0, 2, 3, 4]], TIME[[1, 0, 2, 3, 4]]),
    "one row less": (TABLE.slice(0, 4), TARGET[:4], TIME[:4]),
    "a column's name": (TABLE.rename_columns(["n", *TABLE.column_names[1:]]), TARGET, TIME),
    "the order of columns": (TABLE.select(TABLE.column_names[::-1]), TARGET, TIME),
    "a column less": (TABLE.drop_columns(["day"]), TARGET, TIME),
    "a column's type": (with_column("whole", TABLE.column("whole").cast(pa.int32())), TARGET, TIME),
    "labels as text": (with_column("label", TABLE.column("label").cast(pa.string())), TARGET, TIME),
    "the target": (TABLE, TARGET * (1 + 1e-15), TIME),
    "the target as text": (TABLE, TARGET.astype(str), TIME),
    "the time": (TABLE, TARGET, TIME + 1),
    "no time": (TABLE, TARGET, None),
    "text moved to the next cell": (with_column("text", pa.array(["", "x", None, "yy", "é"])), TARGET, TIME),
}


@pytest.mark.parametrize("name", OTHER)
def test_everything_else_changes_it(name: str) -> None:
    assert fingerprint(*OTHER[name]) != BASE


def codes(order: list[str], width: Any) -> pa.Array:
    at = [None if v is None else order.index(v) for v in ["a", "b", None, "a", "c"]]
    return pa.DictionaryArray.from_arrays(pa.array(at, width), pa.array(order))


SAME = {
    "chunks": pa.concat_tables([TABLE.slice(0, 2), TABLE.slice(2, 0), TABLE.slice(2)]),
    "chunks with other dictionaries": pa.concat_tables(
        [with_column("label", codes(list("cba"), pa.int32())).slice(0, 3), TABLE.slice(3)]
    ),
    "a slice": pa.concat_tables([TABLE, TABLE]).combine_chunks().slice(5),
    "another order of labels": with_column("label", codes(list("cba"), pa.int32())),
    "labels that do not occur": with_column("label", codes(list("zbca"), pa.int32())),
    "narrow codes": with_column("label", codes(list("abc"), pa.int8())),
    "wide text": with_column("text", TABLE.column("text").cast(pa.large_string())),
}


@pytest.mark.parametrize("name", SAME)
def test_layout_changes_nothing(name: str) -> None:
    assert fingerprint(SAME[name], TARGET, TIME) == BASE


def test_what_stands_under_a_null_changes_nothing() -> None:
    data = np.array([1.5, 77.0, -0.0, np.nan, 2.0])
    mask = pa.array([True, False, True, True, True]).buffers()[1]
    under = pa.Array.from_buffers(pa.float64(), 5, [mask, pa.py_buffer(data)])
    assert under.to_pylist()[:2] == [1.5, None]
    assert fingerprint(with_column("number", under), TARGET, TIME) == BASE


def test_arrow_and_numpy_say_the_same() -> None:
    assert fingerprint(TABLE, pa.array(TARGET), pa.chunked_array([pa.array(TIME)])) == BASE
    text = np.array(["a", "b", "a", "c", "d"])
    assert fingerprint(TABLE, text, None) == fingerprint(TABLE, text.astype(object), None)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.one_of(st.none(), st.floats()), st.one_of(st.none(), st.text(max_size=3))), min_size=1, max_size=8
    ),
    st.data(),
)
def test_cuts_never_matter_and_swaps_always_do(cells: list[tuple[Any, Any]], data: st.DataObject) -> None:
    table = pa.table(
        {"x": pa.array([c[0] for c in cells], pa.float64()), "s": pa.array([c[1] for c in cells], pa.string())}
    )
    target = np.zeros(len(cells))
    cut = data.draw(st.integers(0, len(cells)))
    base = fingerprint(table, target)
    assert fingerprint(pa.concat_tables([table.slice(0, cut), table.slice(cut)]), target) == base
    i, j = data.draw(st.tuples(*[st.integers(0, len(cells) - 1)] * 2))
    order = list(range(len(cells)))
    order[i], order[j] = j, i
    same = repr(cells[i]) == repr(cells[j])
    assert (fingerprint(table.take(order), target) == base) == same


def test_no_rows() -> None:
    empty = fingerprint(TABLE.slice(0, 0), TARGET[:0], TIME[:0])
    assert empty == fingerprint(TABLE.schema.empty_table(), TARGET[:0], TIME[:0]) != BASE
