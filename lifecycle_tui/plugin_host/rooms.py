"""The processes of one runner: one that files share, and one each for files that must not share. Held by `runner`.

A file has a room of its own from when it was found to have replaced something in a module that others use (`patches`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.process import REPLY_LIMIT, Process, Setup

ARTIFACT_LIMIT = 1024**3
"""Bytes of a strategy's reply: it holds a version's artefact."""
ROOMS = 8
"""Files that have a room of their own at once; one more ends the room that was used longest ago."""
_LIGHT = ("notifier", "deployer", "command", "panel", "event")
"""Kinds that are given no arrays: their process is started without the libraries for them."""
_SHARED = ""


@dataclass
class Room:
    """A process, and the files that were called in it."""

    process: Process
    served: set[str] = field(default_factory=set)


class Rooms:
    """Processes by the file that has them; see the module.

    Args:
        memory: bytes that each may grow by.
        decode: a codec's import path, "" for none.
    """

    def __init__(self, memory: int, decode: str) -> None:
        self._memory, self._decode = memory, decode
        self._rooms: dict[str, Room] = {}
        self._apart: set[str] = set()
        self.starts = 0
        self.last: Process | None = None
        """Of the last call; its log outlives it."""

    def enter(self, info: PluginInfo) -> tuple[Process, bool]:
        """A process to make the next call in, and whether other files were called in it before.

        One that has grown a lot is not handed on to another file.

        Raises:
            LifecycleError: no process could be started.
        """
        key = info.home if info.home in self._apart else _SHARED
        room = self._rooms.pop(key, None)
        reply = ARTIFACT_LIMIT if info.kind == "strategy" else REPLY_LIMIT
        if room is not None and not self._fit(room, info, reply):
            room.process.end()
            room = None
        if room is None:
            warm = () if info.kind in _LIGHT else ("numpy", "pyarrow")
            room = Room(Process.start(Setup(self._memory, warm, self._decode, reply)))
            self.starts += 1
        self._rooms[key] = room  # at the end: the first is the one that was used longest ago
        self.last = room.process
        shared = bool(room.served - {info.home})
        room.served.add(info.home)
        return room.process, shared

    def _fit(self, room: Room, info: PluginInfo, reply: int) -> bool:
        process = room.process
        if not process.alive or process.reply_limit < reply:
            return False
        bloated = process.resident > process.base + self._memory // 2
        return not (bloated and room.served - {info.home})

    def leave(self, info: PluginInfo) -> None:
        """End the process of this file; its next call has a new one."""
        room = self._rooms.pop(info.home if info.home in self._apart else _SHARED, None)
        if room is not None:
            room.process.end()

    def part(self, home: str) -> None:
        """Give a file the shared process for itself: the others go on in a new one."""
        room = self._rooms.pop(_SHARED, None)
        if room is None:
            return
        if home not in room.served or home in self._apart:
            room.process.end()
            return
        self._apart.add(home)
        room.served = {home}
        self._rooms[home] = room
        own = [key for key in self._rooms if key != _SHARED]
        for key in own[: max(0, len(own) - ROOMS)]:
            self._rooms.pop(key).process.end()

    def close(self) -> None:
        """End them all. Harmless a second time."""
        for room in self._rooms.values():
            room.process.end()
        self._rooms.clear()
        self.last = None
