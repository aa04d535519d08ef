"""Faults of syntax do not hide what else is wrong: the file is read on behind each of them, without follow-up noise."""

from __future__ import annotations

import pytest

from lifecycle_tui.config import check
from lifecycle_tui.workspace import check as check_all

GOOD = """\
[models.m]
task = "binary"
{model}
[models.m.data]
table = "t.csv"
reference = {{ rows = 5 }}
{data}
[models.m.columns]
target = "y"
score = "p"
{columns}
[models.m.rules.r]
when = "auc < 0.5"
{rule}
"""


def text_of(**lines: str) -> str:
    return GOOD.format(**({"model": "", "data": "", "columns": "", "rule": ""} | lines))


# What is put into the file; every problem that comes out: code, line, column.
CASES: list[tuple[dict[str, str], list[tuple[str, int, int]]]] = [
    ({"model": "owner = risk"}, [("syntax", 3, 9)]),
    ({"model": "owner = risk", "rule": "for = 0"}, [("syntax", 3, 9), ("value", 14, 7)]),
    ({"model": "owner = risk", "columns": "id = = 3", "rule": 'severty = "info"'},
     [("syntax", 3, 9), ("syntax", 11, 6), ("unknown-key", 14, 1)]),
    ({"data": 'window = "1 moth', "rule": 'then = "notfy"'}, [("syntax", 7, 17), ("unknown-action", 14, 8)]),
    ({"columns": 'ignore = [\n  "a"\n  "b",\n]', "rule": "for = true"}, [("syntax", 13, 3), ("type", 17, 7)]),
    ({"columns": 'ignore = [\n  "a",', "rule": "for = true"}, [("syntax", 13, 2), ("type", 15, 7)]),
    ({"model": 'owner = "a"\nowner = "b"\nownr = 1'}, [("duplicate-key", 4, 1), ("unknown-key", 5, 1)]),
    ({"model": "[models.m.monitor\nmin_rows = 0", "rule": "for = 0"}, [("syntax", 3, 18), ("value", 15, 7)]),
    ({"rule": "[models.m]\nowner = 3"}, [("duplicate-key", 14, 9)]),
    ({"model": "tags = { a = 1, a = 2 }", "rule": "for = 0"}, [("duplicate-key", 3, 17), ("value", 14, 7)]),
    ({"rule": 'then = """x'}, [("syntax", 14, 8)]),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "found"), CASES, ids=lambda value: str(value)[:50])
def test_what_else_is_wrong_is_said_too(workspace, lines, found) -> None:
    spec, problems = check(workspace(text_of(**lines)))
    assert spec is None
    assert [(p.code, p.place.line, p.place.column) for p in problems if p.place] == found, problems


def test_an_included_file_that_is_no_toml_is_read_on_too(workspace) -> None:
    included = text_of(rule="for = 0").replace("models.m.", "").replace("[models.m]\n", "owner = risk\n")
    path = workspace("include = ['models/*.toml']\n[notifiers.n]\nuse = 'log'\nmatch = { rule = 'r' }", m=included)
    assert [(str(p.place), p.code) for p in check(path)[1]] == [
        ("models/m.toml:1:9", "syntax"),
        ("models/m.toml:14:7", "value"),
    ]


def test_rules_are_checked_beside_a_fault_of_syntax(workspace) -> None:
    text = text_of(model="owner = risk").replace("auc < 0.5", "auk < 0.5 or auc > 2")
    codes = [(p.code, p.place.line, p.place.column) for p in check_all(workspace(text)) if p.place]
    assert codes == [("syntax", 3, 9), ("unknown-signal", 13, 9)]


def test_what_may_have_stood_in_the_lost_line_is_not_missed(workspace) -> None:
    for key in ('task = "binary"', 'table = "t.csv"', "reference = { rows = 5 }", 'when = "auc < 0.5"'):
        text = text_of().replace(key, key.replace("= ", "= ="))
        assert [p.code for p in check(workspace(text))[1]] == ["syntax"], key
