"""Alerts are acknowledged several at once, snoozed until some time, and assigned to people."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from actions_room import NOW, T0, Room
from click.testing import CliRunner

from lifecycle_tui.actions.base import Moved
from lifecycle_tui.actions.snooze import until
from lifecycle_tui.cli.main import group as cli
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.state import alerts, audit, clock, handling, models

FAR = {"until": "2h"}


@pytest.fixture
def three(room: Room) -> Room:
    """Alert 1 as in every room, 2 and 3 of the same model; the workspace's clock shows NOW."""
    with room.state.write() as tx:
        found = [Alert("shop", f"rule-{n}", "warning", "open", "2025-05", T0, f"{n} fired") for n in (2, 3)]
        alerts.store(tx, opened=found, now=T0)
        clock.put(tx, clock.Simulated(NOW, NOW + timedelta(days=900), 1.0))
    return room


def rows(room: Room) -> list[alerts.AlertRow]:
    with room.state.read() as conn:
        return sorted(alerts.open_alerts(conn, "shop"), key=lambda row: row.id)


def test_several_alerts_are_taken_on_in_one_transaction_with_a_row_each(three: Room) -> None:
    three.apply(three.plan("ack", alert=2))
    plan = three.plan("ack", note="on it", alert=("shop",), all=True)
    assert plan.lines[0] == "acknowledge 2 alerts of shop", "the one that is acknowledged already is left out"
    assert plan.draft is not None and plan.draft.command == "lifecycle ack 1 3 --note 'on it'"
    assert [line[:8] for line in plan.lines[1:3]] == ["alert 1:", "alert 3:"]
    done = three.apply(plan)
    assert done.text == "acknowledged 2 alerts of shop" and dict(done.facts) == {"alerts": [1, 3]}
    assert [row.alert.state for row in rows(three)] == ["acknowledged"] * 3
    assert [what for what in three.audit() if what[0] == "acknowledge"] == [
        ("acknowledge", "ana", f"alert {n}") for n in (3, 1, 2)
    ]
    again = three.plan("ack", alert=("1", "3"))
    assert again.draft is not None and again.draft.settled == "acknowledged already: 2 alerts of shop"
    plan = three.plan("snooze", alert=("1", "1", "2"), until="2h")
    with three.state.write() as tx:
        handling.assign(tx, 2, "raj", "raj", None, NOW)
    with pytest.raises(Moved, match="alert 2"):
        three.apply(plan)
    assert not any(row.snoozed_until for row in rows(three)), "all of it, or nothing"


REFUSED: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("ack", {"alert": ("shop",)}, "'shop' is no number of an alert"),
    ("ack", {"alert": ("shp",), "all": True}, "there is no model 'shp'"),
    ("snooze", {"alert": 1, "until": "2 ours"}, "'2 ours': 'ours' is no unit of duration"),
    ("snooze", {"alert": 1, "until": "soon"}, "'soon': 'soon' is not a duration"),
    ("snooze", {"alert": 1, "until": "0h"}, "'0h': must be longer than zero"),
    ("snooze", {"alert": 1, "until": "2025-13-01"}, "'2025-13-01' is no time to wake at"),
    ("snooze", {"alert": 1, "until": "2025-01-01"}, "'2025-01-01' has passed"),
    ("snooze", {"alert": 1, "until": "2027-01-01T00:00"}, "for a year at most"),
    ("snooze", {"alert": 1, "until": "900000d"}, "longer than a thousand years"),
    ("snooze", {"alert": 9, **FAR}, "there is no alert 9"),
    ("assign", {"alert": 1, "person": " "}, "that is no name of a person"),
    ("assign", {"alert": 1, "person": "a\x1b[31m"}, "that is no name of a person"),
)


@pytest.mark.parametrize(("name", "values", "why"), REFUSED)
def test_refusals_in_words(three: Room, name: str, values: dict[str, Any], why: str) -> None:
    plan = three.plan(name, **values)
    assert plan.refused is not None and why in plan.refused.reason and plan.refused.hint


def test_a_model_without_open_alerts_is_no_mistake_of_spelling(three: Room) -> None:
    with three.state.write() as tx:
        models.declare(tx, [models.Declared("quiet")])
    plan = three.plan("ack", alert=("quiet",), all=True)
    assert plan.refused is not None and plan.refused.reason == "no alert of quiet is open"


def test_when_a_snooze_ends() -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert until("2h", now) == now + timedelta(hours=2)
    assert until(" 1w ", now) == now + timedelta(weeks=1)
    assert until("2026-02-01", now) == datetime(2026, 2, 1, tzinfo=UTC)
    assert until("2026-02-01T09:00", now) == datetime(2026, 2, 1, 9, tzinfo=UTC)
    assert until("2026-02-01T09:00+02:00", now) == datetime(2026, 2, 1, 7, tzinfo=UTC)


def test_a_snooze_is_recorded_counted_and_taken_back(three: Room) -> None:
    done = three.apply(three.plan("snooze", note="the backfill runs", alert=1, until="3d"))
    assert done.text == "snoozed until 2025-06-13 00:00 UTC: alert 1: shop mae-high: mae 4 > 3"
    one = rows(three)[0]
    assert (one.snoozed_until, one.snoozed_by) == (NOW + timedelta(days=3), "ana")
    assert one.sleeps(NOW) and not one.sleeps(NOW + timedelta(days=3))
    with three.state.read() as conn:
        found = models.model(conn, "shop")
        assert found is not None
        assert (found.alerts_open, found.snoozed, found.severity, found.awake) == (3, 1, "critical", "warning")
        assert audit.entries(conn)[0].detail["until"] == "2025-06-13T00:00:00Z"
        last = alerts.events(conn, 1)[-1]
        assert (last.kind, last.by, last.text) == ("snoozed", "ana", "until 2025-06-13 00:00 UTC: the backfill runs")
        assert handling.next_wake(conn, NOW) == NOW + timedelta(days=3)
    plan = three.plan("unsnooze", alert=("shop",), all=True)
    assert plan.draft is not None and plan.draft.subject == "alert 1", "the others are awake"
    three.apply(plan)
    assert rows(three)[0].snoozed_until is None
    assert three.plan("unsnooze", alert=1).draft.settled == "awake already: alert 1: shop mae-high: mae 4 > 3"
    with three.state.read() as conn:
        found = models.model(conn, "shop")
        assert found is not None and (found.snoozed, found.awake) == (0, "critical")


def test_people_look_after_alerts(three: Room) -> None:
    three.apply(three.plan("assign", alert=(1, 2), person="me", note="mine"))
    assert [row.assigned_to for row in rows(three)] == ["ana", "ana", None]
    plan = three.plan("assign", alert=1, person="raj")
    assert plan.draft is not None and plan.draft.undo == "lifecycle assign 1 ana"
    three.apply(plan)
    one = rows(three)[0]
    assert (one.assigned_to, one.assigned_by) == ("raj", "ana")
    assert three.plan("assign", alert=1, person="raj").draft.settled == (
        "assigned to raj already: alert 1: shop mae-high: mae 4 > 3"
    )
    three.apply(three.plan("assign", alert=("shop",), all=True, person="nobody"))
    assert [row.assigned_to for row in rows(three)] == [None] * 3
    with three.state.read() as conn:
        assert [(e.kind, e.text) for e in alerts.events(conn, 1)][1:] == [
            ("assigned", "to ana: mine"), ("assigned", "to raj"), ("assigned", "no longer to raj"),
        ]  # fmt: skip


def test_status_lists_what_is_mine_and_what_sleeps(three: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(three.root)
    monkeypatch.setenv("LOGNAME", "ana")
    monkeypatch.delenv("SUDO_USER", raising=False)
    runner = CliRunner()
    assert runner.invoke(cli, ["status", "--mine"]).exit_code == 0
    assert runner.invoke(cli, ["assign", "2", "3", "me"]).exit_code == 0
    assert runner.invoke(cli, ["snooze", "2", "2h"]).exit_code == 0
    told = runner.invoke(cli, ["status", "--mine"])
    assert told.exit_code == 1
    lines = [line for line in told.output.splitlines() if "rule-" in line]
    assert [line.split()[0] for line in lines] == ["3", "2"], "the one that sleeps comes last"
    assert "snoozed until 06-10 02:00" in lines[1] and "ana" in lines[1] and "mae-high" not in told.output
    found = json.loads(runner.invoke(cli, ["status", "--format", "json"]).stdout)["models"]["shop"]["alerts"]
    by_id = {alert["id"]: alert for alert in found}
    assert (by_id[2]["assigned_to"], by_id[2]["snoozed_until"]) == ("ana", "2025-06-10T02:00:00Z")
    assert (by_id[1]["assigned_to"], by_id[1]["snoozed_until"], by_id[1]["snoozed_by"]) == (None, None, None)
