"""One signal over its windows: value, interval, the rules' thresholds, who began to serve when. Called by its pane."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lifecycle_tui.plots.chart import Level, Point
from lifecycle_tui.tui import ages, marks, view
from lifecycle_tui.tui.column_facts import number as number_
from lifecycle_tui.tui.panes.performance_rows import SeriesLine, level_text, said
from lifecycle_tui.tui.pictures import fitted, history
from lifecycle_tui.tui.reads.performance import Series
from lifecycle_tui.tui.text import Line, Span, cut, number, safe
from lifecycle_tui.tui.thresholds import Threshold


def picture(
    line: SeriesLine, here: str | None, cells: int, rows: int, estimate: Series | None = None, *, cursor: bool = False
) -> list[Line]:
    """The caption and the chart.

    Args:
        here: the window that is marked; cursor: whether by a line through the picture, too.
        estimate: of the same signal, made before its labels were there: its band is drawn behind.
    """
    series = line.series
    expected = _expected(series, estimate)
    told = _trust(estimate, cells) if estimate is not None else []
    points = [
        Point(p.value, None if p.signal is None else p.signal.lower, None if p.signal is None else p.signal.upper,
              p.mature or not p.version)
        for p in series.points
    ]  # fmt: skip
    levels = [Level(t.value, marks.severity(t.severity).tone or "dim") for t in line.thresholds]
    drawn, made = history(
        [p.key for p in series.points], points, cells, rows - 1 - len(told), levels=levels, here=here,
        moves=series.moves, behind=expected, write=_writer(line),
        starts=[p.start for p in series.points], cursor=cursor,
    )  # fmt: skip
    outside = [t for t in line.thresholds if any(lv.value == t.value for lv in made.beyond)] if drawn else []
    caption = _caption(line, any(not p.final and p.value is not None for p in points), outside, cells)
    if not drawn:
        none = (Span(f" No number in the last {len(points)} windows: labels have yet to come.", "dim"),)
        return [caption, *told, none]
    return [caption, *told, *drawn]


def _expected(series: Series, estimate: Series | None) -> list[Point]:
    """The estimates of the same windows; none where there is no number among them."""
    if estimate is None:
        return []
    known = {p.key: p.signal for p in estimate.points}
    found = [known.get(p.key) for p in series.points]
    if not any(s is not None and s.value is not None for s in found):
        return []
    return [Point(None) if s is None else Point(s.value, s.lower, s.upper) for s in found]


def _trust(estimate: Series, cells: int) -> list[Line]:
    """How far to trust the newest estimate, or why there is none."""
    last = next((p for p in reversed(estimate.points) if p.signal is not None), None)
    if last is None or last.signal is None:
        return []
    signal = last.signal
    band = {"ascii": ":", "block": "░", "braille": "⢕"}[marks.plot_glyphs()]
    if signal.value is None:
        return [
            (Span(cut(f" {band} no estimate for {last.key}: {safe(signal.message or signal.state)}", cells), "dim"),)
        ]
    trust = signal.detail.get("trust")
    known = trust if isinstance(trust, Mapping) else {}
    windows, covered, error = (number_(known.get(name)) for name in ("windows", "covered", "error"))
    said = "none has been held against what came true yet"
    if windows and covered is not None:
        off = "" if error is None else f", off by {number(error)} on average"
        said = f"{covered:.0f} of the last {windows:.0f} held what came true{off}"
    return [(Span(cut(f" {band} estimate, 99 %: {said}", cells), "dim"),)]


def _writer(line: SeriesLine) -> Callable[[float], str]:
    """Writes the labels of the scale as the list writes its values."""
    name = line.series.name
    return lambda value: _label(name, value)


def _label(name: str, value: float) -> str:
    if name == view.LATE:
        return ages.span(value)
    if view.counted(name):
        return f"{round(value):,}"
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
