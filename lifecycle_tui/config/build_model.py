"""A model as written, with the defaults filled in → `ModelSpec`. Called by `build` once a model."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from lifecycle_tui.config.build_columns import build_columns
from lifecycle_tui.config.build_data import build_data, secrets
from lifecycle_tui.config.report import View
from lifecycle_tui.config.schema_model import (
    ColumnsSection,
    DetectorTable,
    MetricTable,
    ModelTable,
    MonitorSection,
    RuleTable,
)
from lifecycle_tui.config.schema_training import PluginTable, RolloutTable, TrainingTable
from lifecycle_tui.config.sources import dotted
from lifecycle_tui.config.units import instant
from lifecycle_tui.config.words import did_you_mean
from lifecycle_tui.domain.problems import Place
from lifecycle_tui.domain.specs import (
    ApproveSpec,
    DataSpec,
    GateSpec,
    ModelSpec,
    MonitorSpec,
    PluginUse,
    ReferenceSpec,
    RolloutSpec,
    RuleSpec,
    StepSpec,
    TrainingSpec,
)
from lifecycle_tui.domain.windows import FileWindow

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_ACTIONS = ("notify", "retrain", "rollback")


def build_model(
    view: View, name: str, model: ModelTable, *, root: Path, zone: str, notifiers: Collection[str]
) -> ModelSpec:
    """The spec of one model. Where something that it cannot do without is missing or wrong, the report says so, and
    something stands in for it, so that what does not rest on it can be checked all the same.

    Args:
        view: the model's table.
        root: the workspace's folder.
        zone: the workspace's time zone.
        notifiers: names that "notify:NAME" may use.
    """
    if not _NAME.match(name):
        view.problem(
            "name",
            (),
            f'"{name}" is no name for a model: letters, digits, "-", "_" and "." only, a letter or digit first',
            part="key",
        )
    if model.task is None:
        view.missing("task", hint='task = "binary", "multiclass", "regression" or "ranking"')
    written = model.columns or ColumnsSection()
    columns = build_columns(view.below("columns"), written, model.task)
    data = DataSpec(ReferenceSpec(), FileWindow())
    if model.data is None:
        view.missing("data", hint=f"add [{dotted((*view.key, 'data'))}] with a table and a reference")
    else:
        data = build_data(view.below("data"), model.data, written, root, zone)
    monitor = _monitor(view.below("monitor"), model.monitor or MonitorSection())
    trained = model.training is not None or view.broken("training")
    rules = _rules(view.below("rules"), model.rules, notifiers, view.later(part="header"), trained=trained)
    training = _training(view.below("training"), model.training, zone)
    rollout = _rollout(view.below("rollout"), model.rollout)
    return ModelSpec(
        name,
        model.task or "binary",
        data,
        columns,
        monitor=monitor,
        rules=rules,
        training=training,
        rollout=rollout,
        owner=model.owner,
        tags=tuple(model.tags),
        place=view.later(part="key"),
    )


def _monitor(view: View, written: MonitorSection) -> MonitorSpec:
    return MonitorSpec(
        detectors=_uses(view.below("detectors"), written.detectors),
        metrics=_uses(view.below("metrics"), written.metrics),
        false_alarms=written.false_alarms,
        min_rows=written.min_rows,
        floor=written.floor,
        importance=written.importance,
    )


def _uses(
    view: View, written: list[str] | Mapping[str, DetectorTable] | Mapping[str, MetricTable] | None
) -> tuple[PluginUse, ...]:
    if written is None:
        return ()
    if isinstance(written, list):
        for index, name in enumerate(written):
            if (first := written.index(name)) != index:
                view.problem("duplicate", (index,), f'"{name}" stands here twice', related=[(first,)])
        return tuple(PluginUse(name, place=view.later(index)) for index, name in enumerate(written))
    return tuple(
        PluginUse(
            name,
            options={key: secrets(value) for key, value in table.options().items()},
            per_column=table.columns if isinstance(table, DetectorTable) else {},
            place=view.later(name, part="key"),
        )
        for name, table in written.items()
    )


def _rules(
    view: View, rules: Mapping[str, RuleTable], notifiers: Collection[str], model: Place, *, trained: bool
) -> tuple[RuleSpec, ...]:
    found = []
    for name, rule in rules.items():
        if not rule.enabled:
            if rule.when is None and not view.behind(name) and not view.unsure(name):
                view.problem(
                    "no-effect",
                    (name, "enabled"),
                    f'there is no rule "{name}" in [defaults.rules] to switch off',
                    hint=did_you_mean(name, [other for other in rules if view.behind(other)]) or "take it out",
                    level="warning",
                )
            continue
        table = view.below(name)
        for index, action in enumerate(rule.then):
            _action(table, index, action, notifiers, model, trained=trained)
        if rule.when is None and table.broken("enabled"):
            continue
        if rule.when is None:
            table.missing("when", hint='for example when = "drift.share > 0.3"')
            continue
        place = table.later("when")
        found.append(RuleSpec(name, rule.when, rule.for_, rule.severity, tuple(rule.then), place))
    return tuple(found)


def _action(view: View, index: int, action: str, notifiers: Collection[str], model: Place, *, trained: bool) -> None:
    path = ("then", index)
    kind, colon, name = action.partition(":")
    if kind == "notify" and colon:
        if name not in notifiers and not view.report.is_broken(("notifiers", name)):
            hint = did_you_mean(name, notifiers) or f"there is no [notifiers.{name}]"
            view.problem("unknown-notifier", path, f'no notifier is called "{name}"', hint=hint)
    elif action not in _ACTIONS:
        hint = did_you_mean(action, _ACTIONS) or f"there are {', '.join(_ACTIONS)} and notify:NAME"
        view.problem("unknown-action", path, f'"{action}" is nothing that a rule can set off', hint=hint)
    elif action == "retrain" and not trained:
        view.problem(
            "no-effect",
            path,
            "retrain has nothing to do: the model has no [training]",
            hint="add [training], or take it out",
            beside=(model,),
            level="warning",
        )


def _plugin(written: str | PluginTable) -> tuple[str, dict[str, Any]]:
    if isinstance(written, str):
        return written, {}
    return written.use, {key: secrets(value) for key, value in written.options().items()}


def _training(view: View, written: TrainingTable | None, zone: str) -> TrainingSpec | None:
    if written is None:
        return None
    if written.estimator and written.command:
        view.problem(
            "contradiction",
            ("command",),
            "training is by an estimator or by a command, not both",
            part="key",
            related=[("estimator",)],
        )
    strategy, options = _plugin(written.strategy)
    history = written.history
    return TrainingSpec(
        estimator=written.estimator,
        command=tuple(written.command or ()),
        predict=tuple(written.predict or ()),
        strategy=strategy,
        options=options,
        history=instant(history, zone) if isinstance(history, date) else history,
        holdout=written.holdout,
        refit=written.refit,
        schedule=written.schedule,
        timezone=zone,
        after_rows=written.after_rows,
        on_update=written.on_update,
        time_limit=written.time_limit or TrainingSpec.time_limit,
        cooldown=written.cooldown,
        gates=tuple(GateSpec(gate, view.later("gates", index)) for index, gate in enumerate(written.gates or ())),
        min_samples=written.min_samples,
        place=view.later(part="key"),
    )


def _rollout(view: View, written: RolloutTable | None) -> RolloutSpec | None:
    if written is None:
        return None
    deployer, options = _plugin(written.deployer)
    weights = [step.weight for step in written.steps]
    for index in range(1, len(weights)):
        if weights[index] <= weights[index - 1]:
            view.problem(
                "contradiction",
                ("steps", index, "weight"),
                f"steps rise, and {weights[index]:g} is not more than {weights[index - 1]:g}",
                related=[("steps", index - 1, "weight")],
            )
    if weights and weights[-1] != 100:
        view.problem(
            "unfinished",
            ("steps", len(weights) - 1, "weight"),
            f"the last step leaves the new version at {weights[-1]:g} % for good",
            hint="end with { weight = 100 }",
            related=[("steps", len(weights) - 1, "hold")] if written.steps[-1].hold else (),
            level="warning",
        )
    approve = None
    if written.approve is not None:
        approve = ApproveSpec(tuple(written.approve.by), written.approve.not_ == "requester")
    return RolloutSpec(
        deployer=deployer,
        options=options,
        steps=tuple(StepSpec(step.weight, step.hold) for step in written.steps),
        abort=tuple(written.abort or ()),
        approve=approve,
        place=view.later(part="key"),
    )
