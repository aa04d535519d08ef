"""How what state keeps as records reads on a page: named facts in sections, numbers with intervals, JSON values.

Pure. Called by the pages and panels about a version, an alert, or an entry of the history.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.tui.text import Line, Span, count, cut, fold, moment, number, safe, width

NAMES = 24
"""Cells that a fact's name takes at most; a longer one is cut."""
MOST = 400
"""Facts of one section that are shown; a version may have thousands of features."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and what is known under it; the text is folded into as many lines as it needs."""

    name: str
    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Facts under a title; "" for those at the top."""

    title: str
    facts: tuple[Fact, ...]


def facts(*pairs: tuple[str, Any]) -> tuple[Fact, ...]:
    """Facts of those pairs that say something: None and "" are left out; instants to the minute."""
    return tuple(Fact(name, said(value)) for name, value in pairs if value not in (None, ""))


def section(title: str, values: Mapping[str, Any]) -> Section:
    """A mapping's values, nested ones flattened, by name."""
    return Section(title, tuple(Fact(name, measured(value)) for name, value in sorted(flat(values).items())))


def lines(sections: Iterable[Section], cells: int) -> list[Line]:
    """Sections drawn in lines of at most `cells` cells; empty ones are left out."""
    found: list[Line] = []
    for part in sections:
        if not part.facts:
            continue
        if found:
            found.append(())
        if part.title:
            found.append((Span(f" {part.title}", "bold"),))
        found += _facts(part.facts[:MOST], cells)
        if len(part.facts) > MOST:
            found.append((Span(f"   and {len(part.facts) - MOST:,} more", "dim"),))
    return found


def _facts(shown: Sequence[Fact], cells: int) -> Iterable[Line]:
    wide = min(NAMES, max(width(safe(fact.name)) for fact in shown))
    for fact in shown:
        name = cut(safe(fact.name), wide)
        for place, text in enumerate(fold(fact.text, max(10, cells - wide - 6))):
            head = name + " " * (wide - width(name)) if place == 0 else " " * wide
            yield Span(f"   {head}  ", "dim"), Span(text, fact.tone)


def said(value: Any) -> str:
    """A value in words: instants to the minute, lists with commas, counts with thousands."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(said, value))
    return "-" if value is None else str(value)


def measured(value: Any, *, n: bool = True) -> str:
    """A JSON value; of a measured number its interval and what it rests on: `0.91 (0.89 to 0.93), n 4,000`."""
    if not isinstance(value, Mapping):
        return said(value)
    if "value" not in value:
        return ", ".join(f"{name} {measured(inner)}" for name, inner in value.items()) or "none"
    text = number(_float(value.get("value")))
    lower, upper = _float(value.get("lower")), _float(value.get("upper"))
    if lower is not None or upper is not None:
        text += f" ({number(lower)} to {number(upper)})"
    rows = value.get("n")
    return text + (f", n {count(rows)}" if n and isinstance(rows, int) and not isinstance(rows, bool) else "")


def brief(value: Any) -> str:
    """A cell beside another: of an instant its minute, of a digest its beginning."""
    if isinstance(value, str):
        if re.fullmatch(r"[0-9a-f]{32,64}", value):
            return value[:12]
        if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:.*Z", value):
            return value[:16].replace("T", " ")
    return measured(value)


def flat(found: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted names; a measured number stays whole."""
    result: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, Mapping) and not _is_measured(value):
            result |= flat(value, f"{prefix}{name}.")
        else:
            result[f"{prefix}{name}"] = value
    return result


def _is_measured(value: Mapping[str, Any]) -> bool:
    return "value" in value and {"lower", "upper", "n"} & value.keys() != set()


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
