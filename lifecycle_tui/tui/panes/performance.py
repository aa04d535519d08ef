"""How well it does: every metric (and other signal about no column) as it stands, and the one under the cursor over its
windows, as a plot with the rules' thresholds and as a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.tui import declared, thresholds, view
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.panes import performance_rows as rows
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.panes.performance_picture import picture
from lifecycle_tui.tui.panes.performance_rows import SeriesLine
from lifecycle_tui.tui.reads import drift, performance_page, segments
from lifecycle_tui.tui.reads import performance as reads
from lifecycle_tui.tui.reads.performance import Measured
from lifecycle_tui.tui.screens import detail
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Where
from lifecycle_tui.tui.text import Line, Span, count, joined, percent
from lifecycle_tui.tui.view import SignalLine
from lifecycle_tui.tui.widgets.lines import Bar
from lifecycle_tui.tui.widgets.pager import Pager
from lifecycle_tui.tui.widgets.picture import Plot

PAGE = 60
"""Windows that are read at once; more when the cursor comes to the last one."""
FURTHEST = 1_000
"""Windows that are read at most where somebody comes for one that lies far back."""
TIGHT = 18
"""Lines of the pane below which signals and plot give some of theirs to the windows."""
LOW = 14
"""Lines of the pane below which nothing is drawn."""


class PerformancePane(Pane):
    """Signals above, the plot of one, its windows."""

    DEFAULT_CSS = """
    PerformancePane #performance { height: 1fr; layout: vertical; }
    PerformancePane #segments-worst { display: none; height: 1; }
    PerformancePane #series { height: 5; }
    PerformancePane #series-picture { height: 8; }
    PerformancePane #points { height: 1fr; }
    PerformancePane #series-about { display: none; height: 1fr; }
    .-high PerformancePane #series { height: 12; }
    .-high PerformancePane #series-picture { height: 14; }
    .-wide PerformancePane #performance {
        layout: grid; grid-size: 2 2; grid-columns: 4fr 5fr; grid-rows: 2fr 3fr; grid-gutter: 0 2;
    }
    .-wide PerformancePane #series { height: 1fr; }
    .-wide PerformancePane #series-picture { height: 1fr; }
    .-wide PerformancePane #series-about { display: block; }
    PerformancePane.-tight #series { height: 4; }
    PerformancePane.-tight #series-picture { height: 7; }
    PerformancePane.-flat #series-picture { display: none; }
    """
    SCOPED_CSS = False
    NAME = "performance"
    TITLE = "performance"
    ACTIONS = ("retrain", "rollback")
    MODELWIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="performance.open", tooltip="to the windows; then all that is known"),
        Binding("o", "other", "other list", show=False, id="performance.other",
                tooltip="to the windows; to the plot, in which Left and Right go through them; to the signals"),
        Binding("v", "segments", "segments", id="performance.segments",
                tooltip="the signal by segments, the worst first; and back to all rows"),
        Binding("s", "sort", "sort", id="performance.sort", tooltip="sort the list by its next column"),
        Binding("S", "reverse", "turn the order around", show=False, id="performance.reverse"),
    ]  # fmt: skip

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self._limit = PAGE
        self._line: SeriesLine | None = None
        self._base: str | None = None
        self._shown = ""
        self._series: dict[str, reads.Series] = {}
        self._past: tuple[SignalLine | None, Mapping[str, Sequence[Signal | None]]] = (None, {})
        """A signal of a window, and what it was in the windows before."""
        self.worst = Bar(tone="", id="segments-worst")
        self.series: Grid[SeriesLine] = Grid(
            rows.SERIES_COLUMNS, key=lambda r: r.key, text=_searched, id="series",
            empty="No signal was measured yet: no window was checked.",
        )  # fmt: skip
        self.points: Grid[Measured] = Grid(
            rows.point_cells(None), key=lambda p: p.key, id="points", empty="It was measured in no window."
        )
        self.picture = Plot(self._picture, id="series-picture")
        self.about_pager = Pager(self._about_lines, id="series-about")

    def compose(self) -> ComposeResult:
        yield self.worst
        with Container(id="performance"):
            # In this order below each other; on a wide screen two by two.
            yield self.series
            yield self.picture
            yield self.points
            yield self.about_pager

    def on_resize(self) -> None:
        # Where all do not fit, the lists win.
        self.set_class(self.size.height < LOW, "-flat")
        self.set_class(self.size.height < TIGHT, "-tight")

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def load(self) -> None:
        base = self._base
        found = await self.source.ask(performance_page.read, self.source.root, self.model, base, self._limit)
        if base == self._base:
            self._show(found)
            await self._read_about()

    def _show(self, found: performance_page.PerformancePage) -> None:
        self._shown, self._series = found.base, {f"{s.name}\0{s.version}": s for s in reversed(found.series)}
        self.worst.display = self._base is not None
        if self._base is not None:
            self.worst.say((Span(f" by segment: {found.base}  ", "bold"), Span(found.worst)))
        self.series.show(self._row(one, found.rules) for one in found.series)
        worst = next((row.key for row in self.series.rows if row.broken), None)
        if self._line is None and worst is not None:
            # Whoever comes here because something is wrong sees that first.
            self.series.go(worst)
        self._choose()

    def _row(self, series: reads.Series, rules: Sequence[declared.Rule]) -> SeriesLine:
        segment = "" if self._base is None else series.name.removeprefix(f"{self._shown}.")
        return SeriesLine(series, thresholds.thresholds(rules, series.name), segment)

    async def _read_about(self) -> None:
        """On a wide screen: the past of the signal in the window under the cursor."""
        row = self._signal()
        if row is not None and self.about_pager.display and row != self._past[0]:
            self._past = row, await detail.past_of(self.source, self.model, row)
        if row == self._signal():
            self._redraw()

    def _choose(self) -> None:
        """Show the windows of the series under the cursor."""
        chosen = self.series.row
        if chosen != self._line:
            if chosen is None or self._line is None or chosen.thresholds != self._line.thresholds:
                self.points.replace(rows.point_cells(chosen))
            self._line = chosen
            self.points.show(() if chosen is None else reversed(chosen.series.points))
            self.begin("about", self._read_about)
        self._redraw()

    def _redraw(self) -> None:
        self.picture.renew()
        if self.about_pager.display:
            self.about_pager.renew()

    def _picture(self, cells: int, height: int) -> list[Line]:
        here = self.points.row
        line, marked = self._line, None if here is None else here.key
        if line is None:
            return []
        name = line.series.name.removeprefix(segments.ESTIMATED)
        estimate = self._series.get(f"{segments.ESTIMATED}{name}\0{line.series.version}")
        if name.endswith(".error"):
            estimate = None  # it says how far off estimates were, and is none
        if estimate is line.series and (real := self._series.get(f"{name}\0{line.series.version}")) is not None:
            line = replace(line, series=real)  # an estimate and what came true are one picture
        return picture(line, marked, cells, height, estimate, cursor=self.picture.has_focus)

    def _about_lines(self, cells: int) -> list[Line]:
        """On a wide screen: all that is known of the signal in the window under the cursor."""
        row = self._signal()
        if row is None:
            return []
        past = self._past[1] if self._past[0] == row else {}
        return [(), *detail.lines(row, {name: list(found) for name, found in past.items()}, cells)]

    def _signal(self) -> SignalLine | None:
        point = self.points.row
        return None if point is None or point.signal is None else SignalLine(point.version, point.signal)

    async def go(self, where: Where) -> None:
        """To a signal, and to a window of it."""
        if where.signal is not None:
            await self._by(where.signal if "=" in where.signal else None)
            named = [row for row in self.series.rows if row.series.name == where.signal]
            if named:
                self.series.go(named[0].key)
                self._choose()
        if where.window is not None:
            if all(p.key != where.window for p in self.points.rows):
                newer = await self.source.ask(drift.newer, self.model, where.window)
                if self._limit <= newer < FURTHEST:
                    self._limit = newer + drift.AHEAD
                    await self.load()
            self.points.go(where.window)
            await self._read_about()

    # ── what it says ──────────────────────────────────────────────────────────────────────────────────────────────

    def heading(self) -> Line:
        grid = self.series if self.series.has_focus else self.points
        words = joined((
            f"filter: {self.series.filter}" if self.series.filter else "",
            f"by {grid.sorting}" if grid.sorting else "",
            f"{'window' if grid is self.points else 'signal'} {grid.place}",
        ))  # fmt: skip
        return (Span(words),)

    def about(self) -> Line:
        """The window under the cursor of the lower list, else what rules say of the signal."""
        line, point = self._line, self.points.row
        if line is None:
            return ()
        if (self.points.has_focus or self.picture.has_focus) and point is not None:
            value = joined((view.shown(point.signal), view.interval(point.signal)), " ") if point.signal else ""
            labels = f"{count(point.labels)} of {count(point.rows)} rows have labels"
            share = f" ({percent(point.labels / point.rows)})" if point.rows else ""
            said = view.said(point.signal) if point.signal is not None else "not measured"
            told = joined((value, labels + share, "" if point.mature else "more are expected", said))
            return (Span(f" {point.key}  ", "bold"), Span(told))
        said = joined(f"{t.rule}: {rows.said(t)}" for t in line.broken or line.thresholds)
        return (Span(f" {line.series.name}  ", "bold"), Span(said or "no rule reads it"))

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def filterable(self) -> Grid[SeriesLine]:
        return self.series

    def first_focus(self) -> Widget:
        return self.series

    def step_back(self) -> bool:
        """Filter off, then to the signals."""
        if super().step_back():
            return True
        if self.screen.focused is not self.series:  # asked of the screen: a list that gets it knows a moment later
            self.series.focus()
            return True
        return False

    @on(Grid.Moved, "#series")
    def _series_moved(self) -> None:
        self._choose()

    @on(Grid.Moved, "#points")
    def _point_moved(self) -> None:
        self.begin("about", self._read_about)
        # The oldest one that was read: read another page, if there is one.
        found = self.points.rows
        if found and self.points.row == found[-1] and len(found) >= self._limit:
            self._limit += PAGE
            self.begin("more", self.load)

    @on(Plot.Turned)
    def _plot_turned(self, message: Plot.Turned) -> None:
        """The cursor of the plot is that of the windows."""
        keys = sorted(p.key for p in self.points.rows)
        here = self.points.row
        if here is not None:
            self.points.go(keys[message.place(keys.index(here.key), (0, len(keys) - 1), len(keys))])

    @on(Plot.Chosen)
    def _plot_chosen(self) -> None:
        self._open()

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """From a signal to its windows; from there to all that is known of it in that window."""
        if self.points.has_focus:
            self._open()
        else:
            self.points.focus()

    def _open(self) -> None:
        row, point = self._signal(), self.points.row
        if row is not None and point is not None:
            self.app.push_screen(detail.DetailScreen(self.source, self.model, point.key, row))

    def action_other(self) -> None:
        """The focus to the next of signals, windows and plot."""
        ring: list[Widget] = [self.series, self.points, *([self.picture] if self.picture.display else [])]
        here = next((n for n, widget in enumerate(ring) if widget.has_focus), 0)
        ring[(here + 1) % len(ring)].focus()

    def action_segments(self) -> None:
        """The signal under the cursor by segments, or all rows again."""
        name = "" if self._line is None else self._line.series.name
        self.series.focus()
        self.begin("by", partial(self._by, None if self._base is not None else name))

    async def _by(self, base: str | None) -> None:
        """Show the segments of a signal, or of all rows what there is."""
        if base == self._base:
            return
        before = self._base
        found = await self.source.ask(performance_page.read, self.source.root, self.model, base, self._limit)
        self._base = base
        self._show(found)
        if base is None and before is not None and self.series.rows:
            whole = [
                r.key for r in self.series.rows if r.series.name == before or before.startswith(f"{r.series.name}.")
            ]
            self.series.go(whole[0] if whole else self.series.rows[0].key)
        elif self.series.rows:
            self.series.go(self.series.rows[0].key)
        self._choose()
        self.changed()

    def action_sort(self) -> None:
        """Sort the list that has the focus."""
        (self.points if self.points.has_focus else self.series).sort_next()

    def action_reverse(self) -> None:
        """Turn around the list that has the focus."""
        (self.points if self.points.has_focus else self.series).sort_reverse()


def _searched(row: SeriesLine) -> str:
    return f"{row.series.name} {row.scorer}"
