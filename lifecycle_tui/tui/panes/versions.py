"""The versions of a model: lineage, what serves, what the judgements came to, and two of them side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from lifecycle_tui.tui import marks
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.panes import version_beside, version_lines
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.panes.panel import Panel
from lifecycle_tui.tui.reads import versions
from lifecycle_tui.tui.reads.pages import near_end
from lifecycle_tui.tui.reads.versions import Comparison, VersionLine
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject, Where
from lifecycle_tui.tui.text import Line, Span, joined

EMPTY = "There is no version yet: one appears when the data names it, when one is trained (t) or registered."
LANES = 6
"""Lines of descent that are drawn side by side at most."""


class VersionsPane(Pane):
    """The list of versions, and below it the one under the cursor beside the champion or a marked one."""

    NAME = "versions"
    TITLE = "versions"
    ACTIONS = ("promote", "rollback", "retrain")
    DEFAULT_CSS = """
    VersionsPane #versions { height: auto; max-height: 45%; }
    VersionsPane #beside { height: 1fr; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "all", id="versions.open", tooltip="all that is known of the version"),
        Binding("v", "mark", "compare", id="versions.mark",
                tooltip="compare the others with this version; again: with the champion"),
    ]  # fmt: skip

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self.marked: int | None = None
        self._limit, self._whole = versions.PAGE, False
        self._lanes: dict[int, str] = {}
        self._room = 1
        self._compared: Comparison | None = None
        self.grid: Grid[VersionLine] = Grid(
            self._columns(), key=lambda v: str(v.number), text=version_lines.searched, empty=EMPTY, id="versions"
        )
        self.panel = Panel(version_beside.panel, id="beside")

    def _columns(self) -> tuple:
        return version_lines.columns(self._lane, self._room, lambda: self.marked)

    def _lane(self, line: VersionLine) -> str:
        # Of a filtered list the lines between would lead nowhere.
        node = self._lanes.get(line.number, "")
        return node if not self.grid.filter else node.replace(*("|" if marks.plain_glyphs() else "│", " "))

    def compose(self) -> ComposeResult:
        yield self.grid
        yield self.panel

    async def load(self) -> None:
        """Read the versions that the list has come to, and compare the one under the cursor."""
        limit = self._limit
        found = await self.source.ask(versions.page, self.model, limit)
        self._whole = len(found) < limit
        if self.marked is not None and all(line.number != self.marked for line in found):
            self.marked = None
        self._draw_lanes(found)
        self.grid.show(found)
        await self._compare()

    def _draw_lanes(self, found: list[VersionLine]) -> None:
        fresh = versions.lanes(found, marks.plain_glyphs())
        if fresh == self._lanes:
            return
        self._lanes = fresh
        room = max(1, min(LANES, max(map(len, fresh.values()), default=1)))
        if room != self._room:
            self._room = room
            self.grid.replace(self._columns())
        self.grid.redraw()

    async def _compare(self) -> None:
        line, marked = self.grid.row, self.marked
        found = None if line is None else await self.source.ask(versions.compared, self.model, line, marked)
        if (line, marked) == (self.grid.row, self.marked):
            self._compared = found
            self.panel.tell(found)

    def settings(self) -> Mapping[str, str]:
        return {} if self.marked is None else {"model": self.model, "beside": str(self.marked)}

    def restore(self, settings: Mapping[str, str]) -> None:
        if settings.get("model") == self.model and settings.get("beside", "").isdecimal():
            self.marked = int(settings["beside"])

    def go(self, where: Where) -> None:
        if where.version is not None:
            self.grid.go(str(where.version))

    def heading(self) -> Line:
        words = (f"filter: {self.grid.filter}" if self.grid.filter else "", self.grid.place)
        return (Span(joined(words)),)

    def about(self) -> Line:
        line = self.grid.row
        if line is None:
            return ()
        facts = line.version.facts
        who = f"by {facts.by}" if facts.by else ""
        waits = f"waits for an approval that {line.waits} asked for" if line.waits else ""
        why = facts.why or facts.note or ""
        return (Span(f" version {line.number}  ", "bold"), Span(joined((facts.origin, who, waits, why))))

    def subject(self) -> Subject:
        """The version under the cursor; on the champion none is named: promoting is then about the challenger, and
        rolling back about the champion before."""
        line = self.grid.row
        return Subject(model=self.model, version=None if line is None or line.serves else line.number)

    def filterable(self) -> Grid[VersionLine]:
        return self.grid

    def on_grid_moved(self) -> None:
        if not self._whole and near_end(self.grid.rows, self.grid.row):
            self._limit += versions.PAGE
            self._whole = True  # until it is read: one page more at a time
            self.begin("versions", self.load)
        else:
            self.begin("beside", self._compare)
        self.changed()

    def on_grid_ordered(self) -> None:
        self.grid.redraw()
        self.changed()

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_mark(self) -> None:
        """Compare with the version under the cursor from now on; with the champion again if it is that one already."""
        line = self.grid.row
        if line is not None:
            self.marked = None if self.marked == line.number else line.number
            self.grid.redraw()
            self.on_grid_moved()

    def action_open(self) -> None:
        """All that is known of the version under the cursor."""
        line = self.grid.row
        if line is None:
            return
        from lifecycle_tui.tui.screens.page import PageScreen

        number, beside = line.number, self._compared
        self.app.push_screen(
            PageScreen(
                self.source, f"{self.model}  version {number}",
                lambda conn: version_lines.sections(versions.whole(conn, self.model, number), beside),
                self.subject(),
            )
        )  # fmt: skip
