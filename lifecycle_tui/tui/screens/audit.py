"""Who did what: every row of the audit log, newest first. Reached from everywhere by its key; Enter shows one whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from lifecycle_tui.tui import going
from lifecycle_tui.tui.cells import Cell, Column
from lifecycle_tui.tui.entry_words import day_words
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.reads import audit
from lifecycle_tui.tui.reads.audit import AuditLine
from lifecycle_tui.tui.reads.history import Target
from lifecycle_tui.tui.reads.pages import Pages, wanted
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, joined, moment

SEARCHED = 20_000
"""Rows that a filter looks through by itself."""
DAYS = ("yesterday", "today")
EMPTY = "Nobody has done anything here yet. What people, rules and the agent change is listed here."
TOLD = "One row for each thing that is done, chained by hashes: `lifecycle audit --verify` checks them."


def _who(line: AuditLine) -> Cell:
    row = line.row
    return Cell(row.who + (f" (as {row.behind})" if row.behind else ""), "bold")


def _state(line: AuditLine) -> str:
    return {"failed": "critical", "cancelled": "warning"}.get(line.state, "")


COLUMNS: tuple[Column[AuditLine], ...] = (
    Column("when", "when", 16, lambda a: Cell(moment(a.row.at))),
    Column("who", "who", 10, _who, grow=1, most=28, sort=lambda a: a.row.who.casefold()),
    Column("action", "did", 11, lambda a: Cell(a.row.action), sort=lambda a: a.row.action, grow=1, most=16),
    Column("subject", "to what", 16, lambda a: Cell(a.row.subject), sort=lambda a: a.row.subject.casefold(), grow=2,
           most=44),
    Column("text", "note, what it changed, what came of it", 18, lambda a: Cell(audit.said(a), _state(a)), grow=6,
           needs=70),
)  # fmt: skip


def searched(line: AuditLine, now: datetime) -> str:
    """What the filter looks in: all of the row; `by:anna`, and the day in a word (`yesterday`, `friday`)."""
    row = line.row
    behind = f"by:{row.behind} as {row.behind}" if row.behind else ""
    changed = " ".join(f"{key} {old} {new}" for key, old, new in audit.audit.changes(row.detail))
    return " ".join(
        (moment(row.at), day_words(row.at, now), f"by:{row.who}", row.who, behind, row.action, row.subject,
         row.model or "", audit.said(line), changed, f"#{row.id}")
    )  # fmt: skip


class AuditScreen(View):
    """The audit log of the workspace."""

    NAME = "audit"
    ACTIONS = ("undo",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "all", id="audit.open", tooltip="all of the row; again: to what it was done to"),
        Binding("s", "sort", "sort", show=False, id="audit.sort", tooltip="sort by the next column"),
        Binding("S", "reverse", "turn the order around", show=False, id="audit.reverse"),
        Binding("d", "day", "day", id="audit.day", tooltip="what was done yesterday; again: today; again: ever"),
    ]  # fmt: skip

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._pages: Pages[AuditLine] = Pages(lambda a: a.key, audit.PAGE)
        self.grid: Grid[AuditLine] = Grid(
            COLUMNS, key=lambda a: a.key, text=lambda a: searched(a, self.source.now()), empty=EMPTY, id="audit"
        )

    def body(self) -> Iterable[Widget]:
        yield self.grid

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def load(self) -> None:
        """Read the newest page again; what was read before stays behind it."""
        if self._pages.renew(await self.source.ask(audit.page, None)):
            self._show()

    def _show(self) -> None:
        self.grid.show(self._pages.rows, empty=self._empty())
        self._read_on()

    def _empty(self) -> str:
        rows = self._pages.rows
        if not rows or not self.grid.filter:
            return EMPTY
        more = "" if self._pages.whole or len(rows) < SEARCHED else f" among the newest {len(rows):,} rows"
        return f"Nobody has done anything like that{more}. Esc drops the filter."

    def _read_on(self) -> None:
        pages = self._pages
        if pages.began and not pages.whole and wanted(self.grid, len(pages.rows), SEARCHED):
            self.begin("more", self._more)

    async def _more(self) -> None:
        after = self._pages.last
        if self._pages.extend(after, await self.source.ask(audit.page, after)):
            self._show()
            self.bars()

    def on_grid_moved(self) -> None:
        self._read_on()
        self.bars()

    def on_grid_ordered(self) -> None:
        if self._pages.began and not self.grid.rows:
            self.grid.show(self._pages.rows, empty=self._empty())
        self._read_on()
        self.bars()

    # ── what it says ──────────────────────────────────────────────────────────────────────────────────────────────

    def heading(self) -> tuple[Line, Line]:
        more = "" if self._pages.whole else "+"
        filtered = f"filter: {self.grid.filter}" if self.grid.filter else ""
        order = f"by {self.grid.sorting}" if self.grid.sorting else ""
        return (Span(f" audit  {self.source.name}"),), (
            Span(f"  {joined((filtered, order, self.grid.place + more))} "),
        )

    def about(self) -> Line:
        """The row under the cursor in a line."""
        line = self.grid.row
        if line is None:
            return (Span(f" {TOLD}", "dim"),)
        row = line.row
        by = f"by {row.who}" + (f" as {row.behind}" if row.behind else "")
        return (Span(f" #{row.id} {row.action}  ", "bold"), Span(joined((row.subject, by, audit.said(line)))))

    def subject(self) -> Subject:
        line = self.grid.row
        return Subject() if line is None else Subject(model=line.row.model, job=line.job, entry=line.row.id)

    def filterable(self) -> Grid[AuditLine]:
        return self.grid

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def action_day(self) -> None:
        """Only what was done yesterday; then today; then all again. Other words of the filter stay."""
        words = self.grid.filter.split()
        now = next((day for day in DAYS if day in words), None)
        rest = [word for word in words if word not in DAYS]
        self.grid.filter = " ".join([*rest, *DAYS[:1]] if now is None else [*rest, *DAYS[DAYS.index(now) + 1 :]])

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.grid.sort_next()

    def action_reverse(self) -> None:
        """Turn the order around."""
        self.grid.sort_reverse()

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """All of the row under the cursor."""
        if self.grid.row is not None:
            self.begin("open", self._open)

    async def _open(self) -> None:
        line = self.grid.row
        if line is None:
            return
        from lifecycle_tui.tui.screens.page import PageScreen

        to = await self.source.ask(audit.where, line)
        self.app.push_screen(
            PageScreen(
                self.source, joined((f"#{line.row.id}", line.row.action, line.row.subject), "  "),
                lambda conn: audit.sections(conn, line, self.source.now()), self.subject(),
                None if to is None else lambda: self._go(to), "" if to is None else to.words,
            )
        )  # fmt: skip

    def _go(self, to: Target) -> None:
        """From a row's page to what it was done to."""
        if to.job is not None:
            from lifecycle_tui.tui.screens.job import JobScreen

            self.app.push_screen(JobScreen(self.source, to.job))
        elif to.model is not None:
            going.to_model(self.app, to.model, to.where)
