"""Plots with their labels, as the panes put them on the screen; and ages in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.plots.chart import Level, Point
from lifecycle_tui.tui import ages
from lifecycle_tui.tui.pictures import TALLEST, WIDEST, axis, beside, histogram, history
from lifecycle_tui.tui.text import Line, Span, safe, width
from lifecycle_tui.tui.view import Bars

NASTY = ("churn[prod]", "\x1b[31m", "客户流失", "e\u0301", "\u202e", "", "a\nb", "x" * 40)


def shown(line: Line) -> str:
    """A line as the terminal gets it."""
    return "".join(safe(span.text) for span in line)


def test_names_stand_under_their_bins() -> None:
    lines = histogram(Bars(("a", "bb", "ccc"), (1, 2, 3), (3, 2, 1)), 40, 4, "warning")
    assert len(lines) == 4
    assert shown(lines[-1]).split() == ["a", "bb", "ccc"]
    starts = [shown(lines[-1]).index(name) for name in ("a", "bb", "ccc")]
    assert all(shown(lines[-2])[start] == "█" or shown(lines[-2])[start] in "▁▂▃▄▅▆▇" for start in starts)
    assert {span.tone for span in lines[-2]} == {"", "dim", "warning"}


def test_long_names_are_fewer() -> None:
    names = tuple(f"{n * 1000}.25" for n in range(16))
    lines = histogram(Bars(names, (1.0,) * 16, (1.0,) * 16), 60, 4, "info")
    assert 4 <= len(shown(lines[-1]).split()) < 16 and "~" not in shown(lines[-1])


@given(
    st.lists(st.tuples(st.sampled_from(NASTY), st.floats(0, 1e9), st.floats(0, 1e9)), min_size=1, max_size=40),
    st.integers(0, 120), st.integers(0, 14),
)  # fmt: skip
def test_histograms_fit(bins: list[tuple[str, float, float]], cells: int, rows: int) -> None:
    found = Bars(*(tuple(side) for side in zip(*bins, strict=True)))
    lines = histogram(found, cells, rows, "info")
    assert len(lines) in (0, rows)
    assert all(width(shown(line)) <= cells for line in lines)


def test_a_history_names_its_first_and_last_window() -> None:
    keys = [f"2026-03-{day:02d}" for day in range(1, 11)]
    lines, made = history(
        keys, [Point(float(n)) for n in range(10)], 60, 6, levels=[Level(4.0, "critical")], here="2026-03-05",
        moves={"2026-03-04": "v8", "2026-03-08": "v9"},
    )  # fmt: skip
    assert len(lines) == 6 and made.beyond == ()
    assert shown(lines[-1]).split() == ["2026-03-01", "^2026-03-05", "2026-03-10"]
    assert shown(lines[-1]).index("^") == 1 + made.at[4]
    assert shown(lines[-2]).split() == ["^v8", "^v9"]
    assert shown(lines[-2]).index("^v8") == 1 + made.at[3]
    assert any(span.tone == "critical" and "─" in span.text for line in lines for span in line)


def days(n: int, step: timedelta = timedelta(days=1)) -> list[datetime]:
    """Beginnings of windows."""
    return [datetime(2025, 12, 20, tzinfo=UTC) + k * step for k in range(n)]


@pytest.mark.parametrize(
    ("step", "n", "said"),
    [
        (timedelta(days=1), 30, "Dec 20 2025   Dec 29   Jan 5   Jan 18 2026"),
        (timedelta(hours=1), 30, "Dec 20 00:00   06:00   12:00   18:00   Dec 21 05:00"),
        (timedelta(days=31), 24, "Dec 2025   Jul   2027   Jul   Dec 2027"),
        (timedelta(days=7), 52, "Dec 20 2025   Apr   Jul   Oct   Dec 12 2026"),
        (timedelta(days=1), 1, "Dec 20"),
    ],
)
def test_the_axis_has_dates_a_person_reads(step: timedelta, n: int, said: str) -> None:
    starts = days(n, step)
    at = [i * 69 // max(1, n - 1) for i in range(n)]
    line = shown(axis([f"w{k}" for k in range(n)], starts, at, 70, None))
    assert width(line) == 70
    assert line.split() == said.split(), line


def test_the_axis_marks_the_chosen_window_and_names_it() -> None:
    starts = days(30)
    at = [5 + 2 * k for k in range(30)]
    line = shown(axis([f"w{k}" for k in range(30)], starts, at, 70, 12, 5))
    assert line.index("^") == at[12] and "^Jan 1" in line
    last = shown(axis([f"w{k}" for k in range(30)], starts, [40 + k for k in range(30)], 70, 29, 5))
    assert last.rstrip().endswith("Jan 18 2026^") and last.index("^") == 69, "at the end its name stands before it"
    none = shown(axis(["a", "b"], [None, starts[0]], [0, 19], 20, 1))
    assert none.split() == ["a", "b^"], "where one has no time, keys"


@given(
    st.lists(st.tuples(st.sampled_from(NASTY), st.one_of(st.none(), st.datetimes())), min_size=1, max_size=40),
    st.integers(0, 90), st.integers(-1, 50), st.integers(0, 20),
)  # fmt: skip
def test_axes_are_as_wide_as_they_are_to_be(
    windows: list[tuple[str, datetime | None]], cells: int, here: int, left: int
) -> None:
    windows = sorted(windows, key=lambda w: (w[1] is None, w[1] or datetime.min))
    at = [left + i * max(0, cells - left - 1) // max(1, len(windows) - 1) for i in range(len(windows))]
    chosen = here if 0 <= here < len(windows) else None
    line = axis([k for k, _ in windows], [s for _, s in windows], at, cells, chosen, left)
    assert width(shown(line)) == cells and not shown(line)[:left].strip()


def test_moves_that_have_no_room_are_left_out_oldest_first() -> None:
    keys = [str(n) for n in range(30)]
    lines, _ = history(keys, [Point(1.0)] * 30, 30, 4, moves={key: f"version-{key}" for key in keys[1:]})
    assert "^version-29" in shown(lines[-2]) and "^version-28" not in shown(lines[-2])


@given(
    st.lists(st.tuples(st.sampled_from(NASTY), st.one_of(st.none(), st.floats())), min_size=1, max_size=30),
    st.integers(0, 130), st.integers(0, 20), st.booleans(),
)  # fmt: skip
def test_histories_fit(given_: list[tuple[str, float | None]], cells: int, rows: int, moved: bool) -> None:
    keys = [f"{key}{n}" for n, (key, _) in enumerate(given_)]
    moves = {key: key for key in keys} if moved else None
    lines, _ = history(keys, [Point(v) for _, v in given_], cells, rows, here=keys[-1], moves=moves)
    assert len(lines) <= min(rows, TALLEST + 2)
    assert all(width(shown(line)) <= min(max(cells, 1), WIDEST + 1) for line in lines)


def test_two_blocks_side_by_side() -> None:
    found = beside([(Span("客户"),), (Span("a"),)], [(Span("1"),), (Span("2"),), (Span("3"),)], 6)
    assert [shown(line) for line in found] == ["客户  1", "a     2", "      3"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "now"), (4, "now"), (45, "45 s ago"), (120, "2 min ago"), (3 * 3600, "3 h ago"), (3 * 86400, "3 days ago"),
     (100 * 86400, "3 months ago"), (1000 * 86400, "3 years ago"), (-7200, "in 2 h"), (-30, "in 30 s")],
)  # fmt: skip
def test_ages(seconds: int, said: str) -> None:
    now = datetime(2026, 4, 1, tzinfo=UTC)
    assert ages.ago(now - timedelta(seconds=seconds), now) == said
