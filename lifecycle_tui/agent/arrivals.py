"""Windows of a model as they came in: every revision of each, at the instant at which it was known.

Called by `history`. Reads the tables of windows and signals alone.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from lifecycle_tui.policy.facts import SignalFact, WindowFacts
from lifecycle_tui.state.text import moment

LATE = 2
"""A window that was recorded so many of its lengths after its end, with others at once, was evaluated afterwards."""


class Arrival(NamedTuple):
    """One revision of a window for one version, at the instant at which it was known.

    Attributes:
        labels: known then, of all rows of the window.
        complete: no more rows were expected.
        gone: no row of the window was scored by that version any more: the revision before is no more.
    """

    at: datetime
    facts: WindowFacts
    labels: int
    complete: bool
    gone: bool = False


class Row(NamedTuple):
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
    withdrawn: str | None
    signals: dict[str, SignalFact]


_READ = "(version <> '' OR withdrawn IS NULL) AND (version = '' OR mature = 1 OR revision > 1)"
"""What a version has scored is read by no rule before its labels are there; later they may be found wrong again."""


def read_rows(conn: sqlite3.Connection, model: str, names: Collection[str]) -> list[Row]:
    found = conn.execute(
        'SELECT id, key, version, start, "end", rows, labels, mature, complete, as_of, withdrawn FROM windows '
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
    return [Row._make((*values, signals[values[0]])) for values in found]


def arrivals_of(rows: Sequence[Row], late: Collection[str], delay: timedelta) -> tuple[Arrival, ...]:
    orders = {key: n for n, key in enumerate(sorted({row.key for row in rows}))}
    instants = {text: moment(text) for text in {row.as_of for row in rows}}
    known: set[tuple[str, str]] = set()
    found: list[Arrival] = []
    ends = _ends(rows)
    for row, signals in zip(rows, _filled(rows), strict=True):
        if row.withdrawn is not None:
            if row.id not in ends:
                continue  # nobody knows how long it was there
            nothing = WindowFacts(row.key, orders[row.key], row.version)
            found.append(Arrival(instants[ends[row.id]], nothing, row.labels, bool(row.complete), gone=True))
        facts = WindowFacts(row.key, orders[row.key], row.version, bool(row.mature), signals)
        arrival = Arrival(instants[row.as_of], facts, row.labels, bool(row.complete))
        if late and row.key in late and row.end is not None and (row.key, row.version) not in known:
            known.add((row.key, row.version))
            found += _at_its_end(arrival, moment(row.end), delay)
        else:
            found.append(arrival)
    found.sort(key=attrgetter("at"))
    return tuple(found)


def _ends(rows: Sequence[Row]) -> dict[int, str]:
    """When what a version had scored in a window was withdrawn: the next time that something else of it was written."""
    found: dict[int, str] = {}
    waits: dict[str, list[int]] = {}
    for row in rows if any(row.withdrawn for row in rows) else ():
        found.update(dict.fromkeys(waits.pop(row.key, ()), row.as_of))
        if row.withdrawn is not None:
            waits.setdefault(row.key, []).append(row.id)
    return found


def _at_its_end(arrival: Arrival, end: datetime, delay: timedelta) -> list[Arrival]:
    """A window that was evaluated afterwards, as it would have come in: its rows at its end, its labels after the
    delay."""
    if not delay:
        return [arrival._replace(at=min(end, arrival.at))]
    early = arrival._replace(at=min(end, arrival.at), labels=0, facts=arrival.facts._replace(mature=False))
    return [early, arrival._replace(at=min(end + delay, arrival.at))]


def _filled(rows: Sequence[Row]) -> list[dict[str, SignalFact]]:
    """Each row's signals, with those that a window was only later measured for, by the same rows and labels: they
    would have been the same then."""
    found = [row.signals for row in rows]
    later: dict[tuple[str, str], int] = {}
    for n in range(len(rows) - 1, -1, -1):
        row = rows[n]
        after = later.get((row.key, row.version))
        same = after is not None and (rows[after].rows, rows[after].labels) == (row.rows, row.labels)
        if same and after is not None and len(found[n]) < len(found[after]):
            found[n] = {**found[after], **found[n]}
        later[row.key, row.version] = n
    return found


def late_keys(rows: Sequence[Row], began: datetime | None) -> set[str]:
    """Keys of the windows that were evaluated afterwards: at first several at one instant, long after their end.

    Once the loop had begun and looked for the first time, it was there, or would have been: what it found late, it has
    decided late.
    """
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.key, row)
    together = Counter(row.as_of for row in first.values())
    until = None if began is None or not first else max(began, moment(min(together)))
    found: set[str] = set()
    for row in first.values():
        if together[row.as_of] > 1 and row.start is not None and row.end is not None:
            start, end, at = moment(row.start), moment(row.end), moment(row.as_of)
            if at > end + LATE * (end - start) and (until is None or at <= until):
                found.add(row.key)
    return found


def known_before(rows: Sequence[Row], began: datetime | None) -> tuple[int, str | None]:
    """Labels and the newest complete window that were known before the loop's first step."""
    if began is None:
        return 0, None
    known = {row.key: row for row in rows if row.version == "" and moment(row.as_of) <= began}
    complete = (row.key for row in known.values() if row.complete)
    return sum(row.labels for row in known.values()), max(complete, default=None)
