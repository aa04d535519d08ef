"""What the policy pane shows: how each rule stands, what else the policy does, then the file's own lines.

Functions from what was read to lines; `policy` puts them on the screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.state.alerts import AlertRow
from lifecycle_tui.tui import ages, marks
from lifecycle_tui.tui.marks import Mark
from lifecycle_tui.tui.reads.policy import Outcome, Standing
from lifecycle_tui.tui.reads.policy_file import File, Rule, Written
from lifecycle_tui.tui.text import Line, Span, fold, joined, moment, safe, width

QUIET = Mark("✓", "+", "quiet", "ok", 2)
HOLDS = Mark("◐", "%", "holds", "warning", 1)
UNKNOWN = Mark("?", "?", "unknown", "dim", 3)
TAB = 4


@dataclass(frozen=True, slots=True)
class Policy:
    """What was read of a model's policy, and when: `now` is the workspace's clock."""

    file: File
    standing: Standing
    now: datetime


def lines(policy: Policy | None, cells: int) -> list[Line]:
    """The whole pane."""
    if policy is None:
        return []
    found = _banners(policy, cells)
    found += _rules(policy, cells)
    found += _rest(policy, cells)
    for written in policy.file.written:
        found += _written(written, cells)
    return found


def _banners(policy: Policy, cells: int) -> list[Line]:
    """What stands between the file on disk and what the agent does."""
    found: list[Line] = []
    if policy.standing.note:
        said = f"The agent works by an older text of the file: {policy.standing.note}"
        found += [(Span(f" {text}", "critical"),) for text in fold(said, cells - 2)]
    if policy.file.problem:
        found += [(Span(f" {text}", "critical"),) for text in fold(policy.file.problem, cells - 2)]
    return [*found, ()] if found else []


def _rules(policy: Policy, cells: int) -> list[Line]:
    asked = policy.standing.asked
    when = f"  as of {moment(asked)}, {ages.ago(asked, policy.now)}" if asked is not None else "  never decided yet"
    found: list[Line] = [(Span(" Rules", "bold"), Span(when, "dim"))]
    outcomes, alerts = dict(policy.standing.outcomes), dict(policy.standing.open)
    for rule in policy.file.rules:
        found += _rule(rule, outcomes.get(rule.name), alerts.pop(rule.name, None), cells)
    if not policy.file.rules and not policy.file.problem:
        found.append((Span("   none: nothing it measures opens an alert", "dim"),))
    for name, row in alerts.items() if not policy.file.problem else ():
        mark = marks.severity(row.alert.severity)
        text = f"{name}: no rule of the file any more; its alert #{row.id} resolves with the next check"
        found += _hanging(f"   {mark.sign()} firing   ", mark.tone, text, cells)
    return found


def _rule(rule: Rule, outcome: Outcome | None, row: AlertRow | None, cells: int) -> list[Line]:
    """A rule as it stands: its state, its condition, and the numbers that made it so."""
    mark, said = stands(rule, outcome, row)
    then = joined((rule.severity, "then " + ", ".join(rule.then) if rule.then else "", rule.place))
    head = f"   {mark.text()}"
    head += " " * max(1, 14 - width(head))
    found: list[Line] = [(Span(head, mark.tone), Span(f"{rule.name}  ", "bold"), Span(then, "dim"))]
    condition = rule.when + (f", in {rule.windows} windows in a row" if rule.windows > 1 else "")
    for text, tone in ((condition, ""), (said, mark.tone if row is not None else "dim")):
        found += [(Span(" " * 14), Span(part, tone)) for part in fold(text, max(10, cells - 15))]
    return found


def stands(rule: Rule, outcome: Outcome | None, row: AlertRow | None) -> tuple[Mark, str]:
    """How a rule stands, as a mark and in words; the policy screen says it so too."""
    if row is not None:
        severity = marks.severity(row.alert.severity)
        latest = row.alert.detail.get("latest") or row.alert.message
        taken = f", acknowledged by {row.alert.acknowledged_by}" if row.alert.acknowledged_by else ""
        said = f"since {row.alert.since} (alert #{row.id}{taken}): {latest}"
        return Mark(severity.glyph, severity.ascii, "firing", severity.tone, 0), said
    if outcome is None:
        return UNKNOWN, "not decided yet: the next check will"
    if outcome.value is None:
        return UNKNOWN, outcome.message or "no numbers yet"
    where = f" in {outcome.window}" if outcome.window else ""
    if outcome.value:
        return HOLDS, f"{outcome.message}{where}: {outcome.streak} of {rule.windows} windows"
    return QUIET, f"does not hold: {outcome.message}{where}"


def _rest(policy: Policy, cells: int) -> list[Line]:
    """Training, rollout and what is waited for, each in a line or two."""
    if policy.file.problem and not policy.file.written:
        return []
    due = policy.standing.due
    waits = policy.standing.next or "nothing: it looks again when data comes"
    pairs = [("Training", policy.file.training or "none: this model is only monitored")]
    if policy.file.training or policy.file.rollout:
        pairs.append(("Rollout", policy.file.rollout or "none declared: a version that is promoted serves at once"))
    pairs.append(("Next", waits + (f" ({ages.ago(due, policy.now)})" if due is not None else "")))
    found: list[Line] = [()]
    for name, text in pairs:
        found += _hanging(f" {name:<10}", "bold", text, cells)
    return found


def _hanging(head: str, tone: str, text: str, cells: int) -> list[Line]:
    """Text folded behind its head."""
    room = width(head)
    parts = fold(text, max(10, cells - room - 1))
    return [(Span(head if n == 0 else " " * room, tone), Span(part)) for n, part in enumerate(parts)]


def _written(written: Written, cells: int) -> list[Line]:
    found: list[Line] = [(), (Span(f" {written.file}", "bold"), Span(f"  {written.why}", "dim"))]
    before = written.lines[0][0]
    for number, text in written.lines:
        if number > before + 1:
            found.append(())
        before = number
        bare = text.lstrip()
        tone = "dim" if bare.startswith("#") else "bold" if bare.startswith("[") else ""
        for place, part in enumerate(_cut(safe(text.expandtabs(TAB)), max(10, cells - 8))):
            found.append((Span(f"{number:>6} " if place == 0 else " " * 7, "dim"), Span(part, tone)))
    return found


def _cut(text: str, cells: int) -> list[str]:
    """A line exactly as it is written, in as many lines as it needs."""
    parts, part, used = [], "", 0
    for char in text:
        wide = width(char)
        if used + wide > cells:
            parts.append(part)
            part, used = "", 0
        part, used = part + char, used + wide
    return [*parts, part]
