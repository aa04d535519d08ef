"""All files as written → `WorkspaceSpec`. Called by `loading` once they are read and sound in form."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from lifecycle_tui.config.build_data import secrets
from lifecycle_tui.config.build_model import build_model
from lifecycle_tui.config.merge import with_defaults
from lifecycle_tui.config.report import Layer, Report, View
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.config.schema import FileTable, MatchTable, NotifierTable, WorkspaceTable
from lifecycle_tui.config.schema_model import ModelTable
from lifecycle_tui.config.sources import Source
from lifecycle_tui.config.words import did_you_mean
from lifecycle_tui.domain.specs import ModelSpec, NotifierSpec, Rate, SecretRef, WorkspaceSpec


@dataclass(frozen=True, slots=True)
class Declared:
    """A model as one file declares it: its table there, and what it says; `readable` is False if that is no TOML."""

    name: str
    layer: Layer
    table: ModelTable
    readable: bool = True

    def view(self, main: Source, report: Report) -> View:
        """Its table with the defaults behind it."""
        return View(("models", self.name), (self.layer, Layer(main, ("defaults",))), report)


def build(
    main: Source, file: FileTable, models: Sequence[Declared], report: Report, read: Mapping[Path, bytes]
) -> WorkspaceSpec:
    """The workspace's spec, with what is sound of each model. The report tells whether that is all.

    Args:
        main: `lifecycle.toml`.
        file: what it says.
        models: the models of all files, each name once.
        read: all files that were read, with their bytes.
    """
    root = main.path.parent
    specs: list[ModelSpec] = []
    for declared in models:
        if not declared.readable:
            continue
        specs.append(
            build_model(
                declared.view(main, report),
                declared.name,
                with_defaults(declared.table, file.defaults),
                root=root,
                zone=file.workspace.timezone,
                notifiers=file.notifiers,
            )
        )
    top = View((), (Layer(main),), report)
    workspace = file.workspace
    return WorkspaceSpec(
        root,
        main.path,
        models=tuple(specs),
        plugins=_plugins(top.below("workspace"), workspace, root),
        timezone=workspace.timezone,
        engine=workspace.engine if isinstance(workspace.engine, str) else {"dask": workspace.engine.dask},
        agent=workspace.agent,
        trust=tuple(workspace.trust),
        pickle=workspace.pickle,
        **_given(workspace),
        notifiers=tuple(_notifier(top.below("notifiers", n), n, t, root) for n, t in file.notifiers.items()),
        digest=digest_of(read),
        files=tuple(read),
    )


def check_matches(main: Source, file: FileTable, models: Sequence[Declared], report: Report) -> None:
    """Report notifiers that wait for a model, rule or owner that there is none of: their alerts would never come."""
    if report.is_touched(("include",)) or report.is_broken(("models",)):
        return  # nobody knows then which models there are
    lost = {str(key[1]) for key in report.broken if key[:1] == ("models",) and len(key) == 2}
    known = {"model": {model.name for model in models} | lost}
    tables_known = not lost and all(model.readable for model in models)
    if tables_known and not any(report.is_broken((*key, "rules")) for key in _tables(models)):
        # From the text, not the tables: a rule that is wrong is there all the same.
        known["rule"] = {rule for table in _texts(main, models) for rule in _at(table, ("rules",))}
    if tables_known and not any(report.is_broken((*key, "owner")) for key in _tables(models)):
        owners = (table.get("owner") for table in _texts(main, models))
        known["owner"] = {owner for owner in owners if isinstance(owner, str)}
    for name, notifier in file.notifiers.items():
        view = View(("notifiers", name, "match"), (Layer(main, ("notifiers", name, "match")),), report)
        for key, names in known.items():
            for index, value in enumerate(getattr(notifier.match, key, None) or ()):
                if not any(fnmatchcase(name, value) for name in names):
                    view.problem(
                        f"unknown-{key}",
                        (key, index),
                        f'no {"model has this owner" if key == "owner" else f"{key} has this name"}: "{value}"',
                        hint=did_you_mean(value, names),
                        level="warning" if key == "owner" else "error",
                    )


def _tables(models: Sequence[Declared]) -> list[KeyPath]:
    return [("defaults",), *(("models", model.name) for model in models)]


def _texts(main: Source, models: Sequence[Declared]) -> list[Mapping[str, Any]]:
    """Each model's table as TOML gave it, and that of the defaults."""
    return [_at(main.values, ("defaults",)), *(_at(m.layer.source.values, m.layer.base) for m in models)]


def _at(values: Any, path: KeyPath) -> Mapping[str, Any]:
    """The table at a path of parsed values; an empty one where there is none."""
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else {}


def _given(workspace: WorkspaceTable) -> dict[str, Any]:
    """What has its default in the spec itself."""
    found: dict[str, Any] = {}
    if isinstance(workspace.false_alarms, Rate):
        found["false_alarms"] = workspace.false_alarms
    if workspace.every is not None:
        found["every"] = workspace.every
    if workspace.jobs is not None:
        found["jobs"] = workspace.jobs
    if workspace.keep is not None:
        found["keep"] = {key: span for key, span in workspace.keep if span is not None}
    return found


def _plugins(view: View, workspace: WorkspaceTable, root: Path) -> tuple[Path, ...]:
    folders = []
    for index, text in enumerate(workspace.plugins):
        folder = Path(os.path.normpath(root / Path(text).expanduser()))
        folders.append(folder)
        if view.own("plugins") and not folder.is_dir():
            view.problem("no-folder", ("plugins", index), f'there is no folder "{text}"', level="warning")
    return tuple(folders)


def _notifier(view: View, name: str, table: NotifierTable, root: Path) -> NotifierSpec:
    options = {key: secrets(value) for key, value in table.options().items()}
    _check_secrets(view, (), options, root)
    return NotifierSpec(name, table.use, options, _match(table.match), group=table.group, place=view.later(part="key"))


def _match(table: MatchTable | None) -> dict[str, str | tuple[str, ...]]:
    found: dict[str, str | tuple[str, ...]] = {}
    for key, value in table or ():
        if isinstance(value, str):
            found[key] = value
        elif value:
            found[key] = value[0] if len(value) == 1 else tuple(value)
    return found


def _check_secrets(view: View, path: KeyPath, value: Any, root: Path) -> None:
    """Warn of secrets that are not there now; the job that needs one may have another environment."""
    if isinstance(value, SecretRef):
        if value.kind == "env" and value.name not in os.environ:
            view.problem("no-secret", path, f"the environment has no {value.name} here", level="warning")
        if value.kind == "file" and not (root / Path(value.name).expanduser()).is_file():
            view.problem("no-secret", path, f'there is no file "{value.name}"', level="warning")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check_secrets(view, (*path, key), item, root)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_secrets(view, (*path, index), item, root)


def digest_of(read: Mapping[Path, bytes]) -> str:
    """SHA-256 over names and bytes of all files, in order of their names."""
    total = hashlib.sha256()
    for path in sorted(read):
        for piece in (str(path.name).encode("utf-8", "surrogateescape"), read[path]):
            total.update(len(piece).to_bytes(8, "big") + piece)
    return total.hexdigest()
