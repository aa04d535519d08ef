"""The rows of the performance pane: a signal as it stands, and its windows. Functions from a row to cells, pure."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.plots import sparkline
from lifecycle_tui.tui import marks, view
from lifecycle_tui.tui.cells import Cell, Column
from lifecycle_tui.tui.reads.performance import Measured, Series
from lifecycle_tui.tui.reads.segments import ESTIMATED, small
from lifecycle_tui.tui.text import count, number, percent
from lifecycle_tui.tui.thresholds import Threshold

PAST = 12


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """A series, and the thresholds of the rules that read its signal.

    Attributes:
        segment: what is told of its name where the list is of one signal's segments.
    """

    series: Series
    thresholds: tuple[Threshold, ...]
    segment: str = ""

    @property
    def key(self) -> str:
        """Unique within a model."""
        return self.series.key

    @property
    def scorer(self) -> str:
        """Whose it is, in words."""
        if self.series.served:
            return "serving"
        return self.series.version or "all rows"

    @property
    def broken(self) -> tuple[Threshold, ...]:
        """The thresholds past which the newest value lies, the worst first. Whether the rule fires is another matter.

        Rules read who serves, so that one version's series breaks none.
        """
        newest = None if self.series.version else self.series.newest
        found = () if newest is None else (t for t in self.thresholds if beyond(t, newest.signal))
        return tuple(sorted(found, key=lambda t: marks.severity(t.severity).rank))


def beyond(threshold: Threshold, signal: Signal | None) -> bool:
    """Whether a signal's value, or the end of its interval that is compared, lies past a threshold."""
    if signal is None:
        return False
    at = {"value": signal.value, "lower": signal.lower, "upper": signal.upper}[threshold.bound]
    return at is not None and at == at and threshold.holds(at)


def said(threshold: Threshold) -> str:
    """`auc.upper < 0.9 in 2 windows`."""
    often = f" in {threshold.windows} windows" if threshold.windows > 1 else ""
    return f"{threshold.text} {level_text(threshold.value)}{often}"


def level_text(value: float) -> str:
    """A threshold as people wrote it: no zeros that say nothing."""
    text = number(value)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def silent(series: Series) -> bool:
    """Whether the newest window's number is withheld, so that an older one would reassure without grounds."""
    if small(series):
        return True
    last = next((p.signal for p in reversed(series.points) if p.signal is not None), None)
    return series.name.startswith(ESTIMATED) and last is not None and last.value is None


def _state(line: SeriesLine) -> Cell:
    if silent(line.series):
        mark = marks.signal("cannot-tell")
        return Cell(f"{mark.sign()} {'small' if small(line.series) else 'withheld'}", mark.tone)
    newest = line.series.newest
    if line.broken:
        mark = marks.severity(line.broken[0].severity)
        return Cell(f"{mark.sign()} {mark.word}", mark.tone)
    if newest is None or newest.signal is None:
        last = next((p.signal for p in reversed(line.series.points) if p.signal is not None), None)
        mark = marks.signal("unknown" if last is None else last.state)
        return Cell(mark.text(), mark.tone)
    mark = marks.signal(newest.signal.state)
    return Cell(mark.text(), mark.tone)


def _value(line: SeriesLine) -> Cell:
    newest = line.series.newest
    return Cell("-", "dim") if newest is None or silent(line.series) else signal_value(newest.signal)


def signal_value(signal: Signal | None) -> Cell:
    """The number, or why there is none, in a cell."""
    if signal is None:
        return Cell("", "dim")
    if signal.state == "error":
        return Cell(f"{marks.signal('error').sign()} {view.where(signal)}", "error")
    return Cell(view.shown(signal)) if signal.value is not None else Cell("-", "dim")


def _interval(line: SeriesLine) -> Cell:
    newest = None if silent(line.series) else line.series.newest
    return Cell("" if newest is None or newest.signal is None else view.interval(newest.signal), "dim")


def _rule(line: SeriesLine) -> Cell:
    shown = line.broken or line.thresholds
    if not shown:
        return Cell("")
    bound = "" if shown[0].bound == "value" else f"{shown[0].bound} "
    more = f" +{len(line.thresholds) - 1}" if len(line.thresholds) > 1 else ""
    tone = marks.severity(shown[0].severity).tone if line.broken else "dim"
    return Cell(f"{bound}{shown[0].op} {level_text(shown[0].value)}{more}", tone)


def _past(line: SeriesLine) -> Cell:
    return Cell(sparkline([p.value for p in line.series.points], PAST, ascii_only=marks.plain_glyphs()))


SERIES_COLUMNS: tuple[Column[SeriesLine], ...] = (
    Column("state", "state", 10, _state),
    Column("name", "signal", 14, lambda r: Cell(r.segment or r.series.name, "bold"), sort=lambda r: r.series.name,
           grow=2, most=30),
    Column("version", "of", 8, lambda r: Cell(r.scorer, "dim"), sort=lambda r: r.scorer, grow=1, most=16),
    Column("value", "value", 9, _value, sort=lambda r: r.series.newest.value if r.series.newest else None, right=True),
    Column("interval", "interval", 16, _interval, needs=70, right=True),
    Column("rule", "rule", 15, _rule, sort=lambda r: -len(r.thresholds)),
    Column("past", "past", PAST, _past, needs=94),
)  # fmt: skip


def point_cells(line: SeriesLine | None) -> tuple[Column[Measured], ...]:
    """Columns of the windows of a series."""
    thresholds = () if line is None else line.thresholds

    def value(point: Measured) -> Cell:
        cell = signal_value(point.signal)
        broken = [t for t in thresholds if beyond(t, point.signal)]
        broken.sort(key=lambda t: marks.severity(t.severity).rank)
        if not broken:
            return cell
        mark = marks.severity(broken[0].severity)
        return Cell(f"{mark.sign()} {cell.text}", mark.tone)

    return (
        Column("window", "window", 11, lambda p: Cell(p.key), sort=lambda p: p.key, down=True, grow=2, most=24),
        Column("value", "value", 10, value, sort=lambda p: p.value, right=True),
        Column("interval", "interval", 16, lambda p: Cell(view.interval(p.signal) if p.signal else "", "dim"),
               right=True, needs=56),
        Column("n", "n", 8, lambda p: Cell(count(p.signal.n) if p.signal else "", "dim"), right=True),
        Column("labels", "labels", 6, _labels, sort=_share, down=True, right=True),
        Column("version", "version", 7, lambda p: Cell(p.version or "-"), sort=lambda p: p.version, grow=1, most=14),
        Column("state", "", 14, _final, grow=2, most=30),
    )  # fmt: skip


def _share(point: Measured) -> float | None:
    return point.labels / point.rows if point.rows else None


def _labels(point: Measured) -> Cell:
    return Cell(percent(_share(point)), "" if point.mature else "dim")


def _final(point: Measured) -> Cell:
    if point.signal is not None and point.signal.message:
        return Cell(point.signal.message, "dim")
    return Cell("" if point.mature else "more expected", "dim")
