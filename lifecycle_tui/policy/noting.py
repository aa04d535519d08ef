"""What a step takes note of: trainings, deploy jobs and judgements that ended, people's words, another champion.

The first half of `step`: it changes the memory and takes challengers out of the running, and sets no job off.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from lifecycle_tui.policy.loop import (
    AskApproval,
    DropChallenger,
    Facts,
    Intent,
    JobFact,
    JudgementFact,
    LoopPlan,
    LoopState,
    Move,
    Wait,
)

TRIES = 3
"""How often a training or a deploy job that failed is tried in all, before a new trigger or a person is waited for."""

FURTHER = 4
"""Times the rows of a judgement that are waited for at most, whatever would settle it: two versions that are nearly
equal would need millions, and meanwhile their alert would set off nothing."""

PAUSE = timedelta(minutes=15)
"""Before the second try; four times as long before each further one."""


def pause(tries: int) -> timedelta:
    """How long to wait before the next try."""
    return PAUSE * 4 ** max(0, tries - 1)


def live(job: JobFact | None) -> bool:
    """Whether the job is queued or running."""
    return job is not None and job.end is None


class Noting:
    """One step at work: the state as it becomes, and the intents so far."""

    def __init__(self, plan: LoopPlan, state: LoopState, facts: Facts, now: datetime) -> None:
        self.plan, self.state, self.facts, self.now = plan, state, facts, now
        self.intents: list[Intent] = []

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
                    state, owed=state.causes or state.owed, tries=tries, retry_at=self.now + pause(tries),
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
            move = replace(wanted, tries=tries, at=self.now + pause(tries))
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
            state = replace(state, rejudge_rows=self.facts.rows, rejudge_at=self.now + pause(2))
        self.state = state

    def note_judgement(self) -> None:
        """The newest judgement of the challenger."""
        found, state, facts = self.facts.judgement, self.state, self.facts
        if found is None or found.id <= state.judged or live(facts.training) or live(facts.judging):
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
