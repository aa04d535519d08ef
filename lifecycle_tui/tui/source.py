"""The terminal's view of state: a cheap question "has anything changed", and the reads. It never writes.

Called by the app, which asks four times a second, and by the screens. No transaction stays open between two calls.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Collection
from pathlib import Path

from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.registry import versions
from lifecycle_tui.state import alerts, models, windows
from lifecycle_tui.state.database import State
from lifecycle_tui.state.feed import Watcher
from lifecycle_tui.state.models import FleetRow
from lifecycle_tui.tui.view import SUMMARY, WindowLine, window_lines

Trouble = (StateError, sqlite3.Error)
"""What a read may raise while somebody moves, deletes or migrates the state; asking again later may help."""


class Source:
    """Reads one workspace's state.

    Raises:
        StateError: if there is none yet, or it is of another version than this program.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._state = State.view(self.root)
        self._watcher = Watcher(self._state)
        self._file = self._identity()

    @property
    def conn(self) -> sqlite3.Connection:
        """The read-only connection."""
        return self._watcher.conn

    def changed(self) -> bool:
        """Whether anything was committed since the last call; about 10 µs where nothing was.

        A file that was replaced by another is opened anew.

        Raises:
            StateError, sqlite3.Error: if the state cannot be read now.
        """
        if (file := self._identity()) != self._file:
            fresh = Watcher(State.view(self.root))
            self.close()
            self._watcher, self._file = fresh, file
        return self._watcher.poll()

    def _identity(self) -> tuple[int, int]:
        try:
            stat = os.stat(self._state.path)
        except OSError as exc:
            raise StateError("the workspace's state is gone", hint="run `lifecycle check`") from exc
        return stat.st_dev, stat.st_ino

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(sqlite3.Error):
            self._watcher.close()

    def fleet(self) -> tuple[FleetRow, ...]:
        """All models, worst first."""
        return models.fleet(self.conn)

    def model(self, name: str) -> FleetRow | None:
        """One model."""
        return models.model(self.conn, name)

    def champion(self, model: FleetRow) -> str | None:
        """What windows call the model's champion: its name in the data, or its number."""
        if model.champion is None:
            return None
        found = versions.get(self.conn, model.name, model.champion)
        return str(model.champion) if found is None else found.label

    def alerts(self, name: str) -> tuple[alerts.AlertRow, ...]:
        """A model's alerts that have not resolved, worst first."""
        return alerts.open_alerts(self.conn, name)

    def windows(self, model: FleetRow, limit: int, before: str | None = None) -> list[WindowLine]:
        """A page of windows, newest first."""
        names = SUMMARY if model.metric is None else (*SUMMARY, model.metric)
        entries = windows.history(self.conn, model.name, names, limit, before=before)
        return window_lines(entries, model.metric, self.champion(model))

    def signals(self, line: WindowLine) -> dict[str, tuple[Signal, ...]]:
        """All signals of one window by version ("" for what concerns all rows)."""
        return {version: windows.signals(self.conn, id_) for version, id_ in line.ids}

    def past(
        self, model: str, names: Collection[str], limit: int, *, version: str = ""
    ) -> dict[str, list[Signal | None]]:
        """Signals over the last windows, oldest first; None where a window does not have it."""
        found = windows.history(self.conn, model, names, limit, version=version)
        return {name: [entry.signals.get(name) for entry in found] for name in names}
