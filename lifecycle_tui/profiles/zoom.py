"""A grid made finer where one comparison needs it: its open cells divided. Called by `kolmogorov`.

`Split` divides cells into equal parts, which is cheap and enough for continuous values; `Zoomed` divides them at values
that they hold, which ends with cells of one value whatever the values are.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from lifecycle_tui.profiles.grids import AffineGrid

_BLOCK = 262_144  # values counted at once: each block costs a pass over all cells
_SMALL = 32_768  # values handled at once, so that temporaries stay in the cache


class Cells(Protocol):
    """What counting needs of a grid (see `grids.Grid`)."""

    cells: int

    def index(self, values: np.ndarray) -> np.ndarray: ...

    def histogram(self, values: np.ndarray) -> np.ndarray: ...

    def single(self) -> np.ndarray | None: ...


class Split:
    """An affine grid of which some cells are divided into equal parts.

    Order-preserving, because each step is: the place within a cell is cut from the same product as the cell itself.

    Args:
        divided: shape (base.cells,), bool.
        parts: how many, at least 2.
    """

    def __init__(self, base: AffineGrid, divided: np.ndarray, parts: int) -> None:
        self._base, self._divided, self._parts = base, divided, parts
        sizes = np.where(divided, parts, 1)
        self._starts = np.cumsum(sizes) - sizes
        self.cells = int(sizes.sum())

    def index(self, values: np.ndarray) -> np.ndarray:
        """The cell of each value: shape (n,), int64."""
        out = np.empty(len(values), dtype=np.int64)
        for start in range(0, len(values), _SMALL):
            with np.errstate(over="ignore"):
                place = (values[start : start + _SMALL] - self._base.low) * self._base.scale
            np.clip(place, 0, self._base.cells - 1, out=place)
            cell = place.astype(np.int64)
            place -= cell
            place *= self._parts
            place *= self._divided[cell]
            out[start : start + _SMALL] = self._starts[cell] + place.astype(np.int64)
        return out

    def histogram(self, values: np.ndarray) -> np.ndarray:
        """How many values fall in each cell: shape (cells,), int64."""
        return np.bincount(self.index(values), minlength=self.cells)

    def single(self) -> None:
        """No cell is known to hold one value only."""


class Zoomed:
    """A grid of which some cells are divided: "below u0", "= u0", "between u0 and u1", …, "above" within each.

    As order-preserving as the grid itself, because its cells are intervals and a point's cell is known.

    Args:
        base: the grid.
        points: distinct, ascending, without NaN; they divide the cells that they lie in.
    """

    def __init__(self, base: Cells, points: np.ndarray) -> None:
        self.base, self.points = base, np.asarray(points, dtype=np.float64) + 0.0
        within = np.bincount(base.index(self.points), minlength=base.cells)
        self._sizes = 1 + 2 * within
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._before = np.cumsum(within) - within  # points in lower cells
        self._divided = within > 0
        self.cells = int(self._sizes.sum())

    def index(self, values: np.ndarray) -> np.ndarray:
        """The cell of each value: shape (n,), int64."""
        base = self.base.index(values)
        out = self._starts[base]
        at = np.flatnonzero(self._divided[base])
        if len(at):
            inside, cell = values[at].astype(np.float64), base[at]
            place = np.searchsorted(self.points, inside, side="left")
            equal = self.points[np.minimum(place, len(self.points) - 1)] == inside
            out[at] += 2 * (place - self._before[cell]) + equal
        return out

    def histogram(self, values: np.ndarray) -> np.ndarray:
        """How many values fall in each cell: shape (cells,), int64."""
        counts = np.zeros(self.cells, dtype=np.int64)
        for start in range(0, len(values), _BLOCK):
            counts += np.bincount(self.index(values[start : start + _BLOCK]), minlength=self.cells)
        return counts

    def single(self) -> np.ndarray:
        """Which cells hold one value only, shape (cells,), bool."""
        of_base = self.base.single()
        inside = np.arange(self.cells) - np.repeat(self._starts, self._sizes)
        mask: np.ndarray = inside % 2 == 1
        if of_base is not None:
            mask[self._starts[of_base]] = True
        return mask
