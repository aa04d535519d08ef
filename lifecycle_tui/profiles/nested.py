"""Profiles on coarser grids: what is stored of a window that is over, and how it is compared with finer ones.

A grid's coarser grids (`Grid.coarser`) have runs of its cells as their cells, so a profile is put on them by adding
counts: exact, in any order, and equal to what counting there would have given. Called by `NumericProfile` (to add),
`codec.load` (to find the grid), `compare` and `rest` (to bring two sides together), `agent.work.windows` (to store).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle_tui.profiles.grids import Grid

if TYPE_CHECKING:
    from lifecycle_tui.profiles.numeric import NumericProfile

MOST_STORED = 2_048
"""Cells that hold values in what is stored of a window that is over: about 4 KB a column."""

MOST_STEPS = 8
"""As many halvings take the largest grid, 131,073 cells of points, to a quarter of `MOST_STORED`."""


def small(profile: NumericProfile) -> NumericProfile:
    """The profile itself if at most `MOST_STORED` cells hold values, else on the finest coarser grid where that is so.

    It follows from the counts alone: every order of rows, batch size and engine gives the same bytes.
    """
    cells, _ = profile.sparse()
    for steps in range(MOST_STEPS + 1):
        parents = profile.grid.parents(cells, steps)
        if not len(parents) or 1 + int((parents[1:] != parents[:-1]).sum()) <= MOST_STORED:
            return profile.coarser(steps)
    return profile.coarser(MOST_STEPS)


def find(grid: Grid, id_: str) -> Grid | None:
    """The grid of that id among `grid` and its coarser ones."""
    if grid.id == id_:
        return grid
    return next((found for s in range(1, MOST_STEPS + 1) if (found := grid.coarser(s)).id == id_), None)


def together(one: NumericProfile, other: NumericProfile) -> tuple[NumericProfile, NumericProfile] | None:
    """Both on the coarser of their grids; None where neither grid is a coarser one of the other."""
    if one.grid == other.grid:
        return one, other
    if one.grid.cells >= other.grid.cells:
        steps = _steps(one.grid, other.grid)
        return None if steps is None else (one.coarser(steps), other)
    steps = _steps(other.grid, one.grid)
    return None if steps is None else (one, other.coarser(steps))


def _steps(fine: Grid, coarse: Grid) -> int | None:
    return next((steps for steps in range(1, MOST_STEPS + 1) if fine.coarser(steps) == coarse), None)
