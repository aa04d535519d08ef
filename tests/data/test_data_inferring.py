"""Kinds from the reference's rows: numbers are not held once they are sure, and that changes no kind."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.data import inferring
from lifecycle_tui.data.inferring import infer_reference_kinds
from lifecycle_tui.data.kinds import infer_kind

RNG = np.random.default_rng(3)
NUMBERS = pa.array(RNG.normal(size=200))
FEW = pa.array(RNG.integers(0, 5, 200))
TEXT = pa.array(["x", "y"] * 100)
GAPS = pa.array([None] * 150 + [float(i) for i in range(50)])


class Everything:
    timed = False

    def mask(self, fragment, first, rows, time):
        return np.ones(rows, dtype=bool)


def kinds(*columns):
    """The kind of a column that comes in these batches, and how often each was read."""
    read = [0] * len(columns)

    class Source:
        def read(self, fragment, names, kinds, time):
            at = int(fragment.id)
            read[at] += 1
            yield SimpleNamespace(data=pa.record_batch({"c": columns[at]}), first_row=0)

    table = SimpleNamespace(source=Source(), timestamp=None, timezone=None)
    fragments = [SimpleNamespace(id=str(i)) for i in range(len(columns))]
    return infer_reference_kinds(table, fragments, Everything(), ["c"])["c"], read


@pytest.mark.parametrize(
    "columns",
    [
        [NUMBERS, NUMBERS],
        [FEW, FEW],
        [FEW, NUMBERS],
        [NUMBERS, FEW],
        [GAPS, GAPS],
        [GAPS, FEW],
        [pa.nulls(9), NUMBERS],
        [TEXT],
    ],
)
def test_what_is_let_go_changes_no_kind(columns):
    found, read = kinds(*columns)
    assert found == infer_kind(inferring._together(columns))
    assert read == [1] * len(columns)


@pytest.mark.parametrize("columns", [[NUMBERS, TEXT, TEXT, TEXT], [TEXT, NUMBERS], [NUMBERS, TEXT, NUMBERS]])
def test_numbers_that_are_text_elsewhere_are_read_again(columns):
    found, read = kinds(*columns)
    assert found == infer_kind(inferring._together(columns))
    assert read == [2 if columns[0] is NUMBERS else 1] * len(columns)


def test_sure_numbers_are_not_held(monkeypatch):
    held = []
    monkeypatch.setattr(inferring, "_together", lambda arrays: held.append(len(arrays)) or pa.chunked_array(arrays))
    assert kinds(NUMBERS, NUMBERS, FEW)[0] == "numeric"
    assert kinds(FEW, FEW)[0] == "categorical"
    assert held == [2]
