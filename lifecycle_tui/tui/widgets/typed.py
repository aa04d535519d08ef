"""A line to type into that takes keys in the order in which they were typed. Imported when one is first opened.

Textual's Input takes letters at once, while Backspace, the arrows and their like go up to the app and come back as
actions: of keys that come in one bunch, as over a slow line, a correction would be made after the letters behind it.
"""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from lifecycle_tui.tui.guarding import Guarded

LEFT = frozenset({"enter", "escape", "tab", "shift+tab"})
"""Keys that are the dialog's."""


class TypedLine(Guarded, Input):
    """An Input without a blinking cursor (it costs a slow link more than all else) and with its keys in order."""

    def __init__(self) -> None:
        super().__init__(select_on_focus=False, compact=True)
        self.cursor_blink = False

    async def _on_key(self, event: events.Key) -> None:
        own = () if event.key in LEFT else self._bindings.key_to_bindings.get(event.key, ())
        if not own:
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        await self.run_action(own[0].action)
