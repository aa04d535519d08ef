"""Imports one plugin and collects what it registers. Runs in the plugin's process; in the program for built-ins."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from lifecycle_tui.domain import hookspecs
from lifecycle_tui.plugin_host.info import Candidate

HOOKS = {hook: kind for kind, hook in hookspecs.KINDS.items()}
"""Hook → the kind it registers."""


class BadHook(Exception):
    """A hook implementation that the program would never call; `line` is where it is defined."""

    def __init__(self, message: str, line: int | None, hint: str | None = None) -> None:
        super().__init__(message)
        self.line = line
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Registration:
    """A class handed to `register`."""

    kind: str
    cls: Any


class _Fresh(SourceFileLoader):
    """Compiles the file as it is now: no bytecode is read or left in the team's folder.

    Bytecode is trusted by whole seconds and size, which two quick edits can share.
    """

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def load(candidate: Candidate) -> ModuleType:
    """The plugin's module, imported now unless it was before. Whatever the import raises passes through."""
    if candidate.origin == "drop-in":
        return _load_file(candidate.module, Path(candidate.path))
    if candidate.origin == "builtin":
        return importlib.import_module(candidate.module)
    from importlib.metadata import EntryPoint

    return EntryPoint(candidate.name, candidate.module, hookspecs.PROJECT).load()


def home(candidate: Candidate) -> str:
    """The file to blame: the candidate's own, or that of an entry point's top package, found without importing it."""
    if candidate.path:
        return candidate.path
    top = candidate.module.partition(":")[0].partition(".")[0].strip()
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return ""
    return spec.origin if spec and spec.origin and spec.has_location else ""


def _load_file(name: str, path: Path) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    package = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(
        name, path, loader=_Fresh(name, str(path)), submodule_search_locations=package
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def registrations(module: Any) -> list[Registration]:
    """What the module's hooks register, in the order of `KINDS`.

    Raises:
        BadHook: for a misspelt hook, or one whose parameters do not fit.
        Exception: whatever a hook raises.
    """
    import pluggy

    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    _refuse_unknown(module)
    try:
        manager.register(module, name="plugin")
    except pluggy.PluginValidationError as exc:
        hook = next((n for n, _ in _hooks(module) if n in str(exc)), "")
        line = _line(getattr(module, hook, None))
        raise BadHook(f"{hook or 'a hook'} must take the one parameter `register`", line) from None
    found: list[Registration] = []
    for hook, kind in HOOKS.items():
        # The host calls each implementation itself: pluggy's multicall would stop at the first exception (DESIGN §6).
        for impl in getattr(manager.hook, hook).get_hookimpls():
            here: list[Registration] = []
            impl.function(*([_collect(here, kind)] if impl.argnames else []))
            found += here
    return found


def _collect(into: list[Registration], kind: str) -> hookspecs.Register:
    def register(*classes: Any) -> None:
        into.extend(Registration(kind, cls) for cls in classes)

    return register


def _hooks(module: Any) -> Iterator[tuple[str, Any]]:
    """Names and functions that carry the hookimpl mark."""
    mark = f"{hookspecs.PROJECT}_impl"
    for name in dir(module):
        value = getattr(module, name, None)
        if callable(value) and isinstance(getattr(value, mark, None), dict):
            yield name, value


def _refuse_unknown(module: Any) -> None:
    marked = dict(_hooks(module))
    for name, function in marked.items():
        if name not in HOOKS:
            near = difflib.get_close_matches(name, HOOKS, 1, 0.6)
            hint = f'did you mean "{near[0]}"?' if near else f"the hooks are {', '.join(HOOKS)}"
            raise BadHook(f"no hook is called {name!r}", _line(function), hint)
    for name, value in vars(module).items() if isinstance(module, ModuleType) else ():
        # Forgetting the mark is silent in pluggy; a plugin that does nothing, nobody knows why, is worse than a fault.
        if callable(value) and name not in marked and difflib.get_close_matches(name, HOOKS, 1, 0.9):
            raise BadHook(f"{name} is not marked as a hook", _line(value), "put @hookimpl above it")


def _line(function: Any) -> int | None:
    code = getattr(function, "__code__", None)
    return code.co_firstlineno if code else None
