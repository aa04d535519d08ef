"""The clock that a workspace lives on: the machine's, or in a demo a simulated one that state remembers.

Where state has one, jobs that are asked for are given its instant (`jobs.enqueue`), actions are recorded at it, and the
agent lets it go on (`agent.lived`). Written by the demo and by who moves the clock; asked by everybody who needs "now".
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from lifecycle_tui.state.text import instant, loads, moment

KEY = "clock"
"""Key of `meta`."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated clock.

    Attributes:
        at: what it shows.
        until: where it stops, because the data ends there.
        day: seconds of real time that a simulated day takes while it goes on.
    """

    at: datetime
    until: datetime
    day: float


def read(conn: sqlite3.Connection) -> Simulated | None:
    """The simulated clock that this state lives on; None where it is the machine's."""
    found = conn.execute("SELECT value FROM meta WHERE key = ?", (KEY,)).fetchone()
    if found is None:
        return None
    facts = loads(found[0])
    return Simulated(moment(facts["at"]), moment(facts["until"]), float(facts["day"]))


def now(conn: sqlite3.Connection) -> datetime:
    """What the clock of this state shows."""
    found = read(conn)
    return datetime.now(UTC) if found is None else found.at


def put(tx: sqlite3.Connection, clock: Simulated) -> None:
    """Have the state live on this clock from now on."""
    value = json.dumps({"at": instant(clock.at), "until": instant(clock.until), "day": clock.day})
    tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (KEY, value))


def move(tx: sqlite3.Connection, at: datetime) -> None:
    """Set the simulated clock; nothing happens where there is none."""
    found = read(tx)
    if found is not None:
        put(tx, Simulated(at, found.until, found.day))
