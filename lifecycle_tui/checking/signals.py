"""Which detectors and metrics a model is measured with, and the signals that these give.

Called by the checks of rules and gates, and through `workspace` by evaluations, viewers and the simulator.
"""

from __future__ import annotations

from collections.abc import Mapping

from lifecycle_tui.domain.defaults import DETECTORS, METRICS, OF_QUERIES
from lifecycle_tui.domain.estimable import ESTIMABLE
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec, PluginUse
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.policy import estimable
from lifecycle_tui.policy.catalog import (
    LOG_SIGNALS,
    DetectorInfo,
    MetricInfo,
    SignalCatalog,
    SignalInfo,
    importance_signals,
    model_catalog,
)

_OF_SCORES = frozenset({"auc", "brier", "log_loss"})


def detector_uses(model: ModelSpec, plugins: PluginCatalog) -> tuple[PluginUse, ...]:
    """Detectors that the model names, or the defaults with the team's own drop-ins added."""
    named = model.monitor.detectors or tuple(PluginUse(n) for n in (*DETECTORS, *_drop_ins(plugins, "detector")))
    return named if any(use.name == "missing" for use in named) else (*named, PluginUse("missing"))


def metric_uses(model: ModelSpec, plugins: PluginCatalog) -> tuple[PluginUse, ...]:
    """Metrics that the model names, or those of its task that its columns allow, with the team's own drop-ins added.

    An estimate that it names (`estimated.auc`) is no metric: the metric that it is scored against is one.
    """
    if model.monitor.metrics:
        return estimable.measured_too(model.monitor.metrics, lambda name: is_estimate(model, PluginUse(name), plugins))
    if model.columns.target is None:
        return ()
    scored = has_scores(model)
    own = [n for n in _drop_ins(plugins, "metric") if model.task in plugins.find("metric", n).tasks]
    left_out = (frozenset() if scored else _OF_SCORES) | (frozenset() if model.columns.query else OF_QUERIES)
    return tuple(PluginUse(n) for n in (*METRICS[model.task], *own) if n not in left_out)


def is_estimate(model: ModelSpec, use: PluginUse, plugins: PluginCatalog) -> bool:
    """Whether a name among the metrics asks for an estimate of ours; a plugin of that very name wins."""
    return estimable.metric_of(use.name) in ESTIMABLE[model.task] and plugins.get("metric", use.name) is None


def has_scores(model: ModelSpec) -> bool:
    """Whether metrics of scores can be computed: the data has them, or versions of ours give them."""
    return model.columns.score is not None or model.columns.prediction is None


def unfit(model: ModelSpec, metric: str, plugins: PluginCatalog) -> str | None:
    """Why a metric can never have a value for this model; None where it can."""
    info = plugins.get("metric", metric)
    if model.columns.target is None:
        return f"{metric} needs labels, and the columns have no target"
    if info is not None and model.task not in info.tasks:
        return f"{metric} is for {', '.join(info.tasks)} models, and this is {model.task}"
    if metric in OF_QUERIES and info is not None and info.origin == "builtin" and model.columns.query is None:
        return f"{metric} needs a query, and the columns declare none"
    if info is not None and info.needs == "score" and not has_scores(model) and model.training is None:
        return f"{metric} needs scores, and the columns have predictions alone"
    return None


def _drop_ins(plugins: PluginCatalog, kind: str) -> list[str]:
    return [info.name for info in plugins.all(kind) if info.origin == "drop-in" and info.usable]


def signals(model: ModelSpec, kinds: Mapping[str, ColumnKind], plugins: PluginCatalog) -> SignalCatalog:
    """Every signal the model can have, given the kinds of its columns."""
    detectors, metrics = [], []
    for use in detector_uses(model, plugins):
        info = plugins.get("detector", use.name)
        if info is not None:
            low_high = info.range if info.range != (None, None) else None
            table = info.scope == "table"
            detectors.append(DetectorInfo(info.name, info.kinds, low_high, table=table))  # type: ignore[arg-type]
    measured = metric_uses(model, plugins)
    for use in measured:
        if unfit(model, use.name, plugins):
            continue
        info = plugins.get("metric", use.name)
        directed = info is None or info.greater_is_better is not None
        metrics.append(MetricInfo(use.name, info.range if info else (None, None), directed))
    estimates = estimable.signal_infos(model, [use.name for use in measured])
    extra = [e for e in estimates if plugins.get("metric", e.name) is None]
    more = [*extra, *_importance(model, kinds), *(LOG_SIGNALS if model.data.logs is not None else ())]
    return model_catalog(kinds, detectors, metrics, more, model.columns.groups())


def _importance(model: ModelSpec, kinds: Mapping[str, ColumnKind]) -> tuple[SignalInfo, ...]:
    """Of models that versions of ours score, unless the file says that it is not measured."""
    columns = model.columns
    ours = columns.prediction is None and columns.score is None and columns.target is not None
    return importance_signals(kinds) if ours and model.monitor.importance is not False else ()
