"""A small world around the step: what state, jobs, people, data and the clock can do to it, as frozen values.

`events(world)` lists everything that may happen next; each is one write that a crash cannot split. The agent's turn is
one of them, so every order of turns and writes, and every crash between two writes, is a path through these worlds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from lifecycle_tui.policy.loop import (
    AlertFact,
    ApprovalFact,
    AskApproval,
    Deploy,
    DropChallenger,
    Facts,
    Intent,
    JobFact,
    Judge,
    JudgementFact,
    LoopPlan,
    LoopState,
    PauseFact,
    Step,
    Train,
)
from lifecycle_tui.policy.step import quiet, step

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FRESH = LoopState()
ROWS = 300
"""Labels that a window brings."""


@dataclass(frozen=True, slots=True)
class Work:
    """A job. `wrote`: its results are stored though it has not ended."""

    id: int
    created: datetime
    end: Literal["done", "failed", "cancelled"] | None = None
    wrote: bool = False
    version: int | None = None
    champion: int | None = None
    verdict: str | None = None

    def fact(self) -> JobFact:
        return JobFact(self.id, self.created, self.end, self.version, self.verdict)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that state holds, what the deployer serves (None: what the record says), and the clock."""

    plan: LoopPlan
    now: datetime = NOW
    state: LoopState = FRESH
    alerts: tuple[AlertFact, ...] = ()
    rows: int = 0
    window: int = 0
    pile: tuple[int, ...] = (1,)
    serves: int | None = None
    challenger: int | None = None
    versions: int = 1
    training: Work | None = None
    judging: Work | None = None
    deploying: Work | None = None
    judgement: JudgementFact | None = None
    approval: ApprovalFact | None = None
    ids: int = 0
    trained_for: frozenset[int] = frozenset()
    passed: frozenset[tuple[int, int | None]] = frozenset()
    pause: PauseFact | None = None

    @property
    def champion(self) -> int | None:
        return self.pile[-1] if self.pile else None

    def facts(self) -> Facts:
        return Facts(
            alerts=self.alerts,
            champion=self.champion,
            previous=self.pile[-2] if len(self.pile) > 1 else None,
            challenger=self.challenger,
            rows=self.rows,
            window=f"w{self.window:03d}" if self.window else None,
            training=self.training and self.training.fact(),
            judging=self.judging and self.judging.fact(),
            deploying=self.deploying and self.deploying.fact(),
            judgement=self.judgement,
            approval=self.approval,
            pause=self.pause,
        )

    @property
    def paused(self) -> bool:
        return self.pause is not None and self.pause.holds(self.now)


def live(work: Work | None) -> bool:
    return work is not None and work.end is None


def decided(world: World) -> Step:
    """The step, held against what must be true of every step."""
    facts = world.facts()
    found = step(world.plan, world.state, facts, world.now)
    assert found == step(world.plan, LoopState.from_json(world.state.to_json()), facts, world.now), "replayed alike"
    assert found.due is None or found.due > world.now, "a due instant in the past would never let the agent rest"
    jobs = [i for i in found.intents if isinstance(i, Train | Judge | Deploy)]
    assert len(jobs) <= 1
    if world.paused:
        mends = [i for i in jobs if isinstance(i, Deploy) and i.kind == "restore"]
        assert jobs == mends, "a paused model sets nothing off; what died half-way is brought back to the record"
    for intent in found.intents:
        if isinstance(intent, Train):
            assert not live(world.training), "two trainings of one model"
            assert not live(world.deploying) and not live(world.judging)
        if isinstance(intent, Judge):
            assert not live(world.judging) and intent.version == world.challenger
        if isinstance(intent, Deploy):
            assert not live(world.deploying)
            assert intent.champion == world.champion and (intent.version == world.champion) == (
                intent.kind == "restore"
            )
            if intent.kind == "promote":
                assert not world.plan.approval, "only a person's word promotes"
                assert (intent.version, intent.champion) in world.passed, "it never passed against this champion"
            else:
                assert intent.version in world.pile
    return found


def turn(world: World) -> World:
    """The agent's turn: one transaction."""
    found = decided(world)
    after = replace(world, state=found.state)
    for intent in found.intents:
        after = _carried_out(after, intent)
    again = decided(after)
    assert not [i for i in again.intents if isinstance(i, Train | Judge | Deploy)], "a second turn sets nothing off"
    if not again.intents:
        _quiet(replace(after, state=again.state), again)
    return after


def _quiet(world: World, last: Step) -> None:
    """What a replay leaves out is a step that does nothing."""
    on = tuple(replace(alert, window=f"w{world.window + 1:03d}") for alert in world.alerts)
    for later in (
        replace(world, rows=world.rows + ROWS, window=world.window + 1, alerts=on),
        replace(world, rows=world.rows + 10 * ROWS, now=world.now + timedelta(hours=5)),
        replace(world, window=world.window + 1, alerts=on, now=world.now + timedelta(days=4)),
    ):
        if quiet(world.plan, world.state, later.facts(), last.due, later.now):
            found = step(world.plan, world.state, later.facts(), later.now)
            assert (found.intents, found.state) == ((), world.state), "it was called quiet"


def _carried_out(world: World, intent: Intent) -> World:
    number = world.ids + 1
    job = Work(number, world.now)
    if isinstance(intent, Train):
        served = frozenset(a.id for a in world.alerts if f"rule {a.rule} (alert {a.id})" in intent.causes)
        return replace(world, ids=number, training=job, trained_for=world.trained_for | served)
    if isinstance(intent, Judge):
        return replace(world, ids=number, judging=replace(job, version=intent.version))
    if isinstance(intent, Deploy):
        return replace(world, ids=number, deploying=replace(job, version=intent.version, champion=intent.champion))
    if isinstance(intent, AskApproval):
        return replace(world, ids=number, approval=ApprovalFact(number, intent.version, "pending"))
    assert isinstance(intent, DropChallenger)
    return replace(world, challenger=None if world.challenger == intent.version else world.challenger)


# -- what else can happen ----------------------------------------------------------------------------------------------


def events(world: World, *, people: bool = True) -> Iterator[tuple[str, World]]:
    """Every next world, by the name of what happened."""
    yield "turn", turn(world)
    yield from _data(world)
    yield from _training(world)
    yield from _judging(world)
    yield from _deploying(world)
    if people:
        yield from _people(world)
    yield "an hour passes", replace(world, now=world.now + timedelta(hours=1))
    yield "two days pass", replace(world, now=world.now + timedelta(days=2))
    if world.now > NOW - timedelta(days=3):
        yield "the clock is set back", replace(world, now=world.now - timedelta(days=2))


def _data(world: World) -> Iterator[tuple[str, World]]:
    if world.window < 6:
        yield "a window comes", window(world)
    if not world.alerts:
        number = world.ids + 1
        alert = AlertFact(number, "error", ("notify", "retrain"), f"w{world.window:03d}")
        yield "an alert opens", replace(world, ids=number, alerts=(alert,))
        yield "a rollback alert opens", replace(world, ids=number, alerts=(replace(alert, then=("rollback",)),))
    else:
        yield "it resolves", replace(world, alerts=())


def window(world: World) -> World:
    """A window comes; rules that fire go on to it."""
    number = world.window + 1
    alerts = tuple(replace(a, window=f"w{number:03d}") for a in world.alerts)
    return replace(world, window=number, rows=world.rows + ROWS, alerts=alerts)


def _training(world: World) -> Iterator[tuple[str, World]]:
    work = world.training
    if work is None or not live(work):
        return
    if not work.wrote:
        for verdict in ("passed", "failed", "unknown"):
            yield f"training writes: {verdict}", trained(world, verdict)
        none = replace(work, end="done", verdict="none")
        yield "training ends without a version", replace(world, training=none)
    else:
        yield "training ends", replace(world, training=replace(work, end="done"))
    yield "training fails", replace(world, training=replace(work, end="failed"))
    yield "training is cancelled", replace(world, training=replace(work, end="cancelled"))


def trained(world: World, verdict: str) -> World:
    """The training's one transaction: version, challenger alias, judgement."""
    assert world.training is not None
    version, number = world.versions + 1, world.ids + 1
    return replace(
        world,
        ids=number,
        versions=version,
        challenger=version,
        training=replace(world.training, wrote=True, verdict=verdict),
        judgement=_judgement(world, number, version, verdict),
        passed=_passed(world, version, verdict),
    )


def _passed(world: World, version: int, verdict: str) -> frozenset[tuple[int, int | None]]:
    return world.passed | ({(version, world.champion)} if verdict == "passed" else set())


def _judgement(world: World, number: int, version: int, verdict: str) -> JudgementFact:
    wanted = 900 if verdict == "unknown" else None
    return JudgementFact(number, version, world.champion, verdict, 200, wanted, verdict)  # type: ignore[arg-type]


def _judging(world: World) -> Iterator[tuple[str, World]]:
    work = world.judging
    if work is None or not live(work):
        return
    if not work.wrote:
        for verdict in ("passed", "unknown"):
            yield f"the judge writes: {verdict}", judged(world, verdict)
    else:
        yield "judging ends", replace(world, judging=replace(work, end="done"))
    yield "judging fails", replace(world, judging=replace(work, end="failed"))


def judged(world: World, verdict: str) -> World:
    assert world.judging is not None and world.judging.version is not None
    number = world.ids + 1
    version = world.judging.version
    return replace(
        world,
        ids=number,
        judgement=_judgement(world, number, version, verdict),
        judging=replace(world.judging, wrote=True),
        passed=_passed(world, version, verdict),
    )


def _deploying(world: World) -> Iterator[tuple[str, World]]:
    work = world.deploying
    if work is None or not live(work):
        return
    if not work.wrote:
        yield "the deployer writes", deployed(world)
        yield (
            "the deployer serves, and the job dies before it says so",
            replace(world, serves=work.version, deploying=replace(work, end="failed")),
        )
    else:
        yield "deploying ends", replace(world, deploying=replace(work, end="done"))
    yield "deploying fails", replace(world, deploying=replace(work, end="failed"))


def deployed(world: World) -> World:
    """The deploy job's one transaction; it refuses where another version is champion than its plan saw."""
    work = world.deploying
    assert work is not None and work.version is not None
    if world.champion not in (work.champion, work.version):
        return replace(world, deploying=replace(work, end="failed"))
    pile = world.pile
    at = pile.index(work.version) + 1 if work.version in pile else 0
    pile = pile[:at] if at else (*pile, work.version)
    challenger = None if world.challenger == work.version else world.challenger
    return replace(world, pile=pile, challenger=challenger, deploying=replace(work, wrote=True), serves=work.version)


def _people(world: World) -> Iterator[tuple[str, World]]:
    number = world.ids + 1
    if not live(world.training) and world.plan.trains:
        yield "a person trains", replace(world, ids=number, training=Work(number, world.now))
    if world.challenger is not None and not live(world.deploying) and world.challenger != world.champion:
        job = Work(number, world.now, version=world.challenger, champion=world.champion)
        yield "a person promotes", replace(world, ids=number, deploying=job)
    if len(world.pile) > 1 and not live(world.deploying):
        job = Work(number, world.now, version=world.pile[-2], champion=world.champion)
        yield "a person rolls back", replace(world, ids=number, deploying=job)
    asked = world.approval
    if asked is not None and asked.state == "pending":
        if not live(world.deploying):
            job = Work(number, world.now, version=asked.version, champion=world.champion)
            yield "approved", replace(world, ids=number, approval=replace(asked, state="approved"), deploying=job)
        yield "declined", replace(world, approval=replace(asked, state="declined"))


def pauses(world: World) -> Iterator[tuple[str, World]]:
    """A person pauses the model for a day, or until further notice; or resumes it, as `state.pauses` keeps that."""
    if world.paused:
        assert world.pause is not None
        yield "a person resumes", replace(world, pause=replace(world.pause, until=world.now))
    else:
        for until in (None, world.now + timedelta(days=1)):
            yield f"a person pauses until {until}", replace(world, pause=PauseFact(until, "paused by ana"))


# -- and if all goes well from here on ---------------------------------------------------------------------------------


def smooth(world: World, rounds: int, verdict: str = "failed") -> Iterator[World]:
    """Days on which every job succeeds and every day brings a window; nobody interferes."""
    for _ in range(rounds):
        world = window(replace(world, now=world.now + timedelta(days=1)))
        for _ in range(4):
            world = turn(_finished(world, verdict))
            yield world


def _finished(world: World, verdict: str) -> World:
    if live(world.training) and world.training is not None:
        world = world if world.training.wrote else trained(world, verdict)
        assert world.training is not None
        world = replace(world, training=replace(world.training, end="done"))
    if live(world.judging) and world.judging is not None:
        world = world if world.judging.wrote else judged(world, verdict)
        assert world.judging is not None
        world = replace(world, judging=replace(world.judging, end="done"))
    if live(world.deploying) and world.deploying is not None:
        world = world if world.deploying.wrote else deployed(world)
        assert world.deploying is not None
        if world.deploying.end is None:
            world = replace(world, deploying=replace(world.deploying, end="done"))
    return world
