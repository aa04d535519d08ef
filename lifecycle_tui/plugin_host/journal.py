"""A line before each call of a team plugin and one after it, so that a death names its call. Written by `runner`.

Kept small: a file that has grown past `LIMIT` is put aside when a runner opens it, and the one before it forgotten.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

LIMIT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it is noted before it is made.

    Attributes:
        run: tells the runners apart that write to one journal.
        number: counts the runner's calls from 1.
        plugin: `kind:name`.
        subject: what the caller said it is about, e.g. "card-fraud 2025-03-02 income".
    """

    run: str
    number: int
    plugin: str
    method: str
    subject: str
    at: str = ""


class Journal:
    """Appends; several processes may share the file, since each line is one write."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LIMIT:
            os.replace(path, path.with_name(path.name + ".1"))
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def begin(self, call: Call) -> None:
        """Note a call that is about to be made."""
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self._line([call.run, call.number, "begin", at, call.plugin, call.method, call.subject])

    def end(self, call: Call, outcome: str) -> None:
        """Note how it went: "ok", or the kind of its fault."""
        self._line([call.run, call.number, outcome])

    def _line(self, row: list[object]) -> None:
        os.write(self._fd, (json.dumps(row) + "\n").encode())

    def close(self) -> None:
        """Harmless a second time."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def unfinished(path: Path) -> tuple[Call, ...]:
    """Calls that were begun and never ended: under way now, or what a job was at when it was killed."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ()
    begun: dict[tuple[str, int], Call] = {}
    for line in lines:
        try:
            run, number, word, *rest = json.loads(line)
        except ValueError:
            continue  # a machine that lost power may leave half a line
        if word == "begin":
            at, plugin, method, subject = rest
            begun[run, number] = Call(run, number, plugin, method, subject, at)
        else:
            begun.pop((run, number), None)
    return tuple(begun.values())
