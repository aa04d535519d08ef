"""The first screen: every model, worst first, with what is wrong and a little of its past. Opened by the app."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from lifecycle_tui.plots import sparkline
from lifecycle_tui.state.fleet import FleetRow
from lifecycle_tui.tui import marks
from lifecycle_tui.tui.grid import Cell, Column, Grid
from lifecycle_tui.tui.source import Source, Trouble
from lifecycle_tui.tui.text import Line, Span, count, joined, moment, number, percent
from lifecycle_tui.tui.widgets.lines import Bar, Footer
from lifecycle_tui.tui.widgets.prompt import Prompt

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


class FleetScreen(Screen[None]):
    """All models of a workspace."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="fleet.open", tooltip="open the model"),
        Binding("slash", "filter", "filter", id="fleet.filter",
                tooltip="filter: every word must occur, !word must not"),
        Binding("s", "sort", "sort", id="fleet.sort", tooltip="sort by the next column"),
        Binding("S", "reverse", "turn the order around", show=False, id="fleet.reverse"),
        Binding("escape", "unfilter", "drop the filter", show=False, id="fleet.unfilter"),
        Binding("q", "app.leave(0)", "quit", id="fleet.quit"),
    ]  # fmt: skip

    def __init__(self, source: Source, workspace: str) -> None:
        super().__init__()
        self.source = source
        self.workspace = workspace
        self._trouble = ""
        self._covered = False
        self._ready = False
        self.grid: Grid[FleetRow] = Grid(COLUMNS, key=lambda m: m.name, text=_searched, empty=EMPTY, id="fleet")

    def compose(self) -> ComposeResult:
        yield Bar(tone="title", id="title")
        yield self.grid
        yield Bar(id="detail")
        yield Prompt(self.grid)
        yield Footer([FleetScreen])

    def on_mount(self) -> None:
        self._ready = True
        self.reload()
        self.grid.focus()

    def on_unmount(self) -> None:
        self._ready = False

    def on_screen_suspend(self) -> None:
        self._covered = True

    def on_screen_resume(self) -> None:
        # The app tells the screen on top alone what changed.
        if self._ready and self._covered:
            self._covered = False
            self.reload()

    def reload(self) -> None:
        """Read the fleet; only rows that changed are painted."""
        if not self._ready:
            return
        try:
            self.grid.show(self.source.fleet())
            self._trouble = ""
        except Trouble as exc:
            self._trouble = str(exc)
        self._bars()

    def trouble(self, message: str) -> None:
        """Say in the title that state cannot be read."""
        self._trouble = message
        self._bars()

    def on_grid_moved(self) -> None:
        self._bars()

    def on_grid_ordered(self) -> None:
        self._bars()

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Open the model under the cursor."""
        if self.grid.row is not None:
            from lifecycle_tui.tui.screens.model import ModelScreen

            self.app.push_screen(ModelScreen(self.source, self.grid.row.name))

    async def action_filter(self) -> None:
        """Open the filter line."""
        await self.query_one(Prompt).open()

    def action_unfilter(self) -> None:
        """Show every model again."""
        self.grid.filter = ""

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.grid.sort_next()

    def action_reverse(self) -> None:
        """Turn the order around."""
        self.grid.sort_reverse()

    def _bars(self) -> None:
        """Title and detail line. Written whenever the grid's rows, order or cursor move."""
        if not self._ready:
            return
        words = (
            f"filter: {self.grid.filter}" if self.grid.filter else "",
            f"by {self.grid.sorting}" if self.grid.sorting else "",
            self.grid.place,
        )
        right: Line = (Span(f"  {joined(words)} "),)
        if self._trouble:
            right = (Span(f" {self._trouble} ", "critical"),)
        title = (Span(f" lifecycle  {self.workspace}  "), *self._counts())
        self.query_one("#title", Bar).say(title, right)
        self.query_one("#detail", Bar).say(_detail(self.grid.row))

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
