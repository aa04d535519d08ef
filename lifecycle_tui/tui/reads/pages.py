"""Rows newest first, of which older ones are read as the cursor nears the end. For history, audit and alerts.

What is listed is written once and does not change: when state moves, the first page alone is read again, however many
were read before. Pages come from the reader's thread; nothing here reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from lifecycle_tui.tui.grid import Grid

T = TypeVar("T")
NEAR = 30
"""Rows before the last one at which the next page is read."""


class Pages(Generic[T]):
    """The rows read so far.

    Args:
        key: a row's identity.
        size: of a page; one with fewer rows is the last.
    """

    def __init__(self, key: Callable[[T], str], size: int) -> None:
        self._key, self.size = key, size
        self.rows: list[T] = []
        self.whole = False
        """Whether the last row is the oldest there is."""
        self.began = False
        """Whether a page has come at all."""

    def renew(self, head: Sequence[T]) -> bool:
        """Take the newest page, read again, and say whether that changed anything. Rows of before stay behind it.

        Where nothing of before is found in that page, so much has happened that the rest is read again when needed.
        """
        keys = [self._key(row) for row in head]
        places = {self._key(row): at for at, row in enumerate(self.rows)}
        anchor = next((places[key] for key in reversed(keys) if key in places), None)
        if len(head) < self.size:
            fresh, self.whole = list(head), True
        elif anchor is None:
            fresh, self.whole = list(head), False
        else:
            known = set(keys)
            fresh = [*head, *(row for row in self.rows[anchor + 1 :] if self._key(row) not in known)]
        changed, self.rows, self.began = fresh != self.rows or not self.began, fresh, True
        return changed

    @property
    def last(self) -> T | None:
        """After which row the next page comes."""
        return self.rows[-1] if self.rows else None

    def extend(self, after: T | None, found: Sequence[T]) -> bool:
        """Take the page after this row; False where the rows have become others while it was read."""
        if self.whole or after is None or self.last is None or self._key(after) != self._key(self.last):
            return False
        self.whole = len(found) < self.size
        self.rows = [*self.rows, *found]
        return True


def wanted(grid: Grid[Any], read: int, most: int) -> bool:
    """Whether a list wants its next page: the cursor is near the end, or a filter leaves room and fewer
    than `most` rows were read."""
    few = bool(grid.filter) and len(grid.rows) <= grid.page and read < most
    return few or near_end(grid.rows, grid.row)


def near_end(rows: Sequence[T], row: T | None) -> bool:
    """Whether a cursor on this row is near the end of these."""
    return row is not None and row in rows[-NEAR:]
