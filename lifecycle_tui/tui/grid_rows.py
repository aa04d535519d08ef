"""Which rows a grid has and where they are: all of them in memory (`Held`), or the part in view of a list that is too
long to hold (`Paged`). Called by `grid`; pure, so that whoever reads pages can work out which rows will show.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from lifecycle_tui.tui.cells import Column, arranged
from lifecycle_tui.tui.text import matches

T = TypeVar("T")


class Order(NamedTuple):
    """What decides which rows there are, and in which order.

    Attributes:
        sort: key of a column, None for the order in which the rows come; reverse: turned around.
        filter: the words that rows must match.
        more: whatever else decides it, the owner's business.
    """

    sort: str | None = None
    reverse: bool = False
    filter: str = ""
    more: Hashable = None


FIRST = Order()


@dataclass(frozen=True, slots=True)
class View:
    """What a grid shows, and what it has to know to show it anew.

    Attributes:
        key: of the row that the cursor stands on, or is to go to; None while that is not known.
        at: the cursor's place, None before the first row came; top, lines: the places in view.
        marked: keys that are marked.
    """

    order: Order = FIRST
    key: str | None = None
    at: int | None = None
    top: int = 0
    lines: int = 1
    marked: tuple[str, ...] = ()

    def span(self, top: int) -> tuple[int, int]:
        """(first, count) of the places that are worth having where `top` is the first one in view: a screenful more on
        both sides."""
        first = max(0, top - self.lines)
        return first, top + 2 * self.lines - first


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list.

    Attributes:
        view: what it answers.
        first: the place of its first row; total: how many rows there are; whole: how many without the filter.
        at: the place of the view's key; None where it is in the list no more.
        marked: those of the view's marked keys that are in the list, in order; hidden: that the filter leaves out.
    """

    view: View
    first: int
    rows: tuple[T, ...]
    total: int
    whole: int
    at: int | None = None
    marked: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


def settled(found: int | None, was: int | None, top: int, lines: int, total: int) -> tuple[int, int]:
    """Where the cursor and the first line in view go when rows have moved; of at least one row.

    The cursor's row stays on its line of the screen; at the top what is new comes into view instead. Where the row is
    gone, its neighbour takes its place.

    Args:
        found: the row's place now, None if it is gone; was: its place before, None if there was none.
    """
    at = min(was or 0, total - 1) if found is None else found
    if was is not None and at != was and (top or at >= lines):
        top = top + at - was
    top = max(0, min(top, total - lines))
    return at, min(max(top, at - lines + 1), at)


class Rows(Protocol[T]):
    """What a grid asks of its rows."""

    total: int
    whole: int

    def key_at(self, at: int) -> str | None:
        """The key at a place; None where its row is not here yet."""
        ...

    def place(self, key: str) -> int | None:
        """The place of a key; None where it is not among the rows that are here."""
        ...

    def row(self, key: str) -> T | None:
        """The row of a key."""
        ...

    def shown(self) -> list[T]:
        """The rows that are here, in order."""
        ...

    def sorted(self, marked: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Marked keys in order, and those among them that the filter hides."""
        ...


class Held(Generic[T]):
    """All rows, in memory."""

    def __init__(self, key: Callable[[T], str], text: Callable[[T], str]) -> None:
        self._key, self._text = key, text
        self._rows: dict[str, T] = {}
        self._order: list[str] = []
        self._places: dict[str, int] = {}
        self.total = self.whole = 0

    def show(self, rows: Iterable[T]) -> set[str]:
        """Take these rows; the keys of those that are new or another than before."""
        fresh = {self._key(row): row for row in rows}
        changed = {key for key, row in fresh.items() if self._rows.get(key) != row}
        self._rows, self.whole = fresh, len(fresh)
        return changed

    def arrange(self, order: Order, columns: Sequence[Column[T]]) -> None:
        """Filter and sort them."""
        rows = self._rows
        if order.filter:
            test = matches(order.filter)
            rows = {key: row for key, row in rows.items() if test(self._text(row))}
        column = next((c for c in columns if c.key == order.sort), None)
        self._order = arranged(rows, column, order.reverse)
        self._places = {key: at for at, key in enumerate(self._order)}
        self.total = len(self._order)

    def key_at(self, at: int) -> str | None:
        return self._order[at] if 0 <= at < self.total else None

    def place(self, key: str) -> int | None:
        return self._places.get(key)

    def row(self, key: str) -> T | None:
        return self._rows.get(key)

    def shown(self) -> list[T]:
        return [self._rows[key] for key in self._order]

    def sorted(self, marked: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        shown = tuple(key for key in self._order if key in marked)
        return shown, tuple(key for key in self._rows if key in marked and key not in self._places)


class Paged(Generic[T]):
    """The part of a list that was read last."""

    def __init__(self, key: Callable[[T], str], mark: Callable[[T], str | None]) -> None:
        self._key, self._mark = key, mark
        self._keys: list[str] = []
        self._rows: dict[str, T] = {}
        self._places: dict[str, int] = {}
        self._first = 0
        self._marked: tuple[str, ...] = ()
        self._hidden: tuple[str, ...] = ()
        self.total = self.whole = 0

    def put(self, page: Page[T]) -> set[str]:
        """Take a page in place of the one before; the keys of rows that are new or another than before."""
        fresh = {self._key(row): row for row in page.rows}
        changed = {key for key, row in fresh.items() if self._rows.get(key) != row}
        self._keys, self._rows, self._first = list(fresh), fresh, page.first
        self._places = {key: page.first + n for n, key in enumerate(fresh)}
        self._marked, self._hidden = page.marked, page.hidden
        self.total, self.whole = page.total, page.whole
        return changed

    def marked_in_order(self, marked: Sequence[str]) -> None:
        """These are marked by now, in this order."""
        self._marked = tuple(dict.fromkeys((*marked, *self._marked)))

    def has(self, top: int, lines: int) -> bool:
        """Whether the rows of these places are here, as far as there are any."""
        return self._first <= max(0, top) and min(self.total, top + lines) <= self._first + len(self._keys)

    def key_at(self, at: int) -> str | None:
        return self._keys[at - self._first] if 0 <= at - self._first < len(self._keys) else None

    def place(self, key: str) -> int | None:
        return self._places.get(key)

    def row(self, key: str) -> T | None:
        return self._rows.get(key)

    def shown(self) -> list[T]:
        return list(self._rows.values())

    def sorted(self, marked: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        hidden = tuple(key for key in self._hidden if key in marked)
        known = [key for key in self._marked if key in marked]
        # What was marked since the page was read was in view then.
        fresh = set(marked).difference(known, hidden)
        seen = dict.fromkeys(mark for row in self._rows.values() if (mark := self._mark(row)) in fresh)
        return (*known, *(m for m in seen if m is not None), *sorted(fresh.difference(seen))), hidden
