"""Which notifier hears of which alert, and what becomes one message (DESIGN §5: `match`, `group`).

Pure: the worker stores what is waiting as rows, asks here what is due, and has the notifiers send it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from lifecycle_tui.domain.protocols import Message
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.specs import SEVERITIES, NotifierSpec, Severity
from lifecycle_tui.policy.facts import Transition

MATCH_KEYS = ("owner", "severity", "model", "rule")
"""What `match` can compare."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened to an alert and has not been told yet.

    Attributes:
        at: when it happened, by the loop's clock.
        owner: of the model.
        sources: locations of the model's tables; alerts that share one go together.
        target: the only notifier to tell (`notify:NAME`); None means all that match.
        assigned_to: the person who looks after it.
    """

    alert: Alert
    transition: Transition
    at: datetime
    owner: str | None = None
    sources: tuple[str, ...] = ()
    target: str | None = None
    assigned_to: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to hand to a notifier now, and the notices that it settles."""

    notifier: str
    message: Message
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that a notifier's `group` still holds back."""

    notifier: str
    notice: Notice
    due: datetime


@dataclass(frozen=True, slots=True)
class MessagePlan:
    """Attributes: due: to send now · waiting: for later · unmatched: nobody asked to hear of these."""

    due: tuple[Delivery, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    unmatched: tuple[Notice, ...] = ()


def plan_messages(
    notifiers: Sequence[NotifierSpec], notices: Sequence[Notice], now: datetime, *, flush: bool = False
) -> MessagePlan:
    """What to send now.

    Without `group` every notice is a message of its own, at once. With it a notifier collects from the first notice
    for that long; then alerts that share a source or a column become one message.

    Args:
        notices: all that have not been told, of any models.
        flush: send what is waiting too (a single `check` has no later).
    """
    due: list[Delivery] = []
    waiting: list[Waiting] = []
    told: set[int] = set()
    for notifier in notifiers:
        mine = [notice for notice in notices if wants(notifier, notice)]
        told.update(map(id, mine))
        for batch in _batches(mine, notifier.group or timedelta(0)):
            ready = batch[0].at + (notifier.group or timedelta(0))
            if ready > now and not flush:
                waiting.extend(Waiting(notifier.name, notice, ready) for notice in batch)
                continue
            groups = _linked(batch) if notifier.group else [[notice] for notice in batch]
            due.extend(Delivery(notifier.name, message_of(group), tuple(group)) for group in groups)
    return MessagePlan(tuple(due), tuple(waiting), tuple(notice for notice in notices if id(notice) not in told))


def wants(notifier: NotifierSpec, notice: Notice) -> bool:
    """Whether a notifier is to hear of a notice.

    `severity` means at least; the others are shell patterns; of several values one must fit, of several keys all.

    Raises:
        ValueError: for a key that cannot be matched (the file's check refuses it first).
    """
    if notice.target is not None and notice.target != notifier.name:
        return False
    alert = notice.alert
    for key, wanted in notifier.match.items():
        patterns = (wanted,) if isinstance(wanted, str) else tuple(wanted)
        if key == "severity":
            if not any(SEVERITIES.index(alert.severity) >= _rank(pattern) for pattern in patterns):
                return False
        elif key in MATCH_KEYS:
            actual = {"owner": notice.owner, "model": alert.model, "rule": alert.rule}[key]
            if actual is None or not any(fnmatchcase(actual, pattern) for pattern in patterns):
                return False
        else:
            raise ValueError(f"notifier {notifier.name}: {key!r} cannot be matched, only {', '.join(MATCH_KEYS)}")
    return True


def _rank(severity: str) -> int:
    if severity not in SEVERITIES:
        raise ValueError(f"{severity!r} is no severity; there are {', '.join(SEVERITIES)}")
    return SEVERITIES.index(severity)


def _batches(notices: Iterable[Notice], span: timedelta) -> list[list[Notice]]:
    """Notices in order of time, cut so that each batch spans no more than `span` from its first."""
    batches: list[list[Notice]] = []
    for notice in sorted(notices, key=lambda notice: (notice.at, notice.alert.model, notice.alert.rule)):
        if batches and notice.at <= batches[-1][0].at + span:
            batches[-1].append(notice)
        else:
            batches.append([notice])
    return batches


def _linked(notices: Sequence[Notice]) -> list[list[Notice]]:
    """Groups of notices that share a source or a column, directly or through others; in order of their first."""
    groups: list[tuple[set[tuple[str, str]], list[Notice]]] = []
    for notice in notices:
        ties = _ties(notice)
        joined = [group for group in groups if group[0] & ties]
        rest = [group for group in groups if not group[0] & ties]
        merged = [item for group in joined for item in group[1]] + [notice]
        groups = [*rest, (ties.union(*(group[0] for group in joined)), merged)]
    place = {id(notice): index for index, notice in enumerate(notices)}
    ordered = [sorted(items, key=lambda item: place[id(item)]) for _, items in groups]
    return sorted(ordered, key=lambda items: place[id(items[0])])


def _ties(notice: Notice) -> set[tuple[str, str]]:
    ties = {("source", source) for source in notice.sources}
    ties.update(("column", str(column)) for column in notice.alert.detail.get("columns", ()))
    # An alert always belongs with itself: its opening and its resolving are one story.
    ties.add(("alert", f"{notice.alert.model}\n{notice.alert.rule}"))
    return ties


def message_of(notices: Sequence[Notice]) -> Message:
    """One message for a group: what happened to each alert, the last thing where several did; worst first."""
    last: dict[tuple[str, str, str], Notice] = {}
    for notice in sorted(notices, key=lambda notice: (notice.at, notice.transition == "resolved")):
        last[(notice.alert.model, notice.alert.rule, notice.alert.since)] = notice
    told = sorted(last.values(), key=_urgency)
    return Message(_subject(told), "\n".join(_line(notice) for notice in told), tuple(_facts(item) for item in told))


def _urgency(notice: Notice) -> tuple[bool, int, str, str]:
    alert = notice.alert
    return notice.transition == "resolved", -SEVERITIES.index(alert.severity), alert.model, alert.rule


def _word(notice: Notice) -> str:
    return "resolved" if notice.transition == "resolved" else notice.alert.severity


def _subject(told: Sequence[Notice]) -> str:
    first = told[0]
    if len(told) == 1:
        return f"{_word(first)}: {first.alert.model}: {first.alert.rule}"
    counts: dict[str, int] = {}
    for notice in told:
        counts[_word(notice)] = counts.get(_word(notice), 0) + 1
    models = list(dict.fromkeys(notice.alert.model for notice in told))
    where = ", ".join(models) if len(models) <= 3 else f"{len(models)} models"
    return f"{', '.join(f'{count} {word}' for word, count in counts.items())}: {where}"


def _line(notice: Notice) -> str:
    alert = notice.alert
    what = alert.message
    if notice.transition == "resolved":
        what = f"{alert.detail.get('resolution') or alert.resolved_by or 'resolved'} (was: {alert.message})"
    elif notice.transition == "woken":
        what = f"{alert.detail.get('latest') or alert.message} (it was snoozed, and is still open)"
    if notice.assigned_to is not None:
        what += f" [assigned to {notice.assigned_to}]"
    return f"[{_word(notice)}] {alert.model} {alert.rule}: {what}"


def _facts(notice: Notice) -> dict[str, Any]:
    alert = notice.alert
    severity: Severity = alert.severity
    return {
        "id": alert.id,
        "model": alert.model,
        "owner": notice.owner,
        "rule": alert.rule,
        "severity": severity,
        "state": alert.state,
        "transition": notice.transition,
        "since": alert.since,
        "last_window": alert.last_window,
        "opened": _instant(alert.opened),
        "resolved": _instant(alert.resolved) if alert.resolved else None,
        "message": alert.message,
        "columns": list(alert.detail.get("columns", ())),
        "assigned_to": notice.assigned_to,
    }


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
