"""The index of plugins: what each file registers, learnt in a child of its own and remembered until the file changes.

`read` is called by `catalog`. With a warm cache it costs a few `stat`s and one JSON file; nothing is imported.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lifecycle_tui import __version__
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.hookspecs import API_VERSION
from lifecycle_tui.plugin_host import discover
from lifecycle_tui.plugin_host.discover import BUILTIN
from lifecycle_tui.plugin_host.info import DEADLY, Candidate, FaultInfo, PluginInfo

BUILTIN_INDEX = BUILTIN / "index.json"
FORGET_AFTER = 3600.0
"""Seconds after which a file that hung or died is tried again: it may have been the machine's fault."""
_VERSION = [3, __version__, API_VERSION, sys.version]
"""Whatever changes how a file is understood; another value empties the cache."""


@dataclass(frozen=True, slots=True)
class IndexLimits:
    """What the import of one file may use: seconds of wall time, bytes of memory."""

    seconds: float = 20.0
    memory: int = 2 * 1024**3


IMPORT_LIMITS = IndexLimits()


@dataclass(frozen=True, slots=True)
class Indexed:
    """A candidate's rows as remembered.

    Attributes:
        stamp, files: say whether its code has changed (see `discover.stamp`).
        site: `discover.site_stamp()` of then; a fault may end when a library is installed.
        at: seconds since the epoch.
    """

    stamp: str
    site: str
    at: float
    files: tuple[str, ...]
    rows: tuple[PluginInfo, ...]


def read(
    root: Path | None,
    folders: Sequence[Path] = (),
    *,
    refresh: bool = False,
    limits: IndexLimits = IMPORT_LIMITS,
    disabled: frozenset[str] = frozenset(),
    only: frozenset[str] | None = None,
    told: Callable[[str], None] | None = None,
) -> tuple[PluginInfo, ...]:
    """Rows of all plugins, built-ins first, in order of discovery.

    Args:
        root: the workspace, whose `.lifecycle/plugin-index.json` is the cache; None to use none.
        folders: where drop-ins are looked for.
        refresh: index every file anew.
        disabled: names of the disable list: a file named there is not imported even to be indexed.
        only: names of files that are taken; the others are treated as disabled. None for all.
        told: hears the name of each file before it is imported in a child.
    """
    path = root / ".lifecycle" / "plugin-index.json" if root else None
    cache = _load(path)
    site = discover.site_stamp()
    points = _entry_points(cache, site)
    candidates = [*points, *discover.drop_ins(folders)]
    known = {} if refresh else cache.get("files", {})
    rows: dict[str, tuple[PluginInfo, ...]] = {}
    fresh: dict[str, Any] = {}
    stale: list[Candidate] = []
    for candidate in candidates:
        if candidate.name in disabled or (only is not None and candidate.name not in only):
            rows[candidate.key] = (_bare(candidate, disabled=True),)
            if candidate.key in known:
                fresh[candidate.key] = known[candidate.key]
            continue
        entry = _valid(known.get(candidate.key), candidate, site)
        if entry is None:
            stale.append(candidate)
        else:
            rows[candidate.key] = entry.rows
            fresh[candidate.key] = known[candidate.key]
    for candidate, entry in zip(stale, _index_all(stale, site, limits, told), strict=True):
        rows[candidate.key] = entry.rows
        fresh[candidate.key] = _entry_json(entry)
    written = {"version": _VERSION, "site": site, "points": [asdict(c) for c in points], "files": fresh}
    if path and written != cache:
        _store(path, written)
    return builtin_rows() + tuple(row for candidate in candidates for row in rows[candidate.key])


def builtin_rows(path: Path = BUILTIN_INDEX) -> tuple[PluginInfo, ...]:
    """Rows of the shipped plugins, from the shipped index. No child, no import."""
    try:
        listed = json.loads(path.read_text("utf-8"))["plugins"]
    except FileNotFoundError:
        return ()
    rows = (PluginInfo.from_json(row) for row in listed)
    return tuple(replace(r, file=str(BUILTIN / r.file), home=str(BUILTIN / r.home)) for r in rows)


# -- the cache ----------------------------------------------------------------------------------------------------


def _load(path: Path | None) -> dict[str, Any]:
    """The cached index; empty where there is none, or where it is of another program or damaged."""
    if path is None:
        return {}
    try:
        cache = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(cache, dict) or cache.get("version") != _VERSION or not isinstance(cache.get("files"), dict):
        return {}
    return cache


def _store(path: Path, cache: dict[str, Any]) -> None:
    """Replace the file in one step; a viewer without the right to write goes on without."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        try:
            temporary.write_text(json.dumps(cache), "utf-8")
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _entry_points(cache: dict[str, Any], site: str) -> tuple[Candidate, ...]:
    with contextlib.suppress(KeyError, TypeError):
        if cache["site"] == site:
            return tuple(Candidate(**c) for c in cache["points"])
    return discover.entry_points()


def _valid(entry: dict[str, Any] | None, candidate: Candidate, site: str) -> Indexed | None:
    """The remembered rows if they are still true."""
    if entry is None:
        return None
    try:
        rows = tuple(PluginInfo.from_json(row) for row in entry["rows"])
        indexed = Indexed(entry["stamp"], entry["site"], entry["at"], tuple(entry["files"]), rows)
    except (KeyError, TypeError):
        return None
    if indexed.stamp != discover.stamp(candidate, indexed.files):
        return None
    faults = {row.fault.kind for row in rows if row.fault}
    if faults - {"syntax"} and indexed.site != site:
        return None
    if faults & DEADLY and not 0 <= time.time() - indexed.at < FORGET_AFTER:
        return None
    return indexed


def _entry_json(entry: Indexed) -> dict[str, Any]:
    return {
        "stamp": entry.stamp,
        "site": entry.site,
        "at": entry.at,
        "files": list(entry.files),
        "rows": [row.to_json() for row in entry.rows],
    }


# -- indexing -----------------------------------------------------------------------------------------------------


def _index_all(
    candidates: Sequence[Candidate], site: str, limits: IndexLimits, told: Callable[[str], None] | None
) -> list[Indexed]:
    """Index each in a child of its own, a few at a time; results in the order of `candidates`."""
    if not candidates:
        return []
    from concurrent.futures import ThreadPoolExecutor

    def one(candidate: Candidate) -> Indexed:
        if told:
            told(candidate.name)
        return index_one(candidate, site, limits)

    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(one, candidates))


def index_one(candidate: Candidate, site: str = "", limits: IndexLimits = IMPORT_LIMITS) -> Indexed:
    """Import the candidate in a fresh child and describe what it registers; faults become rows.

    A child that was killed from nowhere (somebody outside, or the machine for want of memory) proves nothing: the file
    is tried once more, and killed again it is not remembered, so that the next command tries anew.

    Raises:
        LifecycleError: if no child could be started.
    """
    found, doubtful = _import_once(candidate, site, limits)
    if doubtful:
        found, doubtful = _import_once(candidate, site, limits)
    return replace(found, stamp="") if doubtful else found


def one_file(path: Path, limits: IndexLimits = IMPORT_LIMITS) -> tuple[PluginInfo, ...]:
    """What a file registers, wherever it lies, learnt now; faults become rows.

    Raises:
        LifecycleError: if no child could be started.
    """
    return index_one(discover.drop_in(path), limits=limits).rows


def _import_once(candidate: Candidate, site: str, limits: IndexLimits) -> tuple[Indexed, bool]:
    """What one child has found, and whether its end may not have been the file's doing."""
    from lifecycle_tui.plugin_host import blame, load
    from lifecycle_tui.plugin_host.process import Lost, Process, Setup

    rows: tuple[PluginInfo, ...]
    before = discover.stamp(candidate)
    if (unreadable := discover.unreadable(candidate)) is not None:
        kind, message, hint = unreadable
        rows = (_broken(candidate, FaultInfo(kind, message, hint=hint)),)
        return Indexed(before, site, time.time(), (), rows), False
    process = Process.start(Setup(limits.memory))
    files: tuple[str, ...] = ()
    doubtful = False
    try:
        reply, _ = process.ask({"op": "index", "candidate": asdict(candidate)}, [], limits.seconds)
        if "fault" in reply:
            rows = (_broken(candidate, FaultInfo(**reply["fault"])),)
        else:
            files = tuple(reply["files"])
            rows = tuple(replace(PluginInfo.from_json(r), import_ms=reply["import_ms"]) for r in reply["rows"])
    except Lost as lost:
        doubtful = lost.maybe_outside
        file, line = blame.place_in_dump(lost.dump, load.home(candidate))
        rows = (_broken(candidate, FaultInfo(lost.kind, f"import {lost}", file, line)),)
    except (KeyError, TypeError, AttributeError) as exc:
        rows = (_broken(candidate, FaultInfo("died", f"its answer cannot be read: {exc!r}")),)
    finally:
        process.end()
    if process.printed:
        rows = (_printed(rows[0], process.log_text()), *rows[1:])
    # A file edited while it was imported gets a stamp that does not fit, and is indexed again next time.
    stamp = discover.stamp(candidate, files) if discover.stamp(candidate) == before else ""
    return Indexed(stamp, site, time.time(), files, rows), doubtful


def _bare(candidate: Candidate, *, disabled: bool = False) -> PluginInfo:
    file = candidate.path or candidate.module
    return PluginInfo(
        "",
        candidate.name,
        candidate.origin,
        file,
        home=candidate.path,
        module=candidate.module,
        distribution=candidate.distribution,
        disabled=disabled,
    )


def _broken(candidate: Candidate, fault: FaultInfo) -> PluginInfo:
    file = fault.file or candidate.path or candidate.module
    line = fault.line or 1
    return replace(_bare(candidate), file=file, line=line, problems=(replace(fault, file=file, line=line),))


def _printed(row: PluginInfo, text: str) -> PluginInfo:
    from lifecycle_tui.plugin_host import blame

    said = blame.text(text.strip()[:80])
    note = FaultInfo("prints", f"prints while it is imported: {said!r}", row.file, None, "warning")
    return replace(row, problems=(*row.problems, note))


# -- the disable list ---------------------------------------------------------------------------------------------


def disabled_file(root: Path) -> Path:
    """The disable list of a workspace."""
    return root / ".lifecycle" / "disabled-plugins.json"


def disabled_names(root: Path | None) -> frozenset[str]:
    """Names in `.lifecycle/disabled-plugins.json`: `kind:name`, a name of any kind, or a file's stem.

    Raises:
        UsageError: if the file is not a JSON list of strings: guessing could enable what someone switched off.
    """
    if root is None:
        return frozenset()
    path = disabled_file(root)
    try:
        names = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except (OSError, ValueError) as exc:
        raise UsageError(f"{path} cannot be read: {exc}", hint="it holds a JSON list of plugin names") from None
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise UsageError(f"{path} must hold a JSON list of plugin names")
    return frozenset(names)
