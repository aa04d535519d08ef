"""Pictures of a report as inline SVG: histograms, densities, histories. Called by the report's sections.

Each picture has a title and a description that say in words what it shows; colours come from the page's style, and
reference and window also differ in form (outline against fill), so that print and colour-blind readers tell them apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from lifecycle_tui.monitoring.report.content import Density, Histogram, Point, Series
from lifecycle_tui.monitoring.report.html import Html, joined, number, tag, text

WIDTH, HEIGHT = 420, 150
LEFT, TOP, BOTTOM = 44, 8, 22
_FORMS = {
    "a": "fill='none' stroke='#d5dae0'", "w": "fill='#4c8dd6' fill-opacity='.55'", "r": "fill='none' stroke='#3d4a57'",
    "v": "fill='none' stroke='#4c8dd6' stroke-width='1.6'", "i": "fill='#4c8dd6' fill-opacity='.18'",
    "b": "fill='#3d4a57' fill-opacity='.12'", "bl": "fill='none' stroke='#3d4a57' stroke-dasharray='1 3'",
    "l": "fill='none' stroke='#8a5a00' stroke-dasharray='5 3'", "eb": "fill='#8b5cc7' fill-opacity='.15'",
    "e": "fill='none' stroke='#8b5cc7' stroke-dasharray='4 2'",
    "d": "fill='#b3261e'", "o": "fill='#fff' stroke='#4c8dd6'",
}  # fmt: skip
"""How each mark looks where the page's style is not applied: mail programs, converters to PDF."""

_FAR = 1e300
LABELS = 12
"""Labels of categories that are written below the bars."""


def histogram(found: Histogram, title: str, window: str) -> Html:
    """Shares of both sides in the same bins: the window filled, the reference outlined over it."""
    sides = [_shares(found.reference), _shares(found.window)]
    most = max([*sides[0], *sides[1], 0.0]) or 1.0
    bins = len(found.names)
    wide = (WIDTH - LEFT) / max(1, bins)
    parts: list[Html] = [*_frame(0.0, most, percent=True)]
    for kind, shares, inset in (("w", sides[1], 0.15), ("r", sides[0], 0.05)):
        bars = []
        for n, share in enumerate(shares):
            high = (HEIGHT - TOP - BOTTOM) * share / most
            x, w = LEFT + n * wide + wide * inset, wide * (1 - 2 * inset)
            bars.append(f"M{_at(x)} {_at(HEIGHT - BOTTOM - high)}h{_at(w)}v{_at(high)}h{_at(-w)}z")
        parts.append(_path(kind, "".join(bars)))
    if found.edges:
        ends = (found.edges[0], found.edges[-1])
        parts += [_label(LEFT, number(ends[0]), "start"), _label(WIDTH, number(ends[1]), "end")]
    elif bins <= LABELS:
        room = max(2, int(wide / 6))
        parts += [_label(LEFT + (n + 0.5) * wide, str(label)[:room], "middle") for n, label in enumerate(found.names)]
    largest = max(range(bins), key=lambda n: abs(sides[0][n] - sides[1][n]), default=None)
    said = f"shares of rows in {bins} bins, {window} (filled) over the reference (outlined)"
    if largest is not None:
        said += (
            f"; largest difference at {found.names[largest][:60]}: {sides[1][largest]:.1%} "
            f"against {sides[0][largest]:.1%}"
        )
    return _picture(parts, title, said)


def density(found: Density, title: str, window: str) -> Html:
    """Both densities as lines over the same values."""
    known = [y for y in (*found.reference, *found.window) if math.isfinite(y)]
    most = max(known, default=0.0) or 1.0
    low, high = found.at[0], found.at[-1]
    span = (high - low) or 1.0
    xs = [LEFT + (WIDTH - LEFT) * (x - low) / span for x in found.at]
    parts = [*_frame(0.0, most)]
    for kind, values in (("w", found.window), ("r", found.reference)):
        ys = [_height(y if math.isfinite(y) else most, 0.0, most) for y in values]
        line = "L".join(f"{_at(x)} {_at(y)}" for x, y in zip(xs, ys, strict=True))
        parts.append(_path(kind, f"M{_at(xs[0])} {HEIGHT - BOTTOM}L{line}L{_at(xs[-1])} {HEIGHT - BOTTOM}z"))
    parts += [_label(LEFT, number(low), "start"), _label(WIDTH, number(high), "end")]
    return _picture(parts, title, f"smoothed density of {window} (filled) and the reference (outlined)")


def history(found: Series, title: str) -> Html:
    """A signal over windows: line, interval, the reference's band, limits, estimates; gaps where there is no number."""
    low, high = _range(found)
    xs = _places(len(found.points))
    parts = [*_frame(low, high)]
    if found.band is not None:
        value, lower, upper = (_height(v, low, high) for v in found.band)
        parts.append(_path("b", f"M{LEFT} {_at(upper)}H{WIDTH}V{_at(lower)}H{LEFT}z"))
        parts.append(_path("bl", f"M{LEFT} {_at(value)}H{WIDTH}"))
    if found.limits:
        parts.append(_path("l", _line(xs, [p.limit for p in found.points], low, high)))
    if found.estimates:
        by_window = {p.window: p for p in found.estimates}
        estimates = [by_window.get(p.window, Point(p.window, None)) for p in found.points]
        parts.append(_path("eb", _ribbon(xs, estimates, low, high)))
        parts.append(_path("e", _line(xs, [p.value for p in estimates], low, high)))
    parts.append(_path("i", _ribbon(xs, found.points, low, high)))
    parts.append(_path("v", _line(xs, [p.value for p in found.points], low, high)))
    for kind, chosen in (
        ("d", [p.state == "drifted" for p in found.points]),
        ("o", [not p.final and p.state != "drifted" for p in found.points]),
    ):
        dots = "".join(
            f"M{_at(x - 3)} {_at(_height(p.value, low, high))}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0"
            for x, p, marked in zip(xs, found.points, chosen, strict=True)
            if marked and _finite(p.value)
        )
        parts.append(_path(kind, dots))
    if found.points:
        parts += [
            _label(LEFT, found.points[0].window[:24], "start"),
            _label(WIDTH, found.points[-1].window[:24], "end"),
        ]
    return _picture(parts, title, _says(found))


def _path(kind: str, d: str) -> Html:
    return Html(f"<path class='{kind}' {_FORMS[kind]} d='{d}'/>") if d else Html("")


def _says(found: Series) -> str:
    known = [p for p in found.points if _finite(p.value)]
    if not known:
        return f"no number in {len(found.points)} windows"
    values = [p.value or 0.0 for p in known]
    said = f"{len(known)} of {len(found.points)} windows have a number, "
    said += f"from {number(min(values))} to {number(max(values))}"
    said += f"; the newest is {number(values[-1])} in {known[-1].window[:40]}"
    drifted = sum(p.state == "drifted" for p in found.points)
    said += f"; drifted in {drifted} of them" if drifted else ""
    return said + (f"; {number(found.band[0])} on the reference" if found.band else "")


def _picture(parts: Iterable[Html], title: str, said: str) -> Html:
    head = Html(f"<title>{text(title)}</title><desc>{text(said, 400)}</desc>")
    return tag(
        "svg", head, *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", font_size=10, font_family="sans-serif", fill="#5b6672",
        role="img", aria_label=f"{title}: {said}"[:400],
    )  # fmt: skip


def _frame(low: float, high: float, *, percent: bool = False) -> list[Html]:
    def said(value: float) -> str:
        return f"{value:.0%}" if percent else number(value)

    return [
        _path("a", f"M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH}"),
        tag("text", said(high), x=LEFT - 4, y=TOP + 8, text_anchor="end"),
        tag("text", said(low), x=LEFT - 4, y=HEIGHT - BOTTOM, text_anchor="end"),
    ]


def _label(x: float, said: str, anchor: str) -> Html:
    return tag("text", said, x=round(x, 1), y=HEIGHT - 6, text_anchor=anchor)


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _range(found: Series) -> tuple[float, float]:
    """Least and greatest number that is drawn; intervals may stretch it to four times the values' own range."""
    core = [p.value for p in (*found.points, *found.estimates)] + [p.limit for p in found.points]
    core += list(found.band or ())
    values = [_bounded(v) for v in core if v is not None and math.isfinite(v)]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    spread = (high - low) or abs(high) * 0.1 or 1.0
    ends = [e for p in (*found.points, *found.estimates) for e in (p.lower, p.upper)]
    known = [_bounded(e) for e in ends if e is not None and math.isfinite(e)]
    low, high = max(min([low, *known]), low - 1.5 * spread), min(max([high, *known]), high + 1.5 * spread)
    return (low, high) if high > low else (low - spread, high + spread)


def _bounded(value: float) -> float:
    """Held to where differences of numbers are numbers."""
    return min(max(value, -_FAR), _FAR)


def _places(count: int) -> list[float]:
    wide = WIDTH - LEFT - 12
    return [LEFT + 6 + (wide * n / (count - 1) if count > 1 else wide / 2) for n in range(count)]


def _height(value: float | None, low: float, high: float) -> float:
    inside = min(max(value if value is not None else low, low), high)
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (inside - low) / (high - low)


def _line(xs: Sequence[float], values: Sequence[float | None], low: float, high: float) -> str:
    drawn, pen = [], "M"
    for n, (x, value) in enumerate(zip(xs, values, strict=True)):
        if not _finite(value):
            pen = "M"
            continue
        alone = pen == "M" and (n + 1 == len(values) or not _finite(values[n + 1]))
        drawn.append(f"{pen}{_at(x)} {_at(_height(value, low, high))}{'h.1' if alone else ''}")
        pen = "L"
    return "".join(drawn)


def _ribbon(xs: Sequence[float], points: Sequence[Point], low: float, high: float) -> str:
    """Intervals as one shape for each run of windows that have them; a window alone is a bar."""
    runs: list[list[tuple[float, float, float]]] = [[]]
    for x, p in zip(xs, points, strict=True):
        if _finite(p.lower) and _finite(p.upper):
            runs[-1].append((x, _height(p.lower, low, high), _height(p.upper, low, high)))
        elif runs[-1]:
            runs.append([])
    drawn = []
    for run in runs:
        run = [(run[0][0] - 2, *run[0][1:]), (run[0][0] + 2, *run[0][1:])] if len(run) == 1 else run
        above = [f"{_at(x)} {_at(top)}" for x, _, top in run]
        below = [f"{_at(x)} {_at(bottom)}" for x, bottom, _ in reversed(run)]
        drawn.append(f"M{'L'.join(above + below)}z" if run else "")
    return "".join(drawn)


def _at(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def legend(items: Sequence[tuple[str, str]]) -> Html:
    """What the marks mean: (class of the mark, words)."""
    return tag(
        "p", *(tag("span", tag("i", class_=f"k {kind}"), joined([words])) for kind, words in items), class_="legend"
    )
