"""What is remembered of a reference that is too large to keep, until its grid is decided.

A first pass in bounded memory: count, range, whether all are whole, and the distinct values with their counts while
they are few; from then on a histogram over the leading 16 bits of the float pattern (sign, exponent, 4 bits of
mantissa), which is order-preserving. Where the values stayed few, their counts are the histogram on the grid already;
else a second pass counts on it. Called by `Profiler` and `choose`; depends on the multiset of values alone.
"""

from __future__ import annotations

import zlib

import numpy as np

from lifecycle_tui.profiles.choose import CENTRE, affine_cells, finer, is_integer_range
from lifecycle_tui.profiles.grids import MOST_CELLS, Grid, IntegerGrid, PointGrid, whole

_PART = 4 * MOST_CELLS  # values looked at together while distinct ones are counted


class Survey:
    """First pass over values of one column."""

    def __init__(self) -> None:
        self._n = 0
        self._low, self._high = np.inf, -np.inf
        self._finite_low, self._finite_high = np.inf, -np.inf
        self._whole = True
        self._distinct: np.ndarray | None = np.empty(0)
        self._times = np.empty(0, dtype=np.int64)
        self._patterns = np.zeros(1 << 16, dtype=np.int64)

    @property
    def counted(self) -> bool:
        """Whether every distinct value so far has been counted, so that no second pass is needed."""
        return self._distinct is not None

    def update(self, values: np.ndarray) -> None:
        """Look at values: float64 or int64, no NaN."""
        if len(values) == 0:
            return
        self._whole = self._whole and (values.dtype.kind in "iu" or whole(values))
        self._n += len(values)
        self._range(values)
        for start in range(0, len(values), _PART):
            part = values[start : start + _PART]
            if self._distinct is not None:
                self._tally(part)
            else:
                self._patterns += np.bincount(_leading(part), minlength=1 << 16)

    def add(self, other: Survey) -> None:
        """Take in what another survey has seen of the same column."""
        self._n += other._n
        self._low, self._high = min(self._low, other._low), max(self._high, other._high)
        self._finite_low = min(self._finite_low, other._finite_low)
        self._finite_high = max(self._finite_high, other._finite_high)
        self._whole = self._whole and other._whole
        self._patterns += other._patterns
        if other._distinct is not None:
            self._take(other._distinct, other._times)
        elif self._distinct is not None:
            self._patterns += _patterns(self._distinct, self._times)
            self._distinct = None

    def dump(self) -> bytes:
        """Everything seen, as bytes."""
        few = self._distinct is not None
        distinct, times = (self._distinct, self._times) if self._distinct is not None else (np.empty(0), np.empty(0))
        facts = np.array([self._n, self._whole, few, len(distinct)], dtype="<i8")
        ends = np.array([self._low, self._high, self._finite_low, self._finite_high], dtype="<f8")
        parts = (facts, ends, distinct.astype("<f8"), times.astype("<i8"), self._patterns.astype("<i8"))
        return zlib.compress(b"".join(part.tobytes() for part in parts), 1)

    @classmethod
    def load(cls, data: bytes) -> Survey:
        """The survey that `dump` wrote."""
        raw, found = zlib.decompress(data), cls()
        n, is_whole, few, size = (int(x) for x in np.frombuffer(raw, "<i8", 4))
        found._n, found._whole = n, bool(is_whole)
        found._low, found._high, found._finite_low, found._finite_high = (
            float(x) for x in np.frombuffer(raw, "<f8", 4, 32)
        )
        found._distinct = np.frombuffer(raw, "<f8", size, 64) if few else None
        found._times = np.frombuffer(raw, "<i8", size, 64 + 8 * size)
        found._patterns = np.frombuffer(raw, "<i8", 1 << 16, 64 + 16 * size).copy()
        return found

    def grid(self) -> Grid:
        """The grid for all that was seen; by the rules of `choose_grid`, with quantiles to 1/16 of their size."""
        if self._n and self._whole and is_integer_range(self._low, self._high):
            return IntegerGrid(int(self._low), int(self._high))
        if self._distinct is not None:
            return PointGrid(self._distinct)
        first, last = (self._quantile(q) for q in CENTRE)
        lowest, highest = float(self._finite_low), float(self._finite_high)
        low, high = min(max(first[0], lowest), highest), max(min(last[1], highest), lowest)
        middles = np.array([sum(self._quantile(i / 64)) / 2 for i in range(1, 64)])
        return finer(affine_cells(self._n), low, high, lowest, highest, np.clip(middles, lowest, highest))

    def histogram(self) -> np.ndarray:
        """Counts of all that was seen on `grid()`: shape (cells,), int64.

        Raises:
            RuntimeError: if there were too many distinct values to count (see `counted`).
        """
        if self._distinct is None:
            raise RuntimeError("too many distinct values: they have to be read again and counted on the grid")
        grid = self.grid()
        counts = np.zeros(grid.cells, dtype=np.int64)
        counts[grid.index(self._distinct)] = self._times
        return counts

    def _range(self, values: np.ndarray) -> None:
        low, high = float(values.min()), float(values.max())
        self._low, self._high = min(self._low, low), max(self._high, high)
        if not (np.isfinite(low) and np.isfinite(high)):
            finite = values[np.isfinite(values)]
            if not len(finite):
                return
            low, high = float(finite.min()), float(finite.max())
        self._finite_low, self._finite_high = min(self._finite_low, low), max(self._finite_high, high)

    def _tally(self, part: np.ndarray) -> None:
        """Add to the distinct values; if they become too many, go on with their patterns."""
        self._take(*_counted(part))

    def _take(self, distinct: np.ndarray, times: np.ndarray) -> None:
        """The same, of values that have been counted."""
        if self._distinct is None:
            self._patterns += _patterns(distinct, times)
            return
        merged, place = np.unique(np.concatenate([self._distinct, distinct]), return_inverse=True)
        totals = np.zeros(len(merged), dtype=np.int64)
        np.add.at(totals, place, np.concatenate([self._times, times]))
        if len(merged) <= MOST_CELLS:
            self._distinct, self._times = merged, totals
            return
        self._distinct = None
        self._patterns += _patterns(merged, totals)

    def _quantile(self, q: float) -> tuple[float, float]:
        """Bounds of the bucket that holds the quantile."""
        half = 1 << 15
        ordered = np.concatenate([self._patterns[half:][::-1], self._patterns[:half]])
        bucket = int(np.searchsorted(np.cumsum(ordered), int(q * self._n) + 1))
        size = bucket - half if bucket >= half else half - 1 - bucket
        ends = np.array([size << 48, min(size + 1, 0x7FF0) << 48], dtype=np.uint64).view(np.float64)
        if bucket >= half:
            return float(ends[0]), float(ends[1])
        return -float(ends[1]), -float(ends[0])


def _counted(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(distinct values as float64, ascending; how often each occurs). −0.0 is 0.0."""
    if part.dtype.kind in "iu":
        low, high = int(part.min()), int(part.max())
        if high - low < _PART and max(abs(low), abs(high)) <= 2**53:  # counting beats sorting
            counts = np.bincount(part - low)
            filled = np.flatnonzero(counts)
            return (filled + low).astype(np.float64), counts[filled]
    distinct, times = np.unique(part.astype(np.float64, copy=False) + 0.0, return_counts=True)
    return distinct, times


def _patterns(distinct: np.ndarray, times: np.ndarray) -> np.ndarray:
    """How often each leading pattern occurs: (65536,) int64."""
    counts = np.zeros(1 << 16, dtype=np.int64)
    np.add.at(counts, _leading(distinct), times)
    return counts


def _leading(values: np.ndarray) -> np.ndarray:
    """The leading 16 bits of each float. −0.0 is 0.0."""
    patterns = (values.astype(np.float64, copy=False) + 0.0).view(np.uint64)
    return (patterns >> np.uint64(48)).astype(np.intp)
