"""Imports one plugin and collects what it registers. Runs in the plugin's process; in the program for built-ins."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from lifecycle_tui.domain import hookspecs
from lifecycle_tui.plugin_host import hooks
from lifecycle_tui.plugin_host.info import Candidate

HOOKS = {hook: kind for kind, hook in hookspecs.KINDS.items()}
"""Hook → the kind it registers."""


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
        BadHook: see `hooks.managed`.
        Exception: whatever a hook raises.
    """
    found: list[Registration] = []
    calls = hooks.managed(module)
    for hook, kind in HOOKS.items():
        for call in calls.get(hook, ()):
            here: list[Registration] = []
            call(_collect(here, kind))
            found += here
    return found


def _collect(into: list[Registration], kind: str) -> hookspecs.Register:
    def register(*classes: Any) -> None:
        into.extend(Registration(kind, cls) for cls in classes)

    return register
