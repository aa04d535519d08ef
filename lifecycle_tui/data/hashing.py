"""Fingerprints of rows that do not depend on their order or on the file format.

A row's hash mixes its normalised values; a slice's digest is the sum of its rows' hashes, so digests of disjoint
slices add up and the same rows give the same digest from any files, in any order. Not a defence against somebody
who builds collisions on purpose: it answers "has this changed".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lifecycle_tui.data.light import filled, is_valid

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_NULL = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1
_BLOCK = 1 << 14


def salt(name: str) -> int:
    """An odd 64-bit multiplier for the column `name`."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little") | 1


def mix(h: np.ndarray) -> np.ndarray:
    """Scatter 64-bit values so that similar inputs have unrelated outputs (murmur3's finaliser)."""
    import numpy as np

    h = h ^ (h >> np.uint64(33))
    h *= np.uint64(0xFF51AFD7ED558CCD)
    h ^= h >> np.uint64(33)
    h *= np.uint64(0xC4CEB9FE1A85EC53)
    h ^= h >> np.uint64(33)
    return h


def all_finite(values: np.ndarray) -> bool:
    """Whether a float column has neither NaN nor infinities (False also if its sum is too large to say)."""
    import numpy as np

    with np.errstate(invalid="ignore", over="ignore"):
        return bool(np.isfinite(np.add.reduce(values)))


class RowHash:
    """Collects the columns of n rows; `values` (n,) uint64 is the hash of each row.

    The order in which columns are added does not matter.
    """

    def __init__(self, rows: int) -> None:
        import numpy as np

        self._sum = np.zeros(rows, dtype=np.uint64)

    def add(self, name: str, column: np.ndarray | pa.Array) -> None:
        """Mix in a column: float64 (NaN is missing), int64, a (dictionary-encoded) string array, or timestamps."""
        import numpy as np
        import pyarrow as pa

        factor = np.uint64(salt(name))
        if not isinstance(column, np.ndarray) and pa.types.is_timestamp(column.type):
            column = filled(column.cast(pa.int64()), -(2**63))
        if not isinstance(column, np.ndarray):
            self._sum += hash_strings(column) * factor
            return
        bits = np.ascontiguousarray(column).view(np.uint64)
        if column.dtype == np.float64 and not all_finite(column):
            bits = np.where(np.isnan(column), np.uint64(_NULL), bits)
        # Small blocks stay in the processor's cache through the four operations.
        buffer = np.empty(min(_BLOCK, len(bits)), dtype=np.uint64)
        for start in range(0, len(bits), _BLOCK):
            part = bits[start : start + _BLOCK]
            out = buffer[: len(part)]
            np.right_shift(part, np.uint64(32), out=out)
            np.bitwise_xor(out, part, out=out)
            np.multiply(out, factor, out=out)
            self._sum[start : start + _BLOCK] += out

    @property
    def values(self) -> np.ndarray:
        return mix(self._sum)


def hash_strings(column: pa.Array) -> np.ndarray:
    """(n,) uint64 hashes of strings; equal text, equal hash; nulls have one of their own."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        known = np.append(hash_strings(column.dictionary), np.uint64(_NULL))
        return known[filled(column.indices, len(known) - 1)]
    column = column.cast(pa.large_string())
    n = len(column)
    _, offset_buffer, data = column.buffers()
    offsets = np.frombuffer(offset_buffer, dtype=np.int64, count=n + 1, offset=column.offset * 8)
    lengths = np.diff(offsets)
    out = mix(lengths.astype(np.uint64) + np.uint64(1))
    longest = int(lengths.max()) if n else 0
    if n:
        # Eight bytes of every string at a time, read in place as one number; the bytes past the end are masked.
        end = int(offsets[-1])
        padded = np.zeros(end + 8, dtype=np.uint8)
        if end:
            padded[:end] = np.frombuffer(data, dtype=np.uint8, count=end)
        words = np.ndarray((end + 1,), dtype=np.uint64, buffer=padded.data, strides=(1,))
        rows: np.ndarray | slice = slice(None)
        starts, left = offsets[:-1], lengths
        for step in range(0, max(longest, 1), 8):
            if step:
                rows = np.flatnonzero(lengths > step)
                starts, left = offsets[rows] + step, lengths[rows] - step
            mask = np.uint64(_MASK) >> (np.uint64(8) * (8 - np.clip(left, 1, 8)).astype(np.uint64))
            word = words[starts] & np.where(left > 0, mask, np.uint64(0))
            out[rows] = mix((out[rows] + word) * np.uint64(_NULL))
    if column.null_count:
        out = np.where(is_valid(column), out, np.uint64(_NULL))
    return out


def digest(hashes: np.ndarray) -> str:
    """The digest of a slice with these row hashes: two independent 64-bit sums, as 32 hex digits."""
    import numpy as np

    if not len(hashes):
        return f"{0:032x}"
    first = int(np.add.reduce(hashes))
    second = int(np.add.reduce(mix(hashes ^ np.uint64(_NULL))))
    return f"{first:016x}{second:016x}"


def add_digests(digests: Iterable[str]) -> str:
    """The digest of the union of disjoint slices."""
    first = second = 0
    for text in digests:
        first += int(text[:16], 16)
        second += int(text[16:], 16)
    return f"{first & _MASK:016x}{second & _MASK:016x}"
