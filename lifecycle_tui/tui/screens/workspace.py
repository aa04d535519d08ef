"""The workspace itself: what needs attention, agent, clock, disk, notifications, program. Opened by W."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Sequence
from threading import Thread
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.widget import Widget

from lifecycle_tui.state.lease import Lease
from lifecycle_tui.tui import workspace_lines
from lifecycle_tui.tui.reader import UNCOLLECTED
from lifecycle_tui.tui.reads import workspace
from lifecycle_tui.tui.reads.workspace import Facts, Measured
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import Line, Span
from lifecycle_tui.tui.widgets.pager import Pager
from lifecycle_tui.tui.workspace_lines import Seen

STILL = 6.0
"""Seconds without a beat after which the agent does not count as moving; it beats every second."""

LOOK = 2.0
"""Seconds between two looks at the agent's beat and the disk."""


class WorkspaceScreen(View):
    """All about the workspace."""

    NAME = "workspace"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "measure", "measure", id="workspace.measure",
                tooltip="count files and their sizes again, read the file again"),
    ]  # fmt: skip

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.facts: Facts | None = None
        self.measured: Measured | None = None
        self._beat: object = None
        self._beaten = time.monotonic()
        self._still: float | None = None
        self._looked = 0.0
        self._minute = 0
        self.pager = Pager(self._lines, id="text")

    def body(self) -> Iterable[Widget]:
        yield self.pager

    def on_mount(self) -> None:
        super().on_mount()
        self.action_measure()

    async def load(self) -> None:
        """Read state; sizes of folders are counted when it is opened, and by r."""
        self._looked, self._minute = time.monotonic(), int(time.monotonic() // 60)
        try:
            self.facts = await self.source.ask(workspace.facts, self.source.root, self.source.now())
        except OSError:
            return  # the folder is going: the next poll says so
        self._listen(self.facts.lease)
        self.pager.renew()

    def _listen(self, found: Lease) -> None:
        """Look at the agent's beat: for how long it has not moved."""
        now = time.monotonic()
        if (beat := (found.number, found.beat)) != self._beat:
            self._beat, self._beaten = beat, now
        still = now - self._beaten
        self._still = max(STILL, still // 10 * 10) if still > STILL else None  # said anew every ten seconds

    def moved(self) -> bool:
        """A beat that stops is no change of state."""
        return time.monotonic() - self._looked > LOOK or int(time.monotonic() // 60) != self._minute

    def _lines(self, cells: int) -> list[Line]:
        if self.facts is None:
            return []
        root = self.source.root.absolute()
        still = self._still if self.facts.held else None
        forgets = "" if self.keeper is None else self.keeper.trouble
        seen = Seen(root.name, str(root), self.facts, self.measured, still, workspace.switches(os.environ), forgets)
        return workspace_lines.lines(seen, cells)

    def action_measure(self) -> None:
        """Have folders counted and the file read, in a thread."""
        Thread(target=self._measure, daemon=True).start()

    def _measure(self) -> None:
        with UNCOLLECTED:
            found = workspace.measured(self.source.root)
        with contextlib.suppress(RuntimeError):  # the app has ended meanwhile
            self.app.call_from_thread(self._show, found)

    def _show(self, found: Measured) -> None:
        self.measured = found
        self.reload()

    def heading(self) -> tuple[Line, Line]:
        return (Span(f" workspace  {self.source.name}"),), ()

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [type(self), Pager]

    def first_focus(self) -> Widget:
        return self.pager
