"""The map of columns over windows as characters: verdict and size in one sign, whatever the numbers are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.plots.drawing import Run, text
from lifecycle_tui.plots.heat import SIGNS, Heat, kind, row, worst

CELLS = st.one_of(
    st.none(),
    st.builds(Heat, st.one_of(st.none(), st.floats()), st.sampled_from((*SIGNS, "ok", "drifted", "cannot-tell", "x"))),
)


@pytest.mark.parametrize(
    ("cell", "sign", "plain"),
    [
        (Heat(0.0, "ok"), ".", "."), (Heat(0.06, "ok"), "░", ":"), (Heat(0.9, "ok"), "░", ":"),
        (Heat(0.05, "drifted"), "▒", "+"), (Heat(0.1, "drifted"), "▓", "#"), (Heat(0.3, "drifted"), "█", "@"),
        (Heat(None, "drifted"), "▒", "+"), (Heat(math.nan, "drifted"), "▒", "+"), (Heat(math.inf, "drifted"), "█", "@"),
        (Heat(0.4, "cannot-tell"), "~", "~"), (Heat(None, "error"), "!", "!"), (Heat(None, "unknown"), "?", "?"),
        (Heat(None, "of another program"), "?", "?"), (None, " ", " "),
    ],
)  # fmt: skip
def test_each_cell_says_verdict_and_size_without_colour(cell: Heat | None, sign: str, plain: str) -> None:
    assert text(row([cell])) == sign and text(row([cell], ascii_only=True)) == plain


def test_a_row_is_runs_and_the_cursor_is_one_of_its_own() -> None:
    cells = [Heat(0.0, "ok"), Heat(0.01, "ok"), Heat(0.5, "drifted"), None]
    assert row(cells) == (Run("..", "quiet"), Run("█", "large"), Run(" ", ""))
    assert row(cells, here=1) == (Run(".", "quiet"), Run(".", "here.quiet"), Run("█", "large"), Run(" ", ""))
    assert row([], here=0) == ()


def test_of_several_windows_the_worst_stands_there() -> None:
    drifted, more, failed, fine = Heat(0.1, "drifted"), Heat(0.2, "drifted"), Heat(None, "error"), Heat(0.2, "ok")
    assert worst([fine, drifted, None, more, failed]) == more
    assert worst([fine, failed]) == failed and worst([Heat(None, "cannot-tell"), fine]) == fine
    assert worst([None, None]) is None and worst([]) is None


@given(st.lists(CELLS, max_size=60), st.booleans(), st.integers(-1, 61))
def test_a_row_has_a_character_a_cell(cells: list[Heat | None], plain: bool, here: int) -> None:
    drawn = row(cells, ascii_only=plain, here=here)
    assert len(text(drawn)) == len(cells)
    assert not plain or text(drawn).isascii()
    assert all(kind(cell) in SIGNS for cell in cells if cell is not None)
    assert worst(cells) in cells or (worst(cells) is None and not any(cells))


def test_a_cell_may_be_several_characters_wide() -> None:
    assert row([Heat(0.0, "ok"), None, Heat(0.5, "drifted")], wide=3, here=2) == (
        Run("...", "quiet"), Run("   ", ""), Run("███", "here.large"),
    )  # fmt: skip
