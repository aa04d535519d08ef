"""A plugin's class in the test's own process, where breakpoints, coverage and `assert` reach it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def load_module(file: str | os.PathLike[str]) -> ModuleType:
    """A plugin's module, imported as the program imports it but in this process; for event hooks and helpers.

    The file is read anew where it has changed since the last call.

    Args:
        file: the plugin's file, or its folder where it is a package.

    Raises:
        Exception: whatever its import raises.
    """
    from lifecycle_tui.plugin_host import discover, load

    path = Path(os.path.abspath(file))
    candidate = discover.drop_in(path / "__init__.py" if path.is_dir() else path)
    stamp = discover.stamp(candidate)
    if _stamps.get(candidate.module) != stamp:
        for module in [m for m in sys.modules if m == candidate.module or m.startswith(f"{candidate.module}.")]:
            del sys.modules[module]
        _stamps[candidate.module] = stamp
    return load.load(candidate)


def load_plugin(file: str | os.PathLike[str], name: str | None = None) -> Any:
    """The class that a file registers; see `load_module`.

    Args:
        name: which one, where the file registers several.

    Raises:
        LookupError: it registers none of that name, or several and no name is given.
        Exception: whatever its import raises.
    """
    from lifecycle_tui.plugin_host import load

    classes = [one.cls for one in load.registrations(load_module(file))]
    found = {str(getattr(cls, "name", cls.__name__)): cls for cls in classes}
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name not in found:
        there = ", ".join(found) or "no class"
        raise LookupError(f"{file} registers {there}, and {name or 'a single one'} is asked for")
    return found[name]


_stamps: dict[str, str] = {}
"""Module → what its file was when it was imported."""
