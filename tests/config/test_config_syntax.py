"""Files that are no TOML: the exact place, in plain words."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle_tui.config import check
from lifecycle_tui.config.reference_text import LARGE
from lifecycle_tui.config.syntax import read


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("a = 1\nb 2\n", 2, 3, "followed by ="),
        ("a = tru", 1, 5, "no value"),
        ("x = [1, 2", 1, 5, "not closed before the file ends"),
        ("x = [1 2]", 1, 8, "comma is missing"),
        ("x = {a = 1", 1, 5, "not closed before the file ends"),
        ('x = "abc', 1, 5, "not closed"),
        ('x = "abc\ny = 1', 1, 9, "not closed"),
        ("x = 'abc\ny = 1", 1, 5, "not closed"),
        ('x = [1, """abc\n\n', 1, 9, "not closed"),
        ("x = '''abc\n''", 1, 5, "not closed"),
        ('x = "C:\\data"', 1, 8, "backslash"),
        ('x = "\\ud800"', 1, 6, "names no character"),
        ('x = "\\u12"', 1, 6, "hexadecimal"),
        ("a = 1\nx =", 2, 4, "ends where a value should be"),
        ("[a\nb = 1", 1, 3, "must end with ]"),
        ("[[a]\nb = 1", 1, 4, "must end with ]]"),
        ("a = 1 b = 2", 1, 7, "left after the value"),
        ("= 1", 1, 1, "key with its value"),
        ("é = 1", 1, 1, "key with its value"),
        ("d = 2011-02-30", 1, 5, "no such date"),
        ("ok = 1\n\n  x = \n", 3, 7, "no value"),
    ],
)
def test_syntax(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)
    _, problem = read(Path("f.toml"), text.encode())
    assert problem is not None and problem.place is not None
    assert (problem.code, problem.place.line, problem.place.column) == ("syntax", line, column)
    assert words in problem.message


def test_a_key_declared_twice_shows_both_places() -> None:
    _, problem = read(Path("f.toml"), b"[m.x]\ntask = 1\n[m.y]\ntask = 1\ntask = 2\n", ("models", "z"))
    assert problem is not None
    assert (problem.code, problem.key, str(problem.place)) == ("duplicate-key", "models.z.m.y.task", "f.toml:5:1")
    assert [str(place) for place in problem.related] == ["f.toml:4:1"]


def test_bytes_that_are_not_utf8() -> None:
    _, problem = read(Path("f.toml"), "# ok é\na = 'caf".encode() + b"\xe9'\n")
    assert problem is not None
    assert (problem.code, str(problem.place)) == ("encoding", "f.toml:2:9")
    assert "0xe9" in problem.message


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000])
def test_extremes_are_problems(text: str) -> None:
    _, problem = read(Path("f.toml"), text.encode())
    assert problem is not None and problem.code == "syntax"


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(LARGE) - 1),
            st.integers(0, 6),
            st.sampled_from(
                ["", '"', "[", "]", "{", "}", "=", "\n", "#", "3", "true", ".", ",", "'''", "x", "é", "\x00"]
            ),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_damaged_files_never_raise_and_problems_point_into_them(workspace, edits: list[tuple[int, int, str]]) -> None:
    text = LARGE
    for at, length, put in edits:
        text = text[:at] + put + text[at + length :]
    spec, problems = check(workspace(text, churn='task="binary"\ndata={table="t",reference="r"}'))
    assert (spec is None) == any(problem.level == "error" for problem in problems)
    lines = text.split("\n")
    for problem in problems:
        assert problem.place is not None
        if problem.place.file == "lifecycle.toml":
            assert 1 <= problem.place.line <= len(lines)
            assert 1 <= problem.place.column <= len(lines[problem.place.line - 1]) + 1
