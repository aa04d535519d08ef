"""What every pane of the model screen has in common. A pane is made when it is first looked at.

The model screen calls `load`, asks for `heading`, `about` and `subject`, and passes keys on; a pane says `changed` when
its cursor or order moved, so that the screen writes its bars anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Vertical
from textual.dom import DOMNode
from textual.message import Message
from textual.widget import Widget

from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject, Where
from lifecycle_tui.tui.text import Line

if TYPE_CHECKING:
    from lifecycle_tui.tui.grid import Grid


class Pane(Vertical):
    """One pane; subclasses compose their own widgets.

    Class attributes:
        NAME: its name, also in `Where.pane`; TITLE: on the line of panes.
        ACTIONS: names of the actions that are likely here, for the footer.
    """

    DEFAULT_CSS = "Pane { height: 1fr; }"
    NAME: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""
    ACTIONS: ClassVar[tuple[str, ...]] = ()

    class Changed(Message):
        """The screen's bars say something else by now."""

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(id=f"pane-{self.NAME}")
        self.source = source
        self.model = model

    def load(self) -> None:
        """Read state and show it; only what changed is painted. Called while the pane shows and is mounted.

        Raises:
            StateError, sqlite3.Error: it cannot be read now.
        """
        raise NotImplementedError

    def moved(self) -> bool:
        """Whether something that the feed leaves out has changed, e.g. a file. Asked four times a second."""
        return False

    def go(self, where: Where) -> None:
        """Put the cursor where the caller wants it, as far as that is here."""

    def heading(self) -> Line:
        """What stands at the right end of the title, e.g. the cursor's place."""
        return ()

    def about(self) -> Line:
        """One line about what the cursor stands on."""
        return ()

    def subject(self) -> Subject:
        """What an action would be about."""
        return Subject(model=self.model)

    def likely(self) -> Sequence[str]:
        """Names of the actions for the footer."""
        return self.ACTIONS

    def filterable(self) -> Grid[Any] | None:
        """The grid that `/` filters now."""
        return None

    def step_back(self) -> bool:
        """One step back within the pane; False where there is none."""
        grid = self.filterable()
        if grid is not None and grid.filter:
            grid.filter = ""
            return True
        return False

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        """Whose keys work here, nearest first."""
        return [type(self)]

    def first_focus(self) -> Widget | None:
        """What gets the focus when the pane is shown."""
        return self.filterable()

    def changed(self) -> None:
        """Have the screen write its bars anew."""
        self.post_message(self.Changed())

    def on_grid_moved(self) -> None:
        self.changed()

    def on_grid_ordered(self) -> None:
        self.changed()
