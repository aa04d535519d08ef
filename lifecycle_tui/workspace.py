"""Opens a workspace: its file, its plugins and its rules together, and the checks that need all three.

Called by every command that works on a workspace and by the workers. Reads declarations only: no data, no state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lifecycle_tui import config
from lifecycle_tui.domain.defaults import DETECTORS, METRICS
from lifecycle_tui.domain.errors import ConfigError, LifecycleError
from lifecycle_tui.domain.problems import Place, Problem
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec, PluginUse, SecretRef, TableSpec, WorkspaceSpec
from lifecycle_tui.plugin_host.catalog import PluginCatalog
from lifecycle_tui.plugin_host.limits import import_limits
from lifecycle_tui.policy.catalog import DetectorInfo, MetricInfo, SignalCatalog, model_catalog
from lifecycle_tui.policy.checks import ExpressionProblem, check_expression
from lifecycle_tui.policy.expressions import Expression, ExpressionError, compile_expression
from lifecycle_tui.policy.rules import compile_rule

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.info import PluginInfo
    from lifecycle_tui.policy.facts import CompiledRule

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

    def rule_problems(self, model: ModelSpec, kinds: Mapping[str, ColumnKind]) -> tuple[Problem, ...]:
        """What is wrong with the model's rules and gates now that the data has shown which columns there are.

        A rule that reads a column which is not there would never fire, a gate never pass: neither must happen silently.
        """
        known = signals(model, kinds, self.plugins)
        found: list[Problem] = []
        for written in _conditions(model):
            problems = written.problems(compile_expression(written.text), known)
            found += (p.as_problem(written.place, written.key) for p in problems if p.level == "error")
        return tuple(found)


@dataclass(frozen=True)
class _Written:
    """A condition of a model's rule or gate: its key path, its text, where it stands."""

    key: str
    text: str
    place: Place | None
    gate: bool

    def problems(self, expression: Expression, known: SignalCatalog) -> tuple[ExpressionProblem, ...]:
        """What is wrong with it, against the model's signals."""
        return check_expression(expression, known.for_gates() if self.gate else known, gates=self.gate)


def _conditions(model: ModelSpec) -> Iterator[_Written]:
    for rule in model.rules:
        yield _Written(f"models.{model.name}.rules.{rule.name}.when", rule.when, rule.place, False)
    for index, gate in enumerate(model.training.gates if model.training else ()):
        yield _Written(f"models.{model.name}.training.gates[{index}]", gate.when, gate.place, True)


def open_workspace(
    file: Path | None = None,
    *,
    plugins: bool = True,
    given: Mapping[Path, bytes] | None = None,
    over: Mapping[Path, bytes] | None = None,
) -> Workspace:
    """The workspace of `file` (by default of this folder or one above).

    Args:
        given, over: the bytes of its files as they once were, or as an edit would have them: see `config.check`.

    Raises:
        ConfigError: with every problem, if there is an error among them.
    """
    path = file or config.find(Path.cwd())
    spec, problems = config.check(path, given, over)
    if spec is None:
        raise _refused(path, problems)
    catalog = PluginCatalog.open(spec.root, spec.plugins, enabled=plugins, limits=import_limits())
    found = (*problems, *_problems(spec, catalog))
    if any(p.level == "error" for p in found):
        raise _refused(path, found)
    return Workspace(spec, catalog, found)


def check(path: Path, over: Mapping[Path, bytes] | None = None) -> tuple[Problem, ...]:
    """Every problem of the file, its plugins and rules. For `config check` and edits; never raises for content."""
    spec, problems = config.check(path, over=over)
    if spec is None:
        return problems
    catalog = PluginCatalog.open(spec.root, spec.plugins, limits=import_limits())
    return (*problems, *_problems(spec, catalog))


def _problems(spec: WorkspaceSpec, catalog: PluginCatalog) -> list[Problem]:
    """What the file's check alone cannot see: rules against signals, names and options against plugins."""
    found = [p for model in spec.models for p in _model_problems(model, catalog, spec)]
    for notifier in spec.notifiers:
        try:
            info = catalog.find("notifier", notifier.use)
        except LifecycleError as exc:
            key = f"notifiers.{notifier.name}.use"
            found.append(Problem("unknown-notifier", exc.message, key, notifier.place, exc.hint))
            continue
        found += _option_problems(spec, ("notifiers", notifier.name), info, notifier.options, catalog)
    return found


def _table_problems(model: ModelSpec, plugins: PluginCatalog, spec: WorkspaceSpec) -> list[Problem]:
    """Options of tables that no source takes: a misspelt key of ours would be read as one."""
    data = model.data
    tables = {
        ("table",): data.table,
        ("features",): data.features,
        ("predictions",): data.predictions,
        ("labels",): data.labels.table,
        ("reference",): data.reference.table,
    }
    found: list[Problem] = []
    for key, table in tables.items():
        if table is None or not (table.options or table.use):
            continue
        path = ("models", model.name, "data", *key)
        try:
            info = _source(table, plugins)
        except LifecycleError as exc:
            found.append(Problem("unknown-source", exc.message, ".".join(path), table.place, exc.hint))
            continue
        if info is None:
            for option in table.options:
                says = f"{option!r} is no key of a table, and no source is known for this file"
                near = get_close_matches(option, config.known_keys(path), n=1)
                hint = f'did you mean "{near[0]}"?' if near else "name one with use = "
                place = config.locate(spec, (*path, option), "key")
                found.append(Problem("unknown-key", says, ".".join((*path, option)), place, hint))
        else:
            found += _option_problems(spec, path, info, table.options, plugins)
    return found


def _source(table: TableSpec, plugins: PluginCatalog) -> PluginInfo | None:
    """The source that reads a table: the one it names, else the one for its suffix."""
    if table.use is not None:
        return plugins.find("source", table.use)
    return next((i for i in plugins.all("source") if i.usable and table.location.lower().endswith(i.suffixes)), None)


def _option_problems(
    spec: WorkspaceSpec,
    path: tuple[str, ...],
    info: PluginInfo,
    options: Mapping[str, object],
    plugins: PluginCatalog,
    *,
    whole: bool = True,
) -> list[Problem]:
    """Options that the plugin does not take, each at its own place, with a guess among its keys and ours.

    Args:
        whole: these are all its options, so that a required one must be among them.
    """
    found = []
    # A secret is a text once it is read.
    given = {name: "" if isinstance(value, SecretRef) else value for name, value in options.items()}
    for wrong in plugins.check_options(info, given):
        if info.kind == "notifier" and wrong.code == "missing-option" and wrong.option == "path":
            continue  # the log notifier has a place of its own
        if wrong.code == "missing-option" and not whole:
            continue
        near = get_close_matches(wrong.option, config.known_keys(path), n=1)
        hint = f'did you mean "{near[0]}"?' if near and wrong.code == "unknown-option" else wrong.hint
        code = "unknown-key" if wrong.code == "unknown-option" else wrong.code
        part: Literal["key", "value"] = "key" if wrong.code == "unknown-option" else "value"
        place = config.locate(spec, (*path, wrong.option), part) or config.locate(spec, path, "header")
        found.append(Problem(code, wrong.message, ".".join((*path, wrong.option)), place, hint))
    return found


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
    if model.columns.target is None:
        return ()
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
        directed = info is None or info.greater_is_better is not None
        metrics.append(MetricInfo(use.name, info.range if info else (None, None), directed))
    return model_catalog(kinds, detectors, metrics)


def _model_problems(model: ModelSpec, plugins: PluginCatalog, spec: WorkspaceSpec) -> list[Problem]:
    problems = [*_table_problems(model, plugins, spec), *_plugin_problems(model, plugins, spec)]
    problems += [*_strategy_problems(model, plugins, spec), *_deployer_problems(model, plugins, spec)]
    known = signals(model, model.columns.kinds, plugins)
    for written in _conditions(model):
        try:
            expression = compile_expression(written.text)
        except ExpressionError as exc:
            problems.append(exc.as_problem(written.place, written.key))
            continue
        for found in written.problems(expression, known):
            row = found.as_problem(written.place, written.key)
            if found.code == "unknown-signal" and not _certain(expression.text[found.column - 1 :], model, plugins):
                continue  # a column whose kind the file does not fix: the data decides whether it is there
            problems.append(row)
    return [*problems, *_nothing_to_judge_by(model, known)]


def _nothing_to_judge_by(model: ModelSpec, known: SignalCatalog) -> list[Problem]:
    """A model that trains without gates, and whose metrics do not say which of two versions is better."""
    training = model.training
    if training is None or training.gates or model.columns.target is None:
        return []
    if any(info.performance and info.directed for info in known.signals.values()):
        return []
    says = "no metric of this model says which version is better: no challenger will be promoted"
    hint = 'name gates, e.g. gates = ["challenger.METRIC > champion.METRIC"], or a metric with a better end'
    return [Problem("no-gate", says, f"models.{model.name}.training", training.place, hint, level="warning")]


def _certain(text: str, model: ModelSpec, plugins: PluginCatalog) -> bool:
    """Whether a signal that is not in the catalog is wrong for certain: its first word is no detector's name."""
    head = text.split(".", 1)[0].split("[", 1)[0].strip()
    return all(head != use.name for use in detector_uses(model, plugins))


def _plugin_problems(model: ModelSpec, plugins: PluginCatalog, spec: WorkspaceSpec) -> list[Problem]:
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
        path = ("models", model.name, "monitor", f"{kind}s", use.name)
        problems += _option_problems(spec, path, info, use.options, plugins)
        for column, options in use.per_column.items():
            problems += _option_problems(spec, (*path, "columns", column), info, options, plugins, whole=False)
    return problems


def _strategy_problems(model: ModelSpec, plugins: PluginCatalog, spec: WorkspaceSpec) -> list[Problem]:
    """The strategy and its options. A broken one is an error: nothing could be trained."""
    training = model.training
    if training is None or training.command:
        return []
    path = ("models", model.name, "training", "strategy")
    try:
        info = plugins.find("strategy", training.strategy)
    except LifecycleError as exc:
        code = "broken-plugin" if _broken(plugins, training.strategy) else "unknown-strategy"
        place = config.locate(spec, (*path, "use"), "value") or config.locate(spec, path, "value")
        return [Problem(code, exc.message, ".".join(path), place or training.place, exc.hint)]
    return _option_problems(spec, path, info, training.options, plugins)


def _deployer_problems(model: ModelSpec, plugins: PluginCatalog, spec: WorkspaceSpec) -> list[Problem]:
    """The deployer and its options. A broken one is an error: nothing could be brought to serve."""
    if model.rollout is None:
        return []
    path = ("models", model.name, "rollout", "deployer")
    try:
        info = plugins.find("deployer", model.rollout.deployer)
    except LifecycleError as exc:
        code = "broken-plugin" if _broken(plugins, model.rollout.deployer) else "unknown-deployer"
        place = config.locate(spec, (*path, "use"), "value") or config.locate(spec, path, "value")
        return [Problem(code, exc.message, ".".join(path), place or model.rollout.place, exc.hint)]
    return _option_problems(spec, path, info, model.rollout.options, plugins)


def _broken(plugins: PluginCatalog, name: str) -> bool:
    """Whether a file of that name is there but could not be indexed: the name may well be in it."""
    return any(row.fault is not None and row.name == name for row in plugins.rows)
