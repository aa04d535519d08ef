"""Text from data is shown, never interpreted, and as wide as it looks; plots never fail on odd numbers."""

from __future__ import annotations

import math
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType

from lifecycle_tui import plots
from lifecycle_tui.tui.text import count, cut, fit, fold, matches, number, percent, safe, width
from lifecycle_tui.tui.view import drawn_past
from lifecycle_tui.tui.widgets.lines import Footer, keys_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("churn[prod]", "churn[prod]"),
        ("path [/x]", "path [/x]"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
        ("\u202eabc", "\\u202eabc"),
        ("\ud800", "\\ud800"),
        ("客户流失", "客户流失"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_text_is_shown_as_it_is(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text(max_size=60), st.integers(0, 30), st.booleans())
def test_fit_takes_exactly_its_cells(text: str, cells: int, right: bool) -> None:
    found = fit(safe(text), cells, right=right)
    assert width(found) == cells
    assert found.isprintable()


@given(st.text(max_size=60), st.integers(1, 30))
def test_cut_says_that_something_is_missing(text: str, cells: int) -> None:
    text = safe(text)
    found = cut(text, cells)
    assert width(found) <= cells
    assert found == text or found.endswith("…")


@given(st.text(max_size=200), st.integers(2, 40))
def test_fold_keeps_every_character(text: str, cells: int) -> None:
    found = fold(text, cells)
    assert all(width(line) <= cells for line in found)
    assert "".join(found).replace(" ", "") == safe(text).replace(" ", "")


@pytest.mark.parametrize("cells", [0, -2])
def test_fold_ends_where_there_is_no_room(cells: int) -> None:
    assert fold("ab c", cells) == ["a", "b", "c"]


def test_a_huge_text_costs_no_more_than_its_beginning() -> None:
    assert len(safe("x" * 10_000_000)) == 4096


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"), (math.nan, "-"), (math.inf, "inf"), (-math.inf, "-inf"), (0.0, "0.000"), (0.5, "0.500"),
        (-0.25, "-0.250"), (1e-9, "1e-9"), (123.456, "123.5"), (41_250.4, "41,250"), (3.2e12, "3.20e12"),
    ],
)  # fmt: skip
def test_numbers(value: float | None, shown: str) -> None:
    assert number(value) == shown


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_is_always_short(value: float) -> None:
    assert len(number(value)) <= 10


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "-"), (0.0, "0%"), (1.0, "100%"), (0.0042, "0.4%"), (0.00001, "<.1%"), (0.5, "50%")]
)
def test_shares(value: float | None, shown: str) -> None:
    assert percent(value) == shown


def test_counts() -> None:
    assert [count(None), count(0), count(12_345), count(12_345_678)] == ["-", "0", "12,345", "12.3M"]


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [("", "x", True), ("fraud CARD", "card-fraud", True), ("fraud !card", "card-fraud", False), ("!", "x", True)],
)
def test_filter_words(words: str, text: str, found: bool) -> None:
    assert matches(words)(text) is found


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([], ""), ([1.0], "▄"), ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"), ([3, 3, 3], "▄▄▄"), ([0, None, 7], "▁ █"),
        ([math.nan, 1, 2], " ▁█"), ([-math.inf, 0, math.inf], "▁▄█"),
    ],
)  # fmt: skip
def test_sparkline(values: list[float | None], shown: str) -> None:
    assert plots.sparkline(values, 10) == shown


def test_sparkline_shows_the_newest_and_falls_back_to_ascii() -> None:
    assert plots.sparkline([9, 9, 0, 7], 2) == "▁█"
    assert plots.sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, ascii_only=True) == plots.ASCII


def test_small_drift_is_drawn_small() -> None:
    assert drawn_past("psi", [0.001, 0.002], 9) == "▁▁"
    assert drawn_past("psi", [0.0, 0.0], 9) == "▁▁"
    assert drawn_past("psi", [0.0, 0.9], 9) == "▁█"


@given(
    st.lists(st.one_of(st.none(), st.floats()), max_size=50), st.integers(0, 20),
    st.one_of(st.none(), st.floats(allow_nan=False)), st.one_of(st.none(), st.floats(allow_nan=False)),
)  # fmt: skip
def test_sparkline_never_fails(values: list, cells: int, low: float | None, high: float | None) -> None:
    found = plots.sparkline(values, cells, low=low, high=high)
    assert len(found) == min(len(values), cells)


def test_histograms_share_one_height() -> None:
    assert plots.histogram_pair([1, 0, 1], [0, 10, 0], 10) == ("▅ ▅", " █ ")
    assert plots.histogram_pair([], [], 10) == ("", "")
    assert plots.histogram_pair([0, 0], [0, 3], 10) == ("  ", " █")
    with pytest.raises(ValueError, match="bins"):
        plots.histogram_pair([1], [1, 2], 10)


@given(st.lists(st.tuples(st.floats(0, 1e9), st.floats(0, 1e9)), min_size=1, max_size=60), st.integers(1, 20))
def test_histogram_pair_fits(bins: list[tuple[float, float]], cells: int) -> None:
    above, below = plots.histogram_pair([a for a, _ in bins], [b for _, b in bins], cells)
    assert len(above) == len(below) == min(len(bins), cells)


def test_the_footer_keeps_the_way_back_and_help() -> None:
    pairs = [*((letter, f"does {letter}") for letter in "abcdefghij"), ("Esc", "back"), (":", "go"), ("?", "help")]
    for cells in (26, 40, 60, 80, 200):
        line = "".join(span.text for span in keys_line(pairs, cells))
        assert len(line) <= cells
        assert line.endswith(" Esc back  : go  ? help ")
        assert cells < 30 or " a does a " in line, "the likeliest comes first, and goes last"
    assert not keys_line(pairs, 3)


class FooterApp(App[None]):
    agent = ("agent off", "dim")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("colon", "go", "go", id="test.go"),
        Binding("question_mark", "help", "help", id="test.help"),
    ]
    pairs: ClassVar[list[tuple[str, str]]] = []

    def compose(self) -> ComposeResult:
        yield Footer(lambda: self.pairs)


END = "  q quit  : go  ? help"


@pytest.mark.parametrize(
    ("letters", "size", "agent", "kept", "said"),
    [
        ("abc", 80, ("agent off", "dim"), "abc", True),
        ("abcdefghi", 80, ("agent off", "dim"), "abcd", True),
        ("abc", 60, ("agent off", "dim"), "abc", False),
        ("ab", 60, ("agent off", "dim"), "ab", True),
        ("abcde", 60, ("agent on, file has errors", "critical"), "a", True),
        ("abc", 80, ("", ""), "abc", False),
    ],
)
async def test_the_agent_has_the_last_word_where_enough_keys_are_left(
    monkeypatch: pytest.MonkeyPatch, letters: str, size: int, agent: tuple[str, str], kept: str, said: bool
) -> None:
    pairs = [*((letter, f"does {letter}") for letter in letters), ("q", "quit")]
    monkeypatch.setattr(FooterApp, "pairs", pairs)
    monkeypatch.setattr(FooterApp, "agent", agent)
    async with FooterApp(ansi_color=True).run_test(size=(size, 5)) as pilot:
        await pilot.pause()
        line = pilot.app.query_one(Footer).render_line(0).text
        assert len(line) == size
        assert line.startswith(" " + "  ".join(f"{letter} does {letter}" for letter in kept) + END)
        assert line.strip().endswith(agent[0] if said else "? help")
