"""Two distributions in one picture: the reference as a shaded area, the window as a line over it. Called by the drift
pane.

Histograms are steps, densities curves. Braille gives four steps a row and two a cell, blocks two and two, ASCII one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lifecycle_tui.plots.drawing import SHAPES, Canvas, Drawn, Glyphs, put_dots, stroke

WIDEST = 13
"""Cells of one bin at most."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """A picture of series "reference" and "window".

    Attributes:
        step: cells of one bin; 0 for curves.
        first: of each drawn bin, the number of the given bin that it begins with.
    """

    lines: tuple[Drawn, ...]
    step: int = 0
    first: tuple[int, ...] = ()


def steps(
    reference: Sequence[float], window: Sequence[float], cells: int, rows: int, *, glyphs: Glyphs = "braille"
) -> Overlay:
    """Histograms of the same bins, each scaled to shares. More bins than cells are added up in groups.

    Args:
        reference, window: equally long; counts or shares, not negative.

    Returns:
        `rows` lines of at most `cells` cells; none where there is no bin or no room.

    Raises:
        ValueError: if the two have different numbers of bins.
    """
    if len(reference) != len(window):
        raise ValueError(f"{len(reference)} bins against {len(window)}")
    groups = min(len(reference), cells)
    if groups <= 0 or rows <= 0:
        return Overlay(())
    edges = [n * len(reference) // groups for n in range(groups + 1)]
    step = min(WIDEST, cells // groups)
    wide = step * SHAPES[glyphs][0]
    sides = [[sum(shares[a:b]) for a, b in pairwise(edges)] for shares in map(_shares, (reference, window))]
    first, second = ([share for share in side for _ in range(wide)] for side in sides)
    return Overlay(_drawn(first, second, groups * step, rows, glyphs), step, tuple(edges[:-1]))


def curves(
    reference: Sequence[float], window: Sequence[float], cells: int, rows: int, *, glyphs: Glyphs = "braille"
) -> Overlay:
    """Densities at the same points, over the whole width; their heights are compared as they are.

    Raises:
        ValueError: if the two have different numbers of points.
    """
    if len(reference) != len(window):
        raise ValueError(f"{len(reference)} points against {len(window)}")
    if len(reference) < 2 or cells <= 0 or rows <= 0:
        return Overlay(())
    columns = cells * SHAPES[glyphs][0]
    first, second = ([_between(side, x, columns) for x in range(columns)] for side in (reference, window))
    return Overlay(_drawn(first, second, cells, rows, glyphs))


def _between(side: Sequence[float], x: int, columns: int) -> float:
    """The height at a column of dots, linear between points."""
    at = x * (len(side) - 1) / max(1, columns - 1)
    low = min(int(at), len(side) - 2)
    return side[low] + (side[low + 1] - side[low]) * (at - low)


def _shares(side: Sequence[float]) -> list[float]:
    """Counts so large that their sum is not finite are made smaller first."""
    most = max(side, default=0.0)
    scaled = [value / most for value in side] if most > 0 else [0.0 for _ in side]
    total = sum(scaled)
    return [value / total if total > 0 else 0.0 for value in scaled]


def _drawn(
    reference: Sequence[float], window: Sequence[float], cells: int, rows: int, glyphs: Glyphs
) -> tuple[Drawn, ...]:
    """Heights by column of dots, as lines."""
    most = max(*reference, *window)
    high = rows * SHAPES[glyphs][1]
    canvas = Canvas(cells, rows)

    def top(value: float) -> int:
        """The row of the topmost dot; `high` for none. What there is at all has one."""
        return high if value <= 0 or most <= 0 else high - max(1, round(value / most * high))

    whole = glyphs != "braille"  # a shade of its own says that it is an area
    area = {(x, y) for x, value in enumerate(reference) for y in range(top(value), high) if whole or (x + y) % 2 == 0}
    line: set[tuple[int, int]] = set()
    before: int | None = None
    for x, value in enumerate(window):
        y = min(top(value), high - 1)
        line.add((x, y))
        if before is not None and before != y:
            line |= stroke(x, before, x, y)
        before = y
    put_dots(canvas, 0, area, "reference", glyphs, {"ascii": ":", "block": "░"}.get(glyphs, ""))
    # Where nothing is, the line lies on the floor, so that it does not break off.
    if any(value > 0 for value in window):
        put_dots(canvas, 0, line, "window", glyphs, "*" if glyphs == "ascii" else "")
    return tuple(canvas.lines())
