"""Plugins as the terminal shows them: what the index remembers, which models name them, what failed last.

Nothing is imported or indexed here. `files` reads files (the screen has a thread do it); `failures` reads state.
"""

from __future__ import annotations

import glob
import os
import sqlite3
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from lifecycle_tui.domain.defaults import DETECTORS, METRICS, OF_QUERIES
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.plugin_host.info import FaultInfo, PluginInfo
from lifecycle_tui.state import folder, plugin_faults
from lifecycle_tui.state.plugin_faults import FaultRow
from lifecycle_tui.state.text import loads

SENDS = 500
"""Newest notifications that are looked at for notifiers that failed."""
Uses = Mapping[tuple[str, str], tuple[str, ...]]
"""(kind, name) of a plugin → the models, or notifiers of the file, that use it."""


@dataclass(frozen=True, slots=True)
class Files:
    """What the files say.

    Attributes:
        rows, changed: see `Remembered`.
        folders: where drop-ins are looked for.
        times: plugin's file → when it was changed last, seconds since 1970.
        problem: why something of it could not be read.
    """

    rows: tuple[PluginInfo, ...] = ()
    changed: frozenset[str] = frozenset()
    uses: Uses = field(default_factory=dict)
    folders: tuple[Path, ...] = ()
    problem: str = ""
    times: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """A call of a plugin that went wrong, newest first.

    Attributes:
        plugin: its name, or `kind:name`.
        where: what it was about: a model's window, a notifier, a job.
        file, line: in the plugin's code. at: when it was noted, by the machine's clock; None where that is not known.
    """

    plugin: str
    where: str
    message: str
    file: str | None = None
    line: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PluginLine:
    """One plugin with all that is known of it."""

    info: PluginInfo
    used: tuple[str, ...]
    changed: bool
    failures: tuple[Failure, ...]

    @property
    def state(self) -> str:
        """ "broken", "failed", "disabled", "changed", "warning" or "ok"."""
        if self.info.disabled:
            return "disabled"
        if self.changed:
            return "changed"
        if self.info.fault is not None:
            return "broken"
        return "failed" if self.failures else "warning" if self.info.problems else "ok"

    @property
    def fault(self) -> FaultInfo | None:
        """The first thing that its file has wrong; a warning where there is no error."""
        return next(iter(self.info.problems), None)


ORDER = ("broken", "failed", "changed", "warning", "disabled", "ok")
"""States, the worst first."""


def lines(found: Files, failed: Iterable[Failure]) -> list[PluginLine]:
    """All plugins: what is wrong first, then the team's own before the built-in ones."""
    by_name: dict[str, list[Failure]] = {}
    for failure in failed:
        by_name.setdefault(failure.plugin, []).append(failure)
    made = [_plugin_line(info, found, by_name) for info in found.rows]
    return sorted(made, key=lambda p: (ORDER.index(p.state), p.info.origin == "builtin", p.info.kind, p.info.name))


def _plugin_line(info: PluginInfo, found: Files, failed: Mapping[str, list[Failure]]) -> PluginLine:
    used = found.uses.get((info.kind, info.name), ())
    names = (info.key, info.name, *used) if info.kind == "notifier" else (info.key, info.name)
    changed = found.times.get(info.file, 0.0)
    wrong = tuple(
        failure
        for name in names
        for failure in failed.get(name, ())
        if failure.at is None or failure.at.timestamp() >= changed  # a file that has changed since is a new one
    )
    return PluginLine(info, used, info.home in found.changed, wrong)


# -- files ----------------------------------------------------------------------------------------------------------


def stamp(root: Path, folders: Iterable[Path]) -> tuple:
    """Changes when something that `files` reads may have: times of the files, names in the plugin folders."""
    own = folder.folder(root)
    names = [root / FILE, own / "plugin-index.json", own / "disabled-plugins.json"]
    for entry in folders:
        names += [entry, *sorted(entry.glob("*.py")), *sorted(entry.glob("*/__init__.py"))]
    return tuple((str(path), *_times(path)) for path in names)


def _times(path: Path) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0)
    return found.st_mtime_ns, found.st_size


def files(root: Path) -> Files:
    """What is remembered of the plugins, and who uses which by the file."""
    from lifecycle_tui.plugin_host.index import builtin_rows
    from lifecycle_tui.plugin_host.remembered import remembered

    tables, problem = _file(root)
    folders = _folders(root.absolute(), tables)
    try:
        found = remembered(root.absolute(), folders)
    except LifecycleError as exc:
        return Files(builtin_rows(), folders=folders, problem=exc.message.replace(f"{root.absolute()}/", ""))
    times = {row.file: _times(Path(row.file))[0] / 1e9 for row in found.rows if row.origin != "builtin"}
    return Files(found.rows, found.changed, _uses(root, tables, found.rows), folders, problem, times)


def _folders(root: Path, tables: Mapping[str, Any]) -> tuple[Path, ...]:
    named = _table(tables, "workspace").get("plugins", ["plugins"])
    return tuple(root / name for name in named if isinstance(name, str)) if isinstance(named, list) else ()


def _file(root: Path) -> tuple[dict[str, Any], str]:
    """The file's tables; where it is no TOML, those that the agent accepted last, and that it is so."""
    path = root.absolute() / FILE
    try:
        return tomllib.loads(path.read_text("utf-8-sig")), ""
    except (OSError, ValueError, RecursionError) as exc:
        text = folder.accepted(path.parent).get(path, b"").decode("utf-8-sig", "replace")
        try:
            return tomllib.loads(text), f"{FILE} cannot be read: {exc}"
        except (ValueError, RecursionError):
            return {}, f"{FILE} cannot be read: {exc}"


def _models(root: Path, tables: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, table in _table(tables, "models").items():
        if isinstance(table, dict):
            yield name, table
    patterns = tables.get("include")
    for pattern in patterns if isinstance(patterns, list) else ():
        where = os.path.join(glob.escape(str(root.absolute())), str(pattern))
        for path in sorted(glob.glob(where, recursive=True)):
            try:
                yield Path(path).stem, tomllib.loads(Path(path).read_text("utf-8-sig"))
            except (OSError, ValueError, RecursionError):
                continue


def _uses(root: Path, tables: Mapping[str, Any], rows: Iterable[PluginInfo]) -> Uses:
    own = [row for row in rows if row.origin == "drop-in"]
    suffixes = {suffix: row.name for row in rows if row.kind == "source" for suffix in row.suffixes}
    found: dict[tuple[str, str], list[str]] = {}
    defaults = _table(tables, "defaults")
    for model, table in _models(root, tables):
        for use in dict.fromkeys(_of(table, defaults, own, suffixes)):
            found.setdefault(use, []).append(model)
    for name, notifier in _table(tables, "notifiers").items():
        if isinstance(notifier, dict) and isinstance(notifier.get("use"), str):
            found.setdefault(("notifier", notifier["use"]), []).append(f"notifiers.{name}")
    return {use: tuple(models) for use, models in found.items()}


def _of(
    model: Mapping[str, Any], defaults: Mapping[str, Any], own: list[PluginInfo], suffixes: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """(kind, name) of what a model uses."""
    monitor = {**_table(defaults, "monitor"), **_table(model, "monitor")}
    detectors = _names(monitor.get("detectors")) or [*DETECTORS, *(p.name for p in own if p.kind == "detector")]
    yield from (("detector", name) for name in (*detectors, "missing"))
    task = str(model.get("task", defaults.get("task", "")))
    fits = [p.name for p in own if p.kind == "metric" and task in p.tasks]
    query = {**_table(defaults, "columns"), **_table(model, "columns")}.get("query")
    by_task = [n for n in METRICS.get(task, ()) if query or n not in OF_QUERIES]
    yield from (("metric", n) for n in _names(monitor.get("metrics")) or [*by_task, *fits])
    for table in ("table", "predictions", "features", "labels"):
        source = _table(model, "data").get(table)
        path = source.get("path") if isinstance(source, dict) else source
        usual = suffixes.get(os.path.splitext(path)[1].lower(), "") if isinstance(path, str) else ""
        yield "source", _named(source, usual) if isinstance(source, dict) else usual
    training = {**_table(defaults, "training"), **_table(model, "training")}
    if training:
        yield "strategy", _named(training.get("strategy"), "refit")
        rollout = {**_table(defaults, "rollout"), **_table(model, "rollout")}
        yield "deployer", _named(rollout.get("deployer"), "local")


def _names(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list | dict) else []


def _named(value: object, usual: str) -> str:
    if isinstance(value, dict):
        value = value.get("use")
    return value if isinstance(value, str) else usual


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tables.get(name)
    return found if isinstance(found, dict) else {}


# -- state ----------------------------------------------------------------------------------------------------------

_SIGNALS = """
    SELECT m.name, m.window_key, s.name, s.message, s.detail
    FROM models m
    CROSS JOIN windows w ON w.model = m.name AND w.key = m.window_key AND w.current = 1
    CROSS JOIN signals s INDEXED BY signals_error ON s.window_id = w.id
    WHERE m.declared = 1 AND s.state = 'error' ORDER BY m.evaluated_at DESC, s.window_id, s.name
"""


def failures(conn: sqlite3.Connection) -> tuple[Failure, ...]:
    """What plugins got wrong last in any job, in the newest window of each model, and notifiers that could not send."""
    found: dict[Failure, None] = {_noted(fault): None for fault in plugin_faults.read(conn)}
    for model, key, signal, message, detail in conn.execute(_SIGNALS):
        facts = loads(detail or None, {})
        if isinstance(facts, dict) and isinstance(facts.get("plugin"), str):
            file, line = facts.get("file"), facts.get("line")
            found[Failure(facts["plugin"], f"{model} {key} {signal}", message or "", file, line)] = None
    tried = "SELECT notifier, kind, last_error FROM notifications WHERE attempts > 0 ORDER BY id DESC LIMIT ?"
    last: dict[str, tuple[str, str | None]] = {}
    for notifier, kind, error in conn.execute(tried, (SENDS,)):
        last.setdefault(notifier, (kind, error))
    found |= {Failure(f"notifiers.{n}", f"telling that an alert {kind}", e): None for n, (kind, e) in last.items() if e}
    return tuple(found)


def _noted(fault: FaultRow) -> Failure:
    where = f"job {fault.job_id}" if fault.job_id is not None else "a command"
    more = "" if fault.times == 1 else f", {fault.times} times"
    of = f"{fault.model}, " if fault.model else ""
    key = f"{fault.kind}:{fault.name}"
    return Failure(key, f"{of}{where}{more}", fault.message, fault.file, fault.line, fault.at)


def newest(conn: sqlite3.Connection) -> tuple[int, ...]:
    """Changes when `failures` may say something else."""
    tables = ("windows", "notifications", "plugin_faults")
    found = (conn.execute(f"SELECT seq FROM {t} WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1") for t in tables)
    return tuple((row.fetchone() or (0,))[0] for row in found)


@dataclass(frozen=True, slots=True)
class Since:
    """What a look came to: failures, None where state has no others than before, and the files' stamp."""

    failures: tuple[Failure, ...] | None
    seen: object
    stamp: object


def since(conn: sqlite3.Connection, seen: object, root: Path, folders: Iterable[Path]) -> Since:
    """Look at state and at the times of the files."""
    found = newest(conn)
    return Since(None if found == seen else failures(conn), found, stamp(root, folders))
