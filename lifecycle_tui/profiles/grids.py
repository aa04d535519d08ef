"""Grids: how the values of a numeric column are put into cells, once for a column and the same everywhere.

A grid is an order-preserving map from values to cells 0..cells−1. That alone makes counts on it mergeable, and makes
distances between distributions exact at cell ends and bounded in between (see `compare`). Four kinds:

- `PointGrid`: cells "below u0", "= u0", "between u0 and u1", "= u1", …, "above": for columns whose reference has few
  distinct values. A comparison with that reference is exact, because the reference only moves at its own values.
- `IntegerGrid`: the same with every whole number of a range as its points, found by subtraction instead of search.
- `AffineGrid`: equal cells over a range, the end cells open: for continuous columns.
- `PatternGrid`: cells of equal numbers of floats, so about equal ratios: for columns that span orders of magnitude.

Made by `choose.choose_grid`, stored once a column by `codec.dump_grid`, used by `NumericProfile`. Each has coarser
grids, whose cells are runs of its own: counts on them are sums of counts on it (see `nested`).
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np

MOST_CELLS = 65_536
"""Most points of a `PointGrid` or `IntegerGrid`, and most cells of an `AffineGrid`."""

_BLOCK = 32_768  # values handled at once, so that temporaries stay in the cache


class Grid(ABC):
    """An order-preserving map from values to cells.

    Attributes:
        cells: number of cells.
    """

    kind: str
    cells: int

    @abstractmethod
    def index(self, values: np.ndarray) -> np.ndarray:
        """The cell of each value: shape (n,), an integer type. `values` is float64 or int64 without NaN."""

    @abstractmethod
    def histogram(self, values: np.ndarray) -> np.ndarray:
        """How many values fall in each cell: shape (cells,), int64."""

    @abstractmethod
    def bounds(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(lower, upper) values of the given cells, float64; ±inf for open ends. An "= u" cell has both u."""

    @abstractmethod
    def single(self) -> np.ndarray | None:
        """Which cells hold one value only, shape (cells,), bool; None when none does."""

    @abstractmethod
    def coarser(self, steps: int) -> Grid:
        """The grid whose cells are runs of this one's, about 2^`steps` times fewer, at least 2; 0 steps give an equal
        one. Every value lies in the cell of it that `parents` names for the value's cell here."""

    @abstractmethod
    def parents(self, cells: np.ndarray, steps: int) -> np.ndarray:
        """The cells of `coarser(steps)` in which the given cells of this grid lie, int64; ascending where those are."""

    @abstractmethod
    def payload(self) -> bytes:
        """All that defines the grid, as little-endian bytes; equal grids give equal bytes."""

    @cached_property
    def id(self) -> str:
        """Digest that names this grid; profiles on grids with one id can be merged and compared."""
        return hashlib.blake2b(self.kind.encode() + self.payload(), digest_size=8).hexdigest()

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Grid) and self.kind == other.kind and self.payload() == other.payload()
        )

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.cells} cells)"


class _Points(Grid):
    """Cells "= u" at odd places, "between" at even ones."""

    points: np.ndarray

    def bounds(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if len(self.points) == 0:
            return np.full(len(cells), -np.inf), np.full(len(cells), np.inf)
        last = len(self.points) - 1
        below, above = (cells - 1) // 2, cells // 2  # the point at or before the cell, the point at or after it
        lower = np.where(below >= 0, self.points[np.clip(below, 0, last)], -np.inf)
        upper = np.where(above <= last, self.points[np.clip(above, 0, last)], np.inf)
        return lower, upper

    def single(self) -> np.ndarray:
        mask = np.zeros(self.cells, dtype=bool)
        mask[1::2] = True
        return mask

    def coarser(self, steps: int) -> Grid:
        return PointGrid(self.points[:: 1 << steps]) if steps else self

    def parents(self, cells: np.ndarray, steps: int) -> np.ndarray:
        if not steps:
            return cells
        # Cell 2i + 1 is "= u_i"; where u_i is left out, it is part of what lies between the points that stay.
        place, step = cells // 2, 1 << steps
        return 2 * -(-place // step) + ((cells % 2 == 1) & (place % step == 0))


class PointGrid(_Points):
    """Cells at and between given points.

    Args:
        points: distinct, ascending, without NaN; at most `MOST_CELLS`. May include ±inf.

    Raises:
        ValueError: if they are not so.
    """

    kind = "point"

    def __init__(self, points: np.ndarray) -> None:
        u = np.asarray(points, dtype=np.float64) + 0.0  # −0.0 becomes 0.0: one value, one pattern
        if u.ndim != 1 or len(u) > MOST_CELLS or bool(np.isnan(u).any()) or not bool((u[1:] > u[:-1]).all()):
            raise ValueError(f"a point grid needs at most {MOST_CELLS} distinct ascending numbers")
        self.points = u
        self.cells = 2 * len(u) + 1

    def index(self, values: np.ndarray) -> np.ndarray:
        place = np.searchsorted(self.points, values, side="left")
        if len(self.points) == 0:
            return place
        equal = self.points[np.minimum(place, len(self.points) - 1)] == values
        return 2 * place + equal

    def histogram(self, values: np.ndarray) -> np.ndarray:
        # Sorting the values and searching the few points in them beats searching the points for every value.
        return self.histogram_of_sorted(np.sort(values))

    def histogram_of_sorted(self, ordered: np.ndarray) -> np.ndarray:
        """As `histogram`, for values in ascending order."""
        below = np.searchsorted(ordered, self.points, side="left")
        through = np.searchsorted(ordered, self.points, side="right")
        ends = np.empty(self.cells, dtype=np.int64)
        ends[0:-1:2], ends[1::2], ends[-1] = below, through, len(ordered)
        return np.diff(ends, prepend=0)

    def payload(self) -> bytes:
        return self.points.astype("<f8").tobytes()


class IntegerGrid(_Points):
    """Cells at every whole number from `low` to `high`, between them, and beyond.

    Raises:
        ValueError: if there are more than `MOST_CELLS` or they exceed 2^53 (where floats skip whole numbers).
    """

    kind = "integer"

    def __init__(self, low: int, high: int) -> None:
        if not 0 <= high - low < MOST_CELLS or max(abs(low), abs(high)) > 2**53:
            raise ValueError(f"an integer grid cannot span {low} to {high}")
        self.low, self.high = int(low), int(high)
        self.cells = 2 * (self.high - self.low + 1) + 1

    @cached_property
    def points(self) -> np.ndarray:  # type: ignore[override]
        return np.arange(self.low, self.high + 1, dtype=np.float64)

    def index(self, values: np.ndarray) -> np.ndarray:
        whole = np.floor(values) if values.dtype.kind == "f" else values
        cell = (np.clip(whole, self.low - 1, self.high + 1) - self.low).astype(np.int64) * 2 + 1
        if values.dtype.kind == "f":
            cell += whole != values
        return np.clip(cell, 0, self.cells - 1)

    def histogram(self, values: np.ndarray) -> np.ndarray:
        if len(values) == 0:
            return np.zeros(self.cells, dtype=np.int64)
        low, high = values.min(), values.max()
        if low < self.low or high > self.high or (values.dtype.kind == "f" and not whole(values)):
            return np.bincount(self.index(values), minlength=self.cells)
        counts = np.zeros(self.cells, dtype=np.int64)
        places = values.astype(np.int64) - self.low
        counts[1::2] = np.bincount(places, minlength=self.high - self.low + 1)
        return counts

    def payload(self) -> bytes:
        return np.array([self.low, self.high], dtype="<i8").tobytes()


class AffineGrid(Grid):
    """Equal cells from `low` on, `scale` cells a unit; the first and last cell take what lies beyond.

    Subtracting, multiplying, clipping and truncating each keep the order of floats, so the map does: equal values
    share a cell and no two cells overlap. Where exactly a cell ends is never needed.
    """

    kind = "affine"

    def __init__(self, low: float, scale: float, cells: int) -> None:
        if not (np.isfinite(low) and np.isfinite(scale) and scale > 0 and 2 <= cells <= MOST_CELLS):
            raise ValueError(f"no affine grid with low={low}, scale={scale}, cells={cells}")
        self.low, self.scale, self.cells = float(low), float(scale), int(cells)

    @classmethod
    def over(cls, low: float, high: float, cells: int) -> AffineGrid:
        """`cells` cells from `low` to `high`; spans too wide or too narrow for a float are clipped."""
        with np.errstate(over="ignore", divide="ignore"):
            span = min(max(high * 0.5 - low * 0.5, 1e-303), 4e307)
            return cls(low, max(cells / span / 2, 5e-324), cells)

    def index(self, values: np.ndarray) -> np.ndarray:
        out = np.empty(len(values), dtype=np.uint16)
        buffer = np.empty(min(_BLOCK, len(values)))
        top = self.cells - 1
        with np.errstate(over="ignore"):
            for start in range(0, len(values), _BLOCK):
                block = values[start : start + _BLOCK]
                work = buffer[: len(block)]
                np.subtract(block, self.low, out=work)
                np.multiply(work, self.scale, out=work)
                np.clip(work, 0, top, out=work)
                out[start : start + _BLOCK] = work
        return out

    def histogram(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self.index(values), minlength=self.cells)

    def bounds(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lower = np.where(cells > 0, self.low + cells / self.scale, -np.inf)
        upper = np.where(cells < self.cells - 1, self.low + (cells + 1) / self.scale, np.inf)
        return lower, upper

    def single(self) -> None:
        return None

    def payload(self) -> bytes:
        return np.array([self.low, self.scale], dtype="<f8").tobytes() + np.array([self.cells], dtype="<i8").tobytes()

    def coarser(self, steps: int) -> AffineGrid:
        # A power of two changes no digit of a product, so truncation gives the same cells as a shift of finer ones.
        run = 1 << self._possible(steps)
        return AffineGrid(self.low, self.scale / run, -(-self.cells // run))

    def parents(self, cells: np.ndarray, steps: int) -> np.ndarray:
        return np.asarray(cells, dtype=np.int64) >> self._possible(steps)

    def _possible(self, steps: int) -> int:
        return min(steps, (self.cells - 1).bit_length() - 1)


class PatternGrid(Grid):
    """Cells of 2^`shift` neighbouring floats each, from the float whose ordinal is `first << shift` on; ends open.

    The ordinal of a float is its bit pattern read as an integer, negative numbers turned round: it rises with the
    value, and the cells double their width with every power of two.
    """

    kind = "log"

    def __init__(self, first: int, shift: int, cells: int) -> None:
        if not (1 <= shift <= 63 and 2 <= cells <= MOST_CELLS and -(2**62) <= first <= 2**62):
            raise ValueError(f"no pattern grid with first={first}, shift={shift}, cells={cells}")
        self.first, self.shift, self.cells = int(first), int(shift), int(cells)

    @classmethod
    def over(cls, low: float, high: float, cells: int) -> PatternGrid:
        """At most `cells` cells from `low` to `high`."""
        ends = [int(k) for k in _ordinals(np.array([low, high], dtype=np.float64))]
        shift = max(1, ((ends[1] - ends[0]) // cells).bit_length())
        return cls(ends[0] >> shift, shift, min(cells, max(2, (ends[1] >> shift) - (ends[0] >> shift) + 1)))

    def index(self, values: np.ndarray) -> np.ndarray:
        out = np.empty(len(values), dtype=np.uint16)
        for start in range(0, len(values), _BLOCK):
            keys = _ordinals(values[start : start + _BLOCK])
            keys >>= self.shift
            keys -= self.first
            np.clip(keys, 0, self.cells - 1, out=keys)
            out[start : start + _BLOCK] = keys
        return out

    def histogram(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self.index(values), minlength=self.cells)

    def bounds(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        lower = np.where(cells > 0, self._edge(cells), -np.inf)
        return lower, np.where(cells < self.cells - 1, self._edge(np.asarray(cells) + 1), np.inf)

    def _edge(self, cells: np.ndarray) -> np.ndarray:
        keys = (np.asarray(cells, dtype=np.int64) + self.first) << self.shift
        top = _ordinals(np.array([np.inf]))[0]
        return _turned(np.clip(keys, -top - 1, top)).view(np.float64)

    def single(self) -> None:
        return None

    def payload(self) -> bytes:
        return np.array([self.first, self.shift, self.cells], dtype="<i8").tobytes()

    def coarser(self, steps: int) -> PatternGrid:
        steps = self._possible(steps)
        start, last = self.first >> steps, (self.first + self.cells - 1) >> steps
        return PatternGrid(start, self.shift + steps, last - start + 1)

    def parents(self, cells: np.ndarray, steps: int) -> np.ndarray:
        steps = self._possible(steps)
        return ((np.asarray(cells, dtype=np.int64) + self.first) >> steps) - (self.first >> steps)

    def _possible(self, steps: int) -> int:
        """Runs begin at multiples of their length, so where two cells are left depends on where the grid begins."""
        last = self.first + self.cells - 1
        return min(steps, 63 - self.shift, (self.first ^ last).bit_length() - 1)


def _ordinals(values: np.ndarray) -> np.ndarray:
    """Integers in the order of the floats; −0.0 is 0.0."""
    return _turned((values.astype(np.float64) + 0.0).view(np.int64))


def _turned(patterns: np.ndarray) -> np.ndarray:
    """Bit patterns of floats to ordinals, and back: the magnitude bits of negative ones are inverted."""
    return patterns ^ ((patterns >> 63) & 0x7FFF_FFFF_FFFF_FFFF)


def whole(values: np.ndarray) -> bool:
    """Whether all values are whole numbers; looks at a few first."""
    head = values[:256]
    return bool((np.floor(head) == head).all()) and bool((np.floor(values) == values).all())
