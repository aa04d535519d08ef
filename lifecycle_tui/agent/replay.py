"""Lets the loop of a model run again over what state remembers: the same rules and the same step, with history in place
of workers (DESIGN §3.1).

Windows and people's doings come at the instants at which they came. Rules decide, and what the step sets off is
answered from history: the job that was really run then, with what came of it, as soon as it had come. What history
does not hold cannot be known: such a decision is marked, the loop goes on as if nothing had come of it, and what
follows from that is marked as not sure. Nothing is written.

Called by `whatif`, and by tests (deciding again decides the same).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lifecycle_tui.agent.history import Arrival, History
from lifecycle_tui.agent.loop import AGENT
from lifecycle_tui.policy.course import Alerts, Episode
from lifecycle_tui.policy.facts import CompiledRule, WindowFacts
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
    Train,
)
from lifecycle_tui.policy.quick import quick
from lifecycle_tui.policy.step import quiet, step
from lifecycle_tui.registry import aliases
from lifecycle_tui.state.jobs import Job

NEAR = timedelta(hours=1)
"""A job of history answers a decision if it was asked for at most so long after it: turns follow what happened by less
than a second, but an agent may have been down."""

TURNS = 50
KINDS = {Train: "retrain", Judge: "judge", Deploy: "deploy"}


@dataclass(frozen=True)
class Policy:
    """What the file declares for the loop of one model, ready to be replayed."""

    rules: tuple[CompiledRule, ...]
    plan: LoopPlan


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that the step set off.

    Attributes:
        kind: "retrain", "judge", "promote", "rollback", "restore", "ask-approval" or "drop-challenger".
        version: what it is about; None for a training.
        job: the job of history that answers it; None where there is none.
        known: whether history holds what came of it.
        sure: whether it follows from what history holds; not after a decision whose outcome is not known.
    """

    at: datetime
    kind: str
    version: int | None
    why: str
    job: int | None = None
    known: bool = True
    sure: bool = True


@dataclass(frozen=True)
class Course:
    """What the loop did with a policy.

    Attributes:
        alerts: in the order in which they opened.
        decisions: in order.
        unsure: the instant of the first decision whose outcome history does not hold; None if it holds all.
        served: (from, version): who served, as far as it is known.
        read: every form of every window that rules were shown.
    """

    alerts: tuple[Episode, ...] = ()
    decisions: tuple[Decision, ...] = ()
    unsure: datetime | None = None
    served: tuple[tuple[datetime, int | None], ...] = ()
    read: tuple[WindowFacts, ...] = ()

    def holds_for(self, old: Policy, new: Policy) -> bool:
        """Whether this course of the `old` policy is certainly that of the `new` one: the same plan, and rules that
        say the same of all that was read, and have opened no alert whose text would differ."""
        if old.plan != new.plan or [r.name for r in old.rules] != [r.name for r in new.rules]:
            return False
        told = {episode.rule for episode in self.alerts}
        for one, other in zip(old.rules, new.rules, strict=True):
            if one == other:
                continue
            if one.name in told or (one.for_windows, one.performance) != (other.for_windows, other.performance):
                return False
            before, after = quick(one.expression), quick(other.expression)
            if any(before(facts) is not after(facts) for facts in self.read):
                return False
        return True


@dataclass
class _Replay:
    policy: Policy
    history: History
    alerts: Alerts
    state: LoopState = field(default_factory=LoopState)
    facts: Facts = field(default_factory=Facts)
    due: datetime | None = None
    unsure: datetime | None = None
    answered: set[int] = field(default_factory=set)
    unknown: dict[str, JobFact] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    decisions: list[Decision] = field(default_factory=list)
    served: list[tuple[datetime, int | None]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    window: str | None = None

    def run(self, until: datetime | None) -> None:
        """All instants in order: windows that come in together, what else happened, and what falls due."""
        arrivals = self.history.arrivals
        other = self.history.happened()
        limit = until or self.history.ended
        if limit is None:
            return
        at = next_ = 0
        while at < len(arrivals) or next_ < len(other) or self.due is not None:
            now = arrivals[at].at if at < len(arrivals) else limit + NEAR
            if next_ < len(other) and other[next_] < now:
                now = other[next_]
            if self.due is not None and self.due < now:
                now = self.due
            if now > limit:
                return
            happened = self.due is not None and self.due <= now
            first = at
            while next_ < len(other) and other[next_] <= now:
                next_ += 1
                happened = True
            while at < len(arrivals) and arrivals[at].at <= now:
                at += 1
            self._instant(now, arrivals[first:at], happened)

    def _instant(self, now: datetime, came: Sequence[Arrival], happened: bool) -> None:
        if happened:
            self._look(now)
        if came:
            happened = self._windows(now, came) or happened
        if happened or self.state.began is None or not self._quiet(now):
            self._turns(now)

    def _windows(self, now: datetime, came: Sequence[Arrival]) -> bool:
        """Windows that came in: rules decide; whether alerts opened or ended."""
        for arrival in came:
            facts = arrival.facts
            if facts.version == "":
                self.rows += arrival.labels - self.labels.get(facts.key, 0)
                self.labels[facts.key] = arrival.labels
                if arrival.complete and (self.window is None or facts.key > self.window):
                    self.window = facts.key
        before = [alert.id for alert in self.alerts.open]
        self.alerts.decide([a.facts for a in came], self.history.label(self.facts.champion), now)
        return before != [alert.id for alert in self.alerts.open]

    def _quiet(self, now: datetime) -> bool:
        """Whether a step would do nothing, as far as that can be told before all of its facts are put together."""
        if self.due is not None and now >= self.due:
            return False
        plan = self.policy.plan
        if not self.alerts.open and self.state.rejudge_rows is None and plan.after_rows is None and not plan.on_update:
            return True
        return quiet(plan, self.state, self._facts(), self.due, now)

    def _facts(self) -> Facts:
        """The facts of now: those of the last look, and what the windows since then have added."""
        f = self.facts
        return Facts(
            self._open(), f.champion, f.previous, f.challenger, self.rows, self.window, f.training, f.judging,
            f.deploying, f.judgement, f.approval,
        )  # fmt: skip

    def _open(self) -> tuple[AlertFact, ...]:
        rules = self.alerts.rules
        return tuple(
            AlertFact(a.id or 0, a.rule, rules[a.rule].then if a.rule in rules else (), a.last_window or a.since)
            for a in sorted(self.alerts.open, key=lambda a: a.id or 0)
        )

    def _turns(self, now: datetime) -> None:
        for _ in range(TURNS):
            found = step(self.policy.plan, self.state, self._facts(), now)
            self.state, self.due = found.state, found.due
            for intent in found.intents:
                self._answer(intent, now)
            if not found.intents:
                return
            self._look(now)

    def _answer(self, intent: Intent, now: datetime) -> None:
        version = None if isinstance(intent, Train) else intent.version
        sure = self.unsure is None
        if isinstance(intent, AskApproval | DropChallenger):
            kind = "ask-approval" if isinstance(intent, AskApproval) else "drop-challenger"
            if isinstance(intent, DropChallenger):
                self.dropped.add(intent.version)
            self.decisions.append(Decision(now, kind, version, intent.why, sure=sure))
            return
        queue = KINDS[type(intent)]
        job = next((j for j in self.history.jobs if self._fits(j, queue, version, now)), None)
        kind = intent.kind if isinstance(intent, Deploy) else queue
        if job is not None:
            self.answered.add(job.id)
            self.unknown.pop(queue, None)
        else:
            end = JobFact(self._next_id(), now, "done", version, "none", "history does not hold it")
            self.unknown[queue] = end
            self.unsure = self.unsure or now
        known = job is not None
        self.decisions.append(Decision(now, kind, version, intent.why, job.id if job else None, known, sure))

    def _fits(self, job: Job, kind: str, version: int | None, now: datetime) -> bool:
        if job.kind != kind or job.id in self.answered or job.created_by != AGENT:
            return False
        same = version is None or job.payload.get("version") == version
        return same and now <= job.created_at <= now + NEAR

    def _next_id(self) -> int:
        return max((*(j.id for j in self.history.jobs), *(f.id for f in self.unknown.values())), default=0) + 1

    # -- what was known then ------------------------------------------------------------------------------------------

    def _look(self, now: datetime) -> None:
        """All that is no window, as it is now."""
        pile = self._pile(now)
        champion = pile[-1] if pile else None
        if not self.served or self.served[-1][1] != champion:
            self.served.append((now, champion))
        self.facts = replace(
            self.facts,
            champion=champion,
            previous=pile[-2] if len(pile) > 1 else None,
            challenger=self._challenger(now, pile),
            training=self._job("retrain", now),
            judging=self._job("judge", now),
            deploying=self._job("deploy", now),
            judgement=self._judgement(now),
            approval=self._approval(now),
        )

    def _seen(self, job: Job, now: datetime) -> bool:
        """People's jobs come by themselves; the agent's when the step has set them off."""
        return job.created_at <= now and (job.created_by != AGENT or job.id in self.answered)

    def _job(self, kind: str, now: datetime) -> JobFact | None:
        found = [j for j in self.history.jobs if j.kind == kind and self._seen(j, now)]
        unknown = self.unknown.get(kind)
        if not found or (unknown is not None and unknown.created >= found[-1].created_at):
            return unknown
        job = found[-1]
        end = job.state if _over(job, now) and job.state in ("done", "failed", "cancelled") else None
        text = job.error or str(job.outcome.get("text", ""))
        return JobFact(job.id, job.created_at, end, job.payload.get("version"), job.outcome.get("verdict"), text)

    def _of(self, job_id: int | None, now: datetime) -> bool:
        job = next((j for j in self.history.jobs if j.id == job_id), None)
        return job is None or self._seen(job, now)

    def _judgement(self, now: datetime) -> JudgementFact | None:
        found = [j for j in self.history.judgements if j.at <= now and self._of(j.job_id, now)]
        if not found or found[-1].id is None:
            return None
        j = found[-1]
        assert j.id is not None
        return JudgementFact(j.id, j.version, j.champion, j.verdict, j.rows, j.wanted, j.text)

    def _approval(self, now: datetime) -> ApprovalFact | None:
        found = [a for a in self.history.approvals if a.requested_at <= now]
        if not found:
            return None
        asked = found[-1]
        over = asked.decided_at is not None and asked.decided_at <= now
        return ApprovalFact(asked.id, asked.version, asked.state if over else "pending")

    def _moves(self, alias: str, now: datetime) -> list[int | None]:
        """Where an alias went: by people and data at their time, by the agent once its job is seen."""
        return [
            version
            for at, name, version, by in self.history.moves
            if name == alias
            and at <= now
            and (alias != aliases.CHAMPION or by != AGENT or self._done(version, at, now))
        ]

    def _done(self, version: int | None, at: datetime, now: datetime) -> bool:
        """Whether the deploy job that moved the champion to a version at an instant was seen, and is over."""
        return any(
            j.kind == "deploy"
            and j.payload.get("version") == version
            and j.created_at <= at <= (j.finished_at or at)
            and self._seen(j, now)
            and _over(j, now)
            for j in self.history.jobs
        )

    def _pile(self, now: datetime) -> list[int]:
        return aliases.pile(v for v in self._moves(aliases.CHAMPION, now) if v is not None)

    def _challenger(self, now: datetime, pile: Sequence[int]) -> int | None:
        """The newest version of a job that was seen, unless it was dropped or promoted since."""
        made = [
            j.outcome["version"]
            for j in self.history.jobs
            if j.kind == "retrain" and self._seen(j, now) and j.outcome.get("version") and _over(j, now)
        ]
        named = [v for v in self._moves("challenger", now) if v is not None]
        newest = max((*made, *(v for v in named if v in made or not made)), default=None)
        return None if newest in self.dropped or newest in pile else newest


def _over(job: Job, now: datetime) -> bool:
    return job.finished_at is not None and job.finished_at <= now


def replay(history: History, policy: Policy, until: datetime | None = None) -> Course:
    """What the loop does on this history with this policy.

    Args:
        until: the end of the replay; by default the last instant that history knows.
    """
    found = _Replay(policy, history, Alerts(policy.rules))
    found.run(until)
    return Course(
        found.alerts.episodes(), tuple(found.decisions), found.unsure, tuple(found.served), tuple(found.alerts.read)
    )


def unanswered(history: History, decisions: Sequence[Decision]) -> tuple[Job, ...]:
    """Jobs that the agent did set off and that these decisions would not."""
    answered = {d.job for d in decisions}
    return tuple(j for j in history.jobs if j.created_by == AGENT and j.id not in answered)
