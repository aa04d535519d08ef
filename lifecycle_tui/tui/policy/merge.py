"""Two edits of one text brought together, line by line, as `diff3` does; and which lines one has changed. Pure.

Called by `draft`, `work` and `differing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

MINE, BETWEEN, THEIRS = b"<<<<<<< your edit", b"=======", b">>>>>>> the file by now"
"""Around lines that both have changed in two ways; none of the three is TOML."""


Block = tuple[int, int, int]
"""Where a run of equal lines begins in one text and in another, and how many they are."""


def matching(one: Sequence[bytes], other: Sequence[bytes]) -> list[Block]:
    """Runs of lines that two texts share, in order; last, an empty one at both ends.

    What is the same at the beginning and at the end is put aside first: of a file of a thousand models with one edit
    that is all but a line.
    """
    most = min(len(one), len(other))
    head = 0
    while head < most and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < most - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    middle = SequenceMatcher(None, one[head : len(one) - tail], other[head : len(other) - tail])
    found = [(0, 0, head)] if head else []
    found += [(block.a + head, block.b + head, block.size) for block in middle.get_matching_blocks() if block.size]
    if tail:
        found.append((len(one) - tail, len(other) - tail, tail))
    return [*found, (len(one), len(other), 0)]


def changed_lines(before: bytes, after: bytes) -> set[int]:
    """Numbers, from 1, of the lines of `after` that are not as before."""
    one, other = before.splitlines(keepends=True), after.splitlines(keepends=True)
    same = {n for _, start, size in matching(one, other) for n in range(start, start + size)}
    return {n + 1 for n in range(len(other)) if n not in same}


def merged(base: bytes, mine: bytes, theirs: bytes) -> tuple[bytes, int]:
    """What both made of `base`, and in how many places they have changed the same lines."""
    lines, one, other = (text.splitlines(keepends=True) for text in (base, mine, theirs))
    end = b"\r\n" if b"\r\n" in theirs else b"\n"
    out: list[bytes] = []
    clashes = 0
    at = a = b = 0
    for start, stop, mine_start, mine_stop, their_start, their_stop in _agreed(lines, one, other):
        clashes += _between(lines[at:start], one[a:mine_start], other[b:their_start], out, end)
        out += lines[start:stop]
        at, a, b = stop, mine_stop, their_stop
    return b"".join(out), clashes


def _agreed(
    base: Sequence[bytes], one: Sequence[bytes], other: Sequence[bytes]
) -> list[tuple[int, int, int, int, int, int]]:
    """Runs of lines that all three have: where they stand in each of them."""
    left, right = matching(base, one), matching(base, other)
    found = []
    i = j = 0
    while i < len(left) and j < len(right):
        a, b = left[i], right[j]
        start, stop = max(a[0], b[0]), min(a[0] + a[2], b[0] + b[2])
        if start < stop:
            x, y = a[1] + start - a[0], b[1] + start - b[0]
            found.append((start, stop, x, x + stop - start, y, y + stop - start))
        if a[0] + a[2] < b[0] + b[2]:
            i += 1
        else:
            j += 1
    found.append((len(base), len(base), len(one), len(one), len(other), len(other)))
    return found


def _between(base: list[bytes], one: list[bytes], other: list[bytes], out: list[bytes], end: bytes) -> int:
    """What stands between two runs that all have; 1 where both have changed it, and not alike."""
    if one in (base, other):
        out += other
        return 0
    if other == base:
        out += one
        return 0
    out += [MINE + end, *_ended(one, end), BETWEEN + end, *_ended(other, end), THEIRS + end]
    return 1


def _ended(lines: list[bytes], end: bytes) -> list[bytes]:
    return [*lines[:-1], lines[-1] if lines[-1].endswith(b"\n") else lines[-1] + end] if lines else []
