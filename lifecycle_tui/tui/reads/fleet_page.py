"""What the fleet screen reads: the page of the list that is in view and what is near, with the counts of its title.

Called by the fleet screen in the reader's thread, and by `start` for the first paint. What it costs does not grow with
the number of models, but for a pass over an index of names (see `state.fleet_pages`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.state import fleet_groups, fleet_pages
from lifecycle_tui.state.fleet_groups import By, Group
from lifecycle_tui.state.fleet_pages import Asked
from lifecycle_tui.tui.grid_rows import Page, View, settled
from lifecycle_tui.tui.reads import fleet
from lifecycle_tui.tui.reads.fleet import FleetLine

NOTHING = (
    "Nothing was checked yet. Run `lifecycle check`: what it finds appears here. `lifecycle init FILE` declares a "
    "model for data of yours, `lifecycle demo` shows four that live."
)
NO_FILE = (
    "There is no lifecycle.toml here. `lifecycle init FILE` writes one for data of yours, and `lifecycle demo` shows "
    "four models that live."
)
NONE_DECLARED = (
    "lifecycle.toml declares no model any more. `lifecycle init FILE` declares one; `:` shows those that were there."
)
BETWEEN, HEAD = "\x1f", "\x1e"
SORT_OF = {"window-alone": "window"}
"""Columns that sort as another one does."""


class Shape(NamedTuple):
    """What decides, besides filter and sorting, which lines the fleet has.

    Attributes:
        retired: with the models that are no longer declared.
        by: what they are grouped by; folded: the groups whose models do not show.
    """

    retired: bool = False
    by: By | None = None
    folded: frozenset[str | None] = frozenset()


class GroupLine(NamedTuple):
    """The line above a group's models."""

    by: By
    group: Group
    folded: bool


Line = FleetLine | GroupLine


class FleetPage(NamedTuple):
    """What the fleet screen shows.

    Attributes:
        healths: how many models that pass the filter are in which state; groups: how many groups.
        empty: what to do where there is no model.
    """

    page: Page[Line]
    healths: Mapping[str, int]
    groups: int
    empty: str


def key(line: Line) -> str:
    """Which line it is. A model stands under each of its tags."""
    if isinstance(line, GroupLine):
        return _head(line.group.value)
    return line.name if line.group is None else f"{line.name}{BETWEEN}{line.group}"


def _head(value: str | None) -> str:
    return HEAD if value is None else f"{HEAD}{value}"


def mark(line: Line) -> str | None:
    """A mark is the model's."""
    return None if isinstance(line, GroupLine) else line.name


def page(conn: sqlite3.Connection, root: Path, view: View, now: datetime) -> FleetPage:
    """The page that a view asks for; of one state, and no transaction is left open."""
    with _together(conn):
        asked, shape = asked_for(conn, view), _shape(view)
        healths = fleet_pages.healths(conn, asked)
        models = sum(healths.values())
        listing: _Flat | _Grouped = _Flat(conn, asked, models)
        if shape.by is not None and models:
            listing = _Grouped(conn, asked, shape)
        first, keys, at = _range(listing, view)
        whole = listing.total
        if view.order.filter:
            whole = fleet_pages.total(conn, retired=shape.retired)
        shown = fleet_pages.among(conn, asked, view.marked) if view.marked else ()
        whole_fleet = asked._replace(words="")
        known = fleet_pages.among(conn, whole_fleet, view.marked) if len(shown) < len(view.marked) else ()
        seen = frozenset(shown)
        hidden = tuple(name for name in known if name not in seen)
        rows = listing.lines(keys, now)
        found = Page(view, first, rows, listing.total, whole, at, shown, hidden)
        groups = len(listing.groups) if isinstance(listing, _Grouped) else 0
        return FleetPage(found, healths, groups, "" if models or view.order.filter else _invitation(conn, root))


def everything(conn: sqlite3.Connection, view: View) -> tuple[str, ...]:
    """Names of all models that pass the filter, in order."""
    return fleet_pages.names(conn, asked_for(conn, view))


def of_group(conn: sqlite3.Connection, view: View, value: str | None) -> tuple[str, ...]:
    """Names of the models of one group that pass the filter, in order."""
    by = _shape(view).by
    return () if by is None else tuple(n for _, n in fleet_groups.members(conn, by, asked_for(conn, view), [value]))


def _shape(view: View) -> Shape:
    return view.order.more if isinstance(view.order.more, Shape) else Shape()


def asked_for(conn: sqlite3.Connection, view: View) -> Asked:
    """The order and filter of a view, for state. A job under way is found by what its column says, e.g. `retrain`."""
    sort, reverse, words, _ = view.order
    also: dict[str, list[str]] = {}
    if words:
        said = {model: job.short.casefold() for model, job in fleet.jobs_now(conn).items()}
        also = {word: [m for m, text in said.items() if word in text] for word, _ in fleet_pages.wanted(words)}
    sort = None if sort is None else SORT_OF.get(sort, sort)
    return Asked(words, also, sort if sort in fleet_pages.SORTS else None, reverse, _shape(view).retired)


def _range(listing: _Flat | _Grouped, view: View) -> tuple[int, list[str], int | None]:
    """(first, keys) of the lines to read, and the place of the view's key.

    The key is looked for where it was; only where it has gone from there, its place is asked for.
    """
    if not listing.total:
        return 0, [], None
    first, count = view.span(max(0, min(view.top, listing.total - view.lines)))
    keys = listing.keys(first, count)
    at = None if view.at is None else min(view.at, listing.total - 1)
    if view.key is not None:
        at = first + keys.index(view.key) if view.key in keys else listing.rank(view.key)
    _, top = settled(at, view.at, view.top, view.lines, listing.total)
    if not first <= top <= top + view.lines <= first + len(keys) and (first, count) != view.span(top):
        first, count = view.span(top)
        keys = listing.keys(first, count)
    return first, keys, at


class _Flat:
    """All models, one below the other."""

    def __init__(self, conn: sqlite3.Connection, asked: Asked, total: int) -> None:
        self._conn, self._asked, self.total = conn, asked, total

    def keys(self, first: int, count: int) -> list[str]:
        return list(fleet_pages.names(self._conn, self._asked, first, count))

    def rank(self, key: str) -> int | None:
        return fleet_pages.rank(self._conn, self._asked, key.split(BETWEEN)[0])

    def lines(self, keys: Sequence[str], now: datetime) -> tuple[Line, ...]:
        return fleet.lines(self._conn, now, keys)


class _Grouped:
    """Groups, and below each of them its models, unless it is folded."""

    def __init__(self, conn: sqlite3.Connection, asked: Asked, shape: Shape) -> None:
        assert shape.by is not None
        self._conn, self._asked, self._by = conn, asked, shape.by
        self.groups = fleet_groups.groups(conn, shape.by, asked)
        self._folded = shape.folded
        self._starts: list[int] = []
        self.total = 0
        for group in self.groups:
            self._starts.append(self.total)
            self.total += 1 + self._open(group)

    def _open(self, group: Group) -> int:
        """How many models of it show."""
        return 0 if group.value in self._folded else group.size

    def _key(self, name: str, value: str | None) -> str:
        return name if self._by == "owner" or value is None else f"{name}{BETWEEN}{value}"

    def keys(self, first: int, count: int) -> list[str]:
        last = min(self.total, first + count)
        near = [
            (group, start)
            for group, start in zip(self.groups, self._starts, strict=True)
            if start < last and start + 1 + self._open(group) > first
        ]
        opened = [(g.value, max(first, start + 1), start + 1 + g.size) for g, start in near if self._open(g)]
        wanted = sum(max(0, min(last, end) - begin) for _, begin, end in opened)
        skip = 0 if not opened else opened[0][1] - (opened[0][2] - self._size(opened[0][0]))
        found: dict[str | None, list[str]] = {}
        if wanted:
            values = [value for value, _, _ in opened]
            for value, name in fleet_groups.members(self._conn, self._by, self._asked, values, skip, wanted):
                found.setdefault(value, []).append(name)
        made: list[str] = []
        for group, start in near:
            made += [_head(group.value)] if start >= first else []
            made += [self._key(name, group.value) for name in found.get(group.value, ())]
        return made

    def _size(self, value: str | None) -> int:
        return next(g.size for g in self.groups if g.value == value)

    def rank(self, key: str) -> int | None:
        place = {group.value: n for n, group in enumerate(self.groups)}
        if key.startswith(HEAD):
            value = key.removeprefix(HEAD) if key != HEAD else None
            return self._starts[place[value]] if value in place else None
        name, _, tag = key.partition(BETWEEN)
        values = [tag] if tag else fleet_groups.groups_of(self._conn, self._by, name)
        for value in values:
            inside = fleet_groups.rank(self._conn, self._by, self._asked, value, name)
            if inside is not None and value in place:
                # Of a folded group the line above them stands for its models.
                return self._starts[place[value]] + (0 if value in self._folded else 1 + inside)
        return None

    def lines(self, keys: Sequence[str], now: datetime) -> tuple[Line, ...]:
        names = [key.partition(BETWEEN) for key in keys if not key.startswith(HEAD)]
        read = {m.name: m for m in fleet.lines(self._conn, now, list(dict.fromkeys(n for n, _, _ in names)))}
        heads = {_head(g.value): GroupLine(self._by, g, g.value in self._folded) for g in self.groups}
        made: list[Line] = []
        for key in keys:
            name, _, tag = key.partition(BETWEEN)
            if key in heads:
                made.append(heads[key])
            elif name in read:
                made.append(read[name]._replace(group=tag) if tag else read[name])
        return tuple(made)


@contextmanager
def _together(conn: sqlite3.Connection) -> Iterator[None]:
    """All that is read inside is of one state."""
    if conn.in_transaction:
        yield
        return
    conn.execute("BEGIN")
    try:
        yield
    finally:
        if conn.in_transaction:
            conn.execute("COMMIT")


def _invitation(conn: sqlite3.Connection, root: Path) -> str:
    """What to do where there is no model."""
    if not (root / FILE).exists():
        return NO_FILE
    return NONE_DECLARED if fleet.any_retired(conn) else NOTHING
