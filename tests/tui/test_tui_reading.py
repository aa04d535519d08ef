"""What most likely happened in the newest window, in the overview's words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
import tui_seed
from tui_screen import SMALL, app_on, text

from lifecycle_tui.domain.results import WindowResult
from lifecycle_tui.domain.signals import Signal, SignalState
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.state import models, record
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.panes import reading_lines
from lifecycle_tui.tui.reads.reading import newest, reading
from lifecycle_tui.tui.text import safe, width

DETAIL = {
    "kind": "covariate",
    "evidence": [{"signal": f"change.c{n}", "says": f"c{n}: values are higher"} for n in range(4)],
    "advice": "retrain on recent rows; c0 moved most",
    "columns": [{"column": "c0", "drift": 0.3, "importance": 0.25, "score": 0.075},
                {"column": "c1", "drift": 0.2, "importance": None, "score": 0.0},
                {"column": "still", "drift": 0.0, "importance": 0.5, "score": 0.0}],
    "importance_by": "permutation",
}  # fmt: skip
SAYS = "covariate shift: other inputs, the same relationship (92% likely); c0: values are higher"


def said(signal: Signal, cells: int) -> list[str]:
    """The overview's lines of it."""
    return [
        "".join(safe(s.text) for s in line).rstrip() for line in reading_lines.lines(reading("w9", signal), cells, 12)
    ]


def test_a_reading_says_what_happened_what_shows_it_and_what_to_do() -> None:
    assert said(Signal("reading", None, state="drifted", message=SAYS, detail=DETAIL), 80) == [
        " reading     ▲ w9: covariate shift: other inputs, the same relationship (92%",
        "             likely)",
        "               c0: values are higher",
        "               c1: values are higher",
        "               and 2 more: 2",
        "               by drift times importance: c0 0.30 x 25%, c1 0.20",
        "               so: retrain on recent rows; c0 moved most",
    ]


@pytest.mark.parametrize(
    ("state", "message", "wanted"),
    [("ok", "nothing has changed that could be seen", " reading     ✓ w9: nothing has changed that could be seen"),
     ("cannot-tell", "cannot tell: no reference", " reading     ~ w9: cannot tell: no reference")],
)  # fmt: skip
def test_where_nothing_has_changed_a_line_is_enough(state: SignalState, message: str, wanted: str) -> None:
    assert said(Signal("reading", None, state=state, message=message), 80) == [wanted]


@pytest.mark.parametrize(
    "detail", [{}, {"evidence": 3, "columns": "x", "advice": 1}, {"evidence": [1, {}, {"says": "\x1b[31m" * 99}]},
               {"columns": [{"column": "y" * 999, "drift": float("inf")}, {"drift": "7"}, None]}]
)  # fmt: skip
@pytest.mark.parametrize("cells", [200, 80, 20, 1])
def test_odd_readings_are_lines_that_fit(detail: dict, cells: int) -> None:
    found = said(Signal("reading", None, state="drifted", message=SAYS, detail=detail), cells)
    assert found and all(line.isprintable() for line in found)
    assert cells < 30 or all(width(line) <= cells for line in found)


async def test_it_is_read_of_the_newest_window_and_of_the_version_that_shows(workspace: Callable[[], State]) -> None:
    state = workspace()
    with state.write() as tx:
        for n in range(3):
            window = Window(f"w{n}", n, None, None, 9)
            whole = (Signal("reading", None, message="of all rows"),)
            own = (Signal("reading", None, state="drifted", message=f"label shift in {n}; more", detail=DETAIL),)
            record.record(tx, [WindowResult("m", window, "", whole, tui_seed.NOW),
                               WindowResult("m", window, "2", own, tui_seed.NOW)])  # fmt: skip
        models.declare(tx, [models.Declared("m")])
        models.put_model(tx, tui_seed.facts("m"))
    with closing(state.reader()[0]) as conn:
        found = newest(conn, "m", "2")
        assert found is not None and (found.window, found.says) == ("w2", "label shift in 2")
        assert newest(conn, "m", "gone") == found, "any version's, rather than none"
        assert newest(conn, "other", "2") is None
    async with app_on(state).run_test(size=SMALL) as pilot:
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert "reading     ▲ w2: label shift in 2" in text(pilot)
        assert "so: retrain on recent rows" in text(pilot)
