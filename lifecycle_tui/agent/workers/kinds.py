"""The kinds of jobs: which function does one, and whether it gets a worker of its own. Read by workers and supervisor.

The functions are imported when a job of their kind is done, so that a worker that evaluates does not load what trains.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.clock import SystemClock
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state.jobs import Job

if TYPE_CHECKING:
    from lifecycle_tui.domain.specs import ModelSpec


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job.

    Attributes:
        where: "module:function", called as `f(context, spec, job)`; it returns the job's outcome, JSON values. `spec`
            is None for a job that is about no model.
        own: it gets a worker of its own, which ends with it; the others share warm ones.
    """

    where: str
    own: bool = False


KINDS: dict[str, Kind] = {
    "evaluate": Kind("lifecycle_tui.agent.workers.kinds:_evaluate"),
    "judge": Kind("lifecycle_tui.agent.work.judge:judge"),
    "reference": Kind("lifecycle_tui.agent.work.calibrate:calibrate"),
    "notify": Kind("lifecycle_tui.agent.workers.kinds:_notify"),
    "retrain": Kind("lifecycle_tui.agent.work.retrain:retrain", own=True),
    "events": Kind("lifecycle_tui.agent.workers.kinds:_events"),
    "deploy": Kind("lifecycle_tui.agent.work.deploy:deploy", own=True),
    "explain": Kind("lifecycle_tui.agent.work.explain:explain", own=True),
}


def shared() -> tuple[str, ...]:
    """Kinds whose jobs share warm workers."""
    return tuple(name for name, kind in KINDS.items() if not kind.own)


def perform(context: JobContext, spec: ModelSpec | None, job: Job) -> dict[str, Any]:
    """Do a job; returns its outcome. What plugins did in it is written down however it ends."""
    module, name = KINDS[job.kind].where.split(":")
    try:
        return getattr(import_module(module), name)(context, spec, job)
    finally:
        if context.ledger:
            # What a plugin did is worth less than the reason for which the job itself ended.
            with contextlib.suppress(LifecycleError, sqlite3.Error), context.state.write(durable=False) as tx:
                context.ledger.store(tx, context.model, context.job_id, SystemClock().now())


def _evaluate(context: JobContext, spec: ModelSpec, job: Job) -> dict[str, Any]:
    from lifecycle_tui.agent.work.evaluate import evaluate

    return evaluate(context, spec)


def _events(context: JobContext, spec: None, job: Job) -> dict[str, Any]:
    from lifecycle_tui.agent.work.events import tell

    return tell(context)


def _notify(context: JobContext, spec: None, job: Job) -> dict[str, Any]:
    from lifecycle_tui.agent.work.notify import notify

    return notify(context)
