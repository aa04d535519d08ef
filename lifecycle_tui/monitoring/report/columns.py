"""Columns in a report: those that matter most in full, with pictures; the others in a table. Called by `page`."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.monitoring.report import svg
from lifecycle_tui.monitoring.report.content import Column, Measured
from lifecycle_tui.monitoring.report.html import (
    Html,
    chance,
    interval,
    joined,
    name,
    number,
    table,
    tag,
    text,
)

MOST_SIGNALS = 30


def full(column: Column, window: str) -> Html:
    """One column: verdict, histogram, density, quantiles, history, and every signal."""
    title = f"{column.name[:80]}"
    state = tag("span", text(column.state), class_=f"state {_tone(column.state)}")
    head = tag("h3", name(column.name, 80), Html(" "), tag("span", text(f"({column.kind}) "), class_="dim"), state)
    pictures: list[Html] = []
    if column.histogram is not None:
        drawn = svg.histogram(column.histogram, f"histogram of {title}", window)
        pictures.append(tag("figure", drawn, tag("figcaption", "share of rows in each bin")))
    if column.density is not None:
        drawn = svg.density(column.density, f"density of {title}", window)
        pictures.append(tag("figure", drawn, tag("figcaption", "density, smoothed")))
    if column.history is not None and column.history.points:
        drawn = svg.history(column.history, f"history of {title}")
        pictures.append(tag("figure", drawn, tag("figcaption", "change over windows, with interval")))
    parts = [head, tag("p", text(column.message, 400)), _facts(column), tag("div", *pictures, class_="pictures")]
    if column.quantiles:
        rows = [[text(q.name), _exact(q.reference), _exact(q.window)] for q in column.quantiles]
        shown = table("quantiles", ["", "reference", text(window)], rows, numbers=(1, 2))
        parts.append(tag("details", tag("summary", "quantiles"), shown, open=""))
    if column.signals:
        parts.append(tag("details", tag("summary", "all signals of this column"), _signals(column.signals)))
    return tag("article", *parts)


def _facts(column: Column) -> Html:
    known = [
        ("effect", interval(column.effect, column.lower, column.upper) if column.effect is not None else ""),
        ("p over all tests", chance(column.p) if column.p is not None else ""),
        ("budget", number(column.budget, 2) if column.budget is not None else ""),
        (
            "smallest effect that would have shown",
            number(column.detectable, 2) if column.detectable is not None else "",
        ),
        ("held against", column.basis),
        ("importance", f"{column.importance:.1%}" if column.importance is not None else ""),
    ]
    return tag("p", joined([text(f"{key} {said}") for key, said in known if said], " · "), class_="dim")


def _exact(value: float | None) -> str:
    return number(value, 6)


def _signals(found: Sequence[Measured]) -> Html:
    rows = [
        [name(m.name), interval(m.value, m.lower, m.upper), "-" if m.n is None else f"{m.n:,}", text(m.state),
         text(m.message, 200)]
        for m in found[:MOST_SIGNALS]
    ]  # fmt: skip
    return table(
        "signals of the newest window", ["signal", "value", "n", "state", "what it says"], rows, numbers=(1, 2)
    )


def row(column: Column) -> list[str]:
    """The column in a line of the table."""
    return [
        tag("bdi", text(column.name, 48)), tag("span", text(column.state), class_=_tone(column.state)),
        number(column.effect),
        chance(column.p), number(column.detectable, 2),
        "-" if column.importance is None else f"{column.importance:.1%}",
        text(column.message, 120),
    ]  # fmt: skip


HEADER = ["column", "state", "effect", "p", "would have shown", "importance", "what it says"]


def _tone(state: str) -> str:
    return state if state in ("ok", "drifted", "error", "cannot-tell") else "dim"
