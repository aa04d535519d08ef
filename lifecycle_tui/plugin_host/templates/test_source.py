"""Tests of the source `template`."""

from pathlib import Path

import pytest
from lifecycle_tui import testing
from lifecycle_tui.api import DataError

FILE = Path(__file__).parents[1] / "plugins" / "template.py"
TABLE = "id  place     amount\n1   Ulm       1.5\n2   Århus     many\n3             2\n"


@testing.conformance(FILE)
def test_does_what_every_source_must(check: testing.Conformance) -> None:
    check.run()


def test_reads_columns_and_counts_bad_cells(tmp_path: Path) -> None:
    (tmp_path / "day.fwf").write_text(TABLE, "utf-8")
    source = testing.load_plugin(FILE)(str(tmp_path))
    (batch,) = source.read(source.fragments()[0], ["place", "amount"], {"amount": "numeric"})
    assert batch.data.to_pydict() == {"place": ["Ulm", "Århus", None], "amount": [1.5, None, 2.0]}
    assert [(p.column, p.count) for p in batch.problems] == [("amount", 1)]


def test_a_file_of_bytes_is_the_datas_fault(tmp_path: Path) -> None:
    (tmp_path / "day.fwf").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError):
        testing.load_plugin(FILE)(str(tmp_path)).schema()
