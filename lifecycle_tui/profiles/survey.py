"""What is remembered of a reference that is too large to keep, until its grid is decided.

A first pass in bounded memory: count, range, whether all are whole, the distinct values while they are few, and a
histogram over the leading 16 bits of the float pattern (sign, exponent, 4 bits of mantissa), which is order-preserving.
The second pass then counts on the grid. Called by `Profiler` and `choose`; depends on the multiset of values alone.
"""

from __future__ import annotations

import numpy as np

from lifecycle_tui.profiles.choose import CENTRE, affine_cells, finer, is_integer_range
from lifecycle_tui.profiles.grids import MOST_CELLS, Grid, IntegerGrid, PointGrid, whole


class Survey:
    """First pass over values of one column."""

    def __init__(self) -> None:
        self._n = 0
        self._low, self._high = np.inf, -np.inf
        self._finite_low, self._finite_high = np.inf, -np.inf
        self._whole = True
        self._distinct: np.ndarray | None = np.empty(0)
        self._patterns = np.zeros(1 << 16, dtype=np.int64)

    def update(self, values: np.ndarray) -> None:
        """Look at values: float64 or int64, no NaN."""
        if len(values) == 0:
            return
        self._whole = self._whole and (values.dtype.kind in "iu" or whole(values))
        values = np.ascontiguousarray(values, dtype=np.float64)
        self._n += len(values)
        self._low, self._high = min(self._low, values.min()), max(self._high, values.max())
        finite = values[np.isfinite(values)]
        if len(finite):
            self._finite_low = min(self._finite_low, finite.min())
            self._finite_high = max(self._finite_high, finite.max())
        for part in np.array_split(values, max(1, len(values) // (4 * MOST_CELLS))):
            if self._distinct is None:
                break
            merged = np.unique(np.concatenate([self._distinct, part]))
            self._distinct = merged if len(merged) <= MOST_CELLS else None
        leading = (values.view(np.uint64) >> np.uint64(48)).astype(np.intp)
        self._patterns += np.bincount(leading, minlength=1 << 16)

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
