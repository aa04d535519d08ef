"""Keeps where a person is in the program and how they look at things, while it runs, and brings it back at the start.

The app asks it to `look` with every poll and once more when it ends; `View` and `Pane` ask it how they were set before
they show anything. What has changed is written a moment later, in a thread: a link that drops, or a machine that goes
down, costs less than a second of moving about. `memory` holds what is written.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lifecycle_tui.tui import hints, memory, taking
from lifecycle_tui.tui.memory import NOTHING, Remembered, Settings, Spot
from lifecycle_tui.tui.places import PLACES

if TYPE_CHECKING:
    from textual.screen import Screen

    from lifecycle_tui.tui.app import LifecycleApp
    from lifecycle_tui.tui.grid import Grid
    from lifecycle_tui.tui.part import Part
    from lifecycle_tui.tui.screens.base import View
    from lifecycle_tui.tui.screens.model import ModelScreen


BACK = "where you were · Esc: the fleet · --fresh begins there"
"""In at most 58 cells."""


class Keeper:
    """What is remembered of one workspace.

    Args:
        root: the workspace.
        fresh: begin as if nothing was; from then on it is kept all the same.

    Attributes:
        start: where it was left; gone: what to say where that is no more.
        trouble: why it cannot be written, in a sentence; "" while it can.
    """

    def __init__(self, root: Path, *, fresh: bool = False) -> None:
        found = NOTHING if fresh else memory.load(root)
        self.start = found.spot
        self.gone = ""
        self.trouble = ""
        self._root = root
        self._settings: dict[str, Settings] = dict(found.settings)
        self._now = self._written = Remembered(found.spot, found.settings)
        self._lock = threading.Lock()
        self._writing: threading.Thread | None = None
        self._seen: set[str] | None = None
        self._awaited: View | None = None
        self._below: View | None = None
        self._moved = False

    # ── bringing it back ──────────────────────────────────────────────────────────────────────────────────────────

    def restore(self, part: Part, name: str) -> None:
        """Set a part, before it shows anything, as the last one of its name was set."""
        if given := self._settings.get(name):
            part.restore(given)

    def check(self, conn: sqlite3.Connection) -> None:
        """Where the place is gone by now, begin at what is nearest. Called before the first paint: one query.

        Raises:
            StateError, sqlite3.Error: state cannot be read now.
        """
        self.start, self.gone = nearest(conn, self.start)

    def opening(self, app: LifecycleApp, first: View) -> View | None:
        """The screen to be put onto the first one; None where that one is the place."""
        found = screen(app, self.start)
        self._awaited = found or first
        self._moved = found is not None
        self._below = first if self._moved else None
        return found

    def greeting(self, view: View) -> str:
        """What the first screen says once: that it is where the person was, and how to be elsewhere."""
        return (self.gone or (BACK if self._moved else "")) if view is self._awaited else ""

    def loaded(self, view: View) -> None:
        """A screen shows what it has read: the one at the start goes to the row where it was left, with its filter."""
        grid, start = view.filterable(), self.start
        if view is self._below and grid is not None and start.model is not None:
            self._below = None
            grid.go(start.model)  # the way back leads to the model that it led from
        if view is not self._awaited:
            return
        if grid is None or not (grid.rows or grid.filter):
            return
        self._awaited = None
        grid.filter = start.filter
        for other in _others(view):
            if (row := start.rows.get(other.id or "")) is not None:
                other.go(row)
            if other.id == start.focus and other.display:
                view.set_focus(other)
        if start.key is not None:
            grid.go(start.key)
        if grid.id == start.focus and grid.display:
            view.set_focus(grid)

    def heard(self) -> None:
        """A key was pressed: what the cursor does from now on is the person's."""
        self._awaited = self._below = None

    # ── keeping it ────────────────────────────────────────────────────────────────────────────────────────────────

    def look(self, stack: list[Screen[Any]], *, wait: bool = False) -> None:
        """See where the person is; write it once it has not moved since the last look, or at once.

        Args:
            stack: the app's screens, the first one first.
            wait: write before returning; at the end.
        """
        before, self._now = self._now, self._seen_in(stack) or self._now
        if self._now == self._written:
            return
        if wait:
            self._write()
        elif self._now == before and (self._writing is None or not self._writing.is_alive()):
            self._writing = threading.Thread(target=self._write, daemon=True, name="memory")
            self._writing.start()

    def end(self) -> None:
        """Write what was seen last, where that was not done; for an end that came as an exception."""
        self.look([], wait=True)

    def _write(self) -> None:
        with self._lock:
            now = self._now
            if now != self._written:
                self.trouble = memory.store(self._root, now)
                self._written = now  # a folder that cannot be written is not tried four times a second

    def _seen_in(self, stack: list[Screen[Any]]) -> Remembered | None:
        """All of it as the screens are now; None where none of them stands any more."""
        from lifecycle_tui.tui.screens.base import View

        # A screen that is closing has lost its widgets: what was seen of it before counts.
        views = [screen for screen in stack if isinstance(screen, View) and screen.ready]
        if not views:
            return None
        for view in views:
            for name, part in parts(view).items():
                given = part.settings()
                if given or name in self._settings:
                    self._settings[name] = given
        return Remembered(spot(views), dict(self._settings))

    # ── hints ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def hint(self, name: str) -> str:
        """The first-run hint of a screen or pane; "" where it was shown before. It counts as seen from now on."""
        if name not in hints.HINTS or not hints.wanted():
            return ""
        if self._seen is None:
            self._seen = set(memory.hints_seen())
        if name in self._seen:
            return ""
        self._seen.add(name)
        threading.Thread(target=memory.add_hints_seen, args=([name],), daemon=True, name="hints").start()
        return hints.HINTS[name]


def parts(view: View) -> Mapping[str, Part]:
    """The parts of a screen by the name under which they are remembered: itself, or the panes that it has made."""
    if view.panes:
        return {f"{view.NAME}.{name}": pane for name, pane in view.panes.items()}
    return {view.NAME: view} if view.NAME in PLACES else {}


def _others(view: View) -> list[Grid[Any]]:
    """The grids of the pane that shows, or of the screen, besides the one that is filtered."""
    from lifecycle_tui.tui.grid import Grid

    below = getattr(view, "pane", view)
    return [grid for grid in below.query(Grid) if grid is not view.filterable()]


def spot(views: list[View]) -> Spot:
    """The place that the uppermost screen stands for that can be come back to."""
    for view in reversed(views):
        grid = view.filterable()
        key, words = (None, "") if grid is None else (taking.cursor(grid), grid.filter)
        if view.NAME == "model":
            rows = {other.id: at for other in _others(view) if other.id and (at := taking.cursor(other)) is not None}
            focus = None if view.focused is None or view.focused is view.first_focus() else view.focused.id
            model = cast("ModelScreen", view)
            return Spot("model", model.model_name, model.pane.NAME, key=key, filter=words, rows=rows, focus=focus)
        if view.NAME == "job":
            return Spot("job", job=view.job_id)  # type: ignore[attr-defined]
        if view.NAME in PLACES:
            return Spot(view.NAME, key=key, filter=words)
    return Spot()


def screen(app: LifecycleApp, start: Spot) -> View | None:
    """The screen of a place, to be put onto the fleet; None for the fleet, and for what this program does not know."""
    from lifecycle_tui.tui.subject import Where

    if start.screen == "model" and start.model is not None:
        found = app.model_screen(start.model)
        found.to(Where(pane=start.pane))
        return found
    if start.screen == "job" and start.job is not None:
        from lifecycle_tui.tui.screens.job import JobScreen

        return JobScreen(app.source, start.job)
    if start.screen in PLACES and start.screen != next(iter(PLACES)):
        return app.place(start.screen)
    return None


def nearest(conn: sqlite3.Connection, start: Spot) -> tuple[Spot, str]:
    """The place, or where it is gone what is nearest, with a sentence on that.

    Raises:
        StateError, sqlite3.Error: state cannot be read now.
    """
    if start.screen == "model" and start.model is not None:
        from lifecycle_tui.state import fleet

        found = fleet.model(conn, start.model)
        if found is None or not found.declared:
            return Spot(), f"{start.model}, where you were, is declared no more: this is the fleet"
    if start.screen == "job" and start.job is not None:
        from lifecycle_tui.state import jobs

        if jobs.job(conn, start.job) is None:
            return Spot("jobs"), f"job {start.job}, where you were, is in state no more: these are the jobs"
    return start, ""
