"""The notify job: sends what is in the outbox, through the notifiers that the file declares and no others.

Secrets are read here, in the job that needs them. A failure is noted and tried again later; an alert is never lost
because a pager was down.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lifecycle_tui.agent.telling import notice_of
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.errors import LifecycleError, NotDelivered, PluginFault
from lifecycle_tui.domain.specs import NotifierSpec
from lifecycle_tui.plugin_host.secrets import resolve, without_secrets
from lifecycle_tui.policy.grouping import Notice, plan_messages
from lifecycle_tui.state import alerts, outbox, processes
from lifecycle_tui.state.outbox import Notification

LONGEST = timedelta(days=1)
"""What a receiver may ask to wait at the most."""

LATER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""Waits after the first failures; when they are used up the notification counts as failed."""


def notify(job: JobContext) -> dict[str, Any]:
    """Send everything that is due; returns how many messages went out, how many failed, and why.

    The payload's `wait` says that there is a later (the agent's): a notifier with nothing due goes on collecting.
    """
    with job.state.write() as tx:
        ready = None
        if job.payload.get("wait"):
            ready = {n.notifier for n in outbox.due(tx, job.now)}
        # What a group still holds back goes along with the first of it that is due. A check has no later: there all of
        # it goes out now.
        taken = outbox.claim_due(tx, job.now, processes.this(), ready, _longest_group(job))
    sent = 0
    errors: list[str] = []
    with contextlib.ExitStack() as stack:
        for spec in job.workspace.spec.notifiers:
            mine = [n for n in taken if n.notifier == spec.name]
            notices = {n.id: _notice(job, n) for n in mine}
            known = {id_: notice for id_, notice in notices.items() if notice is not None}
            plan = plan_messages([spec], list(known.values()), job.now, flush=True)
            for delivery in plan.due:
                ids = [id_ for id_, notice in known.items() if any(notice is n for n in delivery.notices)]
                message = replace(delivery.message, key=_key(job, [n for n in mine if n.id in ids]))
                failure = _send(job, spec, message, stack)
                _settle(job, mine, ids, failure)
                if failure is None:
                    sent += 1
                else:
                    errors.append(f"{spec.name}: {failure.text}")
            gone = [id_ for id_, notice in known.items() if any(notice is n for n in plan.unmatched)]
            if gone:
                with job.state.write() as tx:
                    outbox.mark_failed(tx, gone, "the notifier's match no longer asks for it", None)
    _orphans(job, taken)
    return {"sent": sent, "failed": len(errors), "errors": errors}


def _longest_group(job: JobContext) -> timedelta:
    return max((n.group or timedelta(0) for n in job.workspace.spec.notifiers), default=timedelta(0))


def _notice(job: JobContext, notification: Notification) -> Notice | None:
    with job.state.read() as conn:
        row = alerts.alert(conn, notification.alert_id)
    if row is None:
        return None
    specs = {m.name: m for m in job.workspace.spec.models}
    spec = specs.get(row.alert.model)
    return notice_of(row.alert, notification.kind, notification.created_at, spec, assigned_to=row.assigned_to)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a message was not delivered, in words and without secrets.

    Attributes:
        again: whether another try can help; after: seconds that the receiver asks to wait.
    """

    text: str
    again: bool = True
    after: float | None = None


def _key(job: JobContext, told: Sequence[Notification]) -> str:
    """Names a message: the same at each try, another one for every other message of any workspace."""
    said = [str(job.workspace.spec.root), *(f"{n.id} {n.created_at.isoformat()}" for n in told)]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]


def _send(job: JobContext, spec: NotifierSpec, message: Any, stack: contextlib.ExitStack) -> Failure | None:
    """Hand one message over; returns what went wrong, or None."""
    failure = _hand_over(job, spec, message, stack)
    if failure is None:
        return None
    return replace(failure, text=without_secrets(failure.text, spec.options, job.workspace.spec.root))


def _hand_over(job: JobContext, spec: NotifierSpec, message: Any, stack: contextlib.ExitStack) -> Failure | None:
    try:
        info = job.workspace.plugins.find("notifier", spec.use)
        root = job.workspace.spec.root
        options = {key: resolve(value, root) for key, value in spec.options.items()}
        if spec.use == "log":
            options["path"] = str(root / Path(options.get("path") or ".lifecycle/alerts.log").expanduser())
        runner = None
        if info.origin != "builtin":
            runner = stack.enter_context(job.runner())
        job.workspace.plugins.make(info, options, runner=runner).send(message)
    except PluginFault as exc:
        return Failure(f"{exc.message} ({exc.place})")
    except LifecycleError as exc:
        return Failure(exc.message)
    except NotDelivered as exc:
        return Failure(str(exc), exc.again, exc.after)
    except RuntimeError as exc:
        return Failure(str(exc) or "it failed without a word")  # how notifiers say that they could not deliver
    except Exception as exc:
        return Failure(f"{type(exc).__name__}: {exc}")
    return None


def _settle(job: JobContext, mine: list[Notification], ids: list[int], failure: Failure | None) -> None:
    with job.state.write() as tx:
        if failure is None:
            outbox.mark_sent(tx, ids, job.clock.now())
            return
        tries = max(n.attempts for n in mine if n.id in ids)
        outbox.mark_failed(tx, ids, failure.text, _again(job.now, tries, failure))
    name = mine[0].notifier if mine else "?"
    job.log("error", f"notifier {name}: {failure.text}")


def _again(now: datetime, tries: int, failure: Failure) -> datetime | None:
    """When to try again; None where that cannot help, or has been done often enough."""
    if not failure.again or tries > len(LATER):
        return None
    asked = timedelta(0) if failure.after is None else timedelta(seconds=failure.after)
    return now + max(LATER[tries - 1], min(asked, LONGEST))


def _orphans(job: JobContext, taken: tuple[Notification, ...]) -> None:
    """What no declared notifier took: the file has changed since it was queued."""
    names = {n.name for n in job.workspace.spec.notifiers}
    ids = [n.id for n in taken if n.notifier not in names]
    if ids:
        with job.state.write() as tx:
            outbox.mark_failed(tx, ids, "the file no longer declares this notifier", None)
