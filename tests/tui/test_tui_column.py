"""What the drift pane says of one column: the table, the verdict, the picture in each of its views."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.tui import column_facts, column_table, view
from lifecycle_tui.tui.panes import column_picture
from lifecycle_tui.tui.screens import detail
from lifecycle_tui.tui.text import Line, safe, width

SHAPE: dict[str, Any] = {
    "kind": "numeric",
    "quantiles": [1, 5, 25, 50, 75, 95, 99],
    "reference": {"rows": 9000, "missing": 90, "minimum": -3.5, "maximum": 41234.5, "mean": 0.5, "std": 1.25,
                  "quantiles": [-2, -1, 0, 0.5, 1, 2, 3]},
    "window": {"rows": 120, "missing": 0, "minimum": -1, "maximum": 4, "mean": 1.5, "std": 1,
               "quantiles": [-1, 0, 1, 1.5, 2, 3, None]},
    "density": {"low": -2, "high": 4, "reference": [0, 100, 255, 100, 0], "window": [0, 0, 50, 200, 20]},
}  # fmt: skip
BARS = {"names": ["-2", "0", "2"], "reference": [10, 20, 10], "window": [0, 5, 9], "edges": [-2, 0, 2, 4]}


def change(effect: float = 0.3, p: float = 1e-6, **more: Any) -> Signal:
    """The verdict of a column that moved."""
    judged = {"p_adjusted": p, "alpha": 0.01, "windows": 4, "basis": "variation of 51 reference windows",
              "detectable": 0.2, "lasting": 0.05}  # fmt: skip
    detail = {"effect": effect, "floor": 0.01, "verdict": judged, "shape": SHAPE, **more}
    return Signal("change.a", effect, effect - 0.1, effect + 0.1, 120, "drifted", "drifted: values are higher", "a", "",
                  detail)  # fmt: skip


def column(*signals: Signal) -> view.ColumnLine:
    """The column as the pane gets it."""
    return view.column_lines(signals)[0]


MOVED = column(change(), Signal("ks.a", 0.3, state="drifted", column="a", detail={"bars": BARS, "effect": 0.3}))
PAST = [("w1", None), ("w2", change(0.01, 0.8)), ("w3", change(0.3))]


def said(lines: list[Line]) -> list[str]:
    """As text."""
    return ["".join(safe(span.text) for span in line).rstrip() for line in lines]


def test_the_table_has_both_sides_and_what_the_verdict_rests_on() -> None:
    told = said(column_table.lines(MOVED, column_facts.shape(change().detail), 130))
    assert told[0].split() == [
        "min", "1%", "5%", "25%", "50%", "75%", "95%", "99%", "max", "mean", "std", "rows", "missing",
    ]  # fmt: skip
    assert told[1].split() == ["reference", "-3.500", "-2.000", "-1.000", "0.000", "0.500", "1.000", "2.000", "3.000",
                               "41,234", "0.500", "1.250", "9,000", "1.0%"]  # fmt: skip
    assert told[2].split()[8:10] == ["-", "4.000"], "a quantile that is not known"
    words = " ".join(" ".join(told[3:]).split())
    assert "drifted: values are higher" in words and "4 windows summed" in words
    assert "p 1e-06 of a budget of 0.01" in words and "floor 0.010" in words
    assert "smallest that one window shows 0.200 · that lasts 0.050" in words


@pytest.mark.parametrize("cells", [200, 80, 40, 21, 5, 1])
def test_the_table_leaves_out_what_does_not_fit(cells: int) -> None:
    found = column_table.table(column_facts.shape(change().detail), cells)
    assert len(found) == 3
    if cells >= 21:
        assert all(width(line) <= cells for line in said(found))
    if cells == 80:
        assert "50%" in said(found)[0] and "1%" not in said(found)[0].split()


@pytest.mark.parametrize(
    "shape",
    [None, 3, {}, {"quantiles": "x", "reference": 7}, {"reference": {"rows": -1, "mean": float("nan")}},
     {"kind": 5, "quantiles": [1], "reference": {"quantiles": [1, 2]}, "density": {"low": 1, "high": 10**400}}],
)  # fmt: skip
def test_a_shape_that_is_none_is_left_out(shape: object) -> None:
    """Of an older program, or of none."""
    line = column(change(shape=shape))
    for chosen in column_picture.VIEWS:
        for size in ((80, 7), (120, 22), (10, 2), (1, 1)):
            said(column_picture.picture(line, "w3", PAST, *size, chosen=chosen))


def test_labels_have_their_number_and_times_no_quantiles() -> None:
    labels = {"kind": "categorical", "reference": {"rows": 10, "missing": 1, "distinct": 3}, "window": {"rows": 0}}
    told = said(column_table.table(column_facts.shape({"shape": labels}), 80))
    assert told[0].split() == ["rows", "missing", "labels"] and told[1].split()[1:] == ["10", "10%", "3"]
    assert told[2].split() == ["window", "0", "-", "-"]
    assert said(column_table.table(column_facts.shape({"shape": {**SHAPE, "kind": "time"}}), 80))[0].split() == [
        "rows", "missing",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [("histogram", "reference  ⠉⠉ w3"), ("density", "densities"), ("table", "25%"), ("history", "how far it moved")],
)
def test_a_small_screen_has_one_view_at_a_time(chosen: str, wanted: str) -> None:
    told = said(column_picture.picture(MOVED, "w3", PAST, 80, 7, chosen))
    assert any(wanted in line for line in told), told
    assert all(width(line) <= 80 for line in told) and len(told) <= 7
    assert told[0].startswith(" a"), "whose it is"


def test_the_history_has_the_floor_and_the_evidence_the_budget() -> None:
    told = "\n".join(said(column_picture.picture(MOVED, "w3", PAST, 80, 7, "history")))
    assert "floor 0.010" in told and "p = budget" in told and "x 10,000" in told


def test_a_large_screen_has_everything_at_once() -> None:
    told = said(column_picture.picture(MOVED, "w3", PAST, 120, 22))
    whole = "\n".join(told)
    for wanted in (
        "reference  ⠉⠉ w3",
        "how far it moved  ─ floor 0.010",
        "evidence",
        "p = budget",
        "50%",
        "4 windows summed",
    ):
        assert wanted in whole
    assert len(told) <= 22 and all(width(line) <= 120 for line in told)


def test_all_that_is_known_of_a_column_has_its_table() -> None:
    told = "\n".join(said(detail.lines(MOVED, {}, 100)))
    assert "reference" in told and "50%" in told and "ks" in told


def test_columns_come_by_drift_times_importance() -> None:
    found = [change()] + [
        Signal(f"change.{name}", effect, state="drifted", column=name, detail={"effect": effect})
        for name, effect in (("b", 0.9), ("c", 0.1))
    ]
    ranks = [{"column": "c", "importance": 0.8, "score": 0.08}, {"column": "b", "importance": 0.01, "score": 0.009},
             {"column": 4}, "nonsense"]  # fmt: skip
    reading = Signal("reading", None, detail={"columns": ranks})
    assert [c.name for c in view.column_lines(found, reading)] == ["c", "b", "a"]
    assert [c.name for c in view.column_lines(found)] == ["b", "a", "c"], "by size where it is not known"
    assert view.column_lines(found, reading)[0].importance == 0.8
