"""The action `approve`: one of the people named in the file says yes or no to a promotion that waits."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle_tui.actions.base import Action, Ask, Done, Draft, Parameter, Refused
from lifecycle_tui.actions.looking import (
    champion_of,
    command,
    declared,
    deploy_job,
    deployable,
    refuse_while_deploying,
    said,
    seq,
    wanted_version,
)
from lifecycle_tui.actions.promote import FIRST
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.registry import aliases
from lifecycle_tui.state import approvals, audit, judgements
from lifecycle_tui.state.approvals import Approval, ApprovalState

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    spec = declared(workspace, ask)
    found = approvals.pending(conn, spec.name)
    if found is None:
        raise Refused(
            f"no promotion of {spec.name} waits for approval", f"`lifecycle promote {spec.name}` asks for one"
        )
    row, champion = champion_of(conn, spec.name)
    judged = judgements.newest(conn, spec.name, found.version)
    seen = {
        "the request": found.seq, "the champion": seq(row), "its judgement": None if judged is None else judged.id,
    }  # fmt: skip
    if ask.flag("decline"):
        return _decline(spec, ask, found, seen)
    _refuse_who_may_not(spec, ask, found)
    if row is not None and row.since > found.requested_at:
        raise Refused(
            f"the champion of {spec.name} has moved since version {found.version} was asked for",
            "decline it; it has to be judged against the present champion first",
            gate=True,
        )
    if judged is not None and judged.at > found.requested_at and judged.verdict != "passed":
        raise Refused(
            f"version {found.version} of {spec.name} was judged again since it was asked for: {judged.text}",
            "decline it",
            gate=True,
        )
    refuse_while_deploying(conn, spec.name)
    version = wanted_version(conn, spec.name, str(found.version))
    deployer = deployable(workspace, spec, version)
    why = said(ask, found.why or "")

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        approvals.decide(tx, found.id, "approved", ask.who, ask.note, now)
        id_ = deploy_job(tx, spec.name, found.version, champion, "promote", why, ask, now)
        _audit(tx, "approve", spec, ask, found, now, job=id_)
        return Done(f"approved; job {id_} brings version {found.version} of {spec.name} to serve", id_)

    lines = (
        f"approve version {found.version} of {spec.name}, asked for by {found.requested_by}",
        *((found.why,) if found.why else ()),
        f"the deployer {deployer} makes it serve; the alias champion moves when it does",
    )
    undo = None if champion is None else command("rollback", spec.name)
    same = command("approve", spec.name, note=ask.note)
    return Draft(f"{spec.name}/{found.version}", lines, seen, same, commit, spec.name, undo, lasting=FIRST)


def _refuse_who_may_not(spec: ModelSpec, ask: Ask, found: Approval) -> None:
    approve = spec.rollout.approve if spec.rollout is not None else None
    if approve is None:
        raise Refused(
            f"the file names nobody who may approve {spec.name}",
            f"decline it; `lifecycle promote {spec.name}` needs no approval now",
        )
    if ask.who not in approve.by:
        raise Refused(f"{ask.who} may not approve {spec.name}", f"{' or '.join(approve.by)} may")
    if approve.exclude_requester and ask.who == found.requested_by:
        raise Refused(f"{ask.who} asked for it, and may not approve it", f"one of {', '.join(approve.by)} else has to")


def _decline(spec: ModelSpec, ask: Ask, found: Approval, seen: dict) -> Draft:
    """A no of who may approve; who asked for it may take it back; where nobody may approve any more, anybody."""
    approve = spec.rollout.approve if spec.rollout is not None else None
    own = ask.who == found.requested_by
    if approve is not None and ask.who not in approve.by and not own:
        people = " or ".join(dict.fromkeys((*approve.by, found.requested_by)))
        raise Refused(f"{ask.who} may not decline it", f"{people} may")
    state: ApprovalState = "withdrawn" if own else "declined"

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        approvals.decide(tx, found.id, state, ask.who, ask.note, now)
        challenger = aliases.get_alias(tx, spec.name, aliases.CHALLENGER)
        if challenger is not None and challenger.version == found.version:
            aliases.remove_alias(tx, spec.name, aliases.CHALLENGER, ask.who, said(ask, f"{state} by {ask.who}"), now)
        _audit(tx, "decline", spec, ask, found, now, state=state)
        return Done(f"version {found.version} of {spec.name} is {state}")

    verb = "withdraw" if own else "decline"
    lines = (
        f"{verb} the promotion of version {found.version} of {spec.name}, asked for by {found.requested_by}",
        "it is no challenger any more; the version stays in the registry",
    )
    undo = command("promote", spec.name, found.version)
    same = command("approve", spec.name, decline=True, note=ask.note)
    return Draft(f"{spec.name}/{found.version}", lines, seen, same, commit, spec.name, undo, risk="low")


def _audit(
    tx: sqlite3.Connection, name: str, spec: ModelSpec, ask: Ask, found: Approval, now: datetime, **detail: object
) -> None:
    told = {"version": found.version, "approval": found.id, "note": ask.note, "asked_by": found.requested_by, **detail}
    audit.append(
        tx, name, f"{spec.name}/{found.version}", now, model=spec.name, detail=told, who=ask.who, behind=ask.behind
    )


APPROVE = Action(
    "approve",
    "Approve a promotion",
    "Say yes or no to a promotion that waits.",
    "Only the people that `[rollout] approve` names may say yes, and not who asked for it where the file says so. The "
    "version then goes to serve at once.",
    (
        Parameter("model", "model", "The model."),
        Parameter("decline", "flag", "Say no: the champion stays.", required=False, option=True),
    ),
    "traffic",
    (
        'lifecycle approve card-fraud --note "checked the cases of May by hand"',
        'lifecycle approve card-fraud --decline --note "not before the audit"',
    ),
    _plan,
    waits=True,
    key="y",
)
