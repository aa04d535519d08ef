"""The first screen: every model, worst first, with what is wrong, what is done about it and what comes next.

Opened by the app. The list is `fleet_grid`, its columns are `fleet_columns`, its pages are read by `reads.fleet_page`;
the line below the list answers why, and what happens next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from lifecycle_tui.tui import fleet_columns, going, marks
from lifecycle_tui.tui.fleet_grid import FleetGrid
from lifecycle_tui.tui.reads import fleet_page
from lifecycle_tui.tui.reads.fleet_page import FleetPage, Shape
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject, Where
from lifecycle_tui.tui.text import Line, Span, joined, moment

if TYPE_CHECKING:
    import sqlite3

    from lifecycle_tui.tui.cells import Column
    from lifecycle_tui.tui.entries import Entry
    from lifecycle_tui.tui.export import Table

AT_ONCE = 500
"""Models that are read at once for a file."""


class FleetScreen(View):
    """All models of a workspace."""

    NAME = "fleet"
    ACTIONS = ("retrain",)
    MODELWIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="fleet.open", tooltip="open the model"),
        Binding("s", "sort", "sort", id="fleet.sort", tooltip="sort by the next column"),
        Binding("S", "reverse", "turn the order around", show=False, id="fleet.reverse"),
        Binding("o", "group", "group", show=False, id="fleet.group", tooltip="group by owner, by tag, not at all"),
    ]

    def __init__(self, source: Source, first: FleetPage | None = None) -> None:
        super().__init__(source)
        self._ordered: object = None
        self._first = first
        self.grid = FleetGrid(
            wants=self._want,
            wants_all=lambda: self.begin("marks", self._mark_all),
            wants_group=lambda: self.begin("marks", self._mark_group),
        )
        self._healths: Mapping[str, int] = {}
        self._groups = 0
        self._at: datetime | None = None

    # ── what it shows ─────────────────────────────────────────────────────────────────────────────────────────────

    def body(self) -> Iterable[Widget]:
        yield self.grid

    def on_mount(self) -> None:
        if self._first is not None:
            # Read before the program began: the first paint has it already.
            self._put(self._first)
        super().on_mount()

    async def load(self) -> None:
        """Read the page in view and the counts; only rows that changed are painted."""
        now = self.source.now()
        self._at = _minute(now)
        if self._first is not None:
            self._first = None  # it shows already; what has changed since, the first poll asks
            return
        self._put(await self.source.ask(fleet_page.page, self.source.root, self.grid.view, now))

    def _want(self) -> None:
        """Have the page in view read; after another filter or order keys wait for it: Enter is about its row."""
        if (order := self.grid.order) != self._ordered:
            self._ordered = order
            self.opened.clear()
        self.begin("page", self._page_in)

    async def _page_in(self) -> None:
        try:
            await self._page()
        finally:
            self.opened.set()

    async def _page(self) -> None:
        """The rows that came into view, or another order."""
        if self.stands:
            await self.load()
            self.bars()

    def _put(self, found: FleetPage) -> None:
        if found.page.view.order == self.grid.order:
            self._healths, self._groups = found.healths, found.groups
        self.grid.put(found.page, empty=found.empty)

    async def _mark_all(self) -> None:
        self.grid.mark_all(await self.source.ask(fleet_page.everything, self.grid.view))

    async def _mark_group(self) -> None:
        group = self.grid.group
        if group is not None:
            names = await self.source.ask(fleet_page.of_group, self.grid.view, group.group.value)
            self.grid.mark_all(names)

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
            self._grouping(),
            self.grid.place,
        )
        clock = self.source.clock()
        # The clock takes the place of the program's name: what is wrong must be read at 80 columns too.
        before = "lifecycle  " if clock is None else ""
        stands = clock is not None and clock.at >= clock.until
        shows = "" if clock is None else f"simulated {moment(clock.at)}{', the end' if stands else ''}  "
        return (Span(f" {before}{self.source.name}  {shows}"), *self._counts()), (Span(f"  {joined(words)} "),)

    def _grouping(self) -> str:
        by = self.grid.shape.by
        return "" if by is None else f"{self._groups:,} {by}{'s' * (self._groups != 1)}"

    def _counts(self) -> Line:
        found = sorted(self._healths.items(), key=lambda item: marks.health(item[0]).rank)
        return (Span(joined(f"{n:,} {name}" for name, n in found)),)

    def about(self) -> Line:
        if self.grid.group is not None:
            return fleet_columns.about_group(self.grid.group)
        row = self.grid.model
        return () if row is None else fleet_columns.about(row, self.source.now(), self.size.width)

    def on_resize(self) -> None:
        self.bars()

    # ── what it is about ──────────────────────────────────────────────────────────────────────────────────────────

    def filterable(self) -> FleetGrid:
        return self.grid

    def subject(self) -> Subject:
        row = self.grid.model
        return Subject(
            model=None if row is None else row.name,
            job=None if row is None or row.job is None else row.job.id,
            models=self.grid.marked,
        )

    def settings(self) -> Mapping[str, str]:
        """The order, and what the models are grouped by."""
        by = self.grid.shape.by
        return {**super().settings(), **({} if by is None else {"group": by})}

    def restore(self, settings: Mapping[str, str]) -> None:
        """As `settings` gave it; a column or grouping that there is no more is left out."""
        super().restore(settings)
        by = settings.get("group")
        if by in ("owner", "tag"):
            self.grid.reorder(Shape(by="owner" if by == "owner" else "tag"))

    async def exported(self) -> Table | None:
        """All models that pass the filter, in order, whether in view or not; groups are none in a file."""
        from lifecycle_tui.tui.export import joined_tables

        now, view, columns = self.source.now(), self.grid.view, self.grid.columns
        keys = await self.source.ask(fleet_page.everything, view)
        # A part at a time: what else is read meanwhile does not wait for ten thousand.
        starts = range(0, max(1, len(keys)), AT_ONCE)
        parts = [await self.source.ask(_part, columns, keys[n : n + AT_ONCE], now, self.named()) for n in starts]
        return joined_tables(parts)

    def copied(self) -> str:
        """The row under the cursor; of a group its owner or tag."""
        group = self.grid.group
        return super().copied() if group is None else group.group.value or ""

    def palette_entries(self) -> Iterable[Entry]:
        """Models that the file declares no longer, besides the orders of the list."""
        from lifecycle_tui.tui.entries import Entry

        text = "Hide undeclared models" if self.grid.shape.retired else "Show undeclared models"
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
        """Open the model under the cursor; on a group's line fold it away, or show its models again."""
        row = self.grid.model
        if row is not None:
            going.to_model(self.app, row.name, Where(pane="overview"))
        else:
            self.grid.fold()

    def action_group(self) -> None:
        """Group by owner, then by tag, then not at all."""
        self.grid.group_next()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.grid.sort_next()

    def action_reverse(self) -> None:
        """Turn the order around."""
        self.grid.sort_reverse()

    def action_retired(self) -> None:
        """Show, or hide again, what the file no longer declares."""
        self.grid.reorder(self.grid.shape._replace(retired=not self.grid.shape.retired))


def _part(
    conn: sqlite3.Connection, columns: Sequence[Column[Any]], keys: Sequence[str], now: datetime, name: str
) -> Table:  # fmt: skip
    """Some of the rows, in the reader's thread."""
    from lifecycle_tui.tui import taking
    from lifecycle_tui.tui.reads import fleet

    return taking.table_of(columns, fleet.lines(conn, now, keys), name)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
