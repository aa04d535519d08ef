"""What several actions look up, each with its refusal in words: models, versions, champion, live jobs, deployers."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.actions.base import Ask, Refused
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.specs import ModelSpec, RolloutSpec
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.aliases import AliasRow
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import jobs
from lifecycle_tui.state.jobs import Job

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace


def declared(workspace: Workspace | None, ask: Ask) -> ModelSpec:
    """The model that is asked about, as the file declares it."""
    assert workspace is not None
    name = ask.text("model") or ""
    for spec in workspace.spec.models:
        if spec.name == name:
            return spec
    names = [spec.name for spec in workspace.spec.models]
    near = get_close_matches(name, names, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(names[:8]) or 'none'}"
    raise Refused(f"there is no model {name!r}", hint)


def version_of(conn: sqlite3.Connection, model: str, text: str) -> Version | None:
    """The version that a person means by `text`: its number (`3`, `v3`), an alias, or its name in the data."""
    number = text[1:] if text[:1] in "vV" and text[1:].isdecimal() else text
    if number.isascii() and number.isdecimal() and len(number) <= 18:
        found = versions.get(conn, model, int(number))
        if found is not None:
            return found
    alias = aliases.get_alias(conn, model, text)
    if alias is not None:
        return versions.get(conn, model, alias.version)
    return versions.by_label(conn, model, text)


def wanted_version(conn: sqlite3.Connection, model: str, text: str) -> Version:
    """The same, or a refusal."""
    found = version_of(conn, model, text)
    if found is None:
        raise Refused(f"{model} has no version {text!r}", f"`lifecycle versions list {model}` lists them")
    return found


def champion_of(conn: sqlite3.Connection, model: str) -> tuple[AliasRow | None, int | None]:
    """The alias and the number of the champion."""
    found = aliases.get_alias(conn, model, aliases.CHAMPION)
    return found, None if found is None else found.version


def live(conn: sqlite3.Connection, model: str, *kinds: str) -> Job | None:
    """A job of these kinds that is queued or running."""
    for job in jobs.jobs(conn, model=model, live=True, limit=100):
        if job.kind in kinds:
            return job
    return None


def refuse_while_deploying(conn: sqlite3.Connection, model: str) -> None:
    """One deployment of a model at a time: what the next one replaces is not known before."""
    job = live(conn, model, "deploy")
    if job is not None:
        raise Refused(
            f"job {job.id} is bringing version {job.payload.get('version')} of {model} to serve",
            f"wait for it, or stop it with `lifecycle jobs cancel {job.id}`",
        )


def deployable(workspace: Workspace | None, spec: ModelSpec, version: Version) -> str:
    """Name of the deployer that can make this version serve."""
    assert workspace is not None
    name = (spec.rollout or RolloutSpec()).deployer
    try:
        info = workspace.plugins.find("deployer", name)
    except LifecycleError as exc:
        raise Refused(exc.message, exc.hint) from exc
    if version.facts.artifact is None and info.origin == "builtin":
        raise Refused(
            f"version {version.label} of {spec.name} is only named by the data: there is no artefact to serve",
            "register its file with `lifecycle versions register`, or declare a deployer of your own",
        )
    return name


def deploy_job(
    tx: sqlite3.Connection, model: str, version: int, champion: int | None, kind: str, why: str, ask: Ask, now: Any
) -> int:
    """Enqueue the job that makes a version serve."""
    payload: Mapping[str, Any] = {
        "version": version, "champion": champion, "kind": kind, "why": why, "by": ask.who,
    }  # fmt: skip
    return jobs.enqueue(tx, "deploy", model, payload, now, by=ask.who)


def root_of(conn: sqlite3.Connection) -> Path:
    """The workspace's folder, of this connection to its state."""
    path = next(str(row[2]) for row in conn.execute("PRAGMA database_list") if row[1] == "main")
    return Path(path).parent.parent


def written(at: datetime | None) -> str | None:
    """An instant as the audit log keeps it and the command line takes it."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if at.microsecond else "%Y-%m-%dT%H:%M:%SZ")


def to_come(text: str | None, now: datetime) -> bool:
    """Whether an instant that was `written` lies in the future."""
    return text is not None and datetime.fromisoformat(text) > now


def command(name: str, /, *words: object, **options: object) -> str:
    """The command that does the same, quoted for a shell.

    Args:
        options: `--name value`; a flag where it is True, left out where it is None or False.
    """
    parts = ["lifecycle", *name.split(" "), *(shlex.quote(str(word)) for word in words)]
    for option, value in options.items():
        if value is True:
            parts.append(f"--{option}")
        elif value not in (None, False):
            parts += [f"--{option}", shlex.quote(str(value))]
    return " ".join(parts)


def said(ask: Ask, otherwise: str) -> str:
    """The person's reason, else `otherwise`."""
    return ask.note or otherwise


def seq(row: AliasRow | None) -> int:
    """What a plan notes of an alias; 0 where it names nothing."""
    return 0 if row is None else row.seq
