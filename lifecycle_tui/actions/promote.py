"""The action `promote`: a version becomes champion, or its promotion waits for the people who may approve it."""

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
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.registry import aliases
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import approvals, audit, judgements
from lifecycle_tui.state.judgements import Judgement

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace


FIRST = "there is no champion before it that could serve again"


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    spec = declared(workspace, ask)
    row, champion = champion_of(conn, spec.name)
    version = _version(conn, spec, ask)
    judgement = judgements.newest(conn, spec.name, version.number)
    waits = approvals.pending(conn, spec.name)
    seen = {
        "the champion": seq(row),
        "the version that was asked for": version.number,
        "its judgement": None if judgement is None else judgement.id,
        "the approval that waits": None if waits is None else waits.id,
    }
    same = command("promote", spec.name, version.number, force=ask.flag("force"), note=ask.note)
    subject = f"{spec.name}/{version.number}"
    if version.number == champion:
        settled = f"version {version.number} is champion of {spec.name} already"
        return Draft(subject, (), seen, same, _nothing, spec.name, settled=settled)
    refuse_while_deploying(conn, spec.name)
    deployer = deployable(workspace, spec, version)
    against = _against(judgement, version, champion)
    if against is not None and not ask.flag("force"):
        raise Refused(against, "--force promotes it all the same, and the audit log says so", gate=True)
    forced = against if ask.flag("force") else None
    evidence = judgement.text if judgement is not None and against is None else "no champion to compare with"
    if forced is not None:
        evidence = f"forced: {forced}"
    if spec.rollout is not None and spec.rollout.approve is not None:
        return _for_approval(spec, ask, version, evidence, forced, seen, same, conn)
    why = said(ask, evidence)

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        id_ = deploy_job(tx, spec.name, version.number, champion, "promote", why, ask, now)
        _audit(tx, spec, ask, version, now, job=id_, forced=forced, why=why)
        return Done(f"job {id_} brings version {version.number} of {spec.name} to serve", id_)

    lines = (
        f"promote version {version.number} of {spec.name}{_instead(champion)}",
        *_evidence(evidence),
        f"the deployer {deployer} makes it serve; the alias champion moves when it does",
    )
    undo = None if champion is None else command("rollback", spec.name)
    return Draft(subject, lines, seen, same, commit, spec.name, undo, against=forced, lasting=FIRST)


def _nothing(tx: sqlite3.Connection, now: datetime) -> Done:
    raise AssertionError("a settled plan is not committed")


def _version(conn: sqlite3.Connection, spec: ModelSpec, ask: Ask) -> Version:
    text = ask.text("version")
    if text is not None:
        return wanted_version(conn, spec.name, text)
    if aliases.get_alias(conn, spec.name, aliases.CHALLENGER) is None:
        raise Refused(
            f"{spec.name} has no challenger", f"name a version, or make one with `lifecycle retrain {spec.name}`"
        )
    return wanted_version(conn, spec.name, aliases.CHALLENGER)


def _against(judgement: Judgement | None, version: Version, champion: int | None) -> str | None:
    """What speaks against a promotion: the evidence is missing, old, or bad."""
    if judgement is None:
        return None if champion is None else f"version {version.number} was never judged against version {champion}"
    if judgement.champion != champion:
        was = "no champion" if judgement.champion is None else f"version {judgement.champion}"
        now = "there is none now" if champion is None else f"the champion is version {champion} now"
        return f"version {version.number} was judged against {was}, and {now}"
    if judgement.verdict == "passed":
        return None
    verb = "did not pass" if judgement.verdict == "failed" else "is not settled"
    return f"the judgement of version {version.number} {verb}: {judgement.text}"


def _instead(champion: int | None) -> str:
    return "" if champion is None else f" in place of version {champion}"


def _evidence(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _for_approval(
    spec: ModelSpec, ask: Ask, version: Version, evidence: str, forced: str | None, seen: dict, same: str,
    conn: sqlite3.Connection,
) -> Draft:  # fmt: skip
    assert spec.rollout is not None and spec.rollout.approve is not None
    waits = approvals.pending(conn, spec.name)
    people = " or ".join(spec.rollout.approve.by)
    if waits is not None and waits.version == version.number:
        settled = (
            f"the promotion of version {version.number} waits for {people} already, asked for by {waits.requested_by}"
        )
        return Draft(f"{spec.name}/{version.number}", (), seen, same, _nothing, spec.name, settled=settled)
    why = f"{said(ask, '')}; {evidence}".strip("; ")

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        approval = approvals.request(tx, spec.name, version.number, ask.who, why, now)
        _audit(tx, spec, ask, version, now, approval=approval.id, forced=forced, why=why)
        return Done(f"the promotion of version {version.number} of {spec.name} waits for {people}")

    lines = [
        f"ask {people} to approve version {version.number} of {spec.name}",
        *_evidence(evidence),
        f"nothing moves before one of them does: `{command('approve', spec.name)}`",
    ]
    if waits is not None:
        lines.append(f"the request for version {waits.version} is withdrawn")
    return Draft(
        f"{spec.name}/{version.number}", tuple(lines), seen, same, commit, spec.name,
        command("approve", spec.name, decline=True), risk="low", against=forced,
    )  # fmt: skip


def _audit(
    tx: sqlite3.Connection, spec: ModelSpec, ask: Ask, version: Version, now: datetime, *, forced: str | None,
    **detail: object,
) -> None:  # fmt: skip
    told = {"version": version.number, "note": ask.note, "forced": forced is not None, "against": forced, **detail}
    audit.append(
        tx, "promote", f"{spec.name}/{version.number}", now, model=spec.name, detail=told, who=ask.who,
        behind=ask.behind,
    )  # fmt: skip


PROMOTE = Action(
    "promote",
    "Promote a version",
    "Make a version the champion.",
    "VERSION is a number, an alias or a name in the data; without one it is the challenger. Refused, with exit code 1, "
    "where its gates did not pass against the present champion. Where the file declares `approve`, the people named "
    "there are asked first.",
    (
        Parameter("model", "model", "The model."),
        Parameter("version", "version", "The version; the challenger if left out.", required=False),
        Parameter(
            "force", "flag", "Also where the gates did not pass; kept in the audit log.", required=False, option=True
        ),
    ),
    "traffic",
    (
        "lifecycle promote card-fraud",
        'lifecycle promote card-fraud 7 --force --note "the labels of May are wrong"',
    ),
    _plan,
    waits=True,
    key="p",
)
