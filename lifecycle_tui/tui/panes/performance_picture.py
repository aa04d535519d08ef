"""One signal over its windows: value, interval, the rules' thresholds, who began to serve when. Called by its pane."""

from __future__ import annotations

from collections.abc import Callable

from lifecycle_tui.plots.chart import Level, Point
from lifecycle_tui.tui import ages, marks, view
from lifecycle_tui.tui.panes.performance_rows import SeriesLine, level_text, said
from lifecycle_tui.tui.pictures import fitted, history
from lifecycle_tui.tui.text import Line, Span, number
from lifecycle_tui.tui.thresholds import Threshold


def picture(line: SeriesLine, here: str | None, cells: int, rows: int) -> list[Line]:
    """The caption and the chart.

    Args:
        here: the window that is marked.
    """
    series = line.series
    points = [
        Point(p.value, None if p.signal is None else p.signal.lower, None if p.signal is None else p.signal.upper,
              p.mature or not p.version)
        for p in series.points
    ]  # fmt: skip
    levels = [Level(t.value, marks.severity(t.severity).tone or "dim") for t in line.thresholds]
    drawn, made = history(
        [p.key for p in series.points], points, cells, rows - 1, levels=levels, here=here, moves=series.moves,
        write=_writer(line),
    )  # fmt: skip
    outside = [t for t in line.thresholds if any(lv.value == t.value for lv in made.beyond)] if drawn else []
    caption = _caption(line, any(not p.final and p.value is not None for p in points), outside, cells)
    if not drawn:
        return [caption, (Span(f" No number in the last {len(points)} windows: labels have yet to come.", "dim"),)]
    return [caption, *drawn]


def _writer(line: SeriesLine) -> Callable[[float], str]:
    """Writes the labels of the scale as the list writes its values."""
    name = line.series.name
    return lambda value: _label(name, value)


def _label(name: str, value: float) -> str:
    if name == view.LATE:
        return ages.span(value)
    if view.counted(name):
        return f"{value:,.0f}"
    return level_text(value) if abs(value) >= 0.0005 or value == 0 else number(value)


def _caption(line: SeriesLine, unfinal: bool, outside: list[Threshold], cells: int) -> Line:
    """What is drawn: the signal, each threshold in its tone, and what dotted means; as much as fits."""
    series = line.series
    whose = "as served" if series.served else f"of {line.scorer}"
    spans = [Span(f" {series.name} ", "bold"), Span(f"{whose}  ", "dim")]
    rule = "-" if marks.plain_glyphs() else "─"
    for threshold in line.thresholds:
        out = " (off the scale)" if threshold in outside else ""
        spans.append(Span(f"{rule} {said(threshold)}{out}  ", marks.severity(threshold.severity).tone))
    if unfinal:
        spans.append(Span("dotted: more labels expected", "dim"))
    return fitted(spans, cells)
