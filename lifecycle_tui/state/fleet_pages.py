"""Reads the fleet in pages: a filter, an order, a range, the place of a model, counts; all of it in SQL.

Called by the fleet screen's reads, for which ten thousand models must cost what ten cost: in the usual order a page and
the counts come from the index `fleet_worst` alone, any other order or filter goes through the narrow table `fleet`, and
the wide rows of `models` are read for what shows (`fleet.rows`). `fleet_groups` does the same for models in groups.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from typing import NamedTuple

from lifecycle_tui.state.fleet import HEALTH_ORDER, WORST_FIRST
from lifecycle_tui.state.text import dumps

NONE: Mapping[str, Collection[str]] = {}


def folded(said: str) -> str:
    """SQL for `str.casefold` of the column `said`: SQLite's own for ASCII, whose bytes are its characters; else
    Python's, which takes thirty times as long."""
    return f"CASE length(CAST({said} AS BLOB)) WHEN length({said}) THEN lower({said}) ELSE lifecycle_fold({said}) END"


# What runs comes before what waits; ids are far below 2^62.
_BUSY = (
    "WITH busy AS MATERIALIZED (SELECT model, min(place) AS place FROM ("
    "SELECT model, id AS place FROM jobs WHERE state = 'running' UNION ALL "
    "SELECT model, id + (1 << 62) FROM jobs WHERE state = 'queued') GROUP BY model) "
)


_SAID = folded("said")
_HEALTH = "CASE health " + " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(HEALTH_ORDER)) + " END"


class Sort(NamedTuple):
    """What one column sorts by: an SQL expression, whether it falls, and what it needs beside `fleet`."""

    said: str
    falls: bool = False
    before: str = ""
    join: str = ""


SORTS: dict[str, Sort] = {
    "health": Sort(_HEALTH),
    "name": Sort(folded("name")),
    "champion": Sort("champion", True),
    "window": Sort("window_key", True),
    "drift": Sort("drift_share", True),
    "metric": Sort("metric"),
    "alerts": Sort("nullif(alerts_open, 0)", True),
    "job": Sort("busy.place", False, _BUSY, "LEFT JOIN busy ON busy.model = name"),
    "next": Sort("loop.due_at", False, "", "LEFT JOIN loop ON loop.model = name"),
    "owner": Sort("owner"),
    "rows": Sort("window_rows", True),
    "task": Sort("task"),
}
"""By the keys of the fleet's columns."""


class Asked(NamedTuple):
    """Which models, in which order.

    Attributes:
        words: a filter, as `tui.text.matches` reads it: every word must occur, `!word` must not, in whatever case, in
            name, health, owner, task, metric, window or tags.
        also: word (folded) → models that it fits for another reason, e.g. their job's progress.
        sort: a key of `SORTS`, None for the worst first; models without a value come last whichever way it is turned.
        reverse: turned around.
        retired: those that are no longer declared as well.
    """

    words: str = ""
    also: Mapping[str, Collection[str]] = NONE
    sort: str | None = None
    reverse: bool = False
    retired: bool = False


def wanted(words: str) -> tuple[tuple[str, bool], ...]:
    """(folded word, whether it must occur) of a filter."""
    found = [word.casefold() for word in words.split()]
    return tuple((word.removeprefix("!"), not word.startswith("!")) for word in found if word != "!")


def where(conn: sqlite3.Connection, asked: Asked) -> tuple[str, tuple[str, ...]]:
    """The condition of a filter, with its parameters."""
    if asked.words or asked.sort == "name":
        ready(conn)
    terms, values = ([] if asked.retired else ["declared = 1"]), []
    for word, must in wanted(asked.words):
        terms.append(f"{'' if must else 'NOT '}(instr({_SAID}, ?) > 0 OR name IN (SELECT value FROM json_each(?)))")
        values += [word, dumps(sorted(asked.also.get(word, ())))]
    return (f"WHERE {' AND '.join(terms)}" if terms else ""), tuple(values)


def ready(conn: sqlite3.Connection) -> None:
    """Teach the connection to fold case as Python does."""
    try:
        conn.execute("SELECT lifecycle_fold('')").fetchone()
    except sqlite3.OperationalError:
        conn.create_function("lifecycle_fold", 1, _fold, deterministic=True)


def _fold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def order(asked: Asked) -> str:
    """The terms of ORDER BY. Models that are equal in a column stay worst first, whichever way it is turned."""
    sort = None if asked.sort is None else SORTS[asked.sort]
    turned = asked.reverse and sort is None
    terms = [f"{said}{' DESC' if falls != turned else ''}" for said, falls in WORST_FIRST]
    if sort is not None:
        falls = " DESC" if sort.falls != asked.reverse else ""
        terms = [f"{sort.said} IS NULL", f"{sort.said}{falls}", *terms]
    return ", ".join(terms)


def source(asked: Asked) -> tuple[str, str]:
    """What comes before SELECT, and what is read."""
    sort = Sort("") if asked.sort is None else SORTS[asked.sort]
    return sort.before, f"fleet {sort.join}"


def names(conn: sqlite3.Connection, asked: Asked, first: int = 0, count: int = -1) -> tuple[str, ...]:
    """Names of the models from the place `first` on, at most `count` (-1: all); `fleet.rows` reads their rows."""
    (before, tables), (condition, values) = source(asked), where(conn, asked)
    found = conn.execute(
        f"{before}SELECT name FROM {tables} {condition} ORDER BY {order(asked)} LIMIT ? OFFSET ?",
        (*values, count, max(0, first)),
    )
    return tuple(name for (name,) in found.fetchall())


def rank(conn: sqlite3.Connection, asked: Asked, name: str) -> int | None:
    """The place of a model, counted from 0; None where the filter leaves it out. It costs a pass over all names."""
    (before, tables), (condition, values) = source(asked), where(conn, asked)
    found = conn.execute(
        f"{before}SELECT place FROM (SELECT name, row_number() OVER (ORDER BY {order(asked)}) - 1 AS place "
        f"FROM {tables} {condition}) WHERE name = ?",
        (*values, name),
    ).fetchone()
    return None if found is None else int(found[0])


def healths(conn: sqlite3.Connection, asked: Asked) -> dict[str, int]:
    """How many of the models that pass the filter are in which state; their sum is how many there are."""
    condition, values = where(conn, asked)
    found = conn.execute(f"SELECT health, count(*) FROM fleet {condition} GROUP BY health", values)
    return dict(found.fetchall())


def total(conn: sqlite3.Connection, *, retired: bool = False) -> int:
    """How many models there are, whatever the filter."""
    condition = "" if retired else "WHERE declared = 1"
    return int(conn.execute(f"SELECT count(*) FROM fleet {condition}").fetchone()[0])


def among(conn: sqlite3.Connection, asked: Asked, some: Collection[str]) -> tuple[str, ...]:
    """Those of `some` that pass the filter, in order."""
    (before, tables), (condition, values) = source(asked), where(conn, asked)
    found = conn.execute(
        f"{before}SELECT name FROM {tables} {condition or 'WHERE 1'} AND name IN (SELECT value FROM json_each(?)) "
        f"ORDER BY {order(asked)}",
        (*values, dumps(list(some))),
    )
    return tuple(name for (name,) in found.fetchall())
