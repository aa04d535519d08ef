"""Rules, gates and abort conditions against the signals that the model has: what could never hold, or says nothing.

A rule that reads what is never measured is never true, and nobody would hear of it: such things are errors, with the
place of the list that should have named the detector or metric. Called by `all`, once a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lifecycle_tui.checking.ground import Ground, broken
from lifecycle_tui.checking.signals import detector_uses, is_estimate, unfit
from lifecycle_tui.config.scanner import KeyPath
from lifecycle_tui.domain.problems import Problem
from lifecycle_tui.domain.specs import ModelSpec, PluginUse
from lifecycle_tui.policy.catalog import DETECTOR_RANGES, SignalCatalog, SignalInfo
from lifecycle_tui.policy.checks import ExpressionProblem, check_expression
from lifecycle_tui.policy.expressions import Expression, ExpressionError, SignalRef, compile_expression

DETECTORS: KeyPath = ("monitor", "detectors")
METRICS: KeyPath = ("monitor", "metrics")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a model: where it stands below the model's table, its text, what reads it."""

    path: KeyPath
    text: str
    kind: str


def conditions(model: ModelSpec) -> Iterator[Condition]:
    """Every condition of a model: `kind` is "rule", "gate" or "abort"."""
    for rule in model.rules:
        yield Condition(("rules", rule.name, "when"), rule.when, "rule")
    for index, gate in enumerate(model.training.gates if model.training else ()):
        yield Condition(("training", "gates", index), gate.when, "gate")
    for index, text in enumerate(model.rollout.abort if model.rollout else ()):
        yield Condition(("rollout", "abort", index), text, "abort")


def against(condition: Condition, expression: Expression, known: SignalCatalog) -> tuple[ExpressionProblem, ...]:
    """What is wrong with a condition, given the model's signals."""
    gates = condition.kind != "rule"
    return check_expression(expression, known.for_gates() if gates else known, gates=gates)


def problems(ground: Ground) -> Iterator[Problem]:
    """Everything wrong with the conditions of a model."""
    model, view = ground.spec, ground.view
    for condition in conditions(model):
        try:
            expression = compile_expression(condition.text)
        except ExpressionError as exc:
            yield view.row(exc.code, condition.path, exc.message, inside=(exc.column, exc.width), hint=exc.hint)
            continue
        for found in against(condition, expression, _with_columns(ground, expression)):
            if found.code != "unknown-signal":
                yield _row(ground, condition, found, expression)
            elif condition.kind != "abort" and not _doubtful(ground, _at(expression, found.column)):
                yield _unknown(ground, condition, found, expression)
    yield from _nothing_to_judge_by(ground)


def _with_columns(ground: Ground, expression: Expression) -> SignalCatalog:
    """The model's signals, and those of its detectors on columns whose kind the file does not fix: the data decides
    whether these are there, but their range is known."""
    more: dict[str, SignalInfo] = {}
    for ref in expression.signals:
        head, dot, column = ref.name.partition(".")
        info = ground.plugins.get("detector", head) if dot and ground.known.get(ref.name) is None else None
        if info is not None and any(use.name == head for use in detector_uses(ground.spec, ground.plugins)):
            limits = info.range if info.range != (None, None) else DETECTOR_RANGES.get(head, (None, None))
            more[ref.name] = SignalInfo(ref.name, limits, column=column)
    return replace(ground.known, signals={**ground.known.signals, **more}) if more else ground.known


def _at(expression: Expression, column: int) -> SignalRef:
    return next(ref for ref in expression.signals if ref.column == column)


def _heads(expression: Expression, found: ExpressionProblem) -> list[str]:
    """The detectors and metrics that the faulty part reads, by name."""
    end = found.column + found.width
    return [_base(ref) for ref in expression.signals if found.column <= ref.column < end]


def _base(ref: SignalRef) -> str:
    """The name of what gives a signal: of the detector, or of the metric without its version."""
    return ref.name.removeprefix("challenger.").removeprefix("champion.").split(".")[0]


def _row(ground: Ground, condition: Condition, found: ExpressionProblem, expression: Expression) -> Problem:
    """A problem that rests on what a signal is: shown with the place that names its detector or metric."""
    named = [*enumerate(ground.spec.monitor.detectors), *enumerate(ground.spec.monitor.metrics)]
    heads = _heads(expression, found)
    lists = [(*DETECTORS, use.name) for _, use in named] + [(*METRICS, use.name) for _, use in named]
    lists += [(*DETECTORS, n) for n, _ in enumerate(ground.spec.monitor.detectors)]
    lists += [(*METRICS, n) for n, _ in enumerate(ground.spec.monitor.metrics)]
    related = [path for path in ground.written(*lists) if path[-1] in heads or ground.view.value(*path) in heads]
    return ground.view.row(
        found.code,
        condition.path,
        found.message,
        inside=(found.column, found.width),
        hint=found.hint,
        related=list(dict.fromkeys(related)),
        level=found.level,
    )


def _unknown(ground: Ground, condition: Condition, found: ExpressionProblem, expression: Expression) -> Problem:
    """A signal that nothing gives: with the list that should name what gives it, and what to do."""
    model, plugins = ground.spec, ground.plugins
    base = _base(_at(expression, found.column))
    hint, paths = found.hint, list[KeyPath]((DETECTORS, METRICS))
    signal = _at(expression, found.column).name
    if is_estimate(model, PluginUse(signal), plugins):
        paths = [METRICS]
        hint = f'add "{signal}" to the metrics'
    elif plugins.get("detector", base):
        paths = [DETECTORS]
        hint = f'add "{base}" to the detectors'
    elif plugins.get("metric", base):
        paths = [METRICS]
        why = unfit(model, base, plugins)
        if why is None:
            hint = f'add "{base}" to the metrics'
        else:
            hint = why
            paths = [("columns",) if "columns" in why else ("task",)]
    return ground.view.row(
        found.code,
        condition.path,
        found.message,
        inside=(found.column, found.width),
        hint=hint,
        related=ground.written(*paths),
        level=found.level,
    )


def _doubtful(ground: Ground, ref: SignalRef) -> bool:
    """Whether a signal that is not in the catalogue may be there all the same, or is missing for a reason that is
    reported already: its column's kind is not fixed in the file, or what would give it is itself in doubt."""
    model, plugins, view = ground.spec, ground.plugins, ground.view
    base = _base(ref)
    uses = {use.name for use in detector_uses(model, plugins)}
    if base in uses or not ground.complete or broken(plugins, base):
        return True
    named = [("detector", use.name) for use in model.monitor.detectors]
    named += [("metric", use.name) for use in model.monitor.metrics]
    if any(plugins.get(*use) is None and plugins.suggest(*use) == base for use in named):
        return True  # that its name is misspelt in the list is said there
    if plugins.get("detector", base):
        return view.unsure(*DETECTORS)
    if plugins.get("metric", base):
        return view.unsure(*METRICS) or view.unsure("task") or view.unsure("columns")
    return False


def _nothing_to_judge_by(ground: Ground) -> Iterator[Problem]:
    """A model that trains without gates, and whose metrics do not say which of two versions is better."""
    training = ground.spec.training
    if training is None or training.gates or ground.spec.columns.target is None:
        return
    if any(info.performance and info.directed for info in ground.known.signals.values()):
        return
    doubts: tuple[KeyPath, ...] = (METRICS, ("columns",), ("task",), ("training",))
    if not ground.complete or any(ground.view.unsure(*path) for path in doubts):
        return
    yield ground.view.row(
        "no-gate",
        ("training",),
        "no metric of this model says which version is better: no challenger will be promoted",
        part="key",
        hint='name gates, e.g. gates = ["challenger.METRIC > champion.METRIC"], or a metric with a better end',
        related=ground.written(METRICS),
        level="warning",
    )
