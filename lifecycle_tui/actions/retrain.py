"""The action `retrain`: a new version is made and judged, whatever the rules say."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle_tui.actions.base import Action, Ask, Done, Draft, Parameter, Refused
from lifecycle_tui.actions.looking import command, declared, live, said
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state import audit, jobs

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    spec = declared(workspace, ask)
    assert workspace is not None
    if spec.training is None:
        raise Refused(f"{spec.name} is only monitored", f"add [models.{spec.name}.training] to have versions made")
    strategy = ask.text("strategy")
    if strategy is not None:
        try:
            workspace.plugins.find("strategy", strategy)
        except LifecycleError as exc:
            raise Refused(exc.message, exc.hint) from exc
        if spec.training.command:
            raise Refused(f"{spec.name} is trained by a command", "leave out --strategy")
    job = live(conn, spec.name, "retrain")
    if job is not None:
        raise Refused(
            f"job {job.id} is training {spec.name} already",
            f"`lifecycle jobs log {job.id} --follow` shows it",
        )
    why = ask.text("why") or said(ask, f"asked for by {ask.who}")
    limit = spec.training.time_limit.total_seconds()

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        payload = {"why": why, "by": ask.who} | ({"strategy": strategy} if strategy else {})
        id_ = jobs.enqueue(tx, "retrain", spec.name, payload, now, by=ask.who, time_limit=limit)
        detail = {"job": id_, "strategy": strategy, "why": why, "note": ask.note}
        audit.append(tx, "retrain", spec.name, now, model=spec.name, detail=detail, who=ask.who, behind=ask.behind)
        return Done(f"job {id_} trains {spec.name}", id_)

    how = "by its command" if spec.training.command else f"by {strategy or spec.training.strategy}"
    then = "its promotion waits for approval" if spec.rollout and spec.rollout.approve else "it is promoted"
    lines = (
        f"train a new version of {spec.name} {how}: {why}",
        "it is judged against the champion on later rows that neither was trained on",
        f"if it passes its gates, {then} by the agent, where one runs",
    )
    newest = conn.execute("SELECT max(id) FROM jobs WHERE model = ? AND kind = 'retrain'", (spec.name,)).fetchone()[0]
    same = command("retrain", spec.name, strategy=strategy, why=ask.text("why"), note=ask.note)
    return Draft(
        spec.name,
        lines,
        {"the newest training": newest},
        same,
        commit,
        spec.name,
        "`lifecycle undo` while it runs; a version that was made stays",
    )


RETRAIN = Action(
    "retrain",
    "Train a new version",
    "Train a new version and judge it.",
    "The new version becomes challenger and is compared with the champion on later rows that neither was trained on. "
    "Exit code 1 when its gates do not pass: the champion stays.",
    (
        Parameter("model", "model", "The model."),
        Parameter("strategy", "text", "Another strategy than the declared one.", required=False, option=True),
        Parameter("why", "text", "What for; kept with the version.", required=False, option=True),
    ),
    "low",
    (
        "lifecycle retrain bikes",
        'lifecycle retrain bikes --strategy refit --why "new sensor since Monday"',
    ),
    _plan,
    waits=True,
    key="t",
)
