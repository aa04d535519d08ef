"""How the fragments of a window are put into shares. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.domain.protocols import Fragment

MOST_BYTES = 256 << 20
"""Fragments that follow each other share a task up to this size."""

FAN = 8
"""Shares that one task adds up."""

Group = tuple[str, ...]


def groups(fragments: Sequence[Fragment], threads: int) -> tuple[Group, ...]:
    """Ids of the fragments by share, in order: about four shares for each thread, so that one that is slow or lost
    costs little; small enough to be read in a moment."""
    most = max(1, -(-len(fragments) // (4 * max(1, threads))))
    found: list[list[str]] = []
    size = 0
    for fragment in fragments:
        if not found or len(found[-1]) == most or size + fragment.size > MOST_BYTES:
            found.append([])
            size = 0
        found[-1].append(fragment.id)
        size += fragment.size
    return tuple(tuple(group) for group in found)


def rows_of(split: Sequence[Group], fragments: Sequence[Fragment], rows: int) -> tuple[int, ...]:
    """How many of `rows` rows each group is expected to bring, by the size of its files; together all of them."""
    size = {fragment.id: fragment.size for fragment in fragments}
    total, through, found = max(1, sum(size.values())), 0, list[int]()
    for at, group in enumerate(split):
        through += sum(size[name] for name in group)
        ends = rows if at == len(split) - 1 else rows * through // total
        found.append(ends - sum(found))
    return tuple(found)


def levels(count: int, fan: int = FAN) -> tuple[tuple[tuple[int, int], ...], ...]:
    """The tree that adds up `count` shares: by level, the half-open ranges of the level below that one task adds up."""
    found = []
    while count > 1:
        ranges = tuple((first, min(first + fan, count)) for first in range(0, count, fan))
        found.append(ranges)
        count = len(ranges)
    return tuple(found)
