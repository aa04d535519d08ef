"""What is remembered of the plugins, for viewers: no child is started, nothing is imported, indexed or written.

Called by the terminal, whose process must not wait for a plugin; a command or a job brings the index up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lifecycle_tui.plugin_host import discover, index, switched
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.info import Candidate, PluginInfo


@dataclass(frozen=True, slots=True)
class Remembered:
    """Rows as the last command or job saw them.

    Attributes:
        rows: everything found, in order of discovery; broken and disabled ones too.
        changed: `home` of those whose code is not what the index knows: they are read at the next check.
    """

    rows: tuple[PluginInfo, ...]
    changed: frozenset[str]


def remembered(root: Path, folders: Sequence[Path]) -> Remembered:
    """The plugins of a workspace, from its cached index and the folders' names alone.

    Raises:
        UsageError: if the disable list cannot be read.
    """
    if switched.off():
        return Remembered(index.builtin_rows(), frozenset())
    disabled, only = index.disabled_names(root), switched.only()
    cache = index._load(root / ".lifecycle" / "plugin-index.json")
    known, site = cache.get("files", {}), discover.site_stamp()
    rows: list[PluginInfo] = list(index.builtin_rows())
    changed: set[str] = set()
    for candidate in [*_points(cache), *discover.drop_ins(folders)]:
        if candidate.name in disabled or (only is not None and candidate.name not in only):
            rows.append(index._bare(candidate, disabled=True))
            continue
        entry = known.get(candidate.key)
        if index._valid(entry, candidate, site) is None:
            changed.add(candidate.path)
        rows += _rows(entry, candidate)
    named = [replace(row, disabled=True) if disabled & {row.key, row.name} else row for row in rows]
    return Remembered(PluginCatalog(named).rows, frozenset(changed))


def _points(cache: dict[str, Any]) -> list[Candidate]:
    try:
        return [Candidate(**point) for point in cache.get("points", ())]
    except TypeError:
        return []


def _rows(entry: dict[str, Any] | None, candidate: Candidate) -> list[PluginInfo]:
    """The rows of then; one that says nothing but where it is, where nothing is remembered."""
    try:
        return [PluginInfo.from_json(row) for row in (entry or {})["rows"]]
    except (KeyError, TypeError):
        return [index._bare(candidate)]
