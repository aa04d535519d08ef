"""Finds what a plugin has replaced in modules that others use: `numpy.mean = …`. Used by `child` after each call.

A plugin may do that for itself. It must not move another's numbers, silently, so its process is not shared from then on
(see `rooms`). Only what is public and can be called is looked at: caches, counters and settings of modules do change.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

ROOTS = frozenset(
    (
        "builtins", "collections", "datetime", "decimal", "functools", "io", "itertools", "json", "lifecycle_tui",
        "math", "numpy", "operator", "os", "pandas", "pathlib", "pyarrow", "random", "re", "scipy", "signal", "sklearn",
        "socket", "statistics", "string", "struct", "subprocess", "sys", "textwrap", "threading", "time",
    )
)  # fmt: skip
"""First words of the names of the modules that are watched."""
_SWITCHED = frozenset({"excepthook", "unraisablehook", "displayhook", "breakpointhook"})
"""Functions that `surroundings` puts back."""
_OWN_TYPES = "lifecycle_tui.domain"
"""Of these modules the classes too: plugins take and return their values."""


class Patches:
    """What the watched modules held when they were first seen."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._count = 0
        self._modules: dict[str, ModuleType] = {}
        self._kept: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = []
        self._look(None)

    def found(self, owner: str) -> str | None:
        """The first thing that is not as it was, as `module.name`; None where all is.

        Args:
            owner: name of the module of the plugin that was called last. What it has put into a module that it was the
                first to import is found by this.
        """
        try:
            return self._changed() or (self._look(owner) if len(sys.modules) != self._count else None)
        except BaseException as exc:  # the plugin's own objects are compared here
            return f"something that raises {type(exc).__name__} when it is compared"

    def _changed(self) -> str | None:
        modules = sys.modules
        for name, module in self._modules.items():
            if modules.get(name) is not module:
                return name
        for name, held, kept in self._kept:
            if not kept.items() <= held.items():
                return next((f"{name}.{k}" for k, v in kept.items() if held.get(k) is not v), name)
        return None

    def _look(self, owner: str | None) -> str | None:
        """Remember modules that are new."""
        self._count = len(sys.modules)
        for name, module in list(sys.modules.items()):
            if name in self._seen or not _watched(name, module):
                continue
            self._seen.add(name)
            self._modules[name] = module
            for of, held in _spaces(name, module):
                kept = {k: v for k, v in held.items() if k[:1] != "_" and callable(v) and k not in _SWITCHED}
                if of != name:
                    kept = {k: v for k, v in held.items() if callable(v)}
                self._kept.append((of, held, kept))
                for key, value in kept.items() if owner else ():
                    if getattr(value, "__module__", None) == owner:
                        return f"{of}.{key}"
        return None


def _watched(name: str, module: Any) -> bool:
    return isinstance(module, ModuleType) and "._" not in name and name.partition(".")[0] in ROOTS


def _spaces(name: str, module: ModuleType) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The module's names, and those of its own classes where these are watched."""
    yield name, vars(module)
    if name.startswith(_OWN_TYPES):
        for key, value in list(vars(module).items()):
            if isinstance(value, type) and value.__module__ == name:
                yield f"{name}.{key}", vars(value)
