"""Tests of the panel `template`."""

from pathlib import Path

import pytest
from lifecycle_tui import testing
from lifecycle_tui.api import Row, Series

FILE = Path(__file__).parents[1] / "plugins" / "template.py"


@testing.conformance(FILE)
def test_does_what_every_panel_must(check: testing.Conformance) -> None:
    check.run()


@pytest.mark.parametrize(("last", "tone"), [(100, "ok"), (40, "warning")])
def test_marks_a_thin_window(last: int, tone: str) -> None:
    windows = [{"key": f"2025-03-0{day}", "rows": 100} for day in range(1, 6)]
    windows.append({"key": "2025-03-06", "rows": last})
    row, series = testing.load_plugin(FILE)().draw(testing.view("fraud", windows=windows).model("fraud"))
    assert isinstance(row, Row) and isinstance(series, Series)
    assert (row.value, row.tone, series.values[-1], len(series.labels)) == (last, tone, last, 6)
