"""What the step looks at, read from state in the transaction that will store what it decides."""

from __future__ import annotations

import sqlite3

from lifecycle_tui.domain.specs import ModelSpec, RolloutSpec
from lifecycle_tui.policy.loop import AlertFact, ApprovalFact, Facts, JobFact, JudgementFact, LoopPlan, PauseFact
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import alerts, approvals, jobs, judgements, pauses


def plan_of(spec: ModelSpec) -> LoopPlan:
    """What the file declares for the loop of a model."""
    training, rollout = spec.training, spec.rollout
    approval = rollout is not None and rollout.approve is not None
    if training is None:
        return LoopPlan(trains=False, approval=approval)
    return LoopPlan(
        trains=True,
        schedule=training.schedule,
        zone=training.timezone,
        cooldown=training.cooldown,
        after_rows=training.after_rows,
        on_update=training.on_update,
        enough=training.min_samples,
        approval=approval,
    )


def facts_of(tx: sqlite3.Connection, spec: ModelSpec) -> Facts:
    """Everything that a step of this model looks at."""
    model = spec.name
    champion = aliases.get_alias(tx, model, aliases.CHAMPION)
    challenger = aliases.get_alias(tx, model, aliases.CHALLENGER)
    rows, window = tx.execute(
        "SELECT coalesce(sum(labels), 0), max(CASE WHEN complete THEN key END) FROM windows "
        "WHERE model = ? AND version = '' AND current = 1",
        (model,),
    ).fetchone()
    return Facts(
        alerts=_alerts(tx, spec),
        champion=None if champion is None else champion.version,
        previous=_previous(tx, model, serves_named(spec)),
        challenger=None if challenger is None else challenger.version,
        rows=int(rows),
        window=window,
        training=_newest(tx, "retrain", model),
        judging=_newest(tx, "judge", model),
        deploying=_newest(tx, "deploy", model),
        judgement=_judgement(tx, model),
        approval=_approval(tx, model),
        pause=_pause(tx, model),
    )


def _pause(tx: sqlite3.Connection, model: str) -> PauseFact | None:
    found = pauses.pause_of(tx, model)
    return None if found is None else PauseFact(found.until, found.said())


def serves_named(spec: ModelSpec) -> bool:
    """Whether the deployer may know what to do with a version that the data only names: ours does not."""
    return spec.rollout is not None and spec.rollout.deployer != RolloutSpec().deployer


def _previous(tx: sqlite3.Connection, model: str, named: bool) -> int | None:
    number = aliases.before(tx, model)
    version = None if number is None else versions.get(tx, model, number)
    if version is None or (version.facts.artifact is None and not named):
        return None
    return version.number


def _alerts(tx: sqlite3.Connection, spec: ModelSpec) -> tuple[AlertFact, ...]:
    """The open alerts. What one sets off is what its rule says now: who adds "retrain" to one that fires means it."""
    found = sorted((row.alert for row in alerts.open_alerts(tx, spec.name)), key=lambda a: a.id or 0)
    declared = {rule.name: rule.then for rule in spec.rules}
    return tuple(
        AlertFact(a.id, a.rule, declared.get(a.rule, tuple(a.detail.get("then", ()))), a.last_window or a.since)
        for a in found
        if a.id is not None
    )


def _newest(tx: sqlite3.Connection, kind: str, model: str) -> JobFact | None:
    found = tx.execute(f"{jobs.SELECT} WHERE model = ? AND kind = ? ORDER BY id DESC LIMIT 1", (model, kind)).fetchone()
    if found is None:
        return None
    job = jobs.row(found)
    end = job.state if job.state in ("done", "failed", "cancelled") else None
    text = job.error or str(job.outcome.get("text", ""))
    version = job.payload.get("version")
    return JobFact(job.id, job.created_at, end, version, job.outcome.get("verdict"), text)


def _judgement(tx: sqlite3.Connection, model: str) -> JudgementFact | None:
    found = judgements.newest(tx, model)
    if found is None or found.id is None:
        return None
    return JudgementFact(
        found.id, found.version, found.champion, found.verdict, found.rows, found.wanted, found.text
    )  # fmt: skip


def _approval(tx: sqlite3.Connection, model: str) -> ApprovalFact | None:
    found = approvals.approvals(tx, model, limit=1)
    return ApprovalFact(found[0].id, found[0].version, found[0].state) if found else None
