"""The drift pane's other face: the map of columns over windows, what it reads, and the way between it and the lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.widget import Widget

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.tui import view
from lifecycle_tui.tui.panes.heat import HeatMap, said
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.reads import heat as reads
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Where
from lifecycle_tui.tui.text import Line, joined

if TYPE_CHECKING:
    from lifecycle_tui.tui.entries import Entry


class MapPane(Pane):
    """A pane whose lists give way to the map; subclasses compose `map` and their lists."""

    DEFAULT_CSS = """
    MapPane #drift-map { display: none; }
    MapPane.-mapped #drift-map { display: block; }
    """
    SCOPED_CSS = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "heat", "map", id="drift.heat", tooltip="all columns over all windows at a glance; and back"),
    ]

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self.map = HeatMap(id="drift-map")
        self._to_map = False
        """Whether the map shows, or is being read to be shown."""
        self._cell: tuple[str, int, Signal | None] | None = None
        """A signal and a window, and all that is known of it."""

    def aimed(self) -> tuple[str, str] | None:
        """The column and the window that the lists' cursors stand on."""
        raise NotImplementedError

    def unmapped(self) -> Widget:
        """What gets the focus when the map goes."""
        raise NotImplementedError

    @property
    def mapped(self) -> bool:
        """Whether the map shows instead of the lists."""
        return self.has_class("-mapped")

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [HeatMap, MapPane] if self.mapped else [*super().key_nodes(), MapPane]

    def palette_entries(self) -> Iterable[Entry]:
        """The map."""
        from lifecycle_tui.tui.entries import Entry

        return [Entry("view", "Map of columns over windows", self.action_heat, "drift at a glance", "m",
                      also="heat strip heatmap")]  # fmt: skip

    def step_back(self) -> bool:
        """From the map to the lists."""
        if self.mapped:
            self.show_map(False)
            return True
        return super().step_back()

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def read_map(self) -> None:
        """The columns, and the page that shows, with what has come since."""
        self.map.show(await self.source.ask(reads.rows, self.model))
        await self._read_page()

    async def _read_page(self) -> None:
        wish = self.map.wish()
        if wish is not None:
            self.map.turn(await self.source.ask(reads.page, self.model, *wish))
            await self._read_cell()

    async def _read_cell(self) -> None:
        """What was said of the map's cell under the cursor."""
        row, window = self.map.row, self.map.window
        if row is not None and window is not None:
            found = await self.source.ask(reads.one, window.id, row.signal)
            self._cell = row.signal, window.id, found
        self.changed()

    def about_cell(self) -> Line:
        """The cell under the cursor in words."""
        row, window = self.map.row, self.map.window
        if row is None or window is None:
            return ()
        found = self._cell if self._cell is not None and self._cell[:2] == (row.signal, window.id) else None
        signal = None if found is None else found[2]
        told = "" if signal is None else joined((view.interval(signal), view.said(signal)))
        return said(row, window, self.map.cell, told)

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @on(HeatMap.Wanted)
    def _map_wanted(self) -> None:
        self.begin("map", self._read_page)

    @on(HeatMap.Moved)
    def _map_moved(self) -> None:
        self.changed()
        self.begin("cell", self._read_cell)

    @on(HeatMap.Chosen)
    def _map_chosen(self) -> None:
        """Where the map's cursor is: the window, and the column in it."""
        row, window = self.map.row, self.map.window
        if row is not None and window is not None:
            self.show_map(False)
            self.begin("go", partial(self.opened, Where(window=window.key, signal=row.signal)))

    async def opened(self, where: Where) -> None:
        """Put the lists' cursors where the map's was."""
        raise NotImplementedError

    def action_heat(self) -> None:
        """The map of columns over windows, or the lists again."""
        if not self._to_map and (aimed := self.aimed()) is not None:
            self.map.aim(*aimed)
        self.show_map(not self._to_map)

    def show_map(self, shown: bool) -> None:
        """The map instead of the lists, once it has been read; or the lists."""
        self._to_map = shown
        if shown:
            self.begin("map", self._open_map)
        else:
            self.set_class(False, "-mapped")
            self.unmapped().focus()
            self.changed()

    async def _open_map(self) -> None:
        try:
            await self.read_map()
        except Exception:
            self._to_map = self.mapped  # the lists stay, the title says why, and the key asks again
            raise
        if self._to_map and not self.mapped:
            self.set_class(True, "-mapped")
            self.map.focus()
            self.changed()
