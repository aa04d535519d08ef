"""Deciding rules: which alerts open, go on and resolve, given what is known about the windows (DESIGN §5).

`decide` looks at the state of things now. `walk` lets windows pass one by one, as they would have been decided had the
program run all along; both are pure, and deciding again on the same facts changes nothing. Called by the worker after
a window is recorded, by the simulator over history, and by tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.specs import RuleSpec
from lifecycle_tui.policy.alerts import continue_alert, health, intents_of, open_alert, resolve_alert
from lifecycle_tui.policy.catalog import SignalCatalog
from lifecycle_tui.policy.expressions import compile_expression
from lifecycle_tui.policy.facts import CompiledRule, Decisions, RuleOutcome, WindowFacts
from lifecycle_tui.policy.readings import Reading


def compile_rule(model: str, rule: RuleSpec, known: SignalCatalog) -> CompiledRule:
    """A rule ready to be decided. Unknown signals are let through (they stay unknown): `check_expression` names them.

    Raises:
        ExpressionError: if `when` is no condition.
    """
    expression = compile_expression(rule.when)
    infos = [info for ref in expression.signals if (info := known.get(ref.name)) is not None]
    return CompiledRule(
        model=model,
        name=rule.name,
        expression=expression,
        for_windows=max(1, rule.for_windows),
        severity=rule.severity,
        then=rule.then,
        performance=any(info.performance for info in infos),
        columns=tuple(dict.fromkeys(info.column for info in infos if info.column)),
    )


def decide(
    rules: Sequence[CompiledRule],
    history: Sequence[WindowFacts],
    open_alerts: Sequence[Alert],
    now: datetime,
    *,
    champion: str = "",
) -> Decisions:
    """What changes now for one model.

    An alert opens when its rule has held in `for_windows` known windows in a row up to the latest, goes on while the
    rule holds, and resolves when the latest known window breaks it. A rule that is unknown changes nothing. An alert
    whose rule is gone resolves with that reason.

    Args:
        rules: of one model; for a model that is gone, none: its alerts resolve.
        history: one entry a window, any order; the windows since before the oldest open alert, and at least as many
            as the longest `for`, suffice.
        open_alerts: the model's alerts; those that are resolved are passed over.
        champion: performance rules read the windows whose `version` is this.
    """
    return _decide(rules, history, open_alerts, now, champion, None)


def walk(
    rules: Sequence[CompiledRule],
    history: Sequence[WindowFacts],
    open_alerts: Sequence[Alert],
    now: datetime,
    *,
    champion: str = "",
    after: int | None,
) -> Decisions:
    """Decide every window later than `after` in turn, then the state of things with all that is known now.

    Args:
        after: order of the last window that was decided before; None if none was. The caller stores
            the order of the last window together with the decisions.

    An alert that both opens and resolves on the way is `passed`: kept as history, and nothing is set off.
    """
    return _decide(rules, history, open_alerts, now, champion, -1 if after is None else after)


def _decide(
    rules: Sequence[CompiledRule],
    history: Sequence[WindowFacts],
    open_alerts: Sequence[Alert],
    now: datetime,
    champion: str,
    after: int | None,
) -> Decisions:
    """One pass over the windows; alerts move at those later than `after` (None: at the last alone)."""
    windows = sorted(history, key=lambda facts: facts.order)
    readings = [Reading(rule, champion) for rule in rules]
    orders: dict[str, int] = {}
    # Each alert in hand with the form in which it came; None for those that open on the way.
    current: list[tuple[Alert, Alert | None]] = [(alert, alert) for alert in open_alerts if alert.state != "resolved"]
    done: list[tuple[Alert, Alert | None]] = []
    for index, facts in enumerate(windows, 1):
        orders[facts.key] = facts.order
        for reading in readings:
            reading.see(facts)
        if index < len(windows) and after is not None and facts.order > after:
            current = move_alerts(current, readings, orders, now, done)
    current = move_alerts(current, readings, orders, now, done)
    opened = tuple(alert for alert, first in current if first is None)
    resolved = tuple(alert for alert, first in done if first is not None)
    outcomes = tuple(map(_outcome, readings))
    return Decisions(
        opened=opened,
        continued=tuple(alert for alert, first in current if first is not None and alert is not first),
        resolved=resolved,
        passed=tuple(alert for alert, first in done if first is None),
        intents=(
            *(intent for alert in opened for intent in intents_of(alert, "opened")),
            *(intent for alert in resolved for intent in intents_of(alert, "resolved")),
        ),
        outcomes=outcomes,
        health=health((alert for alert, _ in current), known=_known(outcomes, windows)),
    )


def move_alerts(
    current: Sequence[tuple[Alert, Alert | None]],
    readings: Sequence[Reading],
    orders: Mapping[str, int],
    now: datetime,
    done: list[tuple[Alert, Alert | None]],
) -> list[tuple[Alert, Alert | None]]:
    """The alerts in hand as the readings now have them, each with the form in which it came (None for one that opens on
    the way); resolved ones are added to `done`."""
    by_name = {reading.rule.name: reading for reading in readings}
    kept: list[tuple[Alert, Alert | None]] = []
    for alert, first in current:
        moved = _carry_on(alert, by_name.get(alert.rule), orders, now)
        (done if moved.state == "resolved" else kept).append((moved, first))
    firing = {alert.rule for alert, _ in kept}
    for reading in readings:
        if reading.fires and reading.rule.name not in firing:
            kept.append((open_alert(reading.rule, reading.streak, now), None))
    return kept


def _carry_on(alert: Alert, reading: Reading | None, orders: Mapping[str, int], now: datetime) -> Alert:
    """What becomes of an alert that is open."""
    if reading is None:
        return resolve_alert(alert, now, "rule removed", "the rule is no longer in the file")
    if reading.value is None or reading.latest is None:
        return continue_alert(alert, reading.rule, ())
    latest, holds = reading.latest
    if not holds:
        why = f"{reading.rule.expression.explain(latest.lookup())} no longer holds in {latest.key}"
        return resolve_alert(alert, now, f"window {latest.key}", why)
    return continue_alert(alert, reading.rule, reading.after(orders.get(alert.last_window or "", -1)))


def _outcome(reading: Reading) -> RuleOutcome:
    if reading.value is None or reading.latest is None:
        return RuleOutcome(reading.rule.name, None, message=reading.unknown)
    latest, holds = reading.latest
    since = reading.streak[0].key if reading.streak else None
    message = reading.rule.expression.explain(latest.lookup())
    return RuleOutcome(reading.rule.name, holds, len(reading.streak), latest.key, since, message)


def _known(outcomes: Sequence[RuleOutcome], windows: Iterable[WindowFacts]) -> bool:
    """Whether silence means something: a rule that is known, or for a model without rules any signal at all."""
    if outcomes:
        return any(outcome.value is not None for outcome in outcomes)
    return any(fact.value is not None for facts in windows for fact in facts.signals.values())
