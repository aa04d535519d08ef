"""What the checks of one model stand on: its spec, its tables as written, and the plugins. Made by `all`."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_tui.config.reading import Reading
from lifecycle_tui.config.report import View
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.policy.catalog import SignalCatalog


@dataclass(frozen=True, slots=True)
class Ground:
    """One model and what surrounds it.

    Attributes:
        spec: what is sound of the model; ask `view` whether a part of it was wrong.
        view: its table with the defaults behind it.
        known: the signals that it has as far as the file alone can tell.
    """

    spec: ModelSpec
    view: View
    reading: Reading
    plugins: PluginCatalog
    known: SignalCatalog

    @property
    def complete(self) -> bool:
        """Whether all plugins can be known: the folders that hold them are not in doubt."""
        return plugins_known(self.reading)

    def written(self, *paths: KeyPath) -> tuple[KeyPath, ...]:
        """Those of the paths that the file has, in the model or in the defaults."""
        return tuple(path for path in paths if self.view.written(*path))


def plugins_known(reading: Reading) -> bool:
    """Whether the folders of plugins are declared soundly: else a plugin that is not found may be in one of them."""
    return not reading.top.unsure("workspace", "plugins")


def broken(plugins: PluginCatalog, name: str) -> bool:
    """Whether a file of that name is there but could not be indexed: the name may well be in it."""
    return any(row.fault is not None and row.name == name for row in plugins.rows)
