"""How one alert changes: opened by a rule, repeated quietly, acknowledged, resolved; and what alerts say of a model.

`rules` decides when; this module only makes the new values. An alert that is stored is never reworded: its message
keeps the numbers that made it fire, later numbers go to `detail["latest"]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.results import Alert, Health
from lifecycle_tui.domain.specs import Severity
from lifecycle_tui.policy.facts import CompiledRule, Intent, Transition, WindowFacts

LISTED = 20
"""Windows of a streak that an alert names."""


def open_alert(rule: CompiledRule, streak: Sequence[WindowFacts], now: datetime) -> Alert:
    """The alert of a rule that has held for the windows of `streak` (in window order, not empty)."""
    last = streak[-1]
    lookup = last.lookup()
    windows = [facts.key for facts in streak]
    message = rule.expression.explain(lookup)
    message += (
        f" in {last.key}" if len(streak) == 1 else f" in {last.key}, for {len(streak)} windows since {windows[0]}"
    )
    columns = dict.fromkeys(rule.columns)
    if any(ref.name.startswith("drift.") for ref in rule.expression.signals):
        columns.update(dict.fromkeys(last.drifted))
    names = dict.fromkeys(ref.name for ref in rule.expression.signals)
    return Alert(
        model=rule.model,
        rule=rule.name,
        severity=rule.severity,
        state="open",
        since=windows[0],
        opened=now,
        message=message,
        last_window=last.key,
        detail={
            "when": rule.expression.text,
            "for": rule.for_windows,
            "then": list(rule.then),
            "windows": windows[-LISTED:],
            "columns": list(columns),
            "version": last.version,
            "numbers": {seen.text: seen.value for seen in rule.expression.numbers(lookup)},
            "signals": {
                name: {"value": fact.value, "lower": fact.lower, "upper": fact.upper, "n": fact.n}
                for name in names
                if (fact := last.signals.get(name)) is not None
            },
        },
    )


def continue_alert(alert: Alert, rule: CompiledRule, later: Sequence[WindowFacts]) -> Alert:
    """The alert after its rule held in `later` windows too; the same object if nothing about it changes."""
    if later:
        latest = f"{rule.expression.explain(later[-1].lookup())} in {later[-1].key}"
        return replace(
            alert,
            severity=rule.severity,
            last_window=later[-1].key,
            repeats=alert.repeats + len(later),
            detail={**alert.detail, "latest": latest},
        )
    return alert if alert.severity == rule.severity else replace(alert, severity=rule.severity)


def resolve_alert(alert: Alert, now: datetime, by: str, why: str) -> Alert:
    """The alert, resolved at `now`. `by` is short ("window 2012-05", "rule removed"), `why` a sentence."""
    return replace(alert, state="resolved", resolved=now, resolved_by=by, detail={**alert.detail, "resolution": why})


def acknowledge(alert: Alert, by: str) -> Alert:
    """The alert with a person's name on it; it goes on until it resolves, without further messages.

    Raises:
        UsageError: if it is resolved already.
    """
    if alert.state == "resolved":
        raise UsageError(f"the alert {alert.rule} of {alert.model} is resolved: there is nothing to acknowledge")
    return replace(alert, state="acknowledged", acknowledged_by=by)


def intents_of(alert: Alert, transition: Transition) -> tuple[Intent, ...]:
    """What a transition sets off: all of the rule's `then` when it opens, the messages alone when it resolves."""
    intents = []
    for then in alert.detail.get("then", ()):
        kind, _, target = str(then).partition(":")
        if transition == "opened" or kind == "notify":
            intents.append(Intent(kind, alert, transition, target or None))
    return tuple(intents)


_WORST: tuple[Severity, ...] = ("critical", "warning")


def health(alerts: Iterable[Alert], *, known: bool, failed: bool = False) -> Health:
    """The health of a model: its worst open alert, acknowledged ones included; `info` alerts leave it ok.

    Args:
        alerts: of the model; resolved ones are passed over.
        known: whether anything is known that could have raised an alert.
        failed: its evaluation broke, so that silence means nothing.
    """
    severities = {alert.severity for alert in alerts if alert.state != "resolved"}
    if "critical" in severities:
        return "critical"
    if failed:
        return "error"
    if "warning" in severities:
        return "warning"
    return "ok" if known else "unknown"
