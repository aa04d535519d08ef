"""The profile of a numeric column (or of a text column's lengths) in one window: counts on the column's grid.

Made by `Profiler`, merged with `+`, stored by `codec`, read by detectors. All counts and sums are exact whole numbers,
so profiles made of any split of the rows, merged in any order, are equal bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.profiles.grids import Grid
from lifecycle_tui.profiles.moments import Sums
from lifecycle_tui.profiles.nested import together

if TYPE_CHECKING:
    from lifecycle_tui.profiles.text import TextCounts


class Histogram(NamedTuple):
    """`edges` has shape (bins + 1,), `counts` (bins,); both empty where there is no finite value."""

    edges: np.ndarray
    counts: np.ndarray


class NumericProfile:
    """Counts of one column's values in one window.

    Attributes:
        kind: "numeric", "text" (of lengths) or "time".
        grid: the column's grid.
        rows: rows of the window.
        n: values among them, ±inf included; `missing` = rows − n (nulls and NaN).
        positive_inf, negative_inf: how many values are infinite.
        minimum, maximum: of the finite values; NaN if there are none.
        sums: exact sums of the finite values, or None if they were not asked for.
        values: the values themselves while they are at hand, else None. Neither stored nor compared; with them on both
            sides the Kolmogorov–Smirnov distance is exact on any grid.
        text: of a text column, what its documents hold (see `text`), or None where that was not counted.
    """

    def __init__(
        self,
        grid: Grid,
        rows: int,
        counts: np.ndarray,
        *,
        cells: np.ndarray | None = None,
        kind: ColumnKind = "numeric",
        extremes: tuple[float, float] = (math.nan, math.nan),
        infinite: tuple[int, int] = (0, 0),
        sums: Sums | None = None,
        values: np.ndarray | None = None,
        index: np.ndarray | None = None,
        text: TextCounts | None = None,
    ) -> None:
        """`counts`: of each of `cells` (ascending), or of every cell of the grid where `cells` is None.

        `extremes` are (minimum, maximum), `infinite` counts (negative, positive), `index` the cells of `values`.
        """
        self.grid, self.rows, self.kind, self.sums = grid, int(rows), kind, sums
        self.minimum, self.maximum = extremes[0] + 0.0, extremes[1] + 0.0
        self.negative_inf, self.positive_inf = infinite
        self.values, self.index, self.text = values, index, text
        self._cells = cells
        self._counts = counts
        self.n = int(counts.sum())

    @classmethod
    def of(
        cls,
        grid: Grid,
        values: np.ndarray,
        rows: int,
        *,
        counts: np.ndarray | None = None,
        index: np.ndarray | None = None,
        kind: ColumnKind = "numeric",
        moments: bool = False,
        keep: bool = True,
    ) -> NumericProfile:
        """The profile of `values` (float64 or int64, no NaN) out of `rows` rows; `counts` and `index` if known."""
        if counts is None:
            counts = grid.histogram(values)
        low, high, finite, infinite = _extremes(values)
        return cls(
            grid,
            rows,
            counts,
            kind=kind,
            extremes=(low, high),
            infinite=infinite,
            sums=Sums.of(finite) if moments else None,
            values=values if keep else None,
            index=index if keep else None,
        )

    @property
    def missing(self) -> int:
        """Rows without a value: nulls and NaN."""
        return self.rows - self.n

    @property
    def missing_share(self) -> float:
        """Share of rows without a value; NaN without rows."""
        return self.missing / self.rows if self.rows else math.nan

    @property
    def finite(self) -> int:
        """How many values are finite."""
        return self.n - self.negative_inf - self.positive_inf

    @property
    def distinct(self) -> int:
        """Number of distinct values; at least this many where cells of the grid hold several."""
        return len(self.sparse()[0])

    def dense(self) -> np.ndarray:
        """Counts of every cell: shape (grid.cells,), int64. Not to be written to."""
        if self._cells is None:
            return self._counts
        dense = np.zeros(self.grid.cells, dtype=np.int64)
        dense[self._cells] = self._counts
        return dense

    def sparse(self) -> tuple[np.ndarray, np.ndarray]:
        """(cells that hold a value, their counts), both int64, ascending."""
        if self._cells is not None:
            return self._cells, self._counts
        cells = np.flatnonzero(self._counts)
        return cells, self._counts[cells]

    def compact(self) -> NumericProfile:
        """This profile without the values and without empty cells: what is worth keeping in memory."""
        cells, counts = self.sparse()
        return NumericProfile(
            self.grid,
            self.rows,
            counts,
            cells=cells,
            kind=self.kind,
            extremes=(self.minimum, self.maximum),
            infinite=(self.negative_inf, self.positive_inf),
            sums=self.sums,
            text=self.text,
        )

    def coarser(self, steps: int) -> NumericProfile:
        """This profile on `grid.coarser(steps)`, without the values; all but the counts by cell stays as it is."""
        if not steps:
            return self
        cells, counts = self.sparse()
        parents = self.grid.parents(cells, steps)
        starts = np.flatnonzero(np.diff(parents, prepend=-1))
        return NumericProfile(
            self.grid.coarser(steps),
            self.rows,
            np.add.reduceat(counts, starts) if len(starts) else counts,
            cells=parents[starts],
            kind=self.kind,
            extremes=(self.minimum, self.maximum),
            infinite=(self.negative_inf, self.positive_inf),
            sums=self.sums,
            text=self.text,
        )

    def __add__(self, other: NumericProfile) -> NumericProfile:
        """The profile of both windows' rows together; on the coarser of the two grids if one is nested in the other.

        Raises:
            ValueError: if the grids are not nested, or the kinds differ.
        """
        both = together(self, other)
        if both is None or self.kind != other.kind:
            raise ValueError("profiles of different grids or kinds cannot be merged")
        return NumericProfile(
            both[0].grid,
            self.rows + other.rows,
            both[0].dense() + both[1].dense(),
            kind=self.kind,
            extremes=(
                float(np.fmin(self.minimum, other.minimum)),
                float(np.fmax(self.maximum, other.maximum)),
            ),
            infinite=(self.negative_inf + other.negative_inf, self.positive_inf + other.positive_inf),
            sums=None if self.sums is None or other.sums is None else self.sums + other.sums,
            text=None if self.text is None or other.text is None else self.text + other.text,
        ).compact()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NumericProfile):
            return NotImplemented
        mine, theirs = self.sparse(), other.sparse()
        return (
            self._facts() == other._facts()
            and self.text == other.text
            and self.grid == other.grid
            and np.array_equal(mine[0], theirs[0])
            and np.array_equal(mine[1], theirs[1])
        )

    __hash__ = None  # type: ignore[assignment]

    def _facts(self) -> tuple:
        extremes = (repr(self.minimum), repr(self.maximum))  # NaN equals NaN here
        return (self.kind, self.rows, self.n, extremes, self.negative_inf, self.positive_inf, self.sums)

    def __repr__(self) -> str:
        return f"NumericProfile({self.kind}, {self.n} of {self.rows} rows, {self.grid!r})"

    # ---- for detectors

    @property
    def mean(self) -> float:
        """Mean of the finite values, NaN without any: exact where `sums` were kept, else from the cells' middles."""
        if self.sums is not None:
            return self.sums.mean
        middles, counts = self._middles()
        return float((middles * (counts / counts.sum())).sum()) if len(counts) else math.nan

    @property
    def std(self) -> float:
        """Population standard deviation of the finite values (0 for one, NaN for none); exactness as `mean`."""
        if self.sums is not None:
            return math.sqrt(self.sums.variance) if self.sums.n else math.nan
        middles, counts = self._middles()
        if not len(counts):
            return math.nan
        share = counts / counts.sum()
        with np.errstate(over="ignore"):  # beyond floats: inf, as with exact sums
            return math.sqrt(float(((middles - (middles * share).sum()) ** 2 * share).sum()))

    def quantile(self, q: float) -> float:
        """The smallest value v such that a share of at least q of the values is ≤ v (NumPy's "inverted_cdf").

        Exact in "= u" cells; in a cell that spans several values it is interpolated. NaN without values.

        Raises:
            ValueError: if q is outside [0, 1].
        """
        return self.quantiles((q,))[0]

    def quantiles(self, shares: Iterable[float]) -> tuple[float, ...]:
        """`quantile` of each share, at little more than the cost of one."""
        shares = tuple(shares)
        for q in shares:
            if not 0 <= q <= 1:
                raise ValueError(f"quantile needs a share between 0 and 1, not {q}")
        if self.n == 0:
            return (math.nan,) * len(shares)
        cells, counts = self.sparse()
        through = np.cumsum(counts)
        return tuple(self._at(q, cells, counts, through) for q in shares)

    def _at(self, q: float, cells: np.ndarray, counts: np.ndarray, through: np.ndarray) -> float:
        # A hair is taken off, or 0.1 · 30 = 3.0000000000000004 would ask for the fourth value.
        rank = max(1, math.ceil(q * self.n - 1e-9))
        if rank <= self.negative_inf:
            return -math.inf
        if rank > self.n - self.positive_inf:
            return math.inf
        if rank in (1, self.n):
            return self.minimum if rank == 1 else self.maximum
        place = int(np.searchsorted(through, rank))
        lower, upper = self._clipped(cells[place : place + 1])
        inside = (rank - (through[place] - counts[place]) - 0.5) / counts[place]
        return float(lower[0] + (upper[0] - lower[0]) * inside)

    def histogram(self, bins: int | np.ndarray = 10) -> Histogram:
        """Finite values in equal bins from minimum to maximum, or between given ascending edges (ends included).

        A cell goes wholly to the bin that holds its middle, so a count may be off by what lies in the cells at the
        edges; on point and integer grids it is exact for the values that the reference had.
        """
        if self.finite == 0:
            return Histogram(np.empty(0), np.empty(0, dtype=np.int64))
        if isinstance(bins, int | np.integer):
            low, high = self.minimum, self.maximum
            low, high = (low, high) if low < high else (low - 0.5, low + 0.5)
            edges = low + (high / 2 - low / 2) * 2 * (np.arange(bins + 1) / bins)
            edges[-1] = high
        else:
            edges = np.asarray(bins, dtype=np.float64)
        middles, counts = self._middles()
        inside = (middles >= edges[0]) & (middles <= edges[-1])
        place = np.searchsorted(edges[1:-1], middles[inside], side="right")
        totals = np.zeros(len(edges) - 1, dtype=np.int64)
        np.add.at(totals, place, counts[inside])
        return Histogram(edges, totals)

    def _clipped(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of cells, narrowed to the finite extremes."""
        lower, upper = self.grid.bounds(cells)
        low = np.clip(lower, self.minimum, self.maximum)
        return low, np.maximum(low, np.clip(upper, self.minimum, self.maximum))

    def _middles(self) -> tuple[np.ndarray, np.ndarray]:
        """(a value for each cell that holds finite values, their counts)."""
        cells, counts = self.sparse()
        if self.negative_inf or self.positive_inf:
            counts = counts.copy()
            counts[:1] -= self.negative_inf  # infinities are always in the outermost cells that are filled
            counts[-1:] -= self.positive_inf
            cells, counts = cells[counts > 0], counts[counts > 0]
        if not len(cells):
            return np.empty(0), counts
        lower, upper = self._clipped(cells)
        return lower / 2 + upper / 2, counts


def _extremes(values: np.ndarray) -> tuple[float, float, np.ndarray, tuple[int, int]]:
    """(minimum, maximum, finite values, (how many −inf, how many +inf))."""
    if len(values) == 0:
        return math.nan, math.nan, values, (0, 0)
    low, high = float(values.min()), float(values.max())
    if math.isfinite(low) and math.isfinite(high):
        return low, high, values, (0, 0)
    infinite = (int(np.count_nonzero(values == -np.inf)), int(np.count_nonzero(values == np.inf)))
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return math.nan, math.nan, finite, infinite
    return float(finite.min()), float(finite.max()), finite, infinite
