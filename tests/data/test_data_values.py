"""One form for every value: labels, numbers, kinds, hashes; and no pandas for it."""

from __future__ import annotations

import math
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle_tui.data.hashing import RowHash, add_digests, digest, hash_strings
from lifecycle_tui.data.kinds import infer_kind, infer_kinds
from lifecycle_tui.data.light import filled, scalar, strings, to_numpy
from lifecycle_tui.data.values import as_labels, as_numbers, as_text, label_of, parse_numbers


@pytest.mark.parametrize(
    ("column", "labels"),
    [
        (pa.array([1, None, 2]), ["1", None, "2"]),
        (pa.array([1.0, None, 2.5]), ["1", None, "2.5"]),
        (pa.array([1.0, float("nan")]), ["1", None]),
        (pa.array([True, None, False]), ["true", None, "false"]),
        (pa.array(["a", None, " a"]), ["a", None, " a"]),
        (pa.array(["a", None, "b"]).dictionary_encode(), ["a", None, "b"]),
        (pa.array([7.0, 7.0, -0.0]).dictionary_encode(), ["7", "7", "0"]),
        (pa.array(["a"], pa.large_string()), ["a"]),
        (pa.array([b"xy", None]), ["xy", None]),
        (pa.array([None, None], pa.null()), [None, None]),
        (pa.array([Decimal("1.50")]), ["1.50"]),
        (pa.array([[1, 2], None]), ["[1, 2]", None]),
        (pa.array([1e300, 1e22]), [repr(1e300), repr(1e22)]),
    ],
)
def test_labels_are_canonical(column: pa.Array, labels: list) -> None:
    found = as_labels(column)
    assert found.type == pa.dictionary(pa.int32(), pa.string())
    assert found.to_pylist() == labels
    assert len(set(found.dictionary.to_pylist())) == len(found.dictionary)
    assert as_text(column).to_pylist() == labels


def test_label_of_agrees_with_columns() -> None:
    for value in (True, False, 7, 7.0, 7.5, "x", None, float("nan")):
        assert label_of(value) == as_labels(pa.array([value])).to_pylist()[0]


@pytest.mark.parametrize(
    ("column", "numbers", "bad"),
    [
        (pa.array(["1", " 2.5 ", "+3", "x", "", None, "NA", "-inf", "Infinity", "1e5", "0x10", "1_000"]),
         [1, 2.5, 3, None, None, None, None, -math.inf, math.inf, 1e5, None, None], 3),
        (pa.array([1, None]), [1, None], 0),
        (pa.array([True, False]), [1, 0], 0),
        (pa.array(["1", "x", "x"]).dictionary_encode(), [1, None, None], 2),
        (pa.array([Decimal("1.5")]), [1.5], 0),
        (pa.array([2**60 + 1]), [float(2**60 + 1)], 0),
        (pa.array([None], pa.null()), [None], 0),
    ],
)  # fmt: skip
def test_numbers_of_any_column(column: pa.Array, numbers: list, bad: int) -> None:
    found = as_numbers(column)
    assert [None if math.isnan(v) else v for v in found.values] == numbers
    assert found.bad == bad == (0 if found.bad_rows is None else len(found.bad_rows))


def test_decimal_comma() -> None:
    found = parse_numbers(pa.array(["1,5", "2", "1.234,5"]), ",")
    assert found.values[:2].tolist() == [1.5, 2.0]
    assert (found.bad, found.example) == (1, "1.234,5")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20))
def test_text_numbers_are_bit_identical(values: list[float]) -> None:
    texts = pa.array([repr(v) for v in values])
    assert parse_numbers(texts).values.tobytes() == np.array(values).tobytes()
    # One bad cell takes the careful path; the others must not change by a bit.
    careful = parse_numbers(pa.concat_arrays([texts, pa.array(["oops"])]))
    assert careful.values[:-1].tobytes() == np.array(values).tobytes()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([i % 12 for i in range(100)], "categorical"),
        ([i % 13 for i in range(200)], "numeric"),
        ([i % 3 for i in range(50)], "numeric"),
        ([i % 3 / 2 for i in range(100)], "numeric"),
        ([float(i % 3) for i in range(100)] + [None], "categorical"),
        ([0.5 * i for i in range(100)], "numeric"),
        ([True, False] * 2, "categorical"),
        (["a", "b"] * 3, "categorical"),
        ([f"word {i}" for i in range(100)], "text"),
        ([f"city {i % 100}" for i in range(1000)], "categorical"),
        ([str(i / 7) for i in range(100)] + ["oops"], "numeric"),
        ([str(i % 3) for i in range(100)], "categorical"),
        ([f"2025-01-{1 + i % 28:02d}" for i in range(100)], "time"),
        ([None, None], "numeric"),
        ([], "numeric"),
        ([[1], [2]], "text"),
    ],
)
def test_kinds(values: list, kind: str) -> None:
    column = pa.chunked_array([pa.array(values)])
    assert infer_kind(column) == kind
    assert infer_kind(column.take(pa.array(np.random.default_rng(1).permutation(len(values))))) == kind


def test_given_kinds_win() -> None:
    table = pa.table({"a": [1] * 100, "b": ["x"] * 100})
    assert infer_kinds(table, {"a": "numeric"}) == {"a": "numeric", "b": "categorical"}


TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=30)), max_size=40)


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_string_hashes_depend_on_the_text_alone(values: list) -> None:
    column = pa.array(values, pa.string())
    alone = [int(hash_strings(pa.array([v], pa.string()))[0]) for v in values]
    assert hash_strings(column).tolist() == alone
    assert hash_strings(column.dictionary_encode()).tolist() == alone
    if len(values) > 2:
        assert hash_strings(column.slice(1, len(values) - 2)).tolist() == alone[1:-1]
    assert len(set(alone)) == len(set(values))


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.randoms())
def test_digests_of_any_order_and_split_are_the_same(values: list, random) -> None:
    def hashes(texts: list) -> np.ndarray:
        rows = RowHash(len(texts))
        rows.add("b", np.arange(len(texts)) * 0.0)
        rows.add("a", pa.array(texts, pa.string()))
        return rows.values

    shuffled = list(values)
    random.shuffle(shuffled)
    cut = random.randint(0, len(values))
    whole = digest(hashes(values))
    assert add_digests([digest(hashes(shuffled[:cut])), digest(hashes(shuffled[cut:]))]) == whole
    if values:
        other = [*values[:-1], (values[-1] or "") + "x"]
        assert digest(hashes(other)) != whole
        assert digest(hashes([*values, values[0]])) != whole


def test_columns_may_not_be_swapped_unseen() -> None:
    def of(**columns: list) -> str:
        rows = RowHash(2)
        for name, values in columns.items():
            rows.add(name, np.array(values, dtype=float))
        return digest(rows.values)

    assert of(a=[1, 2], b=[2, 1]) != of(a=[2, 1], b=[1, 1])
    assert of(a=[1, 2], b=[3, 4]) == of(b=[4, 3], a=[2, 1])
    assert of(a=[1, 2], b=[3, 4]) != of(a=[1, 2], b=[4, 3])
    assert of(a=[float("nan"), 1]) == of(a=[1, -float("nan")])


def test_light_arrays() -> None:
    assert strings(["a", None, "é", ""]).to_pylist() == ["a", None, "é", ""]
    assert strings([]).to_pylist() == []
    assert scalar(None, pa.int8()).as_py() is None
    assert (scalar("x").as_py(), scalar(3, pa.int32()).type) == ("x", pa.int32())
    assert filled(pa.array([1, None, 3])[1:], -1).tolist() == [-1, 3]
    assert to_numpy(pa.array([True, None, False])).tolist() == [True, False, False]
    with pytest.raises(ValueError, match="nulls"):
        to_numpy(pa.array([1, None]))


def test_reading_a_csv_imports_no_pandas(tmp_path) -> None:
    (tmp_path / "t.csv").write_text(
        "d,h,x,c\n" + "".join(f"1/{i % 28 + 1}/2025,{i % 24},{i}.5,k{i % 3}\n" for i in range(200))
    )
    code = f"""
import sys
sys.path.insert(0, {str(__file__).rsplit("/", 1)[0]!r})
from datetime import UTC, datetime
from pathlib import Path
from lifecycle_tui.builtin.sources.csv import CsvSource
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.domain.specs import *
from lifecycle_tui.domain.windows import TimeWindow
path = {str(tmp_path / "t.csv")!r}
reference = ReferenceSpec(end=datetime(2025, 1, 10, tzinfo=UTC))
spec = ModelSpec("m", "regression", DataSpec(reference, TimeWindow(1, "week"), table=TableSpec(path)),
    ColumnsSpec(timestamp=TimestampSpec(("d", "h"), "%m/%d/%Y %H")))
data = ModelData(spec, {{"table": CsvSource(path)}})
survey = data.survey({{}}, datetime(2030, 1, 1, tzinfo=UTC))
rows = sum(data.scan(s.window, datetime(2030, 1, 1, tzinfo=UTC)).run().rows for s in survey.windows)
assert rows + survey.reference.rows == 200, rows
print(sorted({{m.split(".")[0] for m in sys.modules}} & {{"pandas", "scipy", "sklearn"}}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.strip() == "[]", done.stderr
