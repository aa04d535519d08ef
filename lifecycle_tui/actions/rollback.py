"""The action `rollback`: a version that was champion before serves again, at once, without training or gates."""

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
from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import audit

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    spec = declared(workspace, ask)
    assert workspace is not None
    row, champion = champion_of(conn, spec.name)
    if champion is None:
        raise Refused(f"{spec.name} has no champion to roll back", f"`lifecycle promote {spec.name} VERSION` makes one")
    version = _target(conn, spec, ask, champion)
    refuse_while_deploying(conn, spec.name)
    deployer = deployable(workspace, spec, version)
    _refuse_missing(workspace, spec, version)
    why = said(ask, f"rolled back by {ask.who}")

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        id_ = deploy_job(tx, spec.name, version.number, champion, "rollback", why, ask, now)
        detail = {"version": version.number, "previous": champion, "job": id_, "why": why, "note": ask.note}
        audit.append(
            tx, "rollback", f"{spec.name}/{version.number}", now, model=spec.name, detail=detail, who=ask.who,
            behind=ask.behind,
        )  # fmt: skip
        return Done(f"job {id_} brings version {version.number} of {spec.name} back", id_)

    lines = (
        f"roll {spec.name} back from version {champion} to version {version.number}",
        f"the deployer {deployer} makes it serve; nothing is trained, no gate is asked",
    )
    return Draft(
        f"{spec.name}/{version.number}", lines, {"the champion": seq(row), "the version before": version.number},
        command("rollback", spec.name, version.number, note=ask.note), commit, spec.name,
        _back(spec, champion),
    )  # fmt: skip


def _back(spec: ModelSpec, champion: int) -> str:
    """What was rolled back is promoted again only by who may approve it."""
    asks = spec.rollout is not None and spec.rollout.approve is not None
    return command("promote" if asks else "rollback", spec.name, champion)


def _target(conn: sqlite3.Connection, spec: ModelSpec, ask: Ask, champion: int) -> Version:
    text = ask.text("version")
    if text is None:
        before = aliases.before(conn, spec.name)
        found = None if before is None else versions.get(conn, spec.name, before)
        if found is None:
            raise Refused(
                f"version {champion} is the first champion of {spec.name}: there is none before it",
                f"`lifecycle promote {spec.name} VERSION` promotes another",
            )
        return found
    found = wanted_version(conn, spec.name, text)
    if found.number == champion:
        raise Refused(f"version {champion} is the champion of {spec.name}: there is nothing to roll back")
    if not aliases.was(conn, spec.name, aliases.CHAMPION, found.number):
        raise Refused(
            f"version {found.number} was never champion of {spec.name}",
            f"`lifecycle promote {spec.name} {found.number}` asks its gates first",
        )
    if spec.rollout is not None and spec.rollout.approve and found.number not in _below(conn, spec):
        raise Refused(
            f"version {found.number} of {spec.name} was rolled back itself",
            f"`lifecycle promote {spec.name} {found.number}` asks for the approval that it needs",
        )
    return found


def _below(conn: sqlite3.Connection, spec: ModelSpec) -> list[int]:
    """What lies below the champion: versions that it has followed, and none that were rolled back."""
    moves = aliases.moves(conn, spec.name, aliases.CHAMPION, 10_000)
    return aliases.pile(move.version for move in reversed(moves) if move.version is not None)


def _refuse_missing(workspace: Workspace, spec: ModelSpec, version: Version) -> None:
    """A rollback that cannot be done is said at once, not by a job."""
    if version.facts.artifact is None:
        return
    try:
        there = Artifacts(workspace.spec.root).path(version.facts.artifact).exists()
    except StateError as exc:
        raise Refused(exc.message, exc.hint) from exc
    if not there:
        raise Refused(f"the artefact of version {version.number} of {spec.name} is missing", "restore it from a backup")


ROLLBACK = Action(
    "rollback",
    "Roll back",
    "Go back to the champion before.",
    "Instant: nothing is trained and no gate is asked. VERSION is one that was champion; without one it is the "
    "champion before this one, and never one that was rolled back itself.",
    (
        Parameter("model", "model", "The model."),
        Parameter("version", "version", "A version that was champion; the one before if left out.", required=False),
    ),
    "traffic",
    (
        'lifecycle rollback card-fraud --note "declines too many since noon"',
        "lifecycle rollback card-fraud 5 --dry-run",
    ),
    _plan,
    waits=True,
    urgent=True,
    key="b",
)
