"""Lets the loop of a model run again over what state remembers: the same rules and the same step, with history in place
of workers (DESIGN §3.1).

Windows and people's doings come at the instants at which they came. Rules decide, and what the step sets off is
answered from history: the job that was really run then, with what came of it, as soon as it had come. What history
does not hold cannot be known: such a decision is marked, the loop goes on as if nothing had come of it, and what
follows from that is marked as not sure. Nothing is written.

Called by `whatif`, and by tests (deciding again decides the same).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate

from lifecycle_tui.agent.arrivals import Arrival
from lifecycle_tui.agent.history import History
from lifecycle_tui.agent.loop import AGENT
from lifecycle_tui.agent.past import Past
from lifecycle_tui.policy.course import Alerts, Episode
from lifecycle_tui.policy.facts import CompiledRule, WindowFacts
from lifecycle_tui.policy.loop import (
    AlertFact,
    AskApproval,
    Deploy,
    DropChallenger,
    Facts,
    Intent,
    Judge,
    LoopPlan,
    LoopState,
    Train,
)
from lifecycle_tui.policy.quick import quick
from lifecycle_tui.policy.step import quiet, step
from lifecycle_tui.state.jobs import Job

NEAR = timedelta(hours=1)
"""A job of history answers a decision if it was asked for at most so long after it: turns follow what happened by less
than a second, but an agent may have been down."""

TURNS = 50
KINDS = {Train: "retrain", Judge: "judge", Deploy: "deploy"}


@dataclass(frozen=True)
class Policy:
    """What the file declares for the loop of one model, ready to be replayed.

    Attributes:
        named: whether a version that the data only names can be gone back to.
        resting: rules that are not on performance and yet rest on who serves: they read what versions give out.
    """

    rules: tuple[CompiledRule, ...]
    plan: LoopPlan
    named: bool = False
    resting: frozenset[str] = frozenset()

    @property
    def acts_on_performance(self) -> bool:
        """Whether what a champion scores decides what is set off."""
        return any(
            (rule.performance or rule.name in self.resting)
            and ("rollback" in rule.then or (self.plan.trains and "retrain" in rule.then))
            for rule in self.rules
        )


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
        unsure: the first instant from which on decisions are not sure: after one whose outcome history does not hold,
            or where another version serves than did; None if all are.
        served: (from, version): who served, as far as it is known.
        read: every form of every window that rules were shown.
        doubts: (from, to) spans in which what a champion scored is not known; to is None for ever.
    """

    alerts: tuple[Episode, ...] = ()
    decisions: tuple[Decision, ...] = ()
    unsure: datetime | None = None
    served: tuple[tuple[datetime, int | None], ...] = ()
    read: tuple[WindowFacts, ...] = ()
    doubts: tuple[tuple[datetime, datetime | None], ...] = ()

    def doubtful(self, at: datetime) -> bool:
        """Whether what rests on who serves is not known then."""
        return any(begin < at and (end is None or at < end) for begin, end in self.doubts)

    def holds_for(self, old: Policy, new: Policy) -> bool:
        """Whether this course of the `old` policy is certainly that of the `new` one: the same plan, and rules that
        say the same of all that was read, and have opened no alert whose text would differ."""
        if (old.plan, old.named, old.resting) != (new.plan, new.named, new.resting):
            return False
        if [r.name for r in old.rules] != [r.name for r in new.rules]:
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
    past: Past
    state: LoopState = field(default_factory=LoopState)
    facts: Facts = field(default_factory=Facts)
    due: datetime | None = None
    unsure: datetime | None = None
    doubts: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    others: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    served: list[tuple[datetime, int | None]] = field(default_factory=list)
    other: datetime | None = None
    labels: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    window: str | None = None
    began: bool = False
    champion: str = ""
    idle: bool = field(init=False)

    def __post_init__(self) -> None:
        # The loop is not there yet: it begins later, and no window was evaluated afterwards.
        self.idle = self.history.began is not None and self.history.afterwards is None

    def run(self, until: datetime | None) -> None:
        """All instants in order: windows that come in together, what else happened, and what falls due."""
        limit = until or self.history.ended
        if limit is None:
            return
        for at, came, happened in self.history.instants:
            while self.due is not None and self.due < at:
                if self.due > limit:
                    return
                self._instant(self.due, (), True)
            if at > limit:
                return
            self._instant(at, came, happened or self.due == at)
        while self.due is not None and self.due <= limit:
            self._instant(self.due, (), True)

    def _instant(self, now: datetime, came: Sequence[Arrival], happened: bool) -> None:
        if happened:
            self._look(now)
        if came or now in self.history.looks:
            happened = self._windows(now, came) or happened
        if not self.began:
            happened = self._begin(now) or happened
        if happened or not self._quiet(now):
            self._turns(now)
        while happened and self.past.waits(now):
            self._look(now, people=True)
            self._turns(now)
        if happened:
            self._compare(now)

    def _begin(self, now: datetime) -> bool:
        """The loop's first step, if it is now: whatever was decided before it, as if it had been there, is over."""
        history = self.history
        if history.began is None or now < history.began:
            return False
        self.began, self.idle = True, False
        self.past.forget()
        self._look(now)
        self.state = LoopState(
            began=now, champion=self.facts.champion, rows=history.rows, window=history.window
        )  # fmt: skip
        if self.unsure is not None:
            self.doubts.append((self.unsure, now))
            self.unsure = None
        return True

    def _windows(self, now: datetime, came: Sequence[Arrival]) -> bool:
        """Windows that came in: rules decide; whether alerts opened or ended."""
        gone: list[WindowFacts] = []
        found: list[WindowFacts] = []
        for arrival in came:
            facts = arrival.facts
            (gone if arrival.gone else found).append(facts)
            if facts.version == "":
                self.rows += arrival.labels - self.labels.get(facts.key, 0)
                self.labels[facts.key] = arrival.labels
                if arrival.complete and (self.window is None or facts.key > self.window):
                    self.window = facts.key
        before = self.alerts.open
        moved = self.alerts.decide(found, self.champion, now, gone)
        return moved and [alert.id for alert in before] != [alert.id for alert in self.alerts.open]

    def _quiet(self, now: datetime) -> bool:
        """Whether a step would do nothing, as far as that can be told before all of its facts are put together."""
        if self.idle:
            return True
        if self.state.began is None or (self.due is not None and now >= self.due):
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
        if self.idle:
            return
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
                self.past.drop(intent.version)
            self.decisions.append(Decision(now, kind, version, intent.why, sure=sure))
            return
        queue = KINDS[type(intent)]
        job = next((j for j in self._upcoming(now) if self._fits(j, queue, version)), None)
        kind = intent.kind if isinstance(intent, Deploy) else queue
        if job is not None:
            self.past.answer(job)
        else:
            self.past.invent(queue, version, now)
            self.unsure = self.unsure or now
        known = job is not None
        self.decisions.append(Decision(now, kind, version, intent.why, job.id if job else None, known, sure))

    def _upcoming(self, now: datetime) -> Iterator[Job]:
        """Jobs that a decision of now may have set off."""
        jobs = self.history.jobs
        for index in range(bisect_left(self.created, now), len(jobs)):
            if jobs[index].created_at > now + NEAR:
                return
            yield jobs[index]

    @cached_property
    def created(self) -> list[datetime]:
        """When each job was asked for; never before an earlier one, whatever a clock that was set back has said."""
        return list(accumulate((job.created_at for job in self.history.jobs), max))

    def _fits(self, job: Job, kind: str, version: int | None) -> bool:
        if job.kind != kind or job.created_by != AGENT or self.past.answered(job):
            return False
        return version is None or job.payload.get("version") == version

    def _look(self, now: datetime, *, people: bool = False) -> None:
        """All that is no window, as it is now."""
        self.facts = self.past.look(now, people=people)
        champion = self.facts.champion
        self.champion = self.history.label(champion)
        if not self.served or self.served[-1][1] != champion:
            self.served.append((now, champion))

    def _compare(self, now: datetime) -> None:
        """Whether another version serves than did: what it would have scored is not known."""
        if (self.facts.champion != self.past.served) is not (self.other is None):
            return
        if self.other is not None:
            self.others.append((self.other, now))
            self.other = None
            return
        self.other = now
        if self.unsure is None and self.policy.acts_on_performance:
            self.unsure = now

    def course(self) -> Course:
        """All that was decided, and from when to when it rests on what never happened."""
        doubts = [*self.doubts, *([(self.unsure, None)] if self.unsure is not None else [])]
        others = [*self.others, *([(self.other, None)] if self.other is not None else [])]
        return Course(
            self.alerts.episodes(), tuple(self.decisions), doubts[0][0] if doubts else None, tuple(self.served),
            tuple(self.alerts.read), tuple(sorted((*doubts, *others), key=lambda span: span[0])),
        )  # fmt: skip


def replay(history: History, policy: Policy, until: datetime | None = None) -> Course:
    """What the loop does on this history with this policy.

    Args:
        until: the end of the replay; by default the last instant that history knows.
    """
    alerts = Alerts(policy.rules, resting=policy.resting, joins=history.joins)
    found = _Replay(policy, history, alerts, Past(history, named=policy.named))
    found.run(until)
    return found.course()


def unanswered(history: History, decisions: Sequence[Decision], until: datetime | None = None) -> tuple[Job, ...]:
    """Jobs that the agent did set off (up to an instant) and that these decisions would not."""
    answered = {d.job for d in decisions}
    return tuple(
        j
        for j in history.jobs
        if j.created_by == AGENT and j.id not in answered and (until is None or j.created_at <= until)
    )
