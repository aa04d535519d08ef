"""A list of what happened, newest first, from now or from any moment. The history pane and the history screen are this.

From a moment on ("as of"), the list begins there, and lines above say how the model stood then.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from lifecycle_tui.state.timeline import Entry
from lifecycle_tui.tui import going
from lifecycle_tui.tui.entry_words import columns, mark, searched, told
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.panes.held import HeldList
from lifecycle_tui.tui.reads import history
from lifecycle_tui.tui.reads.history import CHOICES, Target, Then
from lifecycle_tui.tui.reads.pages import Pages, wanted
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.standing_lines import about_then, then_lines
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, joined, moment
from lifecycle_tui.tui.typing import begin, typing
from lifecycle_tui.tui.widgets.lines import Lines
from lifecycle_tui.tui.widgets.moment_line import MomentLine

SEARCHED = 20_000
"""Entries that a filter looks through by itself; a moment further back is where it goes on."""


class HistoryList(HeldList):
    """What happened, newest first, of the kinds that were chosen; older pages are read as the cursor nears them.

    Args:
        model: of which model; None for all.
    """

    DEFAULT_CSS = """
    HistoryList #then { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "all", id="history.open", tooltip="everything about the entry; again: go there"),
        Binding("f", "kinds", "kinds", id="history.kinds", tooltip="what matters, everything, jobs, windows"),
        Binding("d", "as_of", "as of", priority=True, id="history.as-of",
                tooltip="as of a date or time: what was known then, and how the model stood"),
        Binding("o", "then", "how it stood", show=False, id="history.then",
                tooltip="as of a moment: all about how the model stood then"),
    ]  # fmt: skip

    class Changed(Message):
        """The cursor stands on another entry, or the list says something else by now."""

    def __init__(self, source: Source, model: str | None) -> None:
        super().__init__(id="history-list")
        self.source, self.model = source, model
        self.at: datetime | None = None
        self._kinds = 0
        self._near: datetime | None = None
        self._then: Then | None = None
        self._pages = self._fresh()
        self.line = MomentLine(lambda: source.now(), id="moment")
        self.then = Lines(id="then")
        self.then.display = False
        self.grid: Grid[Entry] = Grid(columns(model is None), key=lambda e: e.cursor, text=self._searched, id="history")

    def compose(self) -> ComposeResult:
        yield self.line
        yield self.then
        yield self.grid

    def _fresh(self) -> Pages[Entry]:
        return Pages(lambda e: e.cursor, history.PAGE)

    def _searched(self, entry: Entry) -> str:
        return searched(entry, self.source.now())

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def load(self) -> None:
        """Read the newest page again; what was read before stays behind it."""
        pages, at, choice = self._pages, self.at, CHOICES[self._kinds]
        head = await self.source.ask(history.page, self.model, choice, None, at)
        then = None if at is None else await self.source.ask(history.then, self.model, at)
        if pages is not self._pages:
            return  # another choice was made meanwhile; it is read for itself
        self._then = then
        self._show_then()
        if pages.renew(head):
            self._show()
        if self._near is not None:
            near = next((e for e in pages.rows if e.at <= self._near), None)
            self._near = None
            if near is not None:
                self.grid.go(near.cursor)
        self.post_message(self.Changed())

    def _show(self) -> None:
        self.grid.show(self._pages.rows, empty=self._empty())
        self._read_on()

    def _empty(self) -> str:
        """What to say where no row shows."""
        rows = self._pages.rows
        if self.grid.filter and rows:
            if not self._pages.whole and len(rows) >= SEARCHED:
                return (f"Nothing like that in the newest {len(rows):,} entries, back to {moment(rows[-1].at)}. "
                        "d goes further back.")  # fmt: skip
            return "Nothing here is like that. Esc drops the filter; f shows other kinds."
        if self.at is not None:
            return "Nothing of that kind had happened by then."
        return CHOICES[self._kinds].empty

    def _read_on(self) -> None:
        """Have the next page read where the cursor is near the end, or a filter leaves room for more."""
        pages = self._pages
        if pages.began and not pages.whole and wanted(self.grid, len(pages.rows), SEARCHED):
            self.begin("more", self._more)

    async def _more(self) -> None:
        pages, after = self._pages, self._pages.last
        found = await self.source.ask(history.page, self.model, CHOICES[self._kinds], after, self.at)
        if pages is self._pages and pages.extend(after, found):
            self._show()
            self.post_message(self.Changed())

    # ── what it says ──────────────────────────────────────────────────────────────────────────────────────────────

    def _show_then(self) -> None:
        then, cells = self._then, self.size.width
        self.then.display = then is not None
        if then is not None and cells:
            rows = self.screen.size.height
            self.then.show(then_lines(then, self.source.now(), cells, rows))

    def on_resize(self) -> None:
        self._show_then()

    @property
    def place(self) -> str:
        """Which kinds show, and where the cursor is; `+` where there is more than was read."""
        more = "" if self._pages.whole else "+"
        filtered = f"filter: {self.grid.filter}" if self.grid.filter else ""
        at = "" if self.at is None else f"as of {moment(self.at)}"
        return joined((at, filtered, CHOICES[self._kinds].name, self.grid.place + more))

    def about(self) -> Line:
        """The entry under the cursor in a line."""
        entry = self.grid.row
        if entry is None:
            return ()
        found = mark(entry)
        by = f"by {entry.by}" if entry.by else ""
        return (Span(f" {found.text()}  ", found.tone), Span(joined((told(entry), by))))

    def subject(self) -> Subject:
        """What an action would be about: the entry's model, and the job that it tells of."""
        entry = self.grid.row
        if entry is None:
            return Subject(model=self.model)
        return Subject(model=entry.model or self.model, job=entry.id if entry.kind in ("job", "job-queued") else None)

    def filterable(self) -> Grid[Entry]:
        return self.grid

    def step_back(self) -> bool:
        """Esc: the filter goes first, then the moment."""
        if super().step_back():
            return True
        if self.at is None:
            return False
        self.look(None)
        return True

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def on_grid_moved(self) -> None:
        self._read_on()
        self.post_message(self.Changed())

    def on_grid_ordered(self) -> None:
        if self._pages.began and not self.grid.rows:
            self.grid.show(self._pages.rows, empty=self._empty())
        self._read_on()
        self.post_message(self.Changed())

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_kinds(self) -> None:
        """Show the next choice of kinds; the cursor stays at its time."""
        self._near = None if self.grid.row is None else self.grid.row.at
        self._kinds = (self._kinds + 1) % len(CHOICES)
        self._again()

    def look(self, at: datetime | None) -> None:
        """Show what was known at an instant; None for now."""
        self.at, self._near = at, None
        if at is None:
            self._then = None
            self._show_then()
        self._again()

    def _again(self) -> None:
        self._pages = self._fresh()
        self.begin("load", self.load)
        self.post_message(self.Changed())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While somebody types, `d` is a letter."""
        return action != "as_of" or not typing(self.screen)

    async def action_as_of(self) -> None:
        """Open the line that takes a moment."""
        await self.line.open("" if self.at is None else moment(self.at))

    def on_moment_line_taken(self, event: MomentLine.Taken) -> None:
        """Enter in that line: an instant, or none for now."""
        begin(self.grid)
        self.look(event.at)

    def on_moment_line_left(self) -> None:
        begin(self.grid)

    def action_then(self) -> None:
        """All about how the model stood at the moment."""
        entry = self.grid.row
        model = self.model or (None if entry is None else entry.model)
        if self.at is None or model is None:
            self._no_moment()
            return
        from lifecycle_tui.tui.screens.page import PageScreen

        page = PageScreen(
            self.source, f"{model}  as of {moment(self.at)} UTC", partial(about_then, model=model, at=self.at),
            Subject(model=model),
        )  # fmt: skip
        self.app.push_screen(page)

    def _no_moment(self) -> None:
        from lifecycle_tui.tui.screens.base import View

        if isinstance(self.screen, View):
            self.screen.say("d sets a moment first: 2026-03-14 09:00, yesterday, 3 days ago"
                            if self.at is None else "no model is under the cursor here")  # fmt: skip

    def action_open(self) -> None:
        """Everything about the entry under the cursor."""
        if self.grid.row is not None:
            self.begin("open", self._open)

    async def _open(self) -> None:
        entry = self.grid.row
        if entry is None:
            return
        from lifecycle_tui.tui.screens.page import PageScreen

        subject = self.subject()
        to = await self.source.ask(history.target, entry)
        self.app.push_screen(
            PageScreen(
                self.source, joined((entry.model or "", mark(entry).word, entry.subject), "  "),
                lambda conn: history.sections(conn, entry, self.source.now()), subject,
                None if to is None else lambda: self._go(to), "" if to is None else to.words,
            )
        )  # fmt: skip

    def _go(self, to: Target) -> None:
        """From an entry's page to where it belongs."""
        if to.model is not None and to.where is not None:
            going.to_model(self.app, to.model, to.where)
        elif to.job is not None:
            from lifecycle_tui.tui.screens.job import JobScreen

            self.app.push_screen(JobScreen(self.source, to.job))
