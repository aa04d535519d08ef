"""The fleet's columns, and the line about the model under the cursor. Called by the fleet screen; pure.

At 80 columns a running job stands where the window stands otherwise, and what comes next in the line below alone; on
narrower screens the history, the champion and the metric are left out in this order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from lifecycle_tui.plots import sparkline
from lifecycle_tui.tui import ages, marks
from lifecycle_tui.tui.cells import Cell, Column
from lifecycle_tui.tui.reads.fleet import FleetLine
from lifecycle_tui.tui.reads.fleet_page import GroupLine
from lifecycle_tui.tui.text import Line, Span, count, cut, joined, number, percent, safe, width

TREND = 8
"""Windows in the small history."""
SHARES = 16
LEAST = 24
"""Cells in which a part of the line below says something."""
BETWEEN = " · "
ESTIMATED = "~"
"""Before a metric that is estimated, because the labels of the newest window are still to come."""
WIDE = 100
"""Cells from which a job has a column of its own."""


def _health(m: FleetLine) -> Cell:
    mark = marks.health(m.model.health)
    return Cell(mark.text(), mark.tone)


def _name(m: FleetLine) -> Cell:
    return Cell(m.name, "bold" if m.model.declared else "dim")


def _drift(m: FleetLine) -> Cell:
    model = m.model
    if model.drift_share is None:
        return Cell("-", "dim")
    share = f"{model.drift_count}/{model.drift_columns}" if model.drift_columns else percent(model.drift_share)
    return Cell(f"{share} {number(model.drift_max, 2)}", "warning" if model.drift_count else "")


def _metric(m: FleetLine) -> Cell:
    """What came true; where labels are still to come its estimate, with a sign that says so."""
    model = m.model
    if model.metric is None:
        return Cell("-", "dim")
    if model.metric_estimate is not None:
        return Cell(f"{model.metric} {ESTIMATED}{number(model.metric_estimate)}")
    return Cell(f"{model.metric} {number(model.metric_value)}")


def _champion(m: FleetLine) -> Cell:
    """The champion's number, and after an arrow who is to follow it: the challenger, else who waits for approval."""
    champion = "-" if m.model.champion is None else str(m.model.champion)
    other = m.beside.waits if m.beside.waits is not None else m.beside.challenger
    if other is None:
        return Cell(champion)
    return Cell(f"{champion}{'>' if marks.plain_glyphs() else '→'}{other}", "info")


def _beside(m: FleetLine) -> Cell:
    return Cell(beside(m), "info")


def beside(m: FleetLine) -> str:
    """Who stands beside the champion, in words."""
    challenger, waits = m.beside
    if waits is not None:
        return f"version {waits} waits for approval"
    return "" if challenger is None else f"version {challenger} is judged"


def _trend(m: FleetLine) -> Cell:
    past = m.model.metric_history if m.model.metric is not None else m.model.drift_history
    return Cell(sparkline(past, TREND, ascii_only=marks.plain_glyphs()))


def _shares(m: FleetLine) -> Cell:
    return Cell(sparkline(m.model.drift_history, SHARES, low=0.0, ascii_only=marks.plain_glyphs()))


def _alerts(m: FleetLine) -> Cell:
    if not m.model.alerts_open:
        return Cell("")
    mark = marks.severity(m.model.severity)
    return Cell(f"{m.model.alerts_open} {mark.sign()}", mark.tone)


def _window(m: FleetLine) -> Cell:
    return Cell(m.model.window_key or "-")


def _window_or_job(m: FleetLine) -> Cell:
    return _job(m) if m.job is not None and m.job.running else _window(m)


def _job(m: FleetLine) -> Cell:
    if m.job is None:
        return Cell("")
    return Cell(m.job.short, "info" if m.job.running else "dim")


def _next(m: FleetLine) -> Cell:
    found = m.following
    return Cell("" if found is None or found.past else joined((found.when, found.text), " "))


def _due(m: FleetLine) -> datetime | None:
    return None if m.following is None else m.following.due


_WINDOW: Column[FleetLine] = Column(
    "window", "window", 12, _window_or_job, sort=lambda m: m.model.window_key, down=True, grow=1, most=19, until=WIDE
)
COLUMNS: tuple[Column[FleetLine], ...] = (
    Column("health", "state", 10, _health, sort=lambda m: marks.health(m.model.health).rank),
    Column("name", "model", 13, _name, sort=lambda m: m.name.casefold(), grow=3, most=44),
    Column("champion", "ver", 3, _champion, sort=lambda m: m.model.champion, down=True, words="champion", grow=1,
           most=7, needs=71),
    _WINDOW,
    replace(_WINDOW, key="window-alone", width=10, cell=_window, needs=WIDE, until=0),
    Column("drift", "drift max", 9, _drift, sort=lambda m: m.model.drift_share, down=True, words="drift"),
    Column("metric", "metric", 12, _metric, sort=lambda m: m.model.metric, grow=1, most=20, needs=67),
    Column("trend", "trend", TREND, _trend, needs=80),
    Column("alerts", "!", 3, _alerts, sort=lambda m: m.model.alerts_open or None, down=True,
           words="alerts"),
    Column("job", "job", 15, _job, sort=lambda m: None if m.job is None else (not m.job.running, m.job.id), needs=WIDE),
    Column("next", "next", 18, _next, sort=_due, grow=4, most=34, needs=120),
    Column("shares", "drift share", SHARES, _shares, needs=140),
    Column("message", "why", 46, lambda m: Cell(why(m), "dim"), grow=12, needs=180),
    Column("owner", "owner", 12, lambda m: Cell(m.model.owner or "-"), sort=lambda m: m.model.owner, needs=200),
    Column("rows", "rows", 10, lambda m: Cell(count(m.model.window_rows)), sort=lambda m: m.model.window_rows,
           down=True, right=True, needs=210),
    Column("task", "task", 10, lambda m: Cell(m.model.task or "-"), sort=lambda m: m.model.task, needs=220),
    Column("beside", "beside the champion", 28, _beside, needs=250),
)  # fmt: skip


def why(m: FleetLine) -> str:
    """Why the model is in its state; what to do where nobody has looked yet."""
    if not m.model.declared:
        return "lifecycle.toml does not declare it any more"
    if m.model.evaluated_at is None and not m.model.message:
        return "never checked: `lifecycle check` looks at it"
    return m.model.message or ""


def about(m: FleetLine, now: datetime, cells: int) -> Line:
    """Why the model is in its state, and what happens next, in one line of so many cells.

    What happens next is short and may take half of it; what happened last takes what the reason leaves.
    """
    model, mark = m.model, marks.health(m.model.health)
    head = Span(f" {mark.sign()} {cut(safe(model.name), max(12, cells // 4))}  ", mark.tone)
    room = cells - width(head.text)
    said, then = safe(why(m)), safe(_then(m))
    if m.job is None and m.following is not None and m.following.past:
        then = cut(then, room - width(said) - len(BETWEEN)) if room - width(said) > LEAST else ""
    else:
        then = cut(then, max(LEAST, room // 2, room - width(said) - len(BETWEEN)))
    room -= width(then) + len(BETWEEN) if then else 0
    estimate = ""
    if model.metric_estimate is not None:
        came = "" if model.metric_value is None else f", last came true {number(model.metric_value)}"
        estimate = f"{model.metric} estimated {number(model.metric_estimate)}{came}"
    column = f"most: {model.drift_column} {number(model.drift_max)}" if model.drift_column and model.drift_count else ""
    checked = f"checked {ages.ago(model.evaluated_at, now)}" if model.evaluated_at else ""
    for more in (beside(m), estimate, column, checked):
        longer = joined((said, safe(more)))
        said = longer if width(longer) <= room else said
    said = cut(said, room)
    between = BETWEEN if said and then else ""
    return head, Span(said), Span(between), Span(then, "info" if m.job is not None else "")


def _then(m: FleetLine) -> str:
    """What is done now; else what comes next; else what the loop did last."""
    if m.job is not None:
        return joined((m.job.short, m.job.doing), ": ")
    if m.following is None:
        return ""
    if m.following.past:
        return f"last: {m.following.text}"
    return f"next: {joined((m.following.when, m.following.text), ' ')}"


def about_group(line: GroupLine) -> Line:
    """What a group is, and what can be done with it."""
    named = f"{line.by} {safe(line.group.value)}" if line.group.value is not None else f"no {line.by}"
    size = line.group.size
    return (
        Span(f" {named}  ", "bold"),
        Span(f"{size:,} {'model' if size == 1 else 'models'} · Enter {'shows' if line.folded else 'hides'} them · "
             "Space marks them all"),
    )  # fmt: skip
