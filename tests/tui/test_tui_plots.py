"""Plots as text: bars beside bars, and values over windows, whatever the numbers are."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.plots.bars import bar_pair
from lifecycle_tui.plots.chart import Chart, Level, Point, chart
from lifecycle_tui.plots.drawing import Canvas, Glyphs, Run, text
from lifecycle_tui.plots.overlay import curves, steps

GLYPHS = st.sampled_from(("braille", "block", "ascii"))
NUMBERS = st.one_of(st.none(), st.floats(), st.integers(-3, 3).map(float))


def shown(drawn: Chart) -> list[str]:
    """The picture as text."""
    return [text(line).rstrip() for line in drawn.lines]


def of(drawn: Chart, series: str) -> str:
    """All characters of one series."""
    return "".join(run.text for line in drawn.lines for run in line if run.series == series)


def test_a_canvas_leaves_out_what_lies_outside() -> None:
    canvas = Canvas(4, 2)
    canvas.put(-1, 0, "abc", "x")
    canvas.put(3, 1, "long", "y")
    canvas.put(0, 7, "no", "y")
    assert [text(line) for line in canvas.lines()] == ["bc  ", "   l"]
    assert canvas.lines()[0] == (Run("bc", "x"), Run("  "))
    assert Canvas(-1, -1).lines() == []


def test_bars_stand_beside_each_other_on_one_height() -> None:
    found = bar_pair([1, 0, 1], [0, 10, 0], 11, 2)
    assert [text(line) for line in found.lines] == ["     █     ", "█    █  █  "]
    assert found.step == 4 and found.first == (0, 1, 2)
    assert {run.series for line in found.lines for run in line} == {"", "reference", "window"}


def test_bars_in_ascii_differ_by_sign() -> None:
    found = bar_pair([2, 1], [1, 2], 8, 3, ascii_only=True)
    assert [text(line) for line in found.lines] == [":    # ", ":#  :# ", ":#  :# "]


def test_more_bins_than_room_are_added_up() -> None:
    found = bar_pair([1.0] * 100, [2.0] * 100, 29, 2)
    assert len(found.first) == 10 and found.first[:3] == (0, 10, 20)
    assert text(found.lines[0]) == text(found.lines[1]), "all bars are full"


def test_bars_of_nothing() -> None:
    assert bar_pair([], [], 10, 3).lines == ()
    assert bar_pair([1], [1], 1, 3).lines == ()
    assert bar_pair([1], [1], 9, 0).lines == ()
    assert {text(line).strip() for line in bar_pair([0, 0], [0, 0], 10, 2).lines} == {""}
    with pytest.raises(ValueError, match="bins"):
        bar_pair([1], [1, 2], 10, 2)


@given(
    st.lists(st.tuples(st.floats(0, allow_infinity=False), st.floats(0, allow_infinity=False)), max_size=90),
    st.integers(-1, 100), st.integers(-1, 12), st.booleans(),
)  # fmt: skip
def test_bars_fit(bins: list[tuple[float, float]], cells: int, rows: int, plain: bool) -> None:
    found = bar_pair([a for a, _ in bins], [b for _, b in bins], cells, rows, ascii_only=plain)
    assert len(found.lines) in (0, rows)
    assert all(len(text(line)) <= cells for line in found.lines)
    assert all(first < len(bins) for first in found.first)


def test_values_rise_from_left_to_right_between_their_labels() -> None:
    found = chart([Point(float(n)) for n in range(10)], 12, 3)
    assert shown(found) == ["10       ⢀⡠⠔", "      ⢀⡠⠊⠁", " 0 ⡠⠔⠊⠁"], "the scale ends at round numbers"
    assert found.gutter == 3 and found.at[0] == 3 and found.at[-1] == 11


def test_a_constant_series_lies_at_half_height_and_one_point_in_the_middle() -> None:
    assert shown(chart([Point(1.0)] * 5, 10, 3, glyphs="ascii")) == ["1.1", "    ******", "0.9"]
    assert shown(chart([Point(1.0)], 11, 3, glyphs="ascii")) == ["1.1", "       *", "0.9"]
    assert shown(chart([Point(0.0)] * 2, 9, 1, glyphs="ascii"))[0].endswith("*")
    assert chart([Point(1.7e308)] * 3, 20, 3).lines, "the largest numbers there are"


@pytest.mark.parametrize(
    ("values", "ends"),
    [((0.861, 0.943), ("0.96", "0.86")), ((31_234, 44_871), ("46,000", "30,000")), ((0, 0.23), ("0.25", "0")),
     ((-3, 17), ("20", "-5")), ((0.3, 0.3000001), ("0.3000001", "0.3")), ((5, 5), ("5.5", "4.5"))],
)  # fmt: skip
def test_the_scale_ends_at_round_numbers(values: tuple[float, float], ends: tuple[str, str]) -> None:
    found = chart([Point(v) for v in values], 40, 4, number="{:,.10g}".format)
    assert (text(found.lines[0]).split()[0], text(found.lines[-1]).split()[0]) == ends


def test_one_more_window_seldom_moves_the_scale() -> None:
    points = [Point(0.9 + 0.04 * math.sin(n)) for n in range(80)]
    labels = {(text(made.lines[0])[:4], text(made.lines[-1])[:4]) for n in range(20, 80)
              if (made := chart(points[:n], 60, 6)).lines}  # fmt: skip
    assert len(labels) == 1


def test_a_high_picture_names_its_middle() -> None:
    found = chart([Point(0.0), Point(10.0)], 30, 9)
    assert [line.split()[0] for line in shown(found) if line[:1].isdigit() or line[1:2].isdigit()] == ["10", "5", "0"]
    close = chart([Point(0.0), Point(10.0)], 30, 9, levels=[Level(5.2, "critical")])
    assert "5.2" in shown(close)[4] and "5 " not in shown(close)[4]


@pytest.mark.parametrize(("glyphs", "sign"), [("braille", "│"), ("block", "│"), ("ascii", "|")])
def test_the_cursor_is_an_upright_line_behind_the_values(glyphs: Glyphs, sign: str) -> None:
    points = [Point(float(n)) for n in range(10)]
    found = chart(points, 42, 6, cursor=4, glyphs=glyphs)
    bare = chart(points, 42, 6, glyphs=glyphs)
    for line, without in zip(found.lines, bare.lines, strict=True):
        was, now = text(without), text(line)
        differing = [x for x in range(len(now)) if was[x] != now[x]]
        assert differing in ([], [found.at[4]]) and (
            not differing or (was[found.at[4]], now[found.at[4]]) == (" ", sign)
        )
    assert set(of(found, "cursor")) == {sign}
    assert chart(points, 42, 6, cursor=99, glyphs=glyphs) == bare


def test_blocks_stand_in_for_braille() -> None:
    points = [Point(float(n), n - 2.0, n + 2.0) for n in range(20)]
    found = chart(points, 30, 6, glyphs="block")
    assert set(of(found, "band")) == {"░"} and set(of(found, "value")) <= set("▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")
    both = steps([1, 5, 1], [5, 1, 1], 12, 4, glyphs="block")
    assert any(run.series == "reference" and "░" in run.text for line in both.lines for run in line)


def test_gaps_are_gaps() -> None:
    found = chart([Point(1.0), Point(None), Point(math.nan), Point(1.0)], 12, 1, glyphs="ascii")
    assert text(found.lines[0])[4:].strip("*").strip() == "" and "  " in text(found.lines[0])[5:-1]


def test_infinities_are_drawn_at_the_edge() -> None:
    found = chart([Point(1.0), Point(math.inf), Point(2.0), Point(-math.inf)], 10, 4, glyphs="ascii")
    lines = [text(line)[found.gutter :] for line in found.lines]
    assert lines[0][found.at[1] - found.gutter] == "*" and lines[3][found.at[3] - found.gutter] == "*"


@pytest.mark.parametrize("points", [[], [Point(None)], [Point(math.nan)], [Point(math.inf)]])
def test_no_finite_value_is_no_picture(points: list[Point]) -> None:
    assert chart(points, 40, 5, levels=[Level(1.0, "x")]) == Chart((), 0, (), (Level(1.0, "x"),))


def test_no_room_is_no_picture() -> None:
    assert chart([Point(1.0)], 40, 0).lines == ()
    assert chart([Point(1.0)], 4, 5).lines == ()


def test_values_that_are_not_final_are_another_series() -> None:
    found = chart([Point(1.0), Point(1.0), Point(1.0, final=False)], 20, 3, glyphs="ascii")
    assert of(found, "value") and of(found, "open") and set(of(found, "open")) == {"o"}


def test_a_threshold_is_a_line_with_its_number_at_the_left() -> None:
    found = chart([Point(0.5), Point(0.9)], 30, 5, levels=[Level(0.7, "critical")])
    line = next(line for line in found.lines if any(run.series == "critical" for run in line))
    assert text(line).startswith("0.7 ─") and found.beyond == ()


def test_a_threshold_far_away_is_named_instead() -> None:
    found = chart([Point(0.90), Point(0.91)], 30, 5, levels=[Level(0.2, "critical"), Level(0.905, "warning")])
    assert found.beyond == (Level(0.2, "critical"),)
    assert of(found, "critical") == "" and of(found, "warning")


def test_the_interval_is_a_band_behind_the_line() -> None:
    found = chart([Point(5.0, 4.0, 6.0), Point(5.0, 4.0, 6.0)], 20, 5, glyphs="ascii")
    assert ":" in of(found, "band") and "*" in of(found, "value")
    half = chart([Point(5.0, 4.0, None), Point(5.0, None, None)], 20, 5, glyphs="ascii")
    assert of(half, "band"), "an end that is open lies at the edge"


def test_a_thousand_points_in_sixty_cells() -> None:
    found = chart([Point(math.sin(n / 50)) for n in range(1000)], 60, 6)
    assert len(found.lines) == 6 and all(len(text(line)) == 60 for line in found.lines)
    assert sum(len(text(line).encode()) for line in found.lines) < 4096


@given(
    st.lists(st.builds(Point, NUMBERS, NUMBERS, NUMBERS, st.booleans()), max_size=70),
    st.integers(-1, 70), st.integers(-1, 9),
    st.lists(st.builds(Level, st.floats(allow_nan=False), st.just("t")), max_size=3), GLYPHS,
    st.one_of(st.none(), st.integers(-2, 80)),
)  # fmt: skip
def test_a_chart_fits_whatever_the_numbers(
    points: list[Point], cells: int, rows: int, levels: list[Level], glyphs: Glyphs, cursor: int | None
) -> None:
    found = chart(points, cells, rows, levels=levels, glyphs=glyphs, cursor=cursor)
    assert len(found.lines) in (0, rows)
    assert all(len(text(line)) == cells for line in found.lines)
    if found.lines:
        assert len(found.at) == len(points) and all(found.gutter <= at < cells for at in found.at)
        assert of(found, "value") or of(found, "open") or of(found, "t")
    if glyphs != "braille":
        assert all(text(line).isascii() or glyphs == "block" for line in found.lines)
        assert not any("\u2800" <= char <= "\u28ff" for line in found.lines for char in text(line))


# ── one over the other ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_window_is_a_line_over_the_references_area() -> None:
    found = steps([2, 1, 1], [0, 1, 0], 9, 4, glyphs="ascii")
    assert [text(line) for line in found.lines] == ["   ****  ", "   *  *  ", ":::*  *  ", "****::***"]
    assert found.step == 3 and found.first == (0, 1, 2)
    assert {run.series for line in found.lines for run in line} == {"", "reference", "window"}


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=40), st.integers(-2, 60),
    st.integers(-1, 9), GLYPHS,
)  # fmt: skip
def test_histograms_over_each_other_fit_whatever_they_hold(bins: list, cells: int, rows: int, glyphs: Glyphs) -> None:
    reference, window = [b[0] for b in bins], [b[1] for b in bins]
    for draw in (steps, curves):
        found = draw(reference, window, cells, rows, glyphs=glyphs)
        assert all(len(text(line)) <= cells for line in found.lines)
        assert len(found.lines) in (0, rows)
        assert glyphs != "ascii" or all(text(line).isascii() for line in found.lines)


def test_an_overlay_of_unequal_sides_is_refused() -> None:
    for draw in (steps, curves):
        with pytest.raises(ValueError, match="against"):
            draw([1, 2], [1], 9, 3)


def test_a_curve_is_as_high_as_it_is_great() -> None:
    found = curves([0, 4, 0], [0, 0, 2], 20, 2)
    area = "".join(run.text for run in found.lines[0] if run.series == "reference")
    assert area, "the reference reaches the upper half"
    assert not any(run.series == "window" for run in found.lines[0] if run.text.strip("\u2800"))


def test_huge_counts_are_shares_all_the_same() -> None:
    found = steps([1e308] * 4, [1e308, 0, 0, 1e308], 8, 2)
    assert any(run.series == "window" for line in found.lines for run in line)


def test_what_was_expected_is_drawn_behind_what_came() -> None:
    expected = [Point(0.5, 0.3, 0.7), Point(0.5, 0.3, 0.7), Point(0.5, 0.3, 0.7)]
    found = chart([Point(0.5, 0.1, 0.9), Point(0.9), Point(None)], 30, 6, behind=expected, glyphs="ascii")
    assert ":" in of(found, "band") and "*" in of(found, "value")
    assert "~" in of(found, "behind")
    assert shown(chart([Point(None)], 30, 6, behind=expected[:1], glyphs="ascii")), "before any label is there"
