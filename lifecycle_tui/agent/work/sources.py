"""Opens the tables of a model through the source plugins: ours in this process, a team's in the plugins' own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from lifecycle_tui.data.model import Role
from lifecycle_tui.data.opening import open_source
from lifecycle_tui.domain.protocols import Source
from lifecycle_tui.domain.specs import DataSpec, TableSpec

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.info import PluginInfo
    from lifecycle_tui.plugin_host.runner import Runner


@dataclass(frozen=True)
class _Factory:
    """Stands for a source's class: has its name and suffixes, and makes one when called."""

    info: PluginInfo
    catalog: PluginCatalog
    runner: Callable[[], Runner]

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def suffixes(self) -> tuple[str, ...]:
        return self.info.suffixes

    def __call__(self, location: str, **options: Any) -> Source:
        runner = None if self.info.origin == "builtin" else self.runner()
        made = self.catalog.make(self.info, options, location=location, runner=runner)
        return cast(Source, made)


def open_tables(data: DataSpec, catalog: PluginCatalog, runner: Callable[[], Runner]) -> dict[Role, Source]:
    """One source for each declared table, by its role.

    Raises:
        DataError: a table that is not there, or that no source reads.
    """
    tables: dict[Role, TableSpec | None] = {
        "table": data.table,
        "features": data.features,
        "predictions": data.predictions,
        "labels": data.labels.table,
        "reference": data.reference.table,
    }
    factories = [_Factory(info, catalog, runner) for info in catalog.all("source") if info.usable]
    classes = cast("list[type[Source]]", factories)
    return {
        role: open_source(table.location, classes, use=table.use, options=table.options)
        for role, table in tables.items()
        if table is not None
    }
