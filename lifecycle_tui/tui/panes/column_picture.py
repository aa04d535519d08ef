"""How one column was in the reference and is in a window, and how far it moved since. Called by the drift pane."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.plots.chart import Point
from lifecycle_tui.tui import marks, view
from lifecycle_tui.tui.pictures import beside, histogram, history
from lifecycle_tui.tui.text import Line, Span, number
from lifecycle_tui.tui.view import ColumnLine

ROOM = 104
"""Cells from which on the history stands beside the histogram."""

Past = Sequence[tuple[str, Signal | None]]
"""(window, signal), oldest first."""


def leading(column: ColumnLine) -> Signal | None:
    """The signal whose history is drawn: one with an effect, for effects are on a common scale; else the first."""
    known = [signal for _, signal in column.signals if view.effect(signal) is not None]
    return known[0] if known else column.signals[0][1] if column.signals else None


def picture(column: ColumnLine, window: str, past: Past, cells: int, rows: int) -> list[Line]:
    """The caption, the histogram, and beside it, where there is room, the history.

    Args:
        past: of the signal that `leading` names.
    """
    left_cells = cells if cells < ROOM else cells * 11 // 20
    found = next((bars for _, signal in column.signals if (bars := view.bars(signal.detail)) is not None), None)
    tone = marks.signal(column.state).tone if column.state == "drifted" else "info"
    block = "#" if marks.plain_glyphs() else "█"
    shade = ":" if marks.plain_glyphs() else "█"
    caption: Line = (
        Span(f" {column.name}  ", "bold"), Span(f"left {shade} reference", "dim"), Span("  "),
        Span(f"right {block} {window}", tone),
    )  # fmt: skip
    left = [caption]
    left += histogram(found, left_cells, rows - 1, tone) if found is not None else [
        (Span(" Its values were not counted in bins.", "dim"),)
    ]  # fmt: skip
    if cells < ROOM:
        return left
    return beside(left, _past(column, window, past, cells - left_cells - 1, rows), left_cells + 1)


def _past(column: ColumnLine, window: str, past: Past, cells: int, rows: int) -> list[Line]:
    signal = leading(column)
    if signal is None or not past:
        return []
    by_effect = view.effect(signal) is not None
    values = [None if s is None else view.effect(s) if by_effect else s.value for _, s in past]
    what = f"effect by {view.detector(signal)}" if by_effect else signal.name
    lines, _ = history(
        [key for key, _ in past], [Point(value) for value in values], cells, rows - 1, low=0.0, here=window
    )
    if not lines:
        return [(Span(f"{what}: no number in {len(past)} windows", "dim"),)]
    known = [value for value in values if value is not None]
    said = f", {len(past)} windows, at most {number(max(known))}"
    return [(Span(what, "bold"), Span(said, "dim")), *lines]
