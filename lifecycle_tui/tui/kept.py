"""Screens that were opened before and are opened again: they are kept, so that to and fro costs a paint and no widget,
and each is as it was left: its cursor, its filter, its pane.

The app is made from this. The screens of `places` are kept for good, of models the last few.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import App

from lifecycle_tui.tui.places import PLACES

if TYPE_CHECKING:
    from lifecycle_tui.tui.screens.base import View
    from lifecycle_tui.tui.screens.model import ModelScreen
    from lifecycle_tui.tui.source import Source

MODELS = 4
"""Screens of models that are kept."""


class Keeping(App[None]):
    """An app that keeps screens."""

    source: Source
    _models: dict[str, ModelScreen]
    """Those that are kept, the one that was used longest ago first."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._models = {}

    def place(self, name: str) -> View:
        """The screen of a place, as it was left."""
        from lifecycle_tui.tui.screens.base import View

        key = f"place {name}"
        if not self.is_screen_installed(key):
            self.install_screen(PLACES[name].make(self.source), key)
        found = self.get_screen(key)
        assert isinstance(found, View)
        return found

    def model_screen(self, name: str) -> ModelScreen:
        """The screen of a model, as it was left; of those that are not open the one used longest ago makes room."""
        from lifecycle_tui.tui.screens.model import ModelScreen

        found = self._models.pop(name, None)
        if found is None:
            found = ModelScreen(self.source, name)
            self.install_screen(found, f"model {name}")
        self._models[name] = found
        rest = [one for one, screen in self._models.items() if one != name and not self._in_use(screen)]
        for old in rest[: max(0, len(self._models) - MODELS)]:
            self._forget(self._models.pop(old))
        return found

    def _in_use(self, screen: View) -> bool:
        return any(screen in stack for stack in self._screen_stacks.values())

    def _forget(self, screen: View) -> None:
        self.uninstall_screen(screen)
        if screen.is_running:
            screen.remove()
