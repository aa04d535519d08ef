"""All that is known of one row of the model screen: a column, a signal, or a finding of the data report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import DataFinding
from lifecycle_tui.plots import histogram_pair
from lifecycle_tui.tui import column_facts, column_table, keys, marks, view
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.reader import Reading
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import Line, Span, count, fold, joined, number
from lifecycle_tui.tui.view import ColumnLine, SignalLine
from lifecycle_tui.tui.widgets.banner import Banner
from lifecycle_tui.tui.widgets.lines import Bar, Footer
from lifecycle_tui.tui.widgets.pager import Pager

PAST = 60
"""Windows of the past that are drawn."""
Row = ColumnLine | SignalLine | tuple[int, DataFinding]
Past = dict[str, list[Signal | None]]


class DetailScreen(Guarded, Screen[None]):
    """Everything about one row, to be read; it is a picture of the moment it was opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "app.pop_screen", "back", id="detail.back"),
    ]

    def __init__(self, source: Source, model: str, window: str, row: Row) -> None:
        super().__init__()
        self._source, self._model, self._window, self._row = source, model, window, row
        self._past: Past = {}
        self._reads = Reading(self._failed)

    def compose(self) -> ComposeResult:
        yield Bar(tone="title", id="title")
        yield Banner()
        yield Pager(lambda cells: [(), *lines(self._row, self._past, cells)], id="text")
        yield Footer(lambda: keys.footer([DetailScreen, Pager]))

    def on_mount(self) -> None:
        self._title()
        self.query_one(Pager).focus()
        self._reads.begin("past", self._read)

    def on_unmount(self) -> None:
        self._reads.leave()

    def _title(self, trouble: str = "") -> None:
        right = (Span(f" {trouble} ", "critical"),) if trouble else ()
        self.query_one("#title", Bar).say((Span(f" {self._model}  {self._window}  {_name(self._row)}"),), right)

    async def _read(self) -> None:
        self._past = await past_of(self._source, self._model, self._row)
        self.query_one(Pager).renew()

    def _failed(self, exc: Exception) -> None:
        """The row's own numbers are at hand; only its past is not."""
        self._title(f"its past cannot be read: {exc}")


async def past_of(source: Source, model: str, row: Row) -> Past:
    """The row's signals over the last windows.

    Raises:
        StateError, sqlite3.Error: if they cannot be read now.
    """
    if isinstance(row, ColumnLine):
        return await source.past(model, [s.name for _, s in row.signals], PAST)
    if isinstance(row, SignalLine):
        return await source.past(model, [row.signal.name], PAST, version=row.version)
    return {}


def lines(row: Row, past: Past, cells: int) -> list[Line]:
    """All that is known of a row, in lines of at most `cells` cells."""
    if isinstance(row, ColumnLine):
        return _column(row, past, cells)
    if isinstance(row, SignalLine):
        return _signal(row.signal.name, row.signal, past, cells)
    return _finding(row[1], cells)


def _name(row: Row) -> str:
    if isinstance(row, ColumnLine):
        return row.name
    return row.signal.name if isinstance(row, SignalLine) else row[1].code


def _column(row: ColumnLine, past: Past, cells: int) -> list[Line]:
    mark = marks.signal(row.state)
    lines: list[Line] = [
        (Span(f" {row.name}  ", "bold"), Span(f"{mark.text()}  ", mark.tone), Span(f"effect {number(row.effect)}"))
    ]
    if row.message not in {signal.message for _, signal in row.signals}:
        lines += _folded(row.message, cells)
    own = row.signal(column_facts.CHANGE)
    shape = None if own is None else column_facts.shape(own.detail)
    if shape is not None:
        lines += [(), *column_table.table(shape, cells)]
    for name, signal in row.signals:
        lines.append(())
        lines += _signal(name, signal, past, cells)
    return lines


def _signal(title: str, signal: Signal, past: Past, cells: int) -> list[Line]:
    mark = marks.signal(signal.state)
    p_value = signal.detail.get("p_value")
    numbers = joined(
        (
            view.shown(signal, 4) if signal.state != "error" else view.where(signal),
            view.interval(signal),
            f"n {count(signal.n)}" if signal.n is not None else "",
            f"p {p_value:.2g}" if isinstance(p_value, float) else "",
            f"effect {number(view.effect(signal), 4)}" if view.effect(signal) is not None else "",
        )
    )
    lines: list[Line] = [(Span(f" {title}  ", "bold"), Span(f"{mark.text()}  ", mark.tone), Span(numbers))]
    for said in (signal.message, signal.detail.get("hint"), signal.detail.get("definition")):
        if isinstance(said, str) and said:
            lines += _folded(said, cells)
    found = view.bars(signal.detail)
    if found is not None:
        lines += _histogram(found, cells)
    values = [None if s is None else s.value for s in past.get(signal.name, ())]
    if sum(v is not None for v in values) > 1:
        drawn = view.drawn_past(view.detector(signal), values, min(PAST, cells - 40))
        known = [v for v in values if v is not None]
        lines.append((Span("   past        ", "dim"), Span(drawn),
                      Span(f"  {number(min(known))} to {number(max(known))}", "dim")))  # fmt: skip
    return lines


def _histogram(found: view.Bars, cells: int) -> list[Line]:
    """Two lines of bars, and what the bins stand for."""
    above, below = histogram_pair(found.reference, found.window, min(40, cells - 16), ascii_only=marks.plain_glyphs())
    lines: list[Line] = [
        (Span("   reference   ", "dim"), Span(above)),
        (Span("   this window ", "dim"), Span(below)),
    ]
    named = fold(", ".join(found.names), max(10, cells - 16), most=3)
    return lines + [(Span("   bins        " if n == 0 else " " * 15, "dim"), Span(t)) for n, t in enumerate(named)]


def _finding(finding: DataFinding, cells: int) -> list[Line]:
    lines: list[Line] = [(Span(f" {finding.code}  ", "warning"), Span(f"{count(finding.count)} times"))]
    if finding.column:
        lines.append((Span("   column: ", "dim"), Span(finding.column)))
    lines += _folded(finding.message, cells)
    if finding.effect:
        lines += _folded(f"what was done: {finding.effect}", cells)
    return lines


def _folded(text: str, cells: int) -> Iterable[Line]:
    return [(Span(f"   {line}"),) for line in fold(text, max(10, cells - 4))] if text else []
