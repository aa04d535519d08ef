"""The first screen: every model, worst first, with what is wrong, what is done about it and what comes next.

Opened by the app. The columns are `fleet_columns`; the line below the list answers why, and what happens next.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.tui import fleet_columns, marks
from lifecycle_tui.tui.marking import MarkGrid
from lifecycle_tui.tui.reads import fleet
from lifecycle_tui.tui.reads.fleet import FleetLine
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, joined, moment

if TYPE_CHECKING:
    from lifecycle_tui.tui.entries import Entry

NOTHING = (
    "Nothing was checked yet. Run `lifecycle check`: what it finds appears here. `lifecycle init FILE` declares a "
    "model for data of yours, `lifecycle demo` shows four that live."
)
NO_FILE = (
    "There is no lifecycle.toml here. `lifecycle init FILE` writes one for data of yours, and `lifecycle demo` shows "
    "four models that live."
)
NONE_DECLARED = (
    "lifecycle.toml declares no model any more. `lifecycle init FILE` declares one; `:` shows those that were there."
)


class FleetScreen(View):
    """All models of a workspace."""

    NAME = "fleet"
    ACTIONS = ("retrain",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="fleet.open", tooltip="open the model"),
        Binding("s", "sort", "sort", id="fleet.sort", tooltip="sort by the next column"),
        Binding("S", "reverse", "turn the order around", show=False, id="fleet.reverse"),
    ]

    def __init__(self, source: Source, first: tuple[FleetLine, ...] | None = None) -> None:
        super().__init__(source)
        self._first = first
        self.grid: MarkGrid[FleetLine] = MarkGrid(
            fleet_columns.COLUMNS, key=lambda m: m.name, text=fleet_columns.searched, id="fleet"
        )
        self._retired = False
        self._at: datetime | None = None

    # ── what it shows ─────────────────────────────────────────────────────────────────────────────────────────────

    def body(self) -> Iterable[Widget]:
        yield self.grid

    def on_mount(self) -> None:
        if self._first:
            # Read before the program began: the first paint has it already.
            self.grid.show(self._first)
        super().on_mount()

    async def load(self) -> None:
        """Read the fleet; only rows that changed are painted."""
        now = self.source.now()
        self._at = _minute(now)
        found, empty = await self.source.ask(_read, self.source.root, now, self._retired)
        self.grid.show(found, empty=empty)

    def moved(self) -> bool:
        """Whether what is said relative to the clock is a minute old."""
        return _minute(self.source.now()) != self._at

    def heading(self) -> tuple[Line, Line]:
        marked, hidden = len(self.grid.marked), self.grid.hidden
        words = (
            f"{marked} marked" if marked else "",
            f"{hidden} of them hidden" if hidden else "",
            f"filter: {self.grid.filter}" if self.grid.filter else "",
            f"by {self.grid.sorting}" if self.grid.sorting else "",
            self.grid.place,
        )
        clock = self.source.clock()
        # The clock takes the place of the program's name: what is wrong must be read at 80 columns too.
        before = "lifecycle  " if clock is None else ""
        stands = clock is not None and clock.at >= clock.until
        shows = "" if clock is None else f"simulated {moment(clock.at)}{', the end' if stands else ''}  "
        return (Span(f" {before}{self.source.name}  {shows}"), *self._counts()), (Span(f"  {joined(words)} "),)

    def _counts(self) -> Line:
        found: dict[str, int] = {}
        for row in self.grid.rows:
            found[row.model.health] = found.get(row.model.health, 0) + 1
        parts = [f"{n} {name}" for name, n in sorted(found.items(), key=lambda item: marks.health(item[0]).rank)]
        return (Span(joined(parts)),)

    def about(self) -> Line:
        row = self.grid.row
        return () if row is None else fleet_columns.about(row, self.source.now(), self.size.width)

    def on_resize(self) -> None:
        self.bars()

    # ── what it is about ──────────────────────────────────────────────────────────────────────────────────────────

    def filterable(self) -> MarkGrid[FleetLine]:
        return self.grid

    def subject(self) -> Subject:
        return Subject(
            model=None if self.grid.row is None else self.grid.row.name,
            job=None if self.grid.row is None or self.grid.row.job is None else self.grid.row.job.id,
            models=self.grid.marked,
        )

    def palette_entries(self) -> Iterable[Entry]:
        """Models that the file declares no longer, besides the orders of the list."""
        from lifecycle_tui.tui.entries import Entry

        text = "Hide undeclared models" if self._retired else "Show undeclared models"
        more = Entry("list", text, self.action_retired, "that lifecycle.toml declared once")
        return (more, *super().palette_entries())

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def on_grid_chosen(self) -> None:
        self.action_open()

    def on_mark_grid_marked(self) -> None:
        self.bars()

    def step_back(self) -> bool:
        """The filter goes first, then the marks."""
        return super().step_back() or self.grid.unmark()

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

    def action_retired(self) -> None:
        """Show, or hide again, what the file no longer declares."""
        self._retired = not self._retired
        self.reload()


def _read(conn: sqlite3.Connection, root: Path, now: datetime, retired: bool) -> tuple[tuple[FleetLine, ...], str]:
    """The rows; and what to do where there is none."""
    found = fleet.lines(conn, now, retired=retired)
    if found:
        return found, ""
    if not (root / FILE).exists():
        return found, NO_FILE
    return found, NONE_DECLARED if fleet.any_retired(conn) else NOTHING


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
