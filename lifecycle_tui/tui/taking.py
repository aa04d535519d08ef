"""What can be taken out of a grid: how it is set, the row under its cursor, and all its rows as a table.

Called by `Part` for whatever it filters, so that a screen with a grid is remembered, copied and exported without a line
of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lifecycle_tui.tui import marks
from lifecycle_tui.tui.cells import Column, laid_out
from lifecycle_tui.tui.text import safe

if TYPE_CHECKING:
    from textual.widget import Widget

    from lifecycle_tui.tui.export import Table, Value
    from lifecycle_tui.tui.grid import Grid
    from lifecycle_tui.tui.text import Line

ROOM = 100_000
"""Cells of a screen that every column fits on."""


def settings(grid: Grid[Any]) -> dict[str, str]:
    """The order that a person has chosen in a grid; what is as it always begins is left out.

    A filter is none: it comes back at the very place where it was left (`memory.Spot`), and hides nothing elsewhere.
    """
    found = {"sort": grid.order.sort or "", "reverse": "1" if grid.order.reverse else ""}
    return {name: value for name, value in found.items() if value}


def restore(grid: Grid[Any], given: Mapping[str, str]) -> None:
    """Set a grid as `settings` gave it; a column that there is no more is no order."""
    order = given.get("sort")
    if order is not None and any(c.key == order and c.sort is not None for c in grid.columns):
        grid.sort_by(order)
    if given.get("reverse") and (order is None or grid.order.sort == order):
        grid.sort_reverse()


def cursor(grid: Grid[Any]) -> str | None:
    """The key of the row under the cursor."""
    return grid._cursor


def row(grid: Grid[Any]) -> str:
    """The row under the cursor: its cells with something in them, between tabs; "" where there is none."""
    value = grid.row
    if value is None:
        return ""
    cells = (_word(safe(column.cell(value).text)).strip() for column in _columns(grid.columns))
    return "\t".join(cell for cell in cells if cell)


def table(grid: Grid[Any], name: str) -> Table:
    """All rows as they show, filtered and sorted, whether in view or not; with the columns of a wide screen.

    Args:
        name: what to call the file.
    """
    return table_of(grid.columns, grid.rows, name)


def table_of(columns: Sequence[Column[Any]], rows: Iterable[Any], name: str) -> Table:
    """The same of rows that no grid holds. For any thread: 10,000 of them take a quarter of a second."""
    from lifecycle_tui.tui.export import Table

    wide = _columns(columns)
    values = tuple(tuple(_value(c, value) for c in wide) for value in rows)
    return Table(name, _titles(wide), values, frozenset(at for at, c in enumerate(wide) if c.right))


def text(widget: Widget | None) -> str:
    """What a widget says: all of a page (`Pager.written`), of other lines those in view."""
    if widget is None:
        return ""
    whole: str | None = getattr(widget, "written", None)
    if whole is not None:
        return whole
    return "\n".join(widget.render_line(y).text.rstrip() for y in range(widget.size.height)).strip("\n")


def lines(shown: Sequence[Line]) -> str:
    """Lines of spans as text."""
    return "\n".join("".join(safe(span.text) for span in line).rstrip() for line in shown).strip("\n")


def _columns(columns: Sequence[Column[Any]]) -> list[Column[Any]]:
    """Those of a wide screen; one without a title is a picture beside the others, as the lineage is."""
    return [column for column, _ in laid_out(columns, ROOM) if column.said]


def _titles(columns: Sequence[Column[Any]]) -> tuple[str, ...]:
    """One title a column, each once: in files they are names."""
    found: list[str] = []
    for column in columns:
        found.append(column.said if column.said not in found else f"{column.said} ({column.key})")
    return tuple(found)


def _value(column: Column[Any], row: Any) -> Value:
    return column.value(row) if column.value is not None else _word(column.cell(row).text).strip()


def _word(text: str) -> str:
    """A state without its sign: in a file the word says it."""
    if not _WORDS:
        for table in (marks.HEALTH, marks.SIGNAL, marks.SEVERITY, marks.JOB, marks.VERDICT):
            _WORDS.update({f"{sign} {m.word}": m.word for m in table.values() for sign in (m.glyph, m.ascii)})
    return _WORDS.get(text, text)


_WORDS: dict[str, str] = {}
