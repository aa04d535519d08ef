"""The action `versions register`: a file that was made elsewhere becomes a version, with what is known of it."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.actions.base import Action, Ask, Done, Draft, Moved, Parameter, Refused
from lifecycle_tui.actions.looking import champion_of, command, declared, seq
from lifecycle_tui.config import units
from lifecycle_tui.domain.errors import LifecycleError, UsageError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion, Version
from lifecycle_tui.state import audit, jobs

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace

FORMATS = ("skops", "onnx", "tar", "opaque", "pickle")
SUFFIXES = {
    ".skops": "skops", ".onnx": "onnx", ".tar": "tar", ".pkl": "pickle", ".pickle": "pickle", ".joblib": "pickle",
}  # fmt: skip
LONGEST_NAME = 200
_CHUNK = 1 << 20


def guess(path: str, head: bytes) -> str:
    """The format of a file by its first bytes, else by its ending; "opaque" where neither says anything."""
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "pickle"
    if head[257:262] == b"ustar":
        return "tar"
    said = SUFFIXES.get(os.path.splitext(path)[1].lower(), "opaque")
    return "skops" if head[:4] == b"PK\x03\x04" and said == "opaque" else said


def _prepare(ask: Ask, workspace: Workspace | None) -> Mapping[str, Any]:
    """Read the file once: its digest, size and format; skops and tar are looked over, and nothing of it is built."""
    assert workspace is not None
    path = ask.text("path") or ""
    declared(workspace, ask)
    if os.path.isdir(path):
        raise Refused(f"{path} is a folder", "pack it: `tar -cf model.tar -C FOLDER .`")
    try:
        found, head, size = hashlib.sha256(), b"", 0
        with open(path, "rb") as handle:
            while piece := handle.read(_CHUNK):
                head = head or piece[:512]
                found.update(piece)
                size += len(piece)
        if not size:
            raise Refused(f"{path} is empty")
        form = ask.text("format") or guess(path, head)
        if form in ("skops", "tar"):
            _look_over(form, Path(path).read_bytes(), found.hexdigest(), path, workspace)
    except OSError as exc:
        raise Refused(f"{path} cannot be read: {exc.strerror}") from exc
    if form == "pickle" and not workspace.spec.pickle:
        raise Refused(
            f"{path} is a pickle, and pickles are not loaded here: one can run any code",
            "save it with skops.io.dump; or, if you trust who made it, [workspace] pickle = true",
        )
    return {"digest": found.hexdigest(), "size": size, "format": form}


def _look_over(form: str, data: bytes, digest: str, path: str, workspace: Workspace) -> None:
    from lifecycle_tui.training import archive, artefact

    if hashlib.sha256(data).hexdigest() != digest:
        raise Refused(f"{path} was changed while it was read", "try again when it is complete")
    try:
        if form == "tar":
            archive.check(data)
        else:
            artefact.check(data, trusted=workspace.spec.trust)
    except LifecycleError as exc:
        raise Refused(f"{path}: {exc.message}", exc.hint) from exc


def _plan(conn: sqlite3.Connection, ask: Ask, workspace: Workspace | None) -> Draft:
    spec = declared(workspace, ask)
    assert workspace is not None and ask.prepared is not None
    digest, form, size = (ask.prepared[name] for name in ("digest", "format", "size"))
    path = ask.text("path") or ""
    name, alias = ask.text("name"), ask.text("alias")
    until = _until(spec, ask.text("until"))
    _refuse_alias(spec, alias)
    there = versions.registered(conn, spec.name, digest)
    _refuse_until(spec, until, there)
    _refuse_name(conn, spec, name, there)
    row = None if alias is None else aliases.get_alias(conn, spec.name, alias)
    _, champion = champion_of(conn, spec.name)
    seen = {
        "the file": digest,
        "the version of this file": None if there is None else there.number,
        "the alias": seq(row),
    }
    options = {option: ask.text(option) for option in ("name", "format", "alias", "until")}
    same = command("versions register", spec.name, path, **options, note=ask.note)
    judged = alias == aliases.CHALLENGER and champion is not None and spec.training is not None
    told = there is not None and until is not None and there.facts.data_end is None
    if there is not None and not told and (alias is None or (row is not None and row.version == there.number)):
        settled = f"{path} is version {there.number} of {spec.name} already"
        return Draft(f"{spec.name}/{there.number}", (), seen, same, _nothing, spec.name, settled=settled)

    def before() -> None:
        if Artifacts(workspace.spec.root).put_file(Path(path)) != digest:
            raise Moved(f"{path} was changed meanwhile", hint="nothing was registered; try again when it is complete")

    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        new = NewVersion(
            spec.name, "registered", name=name, artifact=digest, size=size, format=form, by=ask.who,
            note=ask.note, why=f"registered by {ask.who}", lineage={"file": os.path.basename(path)}, data_end=until,
        )  # fmt: skip
        version = versions.register(tx, new, now)
        if told and until is not None:
            versions.trained_until(tx, spec.name, version.number, until)
        id_ = None
        if alias is not None:
            aliases.set_alias(tx, spec.name, alias, version.number, ask.who, ask.note or "registered", now)
        if judged:
            work = {"version": version.number, "why": f"registered by {ask.who}"}
            id_ = jobs.enqueue(tx, "judge", spec.name, work, now, by=ask.who)
        detail = {
            "version": version.number,
            "digest": digest,
            "format": form,
            "alias": alias,
            "until": ask.text("until"),
            "job": id_,
            "note": ask.note,
        }
        audit.append(
            tx, "register", f"{spec.name}/{version.number}", now, model=spec.name, detail=detail, who=ask.who,
            behind=ask.behind,
        )  # fmt: skip
        more = f", {alias}" if alias else ""
        return Done(f"{path} is version {version.number} of {spec.name}{more}", id_, {"version": version.number})

    lines = [f"register {path} as a version of {spec.name}: {form}, {size:,} bytes, {digest[:12]}"]
    if there is not None:
        lines = [f"{path} is version {there.number} of {spec.name} already"]
    if until is not None and (there is None or told):
        lines.append(f"what it was trained on ended before {until:%Y-%m-%d %H:%M} UTC: later rows judge it")
    lines += _warnings(spec, form)
    if alias is not None:
        lines.append(f"the alias {alias} names it" + ("" if row is None else f" in place of version {row.version}"))
    if judged:
        lines.append(f"it is judged against version {champion}")
        if until is None and (there is None or there.facts.data_end is None):
            lines.append("nothing says what it was trained on, so rows from now on judge it; --until says it")
    return Draft(
        spec.name,
        tuple(lines),
        seen,
        same,
        commit,
        spec.name,
        before=before,
        lasting="a version stays in the registry; it serves nothing before it is promoted",
    )


def _until(spec: ModelSpec, text: str | None) -> datetime | None:
    """The end of what it was trained on; a date means through its end, without an offset in the model's time zone."""
    if text is None:
        return None
    try:
        return units.instant(units.moment(text), spec.data.timezone, through=True)
    except units.BadValueError as exc:
        raise Refused(f"--until: {exc.message}", "write 2025-01-31, or 2025-01-31T12:00") from exc


def _refuse_until(spec: ModelSpec, until: datetime | None, there: Version | None) -> None:
    known = None if there is None else there.facts.data_end
    if there is not None and until is not None and known is not None and known != until:
        raise Refused(
            f"version {there.number} of {spec.name} was trained on rows before {known:%Y-%m-%d %H:%M} UTC, as its "
            "record says",
            "what a record says does not change",
        )


def _nothing(tx: sqlite3.Connection, now: datetime) -> Done:
    raise AssertionError("a settled plan is not committed")


def _refuse_alias(spec: ModelSpec, alias: str | None) -> None:
    if alias is None:
        return
    if alias == aliases.CHAMPION:
        raise Refused(
            "a champion is made by `lifecycle promote`",
            f"register it with --alias challenger, then `lifecycle promote {spec.name}`",
        )
    try:
        aliases.check_name(alias)
    except UsageError as exc:
        raise Refused(exc.message, exc.hint) from exc


def _refuse_name(conn: sqlite3.Connection, spec: ModelSpec, name: str | None, there: Version | None) -> None:
    if name is None:
        return
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise Refused(f"{name[:80]!r} is no name for a version", "a few printable characters, as the data writes it")
    if there is not None and there.facts.name != name:
        raise Refused(f"this file is version {there.number} of {spec.name} already, under another name")
    found = versions.by_label(conn, spec.name, name)
    if found is not None and (there is None or found.number != there.number):
        raise Refused(f"{name!r} is version {found.number} of {spec.name} already", "names stay with their version")


def _warnings(spec: ModelSpec, form: str) -> list[str]:
    """What the person should know before it is registered."""
    if form == "pickle":
        return ["warning: it is a pickle; each time that it is loaded it can run any code"]
    if form == "onnx":
        from importlib.util import find_spec

        return [] if find_spec("onnxruntime") else ["warning: onnxruntime is not installed: it cannot be scored here"]
    if form in ("tar", "opaque") and not (spec.training and spec.training.predict):
        return [f"warning: without [models.{spec.name}.training] predict it cannot be scored here"]
    return []


REGISTER = Action(
    "versions register",
    "Register a file",
    "Register a file as a version.",
    "The file is copied into the workspace under the digest of its bytes; the same file twice is one version. A skops "
    "file is checked against the types that are trusted here, and nothing of it is built. With `--alias challenger` "
    "it is judged against the champion.",
    (
        Parameter("model", "model", "The model."),
        Parameter("path", "file", "The file: skops, ONNX, a tar of a folder, or anything that your program reads."),
        Parameter("name", "text", "What the data calls it.", required=False, option=True),
        Parameter(
            "format", "choice", "How it is read; guessed from its bytes and ending.", required=False, option=True,
            choices=FORMATS,
        ),
        Parameter("alias", "text", "An alias that names it from now on, e.g. challenger.", required=False, option=True),
        Parameter(
            "until", "text", "Through when it was trained: a date or a time. Only later rows judge it; without this, "
            "rows from now on.", required=False, option=True,
        ),
    ),
    "low",
    (
        "lifecycle versions register bikes m.skops --alias challenger",
        "lifecycle versions register bikes m.onnx --name 2025-06 --until 2025-05-31",
    ),
    _plan,
    prepare=_prepare,
    waits=True,
)  # fmt: skip
