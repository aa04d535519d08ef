"""The screens that are reached from everywhere, declared once: their keys, palette entries and help come from here.

A screen's module is imported when it is first opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifecycle_tui.tui.screens.base import View
    from lifecycle_tui.tui.source import Source


@dataclass(frozen=True, slots=True)
class Place:
    """A screen; its class takes the `Source` alone.

    Attributes:
        help: what it shows, in a few words.
    """

    name: str
    key: str
    title: str
    help: str
    home: str

    def make(self, source: Source) -> View:
        """A fresh screen."""
        module, name = self.home.split(":")
        made = getattr(import_module(f"lifecycle_tui.tui.screens.{module}"), name)(source)
        from lifecycle_tui.tui.screens.base import View

        assert isinstance(made, View)
        return made


PLACES: dict[str, Place] = {
    place.name: place
    for place in (
        Place("fleet", "F", "Fleet", "every model, worst first", "fleet:FleetScreen"),
        Place("alerts", "A", "Alerts", "open alerts of all models", "alerts:AlertsScreen"),
        Place("jobs", "J", "Jobs", "what runs, waits and has ended", "jobs:JobsScreen"),
        Place("history", "H", "History", "everything that happened", "history:HistoryScreen"),
        Place("audit", "U", "Audit", "who did what, and what it changed", "audit:AuditScreen"),
        Place("plugins", "P", "Plugins", "plugins and what is wrong with them", "plugins:PluginsScreen"),
        Place("workspace", "W", "Workspace", "agent, files, disk, clock", "workspace:WorkspaceScreen"),
    )
}
"""In the order in which they are listed."""
