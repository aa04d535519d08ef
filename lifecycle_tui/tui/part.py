"""What a screen and a pane have in common: each shows something of state, and its cursor stands on something.

`screens.base.View` and `panes.pane.Pane` say how it gets on the screen; who writes one says what it shows. `Holder` is
for those that show one list and nothing else, as a pane of a model and as a screen of all models.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from textual.dom import DOMNode
from textual.widget import Widget

from lifecycle_tui.tui import taking
from lifecycle_tui.tui.reader import Job, Reading
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line

if TYPE_CHECKING:
    from lifecycle_tui.tui.export import Table
    from lifecycle_tui.tui.grid import Grid
    from lifecycle_tui.tui.keeper import Keeper


class Part:
    """Something that follows state.

    Class attributes:
        NAME: its name, for docs and tests; of a screen that of its place, of a pane as in `Where.pane`.
        ACTIONS: names of the actions that are likely here: they stand in the footer.
        MODELWIDE: where no alert is under the cursor, what is done to one is asked for all open ones of the model.
    """

    NAME: ClassVar[str] = ""
    ACTIONS: ClassVar[tuple[str, ...]] = ()
    MODELWIDE: ClassVar[bool] = False

    _reads: Reading | None = None

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    def load(self) -> Awaitable[None] | None:
        """Read state (`await source.ask(…)`) and show it; only what changed is painted. Called while it shows.

        Raises:
            StateError, sqlite3.Error: it cannot be read now; the title says so and it is tried again.
        """

    def moved(self) -> bool:
        """Whether something that the feed leaves out has changed, e.g. the minute. Asked four times a second, in the
        event loop: microseconds, and no file."""
        return False

    def begin(self, slot: str, job: Job) -> None:
        """Read what a key or a moved cursor asks for: `await source.ask(…)` in `job`, then show.

        One at a time for each slot; asked again meanwhile, the newest job is done once more. What the cursor stands on
        may be another thing after an `await`: look again before showing.
        """
        if self._reads is None:
            self._reads = Reading(self.failed)
        self._reads.begin(slot, job)

    def stop_reading(self) -> None:
        """It closes: what is still being read is wanted by nobody."""
        if self._reads is not None:
            self._reads.leave()

    def failed(self, exc: Exception) -> None:
        """A read or what shows it has failed: said where it is seen; it is no reason to end."""
        raise NotImplementedError

    # ── what it remembers ─────────────────────────────────────────────────────────────────────────────────────────

    def settings(self) -> Mapping[str, str]:
        """How it shows what it shows (order, view), as it is to be at the next start: by itself, its grid's order.

        A filter is none: it belongs to the place where somebody was (`memory.Spot`), and hides nothing elsewhere.
        """
        grid = self.filterable()
        return {} if grid is None else taking.settings(grid)

    def restore(self, settings: Mapping[str, str]) -> None:
        """Show it as `settings` gave it; what cannot be taken any more is left. Called once, before the first load."""
        if (grid := self.filterable()) is not None:
            taking.restore(grid, settings)

    # ── what can be taken along ───────────────────────────────────────────────────────────────────────────────────

    def named(self) -> str:
        """What a file of it is called."""
        return self.NAME

    def exported(self) -> Table | Awaitable[Table | None] | None:
        """What it shows as a table, for a file; None where it shows none. By itself the grid, filtered and sorted."""
        grid = self.filterable()
        return None if grid is None else taking.table(grid, self.named())

    def copied(self) -> str:
        """What is copied: by itself the row under the cursor, a whole text, what is in view of a log; "" for none."""
        if (grid := self.filterable()) is not None:
            return taking.row(grid)
        return taking.text(self.first_focus())

    # ── what it says ──────────────────────────────────────────────────────────────────────────────────────────────

    def about(self) -> Line:
        """One line about what the cursor stands on."""
        return ()

    def subject(self) -> Subject:
        """What an action would be about."""
        return Subject()

    def likely(self) -> Sequence[str]:
        """Names of the actions for the footer."""
        return self.ACTIONS

    def filterable(self) -> Grid[Any] | None:
        """The grid that `/` filters now."""
        return None

    def step_back(self) -> bool:
        """One step back within it; False where there is none, and it is left."""
        grid = self.filterable()
        if grid is not None and grid.filter:
            grid.filter = ""
            return True
        return False

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        """Whose keys work here besides the app's, nearest first; made for the footer and the help."""
        return [type(self)]  # type: ignore[list-item]

    def first_focus(self) -> Widget | None:
        """What gets the focus at first."""
        return self.filterable()


def recall(part: Part, name: str) -> None:
    """Set a part that has just been put onto the screen as one of its name was set last, if that is remembered."""
    assert isinstance(part, DOMNode)
    keeper: Keeper | None = getattr(part.app, "keeper", None)
    if keeper is not None:
        keeper.restore(part, name)


class Held(Protocol):
    """A list that says all that a part says."""

    @property
    def grid(self) -> Grid[Any]: ...

    def load(self) -> Awaitable[None] | None: ...

    def about(self) -> Line: ...

    def subject(self) -> Subject: ...


L = TypeVar("L", bound=Held)


class Holder(Part, Generic[L]):
    """A part that shows a list and nothing else."""

    list: L

    def load(self) -> Awaitable[None] | None:
        return self.list.load()

    def about(self) -> Line:
        return self.list.about()

    def subject(self) -> Subject:
        return self.list.subject()

    def filterable(self) -> Grid[Any]:
        return self.list.grid

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [type(self.list)]  # type: ignore[list-item]
