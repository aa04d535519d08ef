"""What every pane of the model screen has in common. A pane is made when it is first looked at.

The model screen calls `load`, asks for `heading`, `about` and `subject`, and passes keys on; a pane says `changed` when
its cursor or order moved, so that the screen writes its bars anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.message import Message

from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.part import Part, recall
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject, Where
from lifecycle_tui.tui.text import Line

if TYPE_CHECKING:
    from lifecycle_tui.tui.entries import Entry


class Pane(Part, Guarded, Vertical):
    """One pane; subclasses compose their own widgets.

    Class attributes:
        TITLE: on the line of panes.
    """

    DEFAULT_CSS = "Pane { height: 1fr; }"
    TITLE: ClassVar[str] = ""

    class Changed(Message):
        """The screen's bars say something else by now."""

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(id=f"pane-{self.NAME}")
        self.source = source
        self.model = model

    def on_mount(self) -> None:
        recall(self, f"model.{self.NAME}")

    def on_unmount(self) -> None:
        self.stop_reading()

    def failed(self, exc: Exception) -> None:
        """The screen's title says so."""
        from lifecycle_tui.tui.screens.base import View

        if self.is_attached and isinstance(self.screen, View):
            self.screen.failed(exc)

    def named(self) -> str:
        return f"{self.model}-{self.NAME}"

    def go(self, where: Where) -> Awaitable[None] | None:
        """Put the cursor where the caller wants it, as far as that is here. Called once it has loaded."""

    def palette_entries(self) -> Iterable[Entry]:
        """What the palette offers here besides the screen's own."""
        return ()

    def heading(self) -> Line:
        """What stands at the right end of the title, e.g. the cursor's place."""
        return ()

    def subject(self) -> Subject:
        """What an action would be about."""
        return Subject(model=self.model)

    def changed(self) -> None:
        """Have the screen write its bars anew."""
        self.post_message(self.Changed())

    def on_grid_moved(self) -> None:
        self.changed()

    def on_grid_ordered(self) -> None:
        self.changed()
