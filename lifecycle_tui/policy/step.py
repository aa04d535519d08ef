"""The step of the loop: `step(plan, state, facts, now) → state, intents`, for one model, pure (DESIGN §3.1).

It takes note of what ended (trainings, judgements, deploy jobs, people's words), then sets off at most one new job: a
rollback that a rule asks for, the promotion of a challenger that passed, another judgement, a training. Deploying waits
for no training; judging and training wait for whatever is under way. The caller stores the new state and enqueues the
intents' jobs in one transaction, so that the next facts show them: a step repeated after a crash decides the same.

While a model is paused it takes note as ever and sets nothing off; only a deployment that died half-way is still
brought back to what the record says. Afterwards it acts on what then holds; what the schedule asked for meanwhile is
not owed.

A clock that was set back does no harm: remembered instants are never taken to lie in the future.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cached_property

from lifecycle_tui.policy.loop import AlertFact, Deploy, Facts, Judge, LoopPlan, LoopState, Move, Step, Train
from lifecycle_tui.policy.noting import TRIES, Noting, live, pause
from lifecycle_tui.policy.schedule import due as schedule_due
from lifecycle_tui.policy.schedule import next_after


def step(plan: LoopPlan, state: LoopState, facts: Facts, now: datetime) -> Step:
    """What happens now. Repeating it with the state that it gave and unchanged facts changes nothing more."""
    turn = _Turn(plan, _began(plan, state, facts, now), facts, now)
    turn.note_champion()
    for part in (turn.note_training, turn.note_deploying, turn.note_judging, turn.note_judgement, turn.note_approval):
        part()
    turn.forget()
    if turn.paused:
        return turn.resting()
    turn.roll_back()
    turn.move()
    for part in (turn.judge_again, turn.train):
        if not turn.busy:
            part()
    return Step(turn.state, tuple(turn.intents), turn.next or turn.idle(), turn.due)


def _began(plan: LoopPlan, state: LoopState, facts: Facts, now: datetime) -> LoopState:
    """The state, begun at the first step, with no instant of the past in the future (a retry by its longest pause)."""
    if state.began is None:
        return replace(state, began=now, champion=facts.champion, rows=facts.rows, window=facts.window)
    latest = now + pause(TRIES)
    move = None if state.move is None else state.move.at
    if not any(at is not None and at > now for at in (state.began, state.scheduled, state.trained)) and not any(
        at is not None and at > latest for at in (state.retry_at, state.rejudge_at, move)
    ):
        return state
    return replace(
        state,
        began=_not_after(state.began, now),
        scheduled=_not_after(state.scheduled, now),
        trained=_not_after(state.trained, now),
        retry_at=_not_after(state.retry_at, latest),
        rejudge_at=_not_after(state.rejudge_at, latest),
        move=state.move and replace(state.move, at=_not_after(state.move.at, latest)),
    )


def _not_after(at: datetime | None, limit: datetime) -> datetime | None:
    return at if at is None else min(at, limit)


def acts(state: LoopState, facts: Facts, alert: AlertFact) -> bool:
    """Whether an alert sets something off now: it was not served yet, or has gone on and enough labels have come in."""
    wait = next((w for w in state.waits if w.alert == alert.id), None)
    return wait is None or (alert.window > wait.window and facts.rows >= wait.rows)


def quiet(plan: LoopPlan, state: LoopState, facts: Facts, due: datetime | None, now: datetime) -> bool:
    """Whether a step would certainly set nothing off and remember nothing, so that a replay may leave it out.

    Args:
        state, due: what the last step gave, which had no intents.
        facts: as that step saw them, but for `rows`, `window` and how far the same alerts have gone on.
    """
    if due is not None and now >= due:
        return False
    if facts.pause is not None and facts.pause.holds(now):
        return True
    if live(facts.training) or live(facts.judging) or live(facts.deploying):
        return True
    if facts.challenger is not None and state.rejudge_rows is not None and facts.rows >= state.rejudge_rows:
        return False
    if not plan.trains or state.move is not None:
        return True
    if plan.cooldown is not None and state.trained is not None and due is not None:
        cooled = state.trained + plan.cooldown
        if now < cooled and due <= cooled:
            return True  # nothing is trained before, and the clock is waited for already
    if plan.after_rows is not None and facts.rows - state.rows >= plan.after_rows:
        return False
    if plan.on_update and facts.window is not None and facts.window != state.window:
        return False
    return not any("retrain" in alert.then and acts(state, facts, alert) for alert in facts.alerts)


class _Turn(Noting):
    """The second half of a step: what is set off, and what is waited for."""

    def __init__(self, plan: LoopPlan, state: LoopState, facts: Facts, now: datetime) -> None:
        super().__init__(plan, state, facts, now)
        self.next = ""
        self.due: datetime | None = None

    @cached_property
    def upcoming(self) -> datetime | None:
        """The next instant of the schedule."""
        plan = self.plan
        if not plan.trains or plan.schedule is None:
            return None
        return next_after(plan.schedule, plan.zone, self.now)

    @property
    def busy(self) -> bool:
        """Whether a job of this model is under way, or was just set off."""
        facts = self.facts
        for job, says in (
            (facts.training, "training"),
            (facts.judging, "judging the challenger"),
            (facts.deploying, "deploying"),
        ):
            if job is not None and job.end is None:
                self.next = f"{says} (job {job.id})"
                return True
        return any(isinstance(i, Train | Judge | Deploy) for i in self.intents)

    @property
    def paused(self) -> bool:
        """Whether nothing may be set off now."""
        return self.facts.pause is not None and self.facts.pause.holds(self.now)

    def resting(self) -> Step:
        """The step of a model that is paused: it wakes when the pause ends."""
        pause = self.facts.pause
        assert pause is not None
        if self.state.move is not None and self.state.move.kind == "restore":
            self.move()
        if pause.until is not None:
            self.wake(pause.until)
        return Step(self.state, tuple(self.intents), self.next or pause.said, self.due)

    def wake(self, at: datetime) -> None:
        """The clock alone can change something then."""
        self.due = at if self.due is None else min(self.due, at)

    def roll_back(self) -> None:
        """A rule that asks for it, once an alert; before everything else."""
        for alert in self.facts.alerts:
            if "rollback" not in alert.then or alert.id in self.state.rolled:
                continue
            state = replace(self.state, rolled=(*self.state.rolled, alert.id))
            previous = self.facts.previous
            if state.move is not None and state.move.kind == "rollback":
                self.state = state  # on its way already
            elif previous is None:
                says = f"rule {alert.rule} asks for a rollback: there is no version before that could serve"
                self.state = replace(state, last=says)
            else:
                # What was to serve next was judged against a champion that is on its way out.
                why = f"rule {alert.rule} (alert {alert.id})"
                move = Move(previous, self.facts.champion, "rollback", why)
                self.state = replace(state, move=move, last=f"going back to version {previous}: {why}")

    def move(self) -> None:
        """The version that is to serve: a challenger that passed its gates, or the one before."""
        wanted, facts = self.state.move, self.facts
        if wanted is None or live(facts.deploying):
            return
        if facts.champion == wanted.version and wanted.kind != "restore":
            self.state = replace(self.state, move=None)
        elif facts.champion != wanted.champion:
            # Somebody was faster: what was decided about another champion does not hold for this one.
            self.state = replace(self.state, move=None)
            if wanted.kind == "promote" and facts.challenger == wanted.version:
                self.state = replace(self.state, rejudge_rows=facts.rows, last="the champion has changed: judging anew")
        elif wanted.at is not None and self.now < wanted.at:
            self.wake(wanted.at)
            self.next = f"trying again to deploy version {wanted.version} at {wanted.at:%Y-%m-%d %H:%M}"
        else:
            self.intents.append(Deploy(wanted.version, wanted.champion, wanted.kind, wanted.why))
            self.next = f"deploying version {wanted.version}"

    def judge_again(self) -> None:
        """The challenger, once enough further labels are known."""
        state, version = self.state, self.facts.challenger
        if version is None or state.rejudge_rows is None:
            return
        if self.facts.rows < state.rejudge_rows:
            more = state.rejudge_rows - self.facts.rows
            self.next = f"version {version} is judged again when {more:,} more labels are known"
        elif state.rejudge_at is not None and self.now < state.rejudge_at:
            self.wake(state.rejudge_at)
        else:
            self.intents.append(Judge(version, f"{self.facts.rows:,} labels are known"))
            self.state = replace(state, rejudge_rows=None, rejudge_at=None)
            self.next = f"judging version {version} again"

    def train(self) -> None:
        """All that is due for a training, as one training."""
        if not self.plan.trains or self.state.move is not None:
            return
        causes, alerts, scheduled = self._causes()
        if not causes:
            return
        cooled = None if self.plan.cooldown is None or self.state.trained is None else (
            self.state.trained + self.plan.cooldown
        )  # fmt: skip
        if cooled is not None and self.now < cooled:
            self.wake(cooled)
            self.next = f"retraining at {cooled:%Y-%m-%d %H:%M}, after the cooldown: {'; '.join(causes)}"
            return
        self.intents.append(Train(causes))
        self.state = replace(
            self.state, causes=causes, alerts=alerts, owed=(), retry_at=None, rejudge_rows=None, rejudge_at=None,
            scheduled=scheduled, trained=self.now, rows=self.facts.rows, window=self.facts.window,
            last=f"retraining: {'; '.join(causes)}",
        )  # fmt: skip
        self.next = "retraining"

    def _causes(self) -> tuple[tuple[str, ...], tuple[int, ...], datetime | None]:
        """What asks for a training now, in words; the alerts among it; the newest instant of the schedule served."""
        state, plan, facts = self.state, self.plan, self.facts
        causes: list[str] = []
        alerts = list(state.alerts) if state.owed else []
        if state.owed:
            if state.retry_at is not None and self.now < state.retry_at:
                self.wake(state.retry_at)
                self.next = f"trying the training again at {state.retry_at:%Y-%m-%d %H:%M}"
                return (), (), state.scheduled
            causes += state.owed
        for alert in facts.alerts:
            if "retrain" in alert.then and alert.id not in alerts and self._acts(alert):
                causes.append(f"rule {alert.rule} (alert {alert.id})")
                alerts.append(alert.id)
        scheduled = state.scheduled
        if plan.schedule is not None:
            assert state.began is not None
            since = state.scheduled or state.began
            if facts.pause is not None and facts.pause.until is not None:
                since = max(since, facts.pause.until)
            last = schedule_due(plan.schedule, plan.zone, since, self.now)
            if last is not None:
                causes.append(f"schedule {plan.schedule} ({last:%Y-%m-%d %H:%M} UTC)")
                scheduled = last
        if self.upcoming is not None:
            self.wake(self.upcoming)
        if plan.after_rows is not None and facts.rows - state.rows >= plan.after_rows:
            causes.append(f"{facts.rows - state.rows:,} further labels")
        if plan.on_update and facts.window is not None and facts.window != state.window:
            causes.append(f"window {facts.window} is complete")
        return tuple(causes), tuple(alerts), scheduled

    def _acts(self, alert: AlertFact) -> bool:
        return acts(self.state, self.facts, alert)

    def idle(self) -> str:
        """What is waited for, in one sentence."""
        facts = self.facts
        if facts.approval is not None and facts.approval.state == "pending":
            return f"version {facts.approval.version} waits for approval"
        for wait in self.state.waits:
            if wait.rows > facts.rows:
                return f"an alert waits until {wait.rows - facts.rows:,} more labels are known"
        if self.upcoming is not None:
            return f"retraining at {self.upcoming:%Y-%m-%d %H:%M} by schedule"
        return ""
