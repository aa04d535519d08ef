"""A report as one HTML page that needs nothing else: no network, no script. Called by `lifecycle report`.

Equal content gives equal bytes, but for the line that says when. The page stays below a megabyte for any number of
columns: as many as fit are shown in full, the others in a table, and what does not fit there is counted. A table
of many columns goes before pictures of few, but never takes more than three quarters of their room.
"""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.monitoring.report import columns, sections, svg
from lifecycle_tui.monitoring.report.content import Column, Report
from lifecycle_tui.monitoring.report.html import Html, joined, section, table, tag, text
from lifecycle_tui.monitoring.report.style import CSS

MOST_BYTES = 950_000
"""Of the whole page."""
MOST_FULL = 40
"""Columns that are shown in full."""
MOST_ROWS = 5_000
"""Columns that are looked at for the table."""


def render(report: Report, generated: str) -> str:
    """The page.

    Args:
        generated: when, as text; it stands in a line of its own, the only one that differs between equal contents.
    """
    before = [sections.heading(report), sections.verdict(report), sections.alerts(report)]
    after = [
        sections.histories(report), sections.drift(report), sections.segments(report), sections.importance(report),
        sections.logs(report), sections.data(report), sections.versions(report), sections.how(report),
    ]  # fmt: skip
    room = MOST_BYTES - len(CSS) - sum(map(_size, (*before, *after))) - 8_000
    body = joined([*before, _columns(report.columns, report.window, room), *after], "\n")
    title = text(f"{report.model}: {report.health}", 120)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        f'<footer class="dim">\n<p>generated at {text(generated)}</p>\n</footer>\n</body>\n</html>\n'
    )


def _columns(found: Sequence[Column], window: str, room: int) -> Html:
    if not found:
        return Html("")
    marks = [
        ("w", "window"), ("r", "reference"), ("i", "95 % interval"), ("d", "drifted"),
        ("l", "smallest effect that would have shown"),
    ]  # fmt: skip
    rows = [columns.row(column) for column in found[:MOST_ROWS]]
    listed = min(room * 3 // 4, sum(map(_taken, rows)))
    shown: list[Html] = []
    spent = 0
    for column in found[:MOST_FULL]:
        drawn = columns.full(column, window)
        if spent + _size(drawn) > room - listed:
            break
        shown.append(drawn)
        spent += _size(drawn)
    rows = _fitting(rows[len(shown) :], room - spent)
    left = len(found) - len(shown) - len(rows)
    parts = [svg.legend(marks), *shown]
    if rows:
        parts.append(table(f"the other {len(rows):,} columns", columns.HEADER, rows, numbers=(2, 3, 4, 5)))
    if left:
        parts.append(tag("p", f"and {left:,} more columns: `lifecycle check --format json` has all", class_="dim"))
    return section("Columns, most important first", *parts, id_="columns")


def _fitting(rows: Sequence[list[str]], room: int) -> list[list[str]]:
    """The first rows that fit."""
    for n, row in enumerate(rows):
        room -= _taken(row)
        if room < 0:
            return list(rows[:n])
    return list(rows)


def _taken(row: Sequence[str]) -> int:
    """Bytes of a row with the table's own markup."""
    return sum(map(_size, row)) + 120


def _size(part: str) -> int:
    return len(part.encode())
