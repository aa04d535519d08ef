"""What `config` knows of plugins: the shape of the catalogue that `plugin_host` keeps, and where a file gives options.

`config` and `plugin_host` are neighbours and do not import each other; `explain`, `json_schema` and `origins` are
handed a catalogue that looks like this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lifecycle_tui.config.scanner import KeyPath

KINDS = {
    "detector": "detectors",
    "metric": "metrics",
    "strategy": "strategies",
    "deployer": "deployers",
    "source": "sources",
    "notifier": "notifiers",
}
"""Kinds of plugins that the file can name, and their plurals."""


class Option(Protocol):
    """One option; see `plugin_host.info.OptionInfo`."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def default(self) -> Any: ...
    @property
    def required(self) -> bool: ...
    @property
    def nullable(self) -> bool: ...
    @property
    def choices(self) -> tuple[Any, ...]: ...
    @property
    def about(self) -> str: ...


class Plugin(Protocol):
    """One plugin; see `plugin_host.info.PluginInfo`."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def doc(self) -> str: ...
    @property
    def place(self) -> str: ...
    @property
    def options(self) -> Sequence[Option]: ...


class Plugins(Protocol):
    """The usable plugins; see `plugin_host.catalog.PluginCatalog`."""

    def get(self, kind: str, name: str) -> Plugin | None:
        """The usable plugin of that kind and name."""

    def all(self, kind: str) -> Sequence[Plugin]:
        """The usable plugins of a kind, in order of discovery."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the file that takes a plugin's options.

    Attributes:
        kind: of the plugin.
        table: key path of the table that holds them.
        name: the plugin, where the path itself says it; None where the table's `use` does, or text in its stead.
        rest: what of the path lies in that table.
    """

    kind: str
    table: KeyPath
    name: str | None
    rest: KeyPath


_BY_NAME = {("monitor", "detectors"): "detector", ("monitor", "metrics"): "metric"}
_BY_USE = {("training", "strategy"): "strategy", ("rollout", "deployer"): "deployer"}
_TABLES = ("table", "features", "predictions", "labels", "reference")


def slot_of(path: KeyPath) -> Slot | None:
    """The place for options at a full key path, or above it; None where there is none."""
    if path[:1] == ("notifiers",) and len(path) > 1:
        return Slot("notifier", path[:2], None, path[2:])
    start = 2 if path[:1] == ("models",) else 1
    if path[:1] not in (("models",), ("defaults",)) or len(path) < start + 2:
        return None
    section = path[start : start + 2]
    end = start + 2
    if section[0] == "data" and section[1] in _TABLES:
        return Slot("source", path[:end], None, path[end:])
    if section in _BY_USE:
        return Slot(_BY_USE[section], path[:end], None, path[end:])
    if section in _BY_NAME and len(path) > end:
        kind, name = _BY_NAME[section], path[end]
        end += 1
        if kind == "detector" and path[end : end + 1] == ("columns",) and len(path) > end + 1:
            end += 2
        return Slot(kind, path[:end], str(name), path[end:])
    return None
