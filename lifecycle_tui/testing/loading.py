"""A plugin's class in the test's own process, where breakpoints, coverage and `assert` reach it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def load_plugin(file: str | os.PathLike[str], name: str | None = None) -> type:
    """The class that a file registers, imported as the program imports it but in this process.

    The file is read anew where it has changed since the last call.

    Args:
        file: the plugin's file, or its folder where it is a package.
        name: which one, where the file registers several.

    Raises:
        LookupError: it registers none of that name, or several and no name is given.
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
    found = {
        str(getattr(one.cls, "name", one.cls.__name__)): one.cls for one in load.registrations(load.load(candidate))
    }
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name not in found:
        raise LookupError(f"{path} registers {', '.join(found) or 'nothing'}, and {name or 'one name'} is asked for")
    return found[name]


_stamps: dict[str, str] = {}
