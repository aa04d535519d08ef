"""The fields of a table of the policy: what may stand there, what does, and what each key means. Runs in the child.

A plugin's options come as keys of the plugin that the table names, explained as the program's own keys are.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.tui.policy.asked import FieldFacts, Key, Op
from lifecycle_tui.tui.policy.values import parsed, toml
from lifecycle_tui.tui.reads.policy_file import Files

PLUGINS = {("training", "strategy"): "strategy", ("rollout", "deployer"): "deployer"}
LISTED = {("monitor", "detectors"): "detector", ("monitor", "metrics"): "metric"}
FIRST = ("when", "for", "severity", "then", "enabled")
"""Keys of a rule in the order of reading."""


def fields(root: Path, table: Key, files: Files) -> Iterator[FieldFacts]:
    """The fields of `models.NAME.<table>`, the plugins' options after the key that names the plugin."""
    from lifecycle_tui.config.explain import explain
    from lifecycle_tui.config.sources import dotted
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.limits import import_limits

    catalog = PluginCatalog.open(root, _folders(root, files), limits=import_limits())
    keys = explain(dotted(table), catalog).keys
    for name in sorted(keys, key=lambda k: FIRST.index(k) if k in FIRST else len(FIRST)):
        key = (*table, name)
        yield _field(name, key, files, explain(dotted(key), catalog))
        for use, path, value in _uses(key[2:], files):
            kind = {**PLUGINS, **LISTED}[key[2], key[3]]
            info = catalog.get(kind, use)
            for option in info.options if info is not None else ():
                inner = (*table[:2], *path, option.name)
                short = ".".join((*path[1:], option.name))
                try:
                    about = explain(dotted(inner), catalog, use=use)
                except LifecycleError:
                    continue
                yield _field(short, inner, files, about, value=value.get(option.name))


def through(op: Op, files: Files) -> Op:
    """The same for an option of a plugin that the file names by its name alone: the name becomes a table first."""
    path = op.key[2:]
    if len(path) < 3 or op.key[0] != "models":
        return op
    place, option = path[:2], path[2:]
    own = _at(files.own, place)
    found = _at(files.defaults, place) if own is None else own
    if place in PLUGINS and isinstance(found, str):
        whole: dict[str, Any] = {"use": found}
    elif place in LISTED and isinstance(found, list):
        whole = {name: {} for name in found if isinstance(name, str)}
    elif own is None and place in (*PLUGINS, *LISTED) and isinstance(found, Mapping):
        # What a model says of its own takes the place of the default whole.
        whole = copy.deepcopy(dict(found))
    else:
        return op
    inner = whole
    for part in option[:-1]:
        inner = inner.setdefault(part, {})
    if op.value is None:
        inner.pop(option[-1], None)
    else:
        inner[option[-1]] = parsed(op.value)
    return Op((*op.key[:2], *place), toml(whole))


def _folders(root: Path, files: Files) -> tuple[Path, ...]:
    """The plugin folders that the workspace's file names."""
    import tomllib

    from lifecycle_tui.domain.folder import FILE

    try:
        workspace = tomllib.loads((root / FILE).read_text("utf-8-sig")).get("workspace", {})
    except (OSError, ValueError):
        return ()
    named = workspace.get("plugins", []) if isinstance(workspace, dict) else []
    return tuple(root / name for name in named if isinstance(name, str)) if isinstance(named, list) else ()


def _uses(path: Key, files: Files) -> Iterator[tuple[str, Key, Mapping[str, Any]]]:
    """The plugins that a key names: (name, path of its options, options as they are)."""
    if path not in PLUGINS and path not in LISTED:
        return
    found = _at(files.own, path)
    found = _at(files.defaults, path) if found is None else found
    if path in PLUGINS:
        use = found.get("use") if isinstance(found, Mapping) else found
        if isinstance(use, str):
            yield use, path, found if isinstance(found, Mapping) else {}
    elif isinstance(found, Mapping):
        for name, options in found.items():
            yield name, (*path, name), options if isinstance(options, Mapping) else {}
    elif isinstance(found, list):
        for name in found:
            if isinstance(name, str):
                yield name, (*path, name), {}


def _field(name: str, key: Key, files: Files, about: Any, *, value: Any = None) -> FieldFacts:
    own, shared = _at(files.own, key[2:]), _at(files.defaults, key[2:])
    own = value if own is None else own
    kind = "text"
    choices = tuple(about.choices)
    if choices:
        kind, choices = "choice", tuple(str(parsed(choice)) for choice in choices)
    elif about.type == "true or false":
        kind = "flag"
    return FieldFacts(
        name, key, None if own is None else toml(own), None if shared is None else toml(shared), kind, about.type,
        about.unit, about.default, about.example, about.meaning, tuple(about.readers), choices,
    )  # fmt: skip


def _at(values: Mapping[str, Any], path: Key) -> Any:
    found: Any = values
    for part in path:
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found
