"""Writes `builtin/index.json`, the shipped index of built-in plugins.

`python -m lifecycle_tui.plugin_host.builtin_index`, run by developers after a built-in changed; a test says when it was
forgotten.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from lifecycle_tui.plugin_host import blame, discover, load
from lifecycle_tui.plugin_host.index import BUILTIN_INDEX
from lifecycle_tui.plugin_host.info import FaultInfo, PluginInfo
from lifecycle_tui.plugin_host.introspect import describe


def rows() -> tuple[PluginInfo, ...]:
    """What the built-in modules register now, files relative to `builtin/`. Imports all of them."""
    found: list[PluginInfo] = []
    for candidate in discover.builtins():
        try:
            found += describe(candidate, load.load(candidate))
        except Exception as exc:
            fault = blame.from_exception(exc, candidate.path, importing=True)
            found.append(
                PluginInfo("", candidate.name, "builtin", candidate.path, 1, candidate.path, problems=(fault,))
            )
    return tuple(_relative(row) for row in found)


def _relative(row: PluginInfo) -> PluginInfo:
    def short(path: str) -> str:
        return Path(os.path.relpath(path, discover.BUILTIN)).as_posix()

    def shorter(problem: FaultInfo) -> FaultInfo:
        return replace(problem, file=short(problem.file) if problem.file else None)

    return replace(row, file=short(row.file), home=short(row.home), problems=tuple(map(shorter, row.problems)))


def text(found: tuple[PluginInfo, ...]) -> str:
    """The file's content: one plugin a line, so that a change reads well in a diff."""
    lines = ",\n".join(json.dumps(row.to_json()) for row in found)
    return f'{{"plugins": [\n{lines}\n]}}\n'


def main() -> int:
    """Write the file unless a built-in is broken; then the faults are what it ends with."""
    found = rows()
    faults = [f"{r.place}: {r.fault.message}" for r in found if r.fault]
    if faults:
        raise SystemExit("\n".join(faults))
    BUILTIN_INDEX.write_text(text(found), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
