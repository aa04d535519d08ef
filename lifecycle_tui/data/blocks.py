"""A database table cut into pieces by a whole-number key, so that rows that are added cost themselves alone.

A block is the rows whose key lies in [index · 2^shift, (index + 1) · 2^shift). Used by the sources for databases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
