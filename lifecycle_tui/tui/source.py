"""The terminal's view of state: a cheap question "has anything changed", and the reads. It never writes.

Called by the app, which asks four times a second, and by the screens. All of it happens in the reader's thread, on one
connection that lives there; what every screen says (the clock, the agent) is kept from the last question, so that
nothing that draws waits. No transaction stays open between two calls.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import fleet
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.reader import Reader

if TYPE_CHECKING:
    from lifecycle_tui.domain.signals import Signal
    from lifecycle_tui.state.clock import Simulated
    from lifecycle_tui.state.feed import Watcher
    from lifecycle_tui.state.fleet import FleetRow
    from lifecycle_tui.tui.view import WindowLine

P = ParamSpec("P")
T = TypeVar("T")
AGENT_LOOKS = 4
"""Every so many questions the agent is looked for: one that was killed commits nothing that would tell."""

Trouble = (StateError, sqlite3.Error)
"""What a read may raise while somebody moves, deletes or migrates the state; asking again later may help."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What every screen says besides its own, as it was at the last look.

    Attributes:
        clock: the simulated one; None where the workspace lives on the machine's.
        agent: whether one runs, and whether it keeps an older `lifecycle.toml` because the new one has errors.
        note: what the agent has to say to viewers.
    """

    clock: Simulated | None = None
    agent: tuple[bool, bool] | None = None
    note: str = ""


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
        self._reader = Reader()
        self._first: sqlite3.Connection | None = self._state.reader()[0]
        self._watcher: Watcher | None = None
        self._file = self._identity()
        self._seq = -1
        self._looks = 0
        self._closed = False
        from lifecycle_tui.state import clock

        self.seen = Seen(clock.read(self._first))

    @property
    def conn(self) -> sqlite3.Connection:
        """A read-only connection for what is read before the event loop runs: the first page of the fleet and the
        keeper's names (`start`). Whatever shows later asks the reader."""
        if self._first is None:
            raise StateError("the workspace's state was closed")
        return self._first

    # ── questions ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def ask(self, read: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **more: P.kwargs) -> T:
        """What `read(connection, …)` gives, from the reader's thread.

        Raises:
            StateError, sqlite3.Error: if the state cannot be read now; and whatever `read` raises.
        """
        return await self._reader.ask(lambda: read(self._reading().conn, *args, **more))

    async def look(self) -> bool:
        """Whether anything that is shown has changed since the last look (true the first time); renews `seen`.

        It costs some 50 µs where nothing was committed. Heartbeats are commits, several a second, that change nothing
        here. A file that was replaced by another is opened anew.

        Raises:
            StateError, sqlite3.Error: if the state cannot be read now.
        """
        return await self._reader.ask(self._look)

    def _reading(self) -> Watcher:
        """In the thread: the connection, opened anew where the file is another one."""
        from lifecycle_tui.state.feed import Watcher

        if (file := self._identity()) != self._file or self._watcher is None:
            fresh = Watcher(State.view(self.root))
            if self._watcher is not None:
                self._watcher.close()
            self._watcher, self._file, self._seq = fresh, file, -1
        return self._watcher

    def _look(self) -> bool:
        from lifecycle_tui.state.feed import latest

        watcher = self._reading()
        self._looks += 1
        moved = watcher.poll()
        if moved or self._looks % AGENT_LOOKS == 1:
            self.seen = _seen(watcher.conn)
        if not moved:
            return False
        before, self._seq = self._seq, latest(watcher.conn)
        return self._seq != before

    def _identity(self) -> tuple[int, int]:
        try:
            stat = os.stat(self._state.path)
        except OSError as exc:
            raise StateError("the workspace's state is gone", hint="run `lifecycle check`") from exc
        return stat.st_dev, stat.st_ino

    def close(self) -> None:
        """Close the connections; the reader's once it has done what it is at."""
        with contextlib.suppress(sqlite3.Error):
            if self._first is not None:
                self._first.close()
        self._first = None
        if not self._closed:
            self._closed = True
            self._reader.close(self._close)

    def _close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._watcher is not None:
                self._watcher.close()
        self._watcher = None

    # ── what every screen says ────────────────────────────────────────────────────────────────────────────────────

    def agent(self) -> tuple[bool, bool]:
        """Whether an agent runs, and whether it keeps an older `lifecycle.toml` because the new one has errors."""
        return self.seen.agent or (False, False)

    def note(self) -> str:
        """What the agent has to say to viewers, e.g. that the file has errors; "" for nothing, and where none runs.

        That it works in another environment than this terminal comes first: then nothing here means what it seems to.
        """
        return self.seen.note

    def clock(self) -> Simulated | None:
        """The simulated clock that the workspace lives on; None where it is the machine's."""
        return self.seen.clock

    def now(self) -> datetime:
        """What the workspace's clock shows."""
        return datetime.now(UTC) if self.seen.clock is None else self.seen.clock.at

    # ── reads ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def fleet(self) -> tuple[FleetRow, ...]:
        """All models, worst first."""
        return await self.ask(fleet.fleet)

    async def model(self, name: str) -> FleetRow | None:
        """One model."""
        return await self.ask(fleet.model, name)

    async def champion(self, model: FleetRow) -> str | None:
        """What windows call the model's champion: its name in the data, or its number."""
        return await self.ask(champion, model)

    async def windows(self, model: FleetRow, limit: int, before: str | None = None) -> list[WindowLine]:
        """A page of windows, newest first."""
        return await self.ask(windows, model, limit, before)

    async def signals(self, line: WindowLine) -> dict[str, tuple[Signal, ...]]:
        """All signals of one window by version ("" for what concerns all rows)."""
        return await self.ask(signals, line)

    async def past(
        self, model: str, names: Collection[str], limit: int, *, version: str = ""
    ) -> dict[str, list[Signal | None]]:
        """Signals over the last windows, oldest first; None where a window does not have it."""
        return await self.ask(past, model, names, limit, version)


def _seen(conn: sqlite3.Connection) -> Seen:
    from lifecycle_tui.state import clock, lease

    runs = lease.held(lease.read(conn))
    other, found = lease.elsewhere(conn), fleet.note(conn)
    said = f"{other}: what is done from here is refused" if other is not None else (found or "") if runs else ""
    return Seen(clock.read(conn), (runs, lease.note(conn) is not None), said)


def champion(conn: sqlite3.Connection, model: FleetRow) -> str | None:
    """As `Source.champion`."""
    if model.champion is None:
        return None
    from lifecycle_tui.registry import versions

    found = versions.get(conn, model.name, model.champion)
    return str(model.champion) if found is None else found.label


def windows(conn: sqlite3.Connection, model: FleetRow, limit: int, before: str | None = None) -> list[WindowLine]:
    """As `Source.windows`."""
    from lifecycle_tui.state import windows
    from lifecycle_tui.tui.view import SUMMARY, window_lines

    names = SUMMARY if model.metric is None else (*SUMMARY, model.metric)
    entries = windows.history(conn, model.name, names, limit, before=before)
    return window_lines(entries, model.metric, champion(conn, model))


def signals(conn: sqlite3.Connection, line: WindowLine) -> dict[str, tuple[Signal, ...]]:
    """As `Source.signals`."""
    from lifecycle_tui.state import windows

    return {version: windows.signals(conn, id_) for version, id_ in line.ids}


def past(
    conn: sqlite3.Connection, model: str, names: Collection[str], limit: int, version: str = ""
) -> dict[str, list[Signal | None]]:
    """As `Source.past`."""
    from lifecycle_tui.state import windows

    found = windows.history(conn, model, names, limit, version=version)
    return {name: [entry.signals.get(name) for entry in found] for name in names}
