"""One model: why it is in its state, its windows, and of the chosen window the columns, signals and data report.

Opened from the fleet. The upper list chooses the window; `c`, `m` and `d` choose what the lower one shows of it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen

from lifecycle_tui.domain.windows import DataFinding
from lifecycle_tui.state.alerts import AlertRow
from lifecycle_tui.state.fleet import FleetRow
from lifecycle_tui.tui import keys, marks, view
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.screens import columns, detail
from lifecycle_tui.tui.source import Source, Trouble
from lifecycle_tui.tui.text import Line, Span, count, joined, moment
from lifecycle_tui.tui.view import ColumnLine, SignalLine, WindowLine
from lifecycle_tui.tui.widgets.lines import Bar, Footer, Lines
from lifecycle_tui.tui.widgets.pager import Pager
from lifecycle_tui.tui.widgets.prompt import Prompt

PAGE = 100
"""Windows that are read at once; more when the cursor nears the last one."""
PAST = 9
CHUNK = 64
"""Columns whose past is read at once, when one of them comes into view."""


class ModelScreen(Screen[None]):
    """One model's windows and what was found in them."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (36, "-high")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="model.open", tooltip="open the row: all that is known of it"),
        Binding("tab,shift+tab", "other", "list", id="model.other", tooltip="to the other list"),
        Binding("c", "lower('columns')", "columns", id="model.columns", tooltip="the window's columns"),
        Binding(
            "m", "lower('signals')", "metrics", id="model.metrics", tooltip="the window's metrics and other signals"
        ),
        Binding("d", "lower('data')", "data", id="model.data", tooltip="the window's data report"),
        Binding("slash", "filter", "filter", id="model.filter", tooltip="filter the list of columns"),
        Binding("s", "sort", "sort", id="model.sort", tooltip="sort the list by its next column"),
        Binding("S", "reverse", "turn the order around", show=False, id="model.reverse"),
        Binding("escape,q", "back", "back", id="model.back"),
    ]

    def __init__(self, source: Source, name: str) -> None:
        super().__init__()
        self.source = source
        self.model_name = name
        self.model: FleetRow | None = None
        self._window: WindowLine | None = None
        self._alerts: tuple[AlertRow, ...] = ()
        self._limit, self._metric = PAGE, ""
        self._detectors: list[tuple[str, int]] | None = None
        self._lower = "columns"
        self._trouble = ""
        self._covered = False
        self._ready = False
        self._champion: str | None = None
        self._past: dict[str, list[float | None]] = {}
        self.windows: Grid[WindowLine] = Grid(
            columns.window_columns(None, False), key=lambda w: w.key, id="windows", empty="No window was checked yet."
        )
        self.columns: Grid[ColumnLine] = Grid(
            columns.column_columns([], self._drawn_past), key=lambda c: c.name, text=_searched, id="columns",
            empty="No column was measured in this window.",
        )  # fmt: skip
        self.signals: Grid[SignalLine] = Grid(
            columns.SIGNAL_COLUMNS, key=lambda s: s.key, id="signals", empty="No signal was measured in this window."
        )
        self.data: Grid[tuple[int, DataFinding]] = Grid(
            columns.FINDING_COLUMNS, key=lambda f: str(f[0]), id="data",
            empty="Nothing irregular was found in this window's data.",
        )  # fmt: skip

    def compose(self) -> ComposeResult:
        yield Bar(tone="title", id="title")
        yield Lines(id="why")
        with Container(id="panes"):
            with Vertical(id="windows-pane"):
                yield self.windows
            with Vertical(id="lower-pane"):
                yield Bar(tone="bold", id="lower-title")
                yield self.columns
                yield self.signals
                yield self.data
                yield Pager(self._about_lines, id="about")
        yield Bar(id="detail")
        yield Prompt()
        yield Footer(lambda: keys.footer([ModelScreen]))

    def on_mount(self) -> None:
        self._ready = True
        self._show_lower()
        self.reload()
        self.windows.focus()

    def on_unmount(self) -> None:
        self._ready = False

    def on_screen_suspend(self) -> None:
        self._covered = True

    def on_screen_resume(self) -> None:
        # The app tells the screen on top alone what changed.
        if self._ready and self._covered:
            self._covered = False
            self.reload()

    def on_resize(self) -> None:
        self._why()

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    def reload(self) -> None:
        """Read the model again; only what changed is painted."""
        if not self._ready:
            return
        try:
            self.model = self.source.model(self.model_name)
            self._alerts = self.source.alerts(self.model_name)
            self._champion = None if self.model is None else self.source.champion(self.model)
            found = [] if self.model is None else self.source.windows(self.model, self._limit)
        except Trouble as exc:
            self.trouble(str(exc))
            return
        self._trouble = ""
        metric = self.model.metric if self.model is not None else None
        if metric != self._metric:
            self._metric = metric or ""
            self.windows.replace(columns.window_columns(metric, True))
        self.windows.show(found)
        self._why()
        self._choose(again=True)

    def trouble(self, message: str) -> None:
        """Say in the title that state cannot be read."""
        self._trouble = message
        self._title()

    def _choose(self, *, again: bool = False) -> None:
        """Show the lower lists of the window under the cursor."""
        chosen = self.windows.row
        if chosen == self._window and not (again and chosen is None):
            self._bars()
            return
        self._window = chosen
        try:
            found = {} if chosen is None else self.source.signals(chosen)
        except Trouble as exc:
            self.trouble(str(exc))
            return
        lines = view.column_lines(found.get("", ()) or next(iter(found.values()), ()))
        detectors = columns.detectors_of(lines)
        self._past.clear()
        if detectors != self._detectors:
            self._detectors = detectors
            self.columns.replace(columns.column_columns(detectors, self._drawn_past))
        else:
            self.columns.redraw()
        self.columns.show(lines)
        self.signals.show(view.signal_lines(found, self._metric or None))
        self.data.show(enumerate(chosen.findings) if chosen is not None else ())
        self._bars()

    def _drawn_past(self, line: ColumnLine) -> str:
        """The leading signal of a column over the last windows. Read for a screenful of columns at once."""
        if line.lead not in self._past and self.model is not None:
            rows = self.columns.rows
            at = next((n for n, c in enumerate(rows) if c.name == line.name), 0)
            names = {c.lead for c in rows[at : at + CHUNK]} | {line.lead}
            try:
                found = self.source.past(self.model.name, names, PAST)
            except Trouble:
                found = {}
            for name in names:
                self._past[name] = [None if s is None else s.value for s in found.get(name, ())]
        return view.drawn_past(line.signals[0][0], self._past.get(line.lead, ()), PAST)

    # ── bars ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _bars(self) -> None:
        """Title, the lower list's line, the detail line: whenever a cursor, an order or a number of rows changed."""
        if not self._ready:
            return
        self._title()
        window = self._window
        what = {"columns": "columns", "signals": "metrics and signals", "data": "data report"}[self._lower]
        grid = self._grid
        about = "" if window is None else f" of {window.key}"
        words = joined((f"filter: {grid.filter}" if grid.filter else "", f"by {grid.sorting}" if grid.sorting else ""))
        self.query_one("#lower-title", Bar).say(
            (Span(f" {what}{about}  ", "bold"), Span(words)), (Span(f"{grid.place} ", "dim"),)
        )
        self.query_one("#detail", Bar).say(self._detail())
        below = self.query_one("#about", Pager)
        if below.display:
            below.renew()

    def _about_lines(self, cells: int) -> list[Line]:
        """On a large screen, below the list: all that is known of its row."""
        row, window = self._grid.row, self._window
        if row is None or window is None:
            return []
        return detail.lines(row, detail.past_of(self.source, self.model_name, row), cells)

    def _title(self) -> None:
        if not self._ready:
            return
        model = self.model
        left: Line = (Span(f" {self.model_name}  "),)
        right: Line = (Span(f"  {self.windows.place} "),)
        if model is not None:
            mark = marks.health(model.health)
            left = (*left, Span(f"{mark.text()}  "), Span(_facts(model, self._champion)))
        if self._trouble:
            right = (Span(f" {self._trouble} ", "critical"),)
        self.query_one("#title", Bar).say(left, right)

    def _why(self) -> None:
        """Why the model is in its state: its message and its alerts, as many as leave room for the lists."""
        if not self._ready:
            return
        if self.model is None:
            gone = () if self._trouble else ((Span(" This model is in state no more."),),)
            self.query_one("#why", Lines).show(gone)
            return
        most = 3 if self.size.height < 40 else 8
        lines: list[Line] = [_alert_line(a) for a in self._alerts[:most]]
        if len(self._alerts) > most:
            lines[-1] = (Span(f" … and {len(self._alerts) - most + 1} more alerts", "dim"),)
        if self.model.message and not any(a.alert.message in self.model.message for a in self._alerts):
            lines.insert(0, (Span(f" {self.model.message}"),))
        if not self.model.declared:
            lines.insert(0, (Span(" lifecycle.toml does not declare this model any more.", "warning"),))
        self.query_one("#why", Lines).show(lines)

    def _detail(self) -> Line:
        """One line about the row under the cursor of the list that has the focus."""
        if self.focused is self.windows or self._lower == "data":
            return _window_detail(self._window, self.data.row if self.focused is self.data else None)
        line = self._grid.row
        if isinstance(line, ColumnLine):
            mark = marks.signal(line.state)
            return (Span(f" {mark.sign()} {line.name}  ", mark.tone), Span(line.message))
        if isinstance(line, SignalLine):
            mark = marks.signal(line.signal.state)
            return (
                Span(f" {mark.sign()} {line.signal.name}  ", mark.tone),
                Span(view.said(line.signal)),
            )
        return ()

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _grid(self) -> Grid[Any]:
        """The lower list that shows."""
        grids: dict[str, Grid[Any]] = {"columns": self.columns, "signals": self.signals, "data": self.data}
        return grids[self._lower]

    def on_grid_moved(self, event: Grid.Moved) -> None:
        if event.grid is not self.windows:
            self._bars()
            return
        self._choose()
        if self.windows.row is not None and self.windows.row == self.windows.rows[-1]:
            self._more()

    def _more(self) -> None:
        """The cursor is on the oldest window that was read: read another page, if there is one."""
        if len(self.windows.rows) >= self._limit:
            self._limit += PAGE
            self.reload()

    def on_grid_ordered(self) -> None:
        if self._ready:
            self._bars()

    def on_grid_chosen(self) -> None:
        self.action_open()

    def on_descendant_focus(self) -> None:
        self._bars()

    def action_open(self) -> None:
        """From a window to its columns; from there to all that is known of the row."""
        if self.focused is self.windows:
            self._grid.focus()
        elif self._window is not None and self._grid.row is not None and self.model is not None:
            self.app.push_screen(detail.DetailScreen(self.source, self.model.name, self._window, self._grid.row))

    def action_other(self) -> None:
        """The focus to the other list."""
        (self._grid if self.focused is self.windows else self.windows).focus()

    def action_lower(self, which: str) -> None:
        """Choose what the lower list shows."""
        was_below = self.focused is self._grid
        self._lower = which
        self._show_lower()
        if was_below:
            self._grid.focus()
        self._bars()

    def _show_lower(self) -> None:
        for grid in (self.columns, self.signals, self.data):
            grid.display = grid is self._grid

    async def action_filter(self) -> None:
        """Filter the columns."""
        self.action_lower("columns")
        await self.query_one(Prompt).open(self.columns)

    def action_sort(self) -> None:
        """Sort the list that has the focus."""
        (self.windows if self.focused is self.windows else self._grid).sort_next()

    def action_reverse(self) -> None:
        """Turn around the list that has the focus."""
        (self.windows if self.focused is self.windows else self._grid).sort_reverse()

    def action_back(self) -> None:
        """One step back: filter off, then to the windows, then to the fleet."""
        if self.focused is self.columns and self.columns.filter:
            self.columns.filter = ""
        elif self.focused is not self.windows:
            self.windows.focus()
        else:
            self.app.pop_screen()


def _facts(model: FleetRow, champion: str | None) -> str:
    """Task, owner, champion and time of the last check."""
    return joined(
        (
            model.task or "",
            model.owner or "",
            f"champion {champion}" if champion is not None else "",
            f"checked {moment(model.evaluated_at)}" if model.evaluated_at else "never checked",
        )
    )


def _alert_line(row: AlertRow) -> Line:
    alert = row.alert
    mark = marks.severity(alert.severity)
    taken = f" (acknowledged by {alert.acknowledged_by})" if alert.acknowledged_by else ""
    return (
        Span(f" {mark.sign()} {alert.rule}", mark.tone),
        Span(f" #{row.id} since {alert.since}{taken}: {alert.message}"),
    )


def _window_detail(window: WindowLine | None, finding: tuple[int, DataFinding] | None) -> Line:
    if finding is not None:
        found = finding[1]
        return (Span(f" {found.code}  ", "warning"), Span(joined((found.message, found.effect or ""))))
    if window is None:
        return ()
    row = window.row
    labels = f"{count(window.labels)} labels" + ("" if window.mature else ", more are expected")
    metric = f"{window.metric.name} {view.interval(window.metric)} n {count(window.metric.n)}" if window.metric else ""
    data = f"data report: {len(window.findings)} findings (d)" if window.findings else ""
    revision = f"revision {row.revision}" if row.revision > 1 else ""
    return (Span(f" {window.key}  ", "bold"), Span(joined((f"{count(row.rows)} rows", labels, metric, data, revision))))


def _searched(line: ColumnLine) -> str:
    return f"{line.name} {line.state} {line.message}"
