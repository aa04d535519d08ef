"""Every plugin: what it does, who uses it, and what is wrong with it. Opened by P; Enter shows one in full."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from threading import Thread
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from lifecycle_tui.tui.grid import Cell, Column, Grid
from lifecycle_tui.tui.marks import Mark
from lifecycle_tui.tui.reader import UNCOLLECTED
from lifecycle_tui.tui.reads import plugins
from lifecycle_tui.tui.reads.plugins import Failure, Files, PluginLine
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, joined

MARKS: dict[str, Mark] = {
    "broken": Mark("!", "!", "broken", "error", 0),
    "failed": Mark("✗", "X", "failed last", "critical", 1),
    "changed": Mark("~", "~", "changed", "info", 2),
    "warning": Mark("▲", "^", "warning", "warning", 3),
    "disabled": Mark("–", "-", "disabled", "dim", 4),
    "ok": Mark("✓", "+", "ok", "ok", 5),
}
"""Of a plugin."""

LOOK = 1.0
"""Seconds between two looks at the files."""


def named(plugin: PluginLine) -> str:
    """How the actions name it: `kind:name`, or the file where it is broken."""
    return plugin.info.key if plugin.info.kind else plugin.info.name


def badge(plugin: PluginLine) -> str:
    """Glyph and word; of a broken one the kind of fault in its stead."""
    mark = MARKS[plugin.state]
    if plugin.state == "broken" and plugin.fault is not None:
        return f"{mark.sign()} {plugin.fault.kind}"
    return mark.text()


def place(file: str | None, line: int | None, root: str) -> str:
    """`plugins/x.py:12`: within the workspace from its folder on."""
    if not file:
        return ""
    short = file.removeprefix(f"{root}/")
    return f"{short}:{line}" if line else short


def origin(plugin: PluginLine, root: str) -> str:
    """Where it comes from."""
    info = plugin.info
    if info.origin == "builtin":
        return "built in"
    return info.distribution if info.origin == "entry-point" else place(info.file, info.line, root)


def wrong(plugin: PluginLine, root: str) -> str:
    """What is wrong with it, in one sentence with its place; "" where nothing is."""
    if plugin.state == "changed":
        was = "its file has changed" if plugin.info.kind or plugin.info.problems else "its file is new"
        return f"{was}, it is read at the next check"
    fault = plugin.fault
    if fault is not None:
        at = place(fault.file, fault.line, root)
        return f"{fault.message}" + (f" ({at})" if at and at not in fault.message else "")
    if plugin.failures:
        return failed(plugin.failures[0], root)
    return ""


def failed(failure: Failure, root: str) -> str:
    """`failed in house-prices 2026-03 tails.rent: division by zero (plugins/x.py:7)`."""
    message = failure.message.replace(f"{root}/", "")
    at = place(failure.file, failure.line, root)
    return f"failed in {failure.where}: {message}" + (f" ({at})" if at and at not in message else "")


def used_by(plugin: PluginLine) -> str:
    """The one model, or how many."""
    used = plugin.used
    if len(used) > 1:
        return f"{len(used)} {'models' if plugin.info.kind != 'notifier' else 'ways'}"
    return used[0] if used else "-"


class PluginsScreen(View):
    """All plugins of a workspace, as the index remembers them."""

    NAME = "plugins"
    ACTIONS = ("plugins disable", "plugins enable")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="plugins.open", tooltip="all that is known of the plugin"),
    ]

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.root = str(source.root.absolute())
        self.files = Files()
        self._stamp: object = None
        self._looked = 0.0
        self._failures: tuple[Failure, ...] = ()
        self._seen: object = None
        self.grid: Grid[PluginLine] = Grid(
            _columns(self.root), key=lambda p: f"{p.info.key} {p.info.home}", text=self._searched,
            empty="The index of the plugins is being read.", id="plugins",
        )  # fmt: skip

    def body(self) -> Iterable[Widget]:
        yield self.grid

    async def load(self) -> None:
        """What failed in state now; a thread of its own reads the files where they have changed."""
        self._looked = time.monotonic()
        found = await self.source.ask(plugins.since, self._seen, self.source.root, self.files.folders)
        if found.failures is not None:
            self._failures, self._seen = found.failures, found.seen
        if found.stamp != self._stamp:
            self._stamp = found.stamp
            Thread(target=self._read, daemon=True).start()
        self.grid.show(plugins.lines(self.files, self._failures))

    def moved(self) -> bool:
        """Files are edited without a word to state."""
        return time.monotonic() - self._looked > LOOK

    def _read(self) -> None:
        with UNCOLLECTED:
            found = plugins.files(self.source.root)
        with contextlib.suppress(RuntimeError):  # the app has ended meanwhile
            self.app.call_from_thread(self._show, found)

    def _show(self, found: Files) -> None:
        self.files = found
        self.reload()

    def subject(self) -> Subject:
        return Subject() if self.grid.row is None else Subject(plugin=named(self.grid.row))

    def filterable(self) -> Grid[PluginLine]:
        return self.grid

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Show all that is known of the plugin under the cursor."""
        if self.grid.row is not None:
            from lifecycle_tui.tui.screens.plugin import PluginScreen

            self.app.push_screen(PluginScreen(self.source, self.grid.row, self.root))

    def heading(self) -> tuple[Line, Line]:
        counts = {state: sum(p.state == state for p in self.grid.rows) for state in MARKS}
        parts = [Span(f"  {n} {MARKS[state].word}", "") for state, n in counts.items() if n]
        if self.files.problem:
            return (Span(" plugins"), *parts), (Span(f" {self.files.problem} ", "critical"),)
        words = (f"filter: {self.grid.filter}" if self.grid.filter else "", self.grid.place)
        return (Span(" plugins"), *parts), (Span(f"  {joined(words)} "),)

    def about(self) -> Line:
        """What is wrong with the plugin under the cursor, else what it does."""
        plugin = self.grid.row
        if plugin is None:
            return ()
        mark = MARKS[plugin.state]
        told = wrong(plugin, self.root) or joined((plugin.info.doc, origin(plugin, self.root)))
        return (Span(f" {mark.sign()} {joined((plugin.info.kind, plugin.info.name), ' ')}  ", mark.tone), Span(told))

    def _searched(self, plugin: PluginLine) -> str:
        info = plugin.info
        return " ".join((info.kind, info.name, badge(plugin), origin(plugin, self.root), info.doc, *plugin.used))


def _columns(root: str) -> tuple[Column[PluginLine], ...]:
    def what(plugin: PluginLine) -> Cell:
        if said := wrong(plugin, root):
            return Cell(said, MARKS[plugin.state].tone)
        return Cell(plugin.info.doc, "dim")

    sort: Callable[[PluginLine], str] = lambda p: p.info.name.casefold()  # noqa: E731
    return (
        Column("state", "state", 13, lambda p: Cell(badge(p), MARKS[p.state].tone)),
        Column("kind", "kind", 8, lambda p: Cell(p.info.kind or "-"), sort=lambda p: p.info.kind),
        Column("name", "name", 13, lambda p: Cell(p.info.name, "bold"), sort=sort, grow=1, most=28),
        Column("origin", "from", 17, lambda p: Cell(origin(p, root), "dim"), grow=1, most=36, needs=76),
        Column("used", "used by", 9, lambda p: Cell(used_by(p)), grow=1, most=24, needs=68),
        Column("what", "what it does, or what is wrong", 13, what, grow=6),
    )
