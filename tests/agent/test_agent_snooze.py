"""A snoozed alert is in force and silent; it wakes by its time, by a rising severity, and says what was held back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from lifecycle_tui.agent import loop
from lifecycle_tui.agent.simulated import simulate
from lifecycle_tui.state import alerts, clock, handling, models, outbox
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace
from tests.agent.conftest import Space

RULE = '[models.shop.rules.moved]\nwhen = "drift.max >= 0.2"\n'
NOTIFY = '[notifiers.team]\nuse = "log"\npath = "team.log"\n[notifiers.boss]\nuse = "log"\npath = "boss.log"\n' + (
    'match = { severity = "critical" }\n'
)
HOUR = timedelta(hours=1)


@pytest.fixture
def firing(shop: Callable[..., Space]) -> Space:
    """A workspace whose one alert has opened, and has not been told yet."""
    space = shop(drift_from=44, rules=RULE + NOTIFY)
    space.clock.instant = datetime(2025, 4, 1, tzinfo=UTC)
    space.run()
    assert [(a.alert.state, a.alert.severity) for a in space.alerts()] == [("open", "warning")]
    return space


def snooze(space: Space, span: timedelta) -> None:
    with State.open(space.root) as state, state.write() as tx:
        now = space.clock.now()
        handling.snooze(tx, 1, now + span, "ana", None, now)


def turn(space: Space) -> loop.Turned:
    spec = open_workspace(space.root / "lifecycle.toml").spec
    with State.open(space.root) as state, state.write() as tx:
        return loop.turn(tx, spec, space.clock.now())


def told(space: Space, name: str = "team") -> list[tuple[str, str]]:
    """(transition, message) of what a notifier has been told."""
    path = space.root / f"{name}.log"
    lines = path.read_text().splitlines() if path.exists() else []
    found = [json.loads(line) for line in lines]
    return [(f["transition"], f["message"]) for f in found]


def test_what_is_held_back_is_said_when_it_wakes(firing: Space) -> None:
    snooze(firing, 2 * HOUR)
    assert firing.send()["sent"] == 0 and told(firing) == []
    assert turn(firing).due == firing.clock.now() + 2 * HOUR, "the agent looks again then"
    with State.open(firing.root) as state, state.read() as conn:
        assert not outbox.coming(conn, firing.clock.now()) and len(outbox.waiting(conn)) == 1
    assert firing.row().health == "warning", "it is in force"
    firing.clock.advance(2 * HOUR)
    assert turn(firing).said == ("shop: alert 1 (moved) is awake again",)
    assert turn(firing).said == ()
    firing.send()
    ((transition, _),) = told(firing)
    assert transition == "opened", "once, not beside a reminder"
    with State.open(firing.root) as state, state.read() as conn:
        assert [(e.kind, e.text) for e in alerts.events(conn, 1)][-2:] == [
            ("snoozed", "until 2025-04-01 02:00 UTC"), ("woken", "its time has come"),
        ]  # fmt: skip
        assert models.model(conn, "shop").snoozed == 0


def test_one_that_was_told_says_so_again_each_time_that_it_wakes(firing: Space) -> None:
    firing.send()
    for _ in range(2):
        snooze(firing, HOUR)
        firing.clock.advance(HOUR)
        turn(firing)
        firing.send()
    assert [transition for transition, _ in told(firing)] == ["opened", "woken", "woken"]
    assert told(firing, "boss") == [], "who was not told of it is not told now"


@pytest.mark.slow
def test_an_evaluation_wakes_it_where_no_agent_runs(firing: Space) -> None:
    snooze(firing, HOUR)
    firing.clock.advance(2 * HOUR)
    firing.run()
    firing.send()
    assert [transition for transition, _ in told(firing)] == ["opened"]


def test_it_wakes_when_its_severity_rises_and_not_when_it_falls(firing: Space) -> None:
    firing.send()
    snooze(firing, 100 * HOUR)
    firing.write(
        "lifecycle.toml", (firing.root / "lifecycle.toml").read_text().replace(RULE, RULE + 'severity = "info"\n')
    )
    firing.run()
    assert firing.alerts()[0].sleeps(firing.clock.now())
    text = (firing.root / "lifecycle.toml").read_text()
    firing.write("lifecycle.toml", text.replace('severity = "info"', 'severity = "critical"'))
    firing.run()
    assert firing.alerts()[0].snoozed_until is None
    with State.open(firing.root) as state, state.read() as conn:
        assert alerts.events(conn, 1)[-1].text == "it has become critical"
    firing.send()
    assert [t for t, _ in told(firing)] == ["opened", "woken"] and [t for t, _ in told(firing, "boss")] == ["woken"]


def test_one_that_resolves_asleep_says_nothing_to_who_never_heard_of_it(firing: Space) -> None:
    snooze(firing, 100 * HOUR)
    text = (firing.root / "lifecycle.toml").read_text()
    firing.write("lifecycle.toml", text.replace(RULE, ""))
    firing.run()
    assert firing.alerts()[0].alert.state == "resolved"
    assert firing.send() == {"sent": 0, "failed": 0, "errors": []} and told(firing) == []
    with State.open(firing.root) as state, state.read() as conn:
        (only,) = outbox.notifications(conn, 1)
        assert (only.kind, only.state, only.last_error) == ("opened", "dropped", "it resolved while it was snoozed")
        assert outbox.failed(conn) == () and handling.next_wake(conn, firing.clock.now()) is None


@pytest.mark.slow
def test_one_that_was_told_and_resolves_asleep_says_that_it_is_over(firing: Space) -> None:
    firing.send()
    snooze(firing, 100 * HOUR)
    firing.write("lifecycle.toml", (firing.root / "lifecycle.toml").read_text().replace(RULE, ""))
    firing.run()
    firing.send()
    assert [transition for transition, _ in told(firing)] == ["opened", "resolved"]


def test_a_simulated_clock_stops_where_an_alert_wakes(firing: Space) -> None:
    now = firing.clock.now()
    snooze(firing, 5 * HOUR)
    with State.open(firing.root) as state:
        with state.write() as tx:
            clock.put(tx, clock.Simulated(now, now + 7 * HOUR, 1.0))
        said: list[str] = []
        spec = open_workspace(firing.root / "lifecycle.toml").spec
        simulate(state, spec, now, now + 7 * HOUR, lambda one: said.append(f"{one.at:%H:%M} {one.text}"))
    assert "05:00 shop: alert 1 (moved) is awake again" in said
    assert [transition for transition, _ in told(firing)] == ["opened"]
