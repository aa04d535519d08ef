"""The list of jobs: what runs and waits, and page by page what has ended. Read by the jobs screen.

A workspace of a thousand models makes a thousand evaluations a day, so the list never reads all of them: pages come by
the index on the time of ending, what is left out is counted within the pages that were looked at, and afterwards only
rows that changed are read again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from lifecycle_tui.state import feed
from lifecycle_tui.state.text import maybe_moment, moment

Which = Literal["quiet", "all", "live", "failed"]
"""Which jobs to list; "quiet" leaves out the routine ones that are done, which are most of all jobs."""
ROUTINE = ("evaluate", "notify")

PAGE = 100
LOOKED_AT = 1_000
"""Ended jobs that one page looks through for `PAGE` that are wanted."""
LIVE = 2_000
"""Queued and running jobs that are listed at most."""
CHANGES = 5_000


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job as the list shows it.

    Attributes:
        state: as in `Job`, "stopping" for one that runs and was asked to stop.
        seconds: that it took; None while that is not known.
        stands: it ran on a simulated clock, which stood still meanwhile.
        said: one sentence that it says of its outcome.
    """

    id: int
    kind: str
    model: str | None
    state: str
    created_at: datetime
    created_by: str | None
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    done: float | None
    total: float | None
    unit: str | None
    text: str | None
    left: float | None
    cancelled_by: str | None
    why: str | None
    stands: bool
    seconds: float | None
    said: str | None
    error: str | None

    @property
    def live(self) -> bool:
        """Whether something may still come of it."""
        return self.finished_at is None

    @property
    def took(self) -> float | None:
        """Seconds from its start to its end, where that can be told."""
        if self.seconds is not None or self.stands or self.started_at is None or self.finished_at is None:
            return self.seconds
        return (self.finished_at - self.started_at).total_seconds()


_COLUMNS = (
    "id, kind, model, CASE WHEN state = 'running' AND cancel THEN 'stopping' ELSE state END, created_at, created_by, "
    "started_at, finished_at, attempts, progress_done, progress_total, progress_unit, substr(progress_text, 1, 500), "
    "progress_left, cancelled_by, json_extract(payload, '$.why'), json_extract(payload, '$.as_of') IS NOT NULL, "
    "json_extract(outcome, '$.seconds'), substr(json_extract(outcome, '$.text'), 1, 500), substr(error, 1, 500)"
)


def _line(found: Sequence[Any]) -> JobLine:
    id_, kind, model, state, created, by, started, finished, *rest = found
    (attempts, done, total, unit, text, left, cancelled_by, why, stands, seconds, said, error) = rest
    return JobLine(
        id_, kind, model, state, moment(created), by, maybe_moment(started), maybe_moment(finished), attempts, done,
        total, unit, text, left, cancelled_by, None if why is None else str(why), bool(stands), seconds,
        None if said is None else str(said), error,
    )  # fmt: skip


def wanted(which: Which, kind: str, state: str) -> bool:
    """Whether a job of this kind and state is listed."""
    if which == "quiet":
        return not (kind in ROUTINE and state == "done")
    if which == "failed":
        return state == "failed"
    return which == "all" or state in ("queued", "running", "stopping")


class Listing:
    """The jobs that a screen lists: `refresh` when state has moved, `more` when the cursor nears the end.

    Attributes:
        hidden: ended jobs that were looked at and are not wanted.
        whole: everything was looked at; there are no more pages.
        unlisted: queued and running jobs beyond `LIVE`.
    """

    def __init__(self, which: Which = "quiet") -> None:
        self.which: Which = which
        self.hidden = 0
        self.whole = False
        self.unlisted = 0
        self._rows: dict[int, JobLine] = {}
        self._after: tuple[str, int] | None = None
        self._seq = -1
        self._conn: sqlite3.Connection | None = None

    def rows(self) -> list[JobLine]:
        """What runs (oldest first), what waits, what has ended (newest first)."""
        rank = {"running": 0, "stopping": 0, "queued": 1}
        live = sorted((r for r in self._rows.values() if r.live), key=lambda r: (rank.get(r.state, 1), r.id))
        ended = sorted(
            (r for r in self._rows.values() if r.finished_at is not None),
            key=lambda r: (r.finished_at, r.id), reverse=True,
        )  # fmt: skip
        return [*live, *ended]

    def refresh(self, conn: sqlite3.Connection) -> None:
        """Bring the list up to date; the first time, and on another file, from the beginning."""
        if conn is not self._conn:
            pages = max(1, -(-sum(not row.live for row in self._rows.values()) // PAGE))
            self._begin(conn)
            for _ in range(pages):
                self.more(conn)
            return
        found = conn.execute(
            f"SELECT seq, {_COLUMNS} FROM jobs WHERE seq > ? ORDER BY seq LIMIT ?", (self._seq, CHANGES)
        ).fetchall()
        for seq, *values in found:
            self._seq = seq
            self._take(_line(values))

    def _begin(self, conn: sqlite3.Connection) -> None:
        self._conn, self._rows, self._after, self.hidden, self.whole = conn, {}, None, 0, False
        # Before the rows are read: what changes in between is then read twice, never missed.
        self._seq = feed.latest(conn)
        for state in ("running", "queued"):  # written out: the indexes are partial
            found = conn.execute(f"SELECT {_COLUMNS} FROM jobs WHERE state = '{state}' ORDER BY id LIMIT ?", (LIVE,))
            self._put(map(_line, found))
        (queued,) = conn.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone()
        self.unlisted = max(0, queued - LIVE)

    def _put(self, lines: Iterable[JobLine]) -> None:
        for line in lines:
            if wanted(self.which, line.kind, line.state):
                self._rows[line.id] = line

    def _take(self, line: JobLine) -> None:
        """A row that changed: it is listed in its newer state, or leaves the list."""
        if wanted(self.which, line.kind, line.state):
            self._rows[line.id] = line
            return
        self._rows.pop(line.id, None)
        self.hidden += not line.live

    def more(self, conn: sqlite3.Connection) -> None:
        """Look through one more page of what has ended."""
        if self.whole or self.which == "live":
            self.whole = True
            return
        where, args = ("", ()) if self._after is None else (" AND (finished_at, id) < (?, ?)", self._after)
        # Failed ones have an index of their own.
        source = "jobs INDEXED BY jobs_failed WHERE state = 'failed' AND" if self.which == "failed" else "jobs WHERE"
        found = conn.execute(
            f"SELECT id, finished_at, kind, state FROM {source} finished_at IS NOT NULL{where} "
            "ORDER BY finished_at DESC, id DESC LIMIT ?",
            (*args, LOOKED_AT),
        ).fetchall()
        ids: list[int] = []
        for id_, finished, kind, state in found:
            self._after = (finished, id_)
            if wanted(self.which, kind, state):
                ids.append(id_)
                if len(ids) == PAGE:
                    break
            else:
                self.hidden += 1
        else:
            self.whole = len(found) < LOOKED_AT
        marks = ", ".join("?" * len(ids))
        self._put(map(_line, conn.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id IN ({marks})", ids)))


@dataclass(frozen=True, slots=True)
class Listed:
    """What a `Listing` came to: its rows and what they leave out, as they may leave the reader's thread."""

    rows: tuple[JobLine, ...] = ()
    hidden: int = 0
    whole: bool = True
    unlisted: int = 0


def listed(conn: sqlite3.Connection, listing: Listing, *, more: bool) -> Listed:
    """Bring a listing up to date; with `more` by one page of what has ended."""
    listing.refresh(conn)
    if more:
        listing.more(conn)
    return Listed(tuple(listing.rows()), listing.hidden, listing.whole, listing.unlisted)
