"""Plots as toned lines with their labels: what the panes put into a `Picture`. Pure.

`plots` gives characters by series; here they get tones, and texts from data (bins, windows, versions) are fitted in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from lifecycle_tui.plots import axes
from lifecycle_tui.plots.bars import bar_pair
from lifecycle_tui.plots.chart import Chart, Level, Point, chart
from lifecycle_tui.plots.drawing import Drawn
from lifecycle_tui.plots.overlay import curves, steps
from lifecycle_tui.tui import marks
from lifecycle_tui.tui.column_facts import Density
from lifecycle_tui.tui.text import Line, Span, cut, fit, number, safe, width
from lifecycle_tui.tui.view import Bars

WIDEST, TALLEST = 96, 16
"""Cells and rows of a chart at most: a frame stays below 4 KB."""


def toned(line: Drawn, tones: Mapping[str, str], indent: int = 1) -> Line:
    """A drawn line in tones by series."""
    return (Span(" " * indent), *(Span(run.text, tones.get(run.series, "")) for run in line))


def histogram(found: Bars, cells: int, rows: int, tone: str) -> list[Line]:
    """Bars of reference (left, dim) and window (right, in `tone`) bin by bin, and the bins' names below."""
    made = bar_pair(found.reference, found.window, cells - 2, rows - 1, ascii_only=marks.plain_glyphs())
    if not made.lines:
        return []
    lines = [toned(line, {"reference": "dim", "window": tone}) for line in made.lines]
    return [*lines, _bins(found, made.first, made.step)]


def _bins(found: Bars, firsts: Sequence[int], step: int) -> Line:
    """The bins' names, each as far as it fits and no more than fit."""
    names = [safe(found.names[first]) for first in firsts]
    longest = max(map(width, names))
    every = min(max(1, -(-(min(longest, 11) + 1) // step)), len(names))
    text = ""
    for n in range(0, len(names), every):
        room = min(every, len(names) - n) * step
        text += fit(cut(names[n], room - 1), room)
    return (Span(f" {text}", "dim"),)


def overlaid(found: Bars, cells: int, rows: int, tone: str) -> list[Line]:
    """The window's histogram as a line (in `tone`) over the reference's as a shaded area, and the bins' names below."""
    made = steps(found.reference, found.window, cells - 2, rows - 1, glyphs=marks.plot_glyphs())
    if not made.lines:
        return []
    return [*(toned(line, {"reference": "dim", "window": tone}) for line in made.lines),
            _bins(found, made.first, made.step)]  # fmt: skip


def densities(found: Density, cells: int, rows: int, tone: str) -> list[Line]:
    """Both densities in the same way, and the ends of the scale and its middle below."""
    cells -= 2
    made = curves(found.reference, found.window, cells, rows - 1, glyphs=marks.plot_glyphs())
    if not made.lines:
        return []
    ends = [f"{value:.4g}" for value in (found.low, found.low / 2 + found.high / 2, found.high)]
    room = max(0, cells - len(ends[0]) - len(ends[2]))
    below = ends[0] + (ends[1].center(room) if len(ends[1]) < room else " " * room) + ends[2]
    return [*(toned(line, {"reference": "dim", "window": tone}) for line in made.lines),
            (Span(f" {cut(below, cells)}", "dim"),)]  # fmt: skip


def history(
    keys: Sequence[str], points: Sequence[Point], cells: int, rows: int, *, levels: Sequence[Level] = (),
    low: float | None = None, here: str | None = None, moves: Mapping[str, str] | None = None, tone: str = "info",
    behind: Sequence[Point] = (), write: Callable[[float], str] = number, starts: Sequence[datetime | None] = (),
    cursor: bool = False,
) -> tuple[list[Line], Chart]:  # fmt: skip
    """A chart of windows with their dates below.

    Args:
        keys, points: of the windows, oldest first, equally long.
        levels: thresholds; their series is a tone.
        here: key of the window that is marked and named on the axis.
        moves: window → what began to score there; each is marked on a line of its own.
        behind: what was expected, drawn behind the points.
        write: writes the labels of the scale.
        starts: when the windows begin; where one has no time the axis has the first and the last key.
        cursor: whether `here` is a cursor, through which an upright line is drawn.
    """
    below = 1 + bool(moves)
    cells = min(cells - 1, WIDEST)
    at = keys.index(here) if here is not None and here in keys else None
    made = chart(
        points, cells, min(rows - below, TALLEST), levels=levels, low=low, behind=behind, number=write,
        cursor=at if cursor else None, glyphs=marks.plot_glyphs(),
    )  # fmt: skip
    if not made.lines:
        return [], made
    tones = {"value": tone, "open": "dim", "band": "dim", "behind": "dim", "axis": "dim", "cursor": "bold"}
    tones |= {level.series: level.series for level in levels}
    lines = [toned(line, tones) for line in made.lines]
    if moves:
        lines.append(_moves(keys, made, moves, cells))
    lines.append((Span(" "), *axis(keys, starts, made.at, cells, at, made.gutter)))
    return lines, made


def _moves(keys: Sequence[str], made: Chart, moves: Mapping[str, str], cells: int) -> Line:
    """`^v8` under the window in which v8 began; one that has no room is left out, the newest first."""
    text = [" "] * cells
    end = cells + 1
    for key, at in reversed(list(zip(keys, made.at, strict=True))):
        if key not in moves:
            continue
        word = cut(f"^{safe(moves[key])}", 12)
        at = max(0, min(at, cells - width(word)))
        if at + width(word) < end:
            text[at : at + width(word)] = [word, *[""] * (width(word) - 1)]
            end = at
    return (Span(f" {''.join(text)}", "dim"),)


def axis(
    keys: Sequence[str],
    starts: Sequence[datetime | None],
    at: Sequence[int],
    cells: int,
    here: int | None,
    left: int = 0,
) -> Line:
    """The line below a picture of windows: dates, or keys where the windows have no time, and a sign at the chosen one.

    Args:
        keys, starts, at: of the windows, oldest first: key, beginning, cell.
        cells: of the line, of which the first `left` stay empty; `cells` is not exceeded.
        here: number of the window that is named beside its sign.
    """
    known = [start for start in starts if start is not None]
    dated = len(known) == len(keys)
    step = axes.spacing(known)
    long = dated and known[0].year != known[-1].year

    def name(n: int) -> str:
        text = axes.named(known[n], step, year=long and n in (0, len(keys) - 1)) if dated else safe(keys[n])
        return cut(text, max(0, (cells - left) // 2 - 2))

    line = _Labels(left, cells)
    if here is not None:
        line.mark(at[here], name(here))
    line.put(at[0], name(0))
    if len(keys) > 1:
        line.put(cells - width(name(len(keys) - 1)), name(len(keys) - 1))
    for tick in axes.ticks(known, at) if dated else ():
        line.put(at[tick.at], tick.text)
    return line.spans()


MARKED = "bold"
"""The tone of a chosen window's sign and name."""


class _Labels:
    """Labels on one line: the first that comes has the room."""

    def __init__(self, left: int, cells: int) -> None:
        self._left, self._cells = left, cells
        self._placed: dict[int, tuple[str, str]] = {}

    def put(self, x: int, text: str, tone: str = "dim") -> bool:
        """Place a label that begins in a cell, with a blank cell at either side; False where there is no room."""
        end = x + width(text)
        if x < self._left or end > self._cells or not text:
            return False
        if any(x <= begin + width(other) and begin <= end for begin, (other, _) in self._placed.items()):
            return False
        self._placed[x] = text, tone
        return True

    def mark(self, x: int, text: str) -> None:
        """A sign at a cell, and its name at the side where there is room."""
        for begin, said in ((x, f"^{text}"), (x - width(text), f"{text}^"), (x, "^")):
            if self.put(begin, said, MARKED):
                return

    def spans(self) -> Line:
        """The line."""
        found: list[Span] = []
        at = 0
        for x, (text, tone) in sorted(self._placed.items()):
            found += [Span(" " * (x - at)), Span(text, tone)]
            at = x + width(text)
        return (*found, Span(" " * (self._cells - at)))


def marked(lines: Sequence[Line]) -> tuple[int, int] | None:
    """Cell and line of the lowest sign that an axis has at a chosen window (see `_Labels.mark`)."""
    for y in range(len(lines) - 1, -1, -1):
        x = 0
        for span in lines[y]:
            text = safe(span.text)
            if span.tone == MARKED and "^" in (text[:1], text[-1:]):
                return x + (0 if text.startswith("^") else width(text) - 1), y
            x += width(text)
    return None


def beside(left: Sequence[Line], right: Sequence[Line], cells: int) -> list[Line]:
    """Two blocks side by side, the left one in so many cells."""
    found: list[Line] = []
    for n in range(max(len(left), len(right))):
        one = left[n] if n < len(left) else ()
        used = sum(width(safe(span.text)) for span in one)
        found.append((*one, Span(" " * max(1, cells - used)), *(right[n] if n < len(right) else ())))
    return found


def fitted(spans: Sequence[Span], cells: int) -> Line:
    """The spans that fit whole; the first two always, cut."""
    line: list[Span] = []
    room = cells
    for at, span in enumerate(spans):
        text = safe(span.text)
        if at > 1 and width(text.rstrip()) > room:
            continue
        line.append(Span(cut(text, room), span.tone))
        room -= min(room, width(text))
    return tuple(line)
