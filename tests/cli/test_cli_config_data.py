"""`config check` looks at the tables in the same run as at the file, with errors in it or without."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Here

MODEL = """\
[models.{name}]
task = "binary"
[models.{name}.data]
predictions = {{ path = "scored.csv", on = "key" }}
labels = {{ path = "{labels}", on = "key", arrived = "booked" }}
reference = {{ rows = 2 }}
window = "50 rows"
[models.{name}.columns]
target = "y"
score = "p"
{columns}
"""


def rows(root: Path, here: Here, text: str) -> list[tuple[str, str, str]]:
    """(code, what is underlined, hint or message) of each error."""
    (root / "scored.csv").write_text("key,p,age\n1,0.5,30\n2,0.25,40\n")
    (root / "labels.csv").write_text("key,y,booked,region\n1,0,2025-01-01,a\n2,1,2025-01-02,b\n")
    (root / "lifecycle.toml").write_text(text)
    done = here(root, "config", "check", "--format", "json")
    found = [row for row in json.loads(done.out)["problems"] if row["level"] == "error"]
    assert done.code == (2 if found else 0)
    lines = text.split("\n")
    spots = [lines[r["line"] - 1][r["column"] - 1 : r["column"] - 1 + r["width"]] for r in found]
    return [(r["code"], spot, r["hint"] or r["message"]) for r, spot in zip(found, spots, strict=True)]


def test_columns_that_no_table_has(tmp_path: Path, here: Here) -> None:
    text = MODEL.format(name="m", labels="labels.csv", columns='numeric = ["age", "agee"]')
    assert rows(tmp_path, here, text) == [("missing-column", '"agee"', 'did you mean "age"?')]
    text = MODEL.format(name="m", labels="labels.csv", columns="").replace('"booked"', '"bookd"')
    assert rows(tmp_path, here, text) == [("missing-column", '"bookd"', 'did you mean "booked"?')]
    text = MODEL.format(name="m", labels="labels.csv", columns='timestamp = { from = ["age", "tiem"] }')
    assert [row[:2] for row in rows(tmp_path, here, text)] == [("missing-column", '"tiem"')]
    options = "[models.m.monitor.detectors.psi.columns.agg]\nbins = 3"
    text = MODEL.format(name="m", labels="labels.csv", columns=options)
    assert rows(tmp_path, here, text) == [("missing-column", "agg", 'did you mean "age"?')]


def test_groups_that_come_with_the_labels_alone(tmp_path: Path, here: Here) -> None:
    text = MODEL.format(name="m", labels="labels.csv", columns='protected = ["age", "region"]')
    ((code, spot, _),) = rows(tmp_path, here, text)
    assert (code, spot) == ("missing-column", '"region"')


def test_a_table_that_is_not_there_is_the_one_that_is_named(tmp_path: Path, here: Here) -> None:
    text = MODEL.format(name="m", labels="nowhere/*.csv", columns="")
    ((code, spot, _),) = rows(tmp_path, here, text)
    assert (code, spot) == ("no-data", '"nowhere/*.csv"')


def test_errors_of_the_file_hide_none_of_the_data(tmp_path: Path, here: Here) -> None:
    """One model has a misspelt key and a missing column, the other a rule on a column that is not there."""
    text = MODEL.format(name="m", labels="labels.csv", columns='numeric = ["agee"]\ncutof = 0.5')
    text += MODEL.format(name="n", labels="labels.csv", columns='[models.n.rules.r]\nwhen = "psi.agee > 0.2"')
    assert [row[:2] for row in rows(tmp_path, here, text)] == [
        ("missing-column", '"agee"'),
        ("unknown-key", "cutof"),
        ("unknown-signal", "psi.agee"),
    ]


def test_tables_of_a_database_that_are_not_there(tmp_path: Path, here: Here) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute("CREATE TABLE scored (key, p, age)")
        connection.execute("INSERT INTO scored VALUES (1, 0.5, 30)")
    text = MODEL.format(name="m", labels="labels.csv", columns="")

    def found(table: str) -> list[tuple[str, str, str]]:
        return rows(tmp_path, here, text.replace('{ path = "scored.csv"', "{ " + table))

    assert found('path = "shop.db"') == []
    assert found('path = "shop.db", table = "scord"') == [("no-data", '"scord"', 'did you mean "scored"?')]
    assert found('path = "shop.db", query = "SELECT key FROM scored"')[0][:2] == ("missing-column", '"p"')
    assert found('use = "sqlite"')[0] == ("missing-key", '{ use = "sqlite", on = "key" }', '"path" is missing')
    assert ("unknown-key", "tabel") in [row[:2] for row in found('path = "shop.db", tabel = "scored"')]


@pytest.mark.slow  # SQLAlchemy is more than [test] installs
def test_a_table_behind_an_address_that_is_a_secret(
    tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sqlalchemy")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute("CREATE TABLE scored (key, p, age)")
        connection.execute("INSERT INTO scored VALUES (1, 0.5, 30)")
    monkeypatch.setenv("SHOP", f"sqlite:///{tmp_path / 'shop.db'}")
    text = MODEL.format(name="m", labels="labels.csv", columns="")

    def found(table: str) -> list[tuple[str, str, str]]:
        asked = '{ use = "sql", url = { env = "SHOP" }, table = "' + table + '"'
        return rows(tmp_path, here, text.replace('{ path = "scored.csv"', asked))

    assert found("scored") == []
    assert found("scord") == [("no-data", '"scord"', 'did you mean "scored"?')]
    monkeypatch.delenv("SHOP")
    assert "SHOP is not set" in found("scored")[0][2]
