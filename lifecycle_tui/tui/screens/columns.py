"""What the grids of the drift pane show: windows, a window's columns, its data report.

Functions from a row to a cell, and nothing else; the pane puts them on the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import DataFinding
from lifecycle_tui.tui import marks, view
from lifecycle_tui.tui.column_facts import CHANGE
from lifecycle_tui.tui.grid import Cell, Column
from lifecycle_tui.tui.text import count, number, percent, width
from lifecycle_tui.tui.view import ColumnLine, WindowLine


def signal_cell(signal: Signal | None) -> Cell:
    """A signal where its value belongs: the number, or in its stead what went wrong and where."""
    if signal is None:
        return Cell("", "dim")
    mark = marks.signal(signal.state)
    if signal.state == "error":
        return Cell(f"{mark.sign()} {view.where(signal)}", mark.tone)
    if signal.value is None:
        return Cell(mark.sign(), "dim")
    return Cell(view.shown(signal), {"drifted": mark.tone, "cannot-tell": "dim"}.get(signal.state, ""))


def _share(w: WindowLine) -> Cell:
    if w.share is None or w.share.value is None:
        return signal_cell(w.share)
    drifted = w.count is not None and bool(w.count.value)
    largest = number(w.largest.value, 2) if w.largest is not None else ""
    return Cell(f"{percent(w.share.value)} {largest}", "warning" if drifted else "")


def _labels(w: WindowLine) -> Cell:
    if not w.row.rows:
        return Cell("-", "dim")
    share = percent(w.labels / w.row.rows)
    return Cell(share if w.mature else f"{share} …", "" if w.mature else "dim")


def _data(w: WindowLine) -> Cell:
    return Cell(f"{len(w.findings)} {marks.SIGNAL['error'].sign()}", "warning") if w.findings else Cell("")


def window_columns(metric: str | None, trend: bool) -> tuple[Column[WindowLine], ...]:
    """Columns of the list of windows; the key metric's name is the title of its column."""
    return (
        Column("window", "window", 13, lambda w: Cell(w.key), sort=lambda w: w.key, down=True, grow=2, most=24),
        Column("rows", "rows", 9, lambda w: Cell(count(w.row.rows)), sort=lambda w: w.row.rows, down=True, right=True),
        Column("labels", "labels", 8, _labels, sort=lambda w: w.labels, down=True, right=True),
        Column("drift", "drift max", 10, _share, sort=lambda w: w.share.value if w.share else None, down=True,
               right=True),
        Column("metric", metric or "metric", 9 if metric else 0, lambda w: signal_cell(w.metric),
               sort=lambda w: w.metric.value if w.metric else None, right=True),
        Column("interval", "interval", 16 if metric else 0,
               lambda w: Cell(view.interval(w.metric) if w.metric else "", "dim"), needs=76, right=True),
        Column("data", "data", 5, _data, sort=lambda w: len(w.findings) or None, down=True, right=True),
        Column("version", "version", 10, lambda w: Cell(w.version), needs=100),
        Column("state", "", 10, lambda w: Cell("" if w.row.complete else "not complete", "dim"), needs=100, grow=1,
               most=14),
    )  # fmt: skip


def detectors_of(lines: Iterable[ColumnLine]) -> list[tuple[str, int]]:
    """The detectors that say something about these columns, in the order of the screen, and cells that each needs.

    A number takes seven; where a detector failed, the place of the failure is shown in full as far as it goes.
    """
    room: dict[str, int] = {}
    for line in lines:
        for name, signal in line.signals:
            if name == CHANGE and signal.state != "error":
                continue  # it is the effect
            wide = width(view.where(signal)) + 2 if signal.state == "error" else 7
            room[name] = min(26, max(room.get(name, min(len(name), 12)), wide))
    return sorted(room.items(), key=lambda item: view.leading(item[0]))


def _state(c: ColumnLine) -> Cell:
    mark = marks.signal(c.state)
    return Cell(mark.text(), mark.tone)


def _by_detector(name: str) -> tuple[Callable[[ColumnLine], Cell], Callable[[ColumnLine], float | None]]:
    share = name in ("missing", "unseen")

    def cell(c: ColumnLine) -> Cell:
        found = c.signal(name)
        if share and found is not None and found.value is not None and found.state != "error":
            return Cell(percent(found.value), marks.signal(found.state).tone if found.state == "drifted" else "")
        return signal_cell(found)

    def value(c: ColumnLine) -> float | None:
        found = c.signal(name)
        return None if found is None else found.value

    return cell, value


def column_columns(
    detectors: Iterable[tuple[str, int]], past: Callable[[ColumnLine], str], weighed: bool = False
) -> tuple[Column[ColumnLine], ...]:
    """Columns of the list of a window's columns: one for each detector, as many as there are.

    Args:
        detectors: their names, and how much room their values take.
        past: draws a column's leading signal over the last windows.
        weighed: whether it is known what the model leans on.
    """
    measured = []
    for name, room in detectors:
        cell, value = _by_detector(name)
        measured.append(Column(name, name, room, cell, sort=value, down=True, right=True))
    return (
        Column("state", "state", 13, _state, sort=lambda c: c.rank),
        Column("column", "column", 14, lambda c: Cell(c.name, "bold"), sort=lambda c: c.name.casefold(), grow=2,
               most=32),
        Column("effect", "effect", 7, lambda c: Cell(number(c.effect)), sort=lambda c: c.effect, down=True,
               right=True),
        Column("importance", "leans", 6 if weighed else 0, lambda c: Cell(percent(c.importance)),
               sort=lambda c: c.importance, down=True, right=True, words="importance"),
        Column("score", "both", 7 if weighed else 0, lambda c: Cell(number(c.score, 4)), sort=lambda c: c.score,
               down=True, right=True, needs=110, words="drift times importance"),
        *measured,
        Column("past", "past", 9, lambda c: Cell(past(c))),
        Column("message", "why", 12, lambda c: Cell(c.message, "dim"), grow=6, needs=100),
    )  # fmt: skip


def searched(line: ColumnLine) -> str:
    """What a filter of columns looks in."""
    return f"{line.name} {line.state} {line.message}"


FINDING_COLUMNS: tuple[Column[tuple[int, DataFinding]], ...] = (
    Column("count", "count", 9, lambda f: Cell(count(f[1].count)), sort=lambda f: f[1].count, down=True, right=True),
    Column("code", "finding", 18, lambda f: Cell(f[1].code, "warning"), sort=lambda f: f[1].code),
    Column("column", "column", 12, lambda f: Cell(f[1].column or ""), sort=lambda f: f[1].column, grow=1, most=24),
    Column("message", "what", 20, lambda f: Cell(f[1].message), grow=5),
    Column("effect", "done about it", 18, lambda f: Cell(f[1].effect or "", "dim"), needs=90, grow=1, most=40),
)
