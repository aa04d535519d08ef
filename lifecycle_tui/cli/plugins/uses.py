"""Which models and notifiers of the file use which plugin: for `plugins show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle_tui.domain.specs import ModelSpec, TableSpec, WorkspaceSpec
from lifecycle_tui.workspace import detector_uses, metric_uses

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.catalog import PluginCatalog
    from lifecycle_tui.plugin_host.info import PluginInfo


def used_by(spec: WorkspaceSpec, info: PluginInfo, plugins: PluginCatalog) -> tuple[str, ...]:
    """Names of the models (of a notifier: of the file's notifiers) that use it, in the order of the file."""
    if info.kind == "notifier":
        return tuple(n.name for n in spec.notifiers if n.use == info.name)
    if info.kind == "panel":
        return tuple(m.name for m in spec.models if not info.tasks or m.task in info.tasks)
    return tuple(m.name for m in spec.models if _uses(m, info, plugins))


def _uses(model: ModelSpec, info: PluginInfo, plugins: PluginCatalog) -> bool:
    if info.kind == "detector":
        return any(use.name == info.name for use in detector_uses(model, plugins))
    if info.kind == "metric":
        return any(use.name == info.name for use in metric_uses(model, plugins))
    if info.kind == "source":
        data = model.data
        tables = (data.table, data.features, data.predictions, data.labels.table, data.reference.table)
        return any(table is not None and _reads(info, table, plugins) for table in tables)
    training = model.training
    if info.kind == "strategy":
        return training is not None and not training.command and training.strategy == info.name
    if info.kind == "deployer":
        named = model.rollout.deployer if model.rollout is not None else "local"
        return training is not None and named == info.name
    return False


def _reads(info: PluginInfo, table: TableSpec, plugins: PluginCatalog) -> bool:
    if table.use is not None:
        return table.use == info.name
    location = table.location.lower()
    first = next((s for s in plugins.all("source") if s.suffixes and location.endswith(s.suffixes)), None)
    return first is not None and first.name == info.name
