"""The lease: which process is the agent, as a number that every decision's transaction checks (DESIGN §8).

The kernel's lock on `.lifecycle/agent.lock` keeps a second agent waiting, and is freed when the first one dies. It
cannot tell one that is stopped or hangs from one that works; the number can: who takes over raises it, and whoever
still holds the old one finds out inside its own transaction, before anything is decided.

Called by the agent; viewers read it to say whether one runs.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state.fleet import NOTE
from lifecycle_tui.state.fleet import note as note
from lifecycle_tui.state.processes import Process, alive
from lifecycle_tui.state.text import instant, maybe_moment

ENVIRONMENT = "environment"
"""Key of `meta`: the environment of whoever judged last; an agent holds to it as long as it runs."""

STANDING = ("auto", "stay")
"""Modes of agents; a check or a simulation holds the lease for a while only."""


class LeaseLost(LifecycleError):
    """Another agent has taken over: this one must not act any more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is the agent.

    Attributes:
        number: raised each time that an agent takes over.
        process: the agent; None when the last one has ended in good order.
        mode: "auto", "stay" or "simulated".
        beat: raised every second while it runs.
        environment: in which the workspace was judged last, by the agent or by a `check`; None for none.
    """

    number: int
    process: Process | None
    mode: str | None
    since: datetime | None
    beat: int
    environment: str | None = None


def read(conn: sqlite3.Connection) -> Lease:
    """The lease as it is now."""
    number, process, mode, since, beat, name = conn.execute(
        "SELECT number, process, mode, since, beat, (SELECT value FROM meta WHERE key = ?) FROM lease WHERE id = 1",
        (ENVIRONMENT,),
    ).fetchone()
    return Lease(number, None if process is None else Process.parse(process), mode, maybe_moment(since), beat, name)


def held(lease: Lease) -> bool:
    """Whether its holder is there; a holder in another container, which cannot be seen, counts as there."""
    return lease.process is not None and alive(lease.process) is not False


def elsewhere(conn: sqlite3.Connection) -> str | None:
    """Why work that is asked for here would be done in another environment; None where it would not.

    Raises:
        ConfigError: this process's environment has no proper name.
    """
    found, mine = read(conn), environment.current()
    if not held(found) or found.environment == mine:
        return None
    return f"the agent works in {environment.shown(found.environment)}, and this is {environment.shown(mine)}"


def remember(tx: sqlite3.Connection) -> None:
    """Note this process's environment as the one by whose declarations the workspace is judged from now on."""
    if name := environment.current():
        tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (ENVIRONMENT, name))
    else:
        tx.execute("DELETE FROM meta WHERE key = ?", (ENVIRONMENT,))


def take(tx: sqlite3.Connection, process: Process, mode: str, now: datetime) -> int:
    """Become the agent, in this process's environment, and return one's number; who was it before is deposed."""
    remember(tx)
    tx.execute(
        "UPDATE lease SET number = number + 1, process = ?, mode = ?, since = ?, beat = 0 WHERE id = 1",
        (str(process), mode, instant(now)),
    )
    return read(tx).number


def check(conn: sqlite3.Connection, number: int) -> None:
    """Make sure that `number` still holds; inside a write transaction it then does until the commit.

    Raises:
        LeaseLost: if another agent has taken over.
    """
    found = read(conn)
    if found.number != number:
        who = f" (pid {found.process.pid})" if found.process else ""
        raise LeaseLost(
            f"another agent{who} has taken over: this one was stopped or hung, and ends without acting",
            hint="nothing is lost; `lifecycle agent` starts one that stands by",
        )


def beat(tx: sqlite3.Connection, number: int) -> None:
    """Say that the agent is there.

    Raises:
        LeaseLost: if it is another one by now.
    """
    check(tx, number)
    tx.execute("UPDATE lease SET beat = beat + 1 WHERE id = 1")


def release(tx: sqlite3.Connection, number: int) -> None:
    """The agent ends in good order; nothing happens if another one has taken over."""
    tx.execute("UPDATE lease SET process = NULL WHERE id = 1 AND number = ?", (number,))
    tx.execute("DELETE FROM meta WHERE key = ? AND (SELECT number FROM lease) = ?", (NOTE, number))


def put_note(tx: sqlite3.Connection, number: int, text: str | None) -> None:
    """Say something to all viewers, e.g. that the file has errors; None takes it back.

    Raises:
        LeaseLost: if another agent has taken over.
    """
    check(tx, number)
    if text is None:
        tx.execute("DELETE FROM meta WHERE key = ?", (NOTE,))
    else:
        tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (NOTE, text))
