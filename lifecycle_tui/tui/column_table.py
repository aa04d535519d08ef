"""A column's numbers on both sides, and its verdict in words: the table below its picture. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.tui import column_facts
from lifecycle_tui.tui.column_facts import CHANGE, Shape, Side
from lifecycle_tui.tui.text import Line, Span, count, fold, joined, number, percent
from lifecycle_tui.tui.view import ColumnLine

NAME = 10
CELL = 9
"""Cells of a number, the one between it and the next included."""

DROPPED = ("1%", "99%", "5%", "95%", "rows", "std", "min", "max", "25%", "75%")
"""Left out where there is no room, in this order."""


def lines(column: ColumnLine, shape: Shape | None, cells: int) -> list[Line]:
    """The table, then what the verdict says and rests on; in lines of at most `cells` cells."""
    return [*table(shape, cells), *_verdict(column, cells)]


def table(shape: Shape | None, cells: int) -> list[Line]:
    """A line of titles and one for each side; as many numbers as fit."""
    if shape is None:
        return []
    sides = [_numbers(shape, side) for side in (shape.reference, shape.window)]
    names = [name for name in sides[0] if any(side.get(name) for side in sides)]
    for name in DROPPED:
        if NAME + 1 + CELL * len(names) <= cells:
            break
        names = [n for n in names if n != name]
    names = names[: max(1, (cells - NAME - 1) // CELL)]
    head = f" {'':<{NAME}}" + "".join(f"{name:>{CELL}}" for name in names)
    return [(Span(head, "dim"),), *(_line(title, side, names) for title, side in
            zip(("reference", "window"), sides, strict=True))]  # fmt: skip


def _line(title: str, side: dict[str, str], names: Sequence[str]) -> Line:
    return (Span(f" {title:<{NAME}}", "dim"), Span("".join(f"{side.get(name) or '-':>{CELL}}" for name in names)))


def _numbers(shape: Shape, side: Side) -> dict[str, str]:
    """Title → number, in the order of the table; "" is not known."""
    share = None if not side.rows or side.missing is None else side.missing / side.rows
    found = {"rows": "" if side.rows is None else count(side.rows), "missing": "" if share is None else percent(share)}
    if shape.kind == "categorical":
        return found | {"labels": "" if side.distinct is None else count(side.distinct)}
    if shape.kind == "time":  # in a unit that state does not know
        return found
    quantiles = dict(zip(shape.at, side.quantiles, strict=False))
    return {
        "min": _short(side.minimum),
        **{f"{q:g}%": _short(quantiles.get(q)) for q in shape.at},
        "max": _short(side.maximum), "mean": _short(side.mean), "std": _short(side.std), **found,
    }  # fmt: skip


def _short(value: float | None) -> str:
    """At most eight cells."""
    if value is None:
        return ""
    text = number(value)
    return text if len(text) < CELL else f"{value:.1e}"


def _verdict(column: ColumnLine, cells: int) -> list[Line]:
    own = column.signal(CHANGE)
    judged = column_facts.verdict(own)
    found: list[Line] = []
    if own is not None and own.message:
        found += [(Span(f" {line}"),) for line in fold(own.message, max(10, cells - 2), most=3)]
    if judged is None:
        return found
    windows = f"{judged.windows} windows summed" if judged.windows > 1 else "this window alone"
    spent = ""
    if judged.p is not None and judged.alpha:
        spent = f"p {judged.p:.2g} of a budget of {judged.alpha:.2g}"
    told = joined((
        windows, spent, judged.basis,
        "" if judged.floor is None else f"floor {number(judged.floor)}",
        "" if judged.detectable is None else f"smallest that one window shows {number(judged.detectable)}",
        "" if judged.lasting is None else f"that lasts {number(judged.lasting)}",
    ))  # fmt: skip
    return [*found, *((Span(f" {line}", "dim"),) for line in fold(told, max(10, cells - 2), most=3))]
