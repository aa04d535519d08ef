"""The JSON lines source: what it reads, what it says, and that no line is lost unsaid."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle_tui.builtin.sources import jsonl
from lifecycle_tui.builtin.sources.jsonl import JsonLinesSource
from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.domain.protocols import CellProblem


def read(path: Path, content: str | bytes, kinds: Any = None, columns: Any = None) -> tuple[list, list[CellProblem]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    source = JsonLinesSource(str(path))
    rows, problems = [], []
    for batch in source.read(source.fragments()[0], columns, kinds):
        assert batch.first_row == len(rows)
        rows += batch.data.to_pylist()
        problems += batch.problems
    return rows, problems


@pytest.mark.parametrize(
    "content, kinds, rows, codes",
    [
        ('{"x": 1}\n{"x": 2}', None, [{"x": 1}, {"x": 2}], []),
        ('{"x": 1}\n\n{"x": null}\n{}\n', None, [{"x": 1}, {"x": None}, {"x": None}], []),
        ('{"x": 1}\n{"x": 2.5}\n', None, [{"x": 1.0}, {"x": 2.5}], []),
        ('{"x": 1}\n{"x": "a"}\n', None, [{"x": "1"}, {"x": "a"}], []),
        ('{"x": true}\n{"x": 1}\n', None, [{"x": "true"}, {"x": "1"}], []),
        ('{"x": 1}\n{"x": "a"}\n', {"x": "numeric"}, [{"x": 1.0}, {"x": None}], ["bad-cell"]),
        ('{"x": "1.5"}\n{"x": " -2 "}\n', {"x": "numeric"}, [{"x": 1.5}, {"x": -2.0}], []),
        ('{"x": NaN}\n{"x": -Infinity}\n', {"x": "numeric"}, [{"x": None}, {"x": -math.inf}], []),
        ('{"x": 7}\n{"x": 7.0}\n{"x": "7"}\n', {"x": "categorical"}, [{"x": "7"}] * 3, []),
        ('{"x": true}\n{"x": false}\n', {"x": "categorical"}, [{"x": "true"}, {"x": "false"}], []),
        ('{"x": 12}\n', {"x": "text"}, [{"x": "12"}], []),
        ('{"x": 18446744073709551617}\n', {"x": "text"}, [{"x": "18446744073709551617"}], []),
        ('{"x": 1}\nrubbish\n{"x": 2}\n[1]\n', None, [{"x": 1}, {"x": 2}], ["bad-line"]),
        ('{"x": 1}{"x": 2}\n{"x": 3}\n', None, [{"x": 3}], ["bad-line"]),
        ('{"a": {"b": 1, "c": {"d": "e"}}}\n{"a": null}\n', None,
         [{"a.b": 1, "a.c.d": "e"}, {"a.b": None, "a.c.d": None}], []),
        ('{"a.b": 1}\n{"a": {"b": 2}}\n', None, [{"a.b": 1}, {"a.b": 2}], []),
        ('{"a": {"b": 1}, "a.b": 3}\n', None, [{"a.b": 3}], []),
        ('{"v": [1, 2], "x": 1}\n', None, [{"x": 1}], ["nested-column"]),
        ('{"v": 1}\n{"v": [2]}\n', {"v": "numeric"}, [{"v": 1.0}, {"v": None}], ["bad-cell"]),
        ('{"t": "2025-01-02 03:04:05"}\n', {"t": "time"}, [{"t": "2025-01-02 03:04:05"}], []),
        ('{"t": 1735700000}\n', {"t": "time"}, [{"t": 1735700000}], []),
        ('\ufeff{"x": "é\\u00e9🙂\\ud83d"}\n', None, [{"x": "éé🙂?"}], []),
        (b'{"x": "\xff"}\n{"x": "b"}\n', None, [{"x": "b"}], ["bad-line"]),
    ],
)  # fmt: skip
def test_reads_and_says(tmp_path: Path, content: Any, kinds: Any, rows: list, codes: list[str]) -> None:
    found, problems = read(tmp_path / "a.jsonl", content, kinds)
    assert found == rows
    assert [p.code for p in problems] == codes


def test_a_bad_line_is_placed_and_costs_no_other(tmp_path: Path) -> None:
    lines = [json.dumps({"x": i}) for i in range(100_000)]
    lines[70_000] = '{"x": 70000'
    found, (problem,) = read(tmp_path / "a.jsonl", "\n".join(lines))
    assert [row["x"] for row in found] == [i for i in range(100_000) if i != 70_000]
    assert (problem.count, problem.rows) == (1, (70_000 - 65_536,))
    assert problem.example.startswith("before row 70001: '{\"x\": 70000'")


@pytest.mark.parametrize("content", ["", "\n\n", "no json\n", "[1]\n2\n", b"\xff\xfe\x00PAR1"])
def test_what_is_no_table_is_an_error(tmp_path: Path, content: Any) -> None:
    with pytest.raises(DataError, match=r"a\.jsonl (is empty|has no line)"):
        read(tmp_path / "a.jsonl", content)


def test_a_broken_archive_is_an_error(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"x": 1}\n' * 1000)
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "a.jsonl.gz", whole[: len(whole) // 2])
    assert len(read(tmp_path / "a.jsonl.gz", whole)[0]) == 1000


def test_a_key_that_first_comes_far_down_is_found_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "_BLOCK", 1000)
    content = '{"x": 1}\n' * 500 + '{"x": 2, "late": {"é": 0.5}}\n'
    source = JsonLinesSource(str(tmp_path / "a.jsonl"))
    found, _ = read(tmp_path / "a.jsonl", content, {"late.é": "numeric"}, ["late.é", "none"])
    assert (len(found), found[0], found[-1]) == (501, {"late.é": None}, {"late.é": 0.5})
    assert source.names(source.fragments()[0]) == ("x",)
    assert read(tmp_path / "a.jsonl", content)[0][-1] == {"x": 2, "late.é": 0.5}


def test_types_that_drift_between_files_have_one_that_holds_them(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"n": 1, "s": 1, "b": true}\n')
    (tmp_path / "b.ndjson").write_text('{"n": 1.5, "s": "x", "b": true}\n')
    source = JsonLinesSource(str(tmp_path))
    assert {k: str(v) for k, v in source.schema().items()} == {"n": "double", "s": "string", "b": "bool"}
    kinds: Any = {"s": "categorical"}
    assert [b.data.to_pylist() for f in source.fragments() for b in source.read(f, ["s"], kinds)] == [
        [{"s": "1"}],
        [{"s": "x"}],
    ]


def test_partitions_are_columns(tmp_path: Path) -> None:
    (tmp_path / "dt=2025-01-01").mkdir()
    read(tmp_path / "dt=2025-01-01" / "a.jsonl", '{"x": 1}\n')
    source = JsonLinesSource(str(tmp_path))
    (fragment,) = source.fragments()
    (batch,) = source.read(fragment, ["dt", "x"])
    assert batch.data.to_pylist() == [{"x": 1, "dt": "2025-01-01"}]
    assert sum(b.data.num_rows for b in source.read(fragment, [])) == 1


@pytest.mark.parametrize("first", [2**63, 2**53 + 1.0, -(2**64)])
def test_numbers_that_name_something_keep_every_digit(tmp_path: Path, first: float) -> None:
    """Hashes of 64 bits without a sign are beyond int64: two of them must not become one category."""
    ids = [18446744073709551614, 18446744073709551615, 2**53 + 1]
    lines = "".join(f'{{"id": {json.dumps(value)}}}\n' for value in (first, *ids))
    kinds: Any = {"id": "categorical"}
    found, _ = read(tmp_path / "a.jsonl", lines, kinds, ["id"])
    assert [row["id"] for row in found[1:]] == [str(value) for value in ids]


LEAF = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=4), st.just([1]))
RECORD = st.fixed_dictionaries({}, optional={"a": LEAF, "b": LEAF, "o": st.dictionaries(st.sampled_from("xy"), LEAF)})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(RECORD, min_size=1, max_size=8), kind=st.sampled_from(["numeric", "categorical", "text"]))
def test_fast_and_careful_reading_agree(tmp_path: Path, records: list[dict], kind: Any) -> None:
    """Two identical stretches, one of which the fast reader may take, the other spoilt by a line that it refuses."""
    lines = "".join(f"{json.dumps(record)}\n" for record in records)
    names = ["a", "b", "o.x", "o.y"]
    kinds = dict.fromkeys(names, kind)
    fast, _ = read(tmp_path / "fast.jsonl", lines, kinds, names)
    careful, problems = read(tmp_path / "careful.jsonl", "rubbish\n" + lines, kinds, names)
    assert repr(fast) == repr(careful)
    assert len(fast) == len(records)
    assert "bad-line" in {p.code for p in problems}
