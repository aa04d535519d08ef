"""Alerts, their events, the outbox: each told once, whatever is run again."""

from __future__ import annotations

import dataclasses
import sqlite3
from datetime import timedelta

import pytest
from state_values import alert, day

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.state import alerts, feed, models, outbox, processes
from lifecycle_tui.state.database import State

ME = processes.this()
GONE = dataclasses.replace(ME, started="1")


def store(state: State, now: int = 1, **decisions) -> tuple[alerts.Change, ...]:
    with state.write() as tx:
        return alerts.store(tx, now=day(now), **decisions)


def test_an_alert_lives_from_opened_to_resolved_with_its_events(state: State):
    (opened,) = store(state, opened=[alert(detail={"columns": ["income"]})])
    assert (opened.kind, opened.alert.id, opened.alert.last_window) == ("opened", 1, "2026-01-01")
    going_on = dataclasses.replace(opened.alert, last_window="2026-01-02", repeats=1, message="still")
    assert [c.kind for c in store(state, 2, continued=[going_on])] == ["continued"]
    ended = dataclasses.replace(
        going_on, state="resolved", resolved=day(3), resolved_by="the data", last_window="2026-01-03"
    )
    assert [c.kind for c in store(state, 3, resolved=[ended])] == ["resolved"]
    with state.read() as conn:
        (row,) = alerts.alerts(conn)
        assert row.alert == ended
        assert alerts.open_alerts(conn, "bikes") == ()
        assert [(e.kind, e.at, e.window) for e in alerts.events(conn, 1)] == [
            ("opened", day(1), "2026-01-01"), ("continued", day(2), "2026-01-02"), ("resolved", day(3), "2026-01-03"),
        ]  # fmt: skip


def test_storing_a_decision_again_changes_nothing(state: State):
    first = alert()
    going_on = alert(last_window="2026-01-02", repeats=1)
    ended = alert(last_window="2026-01-03", state="resolved", resolved=day(3))
    passed = alert(rule="other", state="resolved", resolved=day(2), last_window="2026-01-02")
    for decisions in ({"opened": [first]}, {"continued": [going_on]}, {"resolved": [ended]}, {"passed": [passed]}):
        assert store(state, **decisions)
        with state.read() as conn:
            seq = feed.latest(conn)
        if "resolved" not in decisions and "passed" not in decisions:
            assert store(state, **decisions) == ()
        else:
            assert store(state, now=9, **decisions) == ()
        with state.read() as conn:
            assert feed.latest(conn) == seq


def test_a_rule_has_one_live_alert_and_may_open_again_later(state: State):
    store(state, opened=[alert()])
    assert [c.kind for c in store(state, opened=[alert(opened=day(2), last_window="2026-01-02")])] == ["continued"]
    store(state, resolved=[alert()])
    (again,) = store(state, opened=[alert(opened=day(5), since="2026-01-05")])
    assert (again.kind, again.alert.id) == ("opened", 2)
    with pytest.raises(sqlite3.IntegrityError), state.write() as tx:
        tx.execute("UPDATE alerts SET state = 'open'")


def test_an_alert_that_passed_while_the_past_was_decided_is_history_at_once(state: State):
    gone = alert(state="resolved", resolved=day(4), last_window="2026-01-04", resolved_by="the data")
    assert [c.kind for c in store(state, passed=[gone])] == ["opened", "resolved"]
    with state.read() as conn:
        assert alerts.open_alerts(conn) == ()
        assert [e.kind for e in alerts.events(conn, 1)] == ["opened", "resolved"]


def test_acknowledging_keeps_who_and_why_until_it_resolves(state: State):
    store(state, opened=[alert()])
    with state.write() as tx:
        row = alerts.acknowledge(tx, 1, "ana", "looking", day(2))
        assert alerts.acknowledge(tx, 1, "raj", None, day(3)) == row
    assert (row.alert.state, row.alert.acknowledged_by, row.acknowledged_at, row.note) == (
        "acknowledged",
        "ana",
        day(2),
        "looking",
    )
    store(state, continued=[alert(last_window="2026-01-02", repeats=1)])
    with state.read() as conn:
        assert alerts.open_alerts(conn)[0].alert.state == "acknowledged"
        assert alerts.open_alerts(conn)[0].alert.repeats == 1
    store(state, resolved=[alert()])
    with state.write() as tx, pytest.raises(UsageError, match="resolved already"):
        alerts.acknowledge(tx, 1, "ana", None, day(4))
    with state.write() as tx, pytest.raises(UsageError, match="no alert 7"):
        alerts.acknowledge(tx, 7, "ana", None, day(4))
    with state.read() as conn:
        assert alerts.alert(conn, 1).alert.acknowledged_by == "ana"


def test_the_fleet_counts_alerts_in_the_same_transaction(state: State):
    def counts() -> tuple:
        with state.read() as conn:
            row = models.model(conn, "bikes")
        return row.alerts_open, row.severity

    store(state, opened=[alert(), alert(rule="auc", severity="critical")])
    assert counts() == (2, "critical")
    with state.write() as tx:
        models.put_model(tx, models.ModelFacts("bikes", "critical", day(1)))
        alerts.acknowledge(tx, 2, "ana", None, day(1))
    assert counts() == (2, "critical")
    store(state, resolved=[alert(rule="auc")])
    assert counts() == (1, "warning")
    store(state, resolved=[alert()])
    assert counts() == (0, None)


def test_open_alerts_come_worst_first_and_lists_page(state: State):
    for n in range(5):
        store(state, opened=[alert(rule=f"r{n}", opened=day(n), severity=("info", "critical")[n % 2])])
    store(state, resolved=[alert(rule="r4")])
    with state.read() as conn:
        assert [r.alert.rule for r in alerts.open_alerts(conn)] == ["r1", "r3", "r0", "r2"]
        page = alerts.alerts(conn, limit=2)
        assert [r.alert.rule for r in page] == ["r4", "r3"]
        rest = alerts.alerts(conn, limit=9, before=(page[-1].alert.opened, page[-1].id))
        assert [r.alert.rule for r in rest] == ["r2", "r1", "r0"]
        assert [r.alert.rule for r in alerts.alerts(conn, state="resolved", model="bikes")] == ["r4"]


def test_the_outbox_tells_each_notifier_once_and_tries_again_after_failures(state: State):
    store(state, opened=[alert()])
    with state.write() as tx:
        assert outbox.queue_notification(tx, 1, "oncall", day(1), "opened", day(1)) == 1
        assert outbox.queue_notification(tx, 1, "oncall", day(1), "opened", day(1)) is None
        assert outbox.queue_notification(tx, 1, "log", day(2), "opened", day(1)) == 2
        assert [n.notifier for n in outbox.due(tx, day(1))] == ["oncall"]
        (taken,) = outbox.claim_due(tx, day(1), ME)
        assert (taken.state, taken.attempts, taken.process) == ("sending", 1, ME)
        assert outbox.claim_due(tx, day(1), ME) == ()
        outbox.mark_failed(tx, [1], "refused", day(1) + timedelta(minutes=5))
        assert outbox.due(tx, day(1)) == ()
        (taken,) = outbox.claim_due(tx, day(1) + timedelta(minutes=5), ME)
        assert (taken.attempts, taken.last_error) == (2, "refused")
        outbox.release(tx, [1], day(2))
        assert [(n.id, n.attempts) for n in outbox.claim_due(tx, day(2), ME)] == [(1, 2), (2, 1)]
        outbox.mark_sent(tx, [1], day(2))
        outbox.mark_failed(tx, [2], "gone for good", None)
        assert outbox.waiting(tx) == ()
    with state.read() as conn:
        assert [(n.state, n.sent_at, n.last_error) for n in outbox.notifications(conn, 1)] == [
            ("sent", day(2), None), ("failed", None, "gone for good"),
        ]  # fmt: skip


def test_what_a_dead_process_was_sending_is_offered_again(state: State):
    store(state, opened=[alert()])
    with state.write() as tx:
        outbox.queue_notification(tx, 1, "oncall", day(1), "opened", day(1))
        outbox.claim_due(tx, day(1), GONE)
        assert [n.id for n in outbox.claim_due(tx, day(1), ME)] == [1]
        assert outbox.due(tx, day(1)) == ()


def test_a_clock_that_is_set_back_holds_up_no_notification(state: State):
    """What was queued on the old clock goes out at once; what then fails is tried again by the new one."""
    store(state, opened=[alert()])
    with state.write() as tx:
        outbox.queue_notification(tx, 1, "oncall", day(400) + timedelta(minutes=10), "opened", day(400))
        (taken,) = outbox.claim_due(tx, day(1), ME)
        assert taken.notifier == "oncall" and outbox.due(tx, day(1)) == ()
        outbox.mark_failed(tx, [1], "refused", day(1) + timedelta(minutes=5))
        assert outbox.due(tx, day(1)) == ()
        assert [n.id for n in outbox.claim_due(tx, day(1) + timedelta(minutes=5), ME, ["log"])] == []
        assert [n.id for n in outbox.claim_due(tx, day(1) + timedelta(minutes=5), ME, ["oncall"])] == [1]
