"""What the fleet screen and the palette read: every model with its job under way and what happens to it next.

Three SELECTs, whatever the number of models. The rows are named tuples: a thousand are made at each change, and equal
ones are not drawn again.
"""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime
from typing import NamedTuple

from lifecycle_tui.state import fleet
from lifecycle_tui.state.fleet import FleetRow
from lifecycle_tui.state.text import maybe_moment
from lifecycle_tui.tui.ages import ago

FEW = 20
"""Steps up to which progress is told as `3 of 5`, not in percent."""

_TOLD = "progress_done, progress_total, substr(progress_text, 1, 500)"
_LIVE = f"SELECT model, kind, state, cancel, {_TOLD}, id FROM jobs WHERE"
# Two reads of partial indexes, so that ended jobs cost nothing; what runs comes first.
_JOBS = f"{_LIVE} state = 'running' UNION ALL {_LIVE} state = 'queued' ORDER BY 3 DESC, 8"
_NEXT = "SELECT model, next, due_at, next IS json_extract(state, '$.last') FROM loop WHERE next IS NOT NULL"
_STAMP = re.compile(r" at \d{4}-\d\d-\d\d \d\d:\d\d")


class JobNow(NamedTuple):
    """A model's job that runs or waits; of several the first that runs.

    Attributes:
        short: kind and progress, `retrain 40%`, `judge 3 of 5`, `evaluate queued`.
        doing: what its worker says that it is at, without the model's name.
    """

    id: int
    running: bool
    short: str
    doing: str


class Following(NamedTuple):
    """What happens to a model next, as the loop remembers it.

    Attributes:
        when: `in 3 h`; "" where the clock alone does not bring it. text: what, without the instant.
        past: nothing is waited for: the text says what happened last.
        due: the instant.
    """

    when: str
    text: str
    past: bool
    due: datetime | None


class FleetLine(NamedTuple):
    """A model as the fleet screen shows it."""

    model: FleetRow
    job: JobNow | None
    following: Following | None

    @property
    def name(self) -> str:
        """Its model's."""
        return self.model.name


def lines(conn: sqlite3.Connection, now: datetime, *, retired: bool = False) -> tuple[FleetLine, ...]:
    """All declared models, worst first; with `retired`, those that are no longer declared as well.

    Args:
        now: the workspace's clock: what comes next is told relative to it.
    """
    working, coming = jobs_now(conn), _following(conn, now)
    return tuple(
        FleetLine(model, working.get(model.name), coming.get(model.name))
        for model in fleet.fleet(conn, retired=retired)
    )


def jobs_now(conn: sqlite3.Connection) -> dict[str, JobNow]:
    """The job of each model that has one under way."""
    found: dict[str, JobNow] = {}
    for model, kind, state, cancel, done, total, text, id_ in conn.execute(_JOBS):
        if model is not None and model not in found:
            runs = state == "running"
            short = f"{kind} {_progress(runs, cancel, done, total)}".rstrip()
            found[model] = JobNow(id_, runs, short, (text or "").removeprefix(f"{model}: ") if runs else "")
    return found


def _progress(runs: bool, cancel: int, done: float | None, total: float | None) -> str:
    if not runs:
        return "queued"
    if cancel:
        return "stops"
    if done is None or not total or total < 0:
        return ""
    if total <= FEW:
        return f"{done:.0f} of {total:.0f}"
    # 100 % is said by the result.
    return f"{max(0, min(99, int(100 * done / total)))}%"


def _following(conn: sqlite3.Connection, now: datetime) -> dict[str, Following]:
    found: dict[str, Following] = {}
    for model, text, due, past in conn.execute(_NEXT):
        at = maybe_moment(due)
        # A schedule that is waited for besides is said by `due_at` alone.
        found[model] = Following(
            "" if at is None else ago(at, now), text if at is None else _STAMP.sub("", text), bool(past), at
        )
    return found


def any_retired(conn: sqlite3.Connection) -> bool:
    """Whether there are models that are no longer declared."""
    return conn.execute("SELECT 1 FROM models WHERE declared = 0 LIMIT 1").fetchone() is not None


def names(conn: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    """(name, health) of every declared model, worst first: what the palette offers."""
    return fleet.names(conn)
