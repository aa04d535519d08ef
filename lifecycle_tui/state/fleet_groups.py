"""Reads the fleet in groups, by owner or by tag: the groups with their counts, and ranges of the models in them.

Called by the fleet screen's reads. A model with several tags is in several groups; one without an owner, or without a
tag, is in the group of those that have none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Literal, NamedTuple

from lifecycle_tui.state.fleet import HEALTH_ORDER
from lifecycle_tui.state.fleet_pages import Asked, order, source, where
from lifecycle_tui.state.text import dumps

By = Literal["owner", "tag"]
_VALUE = {"owner": "owner", "tag": "tags.value"}
_SAID = {by: f"ifnull('=' || {value}, '')" for by, value in _VALUE.items()}
_JOIN = {
    "owner": "",
    "tag": "CROSS JOIN json_each(CASE fleet.tags WHEN '[]' THEN '[null]' ELSE fleet.tags END) AS tags",
}


class Group(NamedTuple):
    """Models with the same owner or tag.

    Attributes:
        value: that; None for those without one.
        healths: how many of them are in which state, as in `HEALTH_ORDER`.
    """

    value: str | None
    healths: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many models."""
        return sum(self.healths)


def groups(conn: sqlite3.Connection, by: By, asked: Asked) -> tuple[Group, ...]:
    """All groups of the models that pass the filter, the worst first: most errors, then most critical ones, and so on;
    at the end those without a value."""
    condition, values = where(conn, asked)
    found: dict[str | None, list[int]] = {}
    for value, health, count in conn.execute(
        f"SELECT {_VALUE[by]}, health, count(*) FROM fleet {_JOIN[by]} {condition} GROUP BY 1, 2", values
    ):
        found.setdefault(value, [0] * len(HEALTH_ORDER))[HEALTH_ORDER.index(health)] = count
    made = (Group(value, tuple(counts)) for value, counts in found.items())
    return tuple(sorted(made, key=lambda g: (g.value is None, [-n for n in g.healths], g.value or "")))


def members(
    conn: sqlite3.Connection, by: By, asked: Asked, of: Sequence[str | None], first: int = 0, count: int = -1
) -> tuple[tuple[str | None, str], ...]:
    """(group, name) of the models in the groups `of`, group after group, from the place `first` among them on."""
    (before, tables), (condition, values) = source(asked), where(conn, asked)
    # One pass over the models, whatever the number of groups: SQLite makes an index of the groups for it.
    found = conn.execute(
        f"{before.rstrip() + ', ' if before else 'WITH '}"
        "asked AS MATERIALIZED (SELECT key AS place, value, ifnull('=' || value, '') AS mark FROM json_each(?)) "
        f"SELECT asked.value, name FROM {tables} {_JOIN[by]} CROSS JOIN asked ON asked.mark = {_SAID[by]} "
        f"{condition} ORDER BY asked.place, {order(asked)} LIMIT ? OFFSET ?",
        (dumps(list(of)), *values, count, max(0, first)),
    )
    return tuple(found.fetchall())


def rank(conn: sqlite3.Connection, by: By, asked: Asked, group: str | None, name: str) -> int | None:
    """The place of a model in its group, counted from 0; None where it is not in it, or the filter leaves it out."""
    (before, tables), (condition, values) = source(asked), where(conn, asked)
    found = conn.execute(
        f"{before}SELECT place FROM (SELECT name, row_number() OVER (ORDER BY {order(asked)}) - 1 AS place "
        f"FROM {tables} {_JOIN[by]} {condition or 'WHERE 1'} AND {_VALUE[by]} IS ?) WHERE name = ?",
        (*values, group, name),
    ).fetchone()
    return None if found is None else int(found[0])


def groups_of(conn: sqlite3.Connection, by: By, name: str) -> tuple[str | None, ...]:
    """The groups that a model is in, whatever the filter."""
    found = conn.execute(f"SELECT {_VALUE[by]} FROM fleet {_JOIN[by]} WHERE name = ?", (name,))
    return tuple(value for (value,) in found.fetchall())
