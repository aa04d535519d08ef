"""Opens a workspace: its file, its plugins and its rules together, and the checks that need all three.

Called by every command that works on a workspace and by the workers. Reads declarations only: no data, no state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui import config
from lifecycle_tui.domain.errors import ConfigError, LifecycleError
from lifecycle_tui.domain.problems import Problem
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec, PluginUse, RuleSpec, WorkspaceSpec
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.policy.catalog import DetectorInfo, MetricInfo, SignalCatalog, model_catalog
from lifecycle_tui.policy.checks import check_expression
from lifecycle_tui.policy.expressions import ExpressionError, compile_expression
from lifecycle_tui.policy.rules import compile_rule

if TYPE_CHECKING:
    from lifecycle_tui.policy.facts import CompiledRule

DETECTORS = ("psi", "ks", "chi2", "missing", "unseen")
"""Detectors of a model that names none. `missing` is always used: missingness is part of what drift sees."""

METRICS: Mapping[str, tuple[str, ...]] = {
    "binary": ("auc", "accuracy", "precision", "recall", "f1", "brier"),
    "multiclass": ("accuracy", "f1", "log_loss"),
    "regression": ("mae", "rmse", "r2"),
    "ranking": ("mean_target",),
}
"""Metrics of a model that names none, by task; the first one that can be computed is its key metric."""

_OF_SCORES = frozenset({"auc", "brier", "log_loss"})


@dataclass(frozen=True)
class Workspace:
    """A workspace whose declarations are free of errors.

    Attributes:
        warnings: problems that do not stop it.
    """

    spec: WorkspaceSpec
    plugins: PluginCatalog
    warnings: tuple[Problem, ...] = field(default=())

    def rules(self, model: ModelSpec, kinds: Mapping[str, ColumnKind]) -> tuple[CompiledRule, ...]:
        """The model's rules, compiled against the signals that its columns and plugins give."""
        known = signals(model, kinds, self.plugins)
        return tuple(compile_rule(model.name, rule, known) for rule in model.rules)


def open_workspace(file: Path | None = None, *, plugins: bool = True) -> Workspace:
    """The workspace of `file` (by default of this folder or one above).

    Raises:
        ConfigError: with every problem, if there is an error among them.
    """
    path = file or config.find(Path.cwd())
    spec, problems = config.check(path)
    if spec is None:
        raise _refused(path, problems)
    catalog = PluginCatalog.open(spec.root, spec.plugins, enabled=plugins)
    found = (*problems, *(p for model in spec.models for p in _model_problems(model, catalog, spec)))
    if any(p.level == "error" for p in found):
        raise _refused(path, found)
    return Workspace(spec, catalog, found)


def check(path: Path) -> tuple[Problem, ...]:
    """Every problem of the file, its plugins and rules. For `config check`; never raises for content."""
    spec, problems = config.check(path)
    if spec is None:
        return problems
    catalog = PluginCatalog.open(spec.root, spec.plugins)
    more = [p for model in spec.models for p in _model_problems(model, catalog, spec)]
    return (*problems, *more)


def _refused(path: Path, problems: tuple[Problem, ...]) -> ConfigError:
    errors = sum(p.level == "error" for p in problems)
    many = "1 error" if errors == 1 else f"{errors} errors"
    return ConfigError(f"{path} has {many}", problems, hint="mend them; `lifecycle config check` looks again")


def detector_uses(model: ModelSpec, plugins: PluginCatalog) -> tuple[PluginUse, ...]:
    """Detectors that the model names, or the defaults with the team's own drop-ins added."""
    named = model.monitor.detectors or tuple(PluginUse(n) for n in (*DETECTORS, *_drop_ins(plugins, "detector")))
    return named if any(use.name == "missing" for use in named) else (*named, PluginUse("missing"))


def metric_uses(model: ModelSpec, plugins: PluginCatalog) -> tuple[PluginUse, ...]:
    """Metrics that the model names, or those of its task that its columns allow, with the team's own drop-ins added."""
    if model.monitor.metrics:
        return model.monitor.metrics
    scored = model.columns.score is not None or model.columns.prediction is None
    own = [n for n in _drop_ins(plugins, "metric") if model.task in plugins.find("metric", n).tasks]
    return tuple(PluginUse(n) for n in (*METRICS[model.task], *own) if scored or n not in _OF_SCORES)


def _drop_ins(plugins: PluginCatalog, kind: str) -> list[str]:
    return [info.name for info in plugins.all(kind) if info.origin == "drop-in" and info.usable]


def signals(model: ModelSpec, kinds: Mapping[str, ColumnKind], plugins: PluginCatalog) -> SignalCatalog:
    """Every signal the model can have, given the kinds of its columns."""
    detectors, metrics = [], []
    for use in detector_uses(model, plugins):
        info = plugins.get("detector", use.name)
        if info is not None:
            low_high = info.range if info.range != (None, None) else None
            detectors.append(DetectorInfo(info.name, info.kinds, low_high))  # type: ignore[arg-type]
    for use in metric_uses(model, plugins):
        info = plugins.get("metric", use.name)
        metrics.append(MetricInfo(use.name, info.range if info else (None, None)))
    return model_catalog(kinds, detectors, metrics)


def _model_problems(model: ModelSpec, plugins: PluginCatalog, spec: WorkspaceSpec) -> list[Problem]:
    problems = _plugin_problems(model, plugins)
    known = signals(model, model.columns.kinds, plugins)
    for rule in model.rules:
        key = f"models.{model.name}.rules.{rule.name}.when"
        try:
            expression = compile_expression(rule.when)
        except ExpressionError as exc:
            problems.append(exc.as_problem(rule.place, key))
            continue
        for found in check_expression(expression, known):
            row = found.as_problem(rule.place, key)
            if found.code == "unknown-signal" and not _certain(expression.text[found.column - 1 :], model, plugins):
                continue  # a column whose kind the file does not fix: the data decides whether it is there
            problems.append(row)
        problems += _then_problems(rule, model, spec)
    return problems


def _certain(text: str, model: ModelSpec, plugins: PluginCatalog) -> bool:
    """Whether a signal that is not in the catalog is wrong for certain: its first word is no detector's name."""
    head = text.split(".", 1)[0].split("[", 1)[0].strip()
    return all(head != use.name for use in detector_uses(model, plugins))


def _then_problems(rule: RuleSpec, model: ModelSpec, spec: WorkspaceSpec) -> list[Problem]:
    """What a rule sets off that is not there."""
    names = [n.name for n in spec.notifiers]
    key, at = f"models.{model.name}.rules.{rule.name}.then", rule.place
    found = []
    for action in rule.then:
        if action.startswith("notify:") and action.removeprefix("notify:") not in names:
            hint = f"there are {', '.join(names)}" if names else "declare it under [notifiers]"
            found.append(Problem("unknown-notifier", f"there is no notifier {action[7:]!r}", key, at, hint))
        if action == "retrain" and model.training is None:
            says = "the rule asks for a retraining, and the model has no [training]"
            found.append(Problem("no-training", says, key, at, f"add [models.{model.name}.training]"))
    return found


def _plugin_problems(model: ModelSpec, plugins: PluginCatalog) -> list[Problem]:
    """Unknown or broken plugins and their options. A broken one is a warning: it costs its own signals only."""
    problems = []
    named = [("detector", use) for use in model.monitor.detectors] + [("metric", u) for u in model.monitor.metrics]
    for kind, use in named:
        key = f"models.{model.name}.monitor.{kind}s.{use.name}"
        try:
            info = plugins.find(kind, use.name)
        except LifecycleError as exc:
            level = "error" if plugins.get(kind, use.name) is None and not _broken(plugins, use.name) else "warning"
            code = f"unknown-{kind}" if level == "error" else "broken-plugin"
            problems.append(Problem(code, exc.message, key, use.place, exc.hint, level=level))  # type: ignore[arg-type]
            continue
        for options in (use.options, *({**use.options, **more} for more in use.per_column.values())):
            for wrong in plugins.check_options(info, options):
                row = Problem(wrong.code, wrong.message, f"{key}.{wrong.option}", use.place, wrong.hint)
                if row not in problems:
                    problems.append(row)
    return problems


def _broken(plugins: PluginCatalog, name: str) -> bool:
    """Whether a file of that name is there but could not be indexed: the name may well be in it."""
    return any(row.fault is not None and row.name == name for row in plugins.rows)
