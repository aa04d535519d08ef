"""What every screen that follows state has in common: title, body, a line about the cursor's row, filter, footer, keys.

A screen says what it shows (`body`, `load`, `heading`, `about`) and what its cursor stands on (`subject`); reading
again, troubles, actions, jumping and the way back are done here, once.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from lifecycle_tui.actions.named import NAMED
from lifecycle_tui.domain import read_only
from lifecycle_tui.plugin_host import switched
from lifecycle_tui.tui import keys
from lifecycle_tui.tui.crumbs import joined, trail
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.part import Part, recall
from lifecycle_tui.tui.screens.asking import Asking
from lifecycle_tui.tui.screens.painted_once import PaintedOnce
from lifecycle_tui.tui.source import Source, Trouble
from lifecycle_tui.tui.text import Line, Span
from lifecycle_tui.tui.typing import begin, typing
from lifecycle_tui.tui.widgets.banner import Banner
from lifecycle_tui.tui.widgets.lines import Bar, Footer
from lifecycle_tui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from lifecycle_tui.tui.app import LifecycleApp
    from lifecycle_tui.tui.entries import Entry
    from lifecycle_tui.tui.keeper import Keeper


SAID_SECONDS = 6.0
"""What was said stays so long at least, however fast state moves."""


class View(Asking, Guarded, PaintedOnce, Screen[None]):
    """A screen on state.

    Class attributes:
        LINES: what opens a line to type into.
        BANNER: whether it says by itself that the file on disk is not what counts.
    """

    LINES: ClassVar[tuple[str, ...]] = ("filter",)
    BANNER: ClassVar[bool] = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", show=False, priority=True, id="view.filter",
                tooltip="filter: every word must occur, !word must not"),
        Binding("escape", "back", "back", show=False, id="view.back"),
        Binding("q", "leave", "back; quits on the first screen", show=False, id="view.leave"),
        Binding("x", "actions", "actions", show=False, id="view.actions",
                tooltip="what can be done here, and why not"),
        Binding("ctrl+y", "copy", "copy", show=False, id="view.copy",
                tooltip="copy the row under the cursor to your clipboard"),
        Binding("ctrl+s", "export", "export", show=False, id="view.export",
                tooltip="export what shows into a file: CSV, JSON, Markdown"),
        *(
            Binding(n.key, f"act('{n.name}')", n.title, show=False, id=f"act.{n.name.replace(' ', '-')}")
            for n in NAMED.values()
            if n.key is not None
        ),
    ]  # fmt: skip

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.ready = False
        self.opened = asyncio.Event()
        self._covered = False
        self._trouble = self._broken = ""
        self._late = False
        self._broken_until = 0.0
        self._said: Line = ()
        self._said_until = 0.0
        self._hint, self._hinted = "", ""
        self._told: tuple[Line, Line, Line] = ((Span(f" {self.NAME}"),), (), ())

    # ── what a screen says ────────────────────────────────────────────────────────────────────────────────────────

    def body(self) -> Iterable[Widget]:
        """The widgets between the title and the line about the cursor's row."""
        raise NotImplementedError

    def heading(self) -> tuple[Line, Line]:
        """The title's left and right part."""
        return (Span(f" {self.NAME}"),), ()

    def crumb(self) -> str:
        """What it is called on the way to a screen on top of it."""
        return self.NAME

    def palette_entries(self) -> Iterable[Entry]:
        """What the palette offers here besides what it offers everywhere: as it is, the orders of the grid."""
        grid = self.filterable()
        if grid is None:
            return ()
        from lifecycle_tui.tui.entries import orders

        return orders(grid)

    # ── the common part ───────────────────────────────────────────────────────────────────────────────────────────

    def compose(self) -> ComposeResult:
        yield Bar(tone="title", id="title")
        if self.BANNER:
            yield Banner()
        yield from self.body()
        yield Bar(id="detail")
        yield Prompt()
        yield Footer(self.footer_keys)

    def on_mount(self) -> None:
        self.ready = True
        if not self.panes:
            recall(self, self.NAME)
        if self.keeper is not None and (said := self.keeper.greeting(self)):
            self._hint, self._hinted = said, self.place
        self.reload()
        if (widget := self.first_focus()) is not None and widget.is_attached:
            begin(widget)

    def on_unmount(self) -> None:
        self.ready = False
        self.opened.set()
        self.stop_reading()

    def on_screen_suspend(self) -> None:
        self._covered = True

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        # The app tells the screen on top alone what changed. Styles do not change while it is covered.
        event.refresh_styles = not self._covered
        if self.ready and self._covered:
            self._covered = False
            self.reload()

    @property
    def keeper(self) -> Keeper | None:
        """What remembers where somebody is; None where nothing is to be remembered."""
        found: Keeper | None = getattr(self.app, "keeper", None)
        return found

    @property
    def place(self) -> str:
        """The name under which it is remembered, and under which `hints` knows what to do here."""
        return self.NAME

    @property
    def panes(self) -> Mapping[str, Part]:
        """The panes that it has made, by name; they are remembered in its place."""
        return {}

    @property
    def stands(self) -> bool:
        """Whether its widgets are there: a screen that closes loses them before it is told."""
        return self.ready and self.display

    def reload(self) -> None:
        """Read again and show what changed."""
        if not self.stands:
            return
        self.begin("load", self._load)

    async def _load(self) -> None:
        if not self.stands:
            return
        try:
            found = self.load()
            if found is not None:
                await found
        finally:
            self.opened.set()  # keys that were pressed meanwhile find what they are about
        self._trouble = ""
        if time.monotonic() >= self._broken_until:
            self._broken = ""
        if self.keeper is not None:
            self.keeper.loaded(self)
        self.bars()

    def failed(self, exc: Exception) -> None:
        """The title says so; the app reads again at its next poll, whether state has moved or not."""
        if isinstance(exc, Trouble):
            self.trouble(str(exc))
        else:
            cast("LifecycleApp", self.app).faults.add(exc)
            self.troubled(exc)

    def troubled(self, exc: Exception) -> None:
        """Something of the program itself failed here: the title says so for a while, and until a read works."""
        self._broken, self._broken_until = _internal(exc), time.monotonic() + SAID_SECONDS
        self.bars()

    @property
    def unread(self) -> bool:
        """Whether the last read failed: the app then reads again at its next poll, whether state has moved or not."""
        return bool(self._trouble)

    def trouble(self, message: str) -> None:
        """Say in the title that state cannot be read; an empty message when it can again."""
        self._trouble = message
        self.bars()

    def late(self, late: bool) -> None:
        """Say that what shows may be old, or not there yet: a read takes long; and no more when it has come."""
        if late != self._late:
            self._late = late
            self.bars()

    def bars(self) -> None:
        """Title, detail line and footer anew: whenever a cursor, an order or a number of rows changed. Never raises."""
        if not self.stands:
            return
        try:
            self._told = (*self.heading(), self.about())
        except Trouble as exc:
            self._trouble = str(exc)
        except Exception as exc:
            self._fault(exc)
        try:
            self.query_one(Footer).renew()
            self._say_bars()
        except Exception as exc:
            self._fault(exc)
            with contextlib.suppress(Exception):
                self.query_one("#title", Bar).say(self._told[0], (Span(f" {self._broken} ", "critical"),))

    def _fault(self, exc: Exception) -> None:
        cast("LifecycleApp", self.app).faults.add(exc)
        self._broken = _internal(exc)

    def _say_bars(self) -> None:
        left, right, about = self._told
        left = joined(trail(self, self.app.size.width), left)
        if read_only.on():
            left = (Span(" [RO]", "warning"), *left)
        if switched.off():
            left = (Span(" no plugins ", "warning"), *left)  # first: what is at the end may be cut off
        if self._said and time.monotonic() < self._said_until:
            about = self._said
        elif hint := self._first_run():
            about = (Span(f" {hint}", "dim"),)
        if self._trouble or self._broken:
            right = (Span(f" {self._trouble or self._broken} ", "critical"),)
        elif self._late:
            right = (Span(" still reading ", "warning"),)
        self.query_one("#title", Bar).say(left, right)
        self.query_one("#detail", Bar).say(about)

    def footer_keys(self) -> Sequence[tuple[str, str]]:
        """(key, what) for the footer: this screen's own keys, the actions that are likely here, the way back."""
        try:
            pairs = self._own_keys()
        except Exception as exc:  # the way back stands there whatever else fails
            pairs = []
            self._fault(exc)
        back = ("view.leave", "q", "quit") if self.first else ("view.back", "escape", "back")
        return [*(pair for pair in pairs if pair[0]), (keys.now(*back[:2]), back[2])]

    def _own_keys(self) -> list[tuple[str, str]]:
        here = self.subject()
        likely = [
            NAMED[name] for name in self.likely() if all(here.value(kind) is not None for kind in NAMED[name].needs)
        ]
        pairs = list(keys.footer(self.key_nodes()))
        pairs += [(keys.now("view.filter", "/"), "filter")] if self.filterable() is not None else []
        return [*pairs, *((keys.act(n.name, n.key), n.name.rsplit(" ", 1)[-1]) for n in likely)]

    @property
    def first(self) -> bool:
        """Whether there is no screen to go back to."""
        return len(self.app.screen_stack) <= 2

    def heard(self) -> None:
        """The next key was pressed: what was said has been read."""
        self._said, self._hint = (), ""
        if self.keeper is not None:
            self.keeper.heard()

    def _first_run(self) -> str:
        """What to do here, the first time that somebody is here."""
        if self.keeper is not None and self._hinted != self.place:
            self._hinted = self.place
            self._hint = self.keeper.hint(self.place)
        return self._hint

    def say(self, text: str, tone: str = "warning") -> None:
        """Say something in the detail line: until a key moves something, or state changes some seconds later."""
        self._said, self._said_until = (Span(f" {text}", tone),), time.monotonic() + SAID_SECONDS
        self.query_one("#detail", Bar).say(self._said)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While somebody types, what opens a line to type into is a letter."""
        if action not in self.LINES:
            return True
        return not typing(self) and (action != "filter" or self.filterable() is not None)

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def on_grid_moved(self) -> None:
        self.bars()

    def on_grid_ordered(self) -> None:
        self.bars()

    async def action_filter(self) -> None:
        """Open the filter line."""
        grid = self.filterable()
        if grid is not None:
            await self.query_one(Prompt).open(grid)

    def action_back(self) -> None:
        """One step back: within the screen, else to the one before; the first one stays."""
        if not self.step_back() and not self.first:
            self.app.pop_screen()

    def action_leave(self) -> None:
        """Back to the screen before; on the first one, quit."""
        if self.first:
            cast("LifecycleApp", self.app).action_leave(0)
        else:
            self.app.pop_screen()


def could_not_read(widget: Widget, exc: Exception) -> None:
    """A widget that reads on a key press could not: its screen's title says so, and it is read again soon."""
    screen = widget.screen
    if isinstance(screen, View):
        screen.trouble(str(exc))


def _internal(exc: Exception) -> str:
    return f"internal error: {type(exc).__name__}: {exc}"
