"""The actions `plugins disable` and `plugins enable`: which plugins this workspace leaves alone.

The list is a file, `.lifecycle/disabled-plugins.json`, so that it can be mended by hand where a plugin stops everything
else. It is replaced in one step; the agent looks every second, and takes it without being started anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui.actions.base import Action, Ask, Done, Draft, Look, Parameter, Refused
from lifecycle_tui.actions.looking import command, root_of
from lifecycle_tui.domain.errors import LifecycleError, StateError
from lifecycle_tui.domain.folder import FILE, find_root
from lifecycle_tui.plugin_host import index
from lifecycle_tui.state import audit, folder

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.info import PluginInfo

Make = Callable[[Path, Ask], Draft]
UNRECORDED = "there is no state yet, and so no audit log to add it to"

_THEN = {
    "detector": "models that name it show an error where its signals would have been",
    "metric": "models that name it show an error where its signals would have been",
    "source": "jobs on models whose tables it reads fail",
    "notifier": "what it would have sent fails, and is tried again",
    "strategy": "models that name it cannot be trained",
    "deployer": "nothing of the models that name it can be brought to serve",
    "command": "it cannot be run",
    "panel": "it vanishes from the models' screens at their next evaluation",
    "event": "it is told nothing, and what happens meanwhile is not told later",
}
"""Kind → what follows from disabling one."""


def _disable(root: Path, ask: Ask) -> Draft:
    name = ask.text("plugin") or ""
    listed, rows = _listed(root), _rows(root)
    meant = [row for row in rows if name in (row.key, row.name, Path(row.home).stem)]
    if not meant and name not in listed:
        near = get_close_matches(name, [n for row in rows for n in (row.name, row.key)], 1, 0.6)
        hint = f'did you mean "{near[0]}"?' if near else "`lifecycle plugins list` shows what there is"
        raise Refused(f"no plugin is called {name!r}", hint)
    # One that several files or kinds have is meant in all of them, and a file is named by its stem.
    entry = meant[0].key if len(meant) == 1 and meant[0].kind else name
    off = all(row.disabled for row in meant) or entry in listed
    about = f": {meant[0].doc}" if meant and meant[0].doc else ""
    lines = (
        f"disable plugin {entry}{about}",
        _THEN.get(meant[0].kind if len(meant) == 1 else "", "it is not called again, and its results are missing"),
        "the agent takes it within seconds; jobs that run go on with it",
    )
    settled = f"{entry} is disabled already" if off else None
    return _draft("disable", root, ask, entry, listed, [*listed, entry], lines, settled, "plugins enable")


def _enable(root: Path, ask: Ask) -> Draft:
    name = ask.text("plugin") or ""
    listed, rows = _listed(root), _rows(root)
    meant = [row for row in rows if name in (row.key, row.name, Path(row.home).stem)]
    kept = [entry for entry in listed if entry not in _names(root, name)]
    if not meant and kept == listed:
        near = get_close_matches(name, listed, 1, 0.5)
        hint = f'did you mean "{near[0]}"?' if near else f"disabled are {', '.join(listed) or 'none'}"
        raise Refused(f"no plugin is called {name!r}", hint)
    if kept == listed and any(row.disabled for row in meant):
        by = next(e for e in listed if any(e in (r.name, r.key, Path(r.home).stem) for r in meant))
        raise Refused(f"{name} is disabled by the entry {by!r}, which means more", f"`lifecycle plugins enable {by}`")
    settled = f"{name} is not disabled" if kept == listed else None
    lines = (f"enable plugin {name}", "it is used from the next job on; its file is read if it has changed")
    return _draft("enable", root, ask, name, listed, kept, lines, settled, "plugins disable")


def _draft(
    word: str, root: Path, ask: Ask, entry: str, before: Sequence[str], after: Sequence[str],
    lines: tuple[str, ...], settled: str | None, undo: str,
) -> Draft:  # fmt: skip
    def commit(tx: sqlite3.Connection, now: datetime) -> Done:
        detail = {"plugin": entry, "disabled": sorted(set(after)), "note": ask.note}
        audit.append(tx, word, f"plugin {entry}", now, detail=detail, who=ask.who, behind=ask.behind)
        _write(root, after)
        return Done(f"{word}d {entry}", facts={"after": sorted(set(after))})

    seen = {"the list of disabled plugins": hashlib.sha256(json.dumps(list(before)).encode()).hexdigest()[:12]}
    return Draft(
        f"plugin {entry}", lines, seen, command(f"plugins {word}", entry, note=ask.note), commit,
        undo=command(undo, entry), settled=settled,
    )  # fmt: skip


def _in_state(make: Make) -> Look:
    # Which plugins a workspace leaves alone is no part of `lifecycle.toml`: the state's own folder is asked.
    return lambda conn, ask, workspace: make(root_of(conn), ask)


def _alone(make: Make, word: str) -> Callable[[Ask], tuple[Draft, Callable[[], Done]]]:
    """The same in a folder that has no state yet: a file that hangs must not need a check before it can be left out."""

    def planned(ask: Ask) -> tuple[Draft, Callable[[], Done]]:
        root = find_root()
        draft = make(root, ask)
        entry = draft.subject.removeprefix("plugin ")

        def do() -> Done:
            listed = _listed(root)
            _write(root, [*listed, entry] if word == "disable" else [e for e in listed if e not in _names(root, entry)])
            return Done(f"{word}d {entry}; {UNRECORDED}")

        return replace(draft, lines=(*draft.lines, UNRECORDED), recorded=False), do

    return planned


def _listed(root: Path) -> list[str]:
    try:
        return sorted(index.disabled_names(root))
    except LifecycleError as exc:
        raise Refused(exc.message, exc.hint) from exc


def _names(root: Path, name: str) -> set[str]:
    """The entries of the list that mean this name and nothing more."""
    meant = [row for row in _rows(root) if name in (row.key, row.name, Path(row.home).stem)]
    return {name, *(n for row in meant for n in (row.key, row.name) if name != row.key or n == row.key)}


def _rows(root: Path) -> tuple[PluginInfo, ...]:
    """What is known of the plugins, without importing one: it may be a file that hangs."""
    from lifecycle_tui import config
    from lifecycle_tui.plugin_host.remembered import remembered

    folders: tuple[Path, ...] = (root / "plugins",)
    with contextlib.suppress(LifecycleError, OSError):
        spec, _ = config.check(root / FILE)
        folders = folders if spec is None else spec.plugins
    return remembered(root, folders).rows


def _write(root: Path, names: Sequence[str]) -> None:
    """Replace the list in one step, as durable as the audit row beside it.

    Raises:
        StateError: it cannot be written; nothing has changed then.
    """
    path = index.disabled_file(root)
    try:
        folder.make(root)
        handle, fresh = tempfile.mkstemp(prefix=path.name, dir=path.parent)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(json.dumps(sorted(set(names)), indent=2) + "\n")
                file.flush()
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
            os.replace(fresh, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            raise
    except OSError as exc:
        raise StateError(f"{path} cannot be written: {exc.strerror}", hint="nothing was changed") from exc


DISABLE = Action(
    "plugins disable",
    "Disable a plugin",
    "Leave a plugin alone from now on.",
    "PLUGIN is its name as `lifecycle plugins list` shows it, KIND:NAME where that is not enough, or the name of a "
    "file in plugins/ without .py, which is then not even imported. It works while the agent runs, and where "
    "lifecycle.toml has errors.",
    (Parameter("plugin", "plugin", "Name, KIND:NAME, or the name of a file."),),
    "low",
    (
        'lifecycle plugins disable pager --note "it floods the channel"',
        "lifecycle plugins disable detector:tails --dry-run",
    ),
    _in_state(_disable),
    file=False,
    alone=_alone(_disable, "disable"),
)

ENABLE = Action(
    "plugins enable",
    "Enable a plugin",
    "Use a plugin again that was disabled.",
    "PLUGIN is as for `lifecycle plugins disable`.",
    (Parameter("plugin", "plugin", "Name, KIND:NAME, or the name of a file."),),
    "low",
    ("lifecycle plugins enable pager",),
    _in_state(_enable),
    file=False,
    alone=_alone(_enable, "enable"),
)
