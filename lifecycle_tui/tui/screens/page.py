"""Everything about one thing, to be read: a version, an entry of the history. It follows state while it is open."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.widget import Widget

from lifecycle_tui.tui import records
from lifecycle_tui.tui.records import Section
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span
from lifecycle_tui.tui.widgets.pager import Pager

GONE = "It is in state no more; what was read of it last still shows."


class PageScreen(View):
    """Sections of facts about one thing.

    Args:
        title: what it is about.
        read: gives the sections; none where the thing is gone.
        subject: what an action here is about.
        onward: goes to where it belongs; None where that is nowhere else.
        where: what `onward` leads to, in a word or two.
    """

    NAME = "page"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "onward", "go there", show=False, id="page.onward", tooltip="go to where it belongs"),
    ]

    def __init__(
        self, source: Source, title: str, read: Callable[[sqlite3.Connection], Sequence[Section]],
        subject: Subject, onward: Callable[[], None] | None = None, where: str = "",
    ) -> None:  # fmt: skip
        super().__init__(source)
        self._title, self._read, self._subject = title, read, subject
        self._onward, self._leads = onward, where
        self._sections: tuple[Section, ...] = ()
        self._gone = False
        self.pager = Pager(self._lines, id="text")

    def body(self) -> Iterable[Widget]:
        yield self.pager

    async def load(self) -> None:
        """Read it again; drawn anew only where it changed."""
        found = tuple(await self.source.ask(self._read))
        gone = not found
        if gone and not self._gone:
            self._gone = True
            self.pager.renew()
        elif not gone and (found != self._sections or self._gone):
            self._sections, self._gone = found, False
            self.pager.renew()

    def _lines(self, cells: int) -> list[Line]:
        lines: list[Line] = [(Span(f" {GONE}", "warning"),)] if self._gone else [()]
        return lines + records.lines(self._sections, cells)

    def heading(self) -> tuple[Line, Line]:
        return (Span(f" {self._title}"),), ()

    def about(self) -> Line:
        return (Span(f" Enter: {self._leads}", "dim"),) if self._onward is not None and self._leads else ()

    def subject(self) -> Subject:
        return self._subject

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [PageScreen, Pager]

    def first_focus(self) -> Widget:
        return self.pager

    def action_onward(self) -> None:
        """Go to where it belongs; this page is left."""
        if self._onward is None:
            self.say("this is all there is about it")
            return
        self._onward()
