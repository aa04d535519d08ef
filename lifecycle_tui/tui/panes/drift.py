"""What moved: the model's windows, and of the one under the cursor its columns, worst first, or its data report.

Below (beside, on a wide screen) is drawn how the chosen column was in the reference and is now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widget import Widget

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import DataFinding
from lifecycle_tui.state import fleet as stored_fleet
from lifecycle_tui.tui import marks, view
from lifecycle_tui.tui import source as reading
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.panes import column_picture
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.reads.drift import signal_past
from lifecycle_tui.tui.screens import columns, detail
from lifecycle_tui.tui.source import Source, Trouble
from lifecycle_tui.tui.subject import Where
from lifecycle_tui.tui.text import Line, Span, joined
from lifecycle_tui.tui.view import ColumnLine, WindowLine
from lifecycle_tui.tui.widgets.lines import Bar
from lifecycle_tui.tui.widgets.pager import Pager
from lifecycle_tui.tui.widgets.picture import Picture

PAGE = 100
"""Windows that are read at once; more when the cursor nears the last one."""
PAST = 9
HISTORY = 60
"""Windows in the history of the chosen column."""
LOW = 16
"""Lines of the pane below which nothing is drawn."""
CHUNK = 64
"""Columns whose past is read at once, when one of them comes into view."""


class DriftPane(Pane):
    """Windows above, columns or data report below."""

    DEFAULT_CSS = """
    DriftPane #drift-lists { height: 1fr; layout: vertical; }
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
    DriftPane.-flat #column-picture { display: none; }
    """
    SCOPED_CSS = False
    NAME = "drift"
    TITLE = "drift"
    ACTIONS = ("retrain",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="drift.open", tooltip="to the columns; then all that is known of the row"),
        Binding("o", "other", "other list", show=False, id="drift.other", tooltip="to the other list"),
        Binding("d", "data", "data", id="drift.data", tooltip="the window's data report, or the columns again"),
        Binding("v", "view", "view", id="drift.view",
                tooltip="histogram or density; where there is little room also the table and the history"),
        Binding("s", "sort", "sort", id="drift.sort", tooltip="sort the list by its next column"),
        Binding("S", "reverse", "turn the order around", show=False, id="drift.reverse"),
    ]  # fmt: skip

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self._window: WindowLine | None = None
        self._limit, self._metric = PAGE, ""
        self._detectors: list[tuple[str, int]] | None = None
        self._report, self._view, self._weighed = False, column_picture.BARS, False
        self._past: dict[str, list[float | None]] = {}
        self.windows: Grid[WindowLine] = Grid(
            columns.window_columns(None, False), key=lambda w: w.key, id="windows", empty="No window was checked yet."
        )
        self.columns: Grid[ColumnLine] = Grid(
            columns.column_columns([], self._drawn_past), key=lambda c: c.name, text=_searched, id="columns",
            empty="No column was measured in this window.",
        )  # fmt: skip
        self.data: Grid[tuple[int, DataFinding]] = Grid(
            columns.FINDING_COLUMNS, key=lambda f: str(f[0]), id="data",
            empty="Nothing irregular was found in this window's data.",
        )  # fmt: skip

        self.lower_title = Bar(tone="bold", id="lower-title")
        self.picture = Picture(self._picture, id="column-picture")
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

    def on_mount(self) -> None:
        self._show_lower()

    def on_resize(self) -> None:
        # Where both do not fit, the lists win.
        self.set_class(self.size.height < LOW, "-flat")

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    def load(self) -> None:
        model = stored_fleet.model(self.source.conn, self.model)
        found = [] if model is None else reading.windows(self.source.conn, model, self._limit)
        metric = model.metric if model is not None else None
        if metric != self._metric:
            self._metric = metric or ""
            self.windows.replace(columns.window_columns(metric, True))
        self.windows.show(found)
        self._choose(again=True)

    def _choose(self, *, again: bool = False) -> None:
        """Show the lower lists of the window under the cursor."""
        chosen = self.windows.row
        if chosen == self._window and not (again and chosen is None):
            self._title()
            return
        self._window = chosen
        found = {} if chosen is None else reading.signals(self.source.conn, chosen)
        lines = view.column_lines(found.get("", ()) or next(iter(found.values()), ()), _reading(chosen, found))
        detectors, weighed = columns.detectors_of(lines), any(c.importance is not None for c in lines)
        self._past.clear()
        if (detectors, weighed) != (self._detectors, self._weighed):
            self._detectors, self._weighed = detectors, weighed
            self.columns.replace(columns.column_columns(detectors, self._drawn_past, weighed))
        else:
            self.columns.redraw()
        self.columns.show(lines)
        self.data.show(enumerate(chosen.findings) if chosen is not None else ())
        self._title()

    def _drawn_past(self, line: ColumnLine) -> str:
        """The leading signal of a column over the last windows. Read for a screenful of columns at once."""
        if line.lead not in self._past:
            rows = self.columns.rows
            at = next((n for n, c in enumerate(rows) if c.name == line.name), 0)
            names = {c.lead for c in rows[at : at + CHUNK]} | {line.lead}
            try:
                found = reading.past(self.source.conn, self.model, names, PAST)
            except Trouble:
                found = {}
            for name in names:
                self._past[name] = [None if s is None else s.value for s in found.get(name, ())]
        return view.drawn_past(line.signals[0][0], self._past.get(line.lead, ()), PAST)

    def go(self, where: Where) -> None:
        """To a window, and to the column of a signal (`ks.income`)."""
        if where.window is not None:
            self.windows.go(where.window)
            self._choose()
        if where.signal is not None:
            self._report = False
            self._show_lower()
            named = [c.name for c in self.columns.rows if any(s.name == where.signal for _, s in c.signals)]
            if named:
                self.columns.go(named[0])

    # ── what it says ──────────────────────────────────────────────────────────────────────────────────────────────

    def _title(self) -> None:
        window, grid = self._window, self._lower
        what = "data report" if self._report else "columns"
        about = "" if window is None else f" of {window.key}"
        words = joined((f"filter: {grid.filter}" if grid.filter else "", f"by {grid.sorting}" if grid.sorting else ""))
        self.lower_title.say((Span(f" {what}{about}  ", "bold"), Span(words)), (Span(f"{grid.place} ", "dim"),))
        self.picture.renew()
        if self.about_pager.display:
            self.about_pager.renew()

    def _picture(self, cells: int, rows: int) -> list[Line]:
        """The column under the cursor: reference against window, and its history."""
        column, window = self.columns.row, self._window
        if column is None or window is None:
            return []
        signal = column_picture.leading(column)
        past = () if signal is None else self._history(signal.name)
        return column_picture.picture(column, window.key, past, cells, rows, self._view)

    def _history(self, name: str) -> column_picture.Past:
        try:
            return signal_past(self.source.conn, self.model, name, HISTORY)
        except Trouble:
            return ()

    def _about_lines(self, cells: int) -> list[Line]:
        """On a large screen, below: all that is known of the lower list's row."""
        row, window = self._lower.row, self._window
        if row is None or window is None:
            return []
        return detail.lines(row, detail.past_of(self.source, self.model, row), cells)

    def heading(self) -> Line:
        return (Span(f"window {self.windows.place}"),)

    def about(self) -> Line:
        """One line about the row under the cursor of the list that has the focus."""
        if not self._below or self._report:
            finding = self.data.row if self._below else None
            return view.window_about(self._window) if finding is None else _finding_about(finding[1])
        line = self.columns.row
        if line is None:
            return ()
        mark = marks.signal(line.state)
        return (Span(f" {mark.sign()} {line.name}  ", mark.tone), Span(line.message))

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _lower(self) -> Grid[Any]:
        """The lower list that shows."""
        return self.data if self._report else self.columns

    @property
    def _below(self) -> bool:
        """Whether the lower list has the focus."""
        return self._lower.has_focus

    def filterable(self) -> Grid[Any]:
        return self.columns

    def first_focus(self) -> Widget:
        return self.windows

    def step_back(self) -> bool:
        """Filter off, then to the windows."""
        if super().step_back():
            return True
        if self._below:
            self.windows.focus()
            return True
        return False

    @on(Grid.Moved, "#windows")
    def _window_moved(self) -> None:
        """Another window: its columns, and where it is the oldest that was read, another page."""
        try:
            self._choose()
            if self.windows.row is not None and self.windows.row == self.windows.rows[-1]:
                self._more()
        except Trouble:
            return  # the app's next poll says so, and reads again

    @on(Grid.Moved, "#columns,#data")
    @on(Grid.Ordered)
    def _lower_moved(self) -> None:
        self._title()

    def _more(self) -> None:
        """The cursor is on the oldest window that was read: read another page, if there is one."""
        if len(self.windows.rows) >= self._limit:
            self._limit += PAGE
            self.load()

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """From a window to its columns; from there to all that is known of the row."""
        if not self._below:
            self._lower.focus()
        elif self._window is not None and self._lower.row is not None:
            self.app.push_screen(detail.DetailScreen(self.source, self.model, self._window.key, self._lower.row))

    def action_other(self) -> None:
        """The focus to the other list."""
        (self.windows if self._below else self._lower).focus()

    def action_data(self) -> None:
        """Show the data report below, or the columns again."""
        below = self._below
        self._report = not self._report
        self._show_lower()
        if below:
            self._lower.focus()
        self._title()
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


def _reading(window: WindowLine | None, found: Mapping[str, Sequence[Signal]]) -> Signal | None:
    """The window's reading, of the version whose metric shows if there is one."""
    versions = ("",) if window is None else dict.fromkeys((window.version, ""))
    return next((s for version in versions for s in found.get(version, ()) if s.name == "reading"), None)


def _finding_about(found: DataFinding) -> Line:
    return (Span(f" {found.code}  ", "warning"), Span(joined((found.message, found.effect or ""))))


def _searched(line: ColumnLine) -> str:
    return f"{line.name} {line.state} {line.message}"
