"""Which metrics can be estimated before labels are there, and which of them a model asks for.

Read where a workspace is checked, and by the job that estimates. `[monitor] metrics = ["auc", "estimated.auc"]` asks
for an estimate by name (and so for its metric, which it is scored against). Without such a name, a model whose labels
can come late has every one of its metrics estimated that can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lifecycle_tui.domain.estimable import ESTIMABLE, PREFIX
from lifecycle_tui.domain.specs import ModelSpec, PluginUse
from lifecycle_tui.policy.catalog import Range, SignalInfo

_OF_LABELS: Mapping[str, Range] = {"log_loss": (0.0, None), "mae": (0.0, None), "rmse": (0.0, None)}


def metric_of(name: str) -> str | None:
    """The metric that a name asks to estimate; None where it is no such name."""
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else None


def can_be_late(model: ModelSpec) -> bool:
    """Whether labels can come after their rows: they have a table, a column of arrival or a delay."""
    labels = model.data.labels
    return model.columns.target is not None and (
        labels.table is not None or labels.arrived is not None or labels.delay is not None
    )


def asked(model: ModelSpec) -> tuple[str, ...]:
    """Metrics whose estimates the model names, in its order."""
    named = (metric_of(use.name) for use in model.monitor.metrics)
    return tuple(dict.fromkeys(name for name in named if name in ESTIMABLE[model.task]))


def estimated(model: ModelSpec, measured: Iterable[str]) -> tuple[str, ...]:
    """Metrics that are estimated, given those that are measured."""
    if model.columns.target is None:
        return ()
    named = asked(model)
    if named or not can_be_late(model):
        return named
    if model.columns.score is None and model.columns.prediction is not None and model.task != "regression":
        return ()
    return tuple(name for name in measured if name in ESTIMABLE[model.task])


def measured_too(uses: tuple[PluginUse, ...], is_estimate: Callable[[str], bool]) -> tuple[PluginUse, ...]:
    """The uses without names of estimates, the metrics that these are scored against among them."""
    kept = [use for use in uses if not is_estimate(use.name)]
    names = {use.name for use in kept}
    for use in uses:
        metric = metric_of(use.name)
        if metric is not None and is_estimate(use.name) and metric not in names:
            kept.append(PluginUse(metric))
            names.add(metric)
    return tuple(kept)


def signal_infos(model: ModelSpec, measured: Iterable[str]) -> tuple[SignalInfo, ...]:
    """The signals of a model's estimates: rules read them in every window, before its labels are there."""
    found = []
    for name in estimated(model, measured):
        low, high = _OF_LABELS.get(name, (0.0, 2.0 if model.task == "multiclass" and name == "brier" else 1.0))
        found.append(SignalInfo(f"{PREFIX}{name}", (low, high), directed=False))
        ends = (None, None) if high is None else (-high, high)
        found.append(SignalInfo(f"{PREFIX}{name}.error", ends, directed=False))
    return tuple(found)
