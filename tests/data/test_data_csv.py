"""The CSV source: whatever people call a CSV is read, and what had to be done about it is said."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle_tui.builtin.sources.csv import CsvSource
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import CellProblem

NUMBERS = {"a": "numeric", "b": "numeric"}
MIXED = {"a": "numeric", "b": "categorical"}


def read(path: Path, content: str | bytes, kinds: Any = None, columns: Any = None, **options: Any) -> tuple[list, dict]:
    """Rows as dicts, and problems as code → (count, example)."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    source = CsvSource(str(path), **options)
    (fragment,) = source.fragments()
    batches = list(source.read(fragment, columns, kinds))
    problems: dict[str, tuple[int, str]] = {}
    for batch in batches:
        for p in batch.problems:
            key = p.code + (f":{p.column}" if p.column else "")
            problems[key] = (problems.get(key, (0, ""))[0] + p.count, p.example)
    return [row for batch in batches for row in batch.data.to_pylist()], problems


@pytest.mark.parametrize(
    ("content", "kinds", "rows", "codes"),
    [
        ("a,b\n1,x\n2,\n", MIXED, [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": None}], []),
        ("a,b\n1,x\nq,y\n", MIXED, [{"a": 1.0, "b": "x"}, {"a": None, "b": "y"}], ["bad-cell:a"]),
        ("a,b\n1,x\na,b\n3,z\n", MIXED, [{"a": 1.0, "b": "x"}, {"a": 3.0, "b": "z"}], ["repeated-header"]),
        ("b,c\nx,y\nb,c\n", {"b": "text", "c": "categorical"}, [{"b": "x", "c": "y"}], ["repeated-header"]),
        ("a,b\n1,x\n2,y,3\n5\n3,z\n", MIXED, [{"a": 1.0, "b": "x"}, {"a": 3.0, "b": "z"}], ["ragged-row"]),
        ("a;b\n1,5;x\n2;y\n", MIXED, [{"a": 1.5, "b": "x"}, {"a": 2.0, "b": "y"}], ["separator"]),
        ("a\tb\n1\tx\n", MIXED, [{"a": 1.0, "b": "x"}], ["separator"]),
        ("a|b\n1|x\n", MIXED, [{"a": 1.0, "b": "x"}], ["separator"]),
        ('a,b\n1,"x\ny"\n2,z\n', MIXED, [{"a": 1.0, "b": "x\ny"}, {"a": 2.0, "b": "z"}], []),
        ('a,b\n1,"x,""y"""\n', MIXED, [{"a": 1.0, "b": 'x,"y"'}], []),
        ("a,b\r\n1,x\r\n\r\n2,y\r\n", MIXED, [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}], []),
        ("\n\na,b\n1,x\n", MIXED, [{"a": 1.0, "b": "x"}], []),
        ("a,b\n1,x", MIXED, [{"a": 1.0, "b": "x"}], []),
        ("a,b\n1,2,\n3,4,\n", NUMBERS, [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}], ["header"]),
        ("a,b\nr1,1,2\nr2,3,4\n", NUMBERS, [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}], ["header"]),
        ("a,a\n1,2\n", {"a": "numeric", "a.2": "numeric"}, [{"a": 1.0, "a.2": 2.0}], ["duplicate-column:a.2"]),
        ("a,b\n", MIXED, [], []),
        (" a , b\n1,x\n", MIXED, [{"a": 1.0, "b": "x"}], []),
        ("a,b\n+1,1e3\n-.5, 7 \n", NUMBERS, [{"a": 1.0, "b": 1000.0}, {"a": -0.5, "b": 7.0}], []),
        ("a,b\nNA,n/a\n-,?\n", NUMBERS, [{"a": None, "b": None}] * 2, []),
        ("b,c\nNA,NA\nnull,nan\n", {"b": "categorical", "c": "text"},
         [{"b": "NA", "c": "NA"}, {"b": None, "c": None}], []),
        ("b,c\nTrue,7.0\nFALSE,7\n", {"b": "categorical", "c": "categorical"},
         [{"b": "true", "c": "7"}, {"b": "false", "c": "7"}], []),
        ("b,c\n007,7.50\n", {"b": "categorical", "c": "categorical"}, [{"b": "007", "c": "7.50"}], []),
    ],
)  # fmt: skip
def test_reads_and_says(tmp_path: Path, content: str, kinds: Any, rows: list, codes: list[str]) -> None:
    found, problems = read(tmp_path / "t.csv", content, kinds, columns=list(kinds))
    assert found == rows
    assert sorted(problems) == codes


def test_examples_name_row_and_value(tmp_path: Path) -> None:
    _, problems = read(tmp_path / "t.csv", "a,b\n1,x\n2,y\noops,z\n", MIXED)
    assert problems["bad-cell:a"] == (1, "row 3: 'oops'")


def test_counts_ragged_rows_with_an_example(tmp_path: Path) -> None:
    _, problems = read(tmp_path / "t.csv", "a,b\n1,x\n2\n3\n4,5,6\n", MIXED)
    assert problems["ragged-row"][0] == 3
    assert "1 cells instead of 2: '2'" in problems["ragged-row"][1]


def test_ragged_rows_only_are_still_said(tmp_path: Path) -> None:
    rows, problems = read(tmp_path / "t.csv", "a,b\n1,2\n" + "3\n" * 5, NUMBERS)
    assert (len(rows), problems["ragged-row"][0]) == (1, 5)


@pytest.mark.parametrize(
    ("content", "name", "text", "codes"),
    [
        ("a,b\n1,café\n".encode("latin-1"), "t.csv", "café", ["encoding"]),
        ("\ufeffa,b\n1,café\n".encode(), "t.csv", "café", []),
        ("a,b\n1,café\n".encode("utf-16"), "t.csv", "café", []),
        (gzip.compress(b"a,b\n1,x\n", mtime=0), "t.csv.gz", "x", []),
        (bz2.compress(b"a,b\n1,x\n"), "t.csv.bz2", "x", []),
        (b"a\tb\n1\tx\n", "t.tsv", "x", []),
    ],
)
def test_encodings_and_compression(tmp_path: Path, content: bytes, name: str, text: str, codes: list[str]) -> None:
    rows, problems = read(tmp_path / name, content, MIXED)
    assert rows == [{"a": 1.0, "b": text}]
    assert sorted(problems) == codes


def test_latin_1_far_into_the_file(tmp_path: Path) -> None:
    content = b"a,b\n" + b"1,x\n" * 300_000 + "2,é\n".encode("latin-1")
    rows, problems = read(tmp_path / "t.csv", content, MIXED)
    assert rows[-1] == {"a": 2.0, "b": "é"}
    assert "encoding" in problems


@pytest.mark.parametrize("content", [b"", b"\n \n", b"PAR1\x00\x01\x02\x00"])
def test_what_is_no_table_is_an_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"is empty|not a text file"):
        read(tmp_path / "t.csv", content, MIXED)


def test_a_quote_that_is_never_closed_is_said(tmp_path: Path) -> None:
    rows, problems = read(tmp_path / "t.csv", 'a,b\n1,"x\n2,y\n3,z\n', MIXED)
    assert "unclosed-quote" in problems
    assert rows[0]["a"] == 1.0


def test_bad_cells_late_in_a_large_file(tmp_path: Path) -> None:
    """The fast attempt fails in the middle; nothing is lost or doubled where the careful one takes over."""
    n = 700_000
    lines = [f"{i},c{i % 7}" for i in range(n)]
    lines[600_000] = "oops,c1"
    lines[650_000] = "1,2,3"
    lines[660_000] = "a,b"
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "\n".join(lines) + "\n")
    source = CsvSource(str(path))
    (fragment,) = source.fragments()
    batches = list(source.read(fragment, None, MIXED))  # type: ignore[arg-type]
    table = pa.Table.from_batches([b.data for b in batches])
    values = table.column("a").to_pylist()
    expected = [float(i) for i in range(n) if i not in (600_000, 650_000, 660_000)]
    assert [v for v in values if v is not None] == expected
    assert values.count(None) == 1
    problems = {p.code: p.count for b in batches for p in b.problems}
    assert problems == {"bad-cell": 1, "ragged-row": 1, "repeated-header": 1}
    firsts = [b.first_row for b in batches]
    assert firsts == [sum(b.data.num_rows for b in batches[:i]) for i in range(len(batches))]
    assert max(b.data.num_rows for b in batches) <= 65_536


def test_types_without_kinds(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("i,f,b,s,d,n\n1,1.5,true,x,2025-01-01,\n2,2,false,y,2025-01-02,\n")
    source = CsvSource(str(path))
    assert {k: str(v) for k, v in source.schema().items()} == {
        "i": "int64", "f": "double", "b": "bool", "s": "string", "d": "string", "n": "double",
    }  # fmt: skip
    (fragment,) = source.fragments()
    (batch,) = source.read(fragment)
    assert batch.data.to_pylist()[0] == {"i": 1, "f": 1.5, "b": True, "s": "x", "d": "2025-01-01", "n": None}


def test_schema_is_a_type_that_holds_all_files(tmp_path: Path) -> None:
    for name, text in (("1.csv", "a,b\n1,2\n"), ("2.csv", "a,b\n1.5,x\n"), ("3.csv", "c\n1\n")):
        (tmp_path / name).write_text(text)
    (tmp_path / "4.csv").write_text("")
    schema = {k: str(v) for k, v in CsvSource(str(tmp_path)).schema().items()}
    assert schema == {"a": "double", "b": "string", "c": "int64"}


def test_partitions_are_columns(tmp_path: Path) -> None:
    path = tmp_path / "dt=2025-01-01" / "t.csv"
    path.parent.mkdir()
    path.write_text("a\n1\n2\n")
    source = CsvSource(str(tmp_path))
    (fragment,) = source.fragments()
    assert fragment.partitions == {"dt": "2025-01-01"}
    (batch,) = source.read(fragment, ["dt", "a"])
    assert batch.data.to_pylist() == [{"a": 1, "dt": "2025-01-01"}, {"a": 2, "dt": "2025-01-01"}]


def test_declared_dialect_wins(tmp_path: Path) -> None:
    rows, problems = read(tmp_path / "t.csv", "a b\n1,5 none\n", MIXED, separator=" ", decimal=",", missing=("none",))
    assert rows == [{"a": 1.5, "b": None}]
    assert sorted(problems) == ["separator"] or not problems


def test_asked_columns_only_and_missing_ones_left_out(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "t.csv", "a,b,c\n1,2,3\n", {"c": "numeric", "zz": "numeric"}, columns=["c", "zz"])
    assert rows == [{"c": 3.0}]


def test_problem_positions_are_those_of_the_remaining_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\na,b\n2,y\nbad,z\n")
    source = CsvSource(str(path))
    (fragment,) = source.fragments()
    (batch,) = source.read(fragment, None, MIXED)  # type: ignore[arg-type]
    found = {p.code: p.rows for p in batch.problems}
    assert found == {"repeated-header": (1,), "bad-cell": (2,)}
    assert isinstance(batch.problems[0], CellProblem)


CELL = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6).filter(lambda s: s.strip() == s)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.floats(allow_nan=False), CELL), min_size=1, max_size=30))
def test_what_csv_writes_is_read_back_bit_for_bit(tmp_path: Path, rows: list[tuple[float, str]]) -> None:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", "words"])
    writer.writerows([repr(x), s] for x, s in rows)
    path = tmp_path / "t.csv"
    found, _ = read(path, text.getvalue(), {"number": "numeric", "words": "text"})
    missing = {"", "NaN", "nan", "NULL", "null", "<NA>", "#N/A", "N/A", "n/a"}
    assert [(r["number"], r["words"]) for r in found] == [(x, None if s in missing else s) for x, s in rows]
