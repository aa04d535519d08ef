"""The terminal's view of state: a cheap question "has anything changed", and the reads. It never writes.

Called by the app, which asks four times a second, and by the screens. No transaction stays open between two calls. What
only the model screen needs is imported by the methods that it calls: the first paint waits for the fleet alone.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import fleet
from lifecycle_tui.state.database import State

if TYPE_CHECKING:
    from lifecycle_tui.domain.signals import Signal
    from lifecycle_tui.state.clock import Simulated
    from lifecycle_tui.state.feed import Watcher
    from lifecycle_tui.state.fleet import FleetRow
    from lifecycle_tui.tui.view import WindowLine

Trouble = (StateError, sqlite3.Error)
"""What a read may raise while somebody moves, deletes or migrates the state; asking again later may help."""


class Source:
    """Reads one workspace's state.

    Raises:
        StateError: if there is none yet, or it is of another version than this program.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        name = environment.current()
        self.name = f"{self.root.resolve().name} · {name}" if name else self.root.resolve().name
        self._state = State.view(self.root)
        self._first: sqlite3.Connection | None = self._state.reader()[0]
        self._watcher: Watcher | None = None
        self._file = self._identity()
        self._seq = -1

    @property
    def conn(self) -> sqlite3.Connection:
        """The read-only connection: one of its own until the first question, then the watcher's."""
        if self._watcher is not None:
            return self._watcher.conn
        if self._first is None:
            raise StateError("the workspace's state was closed")
        return self._first

    def changed(self) -> bool:
        """Whether anything that is shown has changed since the last call (true the first time).

        It costs about 10 µs where nothing was committed. Heartbeats are commits, several a second, that change nothing
        here. A file that was replaced by another is opened anew.

        Raises:
            StateError, sqlite3.Error: if the state cannot be read now.
        """
        from lifecycle_tui.state.feed import Watcher, latest

        if (file := self._identity()) != self._file or self._watcher is None:
            fresh = Watcher(State.view(self.root))
            self.close()
            self._watcher, self._file, self._seq = fresh, file, -1
        if not self._watcher.poll():
            return False
        before, self._seq = self._seq, latest(self._watcher.conn)
        return self._seq != before

    def agent(self) -> tuple[bool, bool]:
        """Whether an agent runs, and whether it keeps an older `lifecycle.toml` because the new one has errors."""
        from lifecycle_tui.state import lease

        conn = self.conn
        return lease.held(lease.read(conn)), lease.note(conn) is not None

    def note(self) -> str:
        """What the agent has to say to viewers, e.g. that the file has errors; "" for nothing, and where none runs.

        That it works in another environment than this terminal comes first: then nothing here means what it seems to.
        """
        from lifecycle_tui.state import lease

        found, other = fleet.note(self.conn), lease.elsewhere(self.conn)
        if other is not None:
            return f"{other}: what is done from here is refused"
        return found if found is not None and lease.held(lease.read(self.conn)) else ""

    def clock(self) -> Simulated | None:
        """The simulated clock that the workspace lives on; None where it is the machine's."""
        from lifecycle_tui.state import clock

        return clock.read(self.conn)

    def now(self) -> datetime:
        """What the workspace's clock shows."""
        found = self.clock()
        return datetime.now(UTC) if found is None else found.at

    def _identity(self) -> tuple[int, int]:
        try:
            stat = os.stat(self._state.path)
        except OSError as exc:
            raise StateError("the workspace's state is gone", hint="run `lifecycle check`") from exc
        return stat.st_dev, stat.st_ino

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(sqlite3.Error):
            if self._watcher is not None:
                self._watcher.close()
            if self._first is not None:
                self._first.close()
        self._watcher = self._first = None

    def fleet(self) -> tuple[FleetRow, ...]:
        """All models, worst first."""
        return fleet.fleet(self.conn)

    def model(self, name: str) -> FleetRow | None:
        """One model."""
        return fleet.model(self.conn, name)

    def champion(self, model: FleetRow) -> str | None:
        """What windows call the model's champion: its name in the data, or its number."""
        if model.champion is None:
            return None
        from lifecycle_tui.registry import versions

        found = versions.get(self.conn, model.name, model.champion)
        return str(model.champion) if found is None else found.label

    def windows(self, model: FleetRow, limit: int, before: str | None = None) -> list[WindowLine]:
        """A page of windows, newest first."""
        from lifecycle_tui.state import windows
        from lifecycle_tui.tui.view import SUMMARY, window_lines

        names = SUMMARY if model.metric is None else (*SUMMARY, model.metric)
        entries = windows.history(self.conn, model.name, names, limit, before=before)
        return window_lines(entries, model.metric, self.champion(model))

    def signals(self, line: WindowLine) -> dict[str, tuple[Signal, ...]]:
        """All signals of one window by version ("" for what concerns all rows)."""
        from lifecycle_tui.state import windows

        return {version: windows.signals(self.conn, id_) for version, id_ in line.ids}

    def past(
        self, model: str, names: Collection[str], limit: int, *, version: str = ""
    ) -> dict[str, list[Signal | None]]:
        """Signals over the last windows, oldest first; None where a window does not have it."""
        from lifecycle_tui.state import windows

        found = windows.history(self.conn, model, names, limit, version=version)
        return {name: [entry.signals.get(name) for entry in found] for name in names}
