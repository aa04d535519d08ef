"""Settings that leave another one without effect: metrics that cannot be measured, alerts that reach nobody.

Nothing here stops a workspace where a part of it merely has no effect; rules that read what such a part would have
given are errors of their own (`conditions`). Called by `all`, once a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from lifecycle_tui.checking.ground import Ground
from lifecycle_tui.checking.signals import unfit
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.domain.problems import Problem
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.domain.specs import RuleSpec
from lifecycle_tui.policy.grouping import Notice, wants

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def problems(ground: Ground) -> Iterator[Problem]:
    """Everything in one model that has no effect because of something else in the file."""
    yield from _metrics(ground)
    yield from _options_of_columns(ground)
    yield from _training(ground)
    yield from _actions(ground)


def _metrics(ground: Ground) -> Iterator[Problem]:
    """Metrics that can never have a value."""
    view = ground.view
    if view.unsure("columns") or view.unsure("task"):
        return
    listed = isinstance(view.value("monitor", "metrics"), list)
    for index, use in enumerate(ground.spec.monitor.metrics):
        why = unfit(ground.spec, use.name, ground.plugins)
        if why is None or ground.plugins.get("metric", use.name) is None:
            continue
        yield view.row(
            "no-effect",
            ("monitor", "metrics", index if listed else use.name),
            why,
            part="value" if listed else "key",
            hint="take it out, or declare what it needs",
            related=ground.written(("columns", "prediction") if "scores" in why else ("task",)),
            level="warning",
        )


def _options_of_columns(ground: Ground) -> Iterator[Problem]:
    """Options of a detector for a column that no detector looks at."""
    ignored = {name: index for index, name in enumerate(ground.spec.columns.ignore)}
    for use in ground.spec.monitor.detectors:
        for column in use.per_column:
            if column in ignored:
                yield ground.view.row(
                    "no-effect",
                    ("monitor", "detectors", use.name, "columns", column),
                    f'"{column}" is ignored: no detector looks at it',
                    part="key",
                    hint="take it out of one of them",
                    related=(("columns", "ignore", ignored[column]),),
                    level="warning",
                )


def _training(ground: Ground) -> Iterator[Problem]:
    """Training without a target has nothing to learn."""
    view = ground.view
    if ground.spec.training is None or ground.spec.columns.target is not None or view.unsure("columns", "target"):
        return
    yield view.row(
        "missing-key",
        ("columns", "target") if view.written("columns") else ("training",),
        "versions are trained, and the columns have no target to learn",
        part="header",
        hint='add target = "…" to the columns, or take [training] out',
        related=(("training",),),
    )


def _actions(ground: Ground) -> Iterator[Problem]:
    """What rules set off, and what of it comes to nothing."""
    model, view = ground.spec, ground.view
    for rule in model.rules:
        written = view.value("rules", rule.name, "then")
        for index, action in enumerate(rule.then):
            path: KeyPath = ("rules", rule.name, "then", index) if isinstance(written, list) else (
                "rules", rule.name, "then")  # fmt: skip
            if action == "rollback" and not (model.training or model.rollout or model.columns.version):
                if not (view.unsure("training") or view.unsure("rollout") or view.unsure("columns")):
                    yield view.row(
                        "no-effect",
                        path,
                        "rollback has nothing to go back to: the model has neither [training] nor [rollout], and its "
                        "data names no version",
                        hint="add [rollout], or take it out",
                        beside=(view.place(part="header"),),
                        level="warning",
                    )
            elif action.startswith("notify") and written is not None:
                yield from _nobody(ground, rule, path, action)


def _nobody(ground: Ground, rule: RuleSpec, path: KeyPath, action: str) -> Iterator[Problem]:
    """An alert that is to be told, and that no notifier takes."""
    notifiers, top = ground.reading.spec.notifiers, ground.reading.top
    if not notifiers or top.unsure("notifiers") or ground.view.unsure("owner"):
        return
    target = action.partition(":")[2] or None
    if target is not None and all(notifier.name != target for notifier in notifiers):
        return
    alert = Alert(ground.spec.name, rule.name, rule.severity, "open", "", _EPOCH, "")
    notice = Notice(alert, "opened", _EPOCH, ground.spec.owner, (), target)
    if any(wants(notifier, notice) for notifier in notifiers):
        return
    asked = [notifier for notifier in notifiers if target in (None, notifier.name)]
    who = f"notifier {target} does not take" if target else "no notifier takes"
    yield ground.view.row(
        "reaches-nobody",
        path,
        f"the alert is to be told, and {who} it: {_facts(ground, rule)}",
        hint="widen a notifier's match, or take notify out of then",
        beside=tuple(top.place("notifiers", notifier.name, "match") for notifier in asked[:3]),
        level="warning",
    )


def _facts(ground: Ground, rule: RuleSpec) -> str:
    owner = f"owner {ground.spec.owner}" if ground.spec.owner else "no owner"
    return f"model {ground.spec.name}, rule {rule.name}, severity {rule.severity}, {owner}"
