"""Lines of a job's log, a page at a time from either end. Read by the log view of the job screen.

A log may have a hundred thousand lines, and a line a megabyte: every read is bounded in lines and in characters, and
of a line only its beginning is kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.state import jobs, lease, processes
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.state.text import moment

PAGE = 1_000
LONGEST = 4_000
"""Characters of a line that are kept: nobody reads more, and they are laid out again at every resize."""
WEIGHT = 1_000_000
"""Weight after which a page is full, whatever its lines (see `weight`)."""
BREAK = 200
"""A line break within an entry weighs as many characters: each is a row of the screen to be laid out."""
SEARCHED = 20_000
"""Lines that one search looks through."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One entry of a log; its text may have several lines (a traceback).

    Attributes:
        more: characters at its end that were left out.
    """

    id: int
    at: datetime
    level: str
    text: str
    more: int


_SELECT = "SELECT id, at, level, substr(text, 1, ?), length(text) FROM job_events WHERE job_id = ?"


def weight(line: LogLine) -> int:
    """What a line costs to hold and to lay out, in characters."""
    return len(line.text) + line.more + BREAK * line.text.count("\n")


def _page(found: Iterable[tuple], limit: int) -> Iterator[LogLine]:
    weighed = 0
    for n, (id_, at, level, text, length) in enumerate(found):
        line = LogLine(id_, moment(at), level, text.rstrip(), max(0, length - len(text)))
        yield line
        weighed += weight(line)
        if n + 1 == limit or weighed >= WEIGHT:
            return


def before(conn: sqlite3.Connection, job_id: int, id_: int | None = None, limit: int = PAGE) -> list[LogLine]:
    """The page that ends before line `id_` (None: the newest one), oldest first."""
    where, args = ("", ()) if id_ is None else (" AND id < ?", (id_,))
    found = conn.execute(f"{_SELECT}{where} ORDER BY id DESC", (LONGEST, job_id, *args))
    return list(_page(found, limit))[::-1]


def after(conn: sqlite3.Connection, job_id: int, id_: int = 0, limit: int = PAGE) -> list[LogLine]:
    """The page that begins after line `id_` (0: the oldest one), oldest first."""
    found = conn.execute(f"{_SELECT} AND id > ? ORDER BY id", (LONGEST, job_id, id_))
    return list(_page(found, limit))


def last(conn: sqlite3.Connection, job_id: int) -> int:
    """The id of the newest line; 0 where there is none."""
    found = conn.execute("SELECT id FROM job_events WHERE job_id = ? ORDER BY id DESC LIMIT 1", (job_id,)).fetchone()
    return 0 if found is None else int(found[0])


def count_after(conn: sqlite3.Connection, job_id: int, id_: int, most: int = PAGE) -> int:
    """How many lines come after `id_`; `most` where there are more."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM job_events WHERE job_id = ? AND id > ? LIMIT ?)"
    return int(conn.execute(sql, (job_id, id_, most)).fetchone()[0])


def find(conn: sqlite3.Connection, job_id: int, words: str, id_: int, *, down: bool) -> tuple[int | None, int | None]:
    """The nearest line with these words after (or before) line `id_`, wherever case does not matter.

    Returns:
        The line's id, or None; and where nothing was found within `SEARCHED` lines, the line to look on from.
    """
    way, order = (">", "ASC") if down else ("<", "DESC")
    wanted, looked = words.casefold(), 0
    sql = f"SELECT id, substr(text, 1, ?) FROM job_events WHERE job_id = ? AND id {way} ? ORDER BY id {order} LIMIT ?"
    at = id_
    for at, text in conn.execute(sql, (LONGEST, job_id, id_, SEARCHED)):
        looked += 1
        if wanted in text.casefold():
            return int(at), None
    return None, int(at) if looked == SEARCHED else None


@dataclass(frozen=True, slots=True)
class About:
    """A job and what it depends on.

    Attributes:
        agent: an agent runs. worker: the job's worker runs; None where that cannot be seen.
        before: queued jobs that come before it.
    """

    job: Job
    agent: bool
    worker: bool | None
    before: int


def about(conn: sqlite3.Connection, job_id: int) -> About | None:
    """One job; None where there is none of this number."""
    job = jobs.job(conn, job_id)
    if job is None:
        return None
    before = sum(id_ < job.id for id_, _ in jobs.queued(conn)) if job.state == "queued" else 0
    process = job.process if job.state == "running" else None
    worker = None if process is None else processes.alive(process)
    return About(job, lease.held(lease.read(conn)), worker, before)
