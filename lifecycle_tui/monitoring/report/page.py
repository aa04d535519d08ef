"""A report as one HTML page that needs nothing else: no network, no script. Called by `lifecycle report`.

Equal content gives equal bytes, but for the line that says when. The page stays below a megabyte for any number of
columns: as many as fit are shown in full, the others in a table, and what does not fit there is counted.
"""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.monitoring.report import columns, sections, svg
from lifecycle_tui.monitoring.report.content import Column, Report
from lifecycle_tui.monitoring.report.html import Html, joined, section, table, tag, text
from lifecycle_tui.monitoring.report.style import CSS

MOST_BYTES = 950_000
"""Of the whole page."""
FULL_BYTES = 650_000
"""Until which columns are shown in full."""
MOST_FULL = 40


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
    room = MOST_BYTES - len(CSS) - sum(map(_size, (*before, *after))) - 2_000
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
    shown: list[Html] = []
    spent = 0
    for column in found[:MOST_FULL]:
        drawn = columns.full(column, window)
        if spent + _size(drawn) > min(FULL_BYTES, room - 120 * 1024):
            break
        shown.append(drawn)
        spent += _size(drawn)
    rows, left = _rows(found[len(shown) :], room - spent - 4_000)
    parts = [svg.legend(marks), *shown]
    if rows:
        parts.append(table(f"the other {len(rows):,} columns", columns.HEADER, rows, numbers=(2, 3, 4, 5)))
    if left:
        parts.append(tag("p", f"and {left:,} more columns: `lifecycle check --format json` has all", class_="dim"))
    return section("Columns, most important first", *parts, id_="columns")


def _rows(found: Sequence[Column], room: int) -> tuple[list[list[str]], int]:
    """Rows of the table that fit, and how many columns do not."""
    rows: list[list[str]] = []
    for n, column in enumerate(found):
        row = columns.row(column)
        room -= sum(map(_size, row)) + 120
        if room < 0:
            return rows, len(found) - n
        rows.append(row)
    return rows, 0


def _size(part: str) -> int:
    return len(part.encode())
