"""The two-sample Kolmogorov–Smirnov distance of two histograms on one grid: exact, or in certified bounds.

At the end of a cell both distribution functions are known exactly. Inside a cell, F lies between its values at the
cell's two ends and so does G, which bounds |F − G| there. A cell where only one sample moves, or that holds a single
value, can add nothing beyond its ends. So the bounds often meet, and where they do not, only the values in the few
cells that could still win need to be sorted: `ks_refine` where all values are in memory, `ks_by_looks` where they can
only be read again. Both give the same distance to the last bit. Called by `compare.ks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

import numpy as np

from lifecycle_tui.profiles.grids import MOST_CELLS, AffineGrid
from lifecycle_tui.profiles.zoom import Cells, Split, Zoomed

Look: TypeAlias = "Callable[[], Iterable[np.ndarray]]"
"""Reads all values of one sample again, in parts of any size and order."""

MOST_GATHERED = 2_097_152
"""Up to so many values of open cells are gathered and sorted; where there are more, the grid is made finer there."""

_BLOCK = 32_768  # values handled at once, so that temporaries stay in the cache


class Bounds(NamedTuple):
    """`lower` ≤ D ≤ `upper`; `open_cells` (cells,) marks where D could still exceed `lower`, None if nowhere."""

    lower: float
    upper: float
    open_cells: np.ndarray | None


def ks_bounds(first: np.ndarray, second: np.ndarray, single: np.ndarray | None) -> Bounds:
    """Bounds of D from counts by cell, each (cells,) with at least one value; `single`: cells that hold one value."""
    f, g = np.cumsum(first), np.cumsum(second)
    n, m = int(f[-1]), int(g[-1])
    f, g = f / n, g / m
    gap = np.abs(f - g)
    lower = float(gap.max())
    both = (first > 0) & (second > 0)
    if single is not None:
        both &= ~single
    at = np.flatnonzero(both)
    if not len(at):
        return Bounds(lower, lower, None)
    before = np.maximum(at - 1, 0)
    f_before = np.where(at > 0, f[before], 0.0)
    g_before = np.where(at > 0, g[before], 0.0)
    reach = np.maximum(f[at] - g_before, g[at] - f_before)
    wins = reach > lower
    if not wins.any():
        return Bounds(lower, lower, None)
    open_cells = np.zeros(len(first), dtype=bool)
    open_cells[at[wins]] = True
    return Bounds(lower, float(reach.max()), open_cells)


def ks_refine(
    bounds: Bounds,
    first: tuple[np.ndarray, np.ndarray, np.ndarray],
    second: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> float:
    """D exactly. `first` and `second` are (counts by cell, values, cell of each value).

    Within the open cells F moves only at the first sample's values u, so |F − G| is largest just below or at some u,
    or at a cell's end, which `bounds.lower` has covered.
    """
    cells = bounds.open_cells
    if cells is None:
        return bounds.lower
    (f_counts, x, x_cells), (g_counts, y, y_cells) = first, second
    return _refined(bounds, f_counts, g_counts, np.sort(x[cells[x_cells]]), np.sort(y[cells[y_cells]]))


def ks_by_looks(grid: Cells, first: np.ndarray, second: np.ndarray, looks: tuple[Look, Look]) -> float:
    """D exactly, from counts on the grid and further looks at the values, in memory that the grid bounds.

    Only the values of open cells are gathered. Where they are too many, those cells are divided and counted first. How
    they are divided changes how many looks there are, not D.

    Raises:
        ValueError: if a look gives other values than those that were counted.
    """
    counts = (first, second)
    bounds = ks_bounds(first, second, grid.single())
    while bounds.open_cells is not None:
        cells = bounds.open_cells
        within = sum(int(c[cells].sum()) for c in counts)
        if within <= MOST_GATHERED:
            u, v = (np.sort(_gathered(grid, cells, look)) for look in looks)
            if len(u) != int(counts[0][cells].sum()) or len(v) != int(counts[1][cells].sum()):
                raise ValueError("the data changed while it was being read")
            return _refined(bounds, *counts, u, v)
        grid = _finer(grid, cells, within, looks)
        counts = (_recounted(grid, looks[0], int(first.sum())), _recounted(grid, looks[1], int(second.sum())))
        bounds = ks_bounds(*counts, grid.single())
    return bounds.lower


def _finer(grid: Cells, cells: np.ndarray, within: int, looks: tuple[Look, Look]) -> Cells:
    """The grid with its open cells divided: into equal parts, or at every so-many-th of the values in them.

    At values, because of heavy ties no width is fine enough for: a value that is a point gets a cell of its own.
    """
    parts = 2 * MOST_CELLS // int(np.count_nonzero(cells))
    if isinstance(grid, AffineGrid) and parts > 1:
        return Split(grid, cells, parts)
    step = -(-within // (MOST_GATHERED // 2))
    points = np.unique(np.concatenate([_gathered(grid, cells, look, step) for look in looks]) + 0.0)
    return Zoomed(grid, points[:: -(-len(points) // MOST_CELLS)])


def _recounted(grid: Cells, look: Look, n: int) -> np.ndarray:
    counts = np.zeros(grid.cells, dtype=np.int64)
    for values in look():
        counts += grid.histogram(values)
    if int(counts.sum()) != n:
        raise ValueError("the data changed while it was being read")
    return counts


def _gathered(grid: Cells, cells: np.ndarray, look: Look, step: int = 1) -> np.ndarray:
    """The values in the given cells (every `step`-th of them), as float64."""
    parts = [part for values in look() for part in _inside(grid, cells, values, step)]
    return np.concatenate(parts) if parts else np.empty(0)


def _inside(grid: Cells, cells: np.ndarray, values: np.ndarray, step: int) -> Iterable[np.ndarray]:
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        found = block[cells[grid.index(block)]]
        if len(found):
            yield found[::step].astype(np.float64)


def _refined(bounds: Bounds, f_counts: np.ndarray, g_counts: np.ndarray, u: np.ndarray, v: np.ndarray) -> float:
    """D, given the sorted values of both samples in the open cells."""
    cells = bounds.open_cells
    assert cells is not None
    n, m = int(f_counts.sum()), int(g_counts.sum())
    # Ranks among the gathered values become ranks in the whole sample by adding what lies in skipped cells below.
    inside = np.flatnonzero(cells)
    per_cell = f_counts[inside]
    f_skipped = np.repeat(np.cumsum(np.where(cells, 0, f_counts))[inside], per_cell)
    g_skipped = np.repeat(np.cumsum(np.where(cells, 0, g_counts))[inside], per_cell)
    rank = np.arange(len(u))
    new = u[1:] != u[:-1]
    opens, closes = np.concatenate([[True], new]), np.concatenate([new, [True]])
    below = (rank[opens] + f_skipped[opens]) / n - (np.searchsorted(v, u[opens], "left") + g_skipped[opens]) / m
    at = (rank[closes] + 1 + f_skipped[closes]) / n - (np.searchsorted(v, u[closes], "right") + g_skipped[closes]) / m
    return max(bounds.lower, float(np.abs(below).max()), float(np.abs(at).max()))
