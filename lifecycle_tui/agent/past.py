"""What was known at an instant of history, of all that is no window: who served, jobs, judgements and approvals.

Made by `replay`, which asks for later and later instants and tells which jobs of the agent's its decisions set off.
What the agent once did is seen only as far as the replay sets it off too; what people and data did comes by itself.

At one instant windows and the agent come first, and then people one after another: so it is where a clock stands still
(`agent.simulated`, `agent.lived`). On the machine's clock no two of these share an instant.
"""

from __future__ import annotations

from datetime import datetime

from lifecycle_tui.agent.history import Event, History, Move
from lifecycle_tui.policy.loop import ApprovalFact, Facts, JobFact, JudgementFact
from lifecycle_tui.registry import aliases
from lifecycle_tui.state.approvals import Approval
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.state.judgements import Judgement

APART = 1 << 20
"""Jobs of history have their number times this one; what history does not hold is numbered in between."""


class Past:
    """History up to an instant.

    Args:
        named: whether a version without an artifact can be gone back to.

    Attributes:
        served: who was champion in history, whatever the replay did.
    """

    def __init__(self, history: History, *, named: bool = False) -> None:
        self._history, self._events, self._named = history, history.events, named
        self._at = 0
        self._held: dict[int, list[Event]] = {}
        self._answered: set[int] = set()
        self._newest: dict[str, Job] = {}
        self._unknown: dict[str, JobFact] = {}
        self._last = self._invented = 0
        self._pile: list[int] = []
        self._champion: int | None = None
        self._challenger: int | None = None
        self._judgement: Judgement | None = None
        self._approval: Approval | None = None
        self._decided = False
        self.served: int | None = None

    def look(self, now: datetime, *, people: bool = False) -> Facts:
        """All that is known now; windows and alerts are left as `Facts` has them by default.

        Args:
            people: one more of the doings of people at this very instant, too.
        """
        events = self._events
        first: Event | None = None
        while self._at < len(events) and events[self._at].at <= now:
            event = events[self._at]
            if event.people and event.at == now:
                if not people or (first is not None and first.owner != event.owner):
                    break
                first = event
            self._at += 1
            self._pass(event)
        return Facts(
            champion=self._champion,
            previous=self._previous(),
            challenger=self._challenger,
            training=self._job("retrain", now),
            judging=self._job("judge", now),
            deploying=self._job("deploy", now),
            judgement=self._judged(),
            approval=self._asked(),
        )

    def waits(self, now: datetime) -> bool:
        """Whether people did something at this very instant that is still to come."""
        return self._at < len(self._events) and self._events[self._at].at <= now

    def answer(self, job: Job) -> None:
        """The replay has set off this job of the agent's."""
        self._answered.add(job.id)
        self._unknown.pop(job.kind, None)
        for event in self._held.pop(job.id, ()):
            self._apply(event.what)

    def answered(self, job: Job) -> bool:
        """Whether a decision has set it off already."""
        return job.id in self._answered

    def invent(self, kind: str, version: int | None, now: datetime) -> None:
        """The replay has set off a job that history does not hold: it ended at once, and nothing came of it."""
        self._invented += 1
        number = max(self._last, max((j.id for j in self._newest.values()), default=0)) * APART + self._invented
        self._unknown[kind] = JobFact(number, now, "done", version, "none", "history does not hold it")

    def forget(self) -> None:
        """What history does not hold never was."""
        self._unknown.clear()

    def drop(self, version: int) -> None:
        """The replay has taken this challenger out of the running."""
        if self._challenger == version:
            self._challenger = None

    # -- events -------------------------------------------------------------------------------------------------------

    def _pass(self, event: Event) -> None:
        what = event.what
        if isinstance(what, Job):
            self._last = max(self._last, what.id)
        elif isinstance(what, Move) and what.alias == aliases.CHAMPION:
            self.served = what.version
        if event.job is None or event.job in self._answered:
            self._apply(what)
        else:
            self._held.setdefault(event.job, []).append(event)

    def _apply(self, what: Job | Move | Judgement | Approval | int) -> None:
        if isinstance(what, Job):
            newest = self._newest.get(what.kind)
            if newest is None or newest.id < what.id:
                self._newest[what.kind] = what
        elif isinstance(what, Judgement):
            if self._judgement is None or (self._judgement.id or 0) < (what.id or 0):
                self._judgement = what
        elif isinstance(what, Approval):
            if self._approval is None or self._approval.id < what.id:
                self._approval, self._decided = what, False
        elif isinstance(what, int):  # the word about a request
            self._decided = self._decided or (self._approval is not None and self._approval.id == what)
        elif what.alias == aliases.CHALLENGER:
            self._challenger = what.version
        else:
            self._champion = what.version
            if what.version is not None:
                self._pile = aliases.pile((*self._pile, what.version))

    def _previous(self) -> int | None:
        if len(self._pile) < 2:
            return None
        version = self._pile[-2]
        return version if self._named or version in self._history.artifacts else None

    def _job(self, kind: str, now: datetime) -> JobFact | None:
        job, unknown = self._newest.get(kind), self._unknown.get(kind)
        if job is None or (unknown is not None and unknown.id > job.id * APART):
            return unknown
        over = job.finished_at is not None and job.finished_at <= now
        end = job.state if over and job.state in ("done", "failed", "cancelled") else None
        text = job.error or str(job.outcome.get("text", ""))
        version, verdict = job.payload.get("version"), job.outcome.get("verdict")
        return JobFact(job.id * APART, job.created_at, end, version, verdict, text)

    def _judged(self) -> JudgementFact | None:
        j = self._judgement
        if j is None or j.id is None:
            return None
        return JudgementFact(j.id, j.version, j.champion, j.verdict, j.rows, j.wanted, j.text)

    def _asked(self) -> ApprovalFact | None:
        asked = self._approval
        if asked is None:
            return None
        return ApprovalFact(asked.id, asked.version, asked.state if self._decided else "pending")
