"""HTML from values: everything is escaped unless it is `Html` already. Called by the report's sections.

Names and labels come from data and are hostile: markup becomes text, characters that a browser would act on
(controls, marks of direction) become visible, and what is very long is cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from lifecycle_tui.output import plain

LONGEST = 160
"""Characters of one text from the data that are shown."""


class Html(str):
    """Markup that is safe to put into the page."""

    __slots__ = ()


def text(value: str, most: int = LONGEST) -> Html:
    """A text from anywhere as markup that shows it: at most `most` characters, none of them markup or control."""
    shown = plain(value[: most + 1])
    shown = shown if len(shown) <= most else shown[: most - 1] + "…"
    return Html(escape(shown, quote=True))


def name(value: str, most: int = 60) -> Html:
    """A name from the data, kept apart from the direction of the text around it; cut ones have more as their title."""
    shown = text(value, most)
    title = Html(f' title="{text(value, 300)}"') if len(value) > most else ""
    return Html(f"<bdi{title}>{shown}</bdi>")


def tag(element: str, *children: str, **attributes: str | int | float | None) -> Html:
    """An element. Children that are not `Html` are escaped; `class_` stands for class, `_` in names for `-`."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_attribute(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{element}{said}>{joined(children)}</{element}>")


def _attribute(value: str | int | float) -> str:
    return plain(value) if isinstance(value, str) else f"{value:g}"


def joined(parts: Iterable[str], between: str = "") -> Html:
    """Parts after each other; those that are not `Html` are escaped."""
    return Html(between.join(part if isinstance(part, Html) else text(part, 2_000) for part in parts))


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()) -> Html:
    """A table with caption and scoped headers; the first cell of a row is its header. `numbers` are flushed right."""
    right = dict.fromkeys(numbers, "n")
    head = joined(tag("th", cell, scope="col", class_=right.get(i)) for i, cell in enumerate(header))
    body = []
    for row in rows:
        cells = [tag("th", row[0], scope="row")]
        cells += [tag("td", cell, class_=right.get(i)) for i, cell in enumerate(row) if i]
        body.append(tag("tr", *cells))
    inner = joined([tag("caption", caption), tag("thead", tag("tr", head)), tag("tbody", *body)])
    return tag("div", tag("table", inner), class_="wide")


def section(title: str, *children: str, id_: str) -> Html:
    """A section with its heading; nothing where there is nothing in it."""
    if not any(children):
        return Html("")
    return tag("section", tag("h2", title, id=f"{id_}-title"), *children, id=id_, aria_labelledby=f"{id_}-title")


def number(value: float | None, digits: int = 3) -> str:
    """A number for people; "-" where there is none."""
    if value is None or value != value:
        return "-"
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "-∞"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        shown = f"{value:.{digits}g}"
        return shown if "e" not in shown else f"{value:,.0f}"
    return f"{value:.{digits}g}"


def interval(value: float | None, lower: float | None, upper: float | None) -> str:
    """`0.91 [0.88, 0.94]`."""
    if lower is None or upper is None:
        return number(value)
    return f"{number(value)} [{number(lower)}, {number(upper)}]"


def chance(p: float | None) -> str:
    """A probability."""
    return "-" if p is None or p != p else "< 0.0001" if p < 1e-4 else f"{p:.2g}"
