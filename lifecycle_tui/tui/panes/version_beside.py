"""Two versions side by side, as the versions pane shows them below its list: judgement, metrics, making, importance.

Functions from a `Comparison` to lines. A wide screen has the metrics window by window and a picture of them beside.
"""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.plots import sparkline
from lifecycle_tui.plots.chart import Point
from lifecycle_tui.registry.differences import Sides
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.tui import marks
from lifecycle_tui.tui.pictures import history
from lifecycle_tui.tui.reads.versions import Comparison, Recent, VersionLine
from lifecycle_tui.tui.records import brief, measured
from lifecycle_tui.tui.text import Line, Span, count, cut, fit, fold, moment, number, safe, width

SHORT = 8
"""Differences that a screen of the usual width names, and features with their importance."""
LONG = 30
"""The same on a wide one."""
NAMES, FEW = 22, 16
"""Cells of a name, and on a narrow screen."""
NARROW = 72
"""Cells below which a screen is narrow."""
WIDE = 32
"""Cells from which a measured number has room for how many rows it rests on."""
DATED = 18
"""Cells of what stands beside a small history: a number, a date, two blanks."""
BESIDE = 150
"""Cells from which there is room for the windows beside the rest."""
HIGH = 9
"""Rows of a picture with its axis."""
PICTURES = 2
"""Metrics that are drawn."""
TECHNICAL = ("libraries.", "schema.", "digest", "code", "data.fingerprint")
"""Differences that come last."""


def panel(found: Comparison | None, cells: int) -> list[Line]:
    """The version under the cursor beside the other one."""
    if found is None:
        return []
    one, other = found.one.version, found.other
    if other is None:
        lines: list[Line] = [(Span(f" version {one.number}", "bold"), Span("  nothing to compare it with yet"))]
        return lines + _own(found.one, cells)
    heads = (f"version {one.number}", f"version {other.number}")
    top: Line = (Span(f" {heads[0]} beside {heads[1]} ({found.role})", "bold"),)
    if cells < BESIDE:
        return [
            top, *_verdict(found.judgement, cells), *_metrics(found, heads, cells),
            *_differs(found.differs, heads, cells, SHORT), *_importance(found.importance, heads, cells, SHORT),
        ]  # fmt: skip
    half = cells // 2
    left = [
        *_verdict(found.judgement, half - 2), *_metrics(found, heads, half - 2),
        *_differs(found.differs, heads, half - 2, LONG),
    ]  # fmt: skip
    right = [*_windowed(found.recent, heads, half), *_importance(found.importance, heads, half, LONG)]
    return [top, *_beside(left, right, half)]


def _beside(left: Sequence[Line], right: Sequence[Line], cells: int) -> list[Line]:
    """Lines in two columns; the left one has so many cells."""
    lines: list[Line] = []
    for n in range(max(len(left), len(right))):
        spans: list[Span] = []
        room = cells
        for span in left[n] if n < len(left) else ():
            text = cut(safe(span.text), room - 1)
            spans.append(Span(text, span.tone))
            room -= width(text)
        lines.append((*spans, Span(" " * room), *(right[n] if n < len(right) else ())))
    return lines


def _own(line: VersionLine, cells: int) -> list[Line]:
    values = line.version.facts.metrics or {}
    return [
        (Span(f"   {fit(safe(name), 16)} ", "dim"), Span(cut(measured(value), cells - 22)))
        for name, value in values.items()
    ]


def _verdict(judgement: Judgement | None, cells: int) -> list[Line]:
    if judgement is None:
        return [(Span("   neither was judged against the other: the metrics are of different rows", "dim"),)]
    mark = marks.verdict(judgement.verdict)
    # Some say it in their first words: "cannot tell yet: …".
    sign = mark.sign() if judgement.text.startswith(mark.word) else mark.text()
    lines: list[Line] = []
    for place, text in enumerate(fold(judgement.text, cells - 6 - width(sign), most=3)):
        head = f"   {sign}  " if place == 0 else " " * (5 + width(sign))
        lines.append((Span(head, mark.tone), Span(text)))
    against = "" if judgement.champion is None else f" against version {judgement.champion}"
    said = f"version {judgement.version}{against}, judged {judged_on(judgement)}"
    lines += [(Span(f"   {text}", "dim"),) for text in fold(said, cells - 4)]
    if len(judgement.gates) > 1 and judgement.verdict != "passed":
        # Where all passed, the sentence names them all.
        lines += _gates(judgement, cells)
    return lines


def judged_on(judgement: Judgement) -> str:
    """When, on which rows, and how many would settle it."""
    span = ""
    if judgement.start is not None and judgement.end is not None:
        span = f" of {judgement.start:%Y-%m-%d} to {judgement.end:%Y-%m-%d}"
    enough = f"; about {count(judgement.wanted)} rows would settle it" if judgement.wanted else ""
    return f"{moment(judgement.at)} on the same {count(judgement.rows)} later rows{span}{enough}"


def _gates(judgement: Judgement, cells: int) -> list[Line]:
    lines: list[Line] = []
    for gate in judgement.gates:
        mark = marks.verdict(str(gate.get("verdict", "")))
        text = str(gate.get("text") or gate.get("gate") or "")
        for place, part in enumerate(fold(text, max(10, cells - 21), most=3)):
            lines.append((Span(fit(f"     {mark.text()}", 20) if place == 0 else " " * 20, mark.tone), Span(part)))
    return lines


# ── numbers of both ──────────────────────────────────────────────────────────────────────────────────────────────────


def _metrics(found: Comparison, heads: tuple[str, str], cells: int) -> list[Line]:
    if not found.metrics and not found.recent:
        return []
    names, side = _sides(cells)
    lines: list[Line] = [_row("metric", *heads, names, side, "head")]
    # A segment that neither version has seen says nothing.
    past = {
        recent.metric: recent for recent in found.recent if any(v is not None for v in (*recent.one, *recent.other))
    }
    for sides in found.metrics:
        one, other = (measured(value, n=side >= WIDE) for value in (sides.one, sides.other))
        lines.append(_row(f"{sides.name} when made", one, other, names, side))
        if (recent := past.pop(sides.name, None)) is not None:
            lines.append(_windows(recent, names, side))
    return lines + [_windows(recent, names, side) for recent in past.values()]


def _windows(recent: Recent, names: int, side: int) -> Line:
    """One metric of both over the last windows: the newest value that each has, and the way to it on one scale."""
    known = [v for v in (*recent.one, *recent.other) if v is not None and v - v == 0.0]
    low, high = min(known, default=0.0), max(known, default=0.0)
    shown = []
    for values in (recent.one, recent.other):
        last = next(((key, v) for key, v in zip(reversed(recent.windows), reversed(values), strict=True)
                     if v is not None), None)  # fmt: skip
        if last is None:
            shown.append("-")
            continue
        drawn = sparkline(values, max(6, min(12, side - DATED)), low=low, high=high, ascii_only=marks.plain_glyphs())
        told = f"{number(last[1])} {drawn}"
        dated = f"{told} {last[0]}"
        shown.append(dated if width(dated) <= side else told)
    return _row(f"{recent.metric} in windows", shown[0], shown[1], names, side)


def _windowed(recent: Sequence[Recent], heads: tuple[str, str], cells: int) -> list[Line]:
    """The metrics of both in the last windows: drawn, and in numbers, the newest first."""
    lines: list[Line] = []
    for metric in recent[:PICTURES]:
        one, other = ([Point(value) for value in values] for values in (metric.one, metric.other))
        drawn, _ = history(metric.windows, one, cells - 3, HIGH, behind=other)
        if drawn:
            caption = f" {cut(safe(metric.metric), NAMES)} in windows"
            lines += [(Span(caption, "head"), Span(f"  {heads[0]} "), Span(f"dotted {heads[1]}", "dim")), *drawn]
    for metric in recent[:PICTURES]:
        lines += _numbers(metric, heads)
    return lines


def _numbers(metric: Recent, heads: tuple[str, str]) -> list[Line]:
    title = f" {fit(safe(metric.metric), NAMES)} {fit(heads[0], 12, right=True)} {fit(heads[1], 12, right=True)}"
    lines: list[Line] = [(), (Span(f"{title} {fit('difference', 12, right=True)}", "head"),)]
    for key, one, other in reversed(list(zip(metric.windows, metric.one, metric.other, strict=True))):
        gap = None if one is None or other is None else one - other
        values = (number(one), number(other), "-" if gap is None or gap != gap else f"{gap:+.3f}")
        cells = " ".join(fit(value, 12, right=True) for value in values)
        lines.append((Span(f" {fit(safe(key), NAMES)} ", "dim"), Span(cells)))
    return lines


def _sides(cells: int) -> tuple[int, int]:
    """Cells for a name, and for the value of each of the two versions."""
    names = NAMES if cells >= NARROW else FEW
    return names, max(10, min(40, (cells - names - 6) // 2))


def _row(name: str, one: str, other: str, names: int, side: int, tone: str = "") -> Line:
    return (
        Span(f"   {fit(safe(name), names)} ", tone or "dim"),
        Span(f"{fit(safe(one), side)} ", tone), Span(fit(safe(other), side), tone),
    )  # fmt: skip


def _differs(differs: tuple[Sides, ...], heads: tuple[str, str], cells: int, most: int) -> list[Line]:
    if not differs:
        return [(Span("   nothing that is recorded differs but when they were made", "dim"),)]
    names, side = _sides(cells)
    shown = sorted(differs, key=lambda s: (s.name.startswith(TECHNICAL), s.name))
    lines = [_row("differs", *heads, names, side, "head")]
    lines += [_row(s.name, brief(s.one), brief(s.other), names, side) for s in shown[:most]]
    if len(shown) > most:
        lines.append((Span(f"   and {len(shown) - most} more: Enter shows them", "dim"),))
    return lines


def _importance(importance: tuple[Sides, ...], heads: tuple[str, str], cells: int, most: int) -> list[Line]:
    """How much worse each is without a column, what either leans on most first."""
    if not importance:
        return []
    names, side = _sides(cells)
    lines = [_row("importance", *heads, names, side, "head")]
    lines += [_row(s.name, measured(s.one), measured(s.other), names, side) for s in ranked(importance)[:most]]
    if len(importance) > most:
        lines.append((Span(f"   and {len(importance) - most} more: Enter shows them", "dim"),))
    return lines


def ranked(importance: Sequence[Sides]) -> list[Sides]:
    """By the larger of both sides."""

    def size(sides: Sides) -> float:
        values = [v for v in (sides.one, sides.other) if isinstance(v, int | float) and v == v]
        return -max(map(abs, values), default=0.0)

    return sorted(importance, key=lambda sides: (size(sides), sides.name))
