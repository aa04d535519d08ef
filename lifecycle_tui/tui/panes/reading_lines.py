"""The reading of a window in words: what most likely happened, what shows it, which columns, what to do.

Pure; called by the overview.
"""

from __future__ import annotations

from lifecycle_tui.tui import marks
from lifecycle_tui.tui.reads.reading import Ranked, Reading
from lifecycle_tui.tui.text import Line, Span, cut, fold, number, percent, safe

WIDE = 100
"""Cells from which on more of the evidence is told."""

BY = {"permutation": "drift times importance", "association": "drift times association with the score"}
"""What columns are ranked by."""


def lines(reading: Reading | None, cells: int, name: int) -> list[Line]:
    """The reading behind its name, in lines of at most `cells` cells; nothing where there is none.

    Args:
        name: cells of the names at the left.
    """
    if reading is None or not reading.says:
        return []
    mark = marks.signal(reading.state)
    room = max(10, cells - name - 2)
    found: list[Line] = [
        (Span(f" {'reading' if n == 0 else '':<{name}}", "dim"), Span(line, "" if reading.state == "ok" else mark.tone))
        for n, line in enumerate(fold(f"{mark.sign()} {reading.window}: {reading.says}", room, most=2))
    ]
    if reading.state == "ok":
        return found
    most = 5 if cells >= WIDE else 2
    for _, says in reading.evidence[:most]:
        shown = fold(safe(says), max(10, room - 2), most=2)
        found += [(Span(" " * (name + 1)), Span(f"  {line}", "dim")) for line in shown]
    if len(reading.evidence) > most:
        more = len(reading.evidence) - most
        found.append((Span(" " * (name + 1)), Span(f"  and {more} more: ", "dim"), Span("2", "key")))
    if reading.columns:
        told = f"  by {BY.get(reading.by, 'drift')}: {', '.join(map(_column, reading.columns[:4]))}"
        found.append((Span(" " * (name + 1)), Span(cut(told, room))))
    if reading.advice:
        found += [
            (Span(" " * (name + 1)), Span(f"  {line}", "bold"))
            for line in fold(f"so: {reading.advice}", max(10, room - 2), most=2)
        ]
    return found


def _column(ranked: Ranked) -> str:
    share = "" if ranked.importance is None else f" x {percent(ranked.importance)}"
    return f"{cut(safe(ranked.column), 24)} {number(ranked.drift, 2)}{share}"
