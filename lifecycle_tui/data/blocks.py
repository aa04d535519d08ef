"""A database table cut into pieces by a key, so that rows that are added cost themselves alone: blocks of whole
numbers, or periods of a time.

A block is the rows whose key lies in [index · 2^shift, (index + 1) · 2^shift). Used by the sources for databases.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

ROWS = 1 << 18
"""Keys of one block, unless the table is so large that there would be more than `MOST` blocks."""

MOST = 4096

_FAR = 1 << 45
_LAST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of a range of keys.

    Attributes:
        low, high: first and last key that belong to it.
        name: sorts as the keys do; `block_named` reads it.
    """

    shift: int
    index: int

    @property
    def low(self) -> int:
        return self.index << self.shift

    @property
    def high(self) -> int:
        return ((self.index + 1) << self.shift) - 1

    @property
    def name(self) -> str:
        return f"{self.shift}-{self.index:014d}" if self.index >= 0 else f"{self.shift}--{_FAR + self.index:014d}"


def block_named(name: str) -> Block:
    """The block of a name.

    Raises:
        ValueError: it is no block's name.
    """
    shift, _, index = name.partition("-")
    return Block(int(shift), int(index[1:]) - _FAR if index.startswith("-") else int(index))


def find_blocks(first: int, last: int, seek: Callable[[int], int | None]) -> list[Block]:
    """The blocks that hold a row, in order, with one search of the key's index for each.

    Args:
        first, last: smallest and largest key.
        seek: the smallest key that is at least so large; None if there is none.
    """
    shift = ROWS.bit_length() - 1
    while (last >> shift) - (first >> shift) >= MOST:
        shift += 1
    found = []
    at: int | None = first
    while at is not None:
        block = Block(shift, at >> shift)
        found.append(block)
        at = seek(block.high + 1) if block.high < last and block.high < _LAST else None
    return found


def content_of(batches: Iterable[Sequence[Sequence[Any]]]) -> tuple[int, str]:
    """How many rows, and a sum over their content that their order does not change."""
    rows = total = 0
    for batch in batches:
        rows += len(batch)
        for row in batch:
            total += int.from_bytes(hashlib.blake2b(repr(tuple(row)).encode(), digest_size=16).digest(), "little")
    return rows, f"{total % (1 << 128):032x}"


def period_of(at: date, piece: Literal["day", "month", "year"]) -> str:
    """The name of the day, month or year that a time is in; of a time with a zone, by UTC's clock."""
    if isinstance(at, datetime) and at.tzinfo is not None:
        at = at.astimezone(UTC)
    return at.isoformat()[: {"day": 10, "month": 7, "year": 4}[piece]]


def period_ends(name: str) -> tuple[datetime, datetime]:
    """The first instant of a period, and the first one after it.

    Raises:
        ValueError: it is no period's name.
    """
    year, month, day = (int(part) for part in (*name.split("-"), "1", "1")[:3])
    low = datetime(year, month, day)
    if len(name) == 10:
        return low, low + timedelta(days=1)
    return low, datetime(year + 1, 1, 1) if len(name) == 4 else datetime(year + month // 12, month % 12 + 1, 1)


def around(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """A half-open time with a day before and two after it (for zones, and for what is written as a date), as instants
    of UTC without a zone; as far as there are dates."""
    first, last = datetime.min + timedelta(days=3), datetime.max - timedelta(days=3)
    low, high = (min(max(t.replace(tzinfo=None) - (t.utcoffset() or timedelta()), first), last) for t in (start, end))
    return low - timedelta(days=1), high + timedelta(days=2)
