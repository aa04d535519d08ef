"""The notify job: sends what is in the outbox, through the notifiers that the file declares and no others.

Secrets are read here, in the job that needs them. A failure is noted and tried again later; an alert is never lost
because a pager was down.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from lifecycle_tui.agent.telling import notice_of
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.errors import LifecycleError, PluginFault
from lifecycle_tui.domain.specs import NotifierSpec
from lifecycle_tui.plugin_host.secrets import resolve, without_secrets
from lifecycle_tui.policy.grouping import Notice, plan_messages
from lifecycle_tui.state import alerts, outbox, processes
from lifecycle_tui.state.outbox import Notification

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
                error = _send(job, spec, delivery.message, stack)
                _settle(job, mine, ids, error)
                if error is None:
                    sent += 1
                else:
                    errors.append(f"{spec.name}: {error}")
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


def _send(job: JobContext, spec: NotifierSpec, message: Any, stack: contextlib.ExitStack) -> str | None:
    """Hand one message over; returns what went wrong, in words and without secrets, or None."""
    error = _hand_over(job, spec, message, stack)
    return None if error is None else without_secrets(error, spec.options, job.workspace.spec.root)


def _hand_over(job: JobContext, spec: NotifierSpec, message: Any, stack: contextlib.ExitStack) -> str | None:
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
        return f"{exc.message} ({exc.place})"
    except LifecycleError as exc:
        return exc.message
    except RuntimeError as exc:
        return str(exc) or "it failed without a word"  # how notifiers say, in words, that they could not deliver
    except Exception as exc:
        return f"{type(exc).__name__}: {exc}"
    return None


def _settle(job: JobContext, mine: list[Notification], ids: list[int], error: str | None) -> None:
    with job.state.write() as tx:
        if error is None:
            outbox.mark_sent(tx, ids, job.clock.now())
            return
        tries = max(n.attempts for n in mine if n.id in ids)
        again = job.now + LATER[tries - 1] if tries <= len(LATER) else None
        outbox.mark_failed(tx, ids, error, again)
    name = mine[0].notifier if mine else "?"
    job.log("error", f"notifier {name}: {error}")


def _orphans(job: JobContext, taken: tuple[Notification, ...]) -> None:
    """What no declared notifier took: the file has changed since it was queued."""
    names = {n.name for n in job.workspace.spec.notifiers}
    ids = [n.id for n in taken if n.notifier not in names]
    if ids:
        with job.state.write() as tx:
            outbox.mark_failed(tx, ids, "the file no longer declares this notifier", None)
