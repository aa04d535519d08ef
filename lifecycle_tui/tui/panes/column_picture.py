"""How one column was in the reference and is in a window, and how far it moved since. Called by the drift pane.

With room all of it shows at once; where there is little, one view of it at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.plots.chart import Level, Point
from lifecycle_tui.tui import column_facts, column_table, marks, view
from lifecycle_tui.tui.column_facts import CHANGE, Shape
from lifecycle_tui.tui.pictures import beside, densities, fitted, histogram, history, overlaid
from lifecycle_tui.tui.text import Line, Span, cut, joined, number, safe
from lifecycle_tui.tui.view import ColumnLine

ROOM, HIGH = 104, 12
"""Cells and rows from which on everything shows at once."""

BARS, DENSITY, TABLE, HISTORY = "histogram", "density", "table", "history"
VIEWS = (BARS, DENSITY, TABLE, HISTORY)
"""In the order of the key."""

LEAST, MOST = -2.0, 8.0
"""Ends of the scale of evidence, in powers of ten of the budget: beyond, nobody looks at the size."""

Past = Sequence[tuple[str, Signal | None]]
"""(window, signal), oldest first."""


@dataclass(frozen=True, slots=True)
class _History:
    """The windows that histories show, and the chosen one; `cursor`: it is drawn as one."""

    past: Past
    starts: Sequence[datetime | None]
    here: str
    cursor: bool

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.past]


def leading(column: ColumnLine) -> Signal | None:
    """The signal whose history is drawn: the verdict's, else one with an effect, else the first."""
    own = column.signal(CHANGE)
    known = [signal for _, signal in column.signals if view.effect(signal) is not None]
    return own or (known[0] if known else column.signals[0][1] if column.signals else None)


def views(cells: int, rows: int) -> tuple[str, ...]:
    """Those that there is a choice of."""
    return (BARS, DENSITY) if cells >= ROOM and rows >= HIGH else VIEWS


def picture(
    column: ColumnLine, window: str, past: Past, cells: int, rows: int, chosen: str = BARS, *,
    starts: Sequence[datetime | None] = (), cursor: bool = False,
) -> list[Line]:  # fmt: skip
    """The column as it was and is.

    Args:
        past: of the signal that `leading` names; starts: of its windows, where they have a time.
        chosen: one of `VIEWS`; what does not say anything of this column gives way to the histogram.
        cursor: whether the window is marked through the histories by a line.
    """
    told = _History(past, starts, window, cursor)
    if len(views(cells, rows)) == len(VIEWS):
        return _narrow(column, told, cells, rows, chosen)
    shape = _shape(column)
    below = column_table.lines(column, shape, cells)
    below = below[: max(0, rows - 8)]
    upper = rows - len(below) - bool(below)
    left_cells = cells * 11 // 20
    left = _distribution(column, window, shape, left_cells, upper, chosen)
    right_cells = cells - left_cells - 1
    evidence = _evidence(told, right_cells, upper // 2) if upper >= 14 else []
    right = [*_effects(column, told, right_cells, upper - len(evidence)), *evidence]
    return [*beside(left, right, left_cells + 1), *([()] if below else []), *below]


def _narrow(column: ColumnLine, told: _History, cells: int, rows: int, chosen: str) -> list[Line]:
    """One view alone; from `ROOM` cells on the history stands beside it."""
    shape = _shape(column)
    if chosen == TABLE:
        found = column_table.lines(column, shape, cells)
        return [(Span(f" {column.name}", "bold"),), *found][:rows] if found else [_nothing(column)]
    if chosen == HISTORY and cells < ROOM:
        half, name = cells // 2, (Span(f" {column.name}", "bold"),)
        left = _effects(column, told, half if cells >= 60 else cells, rows - 1) or [_nothing(column)]
        right = _evidence(told, cells - half - 1, rows - 1) if cells >= 60 else []
        return [name, *(beside(left, right, half + 1) if right else left)]
    left_cells = cells if cells < ROOM else cells * 11 // 20
    left = _distribution(column, told.here, shape, left_cells, rows, chosen)
    if cells < ROOM:
        return left
    return beside(left, _effects(column, told, cells - left_cells - 1, rows), left_cells + 1)


def _nothing(column: ColumnLine) -> Line:
    return (Span(f" {column.name}  ", "bold"), Span("nothing of it was kept in this window", "dim"))


def _shape(column: ColumnLine) -> Shape | None:
    own = column.signal(CHANGE)
    return None if own is None else column_facts.shape(own.detail)


def _distribution(
    column: ColumnLine, window: str, shape: Shape | None, cells: int, rows: int, chosen: str
) -> list[Line]:
    found = next((bars for _, signal in column.signals if (bars := view.bars(signal.detail)) is not None), None)
    tone = marks.signal(column.state).tone if column.state == "drifted" else "info"
    density = shape.density if shape is not None else None
    small = marks.plain_glyphs()
    over = {"ascii": ("::", "**"), "block": ("░░", "▀▀"), "braille": ("⠵⠵", "⠉⠉")}[marks.plot_glyphs()]
    beside_ = ("left :", "right #") if small else ("left █", "right █")
    if chosen == DENSITY and density is not None:
        return [_caption(column, window, tone, over, "densities", cells), *densities(density, cells, rows - 1, tone)]
    if found is None:
        says: Line = (Span(" Its values were not counted in bins.", "dim"),)
        return [_caption(column, window, tone, beside_, "", cells), says]
    none = "no density" if chosen == DENSITY else ""
    if found.numbers:
        return [_caption(column, window, tone, over, none, cells), *overlaid(found, cells, rows - 1, tone)]
    return [_caption(column, window, tone, beside_, none, cells), *histogram(found, cells, rows - 1, tone)]


def _caption(column: ColumnLine, window: str, tone: str, signs: tuple[str, str], more: str, cells: int) -> Line:
    """Whose picture it is, and how both sides are drawn."""
    spans = (
        Span(f" {cut(safe(column.name), max(4, cells // 3))}  ", "bold"), Span(f"{signs[0]} reference  ", "dim"),
        Span(f"{signs[1]} {window}  ", tone), Span(more, "dim"),
    )  # fmt: skip
    return fitted(spans, cells)


def _effects(column: ColumnLine, told: _History, cells: int, rows: int) -> list[Line]:
    """How far it has moved, window by window, with the interval and the floor below which nothing is drift."""
    signal = leading(column)
    if signal is None or not told.past:
        return []
    by_effect = view.effect(signal) is not None
    own = view.detector(signal) == CHANGE
    points = [
        Point(None) if s is None else
        Point(view.effect(s) if by_effect else s.value, s.lower if own else None, s.upper if own else None)
        for _, s in told.past
    ]  # fmt: skip
    judged = column_facts.verdict(signal) if own else None
    floor = None if judged is None else judged.floor
    what = "how far it moved" if own else f"effect by {view.detector(signal)}" if by_effect else signal.name
    lines, _ = history(
        told.keys, points, cells, rows - 1, low=0.0, here=told.here, starts=told.starts, cursor=told.cursor,
        levels=[] if floor is None else [Level(floor, "warning")],
    )  # fmt: skip
    if not lines:
        return [fitted((Span(f"{what}: no number in {len(told.past)} windows", "dim"),), cells)]
    known = [p.value for p in points if p.value is not None]
    said = f", {len(told.past)} windows, at most {number(max(known))}"
    rule = "-" if marks.plain_glyphs() else "─"
    level = Span("" if floor is None else f"  {rule} floor {number(floor)}", "warning")
    return [fitted((Span(what, "bold"), level, Span(said, "dim")), cells), *lines]


def read_off(column: ColumnLine, window: str, signal: Signal | None) -> Line:
    """One window of a column's history in words."""
    if signal is None:
        return (Span(f" {window}  ", "bold"), Span(f"{column.name}: not measured"))
    mark = marks.signal(signal.state)
    size = view.effect(signal)
    value = f"{number(signal.value if size is None else size)} {view.interval(signal)}".strip()
    return (Span(f" {window}  ", "bold"), Span(f"{column.name}  "), Span(f"{mark.text()}  ", mark.tone),
            Span(joined((value, view.said(signal)))))  # fmt: skip


def _evidence(told: _History, cells: int, rows: int) -> list[Line]:
    """How much evidence there was against chance: p against the budget, in powers of ten; nothing without verdicts."""
    points = [Point(_against(s)) for _, s in told.past]
    lines, _ = history(
        told.keys, points, cells, rows - 1, levels=[Level(0.0, "warning")], here=told.here, write=_times,
        starts=told.starts, cursor=told.cursor,
    )  # fmt: skip
    if not lines:
        return []
    rule = "-" if marks.plain_glyphs() else "─"
    caption = (Span("evidence", "bold"), Span(f"  {rule} budget", "warning"), Span(": above it p is smaller", "dim"))
    return [fitted(caption, cells), *lines]


def _against(signal: Signal | None) -> float | None:
    judged = column_facts.verdict(signal)
    if judged is None or judged.p is None or not judged.alpha or judged.alpha <= 0:
        return None
    if judged.p <= 0:
        return MOST
    return max(LEAST, min(MOST, math.log10(judged.alpha) - math.log10(judged.p)))


def _times(value: float) -> str:
    """By how much p lies below the budget: `x100`."""
    if value == 0:
        return "p = budget"
    return f"x {10**value:,.0f}" if 0.3 <= value <= 4 else f"x 1e{value:.0f}" if value > 4 else f"x {10**value:.2g}"
