"""How a model stood at a moment, in words: a name, a sentence and a tone for each thing that is known.

Pure. Printed by `lifecycle history --as-of` and drawn above the terminal's history. What state cannot tell is said to
be not recorded, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.policy.nodes import number_text
from lifecycle_tui.registry.aliases import CHALLENGER, CHAMPION, AliasMove
from lifecycle_tui.registry.standing import AlertThen, PolicyThen, Standing, WindowThen
from lifecycle_tui.state import audit
from lifecycle_tui.state.audit import AuditRow
from lifecycle_tui.state.judgements import Judgement

ALERTS = 5
"""Alerts that are named; the others are counted."""
KEYS = 3
"""Keys of an edit that are named."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was so.

    Attributes:
        tone: a health where it is one, else "".
    """

    name: str
    text: str
    tone: str = ""


def told(found: Standing) -> tuple[Told, ...]:
    """Everything, what matters most first."""
    if found.began is None:
        return (Told("nothing", f"nothing of {found.model} had been recorded by then"),)
    return (
        _health(found), Told("alerts", _alerts(found.alerts)), Told("champion", _champion(found.alias(CHAMPION))),
        Told("window", _window(found.window)), Told("policy", _policy(found.policy)),
        Told("judged", _judged(found.judged)), *_others(found),
    )  # fmt: skip


def _health(found: Standing) -> Told:
    if not found.health:
        return Told("health", f"{found.why}; whether it showed ok or unknown is not recorded")
    return Told("health", f"{found.health}: {found.why}", found.health)


def _alerts(found: Sequence[AlertThen]) -> str:
    if not found:
        return "none was open"
    more = f", and {len(found) - ALERTS} more" if len(found) > ALERTS else ""
    return "; ".join(map(_alert, found[:ALERTS])) + more


def _alert(found: AlertThen) -> str:
    people = (
        f"acknowledged by {found.acknowledged}" if found.acknowledged else "",
        f"snoozed {found.snoozed}" if found.snoozed else "",
        f"assigned to {found.assigned}" if found.assigned else "",
    )
    return _joined((f"{found.rule} ({found.severity}) since {found.since}", *people))


def _champion(found: AliasMove | None) -> str:
    return "none was named" if found is None else _move(found)


def _move(found: AliasMove) -> str:
    return f"version {found.version} since {moment(found.at)}" + (f" by {found.by}" if found.by else "") + (
        f": {found.why}" if found.why else ""
    )  # fmt: skip


def _window(found: WindowThen | None) -> str:
    if found is None:
        return "none had been evaluated"
    row, parts = found.row, []
    if found.signal is not None:
        of = f" of version {found.version}" if found.version else ""
        parts.append(_signal(found.signal) + of)
    elif found.metric is not None:
        parts.append(f"{found.metric} had no value")
    parts += [f"{row.rows:,} rows, {row.labels:,} labels", f"evaluated {moment(row.as_of)}"]
    parts += [f"revision {row.revision}"] if row.revision > 1 else []
    if row.withdrawn:
        parts.append(f"withdrawn ({row.withdrawn}); when is not recorded")
    elif found.replaced:
        parts.append("another revision has replaced it since")
    return f"{row.key}: " + _joined(parts)


def _signal(found: Signal) -> str:
    if found.value is None:
        return f"{found.name} had no value"
    told = f"{found.name} {number_text(found.value)}"
    if found.lower is None or found.upper is None:
        return told
    return f"{told} ({number_text(found.lower)} to {number_text(found.upper)})"


def _policy(found: PolicyThen) -> str:
    since = "" if not found.since else f"; {_many(found.since)} since"
    if found.last is not None:
        return f"as {edit(found.last)} ({_many(found.by_then)} recorded by then{since})"
    if found.next is not None:
        return f"no edit is recorded by then; the first one was {edit(found.next)}"
    return "no edit is recorded, then or since"


def _many(edits: int) -> str:
    return f"{edits} edit{'s' * (edits != 1)}"


def edit(row: AuditRow) -> str:
    """An edit of the policy: when, by whom, the first keys with what they were and are."""
    changes = audit.changes(row.detail)
    named = [f"{key}: {_value(old)} → {_value(new)}" for key, old, new in changes[:KEYS]]
    rest = int(row.detail.get("keys", len(changes)) or 0) - len(named)
    named += [f"and {rest} more"] if rest > 0 else []
    by = "in the file, by whom is not recorded" if row.who == "file" else f"by {row.who}"
    return f"edited {moment(row.at)} {by}" + (f": {', '.join(named)}" if named else "")


def _value(text: str | None) -> str:
    return "not set" if text is None else text


def _judged(found: Judgement | None) -> str:
    if found is None:
        return "no version had been"
    against = "" if found.champion is None else f" against version {found.champion}"
    return f"version {found.version}{against}: {found.verdict} ({moment(found.at)}): {found.text}"


def _others(found: Standing) -> Iterable[Told]:
    for move in found.aliases:
        if move.alias != CHAMPION:
            name = move.alias if move.alias != CHALLENGER else "challenger"
            yield Told(name, _move(move))
    if found.paused is not None:
        until, note = found.paused.detail.get("until"), found.paused.detail.get("note")
        ends = "until it was resumed" if until is None else f"until {str(until)[:16].replace('T', ' ')}"
        said = f"by {found.paused.who} {moment(found.paused.at)}, {ends}" + (f": {note}" if note else "")
        yield Told("paused", said)
    if found.asked is not None:
        asked = found.asked
        yield Told("approval", f"version {asked.version} waited since {moment(asked.requested_at)}, asked by "
                   f"{asked.requested_by}")  # fmt: skip
    if found.jobs:
        yield Told("running", ", ".join(f"{kind} (job {id_})" for id_, kind in found.jobs))


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part)


def moment(at: datetime) -> str:
    """An instant in UTC to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"
