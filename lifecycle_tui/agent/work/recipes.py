"""How a first version is made, and validated forward in time: by an estimator, or by the team's program or strategy.

An estimator learns from the whole reference and is validated in folds, each predicted by a version that had seen the
earlier ones alone. A program or a strategy of the team's may take hours: it is run once, on all but the newest part,
and predicts that part, as the retrain job does. Called by `first_version`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work import making, numbers
from lifecycle_tui.agent.work.making import COMMAND
from lifecycle_tui.agent.work.opening import Opened
from lifecycle_tui.agent.work.reading import PREDICTION, coding, label_text, output_values
from lifecycle_tui.agent.work.rows import Gathered, part
from lifecycle_tui.agent.work.scoring import aligned
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.errors import LifecycleError, TrainingError
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.domain.specs import ModelSpec, TrainingSpec
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.performance import Coding, Collector
from lifecycle_tui.profiles.profiler import profile_column
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.training import lineage
from lifecycle_tui.training.artefact import dump, format_of
from lifecycle_tui.training.fingerprint import fingerprint
from lifecycle_tui.training.fit import FOLDS, FittedModel, Prediction, TrainingRows, fit, forward_predictions
from lifecycle_tui.training.importance import importance
from lifecycle_tui.training.team import is_own
from lifecycle_tui.training.versions import Scorable

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Validation:
    """Rows of the reference, and what versions that had not seen them said of those at `at`."""

    gathered: Gathered
    at: np.ndarray
    said: Prediction

    def outputs(self, outputs: Mapping[str, ColumnKind], code: Coding) -> dict[str, ColumnData]:
        """Profile of what was said."""
        if PREDICTION not in outputs:
            return {}
        kind = outputs[PREDICTION]
        values = output_values(*aligned(self.said, len(self.at), code), kind, code)
        return {PREDICTION: ColumnData(kind, profile_column(kind, lambda: [values]))}

    def collected(self, label: str, code: Coding) -> Collector:
        """What was said beside the truth."""
        import numpy as np
        import pyarrow as pa

        collector = Collector(code)
        if len(self.at):
            target = pa.array(self.gathered.rows.target[self.at])
            day = None if self.gathered.day is None else self.gathered.day[self.at]
            time = None if self.gathered.rows.time is None else self.gathered.rows.time[self.at]
            said, score = aligned(self.said, len(self.at), code)
            groups = {name: values[self.at] for name, values in self.gathered.groups.items()}
            collector.add(label, target, np.ones(len(self.at), bool), said, score, day, groups, time)
        return collector


@dataclass(frozen=True)
class Made:
    """A version that is not registered yet.

    Attributes:
        learned: the rows that it learned from.
        record: columns of the version's record that its making knows.
    """

    artifact: bytes
    format: str
    learned: Gathered
    validation: Validation
    record: Mapping[str, Any] = field(default_factory=dict)


def make(job: JobContext, model: Opened, rows: Gathered, scratch: Path) -> Made:
    """A version as the file declares it now.

    Raises:
        TrainingError: it cannot be made; the message says what to do.
    """
    training = model.spec.training
    strategy = "refit" if training is None else COMMAND if training.command else training.strategy
    if training is not None and _is_teams(job, strategy):
        return _once(job, model, training, rows, scratch, strategy)
    fit_one = _recipe(job, model, None)
    fitted = fit_one(rows.rows)
    validation, late = _forward(job, model, rows, fit_one)
    workspace = job.workspace.spec
    data = dump(fitted, trusted=workspace.trust, pickle=workspace.pickle)
    features = [f.name for f in fitted.encoder.features]
    own = fitted.estimator_name if is_own(fitted.estimator_name) else None
    record = {
        "strategy": "refit",
        "parameters": dict(fitted.parameters),
        "libraries": lineage.libraries(),
        "code": None if own is None else lineage.code_digest(workspace.root, own),
        "importance": {} if late is None else _importance(job, model, _newest(rows), late),
        "lineage": {"estimator": fitted.estimator_name, "features": features},
    }
    return Made(data, format_of(data) or "skops", rows, validation, record | _about(model, rows))


def validate(job: JobContext, model: Opened, rows: Gathered, version: Version, scratch: Path) -> Validation:
    """Forward validation of a version that was made here, by the recipe that made it, on these rows.

    Raises:
        TrainingError: the recipe does not work on these rows.
    """
    training, strategy = model.spec.training, version.facts.strategy or "refit"
    if training is not None and _is_teams(job, strategy) and (training.command or strategy != COMMAND):
        return _once(job, model, training, rows, scratch, strategy).validation
    return _forward(job, model, rows, _recipe(job, model, version))[0]


def _about(model: Opened, learned: Gathered) -> dict[str, Any]:
    """What the record says of the rows, whoever learned from them."""
    rows, kinds = learned.rows, model.data.kinds()
    return {
        "data_digest": fingerprint(rows.table, rows.target, rows.time),
        "schema": lineage.schema(model.spec, {name: kinds[name] for name in rows.table.column_names}),
    }


def _forward(
    job: JobContext, model: Opened, rows: Gathered, fit_one: Callable[[TrainingRows], FittedModel]
) -> tuple[Validation, FittedModel | None]:
    """The validation, and the last version that was fitted for it: none of those has seen the newest rows."""
    fitted: list[FittedModel] = []

    def keeping(some: TrainingRows) -> FittedModel:
        fitted[:] = [fit_one(some)]
        return fitted[0]

    def progress(done: int, total: int) -> None:
        job.progress(done, total, "folds", f"{model.spec.name}: validating forward on the reference")

    validation = Validation(rows, *forward_predictions(rows.rows, keeping, progress))
    return validation, fitted[0] if fitted else None


def _newest(rows: Gathered) -> Gathered:
    """The last block of forward validation: rows that the version before has not seen (the first version has)."""
    import numpy as np

    n = len(rows)
    return part(rows, np.arange(round(n * FOLDS / (FOLDS + 1)), n))


def _importance(job: JobContext, model: Opened, unseen: Gathered, late: Scorable) -> dict[str, float]:
    """How much the key metric of a version loses without each feature, on rows that it has not seen."""
    import numpy as np

    code = coding(model.spec, labels_of(model.spec, unseen))

    def outcomes(said: Prediction, at: np.ndarray) -> Outcomes:
        found = Validation(unseen, at, said).collected("", code).outcomes("")
        if found is None:
            raise TrainingError("no row to measure on")
        return found

    whole = Validation(unseen, np.arange(len(unseen)), late.predict(unseen.rows.table)).collected("", code).outcomes("")
    metric = None if whole is None else numbers.key_metric(model.instruments, [whole])
    if metric is None:
        return {}
    job.progress(0, None, "", f"{model.spec.name}: what the first version leans on")
    try:
        better = bool(metric.info.greater_is_better)
        return importance(late, unseen.rows.table, outcomes, numbers.measure(metric), better)
    except LifecycleError as exc:  # a column of the record, not a reason to have no version
        job.log("warning", f"importance of the features cannot be told: {exc.message}")
        return {}


def _recipe(job: JobContext, model: Opened, version: Version | None) -> Callable[[TrainingRows], FittedModel]:
    """How an estimator is fitted: the one that the file names, or that `version` was made with."""
    spec, kinds = model.spec, model.data.kinds()
    estimator = spec.training.estimator if spec.training else None
    if version is not None and version.facts.lineage:
        estimator = version.facts.lineage.get("estimator", estimator)
    if estimator == "default":  # how the retrain job records that none was named
        estimator = None
    positive = spec.columns.positive

    def fit_one(rows: TrainingRows) -> FittedModel:
        return fit(
            rows,
            spec.task,
            kinds,
            estimator=estimator,
            positive=None if positive is None else label_text(positive),
            cutoff=spec.columns.cutoff,
            folder=job.workspace.spec.root,
        )

    return fit_one


def _is_teams(job: JobContext, strategy: str) -> bool:
    """Whether a strategy is the team's program or plugin. Ours do as `refit` does where there is no champion."""
    return strategy == COMMAND or job.workspace.plugins.find("strategy", strategy).origin != "builtin"


def _once(
    job: JobContext, model: Opened, training: TrainingSpec, rows: Gathered, scratch: Path, strategy: str
) -> Made:  # fmt: skip
    import tempfile

    early, late = _split(rows, training.holdout)
    learned, judged = part(rows, early), part(rows, late)
    found = making.make(job, model, learned, judged, None, Path(tempfile.mkdtemp(dir=scratch)), strategy)
    record = {
        "strategy": found.strategy,
        "parameters": found.parameters,
        "libraries": found.libraries,
        "code": found.code,
        "schema": found.schema,
        "importance": {} if found.model is None else _importance(job, model, judged, found.model),
        "data_digest": found.fingerprint,
        "lineage": found.lineage,
    }
    return Made(found.artifact, found.format, learned, Validation(rows, late, found.holdout), record)


def labels_of(spec: ModelSpec, rows: Gathered) -> set[str]:
    """The labels among gathered rows; none where the target is a number."""
    return set(map(str, rows.rows.target.tolist())) if spec.task in ("binary", "multiclass") else set()


def _split(rows: Gathered, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the rows to learn from, and of the newest share; no label is learned from that came only then."""
    import numpy as np

    n = len(rows)
    first = min(round(n * (1 - share)), n - 1)
    early, time, arrived = np.arange(first), rows.rows.time, rows.rows.arrived
    if time is not None:
        first = int(np.searchsorted(time, time[first], side="left")) or first
        early = np.arange(first)
        if arrived is not None:
            early = early[arrived[early] <= time[first]]
    return early, np.arange(first, n)
