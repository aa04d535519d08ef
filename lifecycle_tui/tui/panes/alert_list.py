"""A list of alerts with what is known of the one under the cursor. The alerts pane and the alerts screen are this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from lifecycle_tui.state.alerts import AlertEvent
from lifecycle_tui.tui import going, marks
from lifecycle_tui.tui.grid import Cell, Column
from lifecycle_tui.tui.marking import MarkGrid
from lifecycle_tui.tui.panes.held import HeldList
from lifecycle_tui.tui.panes.panel import Panel
from lifecycle_tui.tui.reads import alerts
from lifecycle_tui.tui.reads.alerts import AlertFacts, AlertLine
from lifecycle_tui.tui.reads.pages import Pages, wanted
from lifecycle_tui.tui.records import Fact, Section, lines
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, joined, moment

SEARCHED = 5_000
"""Resolved alerts that a filter looks through by itself."""
NONE_OPEN = "No alert is open."
NONE = "No alert was ever opened here: no rule has fired."


def _severity(a: AlertLine) -> Cell:
    mark = marks.severity(a.alert.severity)
    return Cell(mark.text(), _dim(a) or mark.tone)


def _state(a: AlertLine) -> Cell:
    if a.asleep:
        return Cell("snoozed", "dim")
    return Cell(a.alert.state, {"resolved": "dim", "acknowledged": "info"}.get(a.alert.state, "bold"))


def _by(a: AlertLine) -> Cell:
    """Who has it in hand: the person that looks after it; until when it is snoozed; what resolved it."""
    alert = a.alert
    if alert.state == "resolved":
        return Cell(alert.resolved_by or "", "dim")
    if a.row.assigned_to is not None:
        return Cell(f"@{a.row.assigned_to}")
    return Cell(f"until {a.asleep}" if a.asleep else alert.acknowledged_by or "", "dim")


def _dim(a: AlertLine) -> str:
    return "dim" if a.alert.state == "resolved" or a.asleep else ""


def columns(model: bool) -> tuple[Column[AlertLine], ...]:
    """Columns of the list; with the model's name where it is about all of them."""
    return (
        Column("severity", "severity", 10, _severity, sort=lambda a: marks.severity(a.alert.severity).rank),
        Column("model", "model", 10 if model else 0, lambda a: Cell(a.alert.model, _dim(a) or "bold"),
               sort=lambda a: a.alert.model.casefold(), grow=2, most=30),
        Column("rule", "rule", 10, lambda a: Cell(a.alert.rule, _dim(a)), sort=lambda a: a.alert.rule, grow=2,
               most=30),
        Column("since", "since", 10, lambda a: Cell(a.alert.since, _dim(a)), sort=lambda a: a.alert.since, down=True,
               grow=1, most=19),
        Column("age", "changed", 13, lambda a: Cell(a.age, "dim"), needs=76),
        Column("state", "state", 12, _state, sort=lambda a: a.alert.state),
        Column("by", "by", 18, _by, needs=100, grow=1, most=28),
        Column("message", "what", 30, lambda a: Cell(a.alert.message, _dim(a)), grow=9, needs=130),
    )  # fmt: skip


def searched(a: AlertLine) -> str:
    """What the filter looks in."""
    alert = a.alert
    return " ".join(
        (alert.model, alert.rule, alert.severity, alert.state, alert.since, alert.message, alert.acknowledged_by or "",
         alert.resolved_by or "", f"#{alert.id}", f"@{a.row.assigned_to}" if a.row.assigned_to else "",
         f"by:{a.row.assigned_to or alert.acknowledged_by or alert.resolved_by or ''}",
         "snoozed" if a.asleep else "")
    )  # fmt: skip


class AlertList(HeldList):
    """Open alerts worst first, then resolved ones; below, all that is known of the one under the cursor.

    Args:
        model: of which model; None for all.
    """

    DEFAULT_CSS = """
    AlertList #alerts { height: auto; max-height: 50%; }
    AlertList #told { height: 1fr; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "cause", "cause", id="alerts.cause", tooltip="go to the cause: the window and what moved"),
        Binding("e", "only", "open only", id="alerts.only", tooltip="open alerts only, or resolved ones as well"),
        Binding("s", "sort", "sort", show=False, id="alerts.sort", tooltip="sort by the next column"),
        Binding("S", "reverse", "turn the order around", show=False, id="alerts.reverse"),
    ]

    class Changed(Message):
        """The cursor stands on another alert, or the list says something else by now."""

    def __init__(self, source: Source, model: str | None) -> None:
        super().__init__(id="alert-list")
        self.source, self.model = source, model
        self.only_open = False
        self._wanted: str | None = None
        self._open: list[AlertLine] = []
        self._seen: object = None
        self._told: AlertLine | None = None
        self._resolved: Pages[AlertLine] = Pages(lambda a: a.key, alerts.PAGE)
        self.grid: MarkGrid[AlertLine] = MarkGrid(
            columns(model is None), key=lambda a: a.key, text=searched, empty=NONE, id="alerts"
        )
        self.panel = Panel(told, id="told")

    def compose(self) -> ComposeResult:
        yield self.grid
        yield self.panel

    async def load(self) -> None:
        """Read the open alerts and the newest page of those that resolved; what else state is moved by costs little.

        A thousand models may have thousands of open alerts, while state moves several times a second.
        """
        now, only = self.source.now(), self.only_open
        asked = (now.replace(second=0, microsecond=0), only)
        found = await self.source.ask(alerts.listed, now, self.model, not only, self._seen, asked)
        if only != self.only_open:
            return
        if found is not None:
            self._open, self._seen = list(found.open), found.seen
            if not only:
                self._resolved.renew(found.resolved)
            self._show()
        if found is not None or self._told != self.grid.row:
            await self._tell()
            self.post_message(self.Changed())

    def _show(self) -> None:
        shown = self._open if self.only_open else [*self._open, *self._resolved.rows]
        self.grid.show(shown, empty=NONE_OPEN if self.only_open else NONE)
        if self._wanted is not None:
            self.grid.go(self._wanted)
            self._wanted = None

    async def _tell(self) -> None:
        """All that is known of the alert under the cursor."""
        line = self.grid.row
        found = None if line is None else await self.source.ask(alerts.facts, line)
        if line == self.grid.row:
            self._told = line
            self.panel.tell(found)

    async def _more(self) -> None:
        after = self._resolved.last
        found = await self.source.ask(alerts.resolved, self.source.now(), self.model, after)
        if self._resolved.extend(after, found):
            self._show()
            self.post_message(self.Changed())

    def go(self, alert_id: int) -> None:
        """Put the cursor on an alert: now, or when the list is next read."""
        self._wanted = str(alert_id)
        self.grid.go(self._wanted)

    @property
    def counts(self) -> str:
        """How many are open, in words."""
        asleep = sum(bool(line.asleep) for line in self._open)
        marked = f", {len(self.grid.marked)} marked" if self.grid.marked else ""
        snoozed = f", {asleep} snoozed" if asleep else ""
        return (f"{len(self._open)} open{snoozed}" if self._open else "none open") + marked

    @property
    def place(self) -> str:
        """Where the cursor is, and what of the list shows."""
        more = "" if self.only_open or self._resolved.whole else "+"
        return joined(
            (
                f"filter: {self.grid.filter}" if self.grid.filter else "",
                "open only" if self.only_open else "",
                f"by {self.grid.sorting}" if self.grid.sorting else "",
                self.grid.place + more,
            )
        )

    def about(self) -> Line:
        """The alert under the cursor in a line."""
        line = self.grid.row
        if line is None:
            return ()
        mark = marks.severity(line.alert.severity)
        return (Span(f" {mark.sign()} #{line.row.id}  ", mark.tone), Span(line.alert.message))

    def subject(self) -> Subject:
        """What an action would be about: a resolved alert is none that could be acknowledged."""
        line, here = self.grid.row, {a.key for a in self._open}
        marked = tuple(int(key) for key in self.grid.marked if key in here)
        if line is None:
            return Subject(model=self.model, alerts=marked)
        alert = None if line.alert.state == "resolved" else line.row.id
        return Subject(model=line.alert.model, alert=alert, alerts=marked)

    def filterable(self) -> MarkGrid[AlertLine]:
        return self.grid

    def _read_on(self) -> None:
        """Have the next page read where the cursor is near the end, or a filter leaves room for more."""
        if self.only_open or self._resolved.whole or not self._resolved.began:
            return
        if wanted(self.grid, len(self._resolved.rows), SEARCHED):
            self.begin("more", self._more)

    def on_grid_moved(self) -> None:
        self._read_on()
        self.begin("facts", self._tell)
        self.post_message(self.Changed())

    def on_grid_ordered(self) -> None:
        self._read_on()
        self.post_message(self.Changed())

    def on_grid_chosen(self) -> None:
        self.action_cause()

    def action_cause(self) -> None:
        """To the window and the signal that the alert under the cursor is about."""
        if self.grid.row is not None:
            self.begin("cause", self._cause)

    async def _cause(self) -> None:
        line = self.grid.row
        if line is not None:
            where = await self.source.ask(alerts.cause, line.alert)
            going.to_model(self.app, line.alert.model, where)

    def action_only(self) -> None:
        """Open alerts only, or resolved ones as well."""
        self.only_open = not self.only_open
        self._seen = None
        self._show()
        self.begin("load", self.load)
        self.post_message(self.Changed())

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.grid.sort_next()

    def action_reverse(self) -> None:
        """Turn the order around."""
        self.grid.sort_reverse()


def told(found: AlertFacts | None, cells: int) -> list[Line]:
    """All that is known of an alert, as lines."""
    return [] if found is None else lines(sections(found), cells)


def sections(found: AlertFacts) -> list[Section]:
    """All that is known of an alert."""
    alert, row = found.line.alert, found.line.row
    mark = marks.severity(alert.severity)
    what = [Fact(mark.text(), alert.message, "" if alert.state == "resolved" else mark.tone)]
    latest = alert.detail.get("latest")
    if alert.state != "resolved" and latest:
        what.append(Fact("now", str(latest)))
    when = str(alert.detail.get("when") or "")
    if when:
        held = alert.detail.get("for")
        what.append(Fact("rule", f"{alert.rule}: {when}" + (f", for {held} windows" if held not in (None, 1) else "")))
    then = alert.detail.get("then")
    if isinstance(then, list) and then:
        what.append(Fact("sets off", ", ".join(map(str, then))))
    columns = alert.detail.get("columns")
    if isinstance(columns, list) and columns:
        what.append(Fact("columns", ", ".join(map(str, columns))))
    if row.acknowledged_at is not None:
        who = f"by {alert.acknowledged_by or '?'} at {moment(row.acknowledged_at)}"
        what.append(Fact("acknowledged", who + (f": {row.note}" if row.note else ""), "info"))
    if found.line.asleep and row.snoozed_until is not None:
        who = f" by {row.snoozed_by}" if row.snoozed_by else ""
        until = f"until {moment(row.snoozed_until)}{who}: no messages; the policy goes on"
        what.append(Fact("snoozed", until, "info"))
    if row.assigned_to is not None:
        by = "" if row.assigned_by in (None, row.assigned_to) else f", by {row.assigned_by}"
        what.append(Fact("assigned", f"to {row.assigned_to}{by}", "info"))
    return [Section(f"{alert.model}  {alert.rule}  #{row.id}", tuple(what)), Section("", tuple(_events(found.events)))]


def _events(events: Iterable[AlertEvent]) -> list[Fact]:
    """What happened to it, newest first; windows that it went on for in a row are one line."""
    found: list[Fact] = []
    going_on: list[AlertEvent] = []
    for event in events:
        if event.kind == "continued":
            going_on.append(event)
            continue
        found += _went_on(going_on)
        going_on = []
        words: list[str] = [event.kind]
        words += [f"by {event.by}"] if event.by and event.kind != "opened" else []
        words += [f"in window {event.window}"] if event.window and event.kind == "opened" else []
        told = ("acknowledged", "unacknowledged", "snoozed", "woken", "assigned")
        said = f": {event.text}" if event.text and event.kind in told else ""
        found.append(Fact(moment(event.at), " ".join(words) + said))
    return [*found, *_went_on(going_on)][::-1]


def _went_on(events: Sequence[AlertEvent]) -> list[Fact]:
    if not events:
        return []
    span = f"in window {events[-1].window}"
    if len(events) > 1:
        span = f"in {len(events)} windows, {events[0].window} to {events[-1].window}"
    return [Fact(moment(events[-1].at), f"went on {span}")]
