"""The two-sample Kolmogorov–Smirnov distance of two histograms on one grid: exact, or in certified bounds.

At the end of a cell both distribution functions are known exactly. Inside a cell, F lies between its values at the
cell's two ends and so does G, which bounds |F − G| there. A cell where only one sample moves, or that holds a single
value, can add nothing beyond its ends. So the bounds often meet, and where they do not, only the values in the few
cells that could still win need to be sorted. Called by `compare.ks`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


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
    n, m = int(f_counts.sum()), int(g_counts.sum())
    u = np.sort(x[cells[x_cells]])
    v = np.sort(y[cells[y_cells]])
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
