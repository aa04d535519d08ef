"""Two histograms of the same bins, bar beside bar, several lines high. Called by the drift pane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lifecycle_tui.plots.drawing import Canvas, Drawn
from lifecycle_tui.plots.small import BLOCKS

WIDEST = 6
"""Cells of one bar at most."""


@dataclass(frozen=True, slots=True)
class BarPair:
    """A picture of bars, of series "reference" and "window".

    Attributes:
        step: cells from one bin to the next.
        first: of each drawn bin, the number of the given bin that it begins with.
    """

    lines: tuple[Drawn, ...]
    step: int
    first: tuple[int, ...]


def bar_pair(
    reference: Sequence[float], window: Sequence[float], cells: int, rows: int, *, ascii_only: bool = False
) -> BarPair:
    """Bin after bin, the reference's bar and the window's beside it, on one common height.

    Each side is scaled to shares. More bins than there is room for are added up in groups. A share above 0 is at least
    the lowest step.

    Args:
        reference, window: equally long; counts or shares, not negative.
        cells, rows: of the whole picture.

    Returns:
        `rows` lines of at most `cells` cells; none where there is no bin or no room.

    Raises:
        ValueError: if the two have different numbers of bins.
    """
    if len(reference) != len(window):
        raise ValueError(f"{len(reference)} bins against {len(window)}")
    groups = min(len(reference), (cells + 1) // 3)
    if groups <= 0 or rows <= 0:
        return BarPair((), 0, ())
    edges = [n * len(reference) // groups for n in range(groups + 1)]
    sides = [_shares(side, edges) for side in (reference, window)]
    most = max(max(side) for side in sides)
    step = min(2 * WIDEST + 1, (cells + 1) // groups)
    wide = (step - 1) // 2
    ramps = ((":",), ("#",)) if ascii_only else (BLOCKS, BLOCKS)
    canvas = Canvas(groups * step - 1, rows)
    for n in range(groups):
        for place, series in enumerate(("reference", "window")):
            share = sides[place][n] / most if most > 0 else 0.0
            _bar(canvas, n * step + place * wide, wide, share, series, ramps[place])
    return BarPair(tuple(canvas.lines()), step, tuple(edges[:-1]))


def _shares(side: Sequence[float], edges: Sequence[int]) -> list[float]:
    """Shares of the groups of bins; counts so large that their sum is not finite are halved until it is."""
    most = max(side, default=0.0)
    scaled = [value / most for value in side] if most > 0 else [0.0 for _ in side]
    total = sum(scaled)
    sums = (sum(scaled[a:b]) for a, b in pairwise(edges))
    return [value / total if total > 0 else 0.0 for value in sums]


def _bar(canvas: Canvas, x: int, wide: int, height: float, series: str, ramp: Sequence[str]) -> None:
    """A bar that stands on the lowest line; `height` is its share of the picture's."""
    if height <= 0:
        return
    full, rest = divmod(max(1, round(height * canvas.rows * len(ramp))), len(ramp))
    for up in range(full):
        canvas.put(x, canvas.rows - 1 - up, ramp[-1] * wide, series)
    if rest:
        canvas.put(x, canvas.rows - 1 - full, ramp[rest - 1] * wide, series)
