"""The alerts of all models: what is worst, since when, who has taken it on. Reached from everywhere by its key."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from lifecycle_tui.tui.panes.alert_list import AlertList
from lifecycle_tui.tui.part import Holder
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import Line, Span


class AlertsScreen(Holder[AlertList], View):
    """Every alert: open ones first, worst first, then those that resolved, the last one first."""

    NAME = "alerts"
    ACTIONS = ("ack", "snooze", "assign", "retrain")

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.list = AlertList(source, None)

    def body(self) -> Iterable[Widget]:
        yield self.list

    def heading(self) -> tuple[Line, Line]:
        left = (Span(f" alerts  {self.source.name}  "), Span(self.list.counts))
        return left, (Span(f"  {self.list.place} "),)

    def on_alert_list_changed(self) -> None:
        self.bars()
