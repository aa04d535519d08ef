"""A list of what happened, newest first. The history pane and the history screen are this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from lifecycle_tui.registry.aliases import OURS
from lifecycle_tui.state.timeline import Entry
from lifecycle_tui.tui import going, marks
from lifecycle_tui.tui.grid import Cell, Column, Grid
from lifecycle_tui.tui.marks import Mark
from lifecycle_tui.tui.reads import history
from lifecycle_tui.tui.reads.history import CHOICES, Target
from lifecycle_tui.tui.reads.pages import Pages, near_end
from lifecycle_tui.tui.screens.base import could_not_read
from lifecycle_tui.tui.source import Source, Trouble
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, joined, moment

_APPROVALS = {
    "requested": Mark("?", "?", "approval asked", "warning", 0),
    "approved": Mark("✓", "+", "approved", "ok", 0),
    "declined": Mark("✗", "X", "declined", "warning", 0),
    "withdrawn": Mark("–", "-", "request withdrawn", "dim", 0),
}


def mark(entry: Entry) -> Mark:
    """How an entry is marked: what happened in a word or three."""
    kind, what = entry.kind, entry.what
    if kind == "alert":
        return _alert(entry)
    if kind == "judgement":
        found = marks.verdict(what)
        return Mark(found.glyph, found.ascii, f"judged: {found.word}", found.tone, 0)
    if kind == "approval":
        return _APPROVALS.get(what) or Mark("?", "?", what, "", 0)
    if kind == "job":
        found = marks.job(what)
        return Mark(found.glyph, found.ascii, f"job {what}", found.tone if what != "done" else "", 0)
    if kind == "job-queued":
        return Mark("○", "o", "job queued", "dim", 0)
    if kind == "version":
        return Mark("◆", "#", f"version {what}", "info", 0)
    if kind == "alias":
        named = entry.subject if entry.subject in OURS else "alias"
        return Mark("→", "=", f"{named} {what}", "info" if what == "moved" else "dim", 0)
    if kind == "audit":
        return Mark("•", "*", f"did: {what}", "bold", 0)
    return Mark("·", ".", f"{kind} {what}", "dim", 0)


def _alert(entry: Entry) -> Mark:
    if entry.what == "resolved":
        return Mark("✓", "+", "alert resolved", "ok", 0)
    if entry.what == "acknowledged":
        return Mark("•", "*", "alert acknowledged", "info", 0)
    found = marks.severity(entry.text.partition(":")[0])
    return Mark(found.glyph, found.ascii, f"{found.word} alert", found.tone, 0)


def _what(e: Entry) -> Cell:
    found = mark(e)
    return Cell(found.text(), found.tone)


def told(e: Entry) -> str:
    """An entry's subject and sentence, without what its mark says already."""
    subject, text = e.subject, e.text
    if e.kind == "alias" and subject in OURS:
        subject = ""
    elif e.kind == "alert":
        text = text.partition(": ")[2] if text.partition(":")[0] in marks.SEVERITY else text
    elif e.kind == "job" and e.what == "failed":
        text = text.partition(" s, ")[2] or text  # why it failed is asked first, how long it took is on its page
    return joined((subject, text), ": ")


def columns(model: bool) -> tuple[Column[Entry], ...]:
    """Columns of the list; with the model's name where it is about all of them."""
    return (
        Column("when", "when", 16, lambda e: Cell(moment(e.at))),
        Column("model", "model", 13 if model else 0, lambda e: Cell(e.model or "", "bold"), grow=1, most=28),
        Column("what", "what", 21, _what),
        Column("text", "", 24, lambda e: Cell(told(e)), grow=9),
        Column("by", "by", 14, lambda e: Cell(e.by or "", "dim"), needs=100, grow=1, most=24),
    )


def searched(e: Entry) -> str:
    """What the filter looks in."""
    return " ".join((moment(e.at), e.model or "", mark(e).word, e.kind, e.what, e.subject, e.text, e.by or ""))


class HistoryList(Vertical):
    """What happened, newest first, of the kinds that were chosen; older pages are read as the cursor nears them.

    Args:
        model: of which model; None for all.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "all", id="history.open", tooltip="everything about the entry; again: go there"),
        Binding("f", "kinds", "kinds", id="history.kinds", tooltip="what matters, everything, jobs, windows"),
    ]

    class Changed(Message):
        """The cursor stands on another entry, or the list says something else by now."""

    def __init__(self, source: Source, model: str | None) -> None:
        super().__init__(id="history-list")
        self.source, self.model = source, model
        self._at = 0
        self._pages = self._fresh()
        self.grid: Grid[Entry] = Grid(columns(model is None), key=lambda e: e.cursor, text=searched, id="history")

    def compose(self) -> ComposeResult:
        yield self.grid

    def _fresh(self) -> Pages[Entry]:
        return Pages(self._read, lambda e: e.cursor, history.PAGE)

    def _read(self, after: Entry | None) -> Sequence[Entry]:
        return history.page(self.source.conn, self.model, CHOICES[self._at], after)

    def load(self) -> None:
        """Read the newest page again; what was read before stays behind it."""
        if self._pages.renew() or not self._pages.rows:
            self._show()

    def _show(self) -> None:
        self.grid.show(self._pages.rows, empty=CHOICES[self._at].empty)

    @property
    def place(self) -> str:
        """Which kinds show, and where the cursor is; `+` where there is more than was read."""
        more = "" if self._pages.whole else "+"
        filtered = f"filter: {self.grid.filter}" if self.grid.filter else ""
        return joined((filtered, CHOICES[self._at].name, self.grid.place + more))

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

    def on_grid_moved(self) -> None:
        try:
            if not self._pages.whole and near_end(self.grid.rows, self.grid.row):
                self._pages.more()
                self._show()
        except Trouble as exc:
            could_not_read(self, exc)
            return
        self.post_message(self.Changed())

    def on_grid_ordered(self) -> None:
        self.post_message(self.Changed())

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_kinds(self) -> None:
        """Show the next choice of kinds; the cursor stays at its time."""
        was = self.grid.row
        self._at = (self._at + 1) % len(CHOICES)
        self._pages = self._fresh()
        try:
            self.load()
        except Trouble as exc:
            could_not_read(self, exc)
            return
        if was is not None and was not in self._pages.rows:
            near = next((e for e in self._pages.rows if e.at <= was.at), None)
            if near is not None:
                self.grid.go(near.cursor)
        self.post_message(self.Changed())

    def action_open(self) -> None:
        """Everything about the entry under the cursor."""
        entry = self.grid.row
        if entry is None:
            return
        from lifecycle_tui.tui.screens.page import PageScreen

        try:
            to = history.target(self.source.conn, entry)
        except Trouble as exc:
            could_not_read(self, exc)
            return
        self.app.push_screen(
            PageScreen(
                self.source, joined((entry.model or "", mark(entry).word, entry.subject), "  "),
                lambda conn: history.sections(conn, entry, self.source.now()), self.subject(),
                None if to is None else lambda: self._go(to), "" if to is None else to.words,
            )
        )  # fmt: skip

    def _go(self, to: Target) -> None:
        """From an entry's page to where it belongs."""
        if to.model is not None and to.where is not None:
            going.to_model(self.app, self.source, to.model, to.where)
        elif to.job is not None:
            from lifecycle_tui.tui.screens.job import JobScreen

            self.app.push_screen(JobScreen(self.source, to.job))
