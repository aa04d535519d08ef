"""One model: a title, a line of panes, and the pane that shows. Opened from the fleet, from alerts and the palette.

Everything that is shown below the line of panes is the pane's own (`tui.panes`): this screen makes panes when they are
first looked at, keeps them, and passes on what the app and the keys ask.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.dom import DOMNode
from textual.widget import Widget

from lifecycle_tui.state import fleet
from lifecycle_tui.state.fleet import FleetRow
from lifecycle_tui.tui import ages, keys, marks
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.panes.listing import LOGS, PANELS, PANES, Listed
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.reads import logs, panels
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source, champion
from lifecycle_tui.tui.subject import Subject, Where
from lifecycle_tui.tui.text import Line, Span, joined, moment
from lifecycle_tui.tui.widgets.lines import Bar, Lines, cells_of

if TYPE_CHECKING:
    from lifecycle_tui.tui.entries import Entry
    from lifecycle_tui.tui.export import Table

FIRST = next(iter(PANES))
ALL = {**PANES, PANELS.name: PANELS, LOGS.name: LOGS}
SHORTER: tuple[Mapping[str, str] | None, ...] = (
    {}, {"performance": "perf"}, {"performance": "perf", "versions": "vers", "history": "hist"}, None,
)  # fmt: skip
"""Titles of panes for less and less room."""


class ModelScreen(View):
    """One model.

    Args:
        where: which pane to open, and at what; by default the first one.
    """

    NAME = "model"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (150, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (36, "-high")]
    DEFAULT_CSS = "ModelScreen #panes { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(p.key, f"pane('{p.name}')", f"{p.title}: {p.help}", show=False, id=f"model.{p.name}")
            for p in (*PANES.values(), PANELS, LOGS)
        ),
        Binding("tab", "turn(1)", "next pane", show=False, id="model.next"),
        Binding("shift+tab", "turn(-1)", "pane before", show=False, id="model.previous"),
    ]

    def __init__(self, source: Source, name: str, where: Where | None = None) -> None:
        super().__init__(source)
        self.model_name = name
        self.model: FleetRow | None = None
        self._champion: str | None = None
        self._where = where
        named = where.pane if where is not None and where.pane in ALL else None
        self._listed: tuple[Listed, ...] = tuple(PANES.values())
        self._panes: dict[str, Pane] = {}
        self.pane = self._made(named or FIRST)

    def _made(self, name: str) -> Pane:
        self._panes[name] = ALL[name].make(self.source, self.model_name)
        return self._panes[name]

    # ── what it shows ─────────────────────────────────────────────────────────────────────────────────────────────

    def body(self) -> Iterable[Widget]:
        yield Bar(id="pane-names")
        yield Lines(id="gone")
        with Container(id="panes"):
            yield self.pane

    async def load(self) -> None:
        """Read the model and what the pane shows of it.

        Of a model that state has no more, the last that was read stays, and a line says so.
        """
        self.model, self._champion, more = await self.source.ask(_read, self.model_name)
        self._listed = (*PANES.values(), *(ALL[name] for name in more))
        self.query_one("#gone", Lines).show(self._gone())
        self.query_one("#pane-names", Bar).say(self._names())
        self.bars()
        if self.model is None:
            return
        pane = self.pane
        if (found := pane.load()) is not None:
            await found
        if self._where is not None and pane is self.pane:
            where, self._where = self._where, None
            if (went := pane.go(where)) is not None:
                await went

    def moved(self) -> bool:
        return self.pane.moved()

    def _gone(self) -> list[Line]:
        if self.model is None:
            return [(Span(" This model is in state no more; what was read of it last still shows.", "warning"),)]
        if not self.model.declared:
            return [(Span(" lifecycle.toml does not declare this model any more.", "warning"),)]
        return []

    def _names(self) -> Line:
        """The line of panes, the one that shows reversed; as long as there is room for: at last with bare numbers."""
        found: Line = ()
        for titles in SHORTER:
            found = self._named(titles)
            if cells_of(found) <= self.size.width:
                break
        return found

    def _named(self, titles: Mapping[str, str] | None) -> Line:
        """The line with some other titles, and close together; None for the title of the pane that shows alone."""
        line: list[Span] = []
        left = "" if titles != {} or len(self._listed) > len(PANES) else " "  # with all of them 80 cells are full
        for listed in self._listed:
            here = listed.name == self.pane.NAME
            right = "" if listed is self._listed[-1] and not left else " "
            title = listed.title if titles is None else titles.get(listed.name, listed.title)
            run, key = f"screen.pane('{listed.name}')", keys.now(f"model.{listed.name}", listed.key)
            line += [Span(f"{left}{key} ", "title" if here else "key", run)]
            if here or titles is not None:
                line += [Span(f"{title}{right}", "title" if here else "", run)]
        return tuple(line)

    def on_resize(self) -> None:
        if self.stands:
            self.query_one("#pane-names", Bar).say(self._names())

    def heading(self) -> tuple[Line, Line]:
        left: Line = (Span(f" {self.model_name}  "),)
        model = self.model
        if model is not None:
            mark = marks.health(model.health)
            left = (*left, Span(f"{mark.text()}  "), Span(self._facts(model)))
        place = self.pane.heading()
        return left, ((Span("  "), *place, Span(" ")) if place else ())

    def _facts(self, model: FleetRow) -> str:
        clock = self.source.clock()
        checked = "never checked"
        if model.evaluated_at is not None:
            checked = f"checked {ages.ago(model.evaluated_at, self.source.now())}"
        return joined(
            (
                f"champion {self._champion}" if self._champion is not None else "no champion",
                f"simulated {moment(clock.at)}" if clock is not None else "",
                checked,
                model.task or "",
                model.owner or "",
            )
        )

    def crumb(self) -> str:
        """The model, and the pane that one came from."""
        return self.model_name if self.pane.NAME == FIRST else f"{self.model_name} {self.pane.NAME}"

    # ── panes ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def to(self, where: Where) -> None:
        """To a pane, at what `where` says of it; also before the screen is there."""
        if self.ready:
            self.open_pane(where.pane or self.pane.NAME, where)
            return
        if where.pane in ALL and where.pane != self.pane.NAME:
            self._panes.pop(self.pane.NAME)
            self.pane = self._made(where.pane)
        self._where = where

    def open_pane(self, name: str, where: Where | None = None) -> None:
        """Show a pane, at `where` if that is given. It is there when the next messages have been handled."""
        self.call_next(self.action_pane, name, where)

    async def action_pane(self, name: str, where: Where | None = None) -> None:
        """Show a pane; it is made when it is first looked at."""
        if name not in ALL:
            self.say(f"There is no pane {name}.")
            return
        if not self.query("#panes"):
            self.to(where or Where(pane=name))  # keys that come in a bunch are faster than a screen
            return
        pane = self._panes.get(name)
        if pane is None:
            pane = self._made(name)
            pane.display = False
            self.opened.clear()
            await self.query_one("#panes", Container).mount(pane)
        self.pane.display, self.pane = False, pane
        pane.display = True
        self._where = where if where is not None else self._where
        self.reload()
        self.set_focus(pane.first_focus())
        self.bars()

    async def action_turn(self, by: int) -> None:
        """To the pane that is so many further along the line; it is a ring."""
        names = [listed.name for listed in self._listed]
        here = names.index(self.pane.NAME) if self.pane.NAME in names else 0
        await self.action_pane(names[(here + by) % len(names)])

    def on_pane_changed(self) -> None:
        self.bars()

    def on_descendant_focus(self) -> None:
        self.bars()

    # ── what is asked of the pane ─────────────────────────────────────────────────────────────────────────────────

    def about(self) -> Line:
        return self.pane.about()

    def subject(self) -> Subject:
        return self.pane.subject()

    def modelwide(self) -> bool:
        return self.pane.MODELWIDE

    @property
    def panes(self) -> Mapping[str, Pane]:
        """Those that were made, by name."""
        return self._panes

    @property
    def place(self) -> str:
        return f"{self.NAME}.{self.pane.NAME}"

    def exported(self) -> Table | Awaitable[Table | None] | None:
        return self.pane.exported()

    def copied(self) -> str:
        return self.pane.copied()

    def palette_entries(self) -> Iterable[Entry]:
        """Its panes besides, and what the one that shows offers."""
        from lifecycle_tui.tui.entries import Entry

        panes = [
            Entry("pane", p.title, partial(self.action_pane, p.name), p.help, keys.now(f"model.{p.name}", p.key))
            for p in self._listed
        ]
        return (*panes, *self.pane.palette_entries(), *super().palette_entries())

    def likely(self) -> Sequence[str]:
        return self.pane.likely()

    def filterable(self) -> Grid[Any] | None:
        return self.pane.filterable()

    def step_back(self) -> bool:
        return self.pane.step_back()

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [*self.pane.key_nodes(), ModelScreen]

    def first_focus(self) -> Widget | None:
        return self.pane.first_focus()


def _read(conn: sqlite3.Connection, name: str) -> tuple[FleetRow | None, str | None, tuple[str, ...]]:
    """A model's row, what its champion is called, and which panes it has besides the usual ones."""
    model = fleet.model(conn, name)
    more = tuple(listed.name for listed, read in ((PANELS, panels.any_), (LOGS, logs.any_)) if read(conn, name))
    return model, None if model is None else champion(conn, model), more
