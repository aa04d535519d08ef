"""The deploy job: a deployer makes a version serve, and then the record says so, in one transaction.

Enqueued by the loop (a challenger that passed, a rollback that a rule asks for) and by the actions `promote`, `approve`
and `rollback`. Killed at any moment it is done once more, and done twice it is done once. Where it fails, what served
before serves on, and the record has not moved.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.delivery import Deployer, Release
from lifecycle_tui.domain.errors import LifecycleError, PluginFault, StateError
from lifecycle_tui.domain.specs import ModelSpec, RolloutSpec
from lifecycle_tui.plugin_host.limits import call_limits
from lifecycle_tui.plugin_host.secrets import resolve, without_secrets
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import audit, folder
from lifecycle_tui.state.jobs import Job

SECONDS = 600.0
"""A team's deployer has so long for a call: a cluster takes its time."""


class DeployError(LifecycleError):
    """A version could not be brought to serve."""


@dataclass(frozen=True)
class Order:
    """What the job is to do.

    Attributes:
        champion: the version that was champion when this was decided; None where there was none.
        checked: whether that must still hold.
        kind: "promote", "rollback", or "restore" (what the record says is to serve again).
    """

    version: int
    why: str
    by: str
    kind: str
    champion: int | None
    checked: bool

    @classmethod
    def of(cls, job: Job) -> Order:
        """The order in the job's payload."""
        said = job.payload
        return cls(
            int(said["version"]), str(said.get("why") or ""), str(said.get("by") or job.created_by or "?"),
            str(said.get("kind") or "promote"), said.get("champion"), "champion" in said,
        )  # fmt: skip


def serving_folder(root: Path, model: str) -> Path:
    """Where a deployer may keep what serves of a model."""
    return folder.folder(root) / "serving" / model


def deploy(context: JobContext, spec: ModelSpec, job: Job) -> dict[str, Any]:
    """Let the payload's version serve; see the module.

    Returns:
        version, previous (the champion before), kind, deployer, and text, a sentence for people.

    Raises:
        DeployError: it does not serve; what served before still does.
    """
    order = Order.of(job)
    with context.state.read() as conn:
        version, champion = _looked_up(conn, spec, order)
    rollout = spec.rollout or RolloutSpec()
    context.check()
    with _deployer(context, rollout) as deployer:
        release = _release(context, spec, version, champion)
        if release.artifact is None and _built_in(context, rollout) and order.kind == "restore":
            text = f"version {version.label} is only named by the data: what serves it is not ours to restore"
            return {
                "version": version.number, "previous": version.number, "kind": order.kind,
                "deployer": rollout.deployer, "text": text,
            }  # fmt: skip
        if release.artifact is None and _built_in(context, rollout):
            raise DeployError(
                f"{spec.name} version {version.label} is only named by the data: there is no artefact to serve",
                hint="register its file with `lifecycle versions register`, or declare a deployer of your own",
            )
        context.progress(0, 1, "versions", f"{spec.name}: deploying version {version.number}")
        try:
            deployer.deploy(release)
        except Exception as exc:
            said = without_secrets(_words(exc), rollout.options, context.workspace.spec.root)
            raise _failed(context, spec, deployer, version, champion, said) from exc
        _refuse_other(context, spec, deployer, release, champion)
        moved = _record(context, spec, order, deployer)
    previous = None if champion is None else champion.number
    text = f"version {version.number} serves"
    if previous not in (None, version.number):
        text += f" in place of version {previous}"
    if not moved:
        text += ", as it did before"
    return {
        "version": version.number, "previous": previous, "kind": order.kind, "deployer": rollout.deployer, "text": text,
    }  # fmt: skip


def _looked_up(conn: sqlite3.Connection, spec: ModelSpec, order: Order) -> tuple[Version, Version | None]:
    """The version of the order, and the champion now.

    Raises:
        DeployError: there is no such version, or the champion has moved since the order was given.
    """
    version = versions.get(conn, spec.name, order.version)
    if version is None:
        raise DeployError(f"{spec.name} has no version {order.version}")
    champion = aliases.champion(conn, spec.name)
    _refuse_moved(spec, order, None if champion is None else champion.number)
    return version, champion


def _refuse_moved(spec: ModelSpec, order: Order, champion: int | None) -> None:
    if not order.checked or champion in (order.champion, order.version):
        return
    names = ["none" if n is None else f"version {n}" for n in (order.champion, champion)]
    raise DeployError(
        f"the champion of {spec.name} has moved since this was decided: it was {names[0]}, it is {names[1]}",
        hint="decide again",
    )


@contextlib.contextmanager
def _deployer(context: JobContext, rollout: RolloutSpec) -> Iterator[Deployer]:
    catalog = context.workspace.plugins
    info = catalog.find("deployer", rollout.deployer)
    options = resolve(dict(rollout.options), context.workspace.spec.root)
    if info.origin == "builtin":
        yield catalog.make(info, options)
        return
    limits = call_limits()
    limits = replace(limits, seconds=max(limits.seconds, SECONDS))
    with context.runner(limits) as runner:
        yield catalog.make(info, options, runner=runner)


def _built_in(context: JobContext, rollout: RolloutSpec) -> bool:
    return context.workspace.plugins.find("deployer", rollout.deployer).origin == "builtin"


def _release(context: JobContext, spec: ModelSpec, version: Version, champion: Version | None) -> Release:
    """The version as the deployer gets it; its artefact's bytes are checked against their digest."""
    facts, root = version.facts, context.workspace.spec.root
    path = None if facts.artifact is None else str(Artifacts(root).check(facts.artifact))
    told = {
        "origin": facts.origin, "parent": facts.parent, "strategy": facts.strategy,
        "created": version.created_at.isoformat(), "data_digest": facts.data_digest,
        "metrics": dict(facts.metrics or {}), "schema": dict(facts.schema or {}),
    }  # fmt: skip
    return Release(
        spec.name, version.number, version.label, facts.artifact, facts.format, path,
        str(serving_folder(root, spec.name).absolute()),
        None if champion is None or champion.number == version.number else champion.number, told,
    )  # fmt: skip


def _words(exc: Exception) -> str:
    if isinstance(exc, PluginFault):
        return f"{exc.message} ({exc.place})"
    if isinstance(exc, LifecycleError):
        return exc.message
    return str(exc) or f"it failed without a word ({type(exc).__name__})"


def _refuse_other(
    context: JobContext, spec: ModelSpec, deployer: Deployer, release: Release, champion: Version | None
) -> None:
    """A deployer that says that something else serves after all has failed."""
    serves = _serves(deployer, release.folder)
    if serves is not None and serves != release.version:
        with context.state.read() as conn:
            version = versions.get(conn, spec.name, release.version)
        assert version is not None
        raise _failed(context, spec, deployer, version, champion, f"it says that version {serves} serves")


def _serves(deployer: Deployer, path: str) -> int | None:
    """What serves, as far as the deployer can tell: one that fails even at that cannot."""
    try:
        return deployer.serving(path)
    except Exception:
        return None


def _failed(
    context: JobContext, spec: ModelSpec, deployer: Deployer, version: Version, champion: Version | None, said: str
) -> DeployError:
    """The error, once what served before is known to serve, or was deployed again."""
    before = "nothing serves"
    if champion is not None and champion.number != version.number:
        before = _restored(context, spec, deployer, champion)
    elif champion is not None:
        before = "the record still names it champion"
    return DeployError(f"version {version.number} of {spec.name} does not serve: {said}", hint=before)


def _restored(context: JobContext, spec: ModelSpec, deployer: Deployer, champion: Version) -> str:
    """Deploy the record's champion again where the deployer says that it serves something else."""
    serves = _serves(deployer, str(serving_folder(context.workspace.spec.root, spec.name).absolute()))
    if serves in (None, champion.number):
        return f"version {champion.number} still serves"
    try:
        deployer.deploy(_release(context, spec, champion, None))
    except Exception as exc:
        said = without_secrets(_words(exc), spec.rollout.options if spec.rollout else {}, context.workspace.spec.root)
        context.log("error", f"version {champion.number} could not be brought back: {said}")
        return f"version {champion.number} is champion, but version {serves} serves: {said}"
    context.log("warning", f"version {champion.number} was deployed again")
    return f"version {champion.number} was deployed again and serves"


def _record(context: JobContext, spec: ModelSpec, order: Order, deployer: Deployer) -> bool:
    """Write that it serves: alias, its history, the fleet's row, the audit; False if that was written already.

    Raises:
        DeployError: somebody moved the champion meanwhile; theirs is deployed again.
    """
    now = context.clock.now()
    try:
        with context.state.write() as tx:
            before = aliases.get_alias(tx, spec.name, aliases.CHAMPION)
            _refuse_moved(spec, order, None if before is None else before.version)
            aliases.set_alias(tx, spec.name, aliases.CHAMPION, order.version, order.by, order.why, now)
            challenger = aliases.get_alias(tx, spec.name, aliases.CHALLENGER)
            if challenger is not None and challenger.version == order.version:
                aliases.remove_alias(tx, spec.name, aliases.CHALLENGER, order.by, "it is champion now", now)
            if before is not None and before.version == order.version:
                return False
            detail = {
                "version": order.version, "previous": None if before is None else before.version, "kind": order.kind,
                "why": order.why, "job": context.job_id,
            }  # fmt: skip
            audit.append(tx, "deploy", f"{spec.name}/champion", now, model=spec.name, detail=detail, who=order.by)
            return True
    except DeployError as exc:
        with context.state.read() as conn:
            champion = aliases.champion(conn, spec.name)
        if champion is not None:
            exc.hint = _restored(context, spec, deployer, champion)
        raise
    except StateError:
        # The record could not be written: what it names serves again, as far as that can be done.
        with contextlib.suppress(LifecycleError), context.state.read() as conn:
            champion = aliases.champion(conn, spec.name)
            if champion is not None:
                _restored(context, spec, deployer, champion)
        raise
