"""Plots as toned lines with their labels: what the panes put into a `Picture`. Pure.

`plots` gives characters by series; here they get tones, and texts from data (bins, windows, versions) are fitted in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lifecycle_tui.plots.bars import bar_pair
from lifecycle_tui.plots.chart import Chart, Level, Point, chart
from lifecycle_tui.plots.drawing import Drawn
from lifecycle_tui.plots.overlay import curves, steps
from lifecycle_tui.tui import marks
from lifecycle_tui.tui.column_facts import Density
from lifecycle_tui.tui.text import Line, Span, cut, fit, number, safe, width
from lifecycle_tui.tui.view import Bars

WIDEST, TALLEST = 96, 12
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
    made = steps(found.reference, found.window, cells - 2, rows - 1, ascii_only=marks.plain_glyphs())
    if not made.lines:
        return []
    return [*(toned(line, {"reference": "dim", "window": tone}) for line in made.lines),
            _bins(found, made.first, made.step)]  # fmt: skip


def densities(found: Density, cells: int, rows: int, tone: str) -> list[Line]:
    """Both densities in the same way, and the ends of the scale and its middle below."""
    cells -= 2
    made = curves(found.reference, found.window, cells, rows - 1, ascii_only=marks.plain_glyphs())
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
    behind: Sequence[Point] = (), write: Callable[[float], str] = number,
) -> tuple[list[Line], Chart]:  # fmt: skip
    """A chart of windows with the first and the last one's key below.

    Args:
        keys, points: of the windows, oldest first, equally long.
        levels: thresholds; their series is a tone.
        here: key of the window that is marked on the axis.
        moves: window → what began to score there; each is marked on a line of its own.
        behind: what was expected, drawn behind the points.
        write: writes the labels of the scale.
    """
    below = 1 + bool(moves)
    cells = min(cells - 1, WIDEST)
    made = chart(
        points, cells, min(rows - below, TALLEST), levels=levels, low=low, behind=behind, number=write,
        ascii_only=marks.plain_glyphs(),
    )  # fmt: skip
    if not made.lines:
        return [], made
    tones = {"value": tone, "open": "dim", "band": "dim", "behind": "dim", "axis": "dim"}
    tones |= {level.series: level.series for level in levels}
    lines = [toned(line, tones) for line in made.lines]
    if moves:
        lines.append(_moves(keys, made, moves, cells))
    lines.append(_axis(keys, made, here, cells))
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


def _axis(keys: Sequence[str], made: Chart, here: str | None, cells: int) -> Line:
    """The first window's key at the left, the last one's at the right, and a sign under the chosen one."""
    room = cells - made.gutter
    first, last = cut(safe(keys[0]), room // 2 - 1), cut(safe(keys[-1]), room // 2 - 1)
    if len(keys) == 1:
        return (Span(" " * (1 + made.gutter)), Span(fit(last, room), "dim"))
    middle = [" "] * max(0, room - width(first) - width(last))
    if here is not None and here in keys:
        at = made.at[list(keys).index(here)] - made.gutter - width(first)
        if 0 <= at < len(middle):
            middle[at] = "^"
    return (Span(" " * (1 + made.gutter)), Span(first, "dim"), Span("".join(middle)), Span(last, "dim"))


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
