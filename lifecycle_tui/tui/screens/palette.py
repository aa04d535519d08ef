"""Go to a model, a screen or an action by some letters of its name. Opened by `:` over any screen on state.

What was typed is matched anew at every key, in a few milliseconds even with ten thousand models: only what matches is
ranked, and only what is listed becomes a row. Models' names are read in the reader's thread; what is listed meanwhile
is all else. What was done from here last comes first, as long as nothing is typed.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input

from lifecycle_tui.tui import entries, keys
from lifecycle_tui.tui.cells import Cell, Column
from lifecycle_tui.tui.entries import Entry
from lifecycle_tui.tui.fuzzy import folded, ranked
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.reader import Reading
from lifecycle_tui.tui.reads import fleet
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import Span, count
from lifecycle_tui.tui.typing import begin, taken_in
from lifecycle_tui.tui.widgets.lines import Bar, Footer, Lines
from lifecycle_tui.tui.widgets.typed import TypedLine

if TYPE_CHECKING:
    from lifecycle_tui.tui.pressing import Pressing

MOST = 200
"""Entries that are listed; who needs more types another letter."""

Row = tuple[str, Entry]
COLUMNS: tuple[Column[Row], ...] = (
    Column("kind", "", 7, lambda r: Cell(r[1].kind, "dim")),
    Column("text", "", 30, lambda r: Cell(r[1].text, "bold"), grow=1, most=70),
    Column("key", "", 6, lambda r: Cell(r[1].key, "key")),
    Column("help", "", 30, lambda r: Cell(r[1].help, r[1].tone), grow=1),
)


class PaletteScreen(Guarded, Screen[None]):
    """A line to type into and the entries that match, the best first.

    Args:
        here: what the cursor of the screen below stands on.
    """

    DEFAULT_CSS = """
    PaletteScreen #typed { height: 1; }
    PaletteScreen Input {
        width: 1fr; height: 1; border: none; padding: 0; background: ansi_default; color: ansi_default;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "run", "go", priority=True, id="palette.run", tooltip="go there, or do it"),
        Binding("down,ctrl+n", "move(1)", "next entry", show=False, priority=True, id="palette.down"),
        Binding("up,ctrl+p", "move(-1)", "previous entry", show=False, priority=True, id="palette.up"),
        Binding("pagedown", "page(1)", "page down", show=False, priority=True, id="palette.pagedown"),
        Binding("pageup", "page(-1)", "page up", show=False, priority=True, id="palette.pageup"),
        Binding("escape", "close", "close", priority=True, id="palette.close"),
    ]

    def __init__(self, source: Source, below: View) -> None:
        super().__init__()
        self.source = source
        self.below = below
        self._front: list[Entry] = []
        self._back: list[Entry] = []
        self._models: tuple[tuple[str, str], ...] = ()
        self._names: list[str] = []
        self._said = self._typed = ""
        self._reads = Reading(self._failed)
        self._read = asyncio.Event()
        self.grid: Grid[Row] = Grid(COLUMNS, key=lambda r: r[0], lit=True, id="entries")
        self.grid.can_focus = False

    def compose(self) -> ComposeResult:
        yield Bar(tone="title", id="title")
        label = Lines([(Span(":", "bold"),)])
        label.styles.width = 1
        typed = TypedLine()
        with Horizontal(id="typed"):
            yield label
            yield typed
        yield self.grid
        yield Footer(lambda: keys.footer([PaletteScreen]), common=False)

    def on_mount(self) -> None:
        self._gather()
        self._list("")
        begin(self.query_one(Input))
        self._reads.begin("names", self._models_too)

    def on_unmount(self) -> None:
        self._reads.leave()
        self._read.set()

    def _gather(self) -> None:
        """What is offered besides models."""
        view = self.below
        own = list(view.palette_entries())
        self._front = [
            *entries.actions(view, view.subject()),
            *entries.policy(view, view.subject()),
            *(e for e in own if e.kind != "sort"),
            *entries.places(view),
        ]
        self._back = [*(e for e in own if e.kind == "sort"), *entries.bindings(view), *entries.program(view)]
        self._names = [*map(_words, self._front), *map(_words, self._back)]

    async def _models_too(self) -> None:
        """Read the models' names, and list what matches with them."""
        models, names = await self.source.ask(_folded_names)
        self._models = models
        self._names[len(self._front) : len(self._front)] = names
        self._read.set()
        if self.display:
            self._list(self._typed)

    def _failed(self, exc: Exception) -> None:
        """Without models, then; the title says why."""
        self._said = str(exc)
        self._read.set()
        if self.display:
            self._list(self._typed)

    def _list(self, typed: str) -> None:
        """Show what matches."""
        self._typed = typed
        best, total = ranked(self._names, typed, MOST)
        if not typed.strip():
            recent = self._recent()
            best = [*recent, *(place for place in best if place not in recent)][:MOST]
        self.grid.show([self._row(place) for place in best], empty="Nothing has these letters in this order.")
        self.grid.action_end(-1)
        more = f"the best {count(len(best))} of {count(total)}; type more" if total > len(best) else count(total)
        self.query_one("#title", Bar).say((Span(" go to a model, a screen or an action"),), self._right(more))

    def _right(self, more: str) -> tuple[Span, ...]:
        return (Span(f" {self._said} ", "critical"),) if self._said else (Span(f"{more} "),)

    def _recent(self) -> list[int]:
        """Places of what was done from here last, the newest first."""
        recent = cast("Pressing", self.app).recent
        if not recent:
            return []
        front, models = len(self._front), len(self._models)
        found = {(e.kind, e.text): place for place, e in enumerate(self._front)}
        found |= {(e.kind, e.text): place for place, e in enumerate(self._back, front + models)}
        wanted = {text for kind, text in recent if kind == "model"}
        found |= {("model", n): place for place, (n, _) in enumerate(self._models, front) if n in wanted}
        return [found[one] for one in recent if one in found]

    def _row(self, place: int) -> Row:
        front, models = len(self._front), len(self._models)
        if place < front:
            return str(place), self._front[place]
        if place < front + models:
            name, health = self._models[place - front]
            return str(place), entries.model(self.below, name, health)
        return str(place), self._back[place - front - models]

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def on_input_changed(self, event: Input.Changed) -> None:
        """List anew at every key."""
        event.stop()
        # One that closes loses its widgets before the last letters have come.
        if event.value != self._typed and self.display:
            self._list(event.value)

    async def on_grid_chosen(self) -> None:
        await self.action_run()

    def action_move(self, rows: int) -> None:
        """Another entry, without leaving the line."""
        self.grid.action_move(rows)

    def action_page(self, pages: int) -> None:
        """A screenful on, without leaving the line."""
        self.grid.action_page(pages)

    def action_close(self) -> None:
        """Back to the screen below; nothing was done."""
        self.app.pop_screen()

    async def action_run(self) -> None:
        """Close, and do what the cursor stands on, once all that was typed has been looked for."""
        line = self.query_one(Input)
        await taken_in(line)
        await self._read.wait()  # who typed ahead means a model that may not be listed yet
        if line.value != self._typed:
            self._list(line.value)
        if self.grid.row is None or self.app.screen is not self:
            return
        entry = self.grid.row[1]
        run: Callable[[], object] = entry.run
        cast("Pressing", self.app).remember(entry.kind, entry.text)
        self.app.pop_screen()
        self.app.call_later(run)


def _words(entry: Entry) -> str:
    """What an entry is found by."""
    return folded(f"{entry.text} {entry.also}")


def _folded_names(conn: sqlite3.Connection) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """(name, health) of every model, and the names as they are matched."""
    found = fleet.names(conn)
    return found, [folded(name) for name, _ in found]
