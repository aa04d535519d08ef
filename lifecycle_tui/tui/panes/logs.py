"""What a model's logs say: errors and latency as they stand, and the patterns of messages that are new or grow."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from lifecycle_tui.plots import sparkline
from lifecycle_tui.tui import marks, view
from lifecycle_tui.tui.cells import Cell, Column
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.reads import logs
from lifecycle_tui.tui.reads.logs import Logs, Pattern
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import Line, Span, count, cut, fold, joined, number, percent, safe
from lifecycle_tui.tui.widgets.picture import Picture

NAMES = {
    logs.ERRORS: "errors", "log.latency.p50": "latency p50", "log.latency.p95": "latency p95",
    "log.latency.p99": "latency p99", logs.LINES: "lines", logs.BAD: "unreadable",
}  # fmt: skip
PAST = 20


class LogsPane(Pane):
    """Numbers above, patterns, and the example of the one under the cursor."""

    DEFAULT_CSS = """
    LogsPane #log-numbers { height: 7; }
    LogsPane #patterns { height: 1fr; }
    LogsPane #log-example { height: 4; }
    .-high LogsPane #log-example { height: 10; }
    """
    SCOPED_CSS = False
    NAME = "logs"
    TITLE = "logs"
    ACTIONS = ("rollback",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "sort", id="logs.sort", tooltip="sort the patterns by the next column"),
        Binding("S", "reverse", "turn the order around", show=False, id="logs.reverse"),
    ]

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self._logs: Logs | None = None
        self.numbers = Picture(self._number_lines, id="log-numbers")
        self.patterns: Grid[Pattern] = Grid(
            PATTERN_COLUMNS, key=lambda p: p.key, text=lambda p: f"{p.template} {p.example}", id="patterns",
            empty="No pattern of messages is new or grows.",
        )  # fmt: skip
        self.example = Picture(self._example_lines, id="log-example")

    def compose(self) -> ComposeResult:
        yield self.numbers
        yield self.patterns
        yield self.example

    async def load(self) -> None:
        found = await self.source.ask(logs.of, self.model)
        if found != self._logs:
            self._logs = found
            self.patterns.show(() if found is None else found.patterns)
        self.numbers.renew()
        self.example.renew()

    def _number_lines(self, cells: int, rows: int) -> list[Line]:
        return number_lines(self._logs, cells)

    def _example_lines(self, cells: int, rows: int) -> list[Line]:
        return example_lines(self.patterns.row, cells, rows)

    def heading(self) -> Line:
        return (Span("" if self._logs is None else f"pattern {self.patterns.place}"),)

    def about(self) -> Line:
        """What is said of the patterns in a sentence each."""
        if self._logs is None:
            return ()
        said = joined(s.message or "" for s in self._logs.said)
        return (Span(f" {self._logs.window}  ", "bold"), Span(said))

    def filterable(self) -> Grid[Pattern]:
        return self.patterns

    def first_focus(self) -> Widget:
        return self.patterns

    @on(Grid.Moved, "#patterns")
    def _pattern_moved(self) -> None:
        self.example.renew()

    def action_sort(self) -> None:
        """By the next column."""
        self.patterns.sort_next()

    def action_reverse(self) -> None:
        """The other way around."""
        self.patterns.sort_reverse()


def number_lines(found: Logs | None, cells: int) -> list[Line]:
    """Errors, latency and lines: the newest window's with interval and verdict, and the past."""
    if found is None:
        return [
            (Span(cut(" No window has logs.", cells), "dim"),),
            (Span(cut(" [models.NAME.data] logs names them; docs/data.md has an example.", cells), "dim"),),
        ]
    lines: list[Line] = []
    for name in logs.NUMBERS:
        signal = found.numbers.get(name)
        if signal is None:
            continue
        mark = marks.signal(signal.state)
        drawn = sparkline(found.past.get(name, ()), PAST, low=0.0, ascii_only=marks.plain_glyphs())
        value = percent(signal.value) if name == logs.ERRORS else view.shown(signal)
        if name in (logs.LINES, logs.BAD) and signal.value is not None:
            value = f"{signal.value:,.0f}"
        head = f" {NAMES[name]:<12}"
        room = max(0, cells - 13 - PAST - 2 - 2 - 10 - 18)
        between = view.interval(signal) if signal.value is not None else ""
        lines.append((
            Span(head, "dim"), Span(f"{drawn:<{PAST}}  "), Span(f"{mark.sign()} {value:>8}  ", mark.tone),
            Span(f"{between:<16}  ", "dim"), Span(cut(safe(signal.message or ""), room)),
        ))  # fmt: skip
    return lines


def example_lines(pattern: Pattern | None, cells: int, rows: int) -> list[Line]:
    """All of a pattern, and a message that fits it."""
    if pattern is None or rows <= 0:
        return []
    what = "new" if pattern.new else "growing"
    p = "" if pattern.p is None else f"p {pattern.p:.2g}"
    shares = f"{percent(pattern.share)} of all, {percent(pattern.was)} in the reference's period"
    head = joined((f"{what}, {count(pattern.count)} lines", shares, p))
    found: list[Line] = [(Span(cut(f" {head}", cells), "bold"),)]
    room = max(10, cells - 3)
    for title, text in (("", pattern.template), ("e.g. ", pattern.example)):
        if text:
            found += [
                (Span(f"   {line}", "dim" if title else ""),) for line in fold(title + text, room, most=rows // 2)
            ]
    return found[:rows]


def _what(p: Pattern) -> Cell:
    mark = marks.signal("drifted" if p.certain else "cannot-tell")
    return Cell(f"{mark.sign()} {'new' if p.new else 'growing'}", mark.tone)


PATTERN_COLUMNS: tuple[Column[Pattern], ...] = (
    Column("what", "what", 10, _what, sort=lambda p: (not p.certain, not p.new)),
    Column("count", "lines", 8, lambda p: Cell(count(p.count)), sort=lambda p: p.count, down=True, right=True),
    Column("share", "share", 6, lambda p: Cell(percent(p.share)), sort=lambda p: p.share, down=True, right=True),
    Column("was", "was", 6, lambda p: Cell(percent(p.was) if p.was else "-", "dim"), sort=lambda p: p.was, down=True,
           right=True, words="share in the reference"),
    Column("p", "p", 8, lambda p: Cell(number(p.p), "dim"), sort=lambda p: p.p, right=True, needs=90),
    Column("template", "pattern", 30, lambda p: Cell(p.template, "bold"), sort=lambda p: p.template, grow=3),
    Column("example", "example", 20, lambda p: Cell(p.example, "dim"), needs=120, grow=3),
)  # fmt: skip
