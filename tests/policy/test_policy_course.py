"""Alerts that follow windows as they come in are those that `walk` gives when it looks at everything each time."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import RuleSpec
from lifecycle_tui.policy.catalog import DetectorInfo, MetricInfo, model_catalog
from lifecycle_tui.policy.course import Alerts
from lifecycle_tui.policy.expressions import compile_expression
from lifecycle_tui.policy.facts import CompiledRule, SignalFact, WindowFacts, join_versions
from lifecycle_tui.policy.quick import quick
from lifecycle_tui.policy.rules import compile_rule, walk

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KINDS: dict[str, ColumnKind] = {"x": "numeric"}
KNOWN = model_catalog(KINDS, [DetectorInfo("psi", ("numeric",), None)], [MetricInfo("auc", (0, 1), True)])
RULES = (
    RuleSpec("drift", "psi.x > 0.5", for_windows=1, then=("notify", "retrain")),
    RuleSpec("long", "psi.x > 0.3", for_windows=3, severity="info"),
    RuleSpec("decay", "auc.upper < 0.6", for_windows=2, severity="critical", then=("rollback",)),
    RuleSpec("either", "psi.x > 0.8 or auc < 0.4"),
)


def rules() -> tuple[CompiledRule, ...]:
    return tuple(compile_rule("m", rule, KNOWN) for rule in RULES)


def row(order: int, version: str, chance: random.Random, *, mature: bool) -> WindowFacts:
    def number() -> float | None:
        return None if chance.random() < 0.1 else chance.choice([0.1, 0.35, 0.55, 0.9])

    name = "auc" if version else "psi.x"
    value = number()
    return WindowFacts(f"w{order:03d}", order, version, mature, {name: SignalFact(value, value, value, 10)})


def arrivals(chance: random.Random, windows: int) -> list[tuple[list[WindowFacts], str]]:
    """What comes in at each instant, with who serves then: windows in turn, several at once, late ones, labels that
    mature, whole revisions."""
    order, serving = 0, 1
    found: list[tuple[list[WindowFacts], str]] = []
    open_: list[tuple[int, str]] = []
    while order < windows:
        came: list[WindowFacts] = []
        for _ in range(chance.choice([0, 1, 1, 1, 2, 4])):
            order += 1 + (chance.random() < 0.1)
            came.append(row(order, "", chance, mature=True))
            if chance.random() < 0.9:
                came.append(row(order, str(serving), chance, mature=chance.random() < 0.4))
                open_.append((order, str(serving)))
        for _ in range(chance.choice([0, 0, 1, 2])):
            if open_:
                which, version = open_.pop(chance.randrange(min(3, len(open_))))
                came.append(row(which, version, chance, mature=True))
        if order > 4 and chance.random() < 0.15:
            came.append(row(chance.randrange(1, order), "", chance, mature=True))
        if chance.random() < 0.08:
            serving += 1
        found.append((came, str(serving)))
    return found


def slowly(
    given: list[tuple[list[WindowFacts], str]], look_back: int = 10**6
) -> tuple[list[Alert], list[Alert], list[Alert]]:
    """All that `walk` decides, looking at everything at each instant (or back on so many windows that were decided):
    (open, resolved, passed)."""
    rows: dict[tuple[str, str], WindowFacts] = {}
    live: list[Alert] = []
    over: list[Alert] = []
    passed: list[Alert] = []
    last = None
    for n, (came, champion) in enumerate(given):
        rows.update(((facts.key, facts.version), facts) for facts in came)
        history = join_versions(rows.values(), champion)
        if not came:
            continue
        undecided = len(history) if last is None else sum(facts.order > last for facts in history)
        history = history[-(undecided + look_back) :]
        decided = walk(rules(), history, live, NOW + timedelta(days=n), champion=champion, after=last)
        gone = {alert.rule for alert in decided.resolved}
        moved = {alert.rule: alert for alert in decided.continued}
        live = [moved.get(a.rule, a) for a in live if a.rule not in gone] + list(decided.opened)
        over += decided.resolved
        passed += decided.passed
        last = max(facts.order for facts in history)
    return live, over, passed


def same(alert: Alert) -> Alert:
    return replace(alert, id=None)


@pytest.mark.parametrize("look_back", [200, 5])
@pytest.mark.parametrize("seed", range(60))
def test_the_same_as_looking_at_everything_each_time(seed: int, look_back: int) -> None:
    given = arrivals(random.Random(seed), 80)
    live, over, passed = slowly(given, look_back)
    found = Alerts(rules(), "1", look_back=look_back)
    for n, (came, champion) in enumerate(given):
        if came:
            found.decide(came, champion, NOW + timedelta(days=n))
    assert sorted(map(same, found.open), key=str) == sorted(live, key=str)
    told = [(e.rule, e.since, e.opened, e.resolved, e.last, e.message) for e in found.over]
    expected = [(a.rule, a.since, a.opened, a.resolved, a.last_window, a.message) for a in (*over, *passed)]
    assert sorted(told, key=str) == sorted(expected, key=str)
    assert over and passed, "the histories are rich enough to tell"


def test_the_windows_in_which_a_rule_fires_are_remembered() -> None:
    found = Alerts(rules()[:2])
    for order, value in enumerate([0.1, 0.4, 0.4, 0.4, 0.6, 0.6, 0.2, 0.9]):
        found.decide([WindowFacts(f"w{order}", order, signals={"psi.x": SignalFact(value)})], "", NOW)
    told = [(e.rule, e.windows, e.resolved is None) for e in found.episodes()]
    assert told == [("long", ("w3", "w4", "w5"), False), ("drift", ("w4", "w5"), False), ("drift", ("w7",), True)]


@pytest.mark.parametrize(
    "text",
    ["psi.x > 0.5", "psi.x.lower <= 0.5", "auc.upper != 0.5", "psi.x.n >= 10", "0.5 < psi.x", "psi.x > 0.5 and auc < 1",
     "not psi.x == 0.5", "-psi.x < 0.5", "gone > 0"],
)  # fmt: skip
def test_the_quick_evaluation_is_the_evaluation(text: str) -> None:
    expression = compile_expression(text)
    said = set()
    for value in (None, float("nan"), -0.7, 0.0, 0.5, 0.7, float("inf")):
        for fact in (SignalFact(value, value, value, 10), SignalFact(0.7, None, value, 9)):
            facts = WindowFacts("w", 0, signals={"psi.x": fact, "auc": fact})
            said.add(expression.evaluate(facts.lookup()))
            assert quick(expression)(facts) is expression.evaluate(facts.lookup())
    assert said >= {True, False} or text == "gone > 0"
