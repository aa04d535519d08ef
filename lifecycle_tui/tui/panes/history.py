"""What happened to a model, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.dom import DOMNode

from lifecycle_tui.state.timeline import Entry
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.panes.history_list import HistoryList
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span


class HistoryPane(Pane):
    """One model's part of the history screen."""

    NAME = "history"
    TITLE = "history"

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self.list = HistoryList(source, model)

    def compose(self) -> ComposeResult:
        yield self.list

    def load(self) -> None:
        self.list.load()

    def heading(self) -> Line:
        return (Span(self.list.place),)

    def about(self) -> Line:
        return self.list.about()

    def subject(self) -> Subject:
        return self.list.subject()

    def filterable(self) -> Grid[Entry]:
        return self.list.grid

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [HistoryList]

    def on_history_list_changed(self) -> None:
        self.changed()
