"""A turn of the loop: facts → the pure step → its memory stored, its intents carried out, in the caller's transaction.

The same for the agent, for `check --act` and on a simulated clock: what differs is who runs the jobs that are enqueued
here, and which clock they are given (`as_of`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle_tui.agent import telling
from lifecycle_tui.agent.facts import facts_of, plan_of
from lifecycle_tui.domain.specs import ModelSpec, WorkspaceSpec
from lifecycle_tui.policy.loop import (
    AskApproval,
    Deploy,
    DropChallenger,
    Intent,
    Judge,
    LoopState,
    Step,
    Train,
)
from lifecycle_tui.policy.step import step
from lifecycle_tui.registry import aliases
from lifecycle_tui.state import approvals, audit, handling, jobs, pauses
from lifecycle_tui.state import loop as memory

AGENT = "agent"
"""Who acts where no person does, as job, alias history and audit name it."""


@dataclass(frozen=True, slots=True)
class Turned:
    """What one turn did.

    Attributes:
        due: the instant at which the clock alone can change something; None if it cannot.
        said: one sentence for each thing that was set off, e.g. "bikes: retraining: rule error (alert 3)".
        jobs: the jobs that were enqueued.
    """

    due: datetime | None = None
    said: tuple[str, ...] = ()
    jobs: tuple[int, ...] = ()


def turn(
    tx: sqlite3.Connection, spec: WorkspaceSpec, now: datetime, *, models: Collection[str] | None = None,
    simulated: bool = False,
) -> Turned:  # fmt: skip
    """One turn of every model (or of `models`). Snoozed alerts whose time has come wake first, of whatever model."""
    payload = {"as_of": now.isoformat()} if simulated else {}
    said = list(telling.wake_due(tx, spec, now))
    dues = [found for found in (handling.next_wake(tx, now),) if found is not None]
    ids: list[int] = []
    for model in spec.models:
        if models is not None and model.name not in models:
            continue
        decided = decide(tx, model, now)
        if decided.due is not None:
            dues.append(decided.due)
        for intent in decided.intents:
            said.append(f"{model.name}: {_said(intent)}")
            id_ = _carry_out(tx, model, intent, now, payload)
            ids += [] if id_ is None else [id_]
    return Turned(min(dues, default=None), tuple(said), tuple(ids))


def preview(conn: sqlite3.Connection, spec: WorkspaceSpec, now: datetime, models: Collection[str]) -> tuple[str, ...]:
    """What a turn of these models would set off, in words, and which of them are paused; nothing is written."""
    said = []
    for model in spec.models:
        if model.name in models:
            found = step(plan_of(model), _memory(conn, model.name), facts_of(conn, model), now)
            said += [f"{model.name}: {_said(intent)}" for intent in found.intents]
            pause = pauses.pause_of(conn, model.name)
            if pause is not None and pause.holds(now):
                said.append(f"{model.name}: nothing, it is {pause.said()}")
    return tuple(said)


def _memory(conn: sqlite3.Connection, model: str) -> LoopState:
    stored = memory.get(conn, model)
    return LoopState() if stored is None else LoopState.from_json(stored.state)


def decide(tx: sqlite3.Connection, model: ModelSpec, now: datetime) -> Step:
    """The step of one model, with its memory stored; the caller carries the intents out in the same transaction."""
    found = step(plan_of(model), _memory(tx, model.name), facts_of(tx, model), now)
    memory.put(tx, model.name, found.state.to_json(), found.next or found.state.last, found.due, now)
    return found


def _said(intent: Intent) -> str:
    if isinstance(intent, Train):
        return f"retraining: {intent.why}"
    if isinstance(intent, Judge):
        return f"judging version {intent.version} again: {intent.why}"
    if isinstance(intent, Deploy):
        verbs = {"promote": "promoting", "rollback": "going back to", "restore": "deploying once more"}
        return f"{verbs[intent.kind]} version {intent.version}: {intent.why}"
    if isinstance(intent, AskApproval):
        return f"version {intent.version} waits for approval: {intent.why}"
    return f"version {intent.version} is no challenger any more: {intent.why}"


def _carry_out(
    tx: sqlite3.Connection, model: ModelSpec, intent: Intent, now: datetime, payload: Mapping[str, Any]
) -> int | None:
    """Enqueue the intent's job, or write what needs none."""
    if isinstance(intent, Train):
        limit = model.training.time_limit.total_seconds() if model.training else None
        work = {**payload, "why": intent.why}
        return jobs.enqueue(tx, "retrain", model.name, work, now, by=AGENT, time_limit=limit)
    if isinstance(intent, Judge):
        work = {**payload, "version": intent.version, "why": intent.why}
        return jobs.enqueue(tx, "judge", model.name, work, now, by=AGENT)
    if isinstance(intent, Deploy):
        work = {
            **payload, "version": intent.version, "champion": intent.champion, "kind": intent.kind, "why": intent.why,
            "by": AGENT,
        }  # fmt: skip
        return jobs.enqueue(tx, "deploy", model.name, work, now, by=AGENT)
    detail = {"version": intent.version, "why": intent.why}
    if isinstance(intent, AskApproval):
        approvals.request(tx, model.name, intent.version, AGENT, intent.why, now)
        audit.append(
            tx, "ask-approval", f"{model.name}/{intent.version}", now, model=model.name, detail=detail, who=AGENT
        )
        return None
    assert isinstance(intent, DropChallenger)
    found = aliases.get_alias(tx, model.name, aliases.CHALLENGER)
    if found is not None and found.version == intent.version:
        aliases.remove_alias(tx, model.name, aliases.CHALLENGER, AGENT, intent.why, now)
    return None
