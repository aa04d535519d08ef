"""The first screen: every model, worst first, with what is wrong and a little of its past. Opened by the app."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from lifecycle_tui.plots import sparkline
from lifecycle_tui.state.fleet import FleetRow
from lifecycle_tui.tui import marks
from lifecycle_tui.tui.grid import Cell, Column, Grid
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, count, joined, moment, number, percent

EMPTY = "Nothing was checked yet. Run `lifecycle check`: what it finds appears here."
TREND = 8
"""Windows in the small history."""


def _health(m: FleetRow) -> Cell:
    mark = marks.health(m.health)
    return Cell(mark.text(), mark.tone)


def _drift(m: FleetRow) -> Cell:
    if m.drift_share is None:
        return Cell("-", "dim")
    share = f"{m.drift_count}/{m.drift_columns}" if m.drift_columns else percent(m.drift_share)
    return Cell(f"{share} {number(m.drift_max, 2)}", "warning" if m.drift_count else "")


def _metric(m: FleetRow) -> Cell:
    if m.metric is None:
        return Cell("-", "dim")
    return Cell(f"{m.metric} {number(m.metric_value)}")


def _trend(m: FleetRow) -> Cell:
    past = m.metric_history if m.metric is not None else m.drift_history
    return Cell(sparkline(past, TREND, ascii_only=marks.plain_glyphs()))


def _long_trend(m: FleetRow) -> Cell:
    return Cell(sparkline(m.drift_history, 16, low=0.0, ascii_only=marks.plain_glyphs()))


def _alerts(m: FleetRow) -> Cell:
    if not m.alerts_open:
        return Cell("")
    mark = marks.severity(m.severity)
    return Cell(f"{m.alerts_open} {mark.sign()}", mark.tone)


COLUMNS: tuple[Column[FleetRow], ...] = (
    Column("health", "state", 10, _health, sort=lambda m: marks.health(m.health).rank),
    Column("name", "model", 15, lambda m: Cell(m.name, "bold"), sort=lambda m: m.name.casefold(), grow=3, most=44),
    Column("champion", "ver", 4, lambda m: Cell("-" if m.champion is None else str(m.champion)),
           sort=lambda m: m.champion, down=True),
    Column("window", "window", 10, lambda m: Cell(m.window_key or "-"), sort=lambda m: m.window_key, down=True,
           grow=1, most=19),
    Column("drift", "drift max", 9, _drift, sort=lambda m: m.drift_share, down=True),
    Column("metric", "metric", 12, _metric, sort=lambda m: m.metric, grow=1, most=20),
    Column("trend", "trend", TREND, _trend),
    Column("alerts", "!", 3, _alerts, sort=lambda m: m.alerts_open or None, down=True),
    Column("rows", "rows", 10, lambda m: Cell(count(m.window_rows)), sort=lambda m: m.window_rows, down=True,
           right=True, needs=100),
    Column("drifts", "drift share", 16, _long_trend, needs=120),
    Column("owner", "owner", 12, lambda m: Cell(m.owner or "-"), sort=lambda m: m.owner, needs=140),
    Column("task", "task", 10, lambda m: Cell(m.task or "-"), sort=lambda m: m.task, needs=140),
    Column("message", "why", 20, lambda m: Cell(m.message or "", "dim"), grow=9, needs=150),
)  # fmt: skip


class FleetScreen(View):
    """All models of a workspace."""

    NAME = "fleet"
    ACTIONS = ("retrain",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="fleet.open", tooltip="open the model"),
        Binding("s", "sort", "sort", id="fleet.sort", tooltip="sort by the next column"),
        Binding("S", "reverse", "turn the order around", show=False, id="fleet.reverse"),
    ]

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.grid: Grid[FleetRow] = Grid(COLUMNS, key=lambda m: m.name, text=_searched, empty=EMPTY, id="fleet")

    def body(self) -> Iterable[Widget]:
        yield self.grid

    def load(self) -> None:
        """Read the fleet; only rows that changed are painted."""
        self.grid.show(self.source.fleet())

    def filterable(self) -> Grid[FleetRow]:
        return self.grid

    def subject(self) -> Subject:
        return Subject(model=None if self.grid.row is None else self.grid.row.name)

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Open the model under the cursor."""
        if self.grid.row is not None:
            from lifecycle_tui.tui.screens.model import ModelScreen

            self.app.push_screen(ModelScreen(self.source, self.grid.row.name))

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.grid.sort_next()

    def action_reverse(self) -> None:
        """Turn the order around."""
        self.grid.sort_reverse()

    def heading(self) -> tuple[Line, Line]:
        words = (
            f"filter: {self.grid.filter}" if self.grid.filter else "",
            f"by {self.grid.sorting}" if self.grid.sorting else "",
            self.grid.place,
        )
        left = (Span(f" lifecycle  {self.source.name}  "), *self._clock(), *self._counts())
        return left, (Span(f"  {joined(words)} "),)

    def about(self) -> Line:
        return _detail(self.grid.row)

    def _clock(self) -> Line:
        clock = self.source.clock()
        return () if clock is None else (Span(f"simulated {moment(clock.at)}  "),)

    def _counts(self) -> Line:
        found: dict[str, int] = {}
        for row in self.grid.rows:
            found[row.health] = found.get(row.health, 0) + 1
        parts = [f"{n} {name}" for name, n in sorted(found.items(), key=lambda item: marks.health(item[0]).rank)]
        return (Span(joined(parts)),)


def _searched(m: FleetRow) -> str:
    """What a filter looks in."""
    return " ".join((m.name, m.health, m.owner or "", m.task or "", m.metric or "", m.window_key or "", *m.tags))


def _detail(m: FleetRow | None) -> Line:
    """One line about the model under the cursor: why it is in its state."""
    if m is None:
        return ()
    mark = marks.health(m.health)
    said = m.message or ("never checked" if m.evaluated_at is None else "")
    column = f"most: {m.drift_column} {number(m.drift_max)}" if m.drift_column and m.drift_count else ""
    checked = f"checked {moment(m.evaluated_at)}" if m.evaluated_at else ""
    return (Span(f" {mark.sign()} {m.name}  ", mark.tone), Span(joined((said, column, checked))))
