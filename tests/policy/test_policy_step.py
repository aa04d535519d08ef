"""The step in every order of events to a fair depth, with a crash possible after every write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from loop_world import NOW, ROWS, Work, World, events, live, smooth, trained, turn, window

from lifecycle_tui.policy.loop import AlertFact, ApprovalFact, Deploy, LoopPlan, LoopState, Move, Train
from lifecycle_tui.policy.step import TRIES, step

DAY = timedelta(days=1)
PLANS = {
    "rules": LoopPlan(),
    "cooldown": LoopPlan(cooldown=3 * DAY),
    "schedule": LoopPlan(schedule="0 3 * * *", zone="Europe/Paris"),
    "rows and updates": LoopPlan(after_rows=500, on_update=True),
    "approval": LoopPlan(approval=True),
    "monitored only": LoopPlan(trains=False),
}


def starts(plan: LoopPlan) -> list[World]:
    """Worlds to begin with: fresh ones, and some that are well into a story."""
    fresh = World(plan)
    two = World(plan, pile=(1, 2), versions=2)
    alert = AlertFact(90, "error", ("notify", "retrain"), "w001")
    firing = window(replace(turn(two), alerts=(alert,), ids=90))
    asked = turn(firing)
    found = [fresh, two, firing, asked]
    if live(asked.training):
        for verdict in ("passed", "failed", "unknown"):
            done = trained(asked, verdict)
            assert done.training is not None
            found.append(replace(done, training=replace(done.training, end="done")))
    return found


def explored(plan: LoopPlan, depth: int) -> Iterator[World]:
    """Every world that some order of events reaches within `depth` events; `turn` holds each step against its laws."""
    edge = starts(plan)
    seen = set(edge)
    yield from edge
    for _ in range(depth):
        found = []
        for world in edge:
            for _, after in events(world):
                if after not in seen:
                    seen.add(after)
                    found.append(after)
                    yield after
        edge = found


def asks(world: World, action: str) -> bool:
    return any(action in a.then and a.id not in world.state.rolled for a in world.alerts)


def nothing_is_lost(world: World) -> None:
    """From here on all goes well: nothing is stuck, an alert that goes on is trained for, and one that asks for it rids
    the model of the version that served when it opened."""
    trains = asks(world, "retrain") and world.plan.trains
    leaves = asks(world, "rollback") and len(world.pile) > 1
    rested = served = gone = agree = False
    for after in smooth(replace(world, trained_for=frozenset()), 9):
        rested |= not (live(after.training) or live(after.judging) or live(after.deploying))
        served |= bool(after.trained_for)
        gone |= after.champion != world.champion
        agree = after.serves in (None, after.champion)
        if rested and agree and served >= trains and gone >= leaves:
            return
    raise AssertionError(f"{rested=} {agree=} {served=} of {trains} {gone=} of {leaves}: {world}")


@pytest.mark.thorough
@pytest.mark.parametrize("name", PLANS)
def test_every_order_of_events(name: str):
    number = 0
    for number, world in enumerate(explored(PLANS[name], 3)):
        if number % 3 == 0:
            nothing_is_lost(world)
    assert number > 500


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_every_order_of_events_deeper(name: str):
    number = 0
    for number, world in enumerate(explored(PLANS[name], 5)):
        if number % 31 == 0:
            nothing_is_lost(world)
    assert number > 5_000


# -- one by one --------------------------------------------------------------------------------------------------------


def causes(world: World) -> tuple[str, ...]:
    """What a turn would train for now."""
    found = step(world.plan, world.state, world.facts(), world.now).intents
    return next((i.causes for i in found if isinstance(i, Train)), ())


def after(world: World, *, days: float = 0, windows: int = 0) -> World:
    world = replace(world, now=world.now + timedelta(days=days))
    for _ in range(windows):
        world = window(world)
    return world


def ended(world: World, verdict: str) -> World:
    """The training that is under way ends with a judgement, and the loop takes note."""
    world = trained(world, verdict)
    assert world.training is not None
    return turn(replace(world, training=replace(world.training, end="done")))


def firing(plan: LoopPlan = PLANS["rules"]) -> World:
    """An alert that asks for a training has just opened."""
    alert = AlertFact(7, "error", ("retrain",), "w001")
    return replace(turn(window(World(plan))), alerts=(alert,), ids=7)


def test_a_schedule_that_was_missed_is_made_up_for_once():
    world = turn(World(LoopPlan(schedule="0 3 * * *")))
    assert causes(world) == ()
    missed = after(world, days=10)
    assert len(causes(missed)) == 1 and "2026-03-12 03:00" in causes(missed)[0]
    served = ended(turn(missed), "failed")
    assert causes(served) == () and causes(after(served, days=1)) != ()


def test_what_is_due_at_once_is_one_training():
    world = firing(LoopPlan(schedule="0 3 * * *", after_rows=1, on_update=True))
    assert len(causes(after(world, days=1, windows=1))) == 4


def test_the_cooldown_holds_every_trigger_and_loses_none():
    world = firing(LoopPlan(cooldown=timedelta(days=3)))
    world = after(ended(turn(world), "failed"), days=2, windows=2)
    held = step(world.plan, world.state, world.facts(), world.now)
    assert not held.intents and "cooldown" in held.next
    assert held.due is not None and held.due == NOW + timedelta(days=3)
    assert causes(after(world, days=1)) == ("rule error (alert 7)",)


@pytest.mark.parametrize(("verdict", "rows"), [("failed", 200), ("unknown", 700)])
def test_a_refusal_waits_for_enough_new_rows_or_the_end_of_the_alert(verdict: str, rows: int):
    world = ended(turn(firing()), verdict)
    assert causes(replace(world, rows=world.rows + rows - 1)) == ()
    again = replace(world, rows=world.rows + rows)
    if verdict == "unknown":
        assert turn(again).judging is not None, "the same challenger is judged again before another one is made"
    else:
        assert causes(again) == ("rule error (alert 7)",)
    resolved = turn(replace(world, alerts=()))
    reopened = replace(resolved, alerts=(AlertFact(8, "error", ("retrain",), "w009"),))
    assert causes(reopened) == ("rule error (alert 8)",)


def test_what_only_very_many_rows_could_settle_is_looked_at_before():
    world = trained(turn(firing()), "unknown")
    assert world.judgement is not None and world.training is not None
    judgement = replace(world.judgement, wanted=1_300_000)
    world = turn(replace(world, judgement=judgement, training=replace(world.training, end="done")))
    rows = 4 * judgement.rows
    assert turn(replace(world, rows=world.rows + rows - 1)).judging is None
    assert turn(replace(world, rows=world.rows + rows)).judging is not None


def test_after_a_promotion_an_alert_acts_again_only_when_it_goes_on():
    world = ended(turn(firing()), "passed")
    assert world.deploying is not None and world.deploying.version == 2
    *_, world = smooth(world, 1)
    assert world.champion == 2
    quiet = replace(world, alerts=(replace(world.alerts[0], window="w001"),), training=None)
    assert causes(quiet) == ()


def test_a_challenger_judged_against_another_champion_is_judged_anew():
    world = ended(turn(firing()), "unknown")
    overtaken = replace(world, pile=(1, 9), versions=9, rows=world.rows + 5 * ROWS)
    judged_again = turn(overtaken)
    assert judged_again.judging is not None and judged_again.judging.version == 2
    passed = turn(firing())
    passed = replace(trained(passed, "passed"), pile=(1, 9), versions=9)
    assert passed.training is not None
    assert turn(replace(passed, training=replace(passed.training, end="done"))).judging is not None


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_training_that_fails_is_tried_again_and_one_that_is_cancelled_is_not(end: str):
    world = turn(firing())
    for attempt in range(1, TRIES + 1):
        assert world.training is not None
        world = turn(replace(world, training=replace(world.training, end=end)))
        if end == "cancelled" or attempt == TRIES:
            assert causes(after(world, days=9)) == ()
            assert causes(after(world, days=9, windows=1)) == ("rule error (alert 7)",)
            return
        assert causes(world) == () and causes(after(world, days=0.2)) == ("rule error (alert 7)",)
        world = turn(after(world, days=0.2))


def test_an_approval_is_asked_for_and_a_no_takes_the_challenger_out():
    world = ended(turn(firing(LoopPlan(approval=True))), "passed")
    assert world.deploying is None and world.approval is not None and world.approval.state == "pending"
    assert "waits for approval" in step(world.plan, world.state, world.facts(), world.now).next
    assert turn(replace(world, approval=replace(world.approval, state="declined"))).challenger is None


def test_a_rule_rolls_back_at_once_even_beside_a_training_and_once_an_alert():
    alert = AlertFact(5, "errors", ("rollback",), "w001")
    busy = replace(turn(World(LoopPlan(), pile=(1, 2), versions=2)), alerts=(alert,), training=Work(3, NOW), ids=5)
    gone = turn(busy)
    assert gone.deploying is not None and (gone.deploying.version, gone.deploying.champion) == (1, 2)
    *_, world = smooth(gone, 2)
    assert world.champion == 1 and not live(world.deploying)


def test_a_rollback_that_cannot_be_deployed_is_tried_for_ever():
    alert = AlertFact(5, "errors", ("rollback",), "w001")
    world = turn(replace(turn(World(LoopPlan(), pile=(1, 2), versions=2)), alerts=(alert,), ids=5))
    for _ in range(TRIES + 3):
        assert live(world.deploying) and world.deploying is not None
        world = turn(replace(world, deploying=replace(world.deploying, end="failed")))
        assert not live(world.deploying) and world.state.move is not None
        world = turn(after(world, days=1))


def test_a_person_who_was_faster_is_not_overruled():
    world = replace(World(LoopPlan()), state=LoopState(began=NOW, move=Move(2, 1, "promote", "x")), pile=(1, 5))
    found = step(world.plan, world.state, world.facts(), world.now)
    assert not any(isinstance(i, Deploy) for i in found.intents) and found.state.move is None


def test_a_clock_set_back_stops_nothing_for_longer_than_a_pause():
    world = firing(LoopPlan(cooldown=timedelta(days=1)))
    ahead = replace(world, now=NOW + timedelta(days=3650))
    ahead = ended(turn(ahead), "failed")
    back = turn(replace(ahead, now=NOW, rows=ahead.rows + 10 * ROWS))
    assert causes(after(back, days=1)) == ("rule error (alert 7)",)


def test_a_deploy_job_that_died_between_deployer_and_record_is_mended():
    world = turn(World(LoopPlan(), pile=(1, 2), versions=2))
    died = replace(world, ids=9, deploying=Work(9, NOW, end="failed", version=1, champion=2), serves=1)
    mended = turn(died)
    assert mended.deploying is not None and mended.deploying.version == 2
    *_, after_ = smooth(mended, 1)
    assert after_.serves == after_.champion == 2 and after_.state.move is None


def test_a_model_that_is_only_monitored_trains_never():
    world = after(firing(LoopPlan(trains=False, schedule=None)), days=30, windows=5)
    assert causes(world) == ()


def test_the_memory_crosses_json_whole():
    full = LoopState(
        began=NOW, champion=3, scheduled=NOW, trained=NOW, rows=3, window="w", causes=("a",), alerts=(1,), owed=("b",),
        tries=1, retry_at=NOW, noted=1, ended=2, judging_ended=3, deploy_ended=4, judged=5, approved=6, rolled=(7,),
        move=Move(2, None, "rollback", "why", 1, NOW), rejudge_rows=8, rejudge_at=NOW, last="said",
    )  # fmt: skip
    for state in (full, LoopState(), replace(full, move=replace(full.move, at=None) if full.move else None)):
        assert LoopState.from_json(state.to_json()) == state
    assert LoopState.from_json({"of a newer program": 1}) == LoopState()
    assert ApprovalFact(1, 2, "pending").state == "pending"
