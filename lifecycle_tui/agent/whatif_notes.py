"""What the reader of a replay has to know: what could not be replayed, what is not claimed, and why.

Called by `whatif` for each answer.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle_tui.agent.history import History
from lifecycle_tui.agent.replay import Course, unanswered
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.policy.course import Episode
from lifecycle_tui.state import alerts
from lifecycle_tui.state.record import VOLATILE
from lifecycle_tui.state.text import loads, moment

if TYPE_CHECKING:
    from lifecycle_tui.agent.whatif import Asked, Side

Span = tuple[datetime | None, datetime | None]


def notes_of(
    conn: sqlite3.Connection, asked: Asked, history: History, first: Course, second: Course, span: Span
) -> list[str]:  # fmt: skip
    """All notes, the gravest first.

    Args:
        first, second: the whole courses of the policy in force and of the edited one.
        span: what is told.
    """
    if not history.arrivals:
        return [f"state holds no window of {asked.model} yet: `lifecycle check` evaluates what there is"]
    if span[0] is None:
        known = f"{history.arrivals[0].at:%Y-%m-%d} to {history.ended or history.arrivals[-1].at:%Y-%m-%d}"
        return [f"state knows {asked.model} from {known}: nothing of that is asked for"]
    notes = []
    if history.afterwards is not None:
        notes.append(
            f"windows up to {history.afterwards} were evaluated afterwards, together: they are replayed as if each had "
            "come in at its end, with the labels that are known now"
        )
    notes += _unmeasured(asked.edited, history)
    notes += _volatile(asked.edited)
    notes += _fixed(asked)
    notes += _served_alone(first, second)
    notes += _unexplained(conn, asked.model, history, first, span)
    for course, which in ((first, "the policy in force"), (second, "the edited policy")):
        if course.unsure is not None and (course is first or first is not second):
            notes += _unknown(course, course.unsure, which)
    return notes


def _unknown(course: Course, since: datetime, which: str) -> list[str]:
    if not any(not d.known and d.at <= since for d in course.decisions):
        return [
            f"from {since:%Y-%m-%d %H:%M} on another version serves under {which} than did: what it would have scored "
            "is unknown, and so is what that sets off"
        ]
    until = next((end for begin, end in course.doubts if begin == since), None)
    if until is not None:
        return [
            f"from {since:%Y-%m-%d %H:%M} on {which} sets off work that never happened, as the loop began on "
            f"{until:%Y-%m-%d %H:%M}: from then on it is told what came of it"
        ]
    return [
        f"from {since:%Y-%m-%d %H:%M} on {which} sets off work that never happened: what "
        "would have come of it is unknown, and the replay goes on as if nothing had"
    ]


def _unmeasured(side: Side, history: History) -> list[str]:
    """Rules that read what no window was measured for."""
    measured: set[str] = set()
    for arrival in history.arrivals:
        measured.update(arrival.facts.signals)
    notes = []
    for rule in side.policy.rules:
        absent = dict.fromkeys(ref.name for ref in rule.expression.signals if ref.name not in measured)
        if absent:
            notes.append(
                f"rule {rule.name} reads {', '.join(absent)}, which no stored window has: it is never known here"
            )
    return notes


def _volatile(side: Side) -> list[str]:
    """Rules that read what moves with the clock: state keeps its last number of each window alone."""
    notes = []
    for rule in side.policy.rules:
        moving = dict.fromkeys(ref.name for ref in rule.expression.signals if ref.name in VOLATILE)
        if moving:
            notes.append(
                f"rule {rule.name} reads {', '.join(moving)}, which moves with the clock: state keeps the last number "
                "of each window, so here its alerts open with the window, whenever that number was reached"
            )
    return notes


def _fixed(asked: Asked) -> list[str]:
    """What differs between the two files and is no policy: windows, versions and judgements stay as they were."""
    old, new = asked.in_force.declared, asked.edited.declared
    changed = [name for name in new if old.get(name) != new[name]]
    if not changed:
        return []
    many = "differ" if len(changed) > 1 else "differs"
    return [
        f"{', '.join(changed)} {many}: signals, versions and judgements stay as they were made, so what this would "
        "have changed is unknown"
    ]


def _served_alone(first: Course, second: Course) -> list[str]:
    """A version that would still have served: it scored nothing then, and so nothing is known of how it would do."""
    if first.served == second.served:
        return []
    for n, (at, version) in enumerate(first.served):
        if second.served[n : n + 1] != ((at, version),):
            mine = [v for when, v in second.served if when <= at][-1:]
            if mine and mine[0] != version:
                return [
                    f"from {at:%Y-%m-%d} on version {mine[0]} would still have served in place of version {version}: "
                    "what it would have scored is unknown, and rules on performance are then"
                ]
    return []


def _unexplained(conn: sqlite3.Connection, model: str, history: History, first: Course, span: Span) -> list[str]:
    """Where the replay of the policy in force does not give what state remembers: another one did it, or a signal was
    measured later. Windows that were evaluated afterwards are left out: nobody decided them in their time."""
    stored = _times([row.alert for row in alerts.alerts(conn, model=model, limit=1_000_000)], history, span)
    told = _times(first.alerts, history, span)
    notes = []
    if lost := sorted(stored.keys() - told.keys()):
        notes.append(f"state remembers alerts that the policy in force does not give: {_named(lost)}")
    if more := sorted(told.keys() - stored.keys()):
        notes.append(f"the policy in force gives alerts that state does not remember: {_named(more)}")
    if other := sorted(key for key in told.keys() & stored.keys() if stored[key] != told[key]):
        notes.append(f"alerts opened or ended at other times than with the policy in force: {_named(other)}")
    missing = [j for j in unanswered(history, first.decisions, span[1]) if span[0] is None or j.created_at >= span[0]]
    if missing:
        said = [f"{job.kind} of {job.created_at:%Y-%m-%d}" for job in missing]
        notes.append(f"state remembers work that the policy in force does not set off: {_some(said)}")
    if not notes:
        return []
    return [f"{note}: {_why(conn, model)}" for note in notes]


def _times(
    found: Iterable[Alert | Episode], history: History, span: Span
) -> dict[tuple[str, str], list[tuple[datetime, datetime | None]]]:
    """(rule, first window) → when such alerts opened and ended, within the span."""
    since, until = span
    times: dict[tuple[str, str], list[tuple[datetime, datetime | None]]] = {}
    alerts_ = sorted(found, key=lambda a: a.opened)
    for alert in alerts_:
        if history.afterwards is not None and alert.since <= history.afterwards:
            continue
        ended = alert.resolved
        if ended is not None and until is not None and ended > until:
            ended = None
        if (until is None or alert.opened <= until) and (since is None or ended is None or ended >= since):
            times.setdefault((alert.rule, alert.since), []).append((alert.opened, ended))
    return times


def _why(conn: sqlite3.Connection, model: str) -> str:
    """Whether the model's policy has been another one, as far as the audit log knows."""
    found = conn.execute(
        "SELECT at, model, detail FROM audit WHERE action = 'configure' AND (model = ? OR model IS NULL) ORDER BY id",
        (model,),
    ).fetchall()
    days: dict[str, None] = {}
    for at, whose, detail in found:
        facts = loads(detail, {})
        keys = [str(change.get("key", "")) for change in (facts, *facts.get("changes", ()))]
        if whose == model or any(key.startswith((f"models.{model}.", "defaults.")) for key in keys):
            days[f"{moment(at):%Y-%m-%d}"] = None
    if not days:
        return "it was another then, or signals were measured later"
    return f"it was another then; its file was changed on {_some(list(days))}"


def _named(keys: Sequence[tuple[str, str]]) -> str:
    return _some([f"{rule} ({since})" for rule, since in keys])


def _some(names: Sequence[str]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")
