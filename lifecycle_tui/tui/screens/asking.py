"""What somebody asks of what the cursor stands on: actions, a copy, a file. Made into `View`, whose keys these are."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, cast

from lifecycle_tui.actions.named import NAMED, Named
from lifecycle_tui.tui import keys
from lifecycle_tui.tui.part import Part
from lifecycle_tui.tui.subject import Subject

if TYPE_CHECKING:
    from textual.app import App

    from lifecycle_tui.tui.screens.base import View
    from lifecycle_tui.tui.source import Source

WHERE = {"alert": ("go.alerts", "A"), "job": ("go.jobs", "J")}
"""Which key leads to where one can be found that an action is about."""


class Asking(Part):
    """A screen's orders that go beyond it; nothing is done before somebody has seen the plan."""

    if TYPE_CHECKING:
        app: App[Any]
        source: Source

        def say(self, text: str, tone: str = "warning") -> None: ...

    def action_act(self, name: str) -> None:
        """Show what an action would do to what the cursor stands on, and ask."""
        named, here = NAMED[name], self.subject()
        missing = self.missing(named, here)
        if not missing and here.model is not None and "alert" in named.needs and here.value("alert") is None:
            models = here.models or (here.model,)
            self.begin("act", lambda: self._act_on_alerts(name, models))
            return
        if missing:
            found = keys.now(*WHERE[missing[0]]) if missing[0] in WHERE else ""
            more = f", {found} has them all" if found else ""
            self.say(f"{named.title}: no {missing[0]} is under the cursor here{more}")
            return
        from lifecycle_tui.tui.screens.act import ActScreen

        self.app.push_screen(ActScreen(self.source, name, here))

    def modelwide(self) -> bool:
        """Whether an action on alerts means all open ones of the model here."""
        return self.MODELWIDE

    def missing(self, named: Named, here: Subject) -> list[str]:
        """What an action needs and the cursor does not stand on."""
        found = [kind for kind in named.needs if here.value(kind) is None]
        return [] if found == ["alert"] and here.model is not None and self.modelwide() else found

    async def _act_on_alerts(self, name: str, models: tuple[str, ...]) -> None:
        """Ask an action for the open alerts of these models; what is to be taken on, for those that nobody has."""
        from lifecycle_tui.tui.reads.acting import alerts_of
        from lifecycle_tui.tui.screens.act import ActScreen

        found = await self.source.ask(alerts_of, models, name == "ack")
        if cast("View", self) is not self.app.screen:
            return
        if not found:
            whose = f"{models[0]} has" if len(models) == 1 else "they have"
            self.say(f"{NAMED[name].title}: {whose} no {'unacknowledged' if name == 'ack' else 'open'} alert")
            return
        several = found if len(found) > 1 else ()
        self.app.push_screen(ActScreen(self.source, name, Subject(models[0], alert=found[0], alerts=several)))

    def action_copy(self) -> None:
        """Copy what the cursor stands on."""
        from lifecycle_tui.tui import copying

        sent = copying.send(self.app, self.copied())
        self.say(sent.said, "dim" if sent.ok else "warning")

    def action_export(self) -> None:
        """Ask for a file to put what shows into."""
        self.begin("export", self._export)

    async def _export(self) -> None:
        from lifecycle_tui.tui.screens.export import ExportScreen

        found = self.exported()
        table = await found if isinstance(found, Awaitable) else found
        if table is None:
            self.say("there is no table here to export")
        elif (here := cast("View", self)) is self.app.screen:
            self.app.push_screen(ExportScreen(here, table, self.source.now()))

    def action_actions(self) -> None:
        """List what can be done to what the cursor stands on, and why not."""
        self.begin("act", self._list_actions)

    async def _list_actions(self) -> None:
        from lifecycle_tui.tui.reads.acting import alerts_of
        from lifecycle_tui.tui.screens.actions import ActionsScreen

        here, found = self.subject(), tuple[int, ...]()
        if here.model is not None and here.value("alert") is None and self.modelwide():
            models = here.models or (here.model,)
            unseen = await self.source.ask(alerts_of, models, True)
            found = unseen or await self.source.ask(alerts_of, models, False)
            if cast("View", self) is not self.app.screen:
                return
        self.app.push_screen(ActionsScreen(self.source, here, found))
