"""Choosing a column's grid from its reference, such that the order of rows, files and batches changes nothing.

Every decision is a function of the multiset of values: their count, range, whether they are whole, how many are
distinct, exact quantiles. No sampling. Called by `Profiler` (once a column) and by `monitoring.files`.
"""

from __future__ import annotations

import numpy as np

from lifecycle_tui.profiles.grids import MOST_CELLS, AffineGrid, Grid, IntegerGrid, PatternGrid, PointGrid, whole

CENTRE = (0.002, 0.998)  # an affine grid spends its cells on the values between these quantiles
_MARGIN = 0.05
_RESOLVED = 60  # of 63 quantiles: equal cells are good enough
MOST_KEPT = 524_288
"""Up to this many values of a column are kept: 4 MB, however many rows there are. Of a reference until its grid is
decided (beyond, `survey.Survey` decides), of a window for what values tell more exactly than counts."""
_PROBE = MOST_CELLS + MOST_CELLS // 4


def choose_grid(values: np.ndarray) -> Grid:
    """The grid for a column whose reference holds these values.

    Whole numbers spanning at most 65,536: `IntegerGrid`. At most 65,536 distinct values: `PointGrid`. Else an
    `AffineGrid`, or a `PatternGrid` where equal cells would put many quantiles into one, of about a cell for four
    values: 32,768 or 65,536.

    Args:
        values: shape (n,), float64 or int64, no NaN; ±inf allowed.
    """
    return choose_and_count(values)[0]


def choose_and_count(values: np.ndarray, most: int | None = None) -> tuple[Grid, np.ndarray, np.ndarray | None]:
    """(grid, histogram of the values on it, their cells unless it is made of points): choosing already had to count.

    Args:
        most: of more values than this (`MOST_KEPT`) the grid is chosen as from a survey of them.
    """
    if len(values) == 0:
        grid: Grid = PointGrid(np.empty(0))
        return grid, np.zeros(1, dtype=np.int64), None
    low, high = values.min(), values.max()
    if is_integer_range(low, high) and (values.dtype.kind in "iu" or whole(values)):
        grid = IntegerGrid(int(low), int(high))
        return grid, grid.histogram(values), None
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    if len(values) > (MOST_KEPT if most is None else most):
        return _surveyed(values)
    ordered = _few_distinct(values)
    if ordered is not None:
        points = PointGrid(ordered[_first_of_ties(ordered)])
        return points, points.histogram_of_sorted(ordered), None
    return _affine(values, float(low), float(high))


def _surveyed(values: np.ndarray) -> tuple[Grid, np.ndarray, np.ndarray | None]:
    """The grid that a reference of this size gets when it is read in two passes."""
    from lifecycle_tui.profiles.survey import Survey

    survey = Survey()
    survey.update(values)
    grid = survey.grid()
    if grid.single() is not None:
        return grid, grid.histogram(values), None
    index = grid.index(values)
    return grid, np.bincount(index, minlength=grid.cells), index


def is_integer_range(low: float, high: float) -> bool:
    """Whether whole numbers from low to high fit an `IntegerGrid`."""
    return bool(np.isfinite(low) and np.isfinite(high)) and (
        float(high) - float(low) < MOST_CELLS and max(abs(float(low)), abs(float(high))) <= 2.0**53
    )


def affine_cells(n: int) -> int:
    """Cells for n values, of which more than `MOST_CELLS` are distinct: a power of two near n/4."""
    return MOST_CELLS // 2 if n <= 2 * MOST_CELLS else MOST_CELLS


def _few_distinct(values: np.ndarray) -> np.ndarray | None:
    """The values in order if at most `MOST_CELLS` are distinct, else None.

    More distinct values in a part proves more in the whole, so a part that settles it may be looked at alone.
    """
    if len(values) > _PROBE:
        probe = np.sort(values[:_PROBE])
        if int(_first_of_ties(probe).sum()) > MOST_CELLS:
            return None
    ordered = np.sort(values)
    return ordered if int(_first_of_ties(ordered).sum()) <= MOST_CELLS else None


def _first_of_ties(ordered: np.ndarray) -> np.ndarray:
    first = np.empty(len(ordered), dtype=bool)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


def _affine(values: np.ndarray, low: float, high: float) -> tuple[Grid, np.ndarray, np.ndarray]:
    cells = affine_cells(len(values))
    if np.isfinite(low) and np.isfinite(high):
        # Light tails: the full range serves, and this histogram is already the one that is wanted.
        grid, counts, index = _counted(AffineGrid.over(low, high, cells), values)
        through = np.cumsum(counts)
        first, last = np.searchsorted(through, [q * len(values) for q in CENTRE])
        if last - first >= cells // 8 and _resolved(through) >= _RESOLVED:
            return grid, counts, index
    ends = [_order_statistic(values, q) for q in CENTRE]
    grid, counts, index = _counted(centred(ends[0], ends[1], low, high, cells), values)
    resolved = _resolved(np.cumsum(counts))
    if resolved >= _RESOLVED:
        return grid, counts, index
    other, its_counts, its_index = _counted(PatternGrid.over(ends[0], ends[1], cells), values)
    if _resolved(np.cumsum(its_counts)) > resolved:
        return other, its_counts, its_index
    return grid, counts, index


def _counted(grid: Grid, values: np.ndarray) -> tuple[Grid, np.ndarray, np.ndarray]:
    index = grid.index(values)
    return grid, np.bincount(index, minlength=grid.cells), index


def _resolved(through: np.ndarray) -> int:
    """How many of the quantiles 1/64 … 63/64 a grid keeps apart, given its cumulated counts."""
    ends = np.searchsorted(through * 64, np.arange(1, 64) * int(through[-1]))
    return len(np.unique(ends))


def finer(cells: int, low: float, high: float, lowest: float, highest: float, quantiles: np.ndarray) -> Grid:
    """The affine grid, unless a pattern grid keeps more of the given quantiles apart."""
    grid: Grid = centred(low, high, lowest, highest, cells)
    other = PatternGrid.over(low, high, cells)
    kept, its_kept = (len(np.unique(g.index(quantiles))) for g in (grid, other))
    return other if its_kept > kept else grid


def centred(low: float, high: float, lowest: float, highest: float, cells: int) -> AffineGrid:
    """The affine grid for values with 0.2 % and 99.8 % quantiles `low` and `high`, and the given extremes."""
    if low == high:  # nearly all one value: the rest is all there is to resolve
        low, high = lowest, highest
    biggest = float(np.finfo(np.float64).max) / 4
    low, high = max(low, -biggest), min(high, biggest)
    margin = (high - low) * _MARGIN
    return AffineGrid.over(low - margin, high + margin, cells)


def _order_statistic(values: np.ndarray, q: float) -> float:
    place = min(len(values) - 1, int(q * len(values)))
    return float(np.partition(values, place)[place])
