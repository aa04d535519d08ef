"""The panes of the model screen, declared once: their keys, the line of panes and the palette come from here.

A pane's module is imported when it is first shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifecycle_tui.tui.panes.pane import Pane
    from lifecycle_tui.tui.source import Source


@dataclass(frozen=True, slots=True)
class Listed:
    """A pane; its class takes the `Source` and the model's name.

    Attributes:
        help: what it shows, in a few words.
        home: "module:Class" within `tui.panes`.
    """

    name: str
    key: str
    title: str
    help: str
    home: str

    def make(self, source: Source, model: str) -> Pane:
        """A fresh pane."""
        from lifecycle_tui.tui.panes.pane import Pane

        module, name = self.home.split(":")
        made = getattr(import_module(f"lifecycle_tui.tui.panes.{module}"), name)(source, model)
        assert isinstance(made, Pane)
        return made


PANES: dict[str, Listed] = {
    listed.name: listed
    for listed in (
        Listed("overview", "1", "overview", "why it is in its state, and what to do", "overview:OverviewPane"),
        Listed("drift", "2", "drift", "what moved in its columns, window by window", "drift:DriftPane"),
        Listed(
            "performance",
            "3",
            "performance",
            "its metrics over windows",
            "performance:PerformancePane",
        ),
        Listed("versions", "4", "versions", "lineage, judgements, two side by side", "versions:VersionsPane"),
        Listed("alerts", "5", "alerts", "what fires, since when, and what has resolved", "alerts:AlertsPane"),
        Listed("policy", "6", "policy", "how its rules stand, and what the file says", "policy:PolicyPane"),
        Listed("history", "7", "history", "everything that happened to it", "history:HistoryPane"),
    )
}
"""In the order of the keys; the first one is shown first."""
PANELS = Listed("panels", "8", "panels", "what panels of plugins show of it", "panels:PanelsPane")
"""On the line of panes only where a plugin draws something for the model; its key always works."""
LOGS = Listed("logs", "9", "logs", "errors, latency, and messages that are new or grow", "logs:LogsPane")
"""The same, where the model has logs."""
