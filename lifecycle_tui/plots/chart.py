"""Values over windows as a line: with interval, thresholds, gaps, a cursor, and what is not final yet. Called by panes.

Braille gives eight dots a cell, so sixty windows are told apart in thirty cells; blocks give four, ASCII has one sign a
cell. The scale ends at round numbers, so that one more window seldom moves what was drawn before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from lifecycle_tui.plots.drawing import SHAPES, Canvas, Drawn, Glyphs, put_dots, stroke

_APART = 4
"""Cells between two points from which on each is a blot on the line."""
_STEPS = 8
"""Steps of a scale at most between its ends, which lie on whole steps: at most an eighth is empty at an end."""
_HIGH = 7
"""Rows from which on the middle of the scale has a label, too."""
_FAR = 1.5
"""A threshold further from the values than so many times their range is named, not drawn: it would flatten them."""


@dataclass(frozen=True, slots=True)
class Point:
    """One window.

    Attributes:
        value: None or NaN leave a gap; infinities are drawn at the edge.
        final: False for a value that more labels will change: its line is dotted.
    """

    value: float | None
    lower: float | None = None
    upper: float | None = None
    final: bool = True


@dataclass(frozen=True, slots=True)
class Level:
    """A threshold; `series` is what it is drawn as."""

    value: float
    series: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of series "value", "open" (not final), "behind", "band", "axis", "cursor" and those of the levels.

    Attributes:
        gutter: cells of the labels at the left.
        at: of each point, its cell from the left edge of the picture.
        beyond: levels that lie too far away to be drawn.
    """

    lines: tuple[Drawn, ...]
    gutter: int
    at: tuple[int, ...]
    beyond: tuple[Level, ...]


def chart(
    points: Sequence[Point], cells: int, rows: int, *, levels: Sequence[Level] = (), low: float | None = None,
    behind: Sequence[Point] = (), number: Callable[[float], str] = "{:.3g}".format, cursor: int | None = None,
    glyphs: Glyphs = "braille",
) -> Chart:  # fmt: skip
    """Draw the points from left (oldest) to right over the whole width.

    A constant series lies at half height. One point stands in the middle. Where several points share a column of dots,
    they are a stroke from the least to the greatest.

    Args:
        cells, rows: of the whole picture, labels included.
        low: the lowest value of the scale at the most, e.g. 0 for counts.
        behind: as many points again, e.g. what was expected: drawn first, their intervals in the place of the points'.
        number: writes a label in ASCII.
        cursor: a point through which an upright line is drawn, behind everything.

    Returns:
        `rows` lines of `cells` cells; no line where there is no room, and none where no value is finite.
    """
    if behind:
        points = [replace(p, lower=None, upper=None) for p in points]
    both = (*points, *behind)
    finite = [v for p in both for v in (p.value, p.lower, p.upper) if v is not None and math.isfinite(v)]
    if not any(p.value is not None and math.isfinite(p.value) for p in both) or rows <= 0:
        return Chart((), 0, (), tuple(levels))
    scale, beyond = _scale(finite, levels, low)
    drawn = [level for level in levels if level not in beyond]
    texts = _labels(scale, drawn, rows, number)
    gutter = max(len(text) for text, _ in texts.values()) + 1
    if cells - gutter < 2:
        return Chart((), 0, (), tuple(levels))
    canvas = Canvas(cells, rows)
    for y, (text, series) in texts.items():
        canvas.put(gutter - 1 - len(text), y, text, series)
    plot = _Plot(canvas, gutter, scale, len(points), glyphs)
    plot.band(behind or points)
    for level in drawn:
        sign = "-" if glyphs == "ascii" else "─"
        canvas.put(gutter, _row(level.value, scale, rows), sign * (cells - gutter), level.series)
    if behind:
        plot.line([replace(p, final=False) for p in behind], "behind", "~")
    plot.line(points)
    if cursor is not None and 0 <= cursor < len(points):
        plot.upright(cursor)
    return Chart(tuple(canvas.lines()), gutter, tuple(gutter + x // plot.wide for x in plot.xs), beyond)


def _scale(
    values: Sequence[float], levels: Sequence[Level], low: float | None
) -> tuple[tuple[float, float], tuple[Level, ...]]:
    """Lowest and highest value of the picture, and the levels that are left out of it."""
    least, most = min(values), max(values)
    if low is not None and math.isfinite(low):
        least = min(least, low)
    room = _FAR * (most / 2 - least / 2) * 2 or max(abs(most) * 0.5, 1e-12)
    near = [level for level in levels if least - room <= level.value <= most + room]
    least, most = min([least, *(lv.value for lv in near)]), max([most, *(lv.value for lv in near)])
    if most <= least:
        # A constant series: any scale around it that numbers can have.
        pad = abs(least) * 0.1 or 1.0
        ends = max(least - pad, -_MOST) if least != low else least, min(most + pad, _MOST)
    else:
        ends = _rounded(least, most)
    return ends, tuple(level for level in levels if level not in near)


def _rounded(least: float, most: float) -> tuple[float, float]:
    """Both ends moved outwards to multiples of 1, 2 or 5 times a power of ten; as they are where that is no number."""
    rough = (most / _STEPS) - (least / _STEPS)
    if not 1e-290 < rough < 1e290 or rough < 1e-12 * max(abs(least), abs(most)):
        return least, most
    power = math.floor(math.log10(rough))
    step = next(n * 10.0**power for n in (1, 2, 5, 10) if n * 10.0**power >= rough * (1 - 1e-9))
    ends = math.floor(least / step + 1e-9) * step, math.ceil(most / step - 1e-9) * step
    # The nearest short decimal, not 0.30000000000000004.
    low, high = (round(end, min(300, max(0, 1 - power))) for end in ends)
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else (least, most)


_MOST = 1.7e308


def _share(value: float, scale: tuple[float, float]) -> float:
    """0 at the bottom, 1 at the top; halves first, for the difference of two huge numbers may not be finite."""
    low, high = scale
    if value == math.inf or value == -math.inf:
        return float(value > 0)
    return max(0.0, min(1.0, (value / 2 - low / 2) / (high / 2 - low / 2)))


def _row(value: float, scale: tuple[float, float], rows: int) -> int:
    """The row of a value, 0 at the top."""
    return min(rows - 1, int((1.0 - _share(value, scale)) * rows))


def _labels(
    scale: tuple[float, float], levels: Sequence[Level], rows: int, number: Callable[[float], str]
) -> dict[int, tuple[str, str]]:
    """Row → (text, series): the thresholds, the scale's ends, and in a high picture its middle, where there is room."""
    found = {_row(level.value, scale, rows): (number(level.value), level.series) for level in levels}
    ends = {rows - 1: scale[0], 0: scale[1]} if rows > 1 else {0: scale[1]}
    for y, value in ends.items():
        found.setdefault(y, (number(value), "axis"))
    middle = scale[0] / 2 + scale[1] / 2
    y = _row(middle, scale, rows)
    if rows >= _HIGH and not {y - 1, y, y + 1} & set(found):
        found[y] = (number(middle), "axis")
    return found


class _Plot:
    """The part of the canvas right of the labels, in dots."""

    def __init__(self, canvas: Canvas, left: int, scale: tuple[float, float], n: int, glyphs: Glyphs) -> None:
        self._canvas, self._left, self._scale, self._glyphs = canvas, left, scale, glyphs
        self._ascii = glyphs == "ascii"
        self.wide, self._tall = SHAPES[glyphs]
        columns = (canvas.cells - left) * self.wide
        self.high = canvas.rows * self._tall
        self.xs = [columns // 2] if n == 1 else [i * (columns - 1) // max(1, n - 1) for i in range(n)]
        self._columns = columns

    def _y(self, value: float) -> int:
        return _row(value, self._scale, self.high)

    def band(self, points: Sequence[Point]) -> None:
        """The intervals, every other dot (a shade in blocks), and between neighbouring windows what lies between."""
        dots: set[tuple[int, int]] = set()
        whole = self._glyphs != "braille"
        before: tuple[int, float, float] | None = None
        for x, point in zip(self.xs, points, strict=True):
            ends = self._ends(point)
            if ends is None:
                before = None
                continue
            low, high = ends
            for step in range((before[0] if before else x) + 1 if before else x, x + 1):
                share = 1.0 if before is None or x == before[0] else (step - before[0]) / (x - before[0])
                a = low if before is None else before[1] + (low - before[1]) * share
                b = high if before is None else before[2] + (high - before[2]) * share
                dots |= {(step, y) for y in range(round(b), round(a) + 1) if whole or (step + y) % 2 == 0}
            before = (x, low, high)
        self._put(dots, "band", ":", "░")

    def _ends(self, point: Point) -> tuple[float, float] | None:
        """Rows of an interval's lower and upper end; an end that is open lies at the edge."""
        if (point.lower is None and point.upper is None) or point.value is None or point.value != point.value:
            return None
        low = self.high - 1 if point.lower is None or point.lower != point.lower else self._y(point.lower)
        high = 0 if point.upper is None or point.upper != point.upper else self._y(point.upper)
        return low, high

    def line(self, points: Sequence[Point], dotted_as: str = "open", sign: str = "o") -> None:
        """The values, joined where neighbours have one; a point alone is made wide enough to be seen."""
        solid: set[tuple[int, int]] = set()
        dotted: set[tuple[int, int]] = set()
        known = [None if p.value is None or p.value != p.value else self._y(p.value) for p in points]
        for n, y in enumerate(known):
            if y is None:
                continue
            x, dots = self.xs[n], solid if points[n].final else dotted
            earlier = known[n - 1] if n else None
            if earlier is not None:
                dots |= stroke(self.xs[n - 1], earlier, x, y)
            elif n + 1 == len(known) or known[n + 1] is None:
                dots |= {(min(x - x % self.wide + more, self._columns - 1), y) for more in range(self.wide)}
            dots.add((x, y))
        self._put({(x, y) for x, y in dotted - solid if x % 2 == 0 or self._ascii}, dotted_as, sign)
        if not self._ascii and 1 < len(points) <= self._columns // (self.wide * _APART):
            solid |= {dot for n, y in enumerate(known) if y is not None for dot in self._blot(self.xs[n], y)}
        self._put(solid, "value", "*")

    def _blot(self, x: int, y: int) -> Iterator[tuple[int, int]]:
        """Three dots by three."""
        for column in range(max(0, x - 1), min(self._columns, x + 2)):
            yield from ((column, row) for row in range(max(0, y - 1), min(self.high, y + 2)))

    def upright(self, n: int) -> None:
        """A line from top to bottom through a point, where nothing else was drawn."""
        x = self._left + self.xs[n] // self.wide
        for y in range(self._canvas.rows):
            if self._canvas.empty(x, y):
                self._canvas.put(x, y, "|" if self._ascii else "│", "cursor")

    def _put(self, dots: set[tuple[int, int]], series: str, sign: str, shade: str = "") -> None:
        sign = sign if self._ascii else shade if self._glyphs == "block" else ""
        put_dots(self._canvas, self._left, dots, series, self._glyphs, sign)
