"""What state remembers of a model, read for a replay of the loop: windows as they came in, and all that was done.

Called by `whatif`, and by tests that let the loop decide again. Nothing is written.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from lifecycle_tui.policy.facts import SignalFact, WindowFacts
from lifecycle_tui.registry import versions
from lifecycle_tui.state import approvals, jobs, judgements
from lifecycle_tui.state.approvals import Approval
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.state.text import moment

Move = tuple[datetime, str, int | None, str | None]
"""An alias that moved: (at, alias, version, by whom)."""

LATE = 2
"""A window that was recorded so many of its lengths after its end, with others at once, was evaluated afterwards."""


class Arrival(NamedTuple):
    """One revision of a window for one version, at the instant at which it was known.

    Attributes:
        labels: known then, of all rows of the window.
        complete: no more rows were expected.
    """

    at: datetime
    facts: WindowFacts
    labels: int
    complete: bool


@dataclass(frozen=True)
class History:
    """What state remembers of one model, as far as the loop goes.

    Attributes:
        arrivals: in the order of their instants.
        moves: of champion's and challenger's alias, in order.
        labels: what windows call each version.
        afterwards: key of the last window that was evaluated afterwards and replayed at its own end; None if none was.
    """

    arrivals: tuple[Arrival, ...] = ()
    moves: tuple[Move, ...] = ()
    jobs: tuple[Job, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    approvals: tuple[Approval, ...] = ()
    labels: dict[int, str] | None = None
    afterwards: str | None = None

    def label(self, version: int | None) -> str:
        """What windows call a version; "" where none serves."""
        return "" if version is None else (self.labels or {}).get(version, str(version))

    @property
    def ended(self) -> datetime | None:
        """The instant up to which history goes: of windows that were evaluated afterwards their own end, whenever that
        evaluation was; None where there is nothing."""
        last = [self.arrivals[-1].at] if self.arrivals else []
        return max(last if last and self.afterwards is not None else [*last, *self.happened()[-1:]], default=None)

    def happened(self) -> list[datetime]:
        """Every instant at which something came that is no window, in order."""
        found = {move[0] for move in self.moves} | {j.at for j in self.judgements}
        for job in self.jobs:
            found |= {job.created_at, *([job.finished_at] if job.finished_at else [])}
        for asked in self.approvals:
            found |= {asked.requested_at, *([asked.decided_at] if asked.decided_at else [])}
        return sorted(found)


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
        "SELECT at, alias, version, by FROM alias_history WHERE model = ? AND alias IN ('champion', 'challenger') "
        "ORDER BY id",
        (model,),
    ).fetchall()
    rows = conn.execute(
        f"{jobs.SELECT} WHERE model = ? AND kind IN ('retrain', 'judge', 'deploy') ORDER BY id", (model,)
    ).fetchall()
    labels = versions.labels(conn, model)
    known = [(moment(at), alias, version, by) for at, alias, version, by in moves]
    stored = _rows(conn, model, signals)
    late = set() if recorded else _late(stored)
    return History(
        _arrivals(stored, late, delay or timedelta()),
        (*_scored(stored, late, labels, min((m[0] for m in known if m[1] == "champion"), default=None)), *known),
        tuple(map(jobs.row, rows)),
        judgements.judgements(conn, model, limit=1_000_000)[::-1],
        approvals.approvals(conn, model, limit=1_000_000)[::-1],
        labels,
        max(late, default=None),
    )


class _Row(NamedTuple):
    """A stored result with the numbers that are asked for; its instants as they are stored."""

    id: int
    key: str
    version: str
    start: str | None
    end: str | None
    rows: int
    labels: int
    mature: int
    complete: int
    as_of: str
    signals: dict[str, SignalFact]


_READ = "withdrawn IS NULL AND (version = '' OR mature = 1 OR revision > 1)"
"""What a version has scored is read by no rule before its labels are there; later they may be found wrong again."""


def _rows(conn: sqlite3.Connection, model: str, names: Collection[str]) -> list[_Row]:
    found = conn.execute(
        'SELECT id, key, version, start, "end", rows, labels, mature, complete, as_of FROM windows '
        f"WHERE model = ? AND {_READ} ORDER BY id",
        (model,),
    ).fetchall()
    signals: dict[int, dict[str, SignalFact]] = {values[0]: {} for values in found}
    wanted = sorted(names)
    for begin in range(0, len(wanted), 900):  # SQLite's oldest limit on parameters is 999
        some = wanted[begin : begin + 900]
        numbers = conn.execute(
            "SELECT s.window_id, s.name, s.value, s.lower, s.upper, s.n FROM windows w "
            "JOIN signals s ON s.window_id = w.id "
            f"WHERE w.model = ? AND {_READ} AND s.name IN ({', '.join('?' * len(some))})",
            (model, *some),
        )
        for id_, name, value, lower, upper, n in numbers.fetchall():
            if value is not None or n is not None:
                signals[id_][name] = SignalFact(value, lower, upper, n)
    return [_Row._make((*values, signals[values[0]])) for values in found]


def _arrivals(rows: Sequence[_Row], late: Collection[str], delay: timedelta) -> tuple[Arrival, ...]:
    orders = {key: n for n, key in enumerate(sorted({row.key for row in rows}))}
    instants = {text: moment(text) for text in {row.as_of for row in rows}}
    known: set[tuple[str, str]] = set()
    found: list[Arrival] = []
    for row, signals in zip(rows, _filled(rows), strict=True):
        facts = WindowFacts(row.key, orders[row.key], row.version, bool(row.mature), signals)
        arrival = Arrival(instants[row.as_of], facts, row.labels, bool(row.complete))
        if late and row.key in late and row.end is not None and (row.key, row.version) not in known:
            known.add((row.key, row.version))
            found += _at_its_end(arrival, moment(row.end), delay)
        else:
            found.append(arrival)
    found.sort(key=attrgetter("at"))
    return tuple(found)


def _at_its_end(arrival: Arrival, end: datetime, delay: timedelta) -> list[Arrival]:
    """A window that was evaluated afterwards, as it would have come in: its rows at its end, its labels after the
    delay."""
    if not delay:
        return [arrival._replace(at=min(end, arrival.at))]
    early = arrival._replace(at=min(end, arrival.at), labels=0, facts=replace(arrival.facts, mature=False))
    return [early, arrival._replace(at=min(end + delay, arrival.at))]


def _filled(rows: Sequence[_Row]) -> list[dict[str, SignalFact]]:
    """Each row's signals, with those that a window was only later measured for, by the same labels: they would have
    been the same then."""
    found = [row.signals for row in rows]
    later: dict[tuple[str, str], int] = {}
    for n in range(len(rows) - 1, -1, -1):
        row = rows[n]
        after = later.get((row.key, row.version))
        if after is not None and rows[after].labels == row.labels and len(found[n]) < len(found[after]):
            found[n] = {**found[after], **found[n]}
        later[row.key, row.version] = n
    return found


def _late(rows: Sequence[_Row]) -> set[str]:
    """Keys of the windows that were evaluated afterwards: at first several at one instant, long after their end."""
    first: dict[str, _Row] = {}
    for row in rows:
        first.setdefault(row.key, row)
    together = Counter(row.as_of for row in first.values())
    found: set[str] = set()
    for row in first.values():
        if together[row.as_of] > 1 and row.start is not None and row.end is not None:
            start, end = moment(row.start), moment(row.end)
            if moment(row.as_of) > end + LATE * (end - start):
                found.add(row.key)
    return found


def _scored(rows: Sequence[_Row], late: Collection[str], labels: dict[int, str], first: datetime | None) -> list[Move]:
    """Who served before the `first` champion that state knows of, in windows that were evaluated afterwards: the
    version that scored most of their rows."""
    numbers = {label: number for number, label in labels.items()}
    most: dict[str, _Row] = {}
    for row in rows if late else ():
        if row.key in late and row.version in numbers:
            best = most.setdefault(row.key, row)
            most[row.key] = row if row.rows > best.rows else best
    found: list[Move] = []
    for key in sorted(most):
        row = most[key]
        number, at = numbers[row.version], moment(min(row.start or row.as_of, row.as_of))
        if (first is None or at < first) and (not found or found[-1][2] != number):
            found.append((at, "champion", number, "data"))
    return found
