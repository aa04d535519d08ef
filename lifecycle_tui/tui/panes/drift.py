"""What moved: the model's windows, and of the one under the cursor its columns, worst first, or its data report.

Below (beside, on a wide screen) is drawn how the chosen column was in the reference and is now. `m` shows the map of
all columns over all windows instead.
"""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widget import Widget

from lifecycle_tui.domain.windows import DataFinding
from lifecycle_tui.tui import marks, view
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.panes import column_picture
from lifecycle_tui.tui.panes.drift_map import MapPane
from lifecycle_tui.tui.reads import drift as reads
from lifecycle_tui.tui.reads.drift import ColumnPast, WindowColumns, WindowPage
from lifecycle_tui.tui.screens import columns, detail
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Where
from lifecycle_tui.tui.text import Line, Span, joined
from lifecycle_tui.tui.view import ColumnLine, WindowLine
from lifecycle_tui.tui.widgets.lines import Bar
from lifecycle_tui.tui.widgets.pager import Pager
from lifecycle_tui.tui.widgets.picture import Plot

PAGE = 100
"""Windows that are read at once; more when the cursor nears the last one."""
PAST = 9
HISTORY = 60
"""Windows in the history of the chosen column."""
TIGHT, LOW = 18, 14
"""Lines of the pane below which windows and picture are lower, and below which nothing is drawn."""


class DriftPane(MapPane):
    """Windows above, columns or data report below; or the map."""

    DEFAULT_CSS = """
    DriftPane #drift-lists { height: 1fr; layout: vertical; }
    DriftPane.-mapped #drift-lists { display: none; }
    DriftPane #windows-pane { height: auto; max-height: 40%; }
    DriftPane #windows { height: auto; max-height: 100%; }
    DriftPane #lower-pane { height: 1fr; }
    DriftPane #column-picture { height: 7; margin-top: 0; }
    DriftPane #about { display: none; height: 1fr; }
    .-low DriftPane #windows-pane { max-height: 6; }
    .-high DriftPane #about { display: block; }
    .-high DriftPane #column-picture { height: 22; }
    .-wide DriftPane #drift-lists { layout: horizontal; }
    .-wide DriftPane #windows-pane { width: 2fr; height: 1fr; max-height: 100%; margin-right: 2; }
    .-wide DriftPane #windows { height: 1fr; }
    .-wide DriftPane #lower-pane { width: 3fr; height: 1fr; }
    DriftPane.-tight #windows-pane { max-height: 5; }
    DriftPane.-tight #column-picture { height: 5; }
    DriftPane.-flat #column-picture { display: none; }
    """
    SCOPED_CSS = False
    NAME = "drift"
    TITLE = "drift"
    ACTIONS = ("retrain",)
    MODELWIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="drift.open", tooltip="to the columns; then all that is known of the row"),
        Binding("d", "data", "data", id="drift.data", tooltip="the window's data report, or the columns again"),
        Binding("v", "view", "view", id="drift.view",
                tooltip="histogram or density; where there is little room also the table and the history"),
        Binding("o", "other", "other list", show=False, id="drift.other",
                tooltip="to the other list; then to the picture, in which Left and Right go through the windows"),
        Binding("s", "sort", "sort", show=False, id="drift.sort", tooltip="sort the list by its next column"),
        Binding("S", "reverse", "turn the order around", show=False, id="drift.reverse"),
    ]  # fmt: skip

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self._window: WindowLine | None = None
        self._limit, self._metric = PAGE, ""
        self._until: str | None = None
        """A window that lies before the newest page: the page is of those around it."""
        self._detectors: list[tuple[str, int]] | None = None
        self._report, self._view = False, column_picture.BARS
        self._weighed = False
        self._past: dict[str, tuple[float | None, ...]] = {}
        self._column: tuple[str, ColumnPast] | None = None
        """A column, and its history."""
        self.windows: Grid[WindowLine] = Grid(
            columns.window_columns(None, False), key=lambda w: w.key, id="windows", empty="No window was checked yet."
        )
        self.columns: Grid[ColumnLine] = Grid(
            columns.column_columns([], self._drawn_past), key=lambda c: c.name, text=columns.searched, id="columns",
            empty="No column was measured in this window.",
        )  # fmt: skip
        self.data: Grid[tuple[int, DataFinding]] = Grid(
            columns.FINDING_COLUMNS, key=lambda f: str(f[0]), id="data",
            empty="Nothing irregular was found in this window's data.",
        )  # fmt: skip

        self.lower_title = Bar(tone="bold", id="lower-title")
        self.picture = Plot(self._picture, id="column-picture")
        self.about_pager = Pager(self._about_lines, id="about")

    def compose(self) -> ComposeResult:
        with Container(id="drift-lists"):
            with Vertical(id="windows-pane"):
                yield self.windows
            with Vertical(id="lower-pane"):
                yield self.lower_title
                yield self.columns
                yield self.data
                yield self.picture
                yield self.about_pager
        yield self.map

    def on_mount(self) -> None:
        self._show_lower()

    def on_resize(self) -> None:
        # Where both do not fit, the lists win.
        self.set_class(self.size.height < LOW, "-flat")
        self.set_class(self.size.height < TIGHT, "-tight")

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def load(self) -> None:
        found = await self.source.ask(reads.page, self.model, self._limit, self._until)
        self._show_windows(found)
        await self._choose()
        if self.mapped:
            await self.read_map()

    def _show_windows(self, found: WindowPage) -> None:
        if found.metric != self._metric:
            self._metric = found.metric or ""
            self.windows.replace(columns.window_columns(found.metric, True))
        self.windows.show(found.windows)
        if found.last:
            self._until = None

    async def _choose(self) -> None:
        """Show the lower lists of the window under the cursor."""
        chosen = self.windows.row
        if chosen != self._window or chosen is None:
            none = WindowColumns((), {})
            found = none if chosen is None else await self.source.ask(reads.columns, self.model, chosen, PAST)
            if chosen != self.windows.row:
                return  # it has moved meanwhile, and has asked for the other one
            self._window = chosen
            self._show_columns(found)
            self.data.show(enumerate(chosen.findings) if chosen is not None else ())
        self._title()
        await self._read_column()

    def _show_columns(self, found: WindowColumns) -> None:
        lines, self._past = found.columns, dict(found.past)
        detectors, weighed = columns.detectors_of(lines), any(c.importance is not None for c in lines)
        if (detectors, weighed) != (self._detectors, self._weighed):
            self._detectors, self._weighed = detectors, weighed
            self.columns.replace(columns.column_columns(detectors, self._drawn_past, weighed))
        else:
            self.columns.redraw()
        self.columns.show(lines)

    async def _read_column(self) -> None:
        """The past of the column under the cursor, and then its picture."""
        column, window = self.columns.row, self._window
        leading = None if column is None else column_picture.leading(column)
        if column is not None and window is not None and leading is not None:
            names = [s.name for _, s in column.signals] if self.about_pager.display else []
            until = self._until if self._until is None else window.key
            found = await self.source.ask(reads.past, self.model, leading.name, names, HISTORY, until)
            if self.columns.row != column:
                return
            self._column = column.name, found
        self._redraw()
        self.changed()

    def _drawn_past(self, line: ColumnLine) -> str:
        """The leading signal of a column over the last windows."""
        return view.drawn_past(line.signals[0][0], self._past.get(line.lead, ()), PAST)

    async def go(self, where: Where) -> None:
        """To a window, and to the column of a signal (`ks.income`)."""
        if self.mapped:
            self.show_map(False)
        if where.window is not None:
            if all(w.key != where.window for w in self.windows.rows):
                # It lies before the page that was read, or has gone.
                self._until = where.window
                self._show_windows(await self.source.ask(reads.page, self.model, self._limit, self._until))
            self.windows.go(where.window)
            await self._choose()
        if where.signal is not None:
            self._report = False
            self._show_lower()
            named = [c.name for c in self.columns.rows if any(s.name == where.signal for _, s in c.signals)]
            if named:
                self.columns.go(named[0])
                await self._read_column()

    # ── what it says ──────────────────────────────────────────────────────────────────────────────────────────────

    def _title(self) -> None:
        window, grid = self._window, self._lower
        what = "data report" if self._report else "columns"
        about = "" if window is None else f" of {window.key}"
        words = joined((f"filter: {grid.filter}" if grid.filter else "", f"by {grid.sorting}" if grid.sorting else ""))
        self.lower_title.say((Span(f" {what}{about}  ", "bold"), Span(words)), (Span(f"{grid.place} ", "dim"),))

    def _redraw(self) -> None:
        self.picture.renew()
        if self.about_pager.display:
            self.about_pager.renew()

    def _picture(self, cells: int, rows: int) -> list[Line]:
        """The column under the cursor: reference against window, and its history."""
        column, window = self.columns.row, self._window
        if column is None or window is None:
            return []
        told = self._column[1] if self._column is not None and self._column[0] == column.name else None
        past = () if told is None else tuple(zip(told.keys, told.leading, strict=True))
        return column_picture.picture(
            column, window.key, past, cells, rows, self._view, starts=() if told is None else told.starts,
            cursor=self.picture.has_focus,
        )  # fmt: skip

    def _about_lines(self, cells: int) -> list[Line]:
        """On a large screen, below: all that is known of the lower list's row."""
        row, window = self._lower.row, self._window
        if row is None or window is None:
            return []
        known = self._column is not None and isinstance(row, ColumnLine) and row.name == self._column[0]
        past = self._column[1].signals if known and self._column is not None else {}
        return detail.lines(row, {name: list(found) for name, found in past.items()}, cells)

    def heading(self) -> Line:
        return (Span(self.map.place if self.mapped else f"window {self.windows.place}"),)

    def about(self) -> Line:
        """One line about the row under the cursor of the list that has the focus, or the map's cell."""
        if self.mapped:
            return self.about_cell()
        if self.picture.has_focus:
            return self._about_plot()
        if not self._below or self._report:
            finding = self.data.row if self._below else None
            return view.window_about(self._window) if finding is None else _finding_about(finding[1])
        line = self.columns.row
        if line is None:
            return ()
        mark = marks.signal(line.state)
        return (Span(f" {mark.sign()} {line.name}  ", mark.tone), Span(line.message))

    def _about_plot(self) -> Line:
        """The chosen window of the column's history, read off."""
        column, window = self.columns.row, self._window
        if column is None or window is None or self._column is None or self._column[0] != column.name:
            return view.window_about(window)
        past = self._column[1]
        at = past.keys.index(window.key) if window.key in past.keys else None
        return column_picture.read_off(column, window.key, None if at is None else past.leading[at])

    # ── the map ───────────────────────────────────────────────────────────────────────────────────────────────────

    def aimed(self) -> tuple[str, str] | None:
        column, window = self.columns.row, self._window
        return None if column is None or window is None else (column.name, window.key)

    def unmapped(self) -> Widget:
        return self.windows

    async def opened(self, where: Where) -> None:
        await self.go(where)
        self.columns.focus()

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _lower(self) -> Grid[Any]:
        """The lower list that shows."""
        return self.data if self._report else self.columns

    @property
    def _below(self) -> bool:
        """Whether the lower list has the focus."""
        return self._lower.has_focus

    def filterable(self) -> Grid[Any] | None:
        return None if self.mapped else self.columns

    def first_focus(self) -> Widget:
        return self.map if self.mapped else self.windows

    def step_back(self) -> bool:
        """From the map to the lists; filter off, then to the windows."""
        if super().step_back():
            return True
        if self.screen.focused is not self.windows:  # asked of the screen: a list that gets it knows a moment later
            self.windows.focus()
            return True
        return False

    @on(Grid.Moved, "#windows")
    def _window_moved(self) -> None:
        """Another window: its columns, and where it is the oldest that was read, another page."""
        self.begin("choose", self._choose)
        rows = self.windows.rows
        if rows and self.windows.row == rows[-1] and len(rows) >= self._limit:
            self._limit += PAGE
            self.begin("more", self.load)
        elif self._until is not None and rows and self.windows.row == rows[0]:
            # The newest of a page that lies back: further towards now.
            self._until = rows[0].key
            self.begin("more", self.load)

    @on(Grid.Moved, "#columns,#data")
    @on(Grid.Ordered)
    def _lower_moved(self) -> None:
        self._title()
        self.begin("column", self._read_column)

    @on(Plot.Turned)
    def _plot_turned(self, message: Plot.Turned) -> None:
        """The cursor of the picture is that of the windows."""
        keys, here = sorted(w.key for w in self.windows.rows), self.windows.row
        if here is None:
            return
        past = () if self._column is None else self._column[1].keys
        shown = [n for n, key in enumerate(keys) if key in past] or [0, len(keys) - 1]
        self.windows.go(keys[message.place(keys.index(here.key), (shown[0], shown[-1]), len(keys))])

    @on(Plot.Chosen)
    def _plot_chosen(self) -> None:
        self._open(self.columns.row)

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """From a window to its columns; from there to all that is known of the row."""
        if not self._below:
            self._lower.focus()
        else:
            self._open(self._lower.row)

    def _open(self, row: detail.Row | None) -> None:
        if self._window is not None and row is not None:
            self.app.push_screen(detail.DetailScreen(self.source, self.model, self._window.key, row))

    def action_other(self) -> None:
        """The focus to the next of windows, columns and picture."""
        ring = [self.windows, self._lower, *([self.picture] if self.picture.display else [])]
        here = next((n for n, widget in enumerate(ring) if widget.has_focus), 0)
        ring[(here + 1) % len(ring)].focus()

    def action_data(self) -> None:
        """Show the data report below, or the columns again."""
        if self.mapped:
            return
        below = self._below
        self._report = not self._report
        self._show_lower()
        if below:
            self._lower.focus()
        self._title()
        self._redraw()
        self.changed()

    def action_view(self) -> None:
        """The next view of the column; those of a large screen are fewer."""
        choice = column_picture.views(*self.picture.size)
        at = choice.index(self._view) if self._view in choice else 0
        self._view = choice[(at + 1) % len(choice)]
        self.picture.renew()

    def _show_lower(self) -> None:
        self.columns.display, self.data.display = not self._report, self._report

    def action_sort(self) -> None:
        """Sort the list that has the focus."""
        (self._lower if self._below else self.windows).sort_next()

    def action_reverse(self) -> None:
        """Turn around the list that has the focus."""
        (self._lower if self._below else self.windows).sort_reverse()


def _finding_about(found: DataFinding) -> Line:
    return (Span(f" {found.code}  ", "warning"), Span(joined((found.message, found.effect or ""))))
