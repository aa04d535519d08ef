"""Rows newest first, of which older ones are read as the cursor nears the end. For history and resolved alerts.

What is listed is written once and does not change: when state moves, the first page alone is read again, however many
were read before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
NEAR = 30
"""Rows before the last one at which the next page is read."""


class Pages(Generic[T]):
    """The rows read so far.

    Args:
        read: gives at most `size` rows after the one that it is given, newest first; the newest ones for None.
        key: a row's identity.
    """

    def __init__(self, read: Callable[[T | None], Sequence[T]], key: Callable[[T], str], size: int) -> None:
        self._read, self._key, self.size = read, key, size
        self.rows: list[T] = []
        self.whole = False
        """Whether the last row is the oldest there is."""

    def renew(self) -> bool:
        """Read the newest page again, and whether that changed anything. Rows read before stay behind it.

        Where nothing of before is found in that page, so much has happened that the rest is read again when needed.
        """
        head = list(self._read(None))
        keys = [self._key(row) for row in head]
        places = {self._key(row): at for at, row in enumerate(self.rows)}
        anchor = next((places[key] for key in reversed(keys) if key in places), None)
        if len(head) < self.size:
            fresh, self.whole = head, True
        elif anchor is None:
            fresh, self.whole = head, False
        else:
            known = set(keys)
            fresh = head + [row for row in self.rows[anchor + 1 :] if self._key(row) not in known]
        changed, self.rows = fresh != self.rows, fresh
        return changed

    def more(self) -> None:
        """Read the next page."""
        found = self._read(self.rows[-1] if self.rows else None)
        self.whole = len(found) < self.size
        self.rows = [*self.rows, *found]


def near_end(rows: Sequence[T], row: T | None) -> bool:
    """Whether a cursor on this row is near the end of these."""
    return row is not None and row in rows[-NEAR:]
