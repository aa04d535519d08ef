"""What happened to a model, newest first."""

from __future__ import annotations

from textual.app import ComposeResult

from lifecycle_tui.tui.panes.history_list import HistoryList
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.part import Holder
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import Line, Span


class HistoryPane(Holder[HistoryList], Pane):
    """One model's part of the history screen."""

    NAME = "history"
    TITLE = "history"

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self.list = HistoryList(source, model)

    def compose(self) -> ComposeResult:
        yield self.list

    def step_back(self) -> bool:
        return self.list.step_back()

    def heading(self) -> Line:
        return (Span(self.list.place),)

    def on_history_list_changed(self) -> None:
        self.changed()
