"""A paused model is watched, and nothing of it is set off, in whatever order things happen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from loop_world import NOW, Work, World, events, live, pauses, smooth, trained, turn, window

from lifecycle_tui.policy.loop import AlertFact, Deploy, LoopPlan, Move, PauseFact, Train
from lifecycle_tui.policy.step import quiet, step

DAY = timedelta(days=1)
PLANS = {
    "rules": LoopPlan(),
    "schedule": LoopPlan(schedule="0 3 * * *"),
    "rows and updates": LoopPlan(after_rows=500, on_update=True),
    "approval": LoopPlan(approval=True),
}
FOREVER = PauseFact(None, "paused by ana")


def explored(plan: LoopPlan, depth: int) -> Iterator[World]:
    """Every order of events, pauses among them; `turn` holds each step against its laws, that of pauses too."""
    alert = AlertFact(90, "error", ("notify", "retrain", "rollback"), "w001")
    asked = replace(turn(World(plan, pile=(1, 2), versions=2)), alerts=(alert,), ids=90, rows=600, window=2)
    training = trained(turn(replace(asked, alerts=(replace(alert, then=("retrain",)),), rows=1200)), "passed") if (
        live(turn(replace(asked, alerts=(replace(alert, then=("retrain",)),), rows=1200)).training)
    ) else asked  # fmt: skip
    edge = [replace(world, pause=FOREVER) for world in (World(plan), asked, training)]
    seen = set(edge)
    for _ in range(depth):
        found = []
        for world in edge:
            for _, after in (*events(world), *pauses(world)):
                if after not in seen:
                    seen.add(after)
                    found.append(after)
                    yield after
        edge = found


def resumed_loses_nothing(world: World) -> None:
    """Once nobody holds it, what rules ask for is done as ever."""
    asked = any("retrain" in a.then for a in world.alerts) and world.plan.trains
    freed = replace(world, pause=PauseFact(world.now, "it was"), trained_for=frozenset())
    served = False
    for after in smooth(freed, 9):
        served |= bool(after.trained_for)
    assert served >= asked, world


@pytest.mark.parametrize("name", PLANS)
def test_nothing_is_set_off_in_any_order_of_events(name: str):
    number = paused = 0
    for number, world in enumerate(explored(PLANS[name], 2), start=1):
        paused += world.paused
        if number % 40 == 0:
            resumed_loses_nothing(world)
    assert number > 150 and paused > 80


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_nothing_is_set_off_in_any_order_of_events_deeper(name: str):
    number = 0
    for number, world in enumerate(explored(PLANS[name], 4), start=1):
        if number % 97 == 0:
            resumed_loses_nothing(world)
    assert number > 5_000


def firing(*then: str) -> World:
    alert = AlertFact(7, "error", then, "w001")
    return replace(turn(window(World(LoopPlan(), pile=(1, 2), versions=2))), alerts=(alert,), ids=7)


def test_what_a_rule_asks_for_waits_for_the_end_of_the_pause():
    for then, kind in (("retrain", Train), ("rollback", Deploy)):
        world = replace(firing(then), pause=PauseFact(NOW + DAY, "paused by ana until tomorrow"))
        held = step(world.plan, world.state, world.facts(), world.now)
        assert not held.intents and held.next == "paused by ana until tomorrow" and held.due == NOW + DAY
        ended = replace(world, state=held.state, now=NOW + DAY)
        assert [type(i) for i in step(ended.plan, ended.state, ended.facts(), ended.now).intents] == [kind]
        resolved = replace(ended, alerts=())
        assert not step(resolved.plan, resolved.state, resolved.facts(), resolved.now).intents


def test_a_challenger_that_passed_meanwhile_is_promoted_afterwards():
    world = replace(World(LoopPlan(), training=Work(3, NOW), ids=3), pause=FOREVER)
    world = trained(turn(world), "passed")
    assert world.training is not None
    world = turn(replace(world, training=replace(world.training, end="done")))
    assert world.deploying is None and world.state.move is not None and world.state.move.kind == "promote"
    freed = turn(replace(world, pause=PauseFact(world.now)))
    assert freed.deploying is not None and freed.deploying.version == 2
    # One that was judged against another champion than there is by then is judged anew.
    other = step(world.plan, world.state, replace(world.facts(), champion=9, pause=None), world.now)
    assert not [i for i in other.intents if isinstance(i, Deploy)]


def test_what_the_schedule_asked_for_meanwhile_is_not_owed():
    world = turn(World(LoopPlan(schedule="0 3 * * *")))
    paused = replace(world, pause=PauseFact(NOW + 10 * DAY))
    for now, owed in ((NOW + 9 * DAY, 0), (NOW + 10 * DAY, 0), (NOW + 11 * DAY, 1)):
        found = step(paused.plan, paused.state, paused.facts(), now)
        assert len(found.intents) == owed, now
    assert step(paused.plan, paused.state, replace(paused.facts(), pause=FOREVER), NOW + 99 * DAY).due is None


def test_a_deployment_that_died_half_way_is_mended_all_the_same():
    state = replace(turn(World(LoopPlan())).state, move=Move(1, 1, "restore", "the record says so"))
    facts = replace(World(LoopPlan()).facts(), pause=FOREVER)
    (intent,) = step(LoopPlan(), state, facts, NOW).intents
    assert isinstance(intent, Deploy) and intent.kind == "restore"
    assert quiet(LoopPlan(after_rows=1), replace(state, move=None), replace(facts, rows=9), None, NOW)
