"""What happened to all models, newest first: "what happened last night" on one screen. Reached by its key."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from lifecycle_tui.tui.panes.history_list import HistoryList
from lifecycle_tui.tui.part import Holder
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import Line, Span


class HistoryScreen(Holder[HistoryList], View):
    """The whole workspace's history."""

    NAME = "history"

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.list = HistoryList(source, None)

    def body(self) -> Iterable[Widget]:
        yield self.list

    def step_back(self) -> bool:
        return self.list.step_back()

    def heading(self) -> tuple[Line, Line]:
        return (Span(f" history  {self.source.name}"),), (Span(f"  {self.list.place} "),)

    def on_history_list_changed(self) -> None:
        self.bars()
