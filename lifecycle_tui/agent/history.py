"""What state remembers of a model, read for a replay of the loop: windows as they came in, and all that was done.

Called by `whatif`, and by tests that let the loop decide again. Nothing is written.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from lifecycle_tui.agent.arrivals import Arrival, Row, arrivals_of, known_before, late_keys, read_rows
from lifecycle_tui.policy.course import Joins
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import approvals, jobs, judgements, loop
from lifecycle_tui.state.approvals import Approval
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.state.text import instant, maybe_moment, moment

AGENT, DATA, FIRST = "agent", "data", "lifecycle"
"""Who moves an alias where no person does: the loop, rows that name a version, who makes a first version."""

SERVES = "it is champion now"
"""Why a deploy job takes the challenger's alias away; the loop itself takes it from one that is out of the running."""


class Move(NamedTuple):
    """An alias that moved; `version` is None where it names nothing from then on."""

    at: datetime
    alias: str
    version: int | None
    by: str | None
    previous: int | None = None
    why: str | None = None


class Event(NamedTuple):
    """Something that is no window, when it came.

    Attributes:
        people: a person did it; at one instant that comes after windows and what the agent does about them.
        order: among what people did at one instant.
        owner: what people did with one stroke has one.
        what: a number is that of an approval that was decided.
        job: the agent's job that it came of, without which it would not have come.
    """

    at: datetime
    people: bool
    order: int
    owner: str
    what: Job | Move | Judgement | Approval | int
    job: int | None = None


Instant = tuple[datetime, Sequence[Arrival], bool]
"""(at, the windows that came, whether something else did)."""


@dataclass(frozen=True)
class History:
    """What state remembers of one model, as far as the loop goes.

    Attributes:
        arrivals: in the order of their instants.
        moves: of champion's and challenger's alias, in order.
        labels: what windows call each version.
        afterwards: key of the last window that was evaluated afterwards and replayed at its own end; None if none was.
        began: the loop's first step; None where it never took one. rows, window: labels and newest complete window that
            were known before it.
        artifacts: versions that there are files of.
        looks: instants at which rules were decided anew though no window had come, because another version served.
    """

    arrivals: tuple[Arrival, ...] = ()
    moves: tuple[Move, ...] = ()
    jobs: tuple[Job, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    approvals: tuple[Approval, ...] = ()
    labels: dict[int, str] | None = None
    afterwards: str | None = None
    began: datetime | None = None
    rows: int = 0
    window: str | None = None
    artifacts: frozenset[int] = frozenset()
    looks: tuple[datetime, ...] = ()

    def label(self, version: int | None) -> str:
        """What windows call a version; "" where none serves."""
        return "" if version is None else (self.labels or {}).get(version, str(version))

    @property
    def ended(self) -> datetime | None:
        """The instant up to which history goes: where all windows were evaluated afterwards, whenever that evaluation
        was, the last one's end; None where there is nothing."""
        last = [self.arrivals[-1].at] if self.arrivals else []
        alone = self.afterwards is not None and self.afterwards == self.arrivals[-1].facts.key
        return max(last if alone else [*last, *self.happened[-1:]], default=None)

    @cached_property
    def joins(self) -> Joins:
        """What its courses have joined so far; the rows live as long as it does."""
        return {}

    @cached_property
    def happened(self) -> list[datetime]:
        """Every instant at which something came that is no window, in order."""
        found = {event.at for event in self.events} | set(self.looks)
        found |= {job.finished_at for job in self.jobs if job.finished_at is not None}
        return sorted(found if self.began is None else found | {self.began})

    @cached_property
    def instants(self) -> list[Instant]:
        """All instants at which something came, in order, with the windows that came together."""
        found: dict[datetime, list[Arrival]] = {}
        for arrival in self.arrivals:
            found.setdefault(arrival.at, []).append(arrival)
        happened = set(self.happened)
        return [(at, found.get(at, ()), at in happened) for at in sorted(happened | found.keys())]

    @cached_property
    def events(self) -> list[Event]:
        """All that came and is no window, in order: at one instant, what people did comes last."""
        found = [_job_event(job) for job in self.jobs]
        by_id = {job.id: job for job in self.jobs}
        for move in self.moves:
            job = _mover(move, self.jobs)
            by = move.by if job is None else job.created_by
            found.append(_event(move.at, move, by, job, dropped=move.by == AGENT and job is None))
        for judged in self.judgements:
            job = by_id.get(judged.job_id or 0)
            found.append(_event(judged.at, judged, AGENT if job is None else job.created_by, job))
        for asked in self.approvals:
            found.append(_event(asked.requested_at, asked, asked.requested_by, None))
            if asked.decided_at is not None:
                found.append(_event(asked.decided_at, asked.id, asked.decided_by, _sent(asked, self.jobs)))
        return sorted(found, key=lambda e: (e.at, e.people, e.order))


NEVER = -1
"""No job has this number: what hangs on it is the loop's own doing, which a replay decides by itself."""


def _job_event(job: Job) -> Event:
    return _event(job.created_at, job, job.created_by, job)


def _event(
    at: datetime, what: Job | Move | Judgement | Approval | int, by: str | None, job: Job | None, *,
    dropped: bool = False,
) -> Event:  # fmt: skip
    people = by not in (AGENT, DATA, FIRST)
    order = job.id if job is not None else 1 << 62 if people else 0
    owner = f"job {job.id}" if job is not None else f"{type(what).__name__} {what}"
    hangs = NEVER if dropped else None if job is None or people else job.id
    return Event(at, people, order, owner, what, hangs)


def _mover(move: Move, jobs: Sequence[Job]) -> Job | None:
    """The job that moved an alias; None where a person, the data or the loop itself did."""
    kind, version = ("retrain", move.version) if move.alias != aliases.CHAMPION else ("deploy", move.version)
    if move.version is None:
        if move.why != SERVES:
            return None
        kind, version = "deploy", move.previous
    found = None
    for job in jobs:
        if job.kind == kind and job.created_by == move.by and job.created_at <= move.at <= (job.finished_at or move.at):
            named = job.payload.get("version") if kind == "deploy" else job.outcome.get("version")
            if named == version:
                return job
            found = found if named is not None else job
    return found


def _sent(asked: Approval, jobs: Sequence[Job]) -> Job | None:
    """The deploy job that a person's yes has set off."""
    mine = (j for j in jobs if j.kind == "deploy" and j.created_by == asked.decided_by)
    return next((j for j in mine if j.created_at == asked.decided_at), None)


def read_history(
    conn: sqlite3.Connection, model: str, signals: Collection[str], *, delay: timedelta | None = None,
    recorded: bool = False,
) -> History:  # fmt: skip
    """All that replaying this model needs.

    Args:
        signals: names of those that rules read; the others are left where they are.
        delay: of the labels, as the file declares it.
        recorded: take windows at the instants at which they were recorded, also those that were evaluated afterwards.
            Otherwise these come at their own end, and what their labels say `delay` later.
    """
    moves = conn.execute(
        "SELECT at, alias, version, by, previous, why FROM alias_history "
        "WHERE model = ? AND alias IN ('champion', 'challenger') ORDER BY id",
        (model,),
    ).fetchall()
    rows = conn.execute(
        f"{jobs.SELECT} WHERE model = ? AND kind IN ('retrain', 'judge', 'deploy') ORDER BY id", (model,)
    ).fetchall()
    labels = versions.labels(conn, model)
    files = conn.execute("SELECT number FROM versions WHERE model = ? AND artifact IS NOT NULL", (model,)).fetchall()
    known = [Move(moment(at), *rest) for at, *rest in moves]
    stored = read_rows(conn, model, signals)
    memory = loop.get(conn, model)
    began = None if memory is None else maybe_moment(memory.state.get("began"))
    late = set() if recorded else late_keys(stored, began)
    counted, window = known_before(stored, began)
    arrivals = arrivals_of(stored, late, delay or timedelta())
    return History(
        arrivals,
        (*_scored(stored, late, labels, min((m.at for m in known if m.alias == "champion"), default=None)), *known),
        tuple(map(jobs.row, rows)),
        judgements.judgements(conn, model, limit=1_000_000)[::-1],
        approvals.approvals(conn, model, limit=1_000_000)[::-1],
        labels,
        max(late, default=None),
        began,
        counted,
        window,
        frozenset(number for (number,) in files),
        _looks(conn, model, known, arrivals),
    )


def _looks(
    conn: sqlite3.Connection, model: str, moves: Sequence[Move], arrivals: Sequence[Arrival]
) -> tuple[datetime, ...]:  # fmt: skip
    """The first evaluation after each time that the champion was moved, where it found no window: it decides the rules
    for that version."""
    instants = [arrival.at for arrival in arrivals]
    found = []
    for move in moves:
        if move.alias != aliases.CHAMPION or move.by in (DATA, FIRST):
            continue
        row = conn.execute(
            "SELECT coalesce(started_at, created_at), finished_at FROM jobs WHERE model = ? AND kind = 'evaluate' "
            "AND created_at > ? AND finished_at IS NOT NULL ORDER BY id LIMIT 1",
            (model, instant(move.at)),
        ).fetchone()
        if row is not None:
            begin, end = moment(row[0]), moment(row[1])
            first = bisect_left(instants, begin)
            if first == len(instants) or instants[first] > end:
                found.append(begin)
    return tuple(found)


def _scored(rows: Sequence[Row], late: Collection[str], labels: dict[int, str], first: datetime | None) -> list[Move]:
    """Who served before the `first` champion that state knows of, in windows that were evaluated afterwards: the
    version that scored most of their rows."""
    numbers = {label: number for number, label in labels.items()}
    most: dict[str, Row] = {}
    for row in rows if late else ():
        if row.key in late and row.version in numbers:
            best = most.setdefault(row.key, row)
            most[row.key] = row if row.rows > best.rows else best
    found: list[Move] = []
    for key in sorted(most):
        row = most[key]
        number, at = numbers[row.version], moment(min(row.start or row.as_of, row.as_of))
        if (first is None or at < first) and (not found or found[-1][2] != number):
            found.append(Move(at, "champion", number, "data"))
    return found
