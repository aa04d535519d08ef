"""Who hears of what, and in how many messages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.specs import NotifierSpec
from lifecycle_tui.policy.grouping import Notice, plan_messages, wants

T0 = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def notice(model="m", rule="r", severity="warning", at=0, transition="opened", columns=(), sources=(), **more):
    alert = Alert(
        model, rule, severity, "resolved" if transition == "resolved" else "open", "w1", T0, f"{rule} fired",
        detail={"columns": list(columns)}, resolved=T0 if transition == "resolved" else None,
    )  # fmt: skip
    return Notice(alert, transition, T0 + at * MINUTE, sources=tuple(sources), **more)


@pytest.mark.parametrize(
    "match, told",
    [
        ({}, True),
        ({"owner": "risk-ml"}, True),
        ({"owner": "risk-*"}, True),
        ({"owner": "growth"}, False),
        ({"severity": "info"}, True),
        ({"severity": "warning"}, True),
        ({"severity": "critical"}, False),
        ({"severity": ("critical", "warning")}, True),
        ({"model": ("a*", "fraud-?")}, True),
        ({"model": "Fraud-1"}, False),
        ({"rule": "auc*", "owner": "risk-ml"}, True),
        ({"rule": "auc*", "owner": "other"}, False),
    ],
)
def test_matching(match, told):
    item = notice("fraud-1", "auc-degraded", owner="risk-ml")
    assert wants(NotifierSpec("n", "log", match=match), item) is told


def test_a_model_without_owner_matches_no_owner():
    assert not wants(NotifierSpec("n", "log", match={"owner": "*"}), notice())


def test_a_named_target_is_told_alone():
    spec = [NotifierSpec("a", "log"), NotifierSpec("b", "log")]
    plan = plan_messages(spec, [notice(target="b")], T0)
    assert [delivery.notifier for delivery in plan.due] == ["b"]


@pytest.mark.parametrize("match", [{"tier": "1"}, {"severity": "loud"}])
def test_what_cannot_be_matched_is_said(match):
    with pytest.raises(ValueError):
        wants(NotifierSpec("n", "log", match=match), notice())


def test_no_notifier_nothing_is_sent():
    plan = plan_messages([], [notice()], T0, flush=True)
    assert not plan.due and len(plan.unmatched) == 1


def test_without_group_each_alert_is_a_message_at_once():
    plan = plan_messages([NotifierSpec("n", "log")], [notice(rule="b"), notice(rule="a")], T0)
    assert [delivery.message.subject for delivery in plan.due] == ["warning: m: a", "warning: m: b"]


def grouped(notices, minutes, flush=False):
    return plan_messages([NotifierSpec("n", "log", group=10 * MINUTE)], notices, T0 + minutes * MINUTE, flush=flush)


def test_a_group_waits_and_then_shares_messages():
    notices = [
        notice("a", columns=["income"]),
        notice("b", columns=["income", "age"], at=3),
        notice("c", columns=["zip"], sources=["lake"], at=4, severity="critical"),
        notice("d", columns=["age"], at=5),
        notice("e", sources=["lake"], at=6),
        notice("f", columns=["alone"], at=7),
    ]
    early = grouped(notices, 9)
    assert not early.due and {item.due for item in early.waiting} == {T0 + 10 * MINUTE}
    late = grouped(notices, 10)
    assert [[item.alert.model for item in delivery.notices] for delivery in late.due] == [
        ["a", "b", "d"],
        ["c", "e"],
        ["f"],
    ]
    assert [delivery.message.subject for delivery in late.due] == [
        "3 warning: a, b, d",
        "1 critical, 1 warning: c, e",
        "warning: f: r",
    ]
    assert grouped(notices, 1, flush=True).due == late.due


def test_what_comes_after_the_group_begins_the_next():
    plan = grouped([notice("a", columns=["x"]), notice("b", columns=["x"], at=11)], 12)
    assert [item.alert.model for item in plan.due[0].notices] == ["a"]
    assert [(item.notice.alert.model, item.due) for item in plan.waiting] == [("b", T0 + 21 * MINUTE)]


def test_opened_and_resolved_within_a_group_is_one_line():
    plan = grouped([notice("a"), notice("a", at=2, transition="resolved")], 10)
    (delivery,) = plan.due
    assert len(delivery.notices) == 2
    assert delivery.message.subject == "resolved: a: r"
    assert delivery.message.body == "[resolved] a r: resolved (was: r fired)"


def test_the_facts_of_a_message():
    (delivery,) = plan_messages([NotifierSpec("n", "log")], [notice(owner="o", columns=["x"])], T0).due
    assert delivery.message.alerts == (
        {
            "id": None, "model": "m", "owner": "o", "rule": "r", "severity": "warning", "state": "open",
            "transition": "opened", "since": "w1", "last_window": None, "opened": "2026-01-01T00:00:00.000000Z",
            "resolved": None, "message": "r fired", "columns": ["x"],
            "assigned_to": None,
        },
    )  # fmt: skip
    assert delivery.message.body == "[warning] m r: r fired"


def test_many_models_are_counted():
    (delivery,) = grouped([notice(f"m{i}", sources=["lake"]) for i in range(5)], 10).due
    assert delivery.message.subject == "5 warning: 5 models"


def test_a_message_says_that_an_alert_is_awake_and_whose_it_is():
    woken = replace(notice(), transition="woken", assigned_to="ana")
    (delivery,) = plan_messages([NotifierSpec("n", "log")], [woken], T0).due
    assert delivery.message.body == "[warning] m r: r fired (it was snoozed, and is still open) [assigned to ana]"
    assert delivery.message.subject == "warning: m: r"
    assert (delivery.message.alerts[0]["transition"], delivery.message.alerts[0]["assigned_to"]) == ("woken", "ana")
