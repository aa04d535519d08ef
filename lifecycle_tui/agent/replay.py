"""Replays the loop of a model over what state remembers: the same step, with history in place of workers.

Windows, alerts and people's doings come at the instants at which they came. What the step sets off is answered from
history: the job that was really run then, with what came of it, as soon as it had come. What history does not hold
cannot be known: such a decision is marked, and the loop goes on as if nothing had come of it. Nothing is written.

Called by tests (deciding again decides the same); simulating an edited policy is the same call with another plan.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lifecycle_tui.agent.loop import AGENT
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
from lifecycle_tui.policy.step import step
from lifecycle_tui.registry import aliases
from lifecycle_tui.state import alerts, approvals, jobs, judgements
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.state.text import moment

NEAR = timedelta(hours=1)
"""A job of history answers a decision if it was asked for at most so long after it: turns follow what happened by less
than a second, but an agent may have been down."""

TURNS = 50
KINDS = {Train: "retrain", Judge: "judge", Deploy: "deploy"}


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that the step set off.

    Attributes:
        kind: "retrain", "judge", "promote", "rollback", "ask-approval" or "drop-challenger".
        version: what it is about; None for a training.
        job: the job of history that answers it; None where there is none.
        known: whether history holds what came of it.
    """

    at: datetime
    kind: str
    version: int | None
    why: str
    job: int | None = None
    known: bool = True


@dataclass(frozen=True)
class History:
    """What state remembers of one model, as far as the loop goes.

    Attributes:
        windows: (as of, key, labels, complete) of every revision.
        alerts: (fact without its window, opened, resolved, its last windows by instant).
        moves: champion's and challenger's alias: (at, alias, version, by whom).
    """

    windows: tuple[tuple[datetime, str, int, bool], ...]
    alerts: tuple[tuple[AlertFact, datetime, datetime | None, tuple[tuple[datetime, str], ...]], ...]
    moves: tuple[tuple[datetime, str, int | None, str | None], ...]
    jobs: tuple[Job, ...]
    judgements: tuple[Judgement, ...]
    approvals: tuple[approvals.Approval, ...]

    def instants(self) -> list[datetime]:
        """Every instant at which something came, in order."""
        found = {w[0] for w in self.windows} | {m[0] for m in self.moves} | {j.at for j in self.judgements}
        for _, opened, resolved, went_on in self.alerts:
            found |= {opened, *(at for at, _ in went_on), *([resolved] if resolved else [])}
        for job in self.jobs:
            found |= {job.created_at, *([job.finished_at] if job.finished_at else [])}
        for asked in self.approvals:
            found |= {asked.requested_at, *([asked.decided_at] if asked.decided_at else [])}
        return sorted(found)


def read_history(conn: sqlite3.Connection, model: str) -> History:
    """All that replaying this model needs."""
    windows = conn.execute(
        "SELECT as_of, key, labels, complete FROM windows WHERE model = ? AND version = '' ORDER BY id", (model,)
    ).fetchall()
    moves = conn.execute(
        "SELECT at, alias, version, by FROM alias_history WHERE model = ? AND alias IN ('champion', 'challenger') "
        "ORDER BY id",
        (model,),
    ).fetchall()
    rows = conn.execute(
        f"{jobs.SELECT} WHERE model = ? AND kind IN ('retrain', 'judge', 'deploy') ORDER BY id", (model,)
    ).fetchall()
    judged = judgements.judgements(conn, model, limit=1_000_000)
    asked = approvals.approvals(conn, model, limit=1_000_000)
    return History(
        tuple((moment(at), key, labels, bool(complete)) for at, key, labels, complete in windows),
        tuple(_alert(conn, row) for row in alerts.alerts(conn, model=model, limit=1_000_000)[::-1]),
        tuple((moment(at), alias, version, by) for at, alias, version, by in moves),
        tuple(map(jobs.row, rows)),
        judged[::-1],
        asked[::-1],
    )


def _alert(conn: sqlite3.Connection, row: alerts.AlertRow) -> tuple:
    a = row.alert
    went_on = tuple((e.at, e.window) for e in alerts.events(conn, row.id) if e.window and e.kind != "acknowledged")
    return AlertFact(row.id, a.rule, tuple(a.detail.get("then", ())), ""), a.opened, a.resolved, went_on


@dataclass
class _Replay:
    plan: LoopPlan
    history: History
    state: LoopState = field(default_factory=LoopState)
    answered: set[int] = field(default_factory=set)
    unknown: dict[str, JobFact] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)
    decisions: list[Decision] = field(default_factory=list)

    def run(self, until: datetime | None) -> None:
        waiting = self.history.instants()
        while waiting:
            now = waiting.pop(0)
            if until is not None and now > until:
                return
            due = self._turns(now)
            if due is not None and (not waiting or due < waiting[0]) and (waiting or until is not None):
                waiting.insert(0, due)

    def _turns(self, now: datetime) -> datetime | None:
        for _ in range(TURNS):
            found = step(self.plan, self.state, self._facts(now), now)
            self.state = found.state
            for intent in found.intents:
                self._answer(intent, now)
            if not found.intents:
                return found.due
        return None

    def _answer(self, intent: Intent, now: datetime) -> None:
        version = None if isinstance(intent, Train) else intent.version
        if isinstance(intent, AskApproval | DropChallenger):
            kind = "ask-approval" if isinstance(intent, AskApproval) else "drop-challenger"
            if isinstance(intent, DropChallenger):
                self.dropped.add(intent.version)
            self.decisions.append(Decision(now, kind, version, intent.why))
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
        known = job is not None
        self.decisions.append(Decision(now, kind, version, intent.why, job.id if job else None, known))

    def _fits(self, job: Job, kind: str, version: int | None, now: datetime) -> bool:
        if job.kind != kind or job.id in self.answered or job.created_by != AGENT:
            return False
        same = version is None or job.payload.get("version") == version
        return same and now <= job.created_at <= now + NEAR

    def _next_id(self) -> int:
        return max((*(j.id for j in self.history.jobs), *(f.id for f in self.unknown.values())), default=0) + 1

    # -- what was known then ------------------------------------------------------------------------------------------

    def _facts(self, now: datetime) -> Facts:
        pile = self._pile(now)
        latest = {key: (labels, complete) for at, key, labels, complete in self.history.windows if at <= now}
        return Facts(
            alerts=tuple(self._open(now)),
            champion=pile[-1] if pile else None,
            previous=pile[-2] if len(pile) > 1 else None,
            challenger=self._challenger(now),
            rows=sum(labels for labels, _ in latest.values()),
            window=max((key for key, (_, complete) in latest.items() if complete), default=None),
            training=self._job("retrain", now),
            judging=self._job("judge", now),
            deploying=self._job("deploy", now),
            judgement=self._judgement(now),
            approval=self._approval(now),
        )

    def _open(self, now: datetime) -> Iterable[AlertFact]:
        for fact, opened, resolved, went_on in self.history.alerts:
            if opened <= now and (resolved is None or resolved > now):
                last = max((window for at, window in went_on if at <= now), default="")
                yield AlertFact(fact.id, fact.rule, fact.then, last)

    def _seen(self, job: Job, now: datetime) -> bool:
        """People's jobs come by themselves; the agent's when the step has set them off."""
        return job.created_at <= now and (job.created_by != AGENT or job.id in self.answered)

    def _job(self, kind: str, now: datetime) -> JobFact | None:
        found = [j for j in self.history.jobs if j.kind == kind and self._seen(j, now)]
        unknown = self.unknown.get(kind)
        if not found or (unknown is not None and unknown.created >= found[-1].created_at):
            return unknown
        job = found[-1]
        over = job.finished_at is not None and job.finished_at <= now
        end = job.state if over and job.state in ("done", "failed", "cancelled") else None
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
        done = {
            j.payload.get("version")
            for j in self.history.jobs
            if j.kind == "deploy" and self._seen(j, now) and j.finished_at is not None and j.finished_at <= now
        }
        found = []
        for at, name, version, by in self.history.moves:
            agents = alias == aliases.CHAMPION and by == AGENT
            if name == alias and at <= now and (not agents or version in done):
                found.append(version)
        return found

    def _pile(self, now: datetime) -> list[int]:
        return aliases.pile(v for v in self._moves(aliases.CHAMPION, now) if v is not None)

    def _challenger(self, now: datetime) -> int | None:
        """The newest version of a job that was seen, unless it was dropped or promoted since."""
        made = [
            j.outcome["version"]
            for j in self.history.jobs
            if j.kind == "retrain" and self._seen(j, now) and j.outcome.get("version") and _over(j, now)
        ]
        named = [v for v in self._moves("challenger", now) if v is not None]
        newest = max((*made, *(v for v in named if v in made or not made)), default=None)
        pile = self._pile(now)
        return None if newest in self.dropped or newest in pile else newest


def _over(job: Job, now: datetime) -> bool:
    return job.finished_at is not None and job.finished_at <= now


def replay(history: History, plan: LoopPlan, until: datetime | None = None) -> tuple[Decision, ...]:
    """What the loop decides on this history with this plan, in order.

    Args:
        until: the end of the replay; by default the last instant that history knows.
    """
    found = _Replay(plan, history)
    found.run(until)
    return tuple(found.decisions)


def unanswered(history: History, decisions: Sequence[Decision]) -> tuple[Job, ...]:
    """Jobs that the agent did set off and that these decisions would not."""
    answered = {d.job for d in decisions}
    return tuple(j for j in history.jobs if j.created_by == AGENT and j.id not in answered)
