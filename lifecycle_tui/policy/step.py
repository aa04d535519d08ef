"""The step of the loop: `step(plan, state, facts, now) → state, intents`, for one model, pure (DESIGN §3.1).

It takes note of what ended (trainings, judgements, deploy jobs, people's words), then sets off at most one new job: a
rollback that a rule asks for, the promotion of a challenger that passed, another judgement, a training. Deploying waits
for no training; judging and training wait for whatever is under way. The caller stores the new state and enqueues the
intents' jobs in one transaction, so that the next facts show them: a step repeated after a crash decides the same.

A clock that was set back does no harm: remembered instants are never taken to lie in the future.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

from lifecycle_tui.policy.loop import (
    AlertFact,
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
    Move,
    Step,
    Train,
    Wait,
)
from lifecycle_tui.policy.schedule import due as schedule_due
from lifecycle_tui.policy.schedule import next_after

TRIES = 3
"""How often a training or a deploy job that failed is tried in all, before a new trigger or a person is waited for."""

FURTHER = 4
"""Times the rows of a judgement that are waited for at most, whatever would settle it: two versions that are nearly
equal would need millions, and meanwhile their alert would set off nothing."""

PAUSE = timedelta(minutes=15)
"""Before the second try; four times as long before each further one."""


def step(plan: LoopPlan, state: LoopState, facts: Facts, now: datetime) -> Step:
    """What happens now. Repeating it with the state that it gave and unchanged facts changes nothing more."""
    turn = _Turn(plan, _began(plan, state, facts, now), facts, now)
    turn.note_champion()
    for part in (turn.note_training, turn.note_deploying, turn.note_judging, turn.note_judgement, turn.note_approval):
        part()
    turn.forget()
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
    latest = now + _pause(TRIES)
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


def _pause(tries: int) -> timedelta:
    return PAUSE * 4 ** max(0, tries - 1)


def _live(job: JobFact | None) -> bool:
    return job is not None and job.end is None


class _Turn:
    """One step at work: the state as it becomes, and the intents so far."""

    def __init__(self, plan: LoopPlan, state: LoopState, facts: Facts, now: datetime) -> None:
        self.plan, self.state, self.facts, self.now = plan, state, facts, now
        self.intents: list[Intent] = []
        self.next = ""
        self.due: datetime | None = None

    @cached_property
    def upcoming(self) -> datetime | None:
        """The next instant of the schedule."""
        plan = self.plan
        if not plan.trains or plan.schedule is None:
            return None
        return next_after(plan.schedule, plan.zone, self.now)

    # -- what is under way ------------------------------------------------------------------------------------------

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

    def wake(self, at: datetime) -> None:
        """The clock alone can change something then."""
        self.due = at if self.due is None else min(self.due, at)

    # -- what has ended ---------------------------------------------------------------------------------------------

    def note_champion(self) -> None:
        """Another version serves: what alerts said of the one before is no reason to train again. They wait until they
        have gone on to a later window."""
        if self.facts.champion == self.state.champion:
            return
        waits = {w.alert: w for w in self.state.waits}
        waits |= {a.id: Wait(a.id, a.window) for a in self.facts.alerts if "retrain" in a.then}
        self.state = replace(
            self.state, champion=self.facts.champion, waits=tuple(waits[k] for k in sorted(waits))
        )  # fmt: skip

    def note_training(self) -> None:
        """The newest training: remember what was known when it was asked for, and what became of it."""
        job, state = self.facts.training, self.state
        if job is None:
            return
        if job.id > state.noted:
            state = replace(state, noted=job.id)
            if job.created != state.trained:  # a person's, not one that a step set off
                trained = min(job.created, self.now)
                state = replace(state, trained=trained, rows=self.facts.rows, window=self.facts.window)
        if job.end is not None and job.id > state.ended:
            state = self._training_ended(replace(state, ended=job.id), job)
        self.state = state

    def _training_ended(self, state: LoopState, job: JobFact) -> LoopState:
        if job.end == "failed":
            tries = state.tries + 1
            if tries < TRIES and (state.causes or state.owed):
                return replace(
                    state, owed=state.causes or state.owed, tries=tries, retry_at=self.now + _pause(tries),
                    causes=(), last=f"training failed: {job.text}",
                )  # fmt: skip
            said = f"training failed {tries} times: {job.text}" if tries > 1 else f"training failed: {job.text}"
            return self._served(state, self.facts.rows + self.plan.enough, said)
        if job.end == "cancelled":
            return self._served(state, self.facts.rows + self.plan.enough, job.text or "training was cancelled")
        judgement = self.facts.judgement
        if job.verdict == "none" or judgement is None or judgement.id <= state.judged:
            return self._served(state, self.facts.rows + self.plan.enough, job.text or "nothing could be trained")
        return replace(state, owed=(), tries=0, retry_at=None)

    def _served(self, state: LoopState, rows: int, said: str, *, window: bool = False) -> LoopState:
        """The triggers of the training are served; its alerts wait until `rows` labels are known (and for a later
        window, if `window`)."""
        latest = {a.id: a.window for a in self.facts.alerts}
        waits = {w.alert: w for w in state.waits}
        for id_ in state.alerts:
            waits[id_] = Wait(id_, latest.get(id_, "") if window else "", rows)
        return replace(
            state, waits=tuple(waits[k] for k in sorted(waits)), causes=(), alerts=(), owed=(), tries=0,
            retry_at=None, last=said,
        )  # fmt: skip

    def note_deploying(self) -> None:
        """The newest deploy job."""
        job, state = self.facts.deploying, self.state
        if job is None or job.end is None or job.id <= state.deploy_ended:
            return
        state = replace(state, deploy_ended=job.id)
        wanted = state.move
        if wanted is None or wanted.version != job.version:
            if job.end == "failed":
                state = self._restored(state, f"version {job.version} does not serve: {job.text}")
        elif job.end == "done":
            state = replace(state, move=None, last=f"version {wanted.version} is champion: {wanted.why}")
        elif job.end == "failed" and (wanted.tries + 1 < TRIES or wanted.kind != "promote"):
            # A rollback is never given up: what serves has been found to be bad. Nor is what the record says.
            tries = min(wanted.tries + 1, TRIES)
            move = replace(wanted, tries=tries, at=self.now + _pause(tries))
            state = replace(state, move=move, last=f"deploying version {wanted.version} failed: {job.text}")
        else:
            state = self._restored(state, f"version {wanted.version} does not serve: {job.text}")
        self.state = state

    def _restored(self, state: LoopState, said: str) -> LoopState:
        """A job that died between deployer and record may have left another version serving than the record says."""
        champion = self.facts.champion
        restore = None if champion is None else Move(champion, champion, "restore", "the record says so")
        return replace(state, move=restore, last=said)

    def note_judging(self) -> None:
        """The newest judge job: one that gave no judgement is worth another try later."""
        job, state = self.facts.judging, self.state
        if job is None or job.end is None or job.id <= state.judging_ended:
            return
        state = replace(state, judging_ended=job.id)
        if job.end != "done" and self.facts.challenger is not None:
            state = replace(state, rejudge_rows=self.facts.rows, rejudge_at=self.now + _pause(2))
        self.state = state

    def note_judgement(self) -> None:
        """The newest judgement of the challenger."""
        found, state, facts = self.facts.judgement, self.state, self.facts
        if found is None or found.id <= state.judged or _live(facts.training) or _live(facts.judging):
            return  # the job that wrote it is at its last lines: it ends first
        self.state = state = replace(state, judged=found.id, rejudge_rows=None, rejudge_at=None)
        if found.version != facts.challenger or found.version == facts.champion:
            # Overtaken: there is another challenger, or somebody promoted it meanwhile.
            self.state = self._served(state, 0, found.text, window=True)
            return
        if found.champion != facts.champion:
            self.state = replace(state, rejudge_rows=facts.rows, last="the champion has changed: judging anew")
        elif found.verdict == "passed":
            self._passed(found)
        elif found.verdict == "failed":
            self.intents.append(DropChallenger(found.version, found.text))
            self.state = self._served(state, facts.rows + self._enough(found), found.text)
        else:
            rows = facts.rows + self._enough(found)
            self.state = replace(self._served(state, rows, found.text), rejudge_rows=rows)

    def _enough(self, found: JudgementFact) -> int:
        """Further labels before it is worth looking again: half as many again at the least, as each look makes the next
        one stricter; and no more than `FURTHER` times as many."""
        wanted = self.plan.enough if found.wanted is None else found.wanted - found.rows
        return max(1, found.rows // 2, min(wanted, FURTHER * max(found.rows, self.plan.enough)))

    def _passed(self, found: JudgementFact) -> None:
        why = "; ".join((*self.state.causes, found.text))
        self.state = self._served(self.state, 0, found.text, window=True)
        if self.plan.approval:
            self.intents.append(AskApproval(found.version, why))
        else:
            self.state = replace(self.state, move=Move(found.version, found.champion, "promote", why))

    def note_approval(self) -> None:
        """A person's no takes the challenger out; a yes has enqueued its deploy job already."""
        found, state = self.facts.approval, self.state
        if found is None or found.id <= state.approved or found.state == "pending":
            return
        self.state = replace(state, approved=found.id)
        if found.state == "declined" and found.version == self.facts.challenger:
            self.intents.append(DropChallenger(found.version, "a person declined it"))

    def forget(self) -> None:
        """What was remembered of alerts that are no longer open."""
        live = {a.id for a in self.facts.alerts}
        self.state = replace(
            self.state,
            waits=tuple(w for w in self.state.waits if w.alert in live),
            rolled=tuple(id_ for id_ in self.state.rolled if id_ in live),
        )

    # -- what is set off --------------------------------------------------------------------------------------------

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
        if wanted is None or _live(facts.deploying):
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
            last = schedule_due(plan.schedule, plan.zone, state.scheduled or state.began, self.now)
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
        wait = next((w for w in self.state.waits if w.alert == alert.id), None)
        if wait is None:
            return True
        return alert.window > wait.window and self.facts.rows >= wait.rows

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
