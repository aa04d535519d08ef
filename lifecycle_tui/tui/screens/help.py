"""Every key of the screen below, made from the bindings. Opened by `?`."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen

from lifecycle_tui.tui import keys, marks
from lifecycle_tui.tui.text import Line, Span
from lifecycle_tui.tui.widgets.lines import Bar, Footer
from lifecycle_tui.tui.widgets.pager import Pager

MARKS = (("model", marks.HEALTH), ("column", marks.SIGNAL), ("alert", marks.SEVERITY), ("job", marks.JOB))


class HelpScreen(Screen[None]):
    """Keys and marks.

    Args:
        nodes: whose keys to list, the nearest first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "app.pop_screen", "back", id="help.back"),
    ]

    def __init__(self, nodes: list[type[DOMNode]]) -> None:
        super().__init__()
        self._listed = nodes

    def compose(self) -> ComposeResult:
        yield Bar(tone="title", id="title")
        yield Pager(self._lines, id="text")
        yield Footer(lambda: keys.footer([HelpScreen, Pager]))

    def on_mount(self) -> None:
        self.query_one("#title", Bar).say((Span(" help"),))
        self.query_one(Pager).focus()

    def _lines(self, cells: int) -> list[Line]:
        lines: list[Line] = [(), (Span(" Keys", "head"),)]
        pairs = keys.listing(self._listed)
        wide = max(len(key) for key, _ in pairs) + 2
        lines += [(Span(f" {key:<{wide}}", "key"), Span(what)) for key, what in pairs]
        lines += [(), (Span(" Marks", "head"),)]
        for what, found in MARKS:
            for mark in found.values():
                lines.append((Span(f" {what:<{wide}}", "dim"), Span(mark.text(), mark.tone)))
        lines += [
            (),
            (Span(" drift: columns that drifted of those judged, and the largest effect among them (0..1)", ""),),
            (Span(" trend: the key metric over the last windows, oldest left", ""),),
            (Span(" The screen follows state by itself; nothing here changes it.", ""),),
        ]
        return lines
