"""What one course of the loop has and another has not: alerts, trainings, promotions, rollbacks gained, lost or moved.

Pure; called by `whatif`. Alerts are matched by rule and common windows, decisions by the job of history that answers
them, else by kind and instant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from lifecycle_tui.agent.replay import Course, Decision
from lifecycle_tui.policy.course import Episode

Kind = Literal["gained", "lost", "moved", "unknown"]
TOLD = ("retrain", "promote", "rollback", "ask-approval")
"""Decisions that are compared; the others follow from these."""

_ALERT = re.compile(r" \(alert \d+\)")
ALIKE = timedelta(minutes=5)
"""Two decisions of one kind that no job of history answers are the same one if they lie no further apart."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the edited policy would have done otherwise.

    Attributes:
        kind: "gained" and "lost" by the edited policy, "moved" in time or severity; "unknown" where it rests on what
            never happened.
        at: when it happens; of what has moved, under the edited policy.
        what: "alert", "retrain", "promote", "rollback" or "ask-approval".
        text: one sentence.
        subject: the rule of an alert, the version of a decision, as text.
    """

    kind: Kind
    at: datetime
    what: str
    text: str
    subject: str = ""


def compare(in_force: Course, edited: Course) -> tuple[Difference, ...]:
    """All differences, in order of time."""
    found = [*_alerts(in_force, edited), *_decisions(in_force, edited)]
    return tuple(sorted(found, key=lambda d: (d.at, d.what, d.text)))


def _alerts(in_force: Course, edited: Course) -> list[Difference]:
    found: list[Difference] = []
    old, new = _by_rule(in_force.alerts), _by_rule(edited.alerts)
    for rule in {**old, **new}:
        before, after = list(old.get(rule, ())), list(new.get(rule, ()))
        for episode in after:
            match = next((b for b in before if _overlap(b, episode)), None)
            if match is None:
                found.append(_alert("gained", episode, in_force, edited))
                continue
            before.remove(match)
            said = _moved(match, episode)
            if said:
                kind: Kind = "unknown" if _shifts_unsurely(match, episode, in_force, edited) else "moved"
                found.append(Difference(kind, episode.opened, "alert", f"{rule}: {said}", rule))
        found += [_alert("lost", episode, in_force, edited) for episode in before]
    return found


def _rests(episode: Episode, at: datetime, *courses: Course) -> bool:
    """Whether an alert at an instant rests on what a champion scored that may have been another one."""
    return episode.performance and any(course.doubtful(at) for course in courses)


def _shifts_unsurely(before: Episode, after: Episode, *courses: Course) -> bool:
    """Whether one of the two instants that differ rests on what is not known."""
    ends = [at for at in (before.resolved, after.resolved) if at is not None]
    if before.opened != after.opened and any(_rests(after, e.opened, *courses) for e in (before, after)):
        return True
    if before.resolved == after.resolved:
        return False
    # Where only one of them ends, the other was open from that end on: it is that end which is known or not.
    return any(_rests(after, at, *courses) for at in ends)


def _by_rule(episodes: Sequence[Episode]) -> dict[str, list[Episode]]:
    found: dict[str, list[Episode]] = {}
    for episode in episodes:
        found.setdefault(episode.rule, []).append(episode)
    return found


def _overlap(one: Episode, other: Episode) -> bool:
    return one.since <= other.last and other.since <= one.last


def _alert(kind: Literal["gained", "lost"], episode: Episode, in_force: Course, edited: Course) -> Difference:
    end = "still open" if episode.resolved is None else f"resolved {episode.resolved:%Y-%m-%d}"
    if episode.passed:
        end = "over at once"
    rests = _rests(episode, episode.opened, in_force, edited)
    text = f"{episode.rule} ({episode.severity}): {episode.message}; {end}"
    return Difference("unknown" if rests else kind, episode.opened, "alert", text, episode.rule)


def _moved(before: Episode, after: Episode) -> str:
    said = []
    if after.opened != before.opened:
        said.append(_shift(before.opened, after.opened, "opens"))
    if (before.resolved is None) != (after.resolved is None):
        said.append("stays open" if after.resolved is None else f"resolves {after.resolved:%Y-%m-%d}; it is still open")
    elif before.resolved is not None and after.resolved is not None and before.resolved != after.resolved:
        said.append(_shift(before.resolved, after.resolved, "resolves"))
    if before.severity != after.severity:
        said.append(f"{after.severity}, not {before.severity}")
    if before.then != after.then:
        said.append(f"sets off {', '.join(after.then) or 'nothing'}, not {', '.join(before.then) or 'nothing'}")
    return "; ".join(said)


def _shift(before: datetime, after: datetime, verb: str) -> str:
    apart = abs(after - before)
    span = f"{apart.days} d" if apart >= timedelta(days=1) else f"{apart.total_seconds() / 3600:.1f} h"
    return f"{verb} {after:%Y-%m-%d}, {span} {'later' if after > before else 'earlier'}"


def _decisions(in_force: Course, edited: Course) -> list[Difference]:
    before = [d for d in in_force.decisions if d.kind in TOLD]
    found = []
    for decision in edited.decisions:
        if decision.kind not in TOLD:
            continue
        match = next((b for b in before if _same(b, decision)), None)
        if match is None:
            found.append(_decision("gained", decision, edited))
        else:
            before.remove(match)
    return found + [_decision("lost", decision, edited) for decision in before]


def _same(one: Decision, other: Decision) -> bool:
    if one.job is not None or other.job is not None:
        return one.job == other.job
    return (one.kind, one.version) == (other.kind, other.version) and abs(one.at - other.at) <= ALIKE


def _decision(kind: Literal["gained", "lost"], decision: Decision, edited: Course) -> Difference:
    text = _ALERT.sub("", decision.why)  # alerts of a replay have numbers of their own
    if decision.version is not None:
        text = f"version {decision.version}: {text}"
    sure = decision.sure and (kind == "gained" or edited.unsure is None or decision.at <= edited.unsure)
    if kind == "gained" and not decision.known:
        text += "; what comes of it is unknown"
    subject = "" if decision.version is None else str(decision.version)
    return Difference(kind if sure else "unknown", decision.at, decision.kind, text, subject)
