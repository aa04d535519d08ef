"""Warns of secrets that stand in a file as text. Called by `loading` once the specs are built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lifecycle_tui.config import redact
from lifecycle_tui.config.report import View
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.domain.specs import ModelSpec, WorkspaceSpec


def check(spec: WorkspaceSpec, top: View, models: Mapping[str, View]) -> None:
    """Report every option whose name says that it is a secret, and whose value is no reference to one."""
    for notifier in spec.notifiers:
        _look(top, ("notifiers", notifier.name), notifier.options)
    for model in spec.models:
        for path, options in _options(model):
            if options and model.name in models:
                _look(models[model.name], path, options)


def _options(model: ModelSpec) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Where a model gives options to plugins, with them."""
    data = model.data
    tables = {"table": data.table, "features": data.features, "predictions": data.predictions}
    tables |= {"labels": data.labels.table, "reference": data.reference.table}
    for role, table in tables.items():
        if table is not None:
            yield ("data", role), table.options
    for kind, uses in (("detectors", model.monitor.detectors), ("metrics", model.monitor.metrics)):
        for use in uses:
            yield ("monitor", kind, use.name), use.options
    if model.training is not None:
        yield ("training", "strategy"), model.training.options
    if model.rollout is not None:
        yield ("rollout", "deployer"), model.rollout.options


def _look(view: View, path: KeyPath, options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if redact.plain(value, name):
            view.problem(
                "plain-secret",
                (*path, name),
                "a secret stands here as text, for everybody who may read the file",
                part="key",
                hint='keep it elsewhere and write { env = "NAME" } or { file = "…" }',
                level="warning",
            )
