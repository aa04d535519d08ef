"""An agent as `lifecycle agent` runs it, with two differences: each of its decisions is recorded in the state, in the
same transaction, and its clock can be set back by a file.

    python scripted_agent.py LIFECYCLE.TOML CLOCK
"""

from __future__ import annotations

import signal
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lifecycle_tui.agent import loop
from lifecycle_tui.agent.agent import Agent
from lifecycle_tui.agent.loop import Turned
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.specs import WorkspaceSpec
from lifecycle_tui.state import lease, processes

ACTS = "CREATE TABLE IF NOT EXISTS acts (id INTEGER PRIMARY KEY, number INTEGER, process TEXT, at TEXT)"


class MovableClock:
    """The machine's clock, as many days back as the file says."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        try:
            back = float(self._path.read_text("utf-8") or 0)
        except (OSError, ValueError):
            back = 0.0
        return datetime.now(UTC) - timedelta(days=back)


def turn(tx: sqlite3.Connection, spec: WorkspaceSpec, now: datetime) -> Turned:
    """A turn of the loop, and a record of who took it."""
    tx.execute(ACTS)
    found = lease.read(tx)
    said = (found.number, str(processes.this()), str(now))
    tx.execute("INSERT INTO acts (number, process, at) VALUES (?, ?, ?)", said)
    return loop.turn(tx, spec, now)


def main() -> int:
    agent = Agent(
        Path(sys.argv[1]), turn=turn, clock=MovableClock(Path(sys.argv[2])), say=lambda text: print(text, flush=True)
    )
    signal.signal(signal.SIGTERM, lambda *_: agent.stop())
    try:
        agent.run()
    except LifecycleError as exc:
        print(exc.message, flush=True)
        return exc.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
