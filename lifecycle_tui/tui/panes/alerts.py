"""The alerts of a model: open ones first, then those that resolved."""

from __future__ import annotations

from textual.app import ComposeResult

from lifecycle_tui.tui.panes.alert_list import AlertList
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.part import Holder
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Where
from lifecycle_tui.tui.text import Line, Span


class AlertsPane(Holder[AlertList], Pane):
    """One model's part of the alerts screen."""

    NAME = "alerts"
    TITLE = "alerts"
    ACTIONS = ("ack", "snooze", "assign", "retrain")

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self.list = AlertList(source, model)

    def compose(self) -> ComposeResult:
        yield self.list

    def go(self, where: Where) -> None:
        if where.alert is not None:
            self.list.go(where.alert)

    def heading(self) -> Line:
        return (Span(self.list.place),)

    def on_alert_list_changed(self) -> None:
        self.changed()
