"""Alerts open, go on, resolve: every small history, and the promises of DESIGN §5 one by one."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.specs import RuleSpec
from lifecycle_tui.policy.alerts import acknowledge, health
from lifecycle_tui.policy.catalog import DetectorInfo, MetricInfo, model_catalog
from lifecycle_tui.policy.expressions import ExpressionError
from lifecycle_tui.policy.facts import SignalFact, WindowFacts, facts_from_signals, join_versions
from lifecycle_tui.policy.rules import compile_rule, decide, walk

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CATALOG = model_catalog({"income": "numeric"}, [DetectorInfo("psi", ("numeric",))], [MetricInfo("auc", (0.0, 1.0))])


def rule(when="drift.share > 0.5", name="r", **more):
    return compile_rule("m", RuleSpec(name, when, **more), CATALOG)


def window(order, signals=None, *, version="1", mature=True, **more):
    facts = {name: SignalFact(value) for name, value in (signals or {}).items()}
    return WindowFacts(f"w{order:02}", order, version, mature, facts, **more)


def drift(values):
    """Windows in which drift.share makes the rule true (T), false (F) or unknown (U)."""
    return [window(i, {} if v == "U" else {"drift.share": 1.0 if v == "T" else 0.0}) for i, v in enumerate(values)]


def store(decisions, open_alerts):
    """What state would hold as open alerts afterwards."""
    changed = {alert.since: alert for alert in (*decisions.continued, *decisions.resolved)}
    kept = [changed.get(alert.since, alert) for alert in open_alerts]
    return [alert for alert in (*kept, *decisions.opened) if alert.state != "resolved"]


def expected(values, length):
    """The rule's words, read literally: open now?, for windows seen one at a time."""
    streak, firing = 0, False
    for value in values:
        if value == "T":
            streak += 1
            firing = firing or streak >= length
        elif value == "F":
            streak, firing = 0, False
    return firing


@pytest.mark.parametrize("length", [1, 2, 3])
def test_every_history_of_six_windows(length):
    r = rule(for_windows=length)
    for values in product("TFU", repeat=6):
        history, alerts, last = drift(values), [], None
        log = []
        for end in range(1, 7):
            decisions = decide([r], history[:end], alerts, NOW + timedelta(hours=end), champion="1")
            log.append((len(decisions.opened), len(decisions.resolved), len(decisions.continued)))
            # An unknown window changes nothing.
            if values[end - 1] == "U":
                assert log[-1] == (0, 0, 0)
            alerts = store(decisions, alerts)
            # Deciding again changes nothing.
            again = decide([r], history[:end], alerts, NOW + timedelta(days=9), champion="1")
            assert not again.changed and not again.intents
            assert bool(alerts) is expected(values[:end], length), values[:end]
            if alerts:
                opening = next(i for i in range(end, 0, -1) if log[i - 1][0])
                assert alerts[0].repeats == values[opening:end].count("T")
            last = decisions
        # The history walked in one go ends in the same place, and twice is once.
        walked = walk([r], history, [], NOW, champion="1", after=None)
        assert [a.since for a in walked.opened] == [a.since for a in alerts]
        assert [a.repeats for a in walked.opened] == [a.repeats for a in alerts]
        assert len(walked.passed) == sum(step[1] for step in log)
        assert walked.outcomes == last.outcomes
        assert len(walked.intents) == len(alerts)
        again = walk([r], history, list(walked.opened), NOW, champion="1", after=5)
        assert not again.changed and not again.intents


@given(st.lists(st.sampled_from("TFU"), max_size=12), st.integers(0, 12), st.integers(1, 3))
def test_a_walk_may_be_cut_anywhere(values, cut, length):
    history, r = drift(values), rule(for_windows=length)
    cut = min(cut, len(history))
    whole = walk([r], history, [], NOW, champion="1", after=None)
    first = walk([r], history[:cut], [], NOW, champion="1", after=None)
    second = walk([r], history, list(first.opened), NOW, champion="1", after=cut - 1)
    ended = store(second, list(first.opened))
    assert [(a.since, a.repeats, a.last_window) for a in ended] == [
        (a.since, a.repeats, a.last_window) for a in whole.opened
    ]
    assert len(first.passed) + len(second.passed) + len(second.resolved) == len(whole.passed)


def test_the_message_has_numbers_windows_and_since_when():
    r = rule("auc.upper < 0.92", for_windows=3, severity="critical", then=("notify", "retrain"))
    history = [
        WindowFacts(f"2012-0{i}", i, "1", True, {"auc": SignalFact(0.9, 0.88, 0.95 - i / 50, 500)}) for i in range(1, 6)
    ]
    decisions = decide([r], history, [], NOW, champion="1")
    (alert,) = decisions.opened
    assert alert.message == "auc.upper 0.85 < 0.92 in 2012-05, for 4 windows since 2012-02"
    assert (alert.model, alert.rule, alert.severity, alert.state) == ("m", "r", "critical", "open")
    assert (alert.since, alert.last_window, alert.opened, alert.id) == ("2012-02", "2012-05", NOW, None)
    assert alert.detail["signals"]["auc"] == {"value": 0.9, "lower": 0.88, "upper": 0.95 - 5 / 50, "n": 500}
    assert alert.detail["windows"] == ["2012-02", "2012-03", "2012-04", "2012-05"]
    assert [(intent.kind, intent.transition, intent.target) for intent in decisions.intents] == [
        ("notify", "opened", None),
        ("retrain", "opened", None),
    ]
    assert decisions.health == "critical"


def test_alerts_of_drift_rules_name_the_drifted_columns():
    history = [window(0, {"drift.share": 1.0, "psi.income": 1.0}, drifted=("income", "age"))]
    decisions = decide([rule(), rule("psi.income > 0.2", "p")], history, [], NOW, champion="1")
    assert [alert.detail["columns"] for alert in decisions.opened] == [["income", "age"], ["income"]]


def test_it_goes_on_quietly_and_keeps_its_message():
    history = [window(i, {"drift.share": 0.6 + i / 10}) for i in range(3)]
    first = decide([rule()], history[:1], [], NOW, champion="1")
    on = decide([rule()], history, [*first.opened], NOW + timedelta(1), champion="1")
    (alert,) = on.continued
    assert (alert.repeats, alert.last_window, alert.opened) == (2, "w02", NOW)
    assert alert.message == "drift.share 0.6 > 0.5 in w00"
    assert alert.detail["latest"] == "drift.share 0.8 > 0.5 in w02"
    assert not on.intents and not on.opened


def test_acknowledged_stays_so_until_it_resolves():
    first = decide([rule()], drift("T"), [], NOW, champion="1")
    alert = acknowledge(first.opened[0], "ana")
    on = decide([rule()], drift("TT"), [alert], NOW, champion="1")
    assert (on.continued[0].state, on.continued[0].acknowledged_by, on.health) == ("acknowledged", "ana", "warning")
    off = decide([rule()], drift("TTF"), [*on.continued], NOW + timedelta(1), champion="1")
    (done,) = off.resolved
    assert (done.state, done.acknowledged_by, done.resolved) == ("resolved", "ana", NOW + timedelta(1))
    assert done.resolved_by == "window w02"
    assert done.detail["resolution"] == "drift.share 0 > 0.5 no longer holds in w02"
    assert [(intent.kind, intent.transition) for intent in off.intents] == [("notify", "resolved")]
    assert off.health == "ok"
    with pytest.raises(UsageError, match="resolved"):
        acknowledge(done, "raj")


def test_a_rule_that_is_gone_resolves_its_alert():
    first = decide([rule(then=("notify:pager", "retrain"))], drift("T"), [], NOW, champion="1")
    off = decide([], drift("T"), [*first.opened], NOW, champion="1")
    assert off.resolved[0].resolved_by == "rule removed"
    assert [(intent.kind, intent.target) for intent in off.intents] == [("notify", "pager")]
    assert not decide([], drift("T"), [*off.resolved], NOW, champion="1").changed


def test_a_new_severity_shows_without_a_message():
    first = decide([rule()], drift("T"), [], NOW, champion="1")
    on = decide([rule(severity="critical")], drift("T"), [*first.opened], NOW, champion="1")
    assert on.continued[0].severity == "critical" and on.health == "critical" and not on.intents
    assert not decide([rule(severity="critical")], drift("T"), [*on.continued], NOW, champion="1").changed


def auc(values, **more):
    return [window(i, {"auc": v} if v is not None else {}, **more) for i, v in enumerate(values)]


def test_performance_rules_read_mature_windows_of_the_champion():
    r = rule("auc < 0.9", for_windows=2)
    assert r.performance and not rule().performance
    bad = auc([0.8, 0.8, 0.8])
    assert decide([r], bad, [], NOW, champion="1").opened
    assert decide([r], bad, [], NOW, champion="2").outcomes[0].value is None
    immature = [bad[0], window(1, {"auc": 0.8}, mature=False), window(2, {"auc": 0.8}, mature=False)]
    found = decide([r], immature, [], NOW, champion="1")
    assert not found.opened and found.outcomes[0].message == "1 of 2 windows with all labels scored by version 1"
    assert found.health == "unknown"


def test_after_a_promotion_an_alert_waits_for_enough_windows_of_the_new_champion():
    r = rule("auc < 0.9", for_windows=2)
    first = decide([r], auc([0.8, 0.8]), [], NOW, champion="1")
    history = [*auc([0.8, 0.8]), window(2, {"auc": 0.95}, version="2")]
    waiting = decide([r], history, [*first.opened], NOW, champion="2")
    assert not waiting.changed and waiting.health == "warning"
    history.append(window(3, {"auc": 0.95}, version="2"))
    assert decide([r], history, [*first.opened], NOW, champion="2").resolved


def test_late_labels_open_and_resolve_now_and_rewrite_nothing():
    r = rule("auc < 0.9")
    early = [window(0, {"auc": 0.95}), window(1, mature=False), window(2, mature=False)]
    assert not walk([r], early, [], NOW, champion="1", after=None).changed
    later = [early[0], window(1, {"auc": 0.8}), early[2]]
    opened = walk([r], later, [], NOW + timedelta(30), champion="1", after=2)
    assert (opened.opened[0].since, opened.opened[0].opened) == ("w01", NOW + timedelta(30))
    last = [*later[:2], window(2, {"auc": 0.95})]
    off = walk([r], last, [*opened.opened], NOW + timedelta(60), champion="1", after=2)
    assert off.resolved[0].opened == NOW + timedelta(30) and off.resolved[0].message == opened.opened[0].message
    # A past window that turns out bad behind a good one opens nothing.
    assert not walk([r], [window(0, {"auc": 0.5}), *last[2:]], [], NOW, champion="1", after=2).changed


def test_a_walk_keeps_alerts_that_passed_without_waking_anybody():
    found = walk([rule()], drift("TFTTF"), [], NOW, champion="1", after=None)
    assert [(alert.since, alert.state, alert.repeats) for alert in found.passed] == [
        ("w00", "resolved", 0),
        ("w02", "resolved", 1),
    ]
    assert not found.opened and not found.intents


def test_rules_do_not_mind_each_other():
    history = [window(0, {"drift.share": 1.0, "psi.income": 0.1})]
    found = decide([rule(), rule("psi.income > 0.2", "p"), rule("rows < 5", "q")], history, [], NOW, champion="1")
    assert [(outcome.rule, outcome.value) for outcome in found.outcomes] == [("r", True), ("p", False), ("q", None)]
    assert [alert.rule for alert in found.opened] == ["r"]


@pytest.mark.parametrize(
    "states, known, failed, expected_health",
    [
        ([], False, False, "unknown"),
        ([], True, False, "ok"),
        ([], True, True, "error"),
        ([("info", "open")], True, False, "ok"),
        ([("warning", "acknowledged")], True, False, "warning"),
        ([("warning", "open"), ("critical", "acknowledged")], False, False, "critical"),
        ([("critical", "resolved")], True, False, "ok"),
        ([("warning", "open")], True, True, "error"),
        ([("critical", "open")], True, True, "critical"),
    ],
)
def test_health(states, known, failed, expected_health):
    alerts = [Alert("m", "r", severity, state, "w", NOW, "") for severity, state in states]
    assert health(alerts, known=known, failed=failed) == expected_health


def test_a_model_without_rules_is_ok_once_something_is_known():
    assert decide([], [], [], NOW).health == "unknown"
    assert decide([], drift("U"), [], NOW).health == "unknown"
    assert decide([], drift("F"), [], NOW).health == "ok"


def test_compile_refuses_what_is_no_condition():
    with pytest.raises(ExpressionError):
        rule("drift.share >")


def test_facts_from_stored_signals():
    signals = [
        Signal("a", 1.0, 0.5, 1.5, 10),
        Signal("b", None, state="error"),
        Signal("c", None, n=3, state="cannot-tell"),
    ]
    assert facts_from_signals(signals) == {"a": SignalFact(1.0, 0.5, 1.5, 10), "c": SignalFact(None, n=3)}


def test_versions_of_a_window_become_one():
    def row(order, version, name, mature=True):
        return WindowFacts(f"w{order}", order, version, mature, {name: SignalFact(1.0)}, ("x",) if not version else ())

    joined = join_versions(
        [row(1, "", "psi"), row(1, "2", "auc", False), row(1, "1", "auc"), row(0, "", "psi"), row(0, "1", "auc"),
         row(2, "", "psi"), row(3, "1", "auc")],
        "2",
    )  # fmt: skip
    assert [(facts.order, facts.version, facts.mature, sorted(facts.signals), facts.drifted) for facts in joined] == [
        (0, "1", True, ["psi"], ("x",)),
        (1, "2", False, ["auc", "psi"], ("x",)),
        (2, "", True, ["psi"], ("x",)),
        (3, "1", True, [], ()),
    ]


def test_data_that_names_no_version_is_the_champions():
    joined = join_versions([WindowFacts("w", 0, "", True, {"auc": SignalFact(0.5)})], "")
    assert decide([rule("auc < 0.9")], joined, [], NOW).opened


def test_a_year_of_hours_is_walked_in_one_pass():
    """Each window is evaluated once a rule, so a first look at a long history stays linear."""
    calls = 0

    class Counted(WindowFacts):
        def lookup(self):
            nonlocal calls
            calls += 1
            return WindowFacts.lookup(self)

    history = [Counted(f"w{i:05}", i, signals={"drift.share": SignalFact(float(i % 7 > 2))}) for i in range(3000)]
    found = walk([rule(for_windows=2)], history, [], NOW, after=None)
    assert len(found.passed) == 428 and calls < 4 * len(history)
