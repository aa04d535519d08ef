"""How a line of a job's log is laid out: its time, its level, its text in pieces as wide as the screen. Pure."""

from __future__ import annotations

import re

from lifecycle_tui.tui import marks
from lifecycle_tui.tui.reads.job_log import LogLine
from lifecycle_tui.tui.text import Line, Span, count, safe, width

LEVELS = {"warning": marks.SEVERITY["warning"], "error": marks.HEALTH["error"]}
WIDE = 100_000
"""Cells of a line that is not wrapped."""


def laid_out(line: LogLine, job: int, cells: int, *, timed: bool, wraps: bool) -> list[Line]:
    """The rows of one line for so many cells; control characters, escapes and bidi marks are written out."""
    mark = LEVELS.get(line.level)
    said = f"{mark.text()}: {line.text}" if mark is not None else line.text
    if line.more:
        said += f" … and {count(line.more)} characters more: `lifecycle jobs log {job}` has them"
    tone = "" if mark is None else mark.tone
    at = f"{line.at:%H:%M:%S} " if timed else ""
    room = max(10, cells - len(at) - 1) if wraps else WIDE
    rows: list[Line] = []
    for text in said.replace("\r\n", "\n").expandtabs(4).split("\n"):
        for piece in pieces(safe(text), room):
            rows.append((Span(f" {at if not rows else ' ' * len(at)}", "dim"), Span(piece, tone)))
    return rows


def marked(line: Line, pattern: re.Pattern[str], *, here: bool) -> Line:
    """The line with what was searched for set off; `here` where it is the one that was gone to."""
    spans: list[Span] = list(line[:1])
    for span in line[1:]:
        at = 0
        for found in pattern.finditer(span.text):
            spans.append(Span(span.text[at : found.start()], span.tone))
            spans.append(Span(found[0], "title" if here else "head"))
            at = found.end()
        spans.append(Span(span.text[at:], span.tone))
    return tuple(spans)


def pieces(text: str, cells: int) -> list[str]:
    """A line in pieces of at most `cells` cells, as a terminal would break it."""
    if width(text) <= cells:
        return [text]
    if text.isascii():
        return [text[at : at + cells] for at in range(0, len(text), cells)]
    from rich.cells import chop_cells

    return chop_cells(text, cells)
