"""The keys that work on the screen below, made from the bindings, and what the signs mean. Opened by `?`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen

from lifecycle_tui.tui import keys, marks
from lifecycle_tui.tui.text import Line, Span, fit, fold
from lifecycle_tui.tui.widgets.lines import Bar, Footer
from lifecycle_tui.tui.widgets.pager import Pager

MARKS = (
    ("model", marks.HEALTH),
    ("column", marks.SIGNAL),
    ("alert", marks.SEVERITY),
    ("job", marks.JOB),
    ("judgement", marks.VERDICT),
)
KEYS = 20
"""Cells of the keys, at most; more go over several lines."""
NOTES = (
    "drift: columns that drifted of those judged, and the largest effect among them (0 to 1)",
    "trend: the key metric over the last windows, oldest left",
    "A mark in front of a row (*): actions apply to all marked rows.",
    "Every screen follows state by itself; nothing changes without your yes.",
)


class HelpScreen(Screen[None]):
    """Keys and marks.

    Args:
        nodes: whose keys to list, the nearest first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "app.pop_screen", "back", id="help.back"),
    ]

    def __init__(self, nodes: Sequence[type[DOMNode]]) -> None:
        super().__init__()
        self._listed = nodes

    def compose(self) -> ComposeResult:
        yield Bar(tone="title", id="title")
        yield Pager(self._lines, id="text")
        yield Footer(lambda: [("PgDn", "more"), *keys.footer([HelpScreen])], common=False)

    def on_mount(self) -> None:
        self.query_one("#title", Bar).say((Span(" help: the keys that work on this screen, and the signs"),))
        self.query_one(Pager).focus()

    def _lines(self, cells: int) -> list[Line]:
        lines: list[Line] = []
        groups = keys.grouped(self._listed)
        wide = min(KEYS, max((len(key) for _, pairs in groups for key, _ in pairs), default=0)) + 2
        for title, pairs in groups:
            lines.append((Span(f" {title}", "head"),))
            for pressed, what in pairs:
                lines += _entry(pressed, what, wide, cells)
            lines.append(())
        lines.append((Span(" Signs", "head"),))
        for about, found in MARKS:
            lines += _signs(about, found, wide, cells)
        lines.append(())
        lines += [(Span(f" {line}"),) for note in NOTES for line in fold(note, max(1, cells - 2))]
        return lines


def _entry(pressed: str, what: str, wide: int, cells: int) -> list[Line]:
    """Keys and what they do, side by side, each folded in its own room."""
    left = fold(pressed, wide - 2)
    right = fold(what, max(10, cells - wide - 2))
    rows = max(len(left), len(right))
    left, right = left + [""] * (rows - len(left)), right + [""] * (rows - len(right))
    return [(Span(f" {fit(key, wide)}", "key"), Span(said)) for key, said in zip(left, right, strict=True)]


def _signs(about: str, found: dict[str, marks.Mark], wide: int, cells: int) -> list[Line]:
    """The signs of one kind, as many on a line as fit."""
    lines: list[list[Span]] = [[Span(f" {fit(about, wide)}", "dim")]]
    used = wide + 1
    for mark in found.values():
        text = f"{mark.text()}   "
        if used + len(text) > cells and len(lines[-1]) > 1:
            lines.append([Span(" " * (wide + 1))])
            used = wide + 1
        lines[-1].append(Span(text, mark.tone))
        used += len(text)
    return [tuple(line) for line in lines]
