"""The overview of a model in words: what a person on call asks, in the order of asking. Pure; called by the pane.

state       why it is in this state, since when, how it stands against its rules
to do       the likely next action and its key
reading     what most likely happened in the newest window, what shows it, and what to do about that
who serves, what waits, what runs, what comes next
numbers     the key metric and the drift over the last windows
before      what happened last
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.plots import sparkline
from lifecycle_tui.state.alerts import AlertRow
from lifecycle_tui.state.job_words import how_far, left_text
from lifecycle_tui.tui import ages, marks, view
from lifecycle_tui.tui.advice import Advice, Situation, advise
from lifecycle_tui.tui.declared import Declared
from lifecycle_tui.tui.panes import reading_lines
from lifecycle_tui.tui.panes.performance_rows import level_text
from lifecycle_tui.tui.reads.model import Story
from lifecycle_tui.tui.reads.reading import Reading
from lifecycle_tui.tui.text import Line, Span, cut, fold, joined, moment, number, percent
from lifecycle_tui.tui.thresholds import thresholds
from lifecycle_tui.tui.view import WindowLine

NAME = 12
"""Cells of the names at the left."""
ALERTS = 3
"""Alerts that are told in full."""
PAST = 16


@dataclass(frozen=True, slots=True)
class Overview:
    """All that is told.

    Attributes:
        windows: the last ones, newest first.
        agent: whether one runs.
        reading: of the newest window.
    """

    story: Story
    declared: Declared
    windows: tuple[WindowLine, ...]
    now: datetime
    agent: bool
    reading: Reading | None = None


def lines(about: Overview, cells: int, *, numbers: bool = True) -> list[Line]:
    """The overview in lines of at most `cells` cells.

    Args:
        numbers: with the lines of small histories; without, where they are drawn beside.
    """
    return [
        *_state(about, cells),
        *_advice(about, cells),
        *reading_lines.lines(about.reading, cells, NAME),
        (),
        *_champion(about, cells),
        *_waiting(about, cells),
        *_job(about, cells),
        *_next(about, cells),
        (),
        *(_numbers(about, cells) if numbers else ()),
        *_before(about, cells),
    ]


def situation(about: Overview) -> Situation:
    """What advice is given on."""
    story = about.story
    unseen = [row for row in story.alerts if row.alert.acknowledged_by is None]
    newest = about.windows[0] if about.windows else None
    drifted = int(newest.count.value or 0) if newest is not None and newest.count is not None else 0
    return Situation(
        pending=story.approval.version if story.approval is not None else None,
        approvers=about.declared.approvers,
        passed=passed(story),
        unseen=tuple(row.alert.rule for row in unseen),
        seen=tuple(row.alert.rule for row in story.alerts if row.alert.acknowledged_by is not None),
        caused=any(row.alert.detail.get("columns") or _about_drift(row) for row in story.alerts),
        drifted=drifted,
        error=story.model.health == "error",
        running=story.job.kind if story.job is not None else None,
        agent=about.agent,
        checked=story.model.evaluated_at is not None,
        declared=story.model.declared,
    )


def passed(story: Story) -> int | None:
    """The challenger that passed its gates against the present champion and is not champion yet."""
    judged, challenger = story.judgement, story.challenger
    if judged is None or challenger is None or judged.verdict != "passed":
        return None
    against = story.champion.version if story.champion is not None else None
    return challenger.version if judged.champion == against else None


def _about_drift(row: AlertRow) -> bool:
    numbers = row.alert.detail.get("numbers")
    return isinstance(numbers, dict) and any(str(name).startswith("drift.") for name in numbers)


# ── state ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _state(about: Overview, cells: int) -> list[Line]:
    story = about.story
    mark = marks.health(story.model.health)
    since = f"since {moment(story.since)} ({ages.ago(story.since, about.now)})" if story.since is not None else ""
    reason = "" if story.alerts else _reason(story)
    lines: list[Line] = [(Span(f" {mark.text()}  ", mark.tone), Span(joined((since, reason))))]
    for row in story.alerts[:ALERTS]:
        lines += _alert(row, about.now, cells)
    if len(story.alerts) > ALERTS:
        more = len(story.alerts) - ALERTS
        lines.append((Span(f"   and {more} more alert{'s' * (more != 1)}: ", "dim"), Span("5", "key")))
    message = story.model.message or ""
    if story.alerts and story.model.health == "error" and message:
        lines += _folded(message, cells, "error")
    return lines


def _reason(story: Story) -> str:
    model = story.model
    if model.message:
        return model.message
    if model.evaluated_at is None:
        return "never checked"
    return {"ok": "no rule fires", "unknown": "too little is known to tell"}.get(model.health, "")


def _alert(row: AlertRow, now: datetime, cells: int) -> list[Line]:
    """What the rule says now, and since when it fires."""
    alert = row.alert
    mark = marks.severity(alert.severity)
    latest = alert.detail.get("latest")
    told = latest if isinstance(latest, str) and latest else alert.message
    known = alert.detail.get("windows")
    held = (len(known) if isinstance(known, list | tuple) else 1) + alert.repeats
    taken = "not acknowledged"
    if alert.acknowledged_by:
        when = f" {ages.ago(row.acknowledged_at, now)}" if row.acknowledged_at is not None else ""
        taken = f"acknowledged by {alert.acknowledged_by}{when}" + (f": {row.note}" if row.note else "")
    name = f"{mark.sign()} {alert.rule}  "
    first, *rest = fold(f"{name}{told}", max(10, cells - 6), most=2) or [name]
    named = first[: len(name)]
    head: list[Line] = [(Span(f"   {named}", mark.tone), Span(first[len(named) :]))]
    head += [(Span(f"     {line}"),) for line in rest]
    since = f"{held} window{'s' * (held != 1)} since {alert.since}, opened {ages.ago(alert.opened, now)}"
    return [*head, *_folded(joined((since, taken)), cells, "dim", indent=5)]


def _folded(text: str, cells: int, tone: str = "", indent: int = 3) -> list[Line]:
    return [(Span(" " * indent + line, tone),) for line in fold(text, max(10, cells - indent - 1), most=3)]


def _advice(about: Overview, cells: int) -> list[Line]:
    given = advise(situation(about))
    return [_advised(one, first=place == 0) for place, one in enumerate(given[:3])]


def _advised(one: Advice, *, first: bool) -> Line:
    name = _name("to do" if first else "", "bold")
    if not one.key:
        return (name, Span(one.what, one.tone))
    return (name, Span(f" {one.key} ", "title"), Span(f" {one.what}", one.tone))


def _name(text: str, tone: str = "dim") -> Span:
    return Span(f" {text:<{NAME}}", tone)


def _named(name: str, text: str, cells: int, tone: str = "", most: int = 2) -> list[Line]:
    """A name and its text, folded behind it."""
    folded = fold(text, max(10, cells - NAME - 2), most=most)
    return [(_name(name if n == 0 else ""), Span(line, tone)) for n, line in enumerate(folded)]


# ── who serves, what waits, what runs, what comes ─────────────────────────────────────────────────────────────────────


def _champion(about: Overview, cells: int) -> list[Line]:
    story = about.story
    row = story.champion
    if row is None:
        return _named("champion", "none yet", cells)
    label = f"version {row.version}" + (f" ({story.label})" if story.label != str(row.version) else "")
    by = f", by {row.by}" if row.by else ""
    back = f"before it version {story.before} (b rolls back)" if story.before is not None else ""
    since = f"{label} since {moment(row.since)}, {ages.ago(row.since, about.now)}{by}"
    return _named("champion", joined((since, back, row.why or "")), cells, most=3)


def _waiting(about: Overview, cells: int) -> list[Line]:
    story = about.story
    if story.approval is not None:
        asked = story.approval
        people = " or ".join(about.declared.approvers) or "nobody named in the file"
        but = f", but not {asked.requested_by}" if about.declared.others else ""
        told = (
            f"version {asked.version} waits for approval, asked for {ages.ago(asked.requested_at, about.now)} by "
            f"{asked.requested_by}: {people} may say yes{but}"
        )
        return _named("challenger", told, cells, "warning", most=3)
    judged = story.judgement
    if story.challenger is not None:
        version = f"version {story.challenger.version}"
        if judged is None:
            return _named("challenger", f"{version}, not judged yet", cells)
        mark = marks.verdict(judged.verdict)
        more = f"about {judged.wanted:,} rows would settle it" if judged.wanted and judged.verdict == "unknown" else ""
        return _named("challenger", joined((f"{version} {mark.text()}: {judged.text}", more)), cells, most=3)
    if judged is not None and judged.verdict != "passed":
        mark = marks.verdict(judged.verdict)
        told = f"none; version {judged.version} {mark.text()} {ages.ago(judged.at, about.now)}: {judged.text}"
        return _named("challenger", told, cells)
    return []


def _job(about: Overview, cells: int) -> list[Line]:
    job = about.story.job
    if job is None:
        return []
    if job.state == "queued":
        return _named("job", f"{job.kind} (job {job.id}) waits for its turn", cells)
    mark = marks.job("stopping" if job.cancel else "running")
    told = joined((f"{job.kind} (job {job.id})", how_far(job.done, job.total, job.unit, job.text), left_text(job)))
    return _named("job", f"{mark.sign()} {told}", cells, mark.tone)


def _next(about: Overview, cells: int) -> list[Line]:
    coming, declared = about.story.following, about.declared
    told = ""
    if coming is not None and not coming.past:
        told = joined((coming.when, coming.text), ": ")
    elif declared.schedule:
        told = f"the next training by schedule ({declared.schedule})"
    told = told or "nothing is planned until the next window"
    cooldown = f"cooldown {declared.cooldown}" if declared.cooldown else ""
    return _named("next", joined((told, cooldown)), cells)


# ── numbers, and what was ─────────────────────────────────────────────────────────────────────────────────────────────


def _numbers(about: Overview, cells: int) -> list[Line]:
    windows = about.windows
    found: list[Line] = []
    metric = about.story.model.metric
    small = marks.plain_glyphs()
    room = PAST if cells >= 100 else 12
    past = list(reversed(windows[:room]))
    if metric is not None:
        drawn = sparkline([w.metric.value if w.metric else None for w in past], room, ascii_only=small)
        newest = next((w for w in windows if w.metric is not None and w.metric.value is not None), None)
        told = "no number yet"
        if newest is not None and newest.metric is not None:
            told = f"{view.shown(newest.metric)} {view.interval(newest.metric)}{_in(newest, windows)}"
        found.append(_measured(metric, f"{drawn:<{room}}", told, _rules(about, metric)))
    if any(w.share is not None for w in windows):
        values = [w.share.value if w.share else None for w in past]
        drawn = sparkline(values, room, low=0.0, high=max([0.25, *(v for v in values if v is not None and v == v)]),
                          ascii_only=small)  # fmt: skip
        newest = next((w for w in windows if w.share is not None and w.share.value is not None), None)
        told = "no number yet"
        if newest is not None and newest.share is not None:
            largest = newest.largest.value if newest.largest is not None else None
            told = f"{percent(newest.share.value)} of columns, most {number(largest, 2)}{_in(newest, windows)}"
        rule = _rules(about, "drift.share") or _rules(about, "drift.max", "max ")
        found.append(_measured("drift", f"{drawn:<{room}}", told, rule))
    return [*found, ()] if found else []


def _in(window: WindowLine, windows: Sequence[WindowLine]) -> str:
    """Which window a number is of, unless it is the newest."""
    return "" if window is windows[0] else f" in {window.key}"


def _measured(name: str, drawn: str, told: str, rule: str) -> Line:
    return (_name(cut(name, NAME - 1)), Span(f"{drawn}  "), Span(told), Span(f"  {rule}", "dim"))


def _rules(about: Overview, signal: str, of: str = "") -> str:
    """The first rule's number: `rule upper < 0.9`."""
    found = thresholds(about.declared.rules, signal)
    if not found:
        return ""
    bound = "" if found[0].bound == "value" else f"{found[0].bound} "
    return f"rule {of}{bound}{found[0].op} {level_text(found[0].value)}"


def _before(about: Overview, cells: int) -> list[Line]:
    from lifecycle_tui.tui.panes.history_list import mark, told

    entries = about.story.entries
    if not entries:
        return [(Span(" Nothing happened to it yet.", "dim"),)]
    found: list[Line] = [(Span(" What happened last", "bold"), Span("   7 ", "key"), Span("all of it", "dim"))]
    for entry in entries:
        what = mark(entry)
        found.append(
            (Span(f" {ages.ago(entry.at, about.now):>13}  ", "dim"), Span(f"{what.text()}  ", what.tone),
             Span(told(entry)))
        )  # fmt: skip
    return found
