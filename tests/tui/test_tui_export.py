"""The files of an export: read again by what reads such files, they say what the screen said."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.output import plain
from lifecycle_tui.tui import export
from lifecycle_tui.tui.export import Table, Wrong
from lifecycle_tui.tui.text import width

TABLE = Table(
    "fleet",
    ("model", "drift", "owner"),
    (("churn[prod]", 0.25, "a|b"), ("=HYPERLINK(1)", None, "x, \"y\"\nz"), ("模型", float("nan"), "")),
    frozenset({1}),
)  # fmt: skip
EMPTY = Table("none", ("a", "b"), ())

value = st.text(max_size=12) | st.none() | st.integers() | st.floats() | st.sampled_from(
    ["=1+1", "-", "-0.5", "+x", "@SUM(A1)", "'=1", "''-2", "1,234", "\t=1", "＝1", "a|b", "\\|", "\\", "_a_b_",
     "**", "`", "<b>"]
)  # fmt: skip
tables = st.lists(st.tuples(value, value), max_size=4).map(lambda rows: Table("t", ("one", "t|wo"), tuple(rows)))


def said(value: object) -> str:
    """A value as the file shows it."""
    if isinstance(value, str):
        return plain(value)
    return "" if value is None or value != value else str(value)


@given(tables)
def test_csv_is_read_again_by_csv(table: Table) -> None:
    found = list(csv.reader(io.StringIO(export.csv_text(table))))
    assert found[0] == ["one", "t|wo"]
    assert [[export.undefused(cell) for cell in row] for row in found[1:]] == [
        [said(value) for value in row] for row in table.rows
    ]
    for row in found[1:]:
        for cell in row:
            assert (
                not re.match(r"[=@+\-\t\r＝＠＋－]", cell) or len(cell) == 1 or float(cell.replace(",", "")) is not None
            )


@given(tables)
def test_json_is_read_again_by_json(table: Table) -> None:
    found = json.loads(export.json_text(table), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    for row, values in zip(found, table.rows, strict=True):
        for title, value in zip(table.titles, values, strict=True):
            if isinstance(value, float) and value - value != 0.0:
                assert row[title] is None
            else:
                assert row[title] == (plain(value) if isinstance(value, str) else value)


def cells(line: str) -> list[str]:
    """A line of a table as GitHub splits it: at each `|` without a backslash before it; then escapes are undone."""
    inner = re.split(r"(?<!\\)\|", re.sub(r"\\\\", "\0", line))[1:-1]
    return [re.sub(r"\\(.)", r"\1", cell).replace("\0", "\\").strip(" ") for cell in inner]


@given(tables)
def test_markdown_keeps_its_cells(table: Table) -> None:
    found = export.markdown_text(table).splitlines()
    assert cells(found[0]) == ["one", "t|wo"] and set(found[1]) <= set("|- :")
    assert [cells(line) for line in found[2:]] == [[said(value).strip(" ") for value in row] for row in table.rows]
    assert len({width(line) for line in found}) == 1, "aligned"


def test_what_they_look_like() -> None:
    assert export.csv_text(TABLE) == (
        'model,drift,owner\nchurn[prod],0.25,a|b\n\'=HYPERLINK(1),,"x, ""y""\\x0az"\n模型,,\n'
    )
    assert export.markdown_text(TABLE).splitlines()[:3] == [
        r"| model         | drift | owner        |",
        r"| ------------- | ----: | ------------ |",
        r"| churn\[prod\] |  0.25 | a\|b         |",
    ]
    assert json.loads(export.json_text(TABLE))[1] == {"model": "=HYPERLINK(1)", "drift": None, "owner": 'x, "y"\\x0az'}


def test_no_row_is_a_table_too() -> None:
    assert export.csv_text(EMPTY) == "a,b\n" and json.loads(export.json_text(EMPTY)) == []
    assert export.markdown_text(EMPTY) == "| a   | b   |\n| --- | --- |\n"


@pytest.mark.parametrize("text", ["\x1b[2Jgone", "a\rb", "\x9b31m", "‮evil", "\ud800"])
def test_no_file_holds_what_a_terminal_acts_on(text: str) -> None:
    for write in export.KINDS.values():
        written = write(Table("t", (text,), ((text,),)))
        assert all(c.isprintable() or c == "\n" for c in written)
        written.encode("utf-8")


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ("", "name a file"),
        ("  ", "name a file"),
        ("x", "must end in"),
        ("x.txt", "must end in"),
        ("a\x00.csv", "name a"),
    ],
)
def test_a_name_that_says_no_kind_is_refused(asked: str, wrong: str) -> None:
    found = export.target(asked)
    assert isinstance(found, Wrong) and wrong in found.said


def test_the_home_folder_is_meant_by_its_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert export.target(" ~/a.CSV ") == tmp_path / "a.CSV"
    assert export.target("b.md") == tmp_path / "b.md"


def test_a_file_is_never_written_over_unasked(tmp_path: Path) -> None:
    path = tmp_path / "fleet.csv"
    assert export.save(TABLE, path) is None
    path.chmod(0o640)
    first = path.read_text(encoding="utf-8")
    found = export.save(EMPTY, path)
    assert found == Wrong("fleet.csv is there already", exists=True) and path.read_text(encoding="utf-8") == first
    assert export.save(EMPTY, path, overwrite=True) is None
    assert path.read_text(encoding="utf-8") == "a,b\n" and path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    assert export.save(TABLE, tmp_path / "no" / "x.csv") == Wrong(f"there is no folder {tmp_path / 'no'}")
    (tmp_path / "d.csv").mkdir()
    found = export.save(TABLE, tmp_path / "d.csv", overwrite=True)
    assert found == Wrong("d.csv is there already"), "a folder is not written over"
    long = export.save(TABLE, tmp_path / f"{'x' * 300}.csv")
    assert long is not None and "long" in long.said


def test_half_a_file_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv"
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    path.symlink_to(full)
    found = export.save(TABLE, path, overwrite=True)
    assert found is not None and path.is_symlink(), "a device is not written over"


def test_links_are_followed_when_written_over(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("before", encoding="utf-8")
    link.symlink_to(real)
    assert export.save(EMPTY, link, overwrite=True) is None
    assert link.is_symlink() and real.read_text(encoding="utf-8") == "a,b\n"
